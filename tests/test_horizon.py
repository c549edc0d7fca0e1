"""Nothing is said, tabled or drawn beyond the last follow-up, over every line of the bundled evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.figure import Figure

from planting import BUNDLED
from spineevidence.duration import DurationOfBenefit, duration_of_benefit
from spineevidence.effects import by_study
from spineevidence.errors import InputError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lanes import lane_groups
from spineevidence.plots.durations import draw_lanes, position
from spineevidence.relief import relief_durations
from spineevidence.results import results_of
from spineevidence.summary import LineSummary, summary_lines, window_cells
from spineevidence.timing import WINDOWS, window_of

MONTHS = {"day": 1 / 30.4375, "week": 7 / 30.4375, "month": 1.0, "year": 12.0}
TIME = re.compile(r"(\d+(?:\.\d+)?) (day|week|month|year)s?\b")
CROSSING = re.compile(r"crossing [\d.]+ months \((?:([\d.]+)|[a-z ]+) to (?:([\d.]+)|not lost)")
ROUNDED = 0.06  # months: what a printed digit may add


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


@pytest.fixture(scope="module")
def lines(evidence: Evidence) -> tuple[LineSummary, ...]:
    return tuple(line for line in summary_lines(evidence) if line.horizon is not None)


@pytest.fixture(scope="module")
def told(evidence: Evidence, lines: tuple[LineSummary, ...]) -> tuple[tuple[float, DurationOfBenefit], ...]:
    """Every line on every curve that has numbers, and on the first where none has, after its last result."""
    return tuple(_told(evidence, lines))


@pytest.fixture(scope="module")
def durations(told: tuple[tuple[float, DurationOfBenefit], ...]) -> tuple[DurationOfBenefit, ...]:
    return tuple(found for _, found in told)


def _told(evidence: Evidence, lines: tuple[LineSummary, ...]) -> Iterator[tuple[float, DurationOfBenefit]]:
    for line in lines:
        names = [curve.asked.curve.name for curve in line.curves if curve.studies]
        for name in names or [line.curves[0].asked.curve.name]:
            change = line.comparator == "change"
            found = duration_of_benefit(
                evidence,
                procedure=line.procedure.procedure_id,
                estimand="change" if change else "contrast",
                comparator=None if change else line.comparator,
                curve=name,
            )
            yield line.horizon or 0.0, found


def times_in(text: str) -> list[float]:
    """Return every time of a text, in months."""
    found = [float(count) * MONTHS[unit] for count, unit in TIME.findall(text)]
    return found + [float(limit) for pair in CROSSING.findall(text) for limit in pair if limit]


def test_times_are_found_in_every_form() -> None:
    text = "at 2 weeks, 6 months and 2 years; Curve crossing 3.3 months (1.2 to 8.0)."
    assert times_in(text) == pytest.approx([2 * 7 / 30.4375, 6, 24, 3.3, 1.2, 8.0])
    assert times_in("crossing 3.3 months (from before the first visit to not lost by 24 months)") == [3.3, 24]


def test_no_sentence_goes_beyond_its_horizon(
    lines: tuple[LineSummary, ...], told: tuple[tuple[float, DurationOfBenefit], ...]
) -> None:
    assert len(lines) > 60
    assert len(told) > 60
    assert sum(found.level == 3 for _, found in told) > 10
    said = [(line.horizon or 0.0, line.sentence) for line in lines]
    said += [(last, found.sentence) for last, found in told]
    for last, sentence in said:
        times = times_in(sentence)
        assert times, sentence
        assert max(times) <= last + ROUNDED, sentence


def test_no_bound_state_or_effect_lies_beyond_its_horizon(durations: tuple[DurationOfBenefit, ...]) -> None:
    for found in durations:
        last = (found.horizon or 0) * (1 + 1e-9)
        steps = [found.steps, *(study.steps for study in found.studies)]
        if found.together is not None:
            steps += [found.together.new_setting]
            crossing = found.together.crossing
            assert crossing is None or max(crossing.months or 0, crossing.high or 0) <= last
        for step in steps:
            bounds = () if step is None else (step.shown_until, step.important_excluded_from, *step.months)
            assert max((bound for bound in bounds if bound is not None), default=0) <= last
        assert all(effect.months <= last for study in found.studies for effect in study.effects)


def test_a_course_answers_no_question_beyond_its_horizon(durations: tuple[DurationOfBenefit, ...]) -> None:
    courses = [found.together.course for found in durations if found.together and found.together.course]
    assert len(courses) > 10
    for course in courses:
        assert course.effect_at(course.horizon).months <= course.horizon * (1 + 1e-9)
        for later in (course.horizon * 1.001, 180, np.inf):
            if later > course.horizon:
                with pytest.raises(InputError, match="the last visit is at"):
                    course.effect_at(later)


def test_no_cell_of_the_summary_lies_in_a_later_window(lines: tuple[LineSummary, ...]) -> None:
    for line in lines:
        end = window_of(line.horizon or 0)
        assert end is not None
        later = {window.label for window in WINDOWS if window.nominal > end.nominal}
        assert not [label for label, said in window_cells(line).items() if said and label in later]


@pytest.mark.parametrize("domain", ["pain", "leg_pain", "disability"])
@pytest.mark.parametrize("change", [False, True])
def test_nothing_is_drawn_beyond_the_last_horizon(
    lines: tuple[LineSummary, ...], domain: str, *, change: bool
) -> None:
    groups = lane_groups(lines, domain=domain, change=change)
    axes = draw_lanes(Figure().subplots(), groups, (), domain=domain, change=change)
    end = position(max(lane.horizon or 0 for group in groups for lane in group.lanes)) + 1e-9
    for group in groups:
        for lane in group.lanes:
            times = (lane.shown_until, lane.excluded_from, lane.last_adequate, *(at for at, _ in lane.visits))
            assert max(at for at in times if at is not None) <= (lane.horizon or 0) * (1 + 1e-9)
    drawn = np.concatenate([np.ravel(line.get_xdata()) for line in axes.get_lines()])
    assert 0 < drawn.max() <= end
    bars = [bar.get_x() + bar.get_width() for container in axes.containers for bar in container]
    assert 0 < max(bars) <= end


def test_printed_durations_of_relief_stand_apart_from_every_sentence(
    evidence: Evidence, durations: tuple[DurationOfBenefit, ...]
) -> None:
    studies = by_study(results_of(evidence))
    quoted = 0
    for found in durations:
        assert found.relief == relief_durations(studies, found.procedure_id)
        quoted += len(found.relief)
        assert "Printed durations" not in found.sentence
    assert quoted
