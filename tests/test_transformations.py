"""Transformations: published values, round trips, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.formulas import transformations as tr

ARITHMETIC = 1e-9  # the same sum in another order, after cancellation

EVENTS = np.array([3, 6, 10, 1])
SIZES = np.array([11, 17, 21, 6])


def test_double_arcsine_as_in_millers_example() -> None:
    # Miller 1978, The American Statistician 32, page 138, whose angles are twice as large
    back = tr.inverse_double_arcsine(x=np.array([1.1391, 1.2888, 1.5253, 0.9515]) / 2, n=SIZES)
    assert back * SIZES == pytest.approx(EVENTS, abs=1e-3)
    harmonic = 1 / np.mean(1 / SIZES)
    assert float(tr.inverse_double_arcsine(x=1.2262 / 2, n=harmonic)) == pytest.approx(0.3164, abs=5e-5)


@given(st.integers(1, 500), st.floats(0, 1))
def test_double_arcsine_and_back(n: int, share: float) -> None:
    events = round(share * n)
    angle = (np.arcsin(np.sqrt(events / (n + 1))) + np.arcsin(np.sqrt((events + 1) / (n + 1)))) / 2
    # the angle of half of the patients is a double zero of the formula, where rounding shows most
    assert float(tr.inverse_double_arcsine(x=angle, n=n)) == pytest.approx(events / n, abs=2e-8)


def test_double_arcsine_beyond_its_range() -> None:
    assert tr.inverse_double_arcsine(x=[-0.2, 0.0, 1.5, 2.0], n=10).tolist() == [0, 0, 1, 1]


def test_taller_men_as_in_mcgraw_and_wong() -> None:
    # McGraw & Wong 1992, page 361: heights 69.7 (SD 2.8) and 64.3 (SD 2.6), a man is taller in 92 % of pairs
    d = (69.7 - 64.3) / np.sqrt((2.8**2 + 2.6**2) / 2)
    assert float(tr.d_to_superiority(d=d)) == pytest.approx(0.92, abs=5e-3)


def test_chinns_factor() -> None:
    # Chinn 2000, page 3127: a log odds ratio divided by 1.81 is an effect size
    assert float(tr.d_to_log_odds_ratio(d=1)) == pytest.approx(1.81, abs=5e-3)


def test_no_difference() -> None:
    assert float(tr.d_to_superiority(d=0)) == 0.5
    assert float(tr.d_to_overlap(d=0)) == 1.0


@given(st.floats(-6, 6))
def test_what_d_means_is_symmetric(d: float) -> None:
    assert float(tr.d_to_superiority(d=d) + tr.d_to_superiority(d=-d)) == pytest.approx(1)
    assert float(tr.d_to_overlap(d=d)) == float(tr.d_to_overlap(d=-d))


@given(st.floats(0.001, 0.999))
def test_proportions_return(p: float) -> None:
    assert float(tr.inverse_logit(x=tr.logit(p=p))) == pytest.approx(p, rel=ARITHMETIC)
    assert float(tr.inverse_arcsine(x=tr.arcsine(p=p))) == pytest.approx(p, rel=ARITHMETIC)
    assert float(tr.logit(p=p)) == pytest.approx(-float(tr.logit(p=1 - p)), rel=1e-6, abs=1e-9)


@given(st.floats(-0.999, 0.999), st.floats(-5, 5))
def test_correlations_and_effects_return(r: float, d: float) -> None:
    assert float(tr.inverse_fisher_z(z=tr.fisher_z(r=r))) == pytest.approx(r, rel=ARITHMETIC, abs=1e-12)
    assert float(tr.log_odds_ratio_to_d(lnor=tr.d_to_log_odds_ratio(d=d))) == pytest.approx(d)
    assert float(np.log(tr.inverse_log(x=d))) == pytest.approx(d, rel=ARITHMETIC, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tr.logit(p=[0.5, 1.0]), "p must be above 0 and below 1; found 1 at position 1"),
        (lambda: tr.arcsine(p=50), "p must lie from 0 to 1; found 50"),
        (lambda: tr.fisher_z(r=1), "r must lie between -1 and 1; found 1"),
        (lambda: tr.inverse_double_arcsine(x=0.5, n=0), "n must be above 0"),
        (lambda: tr.d_to_overlap(d="big"), "d must be a number"),
        (lambda: tr.inverse_logit(x=[0.1, float("nan")]), "x must be finite"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
