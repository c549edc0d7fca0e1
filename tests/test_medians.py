"""Medians: published values, what normal and log-normal scores give, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaincinv, gammaincinv, ndtr, ndtri

from spineevidence.errors import InputError
from spineevidence.formulas.medians import METHODS, mean_sd_from_median, skewness_test

ARITHMETIC = 1e-9  # the same sum in another order, after cancellation
FITTED = 1e-5  # where an optimiser stops in a flat valley

STEPS = st.tuples(*[st.floats(0.2, 20) for _ in range(4)])
SIZES = st.integers(5, 400)
FORMULAS = ("luo", "wan", "bland", "lognormal")  # those for all five numbers


def _five(start: float, steps: tuple[float, ...]) -> dict[str, float]:
    names = ("minimum", "q1", "median", "q3", "maximum")
    return dict(zip(names, start + np.cumsum((0.0, *steps)), strict=True))


@pytest.mark.parametrize(
    ("n", "xi"), [(5, 2.326), (10, 3.078), (13, 3.336), (25, 3.931), (27, 3.997), (40, 4.322), (50, 4.498)]
)
def test_range_of_normal_scores_as_in_table_1_of_wan(n: int, xi: float) -> None:
    # Wan 2014, table 1: xi(n), the expected range of n standard normal scores, to three decimals
    known = {"n": n, "median": xi / 2, "minimum": 0, "maximum": xi}
    assert float(mean_sd_from_median(**known, method="walter").sd) == pytest.approx(1, abs=5e-4 / xi)
    # equation 9, which Wan recommends, approximates it; worst in the smallest groups
    approximate = float(mean_sd_from_median(**known, method="wan").sd)
    assert approximate == pytest.approx(1, abs=0.015 if n < 10 else 5e-3)


@pytest.mark.parametrize("n", [5, 25, 400, 20_000])
def test_expected_range_by_another_quadrature(n: int) -> None:
    half, _ = quad(lambda x: 1 - ndtr(x) ** n - ndtr(-x) ** n, 0, 12, epsabs=1e-13, epsrel=1e-13, limit=500)
    found = mean_sd_from_median(n=n, median=1, minimum=0, maximum=2 * half, method="walter")
    assert float(found.sd) == pytest.approx(1, rel=2e-9)  # what the tolerance of R costs


def test_quartiles_of_a_large_group_give_the_handbooks_rule() -> None:
    # Cochrane Handbook, section 6.5.2.5: in large samples of normal scores the width is about 1.35 SD
    found = mean_sd_from_median(n=100_000, median=5, q1=3, q3=7)
    assert float(found.sd) == pytest.approx(4 / 1.35, rel=1e-3)
    assert float(mean_sd_from_median(n=15, median=5, q1=3, q3=7).sd) > 1.08 * 4 / 1.35


def test_rules_of_hozo() -> None:
    # Hozo 2005, abstract: the median for n > 25; range/4 for 15 < n <= 70 and range/6 above
    found = mean_sd_from_median(n=[16, 25, 26, 70, 71], median=10, minimum=4, maximum=28, method="hozo")
    assert found.mean.tolist() == [13, 13, 10, 10, 10]
    assert found.sd.tolist() == [6, 6, 6, 6, 4]


def test_quantile_estimation_as_printed_for_estmeansd() -> None:
    # README of estmeansd, by the authors of McGrath 2020; their optimiser stops at about 1e-5
    found = mean_sd_from_median(n=100, median=4, minimum=2, maximum=9, method="quantile_estimation")
    assert float(found.mean) == pytest.approx(4.347284, rel=2e-5)
    assert float(found.sd) == pytest.approx(1.502171, rel=2e-5)
    assert found.distribution == ("log-normal",)


P = np.array([1 / 50, 0.25, 0.5, 0.75, 1 - 1 / 50])


@pytest.mark.parametrize(
    ("quantiles", "mean", "sd", "name"),
    [
        (-3 + 2 * ndtri(P), -3.0, 2.0, "normal"),
        (np.exp(1 + 0.6 * ndtri(P)), np.exp(1.18), np.exp(1.18) * np.sqrt(np.expm1(0.36)), "log-normal"),
        (3 * gammaincinv(2.5, P), 7.5, 3 * np.sqrt(2.5), "gamma"),
        (2e6 * gammaincinv(2.5, P), 5e6, 2e6 * np.sqrt(2.5), "gamma"),
        (4 * np.sqrt(-np.log1p(-P)), 2 * np.sqrt(np.pi), 4 * np.sqrt(1 - np.pi / 4), "Weibull"),
        (1 - (1 - P) ** (1 / 3), 0.25, np.sqrt(3 / 80), "beta"),
    ],
)
def test_quantile_estimation_finds_the_distribution(
    quantiles: np.ndarray, mean: float, sd: float, name: str
) -> None:
    five = dict(zip(("minimum", "q1", "median", "q3", "maximum"), quantiles, strict=True))
    found = mean_sd_from_median(n=50, **five, method="quantile_estimation")
    assert found.distribution == (name,)
    assert float(found.mean) == pytest.approx(mean, rel=FITTED)
    assert float(found.sd) == pytest.approx(sd, rel=FITTED)


def test_scores_of_0_do_not_stop_quantile_estimation() -> None:
    found = mean_sd_from_median(n=[40, 40], median=[1, 0], q1=[0, 0], q3=[3, 2], method="quantile_estimation")
    assert (found.sd > 0).all()
    assert np.isfinite(found.mean).all()
    assert found.distribution[1] == "normal"


@pytest.mark.parametrize(
    "columns", [("minimum", "maximum"), ("q1", "q3"), ("minimum", "q1", "q3", "maximum")]
)
@pytest.mark.parametrize("n", [13, 41])
def test_normal_samples_are_called_skewed_in_one_of_twenty(columns: tuple[str, ...], n: int) -> None:
    # Shi 2023: the critical values hold the level of 5 %
    quantiles = np.quantile(
        np.random.default_rng(7).normal(size=(20_000, n)), [0, 0.25, 0.5, 0.75, 1], axis=1
    )
    five = dict(zip(("minimum", "q1", "median", "q3", "maximum"), quantiles, strict=True))
    given = {name: five[name] for name in columns}
    _, _, skewed = skewness_test(n=n, median=five["median"], **given)
    assert skewed.mean() == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(
    "columns", [("minimum", "maximum"), ("q1", "q3"), ("minimum", "q1", "q3", "maximum")]
)
def test_lognormal_scores_are_estimated_without_bias(columns: tuple[str, ...]) -> None:
    # Shi 2020b corrects the bias; the population has mean 1.133 and standard deviation 0.604
    scores = np.exp(0.5 * np.random.default_rng(11).normal(size=(20_000, 21)))
    quantiles = np.quantile(scores, [0, 0.25, 0.5, 0.75, 1], axis=1)
    five = dict(zip(("minimum", "q1", "median", "q3", "maximum"), quantiles, strict=True))
    given = {name: five[name] for name in columns}
    found = mean_sd_from_median(n=21, median=five["median"], **given, method="lognormal")
    assert found.mean.mean() == pytest.approx(np.exp(0.125), rel=0.01)
    assert (found.sd**2).mean() == pytest.approx(np.exp(0.25) * np.expm1(0.25), rel=0.06)
    normal = mean_sd_from_median(n=21, median=five["median"], **given)
    if columns == ("q1", "q3"):  # what the formulas for normal scores do with such data
        assert normal.mean.mean() < 0.95 * np.exp(0.125)


@given(st.floats(-50, 50), STEPS, SIZES, st.sampled_from(["luo", "wan", "bland"]), st.floats(0.1, 10))
def test_normal_methods_follow_the_scale(
    start: float, steps: tuple[float, ...], n: int, method: str, factor: float
) -> None:
    five = _five(start, steps)
    here = mean_sd_from_median(n=n, **five, method=method)
    moved = mean_sd_from_median(
        n=n, **{name: 7 + factor * value for name, value in five.items()}, method=method
    )
    assert float(moved.mean) == pytest.approx(7 + factor * float(here.mean), rel=1e-7, abs=1e-7)
    assert float(moved.sd) == pytest.approx(factor * float(here.sd), rel=1e-6)
    turned = mean_sd_from_median(
        n=n,
        minimum=-five["maximum"],
        q1=-five["q3"],
        median=-five["median"],
        q3=-five["q1"],
        maximum=-five["minimum"],
        method=method,
    )
    assert float(turned.mean) == pytest.approx(-float(here.mean), rel=1e-7, abs=1e-7)
    assert float(turned.sd) == pytest.approx(float(here.sd), rel=1e-6)
    assert float(turned.skew_statistic) == pytest.approx(float(here.skew_statistic), rel=1e-6, abs=1e-9)


@given(st.floats(0.5, 50), STEPS, SIZES, st.floats(0.1, 10))
def test_lognormal_follows_the_unit(start: float, steps: tuple[float, ...], n: int, factor: float) -> None:
    five = _five(start, steps)
    here = mean_sd_from_median(n=n, **five, method="lognormal")
    there = mean_sd_from_median(
        n=n, **{name: factor * value for name, value in five.items()}, method="lognormal"
    )
    assert float(there.mean) == pytest.approx(factor * float(here.mean), rel=1e-7)
    assert float(there.sd) == pytest.approx(factor * float(here.sd), rel=1e-6)


@given(st.floats(1, 40), st.floats(0.2, 5), st.floats(0.2, 5), SIZES)
def test_symmetric_numbers_have_their_middle_as_mean(
    middle: float, inner: float, outer: float, n: int
) -> None:
    five = _five(middle - inner - outer, (outer, inner, inner, outer))
    for method in ("luo", "wan", "bland"):
        found = mean_sd_from_median(n=n, **five, method=method)
        assert float(found.mean) == pytest.approx(middle, rel=ARITHMETIC, abs=1e-9)
        assert float(found.skew_statistic) == pytest.approx(0, abs=1e-6)


def test_skewed_groups_can_be_withheld() -> None:
    given = {"n": 60, "median": [42, 42], "q1": [34, 40], "q3": [52, 62]}
    kept, withheld = mean_sd_from_median(**given), mean_sd_from_median(**given, withhold_skewed=True)
    assert kept.skewed.tolist() == withheld.skewed.tolist() == [False, True]
    assert np.isfinite(kept.sd).all()
    assert np.isnan(withheld.mean).tolist() == np.isnan(withheld.sd).tolist() == [False, True]
    assert withheld.mean[0] == kept.mean[0]
    assert withheld.notes[-1].endswith("at position 1; mean and SD withheld.")
    assert "withheld" not in kept.notes[-1]


@pytest.mark.parametrize("method", METHODS)
def test_every_note_carries_the_code(method: str) -> None:
    columns = {"minimum": 1, "q1": 2, "median": 3, "q3": 5, "maximum": 9}
    if method in ("hozo", "walter"):
        columns = {name: columns[name] for name in ("minimum", "median", "maximum")}
    found = mean_sd_from_median(n=60, **columns, method=method)
    assert found.notes
    assert all(note.startswith("MEDIAN_CONVERTED: ") for note in found.notes)
    assert np.ndim(found.mean) == np.ndim(found.sd) == 0
    assert repr(found).startswith("<FromMedian: mean ")


def test_the_logarithms_are_tested_where_they_are_assumed_to_be_normal() -> None:
    five = {"n": 200, "median": 10, "q1": 5, "q3": 20}
    assert mean_sd_from_median(**five).skewed
    assert not mean_sd_from_median(**five, method="lognormal").skewed


def test_coinciding_quartiles_beside_extremes() -> None:
    found = mean_sd_from_median(n=30, minimum=0, q1=2, median=2, q3=2, maximum=8)
    assert float(found.sd) > 0
    assert not np.isnan(found.skew_statistic)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_sd_from_median(n=20, median=3), "a median alone gives no standard deviation"),
        (lambda: mean_sd_from_median(n=20, median=3, q1=2), "one of the two quartiles is missing"),
        (lambda: mean_sd_from_median(n=20, median=3, maximum=2), "one of the two extremes is missing"),
        (lambda: mean_sd_from_median(n=4, median=3, q1=2, q3=4), "n must be 5 or more; found 4"),
        (
            lambda: mean_sd_from_median(n=20, median=[3, 5], q1=2, q3=4),
            "median must not exceed q3; found 5 at position 1",
        ),
        (
            lambda: mean_sd_from_median(n=20, median=3, q1=2, q3=4, minimum=2.5, maximum=9),
            "minimum must not exceed q1",
        ),
        (lambda: mean_sd_from_median(n=20, median=3, q1=3, q3=3), "q1 must be below q3; found 3"),
        (
            lambda: mean_sd_from_median(n=20, median=3, q1=2, q3=4, method="hozo"),
            'method "hozo" has no formula for median and quartiles',
        ),
        (lambda: mean_sd_from_median(n=20, median=3, q1=2, q3=4, method="lou"), 'did you mean "luo"'),
        (
            lambda: mean_sd_from_median(n=20, median=3, q1=0, q3=4, method="lognormal"),
            "scores must be above 0; found 0",
        ),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_a_beta_distribution_stays_within_its_scale() -> None:
    """Quartiles of a beta distribution with shapes 1.2 and 3, on 0 to 10, give its moments back."""
    q1, median, q3 = (10 * betaincinv(1.2, 3, p) for p in (0.25, 0.5, 0.75))
    known = {"n": 200, "q1": q1, "median": median, "q3": q3, "method": "quantile_estimation"}
    found = mean_sd_from_median(**known, scale=(0, 10))
    assert float(found.mean) == pytest.approx(10 * 1.2 / 4.2, rel=1e-6)
    assert float(found.sd) == pytest.approx(10 * (1.2 * 3 / (4.2**2 * 5.2)) ** 0.5, rel=1e-6)
    assert found.distribution == ("beta",)
    turned = mean_sd_from_median(**known | {"q1": -q3, "median": -median, "q3": -q1}, scale=(-10, 0))
    assert float(turned.mean) == pytest.approx(-float(found.mean), rel=1e-6)


def test_without_its_scale_a_fit_to_quartiles_can_run_away() -> None:
    known = {"n": 60, "q1": 1, "median": 2, "q3": 5.5, "method": "quantile_estimation"}
    assert float(mean_sd_from_median(**known).sd) > 10
    assert float(mean_sd_from_median(**known, scale=(0, 10)).sd) < 4


@pytest.mark.parametrize(
    ("limits", "message"),
    [((10, 0), "lowest and the highest score"), ((0, 5), "within the scale"), ((2, 10), "within the scale")],
)
def test_scales_that_do_not_fit(limits: tuple[float, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mean_sd_from_median(n=60, q1=1, median=2, q3=5.5, method="quantile_estimation", scale=limits)


@pytest.mark.parametrize("method", METHODS)
def test_scores_beyond_the_scale_are_refused_whatever_the_method(method: str) -> None:
    five = {"n": 20, "minimum": 30, "q1": 40, "median": 50, "q3": 60, "maximum": 70}
    known = five
    if method in {"hozo", "walter"}:
        known = {name: five[name] for name in ("n", "minimum", "median", "maximum")}
    with pytest.raises(InputError, match="scores must lie within the scale, from 0 to 10"):
        mean_sd_from_median(**known, method=method, scale=(0, 10))
    with pytest.raises(InputError, match="within the scale"):
        mean_sd_from_median(**known, method=method, scale=(0, 69))
    assert float(mean_sd_from_median(**known, method=method, scale=(0, 100)).sd) > 0


def test_only_the_fit_needs_a_median_within_the_scale() -> None:
    floor = {"n": 20, "q1": 0, "median": 0, "q3": 2, "scale": (0, 10)}
    assert mean_sd_from_median(**floor).mean == mean_sd_from_median(n=20, q1=0, median=0, q3=2).mean
    with pytest.raises(InputError, match="the median between 0 and 10"):
        mean_sd_from_median(**floor, method="quantile_estimation")
