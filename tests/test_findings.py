"""Votes of reported findings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.findings import VOTES, ReportedFindings, reported_findings
from spineevidence.timing import WINDOWS, window_of

WORDS = {1: "favours_arm", 0: "no_difference", -1: "favours_versus"}
ROWS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.floats(0.01, 180), st.sampled_from(sorted(VOTES))), max_size=25
)
Rows = list[tuple[str, float, str]]


def count(rows: Rows) -> ReportedFindings:
    return reported_findings(
        study=[row[0] for row in rows], months=[row[1] for row in rows], finding=[row[2] for row in rows]
    )


def majority(*votes: int) -> ReportedFindings:
    return count([(f"s{i}", 6, WORDS[vote]) for i, vote in enumerate(votes)])


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ((1,), "benefit"),
        ((0,), "no_benefit"),
        ((-1,), "no_benefit"),
        ((1, 0), "conflicting"),
        ((1, -1), "conflicting"),
        ((1, 1, 0), "benefit"),
        ((1, 1, 0, -1), "conflicting"),
        ((1, 0, -1), "no_benefit"),
    ],
)
def test_a_window_needs_more_votes_for_benefit_than_all_others(votes: tuple[int, ...], label: str) -> None:
    assert majority(*votes).windows[0].label == label


@pytest.mark.parametrize(
    ("findings", "vote"),
    [
        (["improved", "improved", "unchanged"], 1),
        (["improved", "unchanged"], 0),
        (["improved", "worsened"], 0),
        (["worsened", "worsened", "improved"], -1),
        (["worsened", "unchanged"], 0),
        (["favours_versus"], -1),
        (["favours_arm", "no_difference", "favours_versus"], 0),
    ],
)
def test_a_study_has_one_vote_in_a_window(findings: list[str], vote: int) -> None:
    result = reported_findings(study=["a"] * len(findings), months=[6] * len(findings), finding=findings)
    assert result.windows[0].votes == (("a", vote),)
    assert result.windows[0].n_studies == 1


def test_times_of_one_window_are_one_vote() -> None:
    result = count([("a", 5, "favours_arm"), ("a", 9, "favours_arm")])
    assert [window.n_studies for window in result.windows] == [1]


@pytest.mark.parametrize(
    ("course", "until", "without"),
    [
        ("+++", "6mo", None),
        ("++0", "3mo", "6mo"),
        ("+00", "1mo", "3mo"),
        ("+0+", "6mo", None),
        ("000", None, "1mo"),
        ("0+0", "3mo", "6mo"),
        ("+=0", "1mo", "6mo"),
        ("===", None, None),
    ],
)
def test_until_when_benefit_was_reported(course: str, until: str | None, without: str | None) -> None:
    rows: Rows = []
    for months, mark in zip((1, 3, 6), course, strict=True):
        rows += [("a", months, WORDS[1] if mark in "+=" else WORDS[0])]
        rows += [("b", months, WORDS[0])] if mark == "=" else []
    result = count(rows)
    assert (result.reported_until, result.reported_no_benefit_from) == (until, without)


@given(ROWS, st.randoms())
def test_order_does_not_matter(rows: Rows, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert count(shuffled) == count(rows)


@given(ROWS)
def test_every_study_of_a_window_is_counted_once(rows: Rows) -> None:
    result = count(rows)
    order = [window.label for window in WINDOWS]
    labels = [found.window for found in result.windows]
    assert labels == sorted(labels, key=order.index)
    for found in result.windows:
        studies = {name for name, months, _ in rows if window_of(months).label == found.window}
        assert found.n_studies == len(studies) == found.benefit + found.no_difference + found.against
        assert {name for name, _ in found.votes} == studies
        assert found.share_low <= found.share <= found.share_high


@given(ROWS)
def test_saying_everything_twice_changes_nothing(rows: Rows) -> None:
    assert count(rows + rows) == count(rows)


def test_no_findings_make_no_windows() -> None:
    result = count([])
    assert result.windows == ()
    assert result.reported_until is None
    assert result.to_frame().empty


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", 6, "favors_arm")], 'did you mean "favours_arm"'),
        ([("a", 0, "improved")], r"a at 0 months \(1 in all\)"),
        ([("a", 200, "improved")], "above 0 and up to 180 months"),
        ([("a", float("nan"), "improved")], "a at nan months"),
    ],
)
def test_bad_rows_are_refused(rows: Rows, message: str) -> None:
    with pytest.raises(InputError, match=message):
        count(rows)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="equally long; found 1, 2 and 1"):
        reported_findings(study=["a"], months=[1, 2], finding=["improved"])
    with pytest.raises(InputError, match="months must be a list of numbers"):
        reported_findings(study=["a"], months=["soon"], finding=["improved"])


def test_a_narrower_level_gives_a_narrower_share() -> None:
    wide = reported_findings(study=["a"], months=[1], finding=["improved"])
    narrow = reported_findings(study=["a"], months=[1], finding=["improved"], level=0.8)
    assert narrow.windows[0].share_low > wide.windows[0].share_low


def test_shown_rounded_and_given_unrounded() -> None:
    result = count(
        [("a", 3, "improved"), ("b", 3, "improved"), ("c", 3, "unchanged"), ("a", 12, "unchanged")]
    )
    assert repr(result) == "<ReportedFindings: benefit reported until 3mo, no benefit from 12mo, 2 windows>"
    html = result._repr_html_()
    assert "0.67 (0.21 to 0.94)" in html
    assert "size and precision unknown" in html
    assert result.to_frame()["share"].tolist() == [2 / 3, 0.0]
