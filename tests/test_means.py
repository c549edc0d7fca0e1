"""Effects of means: values from R and from papers, identities, and input that must be refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import conversions, means

CLOSED_FORM = 1e-10  # the reference values have 15 digits; log-gamma costs about 5e-14

ARITHMETIC = 1e-9  # the same sum in another order, after cancellation

# metadat dat.normand1999 (length of stay), and metafor 5.1-12 on it
NORMAND = {
    "m1": [55, 27, 64, 66, 14, 19, 52, 21, 30],
    "sd1": [47, 7, 17, 20, 8, 7, 45, 16, 27],
    "n1": [155, 31, 75, 18, 8, 57, 34, 110, 60],
    "m2": [75, 29, 119, 137, 18, 18, 41, 31, 23],
    "sd2": [64, 4, 29, 48, 11, 4, 34, 27, 20],
    "n2": [156, 32, 71, 18, 13, 52, 33, 183, 52],
}

MD_VI_LS = [
    40.5080231596361, 2.08064516129032, 15.6984037558685, 150.222222222222, 17.3076923076923,
    1.16734143049933, 94.5891265597148, 6.31087928464978, 19.8423076923077,
]  # fmt: skip

MD_VI_HO = [
    40.58631541754, 2.04683368588049, 15.2808763693271, 150.222222222222, 20.1923076923077,
    1.22352970852725, 95.3755518990813, 8.0320743346939, 20.6935664335664,
]  # fmt: skip

WELCH_DF = [
    284.551318336233, 47.392253654832, 111.763200792076, 22.730068817003, 18.3077247620319,
    90.527488227973, 61.3487177315742, 290.958235268352, 107.505332548577,
]  # fmt: skip

WELCH_LOW = [
    -32.527653266023, -4.90118949296099, -62.8506167486246, -96.3712095847254, -12.7298453102106,
    -1.14630383450232, -8.4454919503764, -14.9442826830839, -1.82999364824621,
]  # fmt: skip

WELCH_HIGH = [
    -7.47234673397702, 0.90118949296099, -47.1493832513754, -45.6287904152746, 4.72984531021065,
    3.14630383450232, 30.4454919503764, -5.0557173169161, 15.8299936482462,
]  # fmt: skip

SMD_YI = [
    -0.355169640940107, -0.347940022739099, -2.31756916016373, -1.88798225293685, -0.383964141169701,
    0.172148669069591, 0.272052073852932, -0.424596271894261, 0.289556230080755,
]  # fmt: skip

SMD_VI_LS = [
    0.0130646755415297, 0.0644688760988567, 0.0458121102801828, 0.160617735936173, 0.205433278392224,
    0.0369105700003619, 0.0602671258364327, 0.0148630384193327, 0.0362717341580545,
]  # fmt: skip

POOLED_SD = [
    56.1743126175857, 5.67710385643255, 23.607908279501, 36.7695526217005, 10, 5.76810437122831,
    39.9647921974407, 23.4910233641312, 24.0096571479819,
]  # fmt: skip

APPROXIMATE_J = [
    0.997570850202429, 0.987654320987654, 0.994782608695652, 0.977777777777778, 0.96, 0.992974238875878,
    0.988416988416988, 0.997420464316423, 0.993166287015945,
]  # fmt: skip

APPROXIMATE_YI = [
    -0.355169757748004, -0.347943016708625, -2.31757268922333, -1.88803554224511, -0.384, 0.17214914553712,
    0.272054132519251, -0.424596429391577, 0.289556988101181,
]  # fmt: skip

APPROXIMATE_VI = [
    0.0130646756749272, 0.0644688926341949, 0.0458121662996754, 0.160620530677511, 0.205433934065934,
    0.0369105707528698, 0.0602671341956351, 0.0148630386475675, 0.0362717361177851,
]  # fmt: skip

MEANS = st.floats(-100, 100)

SDS = st.floats(0.1, 50)

SIZES = st.integers(2, 500)

ARM = st.tuples(MEANS, SDS, SIZES)

Arm = tuple[float, float, int]


def _difference(one: Arm, two: Arm, **more: str) -> EffectSizes:
    (m1, sd1, n1), (m2, sd2, n2) = one, two
    more.setdefault("better", "higher")
    return means.mean_difference(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2, **more)


def test_mean_difference_equals_metafor() -> None:
    welch = means.mean_difference(**NORMAND, better="higher")
    assert welch.yi.tolist() == [-20, -2, -55, -71, -4, 1, 11, -10, 7]
    assert welch.vi == pytest.approx(MD_VI_LS, rel=CLOSED_FORM)
    assert welch.df == pytest.approx(WELCH_DF, rel=CLOSED_FORM)
    assert welch.ci_low == pytest.approx(WELCH_LOW, rel=CLOSED_FORM)
    assert welch.ci_high == pytest.approx(WELCH_HIGH, rel=CLOSED_FORM)
    pooled = means.mean_difference(**NORMAND, better="higher", method="pooled")
    assert pooled.vi == pytest.approx(MD_VI_HO, rel=CLOSED_FORM)
    assert pooled.measure == "MD"
    assert pooled.estimand == "contrast"


def test_hedges_g_equals_metafor() -> None:
    exact = means.hedges_g(**NORMAND)
    assert exact.yi == pytest.approx(SMD_YI, rel=CLOSED_FORM)
    assert exact.vi == pytest.approx(SMD_VI_LS, rel=CLOSED_FORM)
    assert exact.measure == "SMD"


def test_hedges_g_with_the_approximate_factor() -> None:
    n1, n2 = NORMAND["n1"], NORMAND["n2"]
    factor = means.small_sample_factor(n1=n1, n2=n2, method="approximate")
    assert factor == pytest.approx(APPROXIMATE_J, rel=CLOSED_FORM)
    d = np.subtract(NORMAND["m1"], NORMAND["m2"])
    rough = means.hedges_g_from_d(d=d, sd_pooled=POOLED_SD, n1=n1, n2=n2)
    assert rough.yi == pytest.approx(APPROXIMATE_YI, rel=CLOSED_FORM)
    assert rough.vi == pytest.approx(APPROXIMATE_VI, rel=CLOSED_FORM)


def test_the_exact_factor_in_closed_form() -> None:
    # gamma(1) / (sqrt(1) gamma(1/2)) for two degrees of freedom
    assert float(means.small_sample_factor(n1=2, n2=2)) == pytest.approx(1 / np.sqrt(np.pi), rel=CLOSED_FORM)


@pytest.mark.parametrize("df", [2, 3, 5, 10, 49, 120])
def test_the_exact_factor_by_gamma_functions(df: int) -> None:
    expected = math.gamma(df / 2) / (math.sqrt(df / 2) * math.gamma((df - 1) / 2))
    assert float(means.factor_from_df(df=df)) == pytest.approx(expected, rel=1e-12)
    assert float(means.factor_from_df(df=df, method="approximate")) == pytest.approx(expected, abs=0.01)


def test_the_factor_does_not_depend_on_the_other_rows() -> None:
    # with more rows than degrees of freedom each whole number is worked out once; fractions never are
    many = np.arange(2, 41) % 17 + 2
    alone = [float(means.factor_from_df(df=df)) for df in many]
    assert means.factor_from_df(df=many).tolist() == alone
    assert means.factor_from_df(df=many + 0.5).tolist() == [
        float(means.factor_from_df(df=df)) for df in many + 0.5
    ]


def test_the_exact_factor_of_huge_trials_goes_on_smoothly_below_1() -> None:
    df = np.array([9_999.5, 10_000.5, 1e6, 1e9, 1e12])
    found = means.factor_from_df(df=df)
    assert found == pytest.approx(1 - 3 / (4 * df - 1), rel=1e-8)
    assert (np.diff(found) > 0).all()
    assert (found < 1).all()
    assert found[1] - found[0] == pytest.approx(0.75 / 1e8, rel=1e-2)


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_there_is_no_factor_up_to_one_degree_of_freedom(method: str) -> None:
    found = means.factor_from_df(df=[1, 1.5, 2], method=method)
    assert np.isnan(found).tolist() == [True, False, False]
    below = means.factor_from_df(df=[-5, 0, -1, 3, 4, 5, 6], method=method)
    assert np.isnan(below).tolist() == [True, True, True, False, False, False, False]
    assert np.isnan(means.factor_from_df(df=-5, method=method))
    assert means.factor_from_df(df=[np.inf, -np.inf], method=method) == pytest.approx(
        [1, np.nan], nan_ok=True
    )
    assert float(means.factor_from_df(df=np.inf, method=method)) == 1


@pytest.mark.parametrize("df", ["a", np.nan, [[3]], None])
def test_degrees_of_freedom_that_are_no_numbers_are_refused(df: object) -> None:
    with pytest.raises(InputError, match="df must"):
        means.factor_from_df(df=df)


# Borenstein M et al. (2009), Introduction to Meta-Analysis, chapter 4, pages 22 to 27, two independent groups
BORENSTEIN = {"m1": 103, "sd1": 5.5, "n1": 50, "m2": 100, "sd2": 4.5, "n2": 50}


def test_the_published_example_of_two_independent_groups() -> None:
    raw = means.mean_difference(**BORENSTEIN, better="higher", method="pooled")
    assert (raw.yi[0], raw.vi[0], raw.sei[0]) == pytest.approx((3.0, 1.01, 1.005), abs=5.1e-5)
    assert float(means.pooled_sd(sd1=5.5, n1=50, sd2=4.5, n2=50)) == pytest.approx(5.0249, abs=5.1e-5)
    d = means.hedges_g(**BORENSTEIN, correct=False)
    assert (d.yi[0], d.vi[0], d.sei[0]) == pytest.approx((0.5970, 0.0418, 0.2044), abs=5.1e-5)
    g = means.hedges_g(**BORENSTEIN, factor="approximate", variance="LS2")
    assert (g.yi[0], g.vi[0], g.sei[0]) == pytest.approx((0.5924, 0.0411, 0.2028), abs=5.1e-5)


# Student (1908), as R's data set "sleep": t.test(extra ~ group), help page of t.test
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


def test_the_published_example_of_welch() -> None:
    one, two = (np.array(arm) for arm in SLEEP)
    effect = means.mean_difference(
        m1=one.mean(), sd1=one.std(ddof=1), n1=10, m2=two.mean(), sd2=two.std(ddof=1), n2=10, better="higher"
    )
    assert effect.df[0] == pytest.approx(17.776, abs=5.1e-4)
    assert effect.yi[0] / effect.sei[0] == pytest.approx(-1.8608, abs=5.1e-5)
    assert (effect.ci_low[0], effect.ci_high[0]) == pytest.approx((-3.3654832, 0.2054832), abs=5.1e-8)


# no effect, small, large; equal and unequal arms
TRUE_ARMS = [(0.0, 8, 8), (0.4, 12, 30), (1.5, 10, 6)]


@pytest.mark.parametrize(("delta", "n1", "n2"), TRUE_ARMS)
def test_the_unbiased_variance_is_right_on_average(delta: float, n1: int, n2: int) -> None:
    # d / sqrt(1/n1 + 1/n2) has a noncentral t distribution: mean and variance of d are known exactly
    scale, df = np.sqrt(1 / n1 + 1 / n2), n1 + n2 - 2
    centre, spread = stats.nct.stats(df, delta / scale, moments="mv")
    j = float(means.factor_from_df(df=df))
    assert j * scale * centre == pytest.approx(delta, abs=1e-10)
    square = scale**2 * (spread + centre**2)  # mean of d^2; the variances are linear in it
    at_0, at_1 = (means.smd_from_d(d=d, n1=n1, n2=n2, variance="UB").vi[0] for d in (0.0, 1.0))
    assert at_0 + (at_1 - at_0) * square == pytest.approx(j**2 * scale**2 * spread)
    if delta == 0:
        under_none = means.smd_from_d(d=0.0, n1=n1, n2=n2, variance="H0")
        assert under_none.vi[0] == pytest.approx(j**2 * scale**2 * spread)


@given(ARM, ARM, st.sampled_from(["LS", "LS2", "UB", "AV", "H0", "cochrane"]), st.booleans())
def test_every_variance_is_positive_and_the_same_for_swapped_arms(
    one: Arm, two: Arm, variance: str, correct: bool
) -> None:
    def g(first: Arm, second: Arm) -> EffectSizes:
        return means.hedges_g(
            m1=first[0], sd1=first[1], n1=first[2], m2=second[0], sd2=second[1], n2=second[2],
            variance=variance, correct=correct,
        )  # fmt: skip

    there, back = g(one, two), g(two, one)
    assert there.yi == pytest.approx(-back.yi)
    assert there.vi == pytest.approx(back.vi, nan_ok=True)
    assert there.vi[0] > 0 or (variance == "H0" and one[2] + two[2] == 4)


@given(ARM, ARM, st.sampled_from(["LS2", "UB", "H0"]))
def test_without_correction_the_other_variances_are_those_of_d(one: Arm, two: Arm, variance: str) -> None:
    arms = {"m1": one[0], "sd1": one[1], "n1": one[2], "m2": two[0], "sd2": two[1], "n2": two[2]}
    parts = means.cohen_d(**arms)
    plain = means.hedges_g(**arms, variance=variance, correct=False)
    corrected = means.hedges_g(**arms, variance=variance)
    assert plain.yi == pytest.approx(parts.d)
    assert corrected.yi == pytest.approx(parts.factor * parts.d)
    assert corrected.vi == pytest.approx(parts.factor**2 * plain.vi, nan_ok=True)


def test_variances_that_need_a_word_have_a_note() -> None:
    assert means.hedges_g(**NORMAND).notes == ()
    mean = means.hedges_g(**NORMAND, variance="AV")
    weights = np.add(NORMAND["n1"], NORMAND["n2"])
    assert mean.notes == (
        f"The variances rest on the mean effect of all rows, {np.average(mean.yi, weights=weights):.3f}.",
    )
    none = means.smd_from_d(d=[0.5, 0.5], n1=[2, 3], n2=2, variance="H0")
    assert np.isnan(none.vi).tolist() == [True, False]
    assert none.notes == (
        "The variances hold only if there is no effect.",
        "1 of 2 rows gives no estimate (no variance with fewer than 5 patients in all): position 0.",
    )


@given(ARM, ARM)
def test_an_smd_from_its_d_is_the_smd_from_the_arms(one: Arm, two: Arm) -> None:
    arms = {"m1": one[0], "sd1": one[1], "n1": one[2], "m2": two[0], "sd2": two[1], "n2": two[2]}
    whole = means.hedges_g(**arms, better="lower")
    again = means.smd_from_d(d=means.cohen_d(**arms).d, n1=one[2], n2=two[2], better="lower")
    assert again.yi == pytest.approx(whole.yi)
    assert again.vi == pytest.approx(whole.vi)


@given(SDS, st.integers(3, 500), MEANS, MEANS)
def test_equal_spreads_make_all_standardisers_agree(sd: float, n: int, m1: float, m2: float) -> None:
    arms = {"m1": m1, "sd1": sd, "n1": n, "m2": m2, "sd2": sd, "n2": n}
    pooled = means.hedges_g(**arms)
    assert means.smdh(**arms).yi == pytest.approx(pooled.yi)
    assert means.glass_delta(**arms, correct=False).yi == pytest.approx(means.cohen_d(**arms).d)


@given(ARM, ARM, st.sampled_from(["smdh", "smdh LS2", "glass", "glass unequal"]))
def test_the_other_standardised_differences_do_not_depend_on_the_scale(one: Arm, two: Arm, form: str) -> None:
    def effect(factor: float) -> EffectSizes:
        arms = {
            "m1": factor * one[0], "sd1": factor * one[1], "n1": one[2] + 1,
            "m2": factor * two[0], "sd2": factor * two[1], "n2": two[2] + 1,
        }  # fmt: skip
        if form.startswith("smdh"):
            return means.smdh(**arms, variance="LS2" if form.endswith("2") else "LS")
        return means.glass_delta(**arms, heteroscedastic=form.endswith("unequal"))

    assert effect(10).yi == pytest.approx(effect(1).yi, rel=ARITHMETIC, abs=ARITHMETIC)
    assert effect(10).vi == pytest.approx(effect(1).vi, rel=ARITHMETIC)
    assert effect(1).vi[0] > 0


@given(ARM, ARM)
def test_swapping_arms_of_unequal_spread_flips_the_sign_only(one: Arm, two: Arm) -> None:
    there = means.smdh(m1=one[0], sd1=one[1], n1=one[2], m2=two[0], sd2=two[1], n2=two[2])
    back = means.smdh(m1=two[0], sd1=two[1], n1=two[2], m2=one[0], sd2=one[1], n2=one[2])
    turned = means.smdh(m1=one[0], sd1=one[1], n1=one[2], m2=two[0], sd2=two[1], n2=two[2], better="lower")
    assert there.yi == pytest.approx(-back.yi)
    assert there.vi == pytest.approx(back.vi)
    assert turned.yi.tolist() == (-there.yi).tolist()


SEED = 1981
TRIALS = 40_000
SAMPLING = 0.05  # relative error of a variance seen in that many trials, and of the formula at these sizes


@pytest.mark.parametrize("form", ["SMDH", "SMD1", "SMD1H"])
def test_variances_agree_with_simulated_trials(form: str) -> None:
    rng = np.random.default_rng(SEED)
    n1, n2, sd1 = 60, 80, 1.0 if form == "SMD1" else 2.0
    one, two = rng.normal(0.8, sd1, (TRIALS, n1)), rng.normal(0.0, 1.0, (TRIALS, n2))
    arms = {
        "m1": one.mean(axis=1), "sd1": one.std(axis=1, ddof=1), "n1": n1,
        "m2": two.mean(axis=1), "sd2": two.std(axis=1, ddof=1), "n2": n2,
    }  # fmt: skip
    if form == "SMDH":
        effect, true = means.smdh(**arms), 0.8 / np.sqrt((sd1**2 + 1) / 2)
    else:
        effect, true = means.glass_delta(**arms, heteroscedastic=form == "SMD1H"), 0.8
    assert effect.measure == form
    assert effect.yi.mean() == pytest.approx(true, abs=0.01)
    assert effect.vi.mean() == pytest.approx(effect.yi.var(), rel=SAMPLING)


def test_a_comparator_of_two_gives_no_corrected_estimate() -> None:
    arms = {"m1": [3, 3], "sd1": 1, "n1": 9, "m2": 2, "sd2": 1, "n2": [2, 9]}
    effect = means.glass_delta(**arms)
    assert np.isnan(effect.yi).tolist() == np.isnan(effect.vi).tolist() == [True, False]
    assert effect.notes == (
        "1 of 2 rows gives no estimate (the comparator has fewer than 3 patients): position 0.",
    )
    assert means.glass_delta(**arms, correct=False).defined.all()


def test_a_note_lists_no_more_than_five_positions() -> None:
    assert means.no_estimate(np.zeros(3, dtype=bool), "why") == ()
    (note,) = means.no_estimate(np.ones(7, dtype=bool), "why")
    assert note == "7 of 7 rows give no estimate (why): positions 0, 1, 2, 3, 4 and 2 more."


@given(ARM, ARM, st.sampled_from(["welch", "pooled"]))
def test_swapping_arms_flips_the_sign_only(one: Arm, two: Arm, method: str) -> None:
    there, back = _difference(one, two, method=method), _difference(two, one, method=method)
    assert there.yi == pytest.approx(-back.yi)
    assert there.vi == pytest.approx(back.vi)
    assert there.df == pytest.approx(back.df)


@given(ARM, ARM)
def test_the_better_direction_flips_the_sign_only(one: Arm, two: Arm) -> None:
    higher, lower = _difference(one, two), _difference(one, two, better="lower")
    assert lower.yi == pytest.approx(-higher.yi)
    assert lower.vi.tolist() == higher.vi.tolist()
    assert lower.ci_low == pytest.approx(-higher.ci_high)


@given(ARM, ARM)
def test_welch_degrees_of_freedom_lie_between_the_smaller_arm_and_the_pooled(one: Arm, two: Arm) -> None:
    n1, n2 = one[2], two[2]
    df = _difference(one, two).df[0]
    assert min(n1, n2) - 1 - 1e-6 <= df <= n1 + n2 - 2 + 1e-6


@given(ARM, SDS, SIZES)
def test_equal_arms_make_welch_and_pooled_agree(one: Arm, sd: float, n: int) -> None:
    welch = _difference((one[0], sd, n), (0.0, sd, n))
    pooled = _difference((one[0], sd, n), (0.0, sd, n), method="pooled")
    assert welch.vi == pytest.approx(pooled.vi)
    assert welch.df == pytest.approx(pooled.df)


@given(ARM, ARM)
def test_hedges_g_does_not_depend_on_the_scale(one: Arm, two: Arm) -> None:
    def g(factor: float) -> EffectSizes:
        (m1, sd1, n1), (m2, sd2, n2) = one, two
        return means.hedges_g(
            m1=factor * m1, sd1=factor * sd1, n1=n1, m2=factor * m2, sd2=factor * sd2, n2=n2
        )

    assert g(10).yi == pytest.approx(g(1).yi, rel=ARITHMETIC, abs=ARITHMETIC)
    assert g(10).vi == pytest.approx(g(1).vi, rel=ARITHMETIC)


@given(ARM, ARM)
def test_rescaling_from_100_to_10_divides_effects_by_ten(one: Arm, two: Arm) -> None:
    def small(arm: Arm) -> Arm:
        mean = conversions.rescale(value=arm[0], from_range=(0, 100), to_range=(0, 10))
        sd = conversions.rescale(value=arm[1], from_range=(0, 100), to_range=(0, 10), of="difference")
        return float(mean), float(sd), arm[2]

    wide, narrow = _difference(one, two), _difference(small(one), small(two))
    assert narrow.yi == pytest.approx(wide.yi / 10, abs=ARITHMETIC)
    assert narrow.vi == pytest.approx(wide.vi / 100)


ANCOVA = {
    "base1": 6.0, "final1": 4.0, "sd_base1": 1.5, "sd_final1": 2.5, "n1": 30,
    "base2": 6.0, "final2": 5.0, "sd_base2": 1.5, "sd_final2": 2.5, "n2": 30,
}  # fmt: skip


@given(st.floats(-0.95, 0.95))
def test_adjustment_of_equal_baselines_changes_precision_only(r: float) -> None:
    result = means.pseudo_ancova(**ANCOVA, r=r, better="lower")
    assert result.effect.yi[0] == pytest.approx(1.0)
    assert result.effect.vi[0] == pytest.approx(2.5**2 * (1 - r**2) * 2 / 30)
    assert result.effect.df[0] == 57


@given(st.floats(-0.9, 0.9), st.floats(-3, 3))
def test_adjustment_moves_by_the_slope(r: float, shift: float) -> None:
    moved = means.pseudo_ancova(**{**ANCOVA, "base1": 6.0 + shift}, r=r, better="lower")
    assert moved.effect.yi[0] == pytest.approx(1.0 + r * 2.5 / 1.5 * shift)
    turned = means.pseudo_ancova(**{**ANCOVA, "base1": 6.0 + shift}, r=r, better="higher")
    assert turned.effect.yi == pytest.approx(-moved.effect.yi)
    assert "pseudo-ANCOVA" in moved.effect.notes[0]


GOOD_ARMS = {"m1": 1, "sd1": 1, "n1": 9, "m2": 2, "sd2": 1, "n2": 9, "better": "lower"}


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (means.mean_difference, {**GOOD_ARMS, "n1": 1}, "n1 must be 2 or more"),
        (means.mean_difference, {**GOOD_ARMS, "sd2": -1}, "sd2 must be 0 or more"),
        (means.mean_difference, {**GOOD_ARMS, "sd1": 0, "sd2": 0}, "one standard deviation"),
        (means.mean_difference, {**GOOD_ARMS, "better": "lowest"}, 'did you mean "lower"'),
        (means.mean_difference, {**GOOD_ARMS, "method": "welsh"}, 'did you mean "welch"'),
        (means.hedges_g, {**GOOD_ARMS, "n2": 0}, "n2 must be 2 or more"),
        (means.hedges_g_from_d, {"d": 1, "sd_pooled": 0, "n1": 9, "n2": 9}, "sd_pooled must be above 0"),
        (means.hedges_g, {**GOOD_ARMS, "variance": "LS3"}, 'did you mean "LS'),
        (means.hedges_g, {**GOOD_ARMS, "factor": "exakt"}, 'did you mean "exact"'),
        (means.hedges_g, {**GOOD_ARMS, "m1": np.nan}, "m1 must be finite"),
        (means.smd_from_d, {"d": 1, "n1": 1, "n2": 9}, "n1 must be 2 or more"),
        (means.smdh, {**GOOD_ARMS, "variance": "UB"}, "variance"),
        (means.glass_delta, {**GOOD_ARMS, "sd2": 0}, "sd2 must be above 0"),
        (means.pooled_sd, {"sd1": 0, "n1": 9, "sd2": 0, "n2": 9}, "one standard deviation"),
        (means.small_sample_factor, {"n1": 9, "n2": 9, "method": "exakt"}, 'did you mean "exact"'),
        (means.pseudo_ancova, {**ANCOVA, "r": 1.0, "better": "lower"}, "r must lie between -1 and 1"),
        (
            means.pseudo_ancova,
            {**ANCOVA, "sd_base1": -1, "r": 0, "better": "lower"},
            "sd_base1 must be 0 or more",
        ),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)


# R's data set "mtcars" (Henderson and Velleman 1981): miles per gallon of 19 automatic and 13 manual cars,
# and the vignette "standardized differences" of R's package effectsize on it
CARS = {"m1": 17.147368, "sd1": 3.833966, "n1": 19, "m2": 24.392308, "sd2": 6.166504, "n2": 13}


@pytest.mark.parametrize(
    ("form", "printed"), [(means.hedges_g, -1.48), (means.smdh, -1.41), (means.glass_delta, -1.17)]
)
def test_the_published_example_of_three_standardisers(
    form: Callable[..., EffectSizes], printed: float
) -> None:
    assert form(**CARS, correct=False).yi[0] == pytest.approx(printed, abs=5.1e-3)
