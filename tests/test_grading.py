"""Hints are what numbers suggest: never from a judgement nobody made, never a rating."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.grading import (
    SUGGESTED,
    WORDS,
    BiasShare,
    Hint,
    Judgement,
    agreed,
    imprecision_hint,
    inconsistency_hint,
    indirectness_hint,
    optimal_information_size,
    overridden,
    publication_bias_hint,
    risk_of_bias_hint,
    starting_level,
    status,
)
from spineevidence.models import GRADE_DOMAINS, LOWERING
from spineevidence.pooling.smallstudy import egger_test
from spineevidence.stepwise import benefit_state

BANDS = ("low", "some", "high")


def test_every_domain_of_grade_has_a_name() -> None:
    assert tuple(WORDS) == GRADE_DOMAINS


@pytest.mark.parametrize(
    ("designs", "by_robins_i", "level", "said"),
    [
        ({"a": "rct"}, False, "high", "1 study, randomised."),
        ({"a": "rct", "b": "crossover_rct", "c": "cluster_rct"}, False, "high", "3 studies, all randomised."),
        ({"a": "nonrandomised_controlled"}, False, "low", "1 study, not randomised."),
        ({"a": "rct", "b": "registry"}, False, "low", "2 studies, not randomised: b. Randomised and other"),
        ({"a": "registry"}, True, "low", "GRADE guidelines 18 the level may start at high"),
    ],
)
def test_the_starting_level_is_that_of_the_designs(
    designs: dict[str, str], by_robins_i: bool, level: str, said: str
) -> None:
    found, reason = starting_level(designs, by_robins_i=by_robins_i)
    assert found == level
    assert said in reason
    assert ("GRADE guidelines 18" in reason) is by_robins_i


def shares(*parts: tuple[float, str | None]) -> list[BiasShare]:
    return [
        BiasShare(f"s{place}", share, band or "", band) for place, (share, band) in enumerate(parts, start=1)
    ]


@pytest.mark.parametrize(
    ("parts", "suggestion"),
    [
        ([(1.0, "low")], 0),
        ([(0.6, "low"), (0.4, "some")], 0),
        ([(0.6, "low"), (0.3, "some"), (0.1, "high")], 0),
        ([(0.5, "low"), (0.5, "some")], -1),
        ([(0.7, "low"), (0.3, "high")], -1),
        ([(1.0, "some")], -1),
        ([(0.3, "low"), (0.7, "high")], -1),
        ([(0.2, "low"), (0.8, "high")], -2),
        ([(1.0, "high")], -2),
        ([(1.0, None)], None),
        ([(0.9, "low"), (0.1, None)], 0),
        ([(0.7, "low"), (0.3, None)], None),
        ([(0.8, "high"), (0.2, None)], -2),
        ([(0.7, "high"), (0.3, None)], None),
        ([(0.6, "some"), (0.4, None)], -1),
    ],
)
def test_risk_of_bias_by_shares_of_the_weight(
    parts: list[tuple[float, str | None]], suggestion: int | None
) -> None:
    assert risk_of_bias_hint(shares(*parts)).suggestion == suggestion


def test_the_reason_says_whose_weight_is_not_assessed() -> None:
    found = risk_of_bias_hint(
        [
            BiasShare("a2001", 0.25),
            BiasShare("b2002", 0.45, "Some concerns", "some"),
            BiasShare("c2003", 0.3, "High", "high"),
        ]
    )
    assert found.reason == (
        "Some concerns 45 % of the weight (b2002), High 30 % (c2003), not assessed 25 % (a2001)."
    )
    assert "assessors disagree 100 %" in risk_of_bias_hint([BiasShare("a", 1.0, "assessors disagree")]).reason


WEIGHTED = st.lists(
    st.tuples(st.integers(1, 20), st.sampled_from([*BANDS, None])), min_size=1, max_size=6
).map(lambda parts: [(weight / sum(w for w, _ in parts), band) for weight, band in parts])


@given(WEIGHTED, st.data())
def test_a_hint_never_uses_a_judgement_nobody_made(
    parts: list[tuple[float, str | None]], data: st.DataObject
) -> None:
    """Whatever the risk of bias of studies without a judgement may be, the suggestion stays."""
    found = risk_of_bias_hint(shares(*parts)).suggestion
    filled = [(share, band or data.draw(st.sampled_from(BANDS))) for share, band in parts]
    if found is not None:
        assert risk_of_bias_hint(shares(*filled)).suggestion == found
    if all(band is None for _, band in parts):
        assert found is None


@given(WEIGHTED, st.data())
def test_worse_judgements_never_suggest_less(
    parts: list[tuple[float, str | None]], data: st.DataObject
) -> None:
    known = [(share, band or "some") for share, band in parts]
    place = data.draw(st.integers(0, len(known) - 1))
    share, band = known[place]
    assume(band != "high")
    worse = list(known)
    worse[place] = (share, BANDS[BANDS.index(band) + 1])
    before, after = (risk_of_bias_hint(shares(*each)).suggestion for each in (known, worse))
    assert after <= before


@pytest.mark.parametrize(
    ("delta", "sd", "per_arm"),
    [(1.0, 2.5, 99), (1.0, 2.0, 63), (0.1, 0.5, 393), (0.5, 1.0, 63), (10.0, 16.0, 41)],
)
def test_the_optimal_information_size_is_that_of_two_means(delta: float, sd: float, per_arm: int) -> None:
    """16 / d^2 per arm is the usual approximation (Lehr 1992): within two percent of it before rounding."""
    assert optimal_information_size(delta=delta, sd=sd) == 2 * per_arm
    assert per_arm == pytest.approx(15.7 * (sd / delta) ** 2, rel=0.03)


def test_the_optimal_information_size_with_another_power() -> None:
    assert optimal_information_size(delta=1.0, sd=2.5, power=0.9) == 2 * 132
    assert optimal_information_size(delta=1.0, sd=2.5, alpha=0.01) == 2 * 146


@pytest.mark.parametrize(
    "wrong",
    [
        {"delta": 0.0},
        {"delta": math.inf},
        {"sd": -1.0},
        {"sd": math.nan},
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"power": 1.0},
        {"power": math.nan},
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        optimal_information_size(**({"delta": 1.0, "sd": 2.5} | wrong))


@pytest.mark.parametrize(
    ("ci", "n", "suggestion", "said"),
    [
        ((1.2, 2.0), 400, 0, "holds neither 0 nor 1"),
        ((1.0, 2.0), 400, 0, "holds neither"),
        ((1.2, 2.0), 60, -1, "60 participants, the optimal information size is 198 (SD 2.5)"),
        ((1.2, 2.0), 197, -1, "197 participants"),
        ((1.2, 2.0), 198, 0, "198 participants"),
        ((1.2, 2.0), None, None, "participants not stated"),
        ((0.2, 0.8), 400, 0, "holds neither"),
        ((0.2, 1.5), 400, -1, "holds 1;"),
        ((0.2, 1.0), 400, -1, "holds 1;"),
        ((-0.5, 0.6), 400, 0, "holds 0 and excludes an important difference (1) either way"),
        ((0.0, 0.6), 400, 0, "holds 0 and"),
        ((-0.5, 0.6), None, None, "not stated"),
        ((-1.5, 0.6), 400, -1, "holds -1 and 0"),
        ((-1.5, -0.6), 400, -1, "holds -1;"),
        ((-1.0, -0.6), 400, -1, "holds -1;"),
        ((-2.0, -1.0), 400, 0, "holds neither"),
        ((-0.2, 1.5), 400, -2, "holds 0 and 1"),
        ((-0.2, 1.5), None, -2, "not stated"),
        ((-0.2, 1.5), 20, -2, "20 participants"),
        ((-2.0, 2.0), 400, -2, "holds -1, 0 and 1"),
    ],
)
def test_imprecision_by_interval_and_participants(
    ci: tuple[float, float], n: int | None, suggestion: int | None, said: str
) -> None:
    found = imprecision_hint(ci=ci, delta=1.0, n=n, sd=2.5)
    assert found.suggestion == suggestion
    assert said in found.reason


LIMIT = st.integers(-24, 24).map(lambda eighths: eighths / 8)  # so that limits often fall on thresholds


@given(LIMIT, LIMIT, LIMIT, LIMIT, st.sampled_from([None, 50, 198, 500]))
def test_a_wider_interval_never_suggests_less(
    one: float, two: float, below: float, above: float, n: int | None
) -> None:
    low, high = sorted((one, two))
    wide = (low - abs(below), high + abs(above))
    narrow = imprecision_hint(ci=(low, high), delta=1.0, n=n, sd=2.5).suggestion
    found = imprecision_hint(ci=wide, delta=1.0, n=n, sd=2.5).suggestion
    if found is None:
        assert narrow is None
    else:
        assert found <= (0 if narrow is None else narrow)


@given(LIMIT, LIMIT, st.integers(2, 900), st.integers(0, 900))
def test_more_participants_never_suggest_more(one: float, two: float, n: int, more: int) -> None:
    ci = (min(one, two), max(one, two))
    few, many = (imprecision_hint(ci=ci, delta=1.0, n=size, sd=2.5).suggestion for size in (n, n + more))
    assert many >= few


@given(LIMIT, LIMIT, st.sampled_from([0.25, 2.0, 8.0, 64.0]), st.sampled_from([None, 50, 500]))
def test_the_unit_of_the_effects_changes_no_suggestion(
    one: float, two: float, factor: float, n: int | None
) -> None:
    ci = (min(one, two), max(one, two))
    moved = (factor * ci[0], factor * ci[1])
    first = imprecision_hint(ci=ci, delta=1.0, n=n, sd=2.5).suggestion
    assert imprecision_hint(ci=moved, delta=factor, n=n, sd=2.5 * factor).suggestion == first


@given(LIMIT, LIMIT)
def test_an_interval_that_cannot_tell_is_imprecise(one: float, two: float) -> None:
    low, high = min(one, two), max(one, two)
    state = benefit_state(ci_low=low, ci_high=high, delta=1.0)
    found = imprecision_hint(ci=(low, high), delta=1.0, n=1000, sd=2.5).suggestion
    assert (found == -2) == (state == "inconclusive")
    if state in ("important_benefit", "small_benefit"):
        assert found == 0
    if state == "benefit":
        assert found == -1


@pytest.mark.parametrize(
    ("changed", "suggestion", "said"),
    [
        ({}, 0, "which holds no threshold that the mean does not (the mean: 0.40 to 0.90)"),
        ({"k": 1, "pi": None, "i2": None, "tau": None}, None, "One study: nothing to compare."),
        ({"k": 2}, None, "k 2: too few studies"),
        ({"pi": None}, None, "too few"),
        ({"pi": (-0.1, 0.9)}, -1, "which also holds 0 (the"),
        ({"pi": (0.1, 1.2)}, -1, "which also holds 1 (the"),
        ({"pi": (-0.1, 1.2)}, -2, "which also holds 0 and 1 (the"),
        ({"pi": (-0.1, 1.2), "i2": 40.0}, 0, "I2 up to 40 % might not be important"),
        ({"pi": (-0.1, 1.2), "i2": 0.0}, 0, "I2 0 %, tau 0.30, k 5."),
        ({"ci": (-0.1, 1.2), "pi": (-0.9, 2.0), "i2": 90.0}, 0, "holds no threshold that the mean does not"),
        (
            {"k": 2, "conflict": ("a (benefit)", "b (harm)")},
            -1,
            "contradict each other: a (benefit) and b (harm).",
        ),
        ({"conflict": ("a (benefit)", "b (harm)"), "i2": 10.0}, -1, "contradict each other"),
        ({"conflict": ("a (benefit)", "b (harm)"), "pi": (-0.1, 1.2)}, -2, "contradict each other"),
    ],
)
def test_inconsistency_by_the_prediction_interval(
    changed: dict[str, object], suggestion: int | None, said: str
) -> None:
    plain = {"k": 5, "ci": (0.4, 0.9), "pi": (0.2, 0.95), "delta": 1.0, "tau": 0.3, "i2": 60.0}
    found = inconsistency_hint(**(plain | changed))
    assert found.suggestion == suggestion
    assert said in found.reason


@pytest.mark.parametrize(
    ("conditions", "comparator", "suggestion", "said"),
    [
        ({"radicular_pain": 2}, "placebo", 0, "Conditions: radicular pain 2."),
        (
            {"radicular_pain": 2, "stenosis": 1},
            "placebo",
            -1,
            "radicular pain 2, stenosis 1. Direct only for",
        ),
        ({"stenosis": 1}, "active", None, "direct for which of both is better"),
        ({"radicular_pain": 2, "stenosis": 1}, "active", -1, "indirect for whether it works"),
        ({"stenosis": 1}, "active_placebo", 0, "may have an effect of its own"),
        ({"stenosis": 1}, "usual_care", 0, "stenosis 1."),
    ],
)
def test_indirectness_by_conditions_and_comparator(
    conditions: dict[str, int], comparator: str, suggestion: int | None, said: str
) -> None:
    found = indirectness_hint(conditions=conditions, comparator=comparator)
    assert found.suggestion == suggestion
    assert said in found.reason


SIZES = [0.01 * size for size in range(1, 13)]


@pytest.mark.parametrize(
    ("yi", "suggestion", "said"),
    [
        ([math.sqrt(vi) * 4 + (-1) ** place * 0.01 for place, vi in enumerate(SIZES)], -1, "larger benefits"),
        (
            [-math.sqrt(vi) * 4 + (-1) ** place * 0.01 for place, vi in enumerate(SIZES)],
            0,
            "smaller benefits",
        ),
        ([0.5 + (-1) ** place * 0.2 for place in range(12)], 0, "k 12."),
    ],
)
def test_publication_bias_by_small_study_effects(yi: list[float], suggestion: int, said: str) -> None:
    test = egger_test(EffectSizes(yi=yi, vi=SIZES))
    found = publication_bias_hint(k=12, egger=test)
    assert found.suggestion == suggestion
    assert said in found.reason
    assert f"p {test.p:.2g}" in found.reason


def test_publication_bias_is_not_judged_where_there_is_no_test() -> None:
    strong = egger_test(EffectSizes(yi=[0.1, 0.4, 0.9], vi=[0.01, 0.04, 0.09]))
    assert publication_bias_hint(k=9, egger=strong).suggestion is None
    assert "k 9 < 10" in publication_bias_hint(k=9, egger=strong).reason
    found = publication_bias_hint(k=12, egger=None, problem="all studies have the same variance")
    assert (found.suggestion, "the same variance" in found.reason) == (None, True)


HINT = Hint("imprecision", -1, "The interval holds 0.")


def test_until_a_person_has_judged_it_is_a_suggestion() -> None:
    assert HINT.status == SUGGESTED == "suggested, not assessed"
    assert HINT.judged is None


def test_a_judgement_stands_over_a_hint_with_who_and_why() -> None:
    made = overridden(HINT, judgement=-2, reason="36 patients", assessor="AB", citekey="src", line=4)
    assert (made.judged, made.suggestion, made.reason) == (-2, -1, HINT.reason)
    assert made.status == "judged -2 by AB: 36 patients"
    assert made.judgements[0].line == 4
    assert HINT.judgements == ()


@pytest.mark.parametrize("missing", ["reason", "assessor"])
@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_judgement_without_a_reason_or_a_name_is_refused(missing: str, blank: str) -> None:
    words = {"reason": "36 patients", "assessor": "AB"} | {missing: blank}
    with pytest.raises(InputError, match=f"has no {missing}"):
        overridden(HINT, judgement=0, **words)
    with pytest.raises(InputError, match=f"has no {missing}"):
        Judgement("low", **words)


@pytest.mark.parametrize("wrong", [1, -4, 2])
def test_a_domain_lowers_by_three_at_most(wrong: int) -> None:
    with pytest.raises(InputError, match="imprecision is judged by 0, -1, -2, -3; found"):
        overridden(HINT, judgement=wrong, reason="x", assessor="AB")


def test_assessors_who_disagree_are_shown_and_not_merged() -> None:
    first = overridden(HINT, judgement=-2, reason="few", assessor="AB")
    both = overridden(first, judgement=0, reason="enough", assessor="CD")
    assert both.judged is None
    assert both.status == "assessors disagree: -2 by AB: few; 0 by CD: enough"
    same = overridden(first, judgement=-2, reason="wide", assessor="CD")
    assert (same.judged, same.status) == (-2, "judged -2 by AB: few; -2 by CD: wide")
    assert agreed(()) == ""
    assert status(()) == SUGGESTED


@given(st.sampled_from(LOWERING), st.sampled_from([0, -1, -2, None]), st.sampled_from([0, -1, -2, -3]))
def test_a_judgement_is_what_counts_whatever_was_suggested(
    domain: str, suggestion: int | None, judgement: int
) -> None:
    made = overridden(Hint(domain, suggestion, "why"), judgement=judgement, reason="because", assessor="AB")
    assert made.judged == judgement
    assert made.suggestion == suggestion
