"""The sentences: one for each code, never beyond the last follow-up, a change never a benefit."""

from __future__ import annotations

import re

import pytest

from planting import BUNDLED
from spineevidence.curves import Curve, curve_for
from spineevidence.evidence import load_evidence
from spineevidence.lanes import VOTE_STATES
from spineevidence.lines import Vote, count_votes, vote_times
from spineevidence.stepwise import CHANGE_STATES, CODES, STATES, StepwiseDuration, stepwise_duration
from spineevidence.wording import (
    COMPARATORS,
    code_in_words,
    reported_sentence,
    state_in_words,
    stepwise_sentence,
)

FORBIDDEN_OF_CHANGE = re.compile(r"benefit|effect|relief|works", re.IGNORECASE)


@pytest.fixture(scope="module")
def pain() -> Curve:
    return curve_for(load_evidence(BUNDLED), domain="pain", measure=None)


def steps(*visits: tuple[float, float, float]) -> StepwiseDuration:
    """A series of (months, lower, upper limit)."""
    months, low, high = zip(*visits, strict=True)
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    return stepwise_duration(months=months, estimate=middle, ci_low=low, ci_high=high, delta=1.0)


SERIES: dict[str, tuple[StepwiseDuration, str]] = {
    "interval": (
        steps((1, 1.2, 2), (3, 0.2, 1.4), (6, -0.5, 1.2), (12, -0.6, 0.6)),
        "Benefit over sham or placebo shown through 3 months; an important benefit (1.0 point) excluded from "
        "12 months; at least 1.0 point through 1 month; cannot tell at 6 months; last follow-up 12 months.",
    ),
    "right_censored_at_horizon": (
        steps((1, 0.5, 2), (6, 0.2, 1.4)),
        "Benefit over sham or placebo shown at every visit through 6 months, the last follow-up.",
    ),
    "unresolved_after": (
        steps((1, 0.5, 2), (6, -0.2, 1.4)),
        "Benefit over sham or placebo shown through 1 month; cannot tell at 6 months; "
        "last follow-up 6 months.",
    ),
    "none_from_first": (
        steps((1, -0.5, 0.5), (6, -0.4, 0.4)),
        "No benefit over sham or placebo shown; an important benefit (1.0 point) excluded from 1 month on; "
        "last follow-up 6 months.",
    ),
    "excluded_late_only": (
        steps((1, -0.5, 1.2), (6, -0.4, 0.9)),
        "No benefit over sham or placebo shown; an important benefit (1.0 point) excluded from 6 months on; "
        "cannot tell at 1 month; last follow-up 6 months.",
    ),
    "small_benefit": (
        steps((1, 0.1, 0.5), (6, 0.1, 0.4)),
        "Benefit over sham or placebo shown through 6 months, but smaller than an important one: an "
        "important benefit (1.0 point) excluded from 1 month; last follow-up 6 months.",
    ),
    "delayed_or_intermittent": (
        steps((1, -0.5, 1.2), (3, 1.0, 2.4), (12, -0.4, 0.6)),
        "No benefit over sham or placebo shown at 1 month, but at 3 months (level adjusted for 3 visits); an "
        "important benefit (1.0 point) excluded from 12 months; cannot tell at 1 month; last follow-up "
        "12 months.",
    ),
    "indeterminate": (
        steps((1, -0.5, 1.2), (6, -0.4, 1.1)),
        "Cannot tell whether there is a benefit over sham or placebo (inconclusive at 1 month and 6 months); "
        "last follow-up 6 months.",
    ),
}


def test_there_is_a_series_for_every_code() -> None:
    assert SERIES.keys() == CODES.keys()


@pytest.mark.parametrize("code", SERIES)
def test_a_sentence_for_every_code(code: str, pain: Curve) -> None:
    series, sentence = SERIES[code]
    assert series.code == code
    assert stepwise_sentence(series, pain, "placebo") == sentence


@pytest.mark.parametrize("code", SERIES)
def test_no_code_claims_that_there_is_no_benefit(code: str, pain: Curve) -> None:
    for comparator in ("placebo", "active_placebo", "usual_care", "active"):
        said = stepwise_sentence(SERIES[code][0], pain, comparator).lower()
        for found in re.finditer("no benefit", said):
            assert " shown" in said[found.start() :].split(";")[0]
        assert COMPARATORS[comparator] in said


