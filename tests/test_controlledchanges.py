"""Changes of two arms compared: values from papers, identities, simulated trials, input that is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import changes, controlledchanges, means

# Morris SB (2008), Organizational Research Methods 11:364-386, table 5: five studies of Carlson and Schmidt
# (1999), trained and control groups; inputs and results as on
# https://www.metafor-project.org/doku.php/analyses:morris2008
MORRIS = {
    "base1": [30.6, 23.5, 0.5, 53.4, 35.6],
    "final1": [38.5, 26.8, 0.7, 75.9, 36.0],
    "sd_base1": [15.0, 3.1, 0.1, 14.5, 4.7],
    "n1": [20, 50, 9, 10, 14],
    "base2": [23.1, 24.9, 0.6, 55.7, 34.8],
    "final2": [19.7, 25.3, 0.6, 60.7, 33.4],
    "sd_base2": [13.8, 4.1, 0.2, 17.3, 3.1],
    "n2": [20, 42, 9, 11, 14],
}
R = [0.47, 0.64, 0.77, 0.89, 0.44]
TWO_DIGITS = 5.1e-3


@pytest.mark.parametrize("factor", ["exact", "approximate"])
@pytest.mark.parametrize("variance", ["morris", "LS"])
def test_the_published_effects_by_the_pooled_baseline(factor: str, variance: str) -> None:
    effect = controlledchanges.d_ppc2(**MORRIS, r=R, factor=factor, variance=variance)
    assert effect.yi == pytest.approx([0.77, 0.80, 1.20, 1.05, 0.44], abs=TWO_DIGITS)
    # Morris 2008, equation 25, and the first terms of it, "LS", as on the page
    n1, n2 = np.array(MORRIS["n1"]), np.array(MORRIS["n2"])
    sizes, df = 2 * (1 - np.array(R)) * (n1 + n2) / (n1 * n2), n1 + n2 - 2
    expected = sizes + effect.yi**2 / (2 * (n1 + n2))
    if variance == "morris":
        j = means.factor_from_df(df=df, method=factor)
        expected = j**2 * df / (df - 2) * (sizes + effect.yi**2) - effect.yi**2
    assert effect.vi == pytest.approx(expected)
    assert (effect.measure, effect.estimand, effect.notes) == ("SMCR", "contrast", ())


def test_the_last_published_variance_by_the_pooled_baseline() -> None:
    effect = controlledchanges.d_ppc2(**MORRIS, r=R, variance="LS")
    assert effect.vi[4] == pytest.approx(0.16, abs=TWO_DIGITS)


# the same page: standardised changes of each arm, of which the controlled one is the difference
TRAINED = [0.5056, 1.0481, 1.8054, 1.4181, 0.0801]
CONTROL = [-0.2365, 0.0958, 0.0000, 0.2667, -0.4250]


def test_the_published_effects_by_the_baseline_of_each_arm() -> None:
    effect = controlledchanges.controlled_smcr(**MORRIS, r1=R, r2=R)
    assert effect.yi == pytest.approx(np.subtract(TRAINED, CONTROL), abs=1.1e-4)
    assert (effect.measure, effect.estimand) == ("SMCR", "contrast")


@pytest.mark.parametrize(("delta", "n1", "n2", "r"), [(0.0, 6, 9, 0.5), (0.5, 20, 12, 0.2), (1.4, 8, 8, 0.8)])
def test_the_variance_of_morris_is_exact(delta: float, n1: int, n2: int, r: float) -> None:
    # d / sqrt(2 (1 - r) (1/n1 + 1/n2)) has a noncentral t distribution
    scale, df = np.sqrt(2 * (1 - r) * (1 / n1 + 1 / n2)), n1 + n2 - 2
    centre, spread = stats.nct.stats(df, delta / scale, moments="mv")
    j = float(means.factor_from_df(df=df))
    arms = {"base1": 0.0, "sd_base1": 1.0, "n1": n1, "base2": 0.0, "final2": 0.0, "sd_base2": 1.0, "n2": n2}
    at_true = controlledchanges.d_ppc2(**arms, final1=delta / j, r=r)
    assert at_true.yi[0] == pytest.approx(delta)
    assert at_true.vi[0] == pytest.approx((j * scale) ** 2 * spread)
    assert controlledchanges.d_ppc2(**arms, final1=scale * centre, r=r).yi[0] == pytest.approx(delta)
    plain = controlledchanges.d_ppc2(**arms, final1=delta / j, r=r, correct=False)
    assert plain.vi[0] == pytest.approx(scale**2 * spread)


# Cochrane Handbook, section 6.5.2.8: means and SDs of both arms, correlation 0.80; changes 1.0 and 1.5
COCHRANE = {
    "base1": 15.2, "final1": 16.2, "sd_base1": 6.4, "sd_final1": 7.1, "n1": 129, "r1": 0.80,
    "base2": 15.7, "final2": 17.2, "sd_base2": 7.0, "sd_final2": 6.9, "n2": 135, "r2": 0.80,
}  # fmt: skip


def test_the_published_example_as_a_difference_of_changes() -> None:
    effect = controlledchanges.difference_of_changes(**COCHRANE)
    by_changes = means.mean_difference(
        m1=1.0, sd1=np.sqrt(6.4**2 + 7.1**2 - 1.6 * 6.4 * 7.1), n1=129,
        m2=1.5, sd2=np.sqrt(7.0**2 + 6.9**2 - 1.6 * 7.0 * 6.9), n2=135, better="higher",
    )  # fmt: skip
    assert effect.yi == pytest.approx([-0.5])
    assert effect.vi == pytest.approx(by_changes.vi)
    assert effect.df == pytest.approx(by_changes.df)
    assert (effect.measure, effect.estimand) == ("MD", "contrast")


Arm = dict[str, float]

ARM = st.fixed_dictionaries(
    {
        "base": st.floats(-100, 100),
        "final": st.floats(-100, 100),
        "sd_base": st.floats(0.1, 50),
        "sd_final": st.floats(0.1, 50),
        "n": st.integers(3, 400),
        "r": st.floats(-0.95, 0.95),
    }
)


def _arms(one: Arm, two: Arm) -> dict[str, float]:
    return {f"{name}{i}": value for i, arm in ((1, one), (2, two)) for name, value in arm.items()}


def _difference_of_changes(one: Arm, two: Arm, **more: str) -> EffectSizes:
    return controlledchanges.difference_of_changes(**_arms(one, two), **more)


def _controlled_smcc(one: Arm, two: Arm, **more: str) -> EffectSizes:
    return controlledchanges.controlled_smcc(**_arms(one, two), **more)


def _without_final_sd(one: Arm, two: Arm) -> dict[str, float]:
    return {name: value for name, value in _arms(one, two).items() if not name.startswith("sd_final")}


def _controlled_smcr(one: Arm, two: Arm, **more: str) -> EffectSizes:
    return controlledchanges.controlled_smcr(**_without_final_sd(one, two), **more)


def _d_ppc2(one: Arm, two: Arm, **more: str) -> EffectSizes:
    arms = _without_final_sd(one, two)
    r = 0.5 * (arms.pop("r1") + arms.pop("r2"))
    return controlledchanges.d_ppc2(**arms, r=r, **more)


FORMS: dict[str, Callable[..., EffectSizes]] = {
    "difference_of_changes": _difference_of_changes,
    "controlled_smcc": _controlled_smcc,
    "controlled_smcr": _controlled_smcr,
    "d_ppc2": _d_ppc2,
}


@pytest.mark.parametrize("form", FORMS)
@given(ARM, ARM)
def test_swapping_arms_or_the_direction_flips_the_sign_only(form: str, one: Arm, two: Arm) -> None:
    there, back, lower = FORMS[form](one, two), FORMS[form](two, one), FORMS[form](one, two, better="lower")
    assert back.yi == pytest.approx(-there.yi, abs=1e-12)
    assert back.vi == pytest.approx(there.vi)
    assert lower.yi.tolist() == (-there.yi).tolist()
    assert lower.vi.tolist() == there.vi.tolist()
    assert there.vi[0] > 0


@pytest.mark.parametrize("form", FORMS)
@given(ARM, ARM, st.floats(0.1, 10))
def test_only_the_raw_difference_depends_on_the_unit(form: str, one: Arm, two: Arm, unit: float) -> None:
    one_other, two_other = (
        {name: value if name in {"n", "r"} else unit * value for name, value in arm.items()}
        for arm in (one, two)
    )
    scale = unit if form == "difference_of_changes" else 1.0
    here, there = FORMS[form](one, two), FORMS[form](one_other, two_other)
    assert there.yi == pytest.approx(scale * here.yi, abs=1e-8)
    assert there.vi == pytest.approx(scale**2 * here.vi)


@given(ARM, ARM)
def test_a_comparator_that_does_not_change_leaves_the_change(one: Arm, two: Arm) -> None:
    still = two | {"final": two["base"]}
    effect = _controlled_smcr(one, still)
    alone = changes.smcr(**{name: value for name, value in one.items() if name != "sd_final"})
    assert effect.yi == pytest.approx(alone.yi)
    assert effect.vi[0] > alone.vi[0]


SEED = 1988
TRIALS = 40_000
SAMPLING = 0.05  # relative error of a variance seen in that many trials, and of the formula at their size


def _simulated(rng: np.random.Generator, n: int, change: float) -> dict[str, np.ndarray]:
    first = rng.normal(size=(TRIALS, n))
    final = change + 0.5 * first + np.sqrt(0.75) * rng.normal(size=(TRIALS, n))
    of_changes = (final - first).var(axis=1, ddof=1)
    spreads = first.std(axis=1, ddof=1), final.std(axis=1, ddof=1)
    r = (spreads[0] ** 2 + spreads[1] ** 2 - of_changes) / (2 * spreads[0] * spreads[1])
    return {
        "base": first.mean(axis=1),
        "final": final.mean(axis=1),
        "sd_base": spreads[0],
        "sd_final": spreads[1],
        "n": np.full(TRIALS, n),
        "r": r,
    }


@pytest.mark.parametrize("form", FORMS)
def test_variances_agree_with_simulated_trials(form: str) -> None:
    rng = np.random.default_rng(SEED)
    effect = FORMS[form](_simulated(rng, 50, 1.0), _simulated(rng, 70, 0.3))
    assert effect.yi.mean() == pytest.approx(0.7, abs=0.01)
    assert effect.vi.mean() == pytest.approx(effect.yi.var(), rel=SAMPLING)


def test_arms_of_two_give_no_estimate() -> None:
    arms = MORRIS | {"n1": [2, 50, 9, 10, 14], "n2": [2, 42, 2, 11, 14]}
    effect = controlledchanges.controlled_smcr(**arms, r1=R, r2=R)
    assert effect.notes == (
        "2 of 5 rows give no estimate (an arm has fewer than 3 patients): positions 0, 2.",
    )
    pooled = controlledchanges.d_ppc2(**arms, r=R)
    assert np.isnan(pooled.vi).tolist() == [True, False, False, False, False]
    assert "fewer than 5 patients" in pooled.notes[0]
    assert controlledchanges.d_ppc2(**arms, r=R, variance="LS").defined.all()


def test_rows_without_a_variance_are_counted_after_broadcasting() -> None:
    small = {"base1": 0, "sd_base1": 1, "n1": 2, "base2": 0, "final2": 0, "sd_base2": 1, "n2": 2, "r": 0.5}
    effect = controlledchanges.d_ppc2(**small, final1=[1, 2, 3])
    assert effect.notes[0].startswith("3 of 3 rows give no estimate")


def test_one_comparator_serves_several_arms() -> None:
    several = COCHRANE | {"final1": [16.2, 17.2], "base1": [15.2, 15.2]}
    effect = controlledchanges.difference_of_changes(**several)
    assert effect.yi == pytest.approx([-0.5, 0.5])


@pytest.mark.parametrize(
    ("call", "wrong", "message"),
    [
        (controlledchanges.difference_of_changes, {"r2": 1}, "r must lie between -1 and 1"),
        (controlledchanges.difference_of_changes, {"n1": 1}, "n must be 2 or more"),
        (
            controlledchanges.difference_of_changes,
            {"base1": [1, 2], "base2": [1, 2, 3]},
            "of one length are needed",
        ),
        (controlledchanges.controlled_smcc, {"variance": "AV"}, "variance"),
        (controlledchanges.controlled_smcc, {"better": "low"}, 'did you mean "lower"'),
    ],
)
def test_bad_input_is_refused(call: Callable[..., object], wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(**(COCHRANE | wrong))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"variance": "UB"}, "variance"),
        ({"n2": 1}, "n2 must be 2 or more"),
        ({"sd_base1": -1}, "sd_base1 must be 0 or more"),
        ({"r": 1}, "r must lie between -1 and 1"),
        ({"final1": np.nan}, "final1 must be finite"),
    ],
)
def test_bad_input_of_the_pooled_form_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        controlledchanges.d_ppc2(**({**MORRIS, "r": R} | wrong))
