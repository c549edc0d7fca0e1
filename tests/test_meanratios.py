"""Effects of means as ratios: values from papers, identities, simulated trials, and input that is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import conversions, meanratios, means

PRINTED = 1.01e-4  # the page rounds on the way

Arm = tuple[float, float, int]
ARM = st.tuples(st.floats(1, 100), st.floats(0.1, 50), st.integers(2, 500))


def _arms(one: Arm, two: Arm, factor: float = 1.0) -> dict[str, float]:
    return {
        "m1": factor * one[0], "sd1": factor * one[1], "n1": one[2],
        "m2": factor * two[0], "sd2": factor * two[1], "n2": two[2],
    }  # fmt: skip


def _spreads(arms: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in arms.items() if not name.startswith("m")}


# Borenstein M et al. (2009), Introduction to Meta-Analysis, chapter 4, pages 31 and 32
def test_the_published_example_of_a_ratio_of_means() -> None:
    effect = meanratios.ratio_of_means(
        m1=61.515, sd1=19.475, n1=10, m2=51.015, sd2=19.475, n2=10, correct=False, variance="HO"
    )
    assert np.exp(effect.yi[0]) == pytest.approx(1.2058, abs=PRINTED)
    assert (effect.yi[0], effect.vi[0], effect.sei[0]) == pytest.approx((0.1871, 0.0246, 0.1568), abs=PRINTED)


# The same, chapter 7, pages 46 to 48: d 0.5000 is a log odds ratio of 0.9069
def test_the_published_example_of_an_smd_as_an_odds_ratio() -> None:
    effect = meanratios.smd_to_log_odds_ratio(d=0.5, se=np.sqrt(0.0205))
    assert effect.yi[0] == pytest.approx(0.9069, abs=PRINTED)
    assert effect.vi[0] == pytest.approx(0.0676, abs=2e-4)  # 0.0205 is rounded, times 3.29


RATIOS: dict[str, Callable[[dict[str, float]], EffectSizes]] = {
    "ROM": lambda arms: meanratios.ratio_of_means(**arms),
    "ROM plain": lambda arms: meanratios.ratio_of_means(**arms, correct=False),
    "ROM HO": lambda arms: meanratios.ratio_of_means(**arms, variance="HO"),
    "VR": lambda arms: meanratios.variability_ratio(**_spreads(arms)),
    "CVR": lambda arms: meanratios.coefficient_of_variation_ratio(**arms),
    "CVR plain": lambda arms: meanratios.coefficient_of_variation_ratio(**arms, correct=False),
    "D2ORL": lambda arms: meanratios.smd_as_log_odds_ratio(**arms),
    "D2ORN": lambda arms: meanratios.smd_as_log_odds_ratio(**arms, method="normal"),
}


@pytest.mark.parametrize("form", RATIOS)
@given(ARM, ARM)
def test_swapping_arms_flips_the_sign_only(form: str, one: Arm, two: Arm) -> None:
    there, back = RATIOS[form](_arms(one, two)), RATIOS[form](_arms(two, one))
    assert there.measure == form.split(maxsplit=1)[0]
    assert there.yi == pytest.approx(-back.yi)
    assert there.vi == pytest.approx(back.vi)
    assert there.vi[0] > 0


@pytest.mark.parametrize("form", RATIOS)
@given(ARM, ARM)
def test_ratios_do_not_depend_on_the_unit(form: str, one: Arm, two: Arm) -> None:
    points, tenths = RATIOS[form](_arms(one, two)), RATIOS[form](_arms(one, two, factor=10.0))
    assert tenths.yi == pytest.approx(points.yi, abs=1e-9)
    assert tenths.vi == pytest.approx(points.vi)


@given(ARM, ARM)
def test_the_ratio_of_variation_is_that_of_spread_less_that_of_means(one: Arm, two: Arm) -> None:
    arms = _arms(one, two)
    parts = RATIOS["VR"](arms).yi - RATIOS["ROM plain"](arms).yi
    assert RATIOS["CVR"](arms).yi == pytest.approx(parts, abs=1e-9)
    assert RATIOS["CVR"](arms).vi == pytest.approx(RATIOS["VR"](arms).vi + RATIOS["ROM"](arms).vi)


@given(ARM, ARM)
def test_the_better_direction_flips_the_sign_only(one: Arm, two: Arm) -> None:
    for function in (meanratios.ratio_of_means, meanratios.smd_as_log_odds_ratio):
        higher, lower = function(**_arms(one, two)), function(**_arms(one, two), better="lower")
        assert lower.yi.tolist() == (-higher.yi).tolist()
        assert lower.vi.tolist() == higher.vi.tolist()


@given(ARM, ARM)
def test_an_odds_ratio_and_back(one: Arm, two: Arm) -> None:
    ratio = meanratios.smd_as_log_odds_ratio(**_arms(one, two))
    d = means.hedges_g(**_arms(one, two), correct=False)
    back = conversions.log_odds_ratio_to_smd(lnor=ratio.yi, se=ratio.sei)
    assert back.yi == pytest.approx(d.yi)
    assert back.vi == pytest.approx(d.vi)


SEED = 2015
TRIALS = 40_000
SAMPLING = 0.05  # relative error of a variance seen in that many trials, and of the formula at these sizes


@pytest.mark.parametrize(("form", "true"), [("ROM", np.log(1.25)), ("VR", np.log(1.5)), ("CVR", np.log(1.2))])
def test_variances_agree_with_simulated_trials(form: str, true: float) -> None:
    rng = np.random.default_rng(SEED)
    n1, n2 = 60, 80
    one, two = rng.normal(10, 1.5, (TRIALS, n1)), rng.normal(8, 1.0, (TRIALS, n2))
    effect = RATIOS[form](
        {
            "m1": one.mean(axis=1), "sd1": one.std(axis=1, ddof=1), "n1": n1,
            "m2": two.mean(axis=1), "sd2": two.std(axis=1, ddof=1), "n2": n2,
        }
    )  # fmt: skip
    assert effect.yi.mean() == pytest.approx(true, abs=0.002)
    assert effect.vi.mean() == pytest.approx(effect.yi.var(), rel=SAMPLING)


def test_the_correction_takes_the_bias_of_small_arms_out() -> None:
    rng = np.random.default_rng(SEED)
    one, two = rng.normal(10, 3, (TRIALS, 4)), rng.normal(10, 3, (TRIALS, 40))
    arms = {
        "m1": one.mean(axis=1), "sd1": one.std(axis=1, ddof=1), "n1": 4,
        "m2": two.mean(axis=1), "sd2": two.std(axis=1, ddof=1), "n2": 40,
    }  # fmt: skip
    bias = {form: abs(RATIOS[form](arms).yi.mean()) for form in ("ROM", "ROM plain")}
    assert bias["ROM"] < 0.002
    assert bias["ROM plain"] > 0.008


def test_means_without_a_ratio_give_no_estimate() -> None:
    arms = {"m1": [4, 4, -4, 0], "sd1": 1, "n1": 9, "m2": [5, -5, -5, 5], "sd2": 1, "n2": 9}
    for effect in (meanratios.ratio_of_means(**arms), meanratios.coefficient_of_variation_ratio(**arms)):
        assert np.isnan(effect.yi).tolist() == np.isnan(effect.vi).tolist() == [False, True, False, True]
        assert effect.notes == (
            "2 of 4 rows give no estimate (means of opposite sign or of 0 have no ratio): positions 1, 3.",
            "Both means are below 0 in 1 of 4 rows: the ratio is of their sizes.",
        )
    assert len(meanratios.ratio_of_means(**arms).estimable()) == 2


def test_rows_without_a_ratio_are_counted_after_broadcasting() -> None:
    effect = meanratios.coefficient_of_variation_ratio(m1=-1, m2=2, sd1=[1, 1, 1], sd2=1, n1=10, n2=10)
    assert effect.notes[0].startswith("3 of 3 rows give no estimate")


GOOD = {"m1": 4, "sd1": 1, "n1": 9, "m2": 5, "sd2": 1, "n2": 9}


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (meanratios.ratio_of_means, {**GOOD, "variance": "H0"}, 'no variance is called "H0"; known: LS, HO'),
        (meanratios.ratio_of_means, {**GOOD, "n1": 1}, "n1 must be 2 or more"),
        (meanratios.ratio_of_means, {**GOOD, "better": "low"}, 'did you mean "lower"'),
        (meanratios.variability_ratio, {**_spreads(GOOD), "sd2": 0}, "sd2 must be above 0"),
        (meanratios.variability_ratio, {**_spreads(GOOD), "n2": 1}, "n2 must be 2 or more"),
        (meanratios.coefficient_of_variation_ratio, {**GOOD, "sd1": 0}, "sd1 must be above 0"),
        (meanratios.smd_as_log_odds_ratio, {**GOOD, "method": "logit"}, "method"),
        (meanratios.smd_to_log_odds_ratio, {"d": 1, "se": 0}, "se must be above 0"),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)
