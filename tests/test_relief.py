"""Printed durations of relief: quoted beside, as change, and never part of an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.duration import duration_of_benefit
from spineevidence.effects import by_study
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.relief import ReliefDuration, relief_durations, relief_sentence
from spineevidence.results import results_of
from spineevidence.summary import summarize
from tiny import Row, contrast, row, tiny


def printed(measure: str = "duration_of_relief_months", **cells: str | float) -> Row:
    return row(measure, "", **({"statistic": "median", "value": 15} | cells))


def durations(base: Evidence, procedure: str = "heat") -> tuple[ReliefDuration, ...]:
    return relief_durations(by_study(results_of(base)), procedure)


def test_weeks_become_months_and_the_definition_is_quoted(tmp_path: Path) -> None:
    weeks = printed("duration_of_relief_weeks", value=17, ci_low=10, ci_high=26, n=20, note="at least half")
    (found,) = durations(tiny(tmp_path, [weeks]))
    days = 7 / 30.4375
    assert (found.months, found.ci_low, found.ci_high) == pytest.approx((17 * days, 10 * days, 26 * days))
    assert (found.study_id, found.statistic, found.n, found.definition) == (
        "trial",
        "median",
        20,
        "at least half",
    )
    assert str(found) == "trial: median 17 weeks (10 weeks to 26 weeks), n 20 (at least half)"
    assert "line 2" in found.cited


def test_only_single_arms_of_the_procedure_with_a_number_are_quoted(tmp_path: Path) -> None:
    rows = [
        printed(),
        printed(arm="s", value=4),
        printed(arm="u", value=3),
        printed(study_id="two", statistic="finding_only", value="", finding="improved"),
        printed(study_id="three", versus="s", statistic="mean_difference", value=9),
    ]
    base = tiny(tmp_path, rows)
    assert [one.months for one in durations(base)] == [15.0]
    assert [one.months for one in durations(base, "cool")] == [3.0]
    assert durations(base, "look") == ()
    assert relief_sentence(()) == ""


def test_they_stand_beside_a_duration_and_change_nothing_of_it(tmp_path: Path) -> None:
    rows = [contrast(-1.6, -2.4, -0.8, months=6), contrast(-1.5, -2.4, -0.6, months=9)]
    bare = duration_of_benefit(
        tiny(tmp_path / "a", rows), procedure="heat", comparator="placebo", domain="pain"
    )
    base = tiny(tmp_path / "b", [*rows, printed(study_id="cohort", note="half of the pain back")])
    found = duration_of_benefit(base, procedure="heat", comparator="placebo", domain="pain")
    assert bare.relief == ()
    assert (found.sentence, found.horizon, found.k) == (bare.sentence, bare.horizon, bare.k)
    assert [one.months for one in found.relief] == [15.0]
    assert "change and no effect: cohort: median 15 months (half of the pain back)" in found._repr_html_()
    assert "Printed durations" not in bare._repr_html_()


def test_the_summary_quotes_them_on_the_line_of_change_alone(tmp_path: Path) -> None:
    cohort = {"cohort": {"design": "prospective_cohort", "blinding": "none"}}
    frame = summarize(tiny(tmp_path, [printed(study_id="cohort"), contrast(-1, -2, -0.1)], studies=cohort))
    said = frame.set_index(["domain", "comparator"])["sentence"]
    assert said["durability", "change"] == (
        "Printed durations of relief, change and no effect: cohort: median 15 months (no definition printed)."
    )
    assert "15 months" not in said["pain", "placebo"]


def test_bundled_durations_of_radiofrequency_are_quoted_as_printed() -> None:
    found = durations(load_evidence(BUNDLED), "radiofrequency_ablation")
    assert [(one.study_id, one.statistic) for one in found] == [
        ("macvicar2013", "median"),
        ("rambaransingh2010", "mean"),
        ("streitberger2011", "median"),
    ]
    assert [round(one.months, 2) for one in found] == [15.0, 10.0, 3.91]