@pytest.mark.parametrize("code", SERIES)
def test_a_change_is_never_worded_as_an_effect(code: str, pain: Curve) -> None:
    assert not FORBIDDEN_OF_CHANGE.search(stepwise_sentence(SERIES[code][0], pain, "change"))
    assert not FORBIDDEN_OF_CHANGE.search(code_in_words(code, change=True))


def test_every_state_has_words_for_a_change() -> None:
    assert CHANGE_STATES.keys() == STATES.keys()
    for state in {*STATES, *VOTE_STATES.values()}:
        assert not FORBIDDEN_OF_CHANGE.search(state_in_words(state, change=True))
    assert state_in_words("no_important_benefit", change=False) == "no important benefit"
    assert state_in_words("reported_none", change=False) == "reported no difference or worse"


def test_one_visit_is_called_the_only_one(pain: Curve) -> None:
    series = steps((6, 0.5, 2))
    assert stepwise_sentence(series, pain, "placebo") == (
        "Benefit over sham or placebo shown at the only visit, 6 months."
    )
    later = stepwise_sentence(series, pain, "placebo", followed_on=True)
    assert later == "Benefit over sham or placebo shown at the only visit with numbers, 6 months."


def test_every_visit_is_not_said_where_an_early_one_cannot_tell(pain: Curve) -> None:
    week = 7 / 30.4375
    said = stepwise_sentence(steps((week, -0.5, 1.2), (1, 0.5, 2), (6, 0.2, 1.4)), pain, "placebo")
    assert "shown at every visit from 1 month through 6 months, the last follow-up" in said
    assert said.endswith("; cannot tell at 1 week.")


def test_harm_and_imprecise_visits_are_named(pain: Curve) -> None:
    said = stepwise_sentence(steps((1, -0.4, 0.4), (6, -1.2, -0.2), (12, -2, 2.2)), pain, "usual_care")
    assert "worse than usual care at 6 months" in said
    assert "cannot tell (too imprecise) at 12 months" in said


def reported(*votes: tuple[str, float, str], change: bool = False) -> str:
    cast = [Vote(*vote) for vote in votes]
    found = count_votes(cast)
    assert found is not None
    return reported_sentence(found, change=change, times=vote_times(cast))


def test_findings_are_told_by_window() -> None:
    said = reported(("a", 6, "favours_arm"), ("b", 6, "favours_arm"), ("a", 12, "no_difference"))
    assert said == (
        "Reported: better up to 6 months (2 studies); no difference from 12 months (1 study). "
        "Reported findings only; size and precision unknown."
    )


def test_conflicts_exceptions_and_harm_are_told() -> None:
    said = reported(
        ("a", 1, "favours_versus"),
        ("a", 6, "favours_arm"),
        ("b", 12, "favours_arm"),
        ("c", 12, "no_difference"),
    )
    assert "better up to 6 months (1 study)" in said
    assert "but no difference or worse at 1 month (1 study)" in said
    assert "studies disagree at 12 months (1 better, 1 no difference)" in said


@pytest.mark.parametrize(
    ("months", "words"), [(48.0, "48 months"), (10.0, "10 months"), (2 / 30.4375, "2 days")]
)
def test_a_window_is_not_named_by_a_time_that_nobody_was_followed_to(months: float, words: str) -> None:
    assert f"better up to {words} (1 study)" in reported(("a", months, "favours_arm"))


def test_a_window_stands_for_a_time_that_each_of_its_studies_reached() -> None:
    votes = [Vote("a", 20, "improved"), Vote("a", 24, "improved"), Vote("b", 36, "improved")]
    assert vote_times(votes) == {"24mo": 24}
    assert "improved up to 24 months (2 studies)" in reported(
        ("a", 24, "improved"), ("b", 36, "improved"), change=True
    )


def test_findings_of_a_change_are_no_effect() -> None:
    said = reported(("a", 6, "improved"), ("a", 12, "unchanged"), change=True)
    assert said == (
        "Reported: improved up to 6 months (1 study); unchanged or worse from 12 months (1 study). "
        "Change without a control group; it holds natural course and placebo response."
    )
