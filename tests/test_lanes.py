"""Durability lanes: the geometry follows METHOD 5.1, and the text carries the same numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lanes import Lane, LaneGroup, caption_of, claim_lanes, lane_groups, lanes_in_words
from spineevidence.results import LINES
from spineevidence.summary import LineSummary, summary_lines
from tiny import contrast, finding, row, tiny


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


@pytest.fixture(scope="module")
def lines(evidence: Evidence) -> tuple[LineSummary, ...]:
    return summary_lines(evidence)


def groups_of(base: Evidence, *, change: bool = False) -> tuple[LaneGroup, ...]:
    return lane_groups(summary_lines(base), change=change)


def only(base: Evidence) -> Lane:
    ((lane,),) = (group.lanes for group in groups_of(base))
    return lane


@pytest.mark.parametrize("domain", ["pain", "leg_pain", "disability", "global", "work"])
def test_changes_and_contrasts_never_share_a_group(lines: tuple[LineSummary, ...], domain: str) -> None:
    contrasts, changes = (lane_groups(lines, domain=domain, change=change) for change in (False, True))
    assert "change" not in {group.comparator for group in contrasts}
    assert {group.comparator for group in changes} <= {"change"}


def test_groups_stand_in_the_order_of_the_classes_and_lanes_by_reach(lines: tuple[LineSummary, ...]) -> None:
    groups = lane_groups(lines)
    order = [LINES.index(group.comparator) for group in groups]
    assert order == sorted(order)
    for group in groups:
        blocks: list[list[Lane]] = []
        for lane in group.lanes:
            if lane.kind == "line":
                blocks.append([])
            blocks[-1].append(lane)
        keys = [(-max(x.shown_until or 0 for x in b), -(b[0].horizon or 0), b[0].label) for b in blocks]
        assert keys == sorted(keys)


def test_nothing_lies_beyond_a_lanes_own_horizon(lines: tuple[LineSummary, ...]) -> None:
    for change in (False, True):
        for group in lane_groups(lines, change=change):
            for lane in group.lanes:
                ends = [lane.shown_until, lane.excluded_from, lane.last_adequate, *lane.left_out]
                ends += [month for month, _ in lane.visits]
                assert max(end for end in ends if end is not None) <= (lane.horizon or 0) + 1e-9
                if lane.open_end:
                    assert lane.shown_until == lane.horizon


def test_one_study_is_one_lane(tmp_path: Path) -> None:
    rows = [
        contrast(-1.9, -2.7, -1.1, months=1),
        contrast(-1.6, -2.4, -0.8, months=6),
        contrast(-0.1, -0.9, 0.7, months=12),
    ]
    lane = only(tiny(tmp_path, rows))
    assert (lane.kind, lane.reported, lane.first) == ("line", False, 1.0)
    assert (lane.shown_until, lane.excluded_from, lane.last_adequate, lane.horizon) == (6.0, 12.0, 12.0, 12.0)
    assert not lane.open_end
    assert lane.margin == "k 1, n 60; max 1.9 points; interval"
    assert [state for _, state in lane.visits] == ["important_benefit", "benefit", "no_important_benefit"]


def test_a_benefit_to_the_last_visit_has_an_open_end_unless_a_finding_follows(tmp_path: Path) -> None:
    shown = [contrast(-1.6, -2.4, -0.8, months=6)]
    assert only(tiny(tmp_path / "open", shown)).open_end
    lane = only(tiny(tmp_path / "later", [*shown, finding("no_difference", 24)]))
    assert not lane.open_end
    assert (lane.horizon, lane.visits[-1]) == (24.0, (24.0, "reported_none"))


def test_studies_with_numbers_stand_beneath_the_lane_of_both_together(tmp_path: Path) -> None:
    rows = [
        contrast(-1.6, -2.4, -0.8, months=6, finding="favours_arm"),
        contrast(-0.1, -0.6, 0.4, months=6, study_id="two", finding="no_difference"),
        finding("favours_arm", 10, study_id="three"),
    ]
    ((line, *studies),) = (group.lanes for group in groups_of(tiny(tmp_path, rows)))
    assert (line.kind, line.reported) == ("line", False)
    assert line.visits == ((6.0, "inconclusive"), (10.0, "reported_benefit"))
    assert line.margin.startswith("k 2 together, n 120; max 0.8 points")
    assert line.horizon == 10.0
    assert not line.open_end
    assert [lane.label for lane in studies] == ["trial, pain 0-10", "two, pain 0-10"]
    assert {lane.kind for lane in studies} == {"study"}


def test_one_study_with_numbers_stands_beneath_a_lane_of_findings(tmp_path: Path) -> None:
    rows = [
        contrast(-0.1, -0.6, 0.4, months=6, finding="no_difference"),
        finding("favours_arm", 10, study_id="three"),
    ]
    ((line, *studies),) = (group.lanes for group in groups_of(tiny(tmp_path, rows)))
    assert (line.kind, line.reported) == ("line", True)
    assert line.visits == ((6.0, "reported_none"), (10.0, "reported_benefit"))
    assert line.shown_until is None  # the run does not begin with a benefit
    assert [lane.label for lane in studies] == ["trial, pain 0-10"]


def test_a_lane_of_findings_ends_where_its_studies_were_followed_to(tmp_path: Path) -> None:
    rows = [finding("favours_arm", 5), finding("no_difference", 50)]
    lane = only(tiny(tmp_path, rows))
    assert (lane.shown_until, lane.excluded_from, lane.horizon) == (5.0, 50.0, 50.0)


def test_claims_stand_apart_in_order_of_time(evidence: Evidence) -> None:
    claims = claim_lanes(evidence.select(procedure="IDET"))
    assert [lane.horizon for lane in claims] == sorted(lane.horizon or 0 for lane in claims)
    assert {lane.kind for lane in claims} == {"claim"}
    assert all(lane.label.startswith("claim: ") and lane.shown_until is None for lane in claims)


def test_the_text_has_a_line_for_every_lane_with_its_numbers(lines: tuple[LineSummary, ...]) -> None:
    groups = lane_groups(lines)
    text = lanes_in_words(groups).splitlines()
    told = [one for one in text if one.lstrip().startswith("- ")]
    lanes = [lane for group in groups for lane in group.lanes]
    assert len(told) == len(lanes)
    for words, lane in zip(told, lanes, strict=True):
        assert f"- {lane.label} [{lane.margin}]" in words
        assert words.endswith(lane.sentence)
        assert words.startswith("  -") is (lane.kind == "study")


def test_the_text_about_changes_never_speaks_of_a_benefit(lines: tuple[LineSummary, ...]) -> None:
    changes = lane_groups(lines, change=True)
    body = [one for one in lanes_in_words(changes).splitlines() if one.lstrip().startswith("-")]
    assert len(body) > 10
    assert not [one for one in body if re.search(r"benefit|relief|\beffect", one)]


def test_captions_name_estimand_threshold_and_horizon(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1, -2, 0, months=6)])
    caption = caption_of(groups_of(base), domain="pain", change=False)
    assert "Contrasts on pain" in caption
    assert "1 line of procedure" in caption
    assert "Last follow-up 6 months" in caption
    rows = [row(months=months, value=value, sd=2) for months, value in ((0, 7), (6, 4))]
    cohort = tiny(tmp_path / "cohort", rows, studies={"trial": {"design": "case_series"}})
    said = caption_of(groups_of(cohort, change=True), domain="pain", change=True)
    assert "is no effect" in said
    assert "within a person" in said
