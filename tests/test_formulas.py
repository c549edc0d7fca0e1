"""Conversions and effect sizes: values from R and from papers, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence import formulas
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError

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

# metadat dat.bcg, the first six trials, and metafor 5.1-12 on it (RD, OR2DL)
BCG = {
    "events1": np.array([4, 6, 3, 62, 33, 180]),
    "none1": np.array([119, 300, 228, 13536, 5036, 1361]),
    "events2": np.array([11, 29, 11, 248, 47, 372]),
    "none2": np.array([128, 274, 209, 12619, 5761, 1079]),
}
BCG_RD_YI = [
    -0.04661636544423, -0.0761017278198408, -0.037012987012987, -0.0147146180263938, -0.00158212670654608,
    -0.139567645844728,
]  # fmt: skip
BCG_RD_VI = [
    0.000780068664855938, 0.000348462574726583, 0.000271399785630685, 1.80285493533638e-06,
    2.65797248260319e-06, 0.000198335654149806,
]  # fmt: skip
BCG_OR2DL_YI = [
    -0.517529203824981, -0.918619094196238, -0.764304138845688, -0.802979413286922, -0.120818812706969,
    -0.528240366420453,
]  # fmt: skip
BCG_OR2DL_VI = [
    0.108552968611653, 0.0632646614389772, 0.131741778252657, 0.00617484110233086, 0.0157914467102813,
    0.0030108396789171,
]  # fmt: skip

MEANS = st.floats(-100, 100)
SDS = st.floats(0.1, 50)
SIZES = st.integers(2, 500)
ARM = st.tuples(MEANS, SDS, SIZES)
Arm = tuple[float, float, int]


def _difference(one: Arm, two: Arm, **more: str) -> EffectSizes:
    (m1, sd1, n1), (m2, sd2, n2) = one, two
    more.setdefault("better", "higher")
    return formulas.mean_difference(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2, **more)


def test_mean_difference_equals_metafor() -> None:
    welch = formulas.mean_difference(**NORMAND, better="higher")
    assert welch.yi.tolist() == [-20, -2, -55, -71, -4, 1, 11, -10, 7]
    assert welch.vi == pytest.approx(MD_VI_LS, rel=CLOSED_FORM)
    assert welch.df == pytest.approx(WELCH_DF, rel=CLOSED_FORM)
    assert welch.ci_low == pytest.approx(WELCH_LOW, rel=CLOSED_FORM)
    assert welch.ci_high == pytest.approx(WELCH_HIGH, rel=CLOSED_FORM)
    pooled = formulas.mean_difference(**NORMAND, better="higher", method="pooled")
    assert pooled.vi == pytest.approx(MD_VI_HO, rel=CLOSED_FORM)
    assert pooled.measure == "MD"
    assert pooled.estimand == "contrast"


def test_hedges_g_equals_metafor() -> None:
    exact = formulas.hedges_g(**NORMAND)
    assert exact.yi == pytest.approx(SMD_YI, rel=CLOSED_FORM)
    assert exact.vi == pytest.approx(SMD_VI_LS, rel=CLOSED_FORM)
    assert exact.measure == "SMD"


def test_hedges_g_with_the_approximate_factor() -> None:
    n1, n2 = NORMAND["n1"], NORMAND["n2"]
    factor = formulas.small_sample_factor(n1=n1, n2=n2, method="approximate")
    assert factor == pytest.approx(APPROXIMATE_J, rel=CLOSED_FORM)
    d = np.subtract(NORMAND["m1"], NORMAND["m2"])
    rough = formulas.hedges_g_from_d(d=d, sd_pooled=POOLED_SD, n1=n1, n2=n2)
    assert rough.yi == pytest.approx(APPROXIMATE_YI, rel=CLOSED_FORM)
    assert rough.vi == pytest.approx(APPROXIMATE_VI, rel=CLOSED_FORM)


def test_the_exact_factor_in_closed_form() -> None:
    # gamma(1) / (sqrt(1) gamma(1/2)) for two degrees of freedom
    assert float(formulas.small_sample_factor(n1=2, n2=2)) == pytest.approx(
        1 / np.sqrt(np.pi), rel=CLOSED_FORM
    )


def test_risk_difference_equals_metafor() -> None:
    effect = formulas.risk_difference(
        events1=BCG["events1"],
        n1=BCG["events1"] + BCG["none1"],
        events2=BCG["events2"],
        n2=BCG["events2"] + BCG["none2"],
    )
    assert effect.yi == pytest.approx(BCG_RD_YI, rel=CLOSED_FORM)
    assert effect.vi == pytest.approx(BCG_RD_VI, rel=CLOSED_FORM)
    assert effect.notes == ()


def test_odds_ratios_as_standardised_differences_equal_metafor() -> None:
    a, b, c, d = (BCG[name] for name in ("events1", "none1", "events2", "none2"))
    effect = formulas.log_odds_ratio_to_smd(
        lnor=np.log(a * d / (b * c)), se=np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    )
    assert effect.yi == pytest.approx(BCG_OR2DL_YI, rel=CLOSED_FORM)
    assert effect.vi == pytest.approx(BCG_OR2DL_VI, rel=CLOSED_FORM)


# Newcombe RG (1998), Statistics in Medicine 17:873-890, Table II, examples (a) to (h), method 10
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
]
# Newcombe RG (1998), Statistics in Medicine 17:857-872, Wilson's interval
WILSON = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]
PRINTED = 5.1e-5  # half of the fourth decimal


@pytest.mark.parametrize("example", NEWCOMBE)
def test_the_published_examples_of_the_hybrid_score_interval(example: tuple[float, ...]) -> None:
    e1, n1, e2, n2, low, high = example
    effect = formulas.risk_difference(events1=e1, n1=n1, events2=e2, n2=n2)
    assert effect.ci_low[0] == pytest.approx(low, abs=PRINTED)
    assert effect.ci_high[0] == pytest.approx(high, abs=PRINTED)
    turned = formulas.risk_difference(events1=e1, n1=n1, events2=e2, n2=n2, better="lower")
    assert (turned.ci_low[0], turned.ci_high[0]) == (-effect.ci_high[0], -effect.ci_low[0])


@pytest.mark.parametrize(("events", "n", "low", "high"), WILSON)
def test_the_published_examples_of_the_score_interval(events: int, n: int, low: float, high: float) -> None:
    found = formulas.wilson_interval(events=events, n=n)
    assert found == pytest.approx((low, high), abs=PRINTED)


def test_arms_without_variation_get_a_variance_and_a_note() -> None:
    effect = formulas.risk_difference(events1=[0, 5], n1=[10, 10], events2=[0, 3], n2=[20, 10])
    assert effect.vi[0] == pytest.approx((0.5 / 11) * (10.5 / 11) / 11 + (0.5 / 21) * (20.5 / 21) / 21)
    assert effect.vi[1] == pytest.approx(0.25 / 10 + 0.21 / 10)
    assert len(effect.notes) == 1


@given(st.integers(1, 300), st.data())
def test_wilson_limits_hold_the_share_and_mirror(n: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, n))
    low, high = formulas.wilson_interval(events=events, n=n)
    assert 0 <= low <= events / n + 1e-12
    assert events / n - 1e-12 <= high <= 1
    other_low, other_high = formulas.wilson_interval(events=n - events, n=n)
    assert (1 - other_high, 1 - other_low) == pytest.approx((low, high), abs=1e-12)


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
        return formulas.hedges_g(
            m1=factor * m1, sd1=factor * sd1, n1=n1, m2=factor * m2, sd2=factor * sd2, n2=n2
        )

    assert g(10).yi == pytest.approx(g(1).yi, rel=ARITHMETIC, abs=ARITHMETIC)
    assert g(10).vi == pytest.approx(g(1).vi, rel=ARITHMETIC)


@given(ARM, ARM)
def test_rescaling_from_100_to_10_divides_effects_by_ten(one: Arm, two: Arm) -> None:
    def small(arm: Arm) -> Arm:
        mean = formulas.rescale(value=arm[0], from_range=(0, 100), to_range=(0, 10))
        sd = formulas.rescale(value=arm[1], from_range=(0, 100), to_range=(0, 10), of="difference")
        return float(mean), float(sd), arm[2]

    wide, narrow = _difference(one, two), _difference(small(one), small(two))
    assert narrow.yi == pytest.approx(wide.yi / 10, abs=ARITHMETIC)
    assert narrow.vi == pytest.approx(wide.vi / 100)


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_differences_of_scores_rescale_as_differences(first: float, second: float) -> None:
    ranges = {"from_range": (1.0, 5.0), "to_range": (0.0, 100.0)}
    scores = formulas.rescale(value=[first, second], **ranges)
    difference = formulas.rescale(value=first - second, **ranges, of="difference")
    assert scores[0] - scores[1] == pytest.approx(float(difference), abs=1e-8)


@given(st.floats(-1e3, 1e3), st.floats(0.01, 100), st.one_of(st.none(), st.floats(1, 1e5)))
def test_interval_to_error_and_back(yi: float, se: float, df: float | None) -> None:
    effect = EffectSizes(yi=yi, vi=se**2, df=df)
    found = formulas.se_from_ci(ci_low=effect.ci_low, ci_high=effect.ci_high, df=df)
    assert found == pytest.approx(effect.sei, rel=1e-7)


def test_levels_of_an_interval() -> None:
    assert float(formulas.se_from_ci(ci_low=-1.644854, ci_high=1.644854, level=0.9)) == pytest.approx(
        1, abs=1e-6
    )


def test_error_from_a_p_value() -> None:
    assert float(formulas.se_from_p(estimate=-1.959964, p=0.05)) == pytest.approx(1, abs=1e-6)
    # Cochrane Handbook 6.5.2.3: MD 3.8, p = 0.008, n 25 and 22: t = 2.78 with 45 degrees of freedom
    assert float(formulas.se_from_p(estimate=3.8, p=0.008, df=45)) == pytest.approx(3.8 / 2.78, abs=0.005)
    assert np.isfinite(formulas.se_from_p(estimate=1, p=1e-300))


@given(SDS, SDS, st.floats(-1, 1))
def test_correlation_to_change_and_back(base: float, final: float, r: float) -> None:
    change = formulas.sd_change(sd_base=base, sd_final=final, r=r)
    assert abs(base - final) - 1e-9 <= change <= base + final + 1e-9
    back = formulas.r_from_sds(sd_base=base, sd_final=final, sd_change=change)
    assert float(back) == pytest.approx(r, abs=1e-7 * max(base / final, final / base))


def test_change_scores_of_uncorrelated_times() -> None:
    assert float(formulas.sd_change(sd_base=3, sd_final=4, r=0)) == 5.0
    assert float(formulas.sd_change(sd_base=3, sd_final=4, r=1)) == 1.0


ANCOVA = {
    "base1": 6.0, "final1": 4.0, "sd_base1": 1.5, "sd_final1": 2.5, "n1": 30,
    "base2": 6.0, "final2": 5.0, "sd_base2": 1.5, "sd_final2": 2.5, "n2": 30,
}  # fmt: skip


@given(st.floats(-0.95, 0.95))
def test_adjustment_of_equal_baselines_changes_precision_only(r: float) -> None:
    result = formulas.pseudo_ancova(**ANCOVA, r=r, better="lower")
    assert result.effect.yi[0] == pytest.approx(1.0)
    assert result.effect.vi[0] == pytest.approx(2.5**2 * (1 - r**2) * 2 / 30)
    assert result.effect.df[0] == 57


@given(st.floats(-0.9, 0.9), st.floats(-3, 3))
def test_adjustment_moves_by_the_slope(r: float, shift: float) -> None:
    moved = formulas.pseudo_ancova(**{**ANCOVA, "base1": 6.0 + shift}, r=r, better="lower")
    assert moved.effect.yi[0] == pytest.approx(1.0 + r * 2.5 / 1.5 * shift)
    turned = formulas.pseudo_ancova(**{**ANCOVA, "base1": 6.0 + shift}, r=r, better="higher")
    assert turned.effect.yi == pytest.approx(-moved.effect.yi)
    assert "pseudo-ANCOVA" in moved.effect.notes[0]


@given(st.lists(st.lists(st.floats(-50, 50), min_size=2, max_size=8), min_size=2, max_size=5))
def test_combined_arms_are_what_the_patients_give(groups: list[list[float]]) -> None:
    everyone = np.concatenate(groups)
    found = formulas.combine_arms(
        n=[len(group) for group in groups],
        mean=[np.mean(group) for group in groups],
        sd=[np.std(group, ddof=1) for group in groups],
    )
    assert float(found.n) == everyone.size
    assert float(found.mean) == pytest.approx(everyone.mean(), abs=ARITHMETIC)
    assert float(found.sd) == pytest.approx(everyone.std(ddof=1), abs=1e-7)


def test_combining_follows_the_handbook_formula_for_two_groups() -> None:
    n1, n2, m1, m2, s1, s2 = 20, 25, 4.1, 3.6, 2.2, 2.5
    spread = n1 * n2 / (n1 + n2) * (m1**2 + m2**2 - 2 * m1 * m2)
    sd = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2 + spread) / (n1 + n2 - 1))
    assert float(formulas.combine_arms(n=[n1, n2], mean=[m1, m2], sd=[s1, s2]).sd) == pytest.approx(sd)


def test_combining_four_groups_equals_the_reference() -> None:
    # the sets b and c of a synthetic reference, subgroups combined one after another
    b = formulas.combine_arms(n=[73, 68, 25], mean=[44.5, 42.3, 31.6], sd=[9.88, 12.48, 12.99])
    assert (float(b.n), float(b.mean), float(b.sd)) == pytest.approx(
        (166, 41.6560240963855, 12.2251615781362), rel=CLOSED_FORM
    )
    c = formulas.combine_arms(
        n=[8, 32, 64, 26], mean=[25.7, 23.5, 40.4, 41.8], sd=[14.38, 10.53, 6.33, 11.47]
    )
    assert (float(c.n), float(c.mean), float(c.sd)) == pytest.approx(
        (130, 35.6153846153846, 12.0210832654208), rel=CLOSED_FORM
    )


def test_combining_many_studies_at_once() -> None:
    many = formulas.combine_arms(n=[[20, 10], [25, 10]], mean=[[4.1, 1], [3.6, 1]], sd=[[2.2, 2], [2.5, 2]])
    one = formulas.combine_arms(n=[20, 25], mean=[4.1, 3.6], sd=[2.2, 2.5])
    assert many.sd.shape == (2,)
    assert many.sd[0] == pytest.approx(float(one.sd))
    assert repr(many) == "<CombinedArm: 2 arms>"


@given(st.floats(0.1, 200), st.floats(0.1, 200), st.floats(0, 1))
def test_correlation_over_time(first: float, second: float, rho: float) -> None:
    there = formulas.doubling_correlation(months_j=first, months_l=second, rho=rho)
    back = formulas.doubling_correlation(months_j=second, months_l=first, rho=rho)
    assert float(there) == pytest.approx(float(back), rel=1e-9, abs=1e-300)
    assert 0 <= there <= 1
    assert float(formulas.doubling_correlation(months_j=first, months_l=2 * first, rho=rho)) == pytest.approx(
        rho
    )


def test_correlation_of_visits_that_everybody_attended() -> None:
    assert float(formulas.overlap_correlation(r=0.7, n_j=50, n_l=50, n_both=50)) == pytest.approx(0.7)
    assert float(formulas.overlap_correlation(r=0.7, n_j=50, n_l=50, n_both=0)) == 0.0


def test_change_scores_share_their_baseline() -> None:
    # with uncorrelated scores of equal spread, half of the variance of each change is the shared baseline
    assert float(formulas.change_score_correlation(r_jl=0, r_base_j=0, r_base_l=0)) == 0.5
    assert float(formulas.change_score_correlation(r_jl=1, r_base_j=0.3, r_base_l=0.3)) == pytest.approx(1)


@given(st.floats(-5, 5), st.floats(0.05, 5), st.floats(0.1, 20))
def test_units_of_the_smallest_difference_and_back(d: float, se: float, unit: float) -> None:
    there = formulas.mid_units(d=d, se=se, mid=unit)
    back = formulas.smd_to_natural(g=there.yi, se=there.sei, sd_rep=unit)
    assert back.yi == pytest.approx(d, abs=ARITHMETIC)
    assert back.sei == pytest.approx(se)
    assert there.ci_low / there.sei == pytest.approx(back.ci_low / back.sei, abs=1e-6)


def test_scalars_give_scalars_and_vectors_vectors() -> None:
    assert np.ndim(formulas.sd_change(sd_base=1, sd_final=2, r=0.5)) == 0
    assert formulas.sd_change(sd_base=[1, 2], sd_final=2, r=0.5).shape == (2,)
    assert formulas.shared_control_covariance(sd_control=[2.0, 3.0], n_control=10).tolist() == [0.4, 0.9]


GOOD_ARMS = {"m1": 1, "sd1": 1, "n1": 9, "m2": 2, "sd2": 1, "n2": 9, "better": "lower"}
RD = {"events1": 5, "n1": 10, "events2": 4, "n2": 10}


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (formulas.se_from_ci, {"ci_low": 2, "ci_high": 1}, "ci_low must be below ci_high"),
        (formulas.se_from_ci, {"ci_low": [0, 1], "ci_high": [1, 1]}, "found 1 at position 1"),
        (formulas.se_from_ci, {"ci_low": 0, "ci_high": 1, "df": 0}, "df must be above 0"),
        (formulas.se_from_ci, {"ci_low": 0, "ci_high": 1, "level": 95}, "level must lie between 0 and 1"),
        (formulas.se_from_ci, {"ci_low": float("nan"), "ci_high": 1}, "ci_low must be finite"),
        (formulas.se_from_ci, {"ci_low": "low", "ci_high": 1}, "ci_low must be a number"),
        (formulas.se_from_ci, {"ci_low": [1, 2], "ci_high": [3, 4, 5]}, "arrays of one length"),
        (formulas.se_from_p, {"estimate": 1, "p": 0}, "p must be above 0"),
        (formulas.se_from_p, {"estimate": 1, "p": 1.2}, "at most 1"),
        (formulas.se_from_p, {"estimate": 1, "p": 1}, "p must be below 1"),
        (formulas.se_from_p, {"estimate": 0, "p": 0.5}, "must not be 0"),
        (formulas.sd_change, {"sd_base": -1, "sd_final": 1, "r": 0}, "sd_base must be 0 or more"),
        (formulas.sd_change, {"sd_base": 1, "sd_final": 1, "r": 1.1}, "r must lie from -1 to 1"),
        (formulas.r_from_sds, {"sd_base": 1, "sd_final": 1, "sd_change": 3}, "three standard deviations"),
        (formulas.r_from_sds, {"sd_base": 0, "sd_final": 1, "sd_change": 1}, "sd_base must be above 0"),
        (formulas.mean_difference, {**GOOD_ARMS, "n1": 1}, "n1 must be 2 or more"),
        (formulas.mean_difference, {**GOOD_ARMS, "sd2": -1}, "sd2 must be 0 or more"),
        (formulas.mean_difference, {**GOOD_ARMS, "sd1": 0, "sd2": 0}, "one standard deviation"),
        (formulas.mean_difference, {**GOOD_ARMS, "better": "lowest"}, 'did you mean "lower"'),
        (formulas.mean_difference, {**GOOD_ARMS, "method": "welsh"}, 'did you mean "welch"'),
        (formulas.hedges_g, {**GOOD_ARMS, "n2": 0}, "n2 must be 2 or more"),
        (formulas.hedges_g_from_d, {"d": 1, "sd_pooled": 0, "n1": 9, "n2": 9}, "sd_pooled must be above 0"),
        (formulas.small_sample_factor, {"n1": 9, "n2": 9, "method": "exakt"}, 'did you mean "exact"'),
        (formulas.pseudo_ancova, {**ANCOVA, "r": 1.0, "better": "lower"}, "r must lie between -1 and 1"),
        (
            formulas.pseudo_ancova,
            {**ANCOVA, "sd_base1": -1, "r": 0, "better": "lower"},
            "sd_base1 must be 0 or more",
        ),
        (formulas.rescale, {"value": 1, "from_range": (10, 0), "to_range": (0, 1)}, "from_range"),
        (formulas.rescale, {"value": 1, "from_range": (0, 10), "to_range": (0, 1, 2)}, "to_range"),
        (
            formulas.rescale,
            {"value": 1, "from_range": (0, 9), "to_range": (0, 1), "of": "sd"},
            "kind of value",
        ),
        (formulas.smd_to_natural, {"g": 1, "se": 0, "sd_rep": 2}, "se must be above 0"),
        (formulas.smd_to_natural, {"g": 1, "se": 1, "sd_rep": 0}, "sd_rep must be above 0"),
        (formulas.change_score_correlation, {"r_jl": 0, "r_base_j": 1, "r_base_l": 0}, "must be below 1"),
        (
            formulas.change_score_correlation,
            {"r_jl": -0.9, "r_base_j": 0.9, "r_base_l": 0.9},
            "possible together",
        ),
        (formulas.overlap_correlation, {"r": 0.5, "n_j": 10, "n_l": 5, "n_both": 6}, "n_both must lie"),
        (formulas.overlap_correlation, {"r": 0.5, "n_j": 0, "n_l": 5, "n_both": 0}, "n_j must be 1 or more"),
        (formulas.doubling_correlation, {"months_j": 0, "months_l": 1}, "months_j must be above 0"),
        (formulas.doubling_correlation, {"months_j": 1, "months_l": 1, "rho": 1.5}, "rho must lie"),
        (formulas.combine_arms, {"n": [9], "mean": [1], "sd": [1]}, "two or more groups"),
        (formulas.combine_arms, {"n": 9, "mean": 1, "sd": 1}, "two or more groups"),
        (formulas.combine_arms, {"n": [9, 0], "mean": [1, 1], "sd": [1, 1]}, "n must be 1 or more"),
        (formulas.combine_arms, {"n": [9, 9], "mean": [1, 1], "sd": [1, -1]}, "sd must be 0 or more"),
        (
            formulas.shared_control_covariance,
            {"sd_control": 1, "n_control": 1},
            "n_control must be 2 or more",
        ),
        (formulas.wilson_interval, {"events": 11, "n": 10}, "events must lie between 0"),
        (formulas.wilson_interval, {"events": 0, "n": 0}, "n must be 1 or more"),
        (formulas.risk_difference, {**RD, "events2": 11}, "events2 must lie between 0"),
        (formulas.risk_difference, {**RD, "events1": -1}, "events1 must lie between 0"),
        (formulas.log_odds_ratio_to_smd, {"lnor": 1, "se": 0}, "se must be above 0"),
        (formulas.mid_units, {"d": 1, "se": 1, "mid": -1}, "mid must be above 0"),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)
