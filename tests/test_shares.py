"""Shares of responders of single arms, with the comparator arms beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from spineevidence.effects import by_study
from spineevidence.errors import InputError
from spineevidence.evidence import Evidence
from spineevidence.results import results_of
from spineevidence.shares import responder_measures, shares_of
from spineevidence.verdicts.experience import Share
from tiny import Row, row, tiny


def responders(events: float, arm: str = "t", months: float = 6, **cells: str | float) -> Row:
    start: dict[str, str | float] = {"statistic": "events", "value": events}
    return row(str(cells.pop("measure", "pain_relief_50pct")), months, arm=arm, **(start | cells))


def found(evidence: Evidence, window: str | None = "6mo") -> tuple[str, tuple[Share, ...]]:
    measures = responder_measures(evidence, domain="pain")
    measure, shares = shares_of(by_study(results_of(evidence)), "heat", measures=measures, window=window)
    return (measure.measure_id if measure else ""), shares


def test_a_share_with_its_controls(tmp_path: Path) -> None:
    rows = [responders(24), responders(5, "s"), responders(50, "c", statistic="percent", n=20)]
    measure, (one,) = found(tiny(tmp_path, rows))
    assert (measure, one.events, one.n) == ("pain_relief_50pct", 24, 30)
    assert one.beside == (("placebo", 5.0, 30), ("usual_care", 10.0, 20))


def test_two_definitions_are_never_put_together(tmp_path: Path) -> None:
    rows = [responders(24), responders(3, study_id="other", measure="pain_free")]
    measure, shares = found(tiny(tmp_path, rows))
    assert measure == "pain_relief_50pct"
    assert [one.study_id for one in shares] == ["trial"]


def test_arms_are_added_and_one_visit_speaks(tmp_path: Path) -> None:
    arms = {"t2": ("heat", "10"), "late": ("heat", "99", "former controls after crossover")}
    rows = [
        responders(24),
        responders(6, "t2"),
        responders(90, "late"),
        responders(1, months=8),
        responders(2, months=6, analysis="responders"),
    ]
    _, (one,) = found(tiny(tmp_path, rows, arms=arms))
    assert (one.months, one.events, one.n) == (6, 30, 40)


def test_randomised_patients_before_completers(tmp_path: Path) -> None:
    rows = [responders(20, n=22, analysis="completers"), responders(21, analysis="itt")]
    _, (one,) = found(tiny(tmp_path, rows))
    assert (one.events, one.n) == (21, 30)


def test_all_windows(tmp_path: Path) -> None:
    rows = [responders(24), responders(12, months=12), responders(3, months=6, arm="u")]
    _, shares = found(tiny(tmp_path, rows), None)
    assert [(one.window, one.events) for one in shares] == [("6mo", 24), ("12mo", 12)]
    assert found(tiny(tmp_path / "none", [responders(3, arm="u")]), None) == ("", ())


def test_a_measure_that_counts_nobody(tmp_path: Path) -> None:
    evidence = tiny(tmp_path, [responders(24)])
    with pytest.raises(InputError, match="nrs_pain_0_10 is continuous"):
        responder_measures(evidence, domain="pain", measure="nrs_pain_0_10")
