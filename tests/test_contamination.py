"""Controls who received the procedure: counted rows, open crossover, and when it does not matter."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from spineevidence.contamination import contamination, open_since
from spineevidence.curves import curves_of
from spineevidence.effects import Question, by_study
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.results import results_of
from tiny import Row, contrast, row, tiny


def found(evidence: Evidence, months: float, study: str = "trial", procedure: str = "heat") -> str:
    asked = Question(procedure, "placebo", curves_of(evidence, "pain")[0])
    return contamination(asked, by_study(results_of(evidence))[study], months)


def crossed(events: int, months: float, arm: str = "s", **cells: str | float) -> Row:
    return row("crossover", months, arm=arm, statistic="events", value=events, **cells)


@pytest.mark.parametrize(("events", "spoilt"), [(6, False), (7, True)])
def test_more_than_a_fifth_of_the_controls(tmp_path: Path, events: int, spoilt: bool) -> None:
    evidence = tiny(tmp_path, [contrast(0, -1, 1, months=12), crossed(events, 6)])
    assert bool(found(evidence, 12)) == spoilt
    assert found(evidence, 3) == ""  # before anybody had crossed over
    if spoilt:
        assert found(evidence, 12).startswith("7 of 30 controls had crossed over by 6 months")


def test_the_latest_row_up_to_the_visit_counts(tmp_path: Path) -> None:
    evidence = tiny(tmp_path, [contrast(0, -1, 1), crossed(2, 6), crossed(20, 12, n=28)])
    assert [bool(found(evidence, t)) for t in (6, 11.9, 12, 24)] == [False, False, True, True]
    assert "20 of 28" in found(evidence, 24)


def test_treated_patients_who_leave_are_no_contamination(tmp_path: Path) -> None:
    evidence = tiny(tmp_path, [contrast(0, -1, 1), crossed(20, 6, arm="t")])
    assert found(evidence, 12) == ""


def test_a_known_small_share_outweighs_an_open_crossover(tmp_path: Path) -> None:
    note: dict[str, Row] = {"trial": {"note": "crossover allowed"}}
    plain = [contrast(0, -1, 1)]
    assert "not known" in found(tiny(tmp_path / "a", plain, studies=note), 12)
    assert found(tiny(tmp_path / "b", [*plain, crossed(1, 6)], studies=note), 12) == ""


def test_crossover_trials_are_no_case_of_it(tmp_path: Path) -> None:
    design: dict[str, Row] = {"trial": {"design": "crossover_rct", "note": "crossover at day 120"}}
    assert found(tiny(tmp_path, [contrast(0, -1, 1)], studies=design), 12) == ""


@pytest.mark.parametrize(
    ("note", "since"),
    [
        ("crossover allowed after 6 months", 6.0),
        ("control arm could cross over after 3 months", 3.0),
        ("crossover offered after 6 weeks (30% crossed over)", 6 * 7 / 30.4375),
        ("Sham participants could cross over at 12 months, so later results are", 12.0),
        ("mean 3 years follow-up; crossover allowed", 0.0),
        ("crossover allowed; follow-up at 12 months", 0.0),
        ("no crossover", math.inf),
        ("double blind; 12 months", math.inf),
    ],
)
def test_notes_that_say_crossover_was_open(note: str, since: float) -> None:
    assert open_since(note) == pytest.approx(since)


def test_the_trial_with_crossover_after_one_month() -> None:
    """kallmes2009: open after 1 month; 38 of 63 controls by 1 year."""
    evidence = load_evidence()
    said = [found(evidence, t, "kallmes2009", "vertebroplasty") for t in (1, 3, 12)]
    assert said[0] == ""
    assert said[1] == "controls could cross over from 1 month on; how many had is not known"
    assert said[2].startswith("38 of 63 controls had crossed over by 12 months")
