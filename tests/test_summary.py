"""A row per line of evidence; and what holds for every sentence of the bundled evidence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.effectsizes import EffectSizes
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.formatting import DAYS_PER_MONTH
from spineevidence.pooling.halfnormal import pool_half_normal
from spineevidence.results import results_of
from spineevidence.summary import (
    COLUMNS,
    NO_DURATION,
    NO_TREATMENT,
    LineSummary,
    summarize,
    summary_lines,
    window_cells,
)
from tiny import contrast, finding, row, tiny

TIME = re.compile(r"(\d+(?:\.\d+)?) (day|week|month)s?\b")
MONTHS = {"day": 1 / DAYS_PER_MONTH, "week": 7 / DAYS_PER_MONTH, "month": 1.0}
LAST_DIGIT = 0.05  # a time that is no whole number is said with one decimal


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


@pytest.fixture(scope="module")
def lines(evidence: Evidence) -> tuple[LineSummary, ...]:
    return summary_lines(evidence)


def line(
    base: Evidence, comparator: str = "placebo", domain: str = "pain", procedure: str = "heat"
) -> LineSummary:
    (found,) = (
        one
        for one in summary_lines(base)
        if (one.procedure.procedure_id, one.comparator, one.domain) == (procedure, comparator, domain)
    )
    return found


def test_no_sentence_names_a_time_after_the_last_follow_up(lines: tuple[LineSummary, ...]) -> None:
    told = [one for one in lines if one.horizon is not None]
    assert len(told) > 100
    for one in told:
        for count, unit in TIME.findall(one.sentence):
            assert float(count) * MONTHS[unit] <= (one.horizon or 0) + LAST_DIGIT, one.sentence


def test_no_sentence_about_a_change_speaks_of_an_effect(lines: tuple[LineSummary, ...]) -> None:
    changes = [one for one in lines if one.comparator == "change" and one.horizon is not None]
    assert len(changes) > 20
    for one in changes:
        said = f"{one.sentence} {' '.join(window_cells(one).values())}"
        assert not re.search(r"benefit|effect|relief|works", said, re.IGNORECASE), said


def test_no_benefit_is_said_only_of_what_is_not_shown(lines: tuple[LineSummary, ...]) -> None:
    for one in lines:
        for rest in one.sentence.split("No benefit")[1:]:
            assert re.match(r" over [a-z ]+ shown", rest), one.sentence
        assert "no benefit" not in one.sentence


def test_nothing_later_is_known_is_true(evidence: Evidence, lines: tuple[LineSummary, ...]) -> None:
    by_line = {result.line: result for result in results_of(evidence)}
    silent = [one for one in lines if "nothing later is known" in one.sentence]
    assert len(silent) > 50
    for one in silent:
        later = [
            left
            for left in one.left_out
            if (by_line[left.line].months or 0) > (one.horizon or 0) * (1 + 1e-9)
        ]
        assert not later, one.sentence


def test_every_row_of_a_line_is_used_voted_or_left_out_once(lines: tuple[LineSummary, ...]) -> None:
    for one in lines:
        left = [out.line for out in one.left_out]
        assert len(left) == len(set(left))
        used = {n for curve in one.curves for effect in curve.derived.effects for n in effect.lines}
        assert used.isdisjoint(left)


def test_what_a_comparator_class_gives_stays_in_it(lines: tuple[LineSummary, ...]) -> None:
    for one in lines:
        for curve in one.curves:
            assert curve.asked.comparator == one.comparator
            for effect in curve.derived.effects:
                assert bool(effect.versus) is (one.comparator != "change")


def test_columns_and_counts_of_the_frame(evidence: Evidence, lines: tuple[LineSummary, ...]) -> None:
    frame = summarize(evidence)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == len(lines)
    assert not frame.duplicated(["procedure_id", "comparator", "domain"]).any()
    assert (frame["k_numbers"] <= frame["k"]).all()
    assert frame.equals(summarize(evidence))


def test_one_row_with_states_and_findings(tmp_path: Path) -> None:
    rows = [
        contrast(-1.6, -2.1, -1.1, months=6),
        contrast(-0.1, -0.6, 0.4, months=6, study_id="two"),
        finding("favours_arm", 12, study_id="three"),
    ]
    found = line(tiny(tmp_path, rows))
    assert (found.k, found.with_numbers, found.n) == (3, ("trial", "two"), 180)
    assert found.status == "pooled by window"
    assert found.horizon == 12.0
    cells = window_cells(found)
    pooled = "pain 0-10: 0.9 (-0.6 to 2.3), 2 studies pooled, inconclusive"
    assert cells["6mo"] == f"{pooled}; conflict (trial important benefit, two no important benefit)"
    assert cells["12mo"] == "reported: 1 better"
    assert cells["1mo"] == ""


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ([contrast(-1, -2, 0)], "one study with numbers"),
        ([finding("favours_arm", 6)], "reported findings only"),
        ([contrast(-1, -2, 0, months="")], "nothing usable"),
    ],
)
def test_status(tmp_path: Path, extra: list[dict[str, str]], status: str) -> None:
    assert line(tiny(tmp_path, extra)).status == status


def test_findings_are_turned_for_the_second_procedure(tmp_path: Path) -> None:
    base = tiny(tmp_path, [finding("favours_arm", 6, versus="u")])
    assert line(base, "active").findings == (("favours_arm", 1),)
    assert line(base, "active", procedure="cool").findings == (("favours_versus", 1),)


def test_domains_and_diagnostics_without_a_duration(tmp_path: Path) -> None:
    rows = [
        finding("no_difference", measure="serious_adverse_event"),
        finding("favours_arm", arm="d"),
    ]
    base = tiny(tmp_path, rows, arms={"d": ("look", "20")})
    safety = line(base, domain="safety")
    assert (safety.sentence, safety.says_how_long, safety.status) == (NO_DURATION, False, "listed")
    assert safety.findings == (("no_difference", 1),)
    assert line(base, procedure="look").sentence == NO_TREATMENT


def test_left_out_rows_are_counted_with_their_reason(tmp_path: Path) -> None:
    rows = [
        contrast(-1, -2, 0),
        contrast(-1, -2, 0, months=6, note="scale assumed"),
        contrast(5, 1, 9, measure="sf36_bp"),
    ]
    found = line(tiny(tmp_path, rows))
    assert [left.reason for left in found.left_out] == [
        "no natural scale, or not a binary measure",
        "scale assumed",
    ]


def test_a_selection_tells_only_what_was_asked_for(evidence: Evidence) -> None:
    chosen = summarize(evidence.select(procedure="IDET"))
    whole = summarize(evidence)
    own = whole[whole["procedure_id"] == "idet"].reset_index(drop=True)
    assert chosen["sentence"].tolist() == own["sentence"].tolist()
    assert set(chosen["procedure_id"]) == {"idet"}


def test_an_unrelated_study_changes_no_other_line(tmp_path: Path) -> None:
    own = [contrast(-1.5, -2.5, -0.5), finding("favours_arm", 12)]
    other = row(value=5, study_id="zother", arm="u")
    alone = line(tiny(tmp_path / "alone", own))
    beside = line(tiny(tmp_path / "beside", [*own, other]))
    assert (alone.sentence, alone.n, alone.studies) == (beside.sentence, beside.n, beside.studies)


def test_numbers_with_an_inferred_sign_are_named_although_their_findings_vote(evidence: Evidence) -> None:
    sham = line(evidence.select(procedure="vertebroplasty"), procedure="vertebroplasty")
    reason = "sign inferred; only its finding counts"
    doubtful = [(left.study_id, left.line) for left in sham.left_out if left.reason == reason]
    assert {study for study, _ in doubtful} == {"firanescu2018", "kallmes2009"}
    assert len(doubtful) == 7


def test_windows_are_pooled_for_contrasts_only(tmp_path: Path) -> None:
    changes = [
        row(months=months, value=value, sd=2, n=30, study_id=study)
        for study in ("trial", "two")
        for months, value in ((0, 7), (6, 4))
    ]
    cohort = {"design": "prospective_cohort"}
    base = tiny(tmp_path, changes, studies={"trial": cohort, "two": cohort})
    found = line(base, "change")
    assert found.status == "not pooled"
    assert "pooled" not in window_cells(found)["6mo"]


def test_a_window_of_one_study_keeps_its_own_words(tmp_path: Path) -> None:
    rows = [
        contrast(-1.6, -2.1, -1.1, months=6),
        contrast(-1.5, -2.0, -1.0, months=6, study_id="two"),
        contrast(-1.4, -2.4, -0.4, months=12, study_id="two"),
    ]
    cells = window_cells(line(tiny(tmp_path, rows)))
    se = 1 / (2 * 2.0017174841452356)  # of intervals with t(58)
    both = pool_half_normal(EffectSizes(yi=[1.6, 1.5], vi=[se**2] * 2), scale=0.3 * 2.5)
    said = f"{both.median:.1f} ({both.ci_low:.1f} to {both.ci_high:.1f})"
    assert cells["6mo"] == f"pain 0-10: {said}, 2 studies pooled, benefit"
    assert cells["12mo"] == "pain 0-10: two benefit"
