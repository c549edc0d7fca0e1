"""Ratios: published examples, round trips, rows without a variance, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.effectsizes import t_quantile
from spineevidence.errors import InputError
from spineevidence.formulas import ratios

ARITHMETIC = 1e-9  # the same sum in another order, after cancellation

LOGS = st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3)
ERRORS = st.floats(0.02, 2)
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def test_interval_of_an_odds_ratio_as_printed_by_bland_and_altman() -> None:
    # BMJ 2000;320:1468, hay fever and eczema: 4.89 (4.00 to 5.99), log 1.588 with standard error 0.103
    effect = ratios.ratio_from_interval(ratio=4.89, ci_low=4.00, ci_high=5.99, measure="OR")
    assert effect.yi[0] == pytest.approx(1.588, abs=1.5e-3)
    assert effect.sei[0] == pytest.approx(np.sqrt(1 / 141 + 1 / 420 + 1 / 928 + 1 / 13525), abs=5e-4)
    assert effect.sei[0] == pytest.approx(0.103, abs=5e-4)
    assert effect.notes == ()
    by_limits = ratios.ratio_from_limit(ratio=4.89, limit=[4.00, 5.99], measure="OR")
    assert by_limits.sei == pytest.approx([0.103, 0.103], abs=1e-3)


def test_p_value_of_a_relative_risk_as_in_altman_and_bland() -> None:
    # BMJ 2011;343:d2090, case (b): 0.30 with P = 0.034; they approximate z by 2.117 (exact 2.120)
    effect = ratios.ratio_from_p(ratio=0.30, p=0.034, measure="RR")
    assert effect.sei[0] == pytest.approx(0.569, abs=1.5e-3)
    assert np.exp([effect.ci_low[0], effect.ci_high[0]]) == pytest.approx([0.10, 0.91], abs=5e-3)


@given(LOGS, ERRORS, LEVELS)
def test_printed_numbers_lead_back(log: float, se: float, level: float) -> None:
    from scipy.special import ndtr

    half = float(t_quantile(p=(1 + level) / 2, df=np.inf)) * se
    ratio, low, high = np.exp([log, log - half, log + half])
    found = [
        ratios.ratio_from_interval(ratio=ratio, ci_low=low, ci_high=high, level=level, measure="HR"),
        ratios.ratio_from_limit(ratio=ratio, limit=low, level=level, measure="HR"),
        ratios.ratio_from_limit(ratio=ratio, limit=high, level=level, measure="HR"),
        ratios.ratio_from_z(ratio=ratio, z=log / se, measure="HR"),
    ]
    p = float(2 * ndtr(-abs(log) / se))
    if p > 1e-300:
        found.append(ratios.ratio_from_p(ratio=ratio, p=p, measure="HR"))
    for effect in found:
        assert effect.yi[0] == pytest.approx(log, rel=ARITHMETIC)
        assert effect.vi[0] == pytest.approx(se**2, rel=1e-6)
    assert float(ratios.interval_asymmetry(ratio=ratio, ci_low=low, ci_high=high)) == pytest.approx(
        0, abs=1e-9
    )


@given(LOGS, ERRORS)
def test_a_turned_ratio_turns_the_sign_alone(log: float, se: float) -> None:
    ratio, low, high = np.exp([log, log - se, log + 1.2 * se])
    there = ratios.ratio_from_interval(ratio=ratio, ci_low=low, ci_high=high, measure="RR")
    turned = ratios.ratio_from_interval(ratio=1 / ratio, ci_low=1 / high, ci_high=1 / low, measure="RR")
    better = ratios.ratio_from_interval(ratio=ratio, ci_low=low, ci_high=high, measure="RR", better="lower")
    for other in (turned, better):
        assert other.yi == pytest.approx(-there.yi)
        assert other.vi == pytest.approx(there.vi)


def test_an_uneven_interval_is_named_and_kept() -> None:
    effects = ratios.ratio_from_interval(
        ratio=[0.80, 0.60], ci_low=[0.50, 0.50], ci_high=[1.28, 1.28], measure="HR"
    )
    assert effects.yi == pytest.approx(np.log([0.80, 0.60]))
    assert effects.vi[0] == effects.vi[1]
    assert len(effects.notes) == 1
    assert effects.notes[0].endswith("width): 1 of 2, position 1.")


@pytest.mark.parametrize(("share", "named"), [(0.09, False), (0.11, True), (0.15, True)])
def test_an_interval_is_uneven_above_a_tenth_of_its_width(share: float, named: bool) -> None:
    low, high = np.log(0.5), np.log(2.0)
    for side in (-1, 1):
        printed = {"ratio": np.exp(side * share * (high - low)), "ci_low": 0.5, "ci_high": 2.0}
        assert float(ratios.interval_asymmetry(**printed)) == pytest.approx(share)
        assert bool(ratios.ratio_from_interval(**printed, measure="OR").notes) == named


def test_uneven_intervals_are_counted_after_broadcasting() -> None:
    effects = ratios.ratio_from_interval(
        ratio=0.60, ci_low=0.50, ci_high=1.28, level=[0.9, 0.95], measure="HR"
    )
    assert effects.notes[0].endswith("width): 2 of 2, positions 0, 1.")
    assert effects.vi[0] > effects.vi[1]


def test_rows_that_fit_any_variance_stay_in_their_place() -> None:
    by_p = ratios.ratio_from_p(ratio=[1.0, 0.8, 0.8], p=[0.7, 1.0, 0.1], measure="OR")
    assert np.isnan(by_p.vi).tolist() == [True, True, False]
    assert by_p.defined.tolist() == [False, False, True]
    assert by_p.yi[1] == pytest.approx(np.log(0.8))
    assert "2 of 3, positions 0, 1" in by_p.notes[0]
    by_z = ratios.ratio_from_z(ratio=[1.0, 0.8, 0.8, 0.8], z=[1.0, 0.0, 2.0, -2.0], measure="OR")
    assert np.isnan(by_z.vi).tolist() == [True, True, True, False]
    assert len(by_z.estimable()) == 1


def test_smaller_p_means_smaller_variance() -> None:
    variances = ratios.ratio_from_p(ratio=0.7, p=[0.5, 0.05, 0.01, 1e-6], measure="OR").vi
    assert (np.diff(variances) < 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ratios.ratio_from_interval(ratio=0.5, ci_low=0.6, ci_high=0.9, measure="OR"),
            "the ratio must lie within its interval; found 0.5",
        ),
        (
            lambda: ratios.ratio_from_interval(ratio=-0.5, ci_low=-1, ci_high=0.1, measure="OR"),
            "ratio must be above 0; found -0.5",
        ),
        (
            lambda: ratios.ratio_from_interval(ratio=0.9, ci_low=1.2, ci_high=0.7, measure="OR"),
            "ci_low must be below ci_high",
        ),
        (
            lambda: ratios.ratio_from_interval(ratio=0.9, ci_low=0.7, ci_high=1.2, measure="OR", level=95),
            "a level must lie between 0 and 1; found 95",
        ),
        (
            lambda: ratios.ratio_from_interval(ratio=0.9, ci_low=0.7, ci_high=1.2, measure="SMD"),
            'no measure is called "SMD"',
        ),
        (lambda: ratios.ratio_from_limit(ratio=0.9, limit=0.9, measure="OR"), "the limit must differ"),
        (lambda: ratios.ratio_from_p(ratio=0.9, p=0, measure="OR"), "p must be above 0 and at most 1"),
        (lambda: ratios.ratio_from_p(ratio=0.9, p=5, measure="OR"), "p must be above 0 and at most 1"),
        (lambda: ratios.ratio_from_z(ratio=0, z=1, measure="OR"), "ratio must be above 0"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
