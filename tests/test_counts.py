"""Effects of counts: values from R and from papers, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import counts, transformations

CLOSED_FORM = 1e-10  # the reference values have 15 digits; log-gamma costs about 5e-14

OF_TWO_ARMS = (
    counts.risk_ratio,
    counts.odds_ratio,
    counts.odds_ratio_as_smd,
    counts.risk_difference,
    counts.arcsine_difference,
    counts.peto_odds_ratio,
    counts.phi_coefficient,
    counts.yule_q,
    counts.yule_y,
)

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


def test_risk_difference_equals_metafor() -> None:
    effect = counts.risk_difference(
        events1=BCG["events1"],
        n1=BCG["events1"] + BCG["none1"],
        events2=BCG["events2"],
        n2=BCG["events2"] + BCG["none2"],
    )
    assert effect.yi == pytest.approx(BCG_RD_YI, rel=CLOSED_FORM)
    assert effect.vi == pytest.approx(BCG_RD_VI, rel=CLOSED_FORM)
    assert effect.notes == ()


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
    effect = counts.risk_difference(events1=e1, n1=n1, events2=e2, n2=n2)
    assert effect.ci_low[0] == pytest.approx(low, abs=PRINTED)
    assert effect.ci_high[0] == pytest.approx(high, abs=PRINTED)
    turned = counts.risk_difference(events1=e1, n1=n1, events2=e2, n2=n2, better="lower")
    assert (turned.ci_low[0], turned.ci_high[0]) == (-effect.ci_high[0], -effect.ci_low[0])


@pytest.mark.parametrize(("events", "n", "low", "high"), WILSON)
def test_the_published_examples_of_the_score_interval(events: int, n: int, low: float, high: float) -> None:
    found = counts.wilson_interval(events=events, n=n)
    assert found == pytest.approx((low, high), abs=PRINTED)


def test_arms_without_variation_get_a_variance_and_a_note() -> None:
    effect = counts.risk_difference(events1=[0, 5], n1=[10, 10], events2=[0, 3], n2=[20, 10])
    assert effect.vi[0] == pytest.approx((0.5 / 11) * (10.5 / 11) / 11 + (0.5 / 21) * (20.5 / 21) / 21)
    assert effect.vi[1] == pytest.approx(0.25 / 10 + 0.21 / 10)
    assert len(effect.notes) == 1


@given(st.integers(1, 300), st.data())
def test_wilson_limits_hold_the_share_and_mirror(n: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, n))
    low, high = counts.wilson_interval(events=events, n=n)
    assert 0 <= low <= events / n + 1e-12
    assert events / n - 1e-12 <= high <= 1
    other_low, other_high = counts.wilson_interval(events=n - events, n=n)
    assert (1 - other_high, 1 - other_low) == pytest.approx((low, high), abs=1e-12)


# Borenstein M et al. (2009), Introduction to Meta-Analysis, pp. 34-38: 5 of 100 died, and 10 of 100
BORENSTEIN = {"events1": 5, "n1": 100, "events2": 10, "n2": 100}


@pytest.mark.parametrize(
    ("call", "effect", "variance", "digits"),
    [
        (counts.risk_ratio, -0.6931, 0.2800, 5.1e-5),
        (counts.odds_ratio, -0.7472, 0.3216, 5.1e-5),
        (counts.risk_difference, -0.0500, 0.001375, 5.1e-7),
    ],
)
def test_the_example_of_a_textbook(
    call: Callable[..., EffectSizes], effect: float, variance: float, digits: float
) -> None:
    found = call(**BORENSTEIN)
    assert found.yi[0] == pytest.approx(effect, abs=PRINTED)
    assert found.vi[0] == pytest.approx(variance, abs=digits)


# Reference pages of Bonett's R package statpsych: ci.phi, ci.yule and ci.oddsratio (.05, 229, 28, 96, 24);
# the last two add 1/2 to every cell. https://dgbonett.github.io/statpsych/reference/ci.yule.html
BONETT = {"events1": 24, "n1": 24 + 28, "events2": 96, "n2": 96 + 229}
SEVEN_DIGITS = 5.1e-8


@pytest.mark.parametrize(
    ("call", "to", "effect", "error"),
    [
        (counts.phi_coefficient, "none", 0.1229976, 0.05477117),
        (counts.yule_q, "all", 0.3430670, 0.13280379),
        (counts.yule_y, "all", 0.1769015, 0.07290438),
    ],
)
def test_the_examples_of_association_by_bonett(
    call: Callable[..., EffectSizes], to: str, effect: float, error: float
) -> None:
    found = call(**BONETT, to=to)
    assert found.yi[0] == pytest.approx(effect, abs=SEVEN_DIGITS)
    assert found.sei[0] == pytest.approx(error, abs=SEVEN_DIGITS)


def test_the_example_of_the_odds_ratio_by_bonett() -> None:
    found = counts.odds_ratio(**BONETT, to="all")
    ratio, low, high = np.exp([found.yi[0], found.ci_low[0], found.ci_high[0]])
    assert (ratio, low, high) == pytest.approx((2.044451, 1.133267, 3.688254), abs=5.1e-7)
    assert ratio * found.sei[0] == pytest.approx(0.6154578, abs=SEVEN_DIGITS)  # delta method


def test_observed_expected_and_variance_of_a_training_case() -> None:
    # CDC, Oral contraceptive use and ovarian cancer (811-X11), participant's guide, p. 7: 93 of 1052 and
    # 86 of 769 are cases, "E(a) = 103.41" and "MH variance = 39.40"
    found = counts.peto_odds_ratio(events1=93, n1=1052, events2=86, n2=769)
    information = 1 / found.vi[0]
    assert information == pytest.approx(39.40, abs=5.1e-3)
    assert 93 - found.yi[0] * information == pytest.approx(103.41, abs=5.1e-3)


def test_peto_estimates_pool_to_the_log_odds_ratio_of_r() -> None:
    # metadat dat.hine1989, metafor::rma.peto
    events1, events2 = np.array([2, 4, 6, 7, 7, 11]), np.array([1, 4, 4, 5, 3, 4])
    n1, n2 = np.array([39, 44, 107, 103, 110, 154]), np.array([43, 44, 110, 100, 106, 146])
    found = counts.peto_odds_ratio(events1=events1, n1=n1, events2=events2, n2=n2)
    weights = 1 / found.vi
    assert (found.yi * weights).sum() / weights.sum() == pytest.approx(0.563757666121061, rel=CLOSED_FORM)
    assert weights.sum() ** -0.5 == pytest.approx(0.269517193773476, rel=CLOSED_FORM)


def test_half_of_cohens_h() -> None:
    # Zaiontz C, Real Statistics Using Excel, "Cohen's h Effect Size": COHENH(.5, .6) = -.20136, which is
    # twice the difference; its variance, 1/n1 + 1/n2, is four times ours
    found = counts.arcsine_difference(events1=25, n1=50, events2=36, n2=60)
    assert 2 * found.yi[0] == pytest.approx(-0.20136, abs=5.1e-6)
    assert 4 * found.vi[0] == pytest.approx(1 / 50 + 1 / 60)


# Borenstein M et al. (2009), chapter 7, p. 47: log odds ratio 0.9069 with variance 0.0676 is d = 0.5000 with
# 0.0205. Sánchez-Meca J et al. (2003): the variance by Cox is 0.367 times the sum of the inverted cells.
@pytest.mark.parametrize(
    ("method", "factor", "square", "digits"),
    [("logistic", 0.5000 / 0.9069, 0.0205 / 0.0676, 8e-4), ("normal", 1 / 1.65, 0.367, 5.1e-4)],
)
def test_an_odds_ratio_as_standardised_difference(
    method: str, factor: float, square: float, digits: float
) -> None:
    ratio = counts.odds_ratio(**BONETT)
    found = counts.odds_ratio_as_smd(**BONETT, method=method)
    assert found.yi[0] / ratio.yi[0] == pytest.approx(factor, abs=1e-4)
    assert found.vi[0] / ratio.vi[0] == pytest.approx(square, abs=digits)
    assert method in found.notes[0]


def test_the_double_arcsines_of_miller() -> None:
    # Miller JJ (1978), The American Statistician 32:138, table: the sum of the two arcsines, not their mean
    found = counts.proportion(events=[3, 6, 10, 1], n=[11, 17, 21, 6], scale="double_arcsine")
    assert 2 * found.yi == pytest.approx([1.1391, 1.2888, 1.5253, 0.9515], abs=PRINTED)
    assert 4 * found.vi == pytest.approx([0.0870, 0.0571, 0.0465, 0.1538], abs=PRINTED)


def test_the_rules_for_cells_of_0() -> None:
    # metafor 3.8-1: escalc(measure="OR", to="if0all", drop00=TRUE); a dropped table is not seen by the rule
    trials = {"events1": [0, 3, 4], "n1": [10, 8, 10], "events2": [0, 2, 3], "n2": [9, 9, 11]}
    found = counts.odds_ratio(**trials, to="if0all", drop00=True)
    assert np.isnan(found.yi[0])
    assert found.yi[1:] == pytest.approx([0.7419, 0.5754], abs=PRINTED)
    assert found.vi[1:] == pytest.approx([1.1762, 0.8750], abs=PRINTED)
    assert "1 of 3 tables had no event, or only events, in both arms" in found.notes[0]
    assert len(found.notes) == 1
    kept = counts.odds_ratio(**trials, to="if0all")
    assert kept.notes == ("0.5 was added to each cell of 3 of 3 tables (all, as one has a cell of 0).",)
    assert kept.yi[0] == pytest.approx(np.log((0.5 * 9.5) / (10.5 * 0.5)))


@pytest.mark.parametrize(
    ("variance", "expected"),
    [
        ("LS", [0.0485012646, 0.0420315552, 0.0350222908]),
        ("UB", [0.0550870811, 0.0465013774, 0.0403549383]),
        ("AV", [0.0481594719, 0.0389149230, 0.0571112948]),
    ],
)
def test_tables_taken_out_give_nothing_to_the_pooled_proportions(
    variance: str, expected: list[float]
) -> None:
    # metafor 3.8-1: escalc(measure="RD", to="only0", drop00=TRUE, vtype=...)
    found = counts.risk_difference(
        events1=[0, 3, 4, 0],
        n1=[10, 8, 10, 5],
        events2=[0, 2, 3, 2],
        n2=[9, 9, 11, 8],
        to="only0",
        drop00=True,
        interval="wald",
        variance=variance,
    )
    assert np.isnan([found.yi[0], found.vi[0], found.ci_low[0]]).all()
    assert found.vi[1:] == pytest.approx(expected, abs=5.1e-11)


def test_what_was_done_to_cells_of_0_is_said() -> None:
    trials = {"events1": [0, 3, 0, 10], "n1": [10, 10, 12, 10], "events2": [4, 5, 0, 12], "n2": 12}
    added = counts.risk_ratio(**trials)
    assert added.notes == (
        "0.5 was added to each cell of 3 of 4 tables (those with a cell of 0): positions 0, 2, 3.",
    )
    left = counts.risk_ratio(**trials, to="none")
    assert left.notes == (
        "2 of 4 tables gave no estimate, for cells of 0: positions 0, 2.",
        "1 of 4 tables have a variance of 0 and no weight: position 3.",
    )
    assert left.estimable().yi == pytest.approx([np.log(0.3 / (5 / 12))])
    untouched = counts.risk_ratio(events1=3, n1=10, events2=5, n2=12)
    assert untouched.notes == ()


def test_a_variance_of_0_stays_or_is_filled_by_choice() -> None:
    trials = {"events1": [0, 5], "n1": [10, 10], "events2": [0, 3], "n2": [20, 10]}
    assert counts.risk_difference(**trials, interval="wald").vi[0] == 0
    assert counts.risk_difference(**trials).vi[0] > 0
    assert counts.risk_difference(**trials, variance="UB").vi[0] > 0
    assert counts.risk_difference(**trials, variance="UB").vi[1] == pytest.approx(0.25 / 9 + 0.21 / 9)
    q1, q2 = 0.5 / 11, 0.5 / 21
    filled = counts.risk_difference(**trials, variance="UB").vi[0]
    assert filled == pytest.approx(q1 * (1 - q1) / 10 + q2 * (1 - q2) / 20)
    plain = counts.risk_difference(**trials).vi[0]
    assert plain == pytest.approx(q1 * (1 - q1) / 11 + q2 * (1 - q2) / 21)
    dropped = counts.risk_difference(**trials, drop00=True)
    assert np.isnan([dropped.yi[0], dropped.vi[0], dropped.ci_low[0], dropped.ci_high[0]]).all()


@pytest.mark.parametrize(("events1", "events2"), [(0, 0), (10, 20), (10, 0), (0, 20)])
@pytest.mark.parametrize("variance", ["LS", "UB", "AV"])
def test_whoever_had_the_event_a_variance_of_0_is_filled(events1: int, events2: int, variance: str) -> None:
    table = {"events1": events1, "n1": 10, "events2": events2, "n2": 20, "variance": variance}
    found = counts.risk_difference(**table)
    less = 1 if variance == "UB" else 0
    q1, q2 = 0.5 / 11, 0.5 / 21
    assert found.vi[0] == pytest.approx(q1 * (1 - q1) / (11 - less) + q2 * (1 - q2) / (21 - less))
    assert "1/2 added to each cell" in found.notes[-1]
    assert counts.risk_difference(**table, interval="wald").vi[0] == 0


def test_a_pooled_variance_of_0_is_that_of_all_tables_filled() -> None:
    trials = {"events1": [0, 0], "n1": [10, 20], "events2": [0, 0], "n2": [12, 9], "variance": "AV"}
    found = counts.risk_difference(**trials)
    filled = counts.risk_difference(**trials, interval="wald", to="all", add=0.5)
    assert found.yi.tolist() == [0, 0]
    assert found.vi == pytest.approx(filled.vi)
    some = counts.risk_difference(**trials | {"events1": [0, 3]})
    assert some.vi == pytest.approx([0.1 * 0.9 / 10, 0.1 * 0.9 / 20])
    assert len(some.notes) == 1


@pytest.mark.parametrize("events1", [0, 0.5, 1])
def test_an_arm_of_one_patient_has_no_unbiased_variance_but_an_estimate(events1: float) -> None:
    trials = {"events1": [events1, 4], "n1": [1, 9], "events2": [1, 2], "n2": [3, 9]}
    found = counts.risk_difference(**trials, variance="UB")
    known = counts.risk_difference(**trials)
    assert found.yi.tolist() == known.yi.tolist()
    assert (found.ci_low.tolist(), found.ci_high.tolist()) == (known.ci_low.tolist(), known.ci_high.tolist())
    assert np.isnan(found.vi).tolist() == [True, False]
    assert found.notes == ('An arm of 1 patient has no variance "UB" in 1 of 2 tables: position 0.',)
    wald = counts.risk_difference(**trials, variance="UB", interval="wald")
    assert np.isnan(wald.ci_low).tolist() == [True, False]
    assert len(found.estimable()) == 1


def test_phi_of_a_table_without_error_is_1_and_has_no_variance() -> None:
    found = counts.phi_coefficient(events1=[7, 0, 4], n1=[7, 11, 7], events2=[0, 13, 0], n2=[9, 13, 9])
    assert found.yi[:2].tolist() == [1.0, -1.0]
    assert found.vi[:2].tolist() == [0.0, 0.0]
    assert found.vi[2] > 0.001


def test_phi_variance_equals_the_closed_expression() -> None:
    # Bishop YMM et al. (2007), chapter 11: the variance of phi in one sample, by its margins
    a, b, c, d = 24.0, 28.0, 96.0, 229.0
    n = a + b + c + d
    row, column = (a + b) / n, (a + c) / n
    skew1 = (1 - 2 * row) / np.sqrt(row * (1 - row))
    skew2 = (1 - 2 * column) / np.sqrt(column * (1 - column))
    found = counts.phi_coefficient(**BONETT)
    r = found.yi[0]
    variance = (1 - r**2 + r * (1 + r**2 / 2) * skew1 * skew2 - 0.75 * r**2 * (skew1**2 + skew2**2)) / n
    assert found.vi[0] == pytest.approx(variance, rel=CLOSED_FORM)


@st.composite
def tables(draw: st.DrawFn, least: int = 1) -> dict[str, int]:
    """Return a table with `least` patients or more in every cell."""
    n1, n2 = draw(st.integers(2 * least + 1, 400)), draw(st.integers(2 * least + 1, 400))
    return {
        "events1": draw(st.integers(least, n1 - least)),
        "n1": n1,
        "events2": draw(st.integers(least, n2 - least)),
        "n2": n2,
    }


@pytest.mark.parametrize("call", OF_TWO_ARMS)
@given(table=tables())
def test_swapping_arms_or_turning_the_direction_flips_the_sign_only(
    call: Callable[..., EffectSizes], table: dict[str, int]
) -> None:
    effect = call(**table)
    assert effect.vi[0] > 0
    swapped = call(events1=table["events2"], n1=table["n2"], events2=table["events1"], n2=table["n1"])
    lower = call(**table, better="lower")
    for other in (swapped, lower):
        assert other.yi[0] == pytest.approx(-effect.yi[0], rel=1e-9, abs=1e-12)
        assert other.vi[0] == pytest.approx(effect.vi[0], rel=1e-9)
        limits = (-effect.ci_high[0], -effect.ci_low[0])
        assert (other.ci_low[0], other.ci_high[0]) == pytest.approx(limits, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("call", [call for call in OF_TWO_ARMS if call is not counts.risk_ratio])
@given(table=tables())
def test_counting_those_without_the_event_flips_the_sign_only(
    call: Callable[..., EffectSizes], table: dict[str, int]
) -> None:
    effect = call(**table)
    mirrored = call(
        events1=table["n1"] - table["events1"],
        n1=table["n1"],
        events2=table["n2"] - table["events2"],
        n2=table["n2"],
    )
    assert mirrored.yi[0] == pytest.approx(-effect.yi[0], rel=1e-9, abs=1e-12)
    assert mirrored.vi[0] == pytest.approx(effect.vi[0], rel=1e-9)


@pytest.mark.parametrize("call", [call for call in OF_TWO_ARMS if call is not counts.peto_odds_ratio])
@given(table=tables(), times=st.integers(2, 9))
def test_more_patients_alike_divide_the_variance(
    call: Callable[..., EffectSizes], table: dict[str, int], times: int
) -> None:
    effect, larger = call(**table), call(**{name: times * value for name, value in table.items()})
    assert larger.yi[0] == pytest.approx(effect.yi[0], rel=1e-9, abs=1e-12)
    assert larger.vi[0] == pytest.approx(effect.vi[0] / times, rel=1e-9)


@given(tables())
def test_yules_coefficients_are_one_odds_ratio(table: dict[str, int]) -> None:
    ratio = float(np.exp(counts.odds_ratio(**table).yi[0]))
    q, y = counts.yule_q(**table).yi[0], counts.yule_y(**table).yi[0]
    assert (1 + q) / (1 - q) == pytest.approx(ratio, rel=1e-6)
    assert ((1 + y) / (1 - y)) ** 2 == pytest.approx(ratio, rel=1e-6)
    assert 2 * y / (1 + y**2) == pytest.approx(q, rel=1e-9, abs=1e-12)


@given(tables())
def test_phi_is_the_correlation_of_the_patients(table: dict[str, int]) -> None:
    arm = np.repeat([1, 0], [table["n1"], table["n2"]])
    event = np.concatenate(
        [np.arange(table[f"n{i}"]) < table[f"events{i}"] for i in (1, 2)],
    )
    phi = counts.phi_coefficient(**table).yi[0]
    assert phi == pytest.approx(np.corrcoef(arm, event)[0, 1], abs=1e-12)


@given(st.integers(2, 300), st.data())
def test_a_proportion_can_be_had_back_from_every_scale(n: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(1, n - 1))
    found = {
        scale: counts.proportion(events=events, n=n, scale=scale)
        for scale in ("raw", "log", "logit", "arcsine", "double_arcsine")
    }
    share = events / n
    assert found["raw"].yi[0] == pytest.approx(share)
    assert np.exp(found["log"].yi[0]) == pytest.approx(share)
    assert 1 / (1 + np.exp(-found["logit"].yi[0])) == pytest.approx(share)
    assert np.sin(found["arcsine"].yi[0]) ** 2 == pytest.approx(share)
    double = found["double_arcsine"].yi[0]
    assert float(transformations.inverse_double_arcsine(x=double, n=n)) == pytest.approx(share)
    assert found["double_arcsine"].vi[0] == pytest.approx(1 / (4 * n + 2))
    assert all(effect.vi[0] > 0 and effect.estimand == "" for effect in found.values())
    # the delta method: the variance on a scale is the raw one times the squared slope
    raw = found["raw"].vi[0]
    assert found["log"].vi[0] == pytest.approx(raw / share**2)
    assert found["logit"].vi[0] == pytest.approx(raw / (share * (1 - share)) ** 2)
    assert found["arcsine"].vi[0] == pytest.approx(raw / (4 * share * (1 - share)))


def test_proportions_of_none_or_all_are_filled_unless_the_scale_bears_them() -> None:
    # metafor 3.8-1: escalc of each measure with its own default
    events, n = [0, 5, 10], [10, 12, 10]
    raw = counts.proportion(events=events, n=n)
    assert raw.yi == pytest.approx([0.04545455, 0.41666667, 0.95454545], abs=5.1e-9)
    assert raw.vi == pytest.approx([0.00394440, 0.02025463, 0.00394440], abs=5.1e-9)
    assert raw.notes == (
        "0.5 was added to each cell of 2 of 3 groups (those with a cell of 0): positions 0, 2.",
    )
    double = counts.proportion(events=events, n=n, scale="double_arcsine")
    assert double.yi == pytest.approx([0.15313868, 0.70793133, 1.41765764], abs=5.1e-9)
    assert double.notes == ()
    log = counts.proportion(events=events, n=n, scale="log", to="none")
    assert log.notes[0] == "1 of 3 groups gave no estimate, for cells of 0: position 0."
    assert log.vi[2] == 0


@pytest.mark.parametrize("call", OF_TWO_ARMS)
def test_tables_of_every_kind_stay_beside_their_rows(call: Callable[..., EffectSizes]) -> None:
    events1, events2 = np.meshgrid(np.arange(4), np.arange(3))
    for to in ("only0", "all", "if0all", "none"):
        words = {"interval": "wald"} if call is counts.risk_difference else {}
        found = call(events1=events1.ravel(), n1=3, events2=events2.ravel(), n2=2, to=to, **words)
        assert len(found) == 12
        assert (np.isnan(found.yi) == np.isnan(found.vi)).all()
        assert to == "none" or found.defined.all()
        assert found.estimable().vi.min() > 1e-3
    assert len(call(events1=[], n1=[], events2=[], n2=[])) == 0


RD = {"events1": 5, "n1": 10, "events2": 4, "n2": 10}


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (counts.wilson_interval, {"events": 11, "n": 10}, "events must lie between 0"),
        (counts.wilson_interval, {"events": 0, "n": 0}, "n must be 1 or more"),
        (counts.risk_difference, {**RD, "events2": 11}, "events2 must lie between 0"),
        (counts.risk_difference, {**RD, "events1": -1}, "events1 must lie between 0"),
        (counts.risk_difference, {**RD, "to": "only0"}, "counts as they are; found to='only0'"),
        (counts.risk_difference, {**RD, "interval": "exact"}, 'no interval is called "exact"'),
        (counts.risk_difference, {**RD, "variance": "HO"}, 'no variance is called "HO"'),
        (counts.risk_ratio, {**RD, "n1": 0}, "n1 must be 1 or more"),
        (counts.odds_ratio, {**RD, "to": "only"}, 'did you mean "only0"'),
        (counts.odds_ratio, {**RD, "add": -0.5}, "add must be 0 or more; found -0.5"),
        (counts.odds_ratio, {**RD, "add": float("nan")}, "add must be 0 or more"),
        (counts.odds_ratio, {**RD, "events1": float("nan")}, "events1 must be finite"),
        (counts.odds_ratio_as_smd, {**RD, "method": "probit"}, 'no method is called "probit"'),
        (counts.peto_odds_ratio, {**RD, "better": "more"}, 'no direction is called "more"'),
        (counts.phi_coefficient, {**RD, "n2": [10, 20], "n1": [10, 10, 10]}, "arrays of one length"),
        (counts.proportion, {"events": 11, "n": 10}, "events must lie between 0"),
        (counts.proportion, {"events": 1, "n": 10, "scale": "probit"}, 'no scale is called "probit"'),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)


def test_the_published_example_of_a_proportion() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I: 81 of 263, simple interval 0.2522 to 0.3638,
    # and 15 of 148, 0.0527 to 0.1500
    found = counts.proportion(events=[81, 15], n=[263, 148])
    assert found.ci_low == pytest.approx([0.2522, 0.0527], abs=5.1e-5)
    assert found.ci_high == pytest.approx([0.3638, 0.1500], abs=5.1e-5)


def test_the_published_example_of_arcsine_scales() -> None:
    # W Viechtbauer, mailing list R-sig-meta-analysis, "Freeman-Tukey double arcsine transformation and
    # harmonic mean": 4 of 10 give 0.6847 (0.0250) by the arcsine and 0.6936 (0.0238) by the double arcsine
    for scale, yi, vi in (("arcsine", 0.6847, 0.0250), ("double_arcsine", 0.6936, 0.0238)):
        found = counts.proportion(events=4, n=10, scale=scale)
        assert (found.yi[0], found.vi[0]) == pytest.approx((yi, vi), abs=5.1e-5)
