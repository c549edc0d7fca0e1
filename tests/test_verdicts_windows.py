"""Benefit in one window: every row of the rule, in its order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.verdicts.windows import Ballot, Estimate, Only, WindowEvidence, benefit_in

IMPORTANT = (1.9, 1.2, 2.6)
BENEFIT = (1.3, 0.1, 2.5)
SMALL = (0.5, 0.2, 0.8)
NONE = (0.1, -0.5, 0.7)
HARM = (-1.4, -2.2, -0.6)
UNCLEAR = (0.2, -1.2, 1.6)


def window(
    pooled: tuple[float, float, float] | None = None,
    *,
    studies: tuple[tuple[float, float, float], ...] = (),
    votes: tuple[int, ...] = (),
    contaminated: bool = False,
    only: Only = "",
) -> WindowEvidence:
    """One window with delta 1; without studies named, the pooled estimate is that of one."""
    why = "38 of 63" if contaminated else ""
    own = studies or ((pooled,) if pooled else ())
    return WindowEvidence(
        "6mo",
        6.0,
        delta=1.0,
        pooled=Estimate(*pooled) if pooled else None,
        studies=tuple(Estimate(*s, study_id=f"n{i}", contaminated=why) for i, s in enumerate(own)),
        ballots=tuple(Ballot(f"v{i}", vote, contaminated=why) for i, vote in enumerate(votes)),
        only=only,
    )


ROWS = [
    ("nothing", window(), "untested", "NO_DATA"),
    ("other comparators", window(only="other_comparators"), "untested", "OTHER_COMPARATOR"),
    ("other conditions", window(only="other_condition"), "untested", "OTHER_CONDITION"),
    (
        "uncontrolled, whatever its size",
        window(IMPORTANT, only="uncontrolled"),
        "untested",
        "UNCONTROLLED_ONLY",
    ),
    ("one study each way", window(UNCLEAR, studies=(BENEFIT, NONE)), "mixed", "STUDY_CONFLICT"),
    ("benefit and harm", window(UNCLEAR, studies=(IMPORTANT, HARM)), "mixed", "STUDY_CONFLICT"),
    (
        "benefit and a wide null",
        window(BENEFIT, studies=(BENEFIT, UNCLEAR)),
        "supported",
        "BENEFIT_SIZE_UNCERTAIN",
    ),
    ("small and none do not conflict", window(SMALL, studies=(SMALL, NONE)), "mixed", "BELOW_MCID"),
    ("benefit, none reported", window(BENEFIT, votes=(0,)), "mixed", "CONFLICT_WITH_REPORTED"),
    ("benefit, worse reported", window(IMPORTANT, votes=(1, -1)), "mixed", "CONFLICT_WITH_REPORTED"),
    ("none, better reported", window(NONE, votes=(1,)), "mixed", "CONFLICT_WITH_REPORTED"),
    ("harm, better reported", window(HARM, votes=(1,)), "mixed", "CONFLICT_WITH_REPORTED"),
    ("small is not decisive", window(SMALL, votes=(0,)), "mixed", "BELOW_MCID"),
    ("unclear is not decisive", window(UNCLEAR, votes=(0, 1)), "untested", "IMPRECISE"),
    ("reports agree", window(BENEFIT, votes=(1,)), "supported", "BENEFIT_SIZE_UNCERTAIN"),
    ("reports agree on none", window(NONE, votes=(0,)), "contradicted", "IMPORTANT_EXCLUDED"),
    ("important", window(IMPORTANT), "supported", "IMPORTANT"),
    ("benefit", window(BENEFIT), "supported", "BENEFIT_SIZE_UNCERTAIN"),
    ("small", window(SMALL), "mixed", "BELOW_MCID"),
    ("none", window(NONE), "contradicted", "IMPORTANT_EXCLUDED"),
    ("harm", window(HARM), "contradicted", "HARM"),
    ("unclear", window(UNCLEAR), "untested", "IMPRECISE"),
    ("spoilt none", window(NONE, contaminated=True), "untested", "CONTAMINATED"),
    ("spoilt small", window(SMALL, contaminated=True), "untested", "CONTAMINATED"),
    ("spoilt unclear", window(UNCLEAR, contaminated=True), "untested", "CONTAMINATED"),
    ("benefit in spite of it", window(BENEFIT, contaminated=True), "supported", "BENEFIT_SIZE_UNCERTAIN"),
    ("harm in spite of it", window(HARM, contaminated=True), "contradicted", "HARM"),
    (
        "before conflict",
        window(UNCLEAR, studies=(BENEFIT, NONE), contaminated=True),
        "untested",
        "CONTAMINATED",
    ),
    (
        "a spoilt null conflicts with nothing",
        window(BENEFIT, studies=(BENEFIT, NONE), contaminated=True),
        "supported",
        "BENEFIT_SIZE_UNCERTAIN",
    ),
    (
        "nor does a spoilt report",
        window(BENEFIT, votes=(0,), contaminated=True),
        "supported",
        "BENEFIT_SIZE_UNCERTAIN",
    ),
    ("all better", window(votes=(1, 1)), "supported", "REPORTED_ONLY"),
    ("no difference", window(votes=(0, 0)), "contradicted", "REPORTED_ONLY"),
    ("no difference or worse", window(votes=(0, -1)), "contradicted", "REPORTED_ONLY"),
    ("reports disagree", window(votes=(1, 0)), "mixed", "REPORTED_CONFLICT"),
    ("spoilt reports", window(votes=(0, 0), contaminated=True), "untested", "CONTAMINATED"),
    ("better in spite of it", window(votes=(1, 0), contaminated=True), "supported", "REPORTED_ONLY"),
    ("worse in spite of it", window(votes=(-1,), contaminated=True), "contradicted", "REPORTED_ONLY"),
]


@pytest.mark.parametrize(
    ("evidence", "verdict", "reason"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_every_row_of_the_rule(evidence: WindowEvidence, verdict: str, reason: str) -> None:
    step = benefit_in(evidence)
    assert (step.verdict, step.reason) == (verdict, reason)
    assert step.evidence is evidence


limits = st.tuples(st.floats(-5, 5), st.floats(0.01, 3)).map(lambda m: (m[0], m[0] - m[1], m[0] + m[1]))


@given(limits)
def test_support_needs_a_lower_limit_above_0_and_contradiction_an_upper_one_below_delta(
    pooled: tuple[float, float, float],
) -> None:
    step = benefit_in(window(pooled))
    _, low, high = pooled
    assert (step.verdict == "supported") == (low > 0 and high >= 1.0)
    assert (step.verdict == "contradicted") == (high < 1.0 and low <= 0)


@given(limits, st.booleans())
def test_what_is_uncontrolled_never_decides(pooled: tuple[float, float, float], contaminated: bool) -> None:
    step = benefit_in(window(pooled, votes=(1,), contaminated=contaminated, only="uncontrolled"))
    assert (step.verdict, step.reason) == ("untested", "UNCONTROLLED_ONLY")
