"""Which line of evidence a printed row belongs to, and what its time and its note make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.evidence import load_evidence
from spineevidence.results import (
    LINES,
    Result,
    lines_of,
    memberships,
    on_line,
    results_of,
    turned,
)
from tiny import ArmOf, Row, contrast, finding, row, tiny


def results(folder: Path, rows: list[Row], design: str = "rct", **arms: ArmOf) -> tuple[Result, ...]:
    return results_of(tiny(folder, rows, arms=arms, studies={"trial": {"design": design}}))


def test_a_row_is_linked_to_all_it_points_to(tmp_path: Path) -> None:
    (result,) = results(tmp_path, [contrast(-1.5, -2.5, -0.5, p_value="<0.01", n=50, months=6)])
    assert result.versus is not None
    assert (result.line, result.design, result.condition) == (2, "rct", "chronic_low_back_pain")
    assert (result.arm.procedure.procedure_id, result.versus.procedure.procedure_id) == ("heat", "sham")
    assert (result.value, result.ci_low, result.ci_high, result.sd, result.n) == (-1.5, -2.5, -0.5, None, 50)
    assert (result.p, result.p_is_bound) == (0.01, True)
    assert result.window is not None
    assert result.window.label == "6mo"


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        ({"months": 3}, "visit"),
        ({"months": 180}, "visit"),
        ({"months": 180.1}, "beyond_windows"),
        ({"months": ""}, "no_time"),
        ({"months": 0}, "baseline"),
        ({"months": 0, "statistic": "median"}, "baseline"),
        ({"months": 0, "note": "reported at discharge"}, "first_day"),
        ({"months": 0, "statistic": "change", "value": -1}, "first_day"),
        ({"months": 0, "versus": "s", "statistic": "mean_difference"}, "baseline_difference"),
        ({"months": 0, "measure": "pain_reduction_percent", "value": 40}, "first_day"),
        ({"months": 0, "measure": "pain_relief_50pct", "statistic": "percent", "value": 40}, "first_day"),
        ({"months": 30, "note": "mean follow-up; cohort"}, "mean_follow_up"),
        ({"months": 30, "note": "median follow-up"}, "mean_follow_up"),
        ({"months": 30, "note": "cohort; mean follow-up"}, "visit"),
    ],
)
def test_what_the_time_makes_of_a_row(tmp_path: Path, cells: dict[str, str | float], role: str) -> None:
    (result,) = results(tmp_path, [row(**({"value": 5} | cells))])
    assert result.role == role


@pytest.mark.parametrize(
    ("arm", "versus", "expected"),
    [
        ("t", "s", {("heat", "placebo"): 1}),
        ("s", "t", {("heat", "placebo"): -1}),
        ("t", "c", {("heat", "usual_care"): 1}),
        ("t", "o", {("heat", "active"): 1}),
        ("t", "u", {("heat", "active"): 1, ("cool", "active"): -1}),
        ("s", "c", {}),
        ("t", "t2", {}),
    ],
)
def test_lines_of_a_contrast(
    tmp_path: Path, arm: str, versus: str, expected: dict[tuple[str, str], int]
) -> None:
    (result,) = results(tmp_path, [contrast(-1, -2, 0, arm=arm, versus=versus)], t2=("heat", "20"))
    found = {
        (procedure, line): sign
        for procedure in ("heat", "cool")
        for line in LINES
        if (sign := on_line(result, procedure, line))
    }
    assert found == expected
    assert {(line[0], line[1]) for line in lines_of((result,))} == set(expected)
    assert result.versus is not None
    same = memberships(result.arm.procedure, result.versus.procedure)
    assert {(one.procedure_id, one.comparator): one.sign for one in same} == expected


@pytest.mark.parametrize(
    "description",
    [
        "not randomised",
        "After crossover",
        "surgery and crossover",
        "uncontrolled",
        "whole series",
        "all device types",
    ],
)
def test_arms_outside_the_allocation_are_on_no_contrast_line(tmp_path: Path, description: str) -> None:
    (result,) = results(
        tmp_path, [contrast(-1, -2, 0, arm="x")], x=("heat", "20", f"patients {description} and more")
    )
    assert not result.arm.as_allocated
    assert not any(on_line(result, "heat", line) for line in LINES)
    assert lines_of((result,)) == ()


def test_single_arms_feed_change_only_where_nobody_was_randomised(tmp_path: Path) -> None:
    (trial,) = results(tmp_path / "trial", [row(value=5)])
    (cohort,) = results(tmp_path / "cohort", [row(value=5)], design="retrospective_cohort")
    assert [on_line(one, "heat", "change") for one in (trial, cohort)] == [0, 1]
    assert on_line(trial, "heat", "change", trial_arms=True) == 1
    assert on_line(cohort, "cool", "change") == 0
    assert lines_of((cohort,)) == (("heat", "change", "pain"),)
    assert lines_of((trial,)) == ()


def test_two_arms_with_the_same_measure_and_time_make_a_line(tmp_path: Path) -> None:
    pair = [row(value=5), row(arm="s", value=6)]
    assert lines_of(results(tmp_path / "same", pair)) == (("heat", "placebo", "pain"),)
    apart = [row(value=5), row(arm="s", value=6, months=6)]
    assert lines_of(results(tmp_path / "apart", apart)) == ()
    before = [row(months=0, value=5), row(months=0, arm="s", value=6)]
    assert lines_of(results(tmp_path / "before", before)) == ()


@pytest.mark.parametrize(
    ("cells", "vote"),
    [
        ({}, "favours_arm"),
        ({"note": "scale assumed"}, "favours_arm"),
        ({"note": "sign inferred"}, ""),
        ({"note": "scale assumed; sign inferred"}, ""),
        ({"analysis": "completers"}, "favours_arm"),
        ({"analysis": "as_treated"}, ""),
        ({"analysis": "responders"}, ""),
    ],
)
def test_which_findings_vote(tmp_path: Path, cells: dict[str, str], vote: str) -> None:
    (result,) = results(tmp_path, [finding("favours_arm", **cells)])
    assert result.vote == vote


def test_no_difference_needs_no_sign(tmp_path: Path) -> None:
    (result,) = results(tmp_path, [finding("no_difference", note="sign inferred")])
    assert result.vote == "no_difference"


def test_findings_are_turned_for_the_versus_arm_only() -> None:
    words = ("favours_arm", "favours_versus", "no_difference", "improved", "worsened")
    assert [turned(word, 1) for word in words] == list(words)
    assert [turned(word, -1) for word in words] == ["favours_versus", "favours_arm", *words[2:]]


def test_every_bundled_row_is_linked_and_in_order() -> None:
    evidence = load_evidence(BUNDLED)
    found = results_of(evidence)
    assert [result.line for result in found] == list(range(2, len(found) + 2))
    assert len(found) == len(evidence.outcomes)
