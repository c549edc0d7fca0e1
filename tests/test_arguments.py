"""What every formula refuses: masks, two dimensions, unequal lengths, unknown words and types."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import (
    changes,
    controlledchanges,
    conversions,
    correlations,
    counts,
    covariances,
    meanratios,
    means,
    medians,
    rates,
    ratios,
    teststatistics,
)

ARMS = {"m1": 4.0, "sd1": 2.0, "n1": 20, "m2": 5.0, "sd2": 2.5, "n2": 25}
VISITS = {"base": 6.0, "final": 4.0, "sd_base": 1.5, "sd_final": 2.0, "n": 20, "r": 0.3}
BASELINES = {"base1": 6.0, "final1": 4.0, "sd_base1": 1.5, "n1": 20, "base2": 6.0, "final2": 5.0,
             "sd_base2": 1.5, "n2": 25, "r": 0.3}  # fmt: skip
BOTH_TIMES = BASELINES | {"sd_final1": 2.0, "sd_final2": 2.0, "better": "lower"}
TABLE = {"events1": 3, "n1": 20, "events2": 0, "n2": 25}
TIMES = {"events1": 3, "time1": 20, "events2": 0, "time2": 25}
RATIO = {"ratio": 0.8, "ci_low": 0.5, "ci_high": 1.28, "measure": "OR"}
QUARTILES = {"n": 20, "median": 5, "q1": 4, "q3": 6}
MASKED = np.ma.array([1.0, 2.0], mask=[False, True])

# a call, what it needs, and an argument of each that takes numbers
CALLS: dict[str, tuple[Callable[..., object], dict[str, object], str]] = {
    "hedges_g": (means.hedges_g, ARMS, "m1"),
    "pooled_sd": (means.pooled_sd, {name: ARMS[name] for name in ("sd1", "n1", "sd2", "n2")}, "sd1"),
    "factor_from_df": (means.factor_from_df, {"df": 9}, "df"),
    "ratio_of_means": (meanratios.ratio_of_means, ARMS, "n2"),
    "coefficient_of_variation_ratio": (meanratios.coefficient_of_variation_ratio, ARMS, "m2"),
    "smcc": (changes.smcc, VISITS, "r"),
    "d_ppc2": (controlledchanges.d_ppc2, BASELINES, "final1"),
    "pseudo_ancova": (means.pseudo_ancova, BOTH_TIMES, "sd_final2"),
    "risk_ratio": (counts.risk_ratio, TABLE, "events1"),
    "incidence_rate_ratio": (rates.incidence_rate_ratio, TIMES, "time1"),
    "ratio_from_interval": (ratios.ratio_from_interval, RATIO, "level"),
    "mean_sd_from_median": (medians.mean_sd_from_median, QUARTILES, "median"),
    "smd_from_f": (teststatistics.smd_from_f, {"f": 4, "n1": 9, "n2": 9, "sign": 1}, "sign"),
    "se_from_ci": (conversions.se_from_ci, {"ci_low": 0, "ci_high": 1, "df": 9}, "df"),
    "se_from_p": (conversions.se_from_p, {"estimate": 1, "p": 0.1, "df": 9}, "df"),
    "doubling_correlation": (correlations.doubling_correlation, {"months_j": 1, "months_l": 2}, "months_l"),
}


@pytest.mark.parametrize("name", CALLS)
def test_two_dimensions_are_refused_by_the_name_of_the_argument(name: str) -> None:
    call, given, argument = CALLS[name]
    with pytest.raises(InputError, match=rf"{argument} must have one dimension; found shape \(1, 1\)"):
        call(**given | {argument: [[given.get(argument, 0.95)]]})


@pytest.mark.parametrize("name", CALLS)
def test_masked_values_are_refused(name: str) -> None:
    call, given, argument = CALLS[name]
    with pytest.raises(InputError, match=f"{argument} must have no masked values; .* fill them, or drop"):
        call(**given | {argument: MASKED})


def test_an_array_whose_mask_hides_nothing_is_taken() -> None:
    shown = means.hedges_g(**ARMS | {"m1": np.ma.array([4.0, 3.0], mask=False)})
    assert shown.yi.tolist() == means.hedges_g(**ARMS | {"m1": [4.0, 3.0]}).yi.tolist()


@pytest.mark.parametrize("argument", ["yi", "vi", "df", "ci_low"])
def test_masked_effects_are_refused(argument: str) -> None:
    given = {"yi": [1, 2], "vi": [1, 2], "df": [9, 9], "ci_low": [0, 0], "ci_high": [3, 3]}
    with pytest.raises(InputError, match=f"{argument} must have no masked values"):
        EffectSizes(**given | {argument: MASKED})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("coefficient_of_variation_ratio", {"m1": [1, 2], "sd1": [1, 2, 3]}),
        ("d_ppc2", {"base1": [1, 2], "final2": [1, 2, 3]}),
        ("pseudo_ancova", {"base1": [1, 2], "r": [0.1, 0.2, 0.3]}),
        ("pseudo_ancova", {"base1": [1, 2], "sd_final1": [1, 2, 3]}),
        ("smd_from_f", {"f": [1, 2], "sign": [1, 1, 1]}),
        ("se_from_ci", {"ci_high": [1, 2], "df": [1, 2, 3]}),
        ("se_from_p", {"p": [0.1, 0.2], "df": [1, 2, 3]}),
        ("ratio_from_interval", {"ratio": [0.8, 0.9], "level": [0.9, 0.9, 0.95]}),
    ],
)
def test_unequal_lengths_are_named(name: str, wrong: dict[str, list[float]]) -> None:
    call, given, _ = CALLS[name]
    longer, longest = wrong
    match = rf"of one length are needed; found .*{longer} \(2,\).*{longest} \(3,\)"
    with pytest.raises(InputError, match=match):
        call(**given | wrong)


def test_unequal_lengths_of_a_limit_and_its_level_are_named() -> None:
    with pytest.raises(InputError, match=r"ratio \(2,\).*level \(3,\)"):
        ratios.ratio_from_limit(ratio=[0.8, 0.9], limit=1.2, level=[0.9] * 3, measure="OR")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: counts.wilson_interval(events=1, n=4, level="x"), "level must be one number; found 'x'"),
        (lambda: conversions.se_from_ci(ci_low=0, ci_high=1, level=[0.9]), "level must be one number"),
        (lambda: conversions.se_from_ci(ci_low=0, ci_high=1, level=np.nan), "a level must lie between"),
        (lambda: counts.odds_ratio(**TABLE, add="x"), "add must be one number; found 'x'"),
        (lambda: rates.incidence_rate_ratio(**TIMES, add=[1]), "add must be one number"),
        (lambda: counts.odds_ratio(**TABLE, to=["all"]), "no rule for cells of 0 is called"),
        (lambda: counts.odds_ratio(**TABLE, better=["lower"]), "no direction is called"),
        (lambda: counts.risk_difference(**TABLE, variance=["LS"]), "no variance is called"),
        (lambda: counts.risk_difference(**TABLE, interval=["wald"]), "no interval is called"),
        (lambda: counts.proportion(events=1, n=4, scale=["raw"]), "no scale is called"),
        (lambda: rates.incidence_rate(events=1, time=4, scale=["raw"]), "no scale is called"),
        (lambda: means.hedges_g(**ARMS, variance=["LS"]), "no variance is called"),
        (lambda: means.hedges_g(**ARMS, factor=["exact"]), "no method is called"),
        (lambda: changes.smcrp(**VISITS, variance=["LS"]), "no variance is called"),
        (lambda: ratios.ratio_from_p(ratio=0.8, p=0.1, measure=["OR"]), "no measure is called"),
        (lambda: covariances.constant_covariance(vi=[1, 1], rho="a"), "rho must be one number; found 'a'"),
        (lambda: covariances.visit_covariance(vi=[1], months=[1], rho="a"), "rho must be one number"),
        (lambda: covariances.visit_covariance(vi=[1], months=[1], decay=["linear"]), "no decay is called"),
        (
            lambda: conversions.rescale(value=1, from_range=5, to_range=(0, 1)),
            "from_range must be two numbers",
        ),
        (
            lambda: conversions.rescale(value=1, from_range=(0, 9), to_range=(0, "a")),
            "each limit of to_range",
        ),
        (lambda: medians.mean_sd_from_median(**QUARTILES, scale=(0,)), "scale must be two numbers"),
        (lambda: medians.mean_sd_from_median(**QUARTILES, scale=(0, np.inf)), "the lowest and the highest"),
        (lambda: medians.mean_sd_from_median(**QUARTILES, method=["luo"]), "no method is called"),
        (lambda: teststatistics.smd_from_f(f=4, n1=9, n2=9, better="sideways"), "no direction is called"),
    ],
)
def test_words_and_types_that_are_not_known_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_one_number_may_be_an_array_without_dimension() -> None:
    level = np.array(0.9)
    assert conversions.se_from_ci(ci_low=0, ci_high=1, level=level) == conversions.se_from_ci(
        ci_low=0, ci_high=1, level=0.9
    )
