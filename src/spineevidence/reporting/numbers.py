"""Every number that a report prints, with a path to find it by and what it rests on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from spineevidence.lineage import Effect
from spineevidence.lines import CurveDurations
from spineevidence.models import TABLES
from spineevidence.results import CHANGE
from spineevidence.stepwise import StepwiseDuration
from spineevidence.summary import LineSummary

DIGITS = 12  # significant; further ones depend on the machine
OUTCOMES = TABLES["outcomes"].file
OF_WINDOW: tuple[str, ...] = ("k", "n", "estimate", "ci_low", "ci_high", "pi_low", "pi_high")
OF_WINDOW_ALONE: tuple[str, ...] = ("k", "estimate", "ci_low", "ci_high")  # pooled by itself, as a check
OF_EFFECT: tuple[str, ...] = ("yi", "sei", "df", "ci_low", "ci_high", "n_arm", "n_versus")
OF_STEPS: tuple[str, ...] = (
    "shown_until",
    "important_shown_until",
    "important_excluded_from",
    "benefit_excluded_from",
    "horizon",
)
COUNTS: tuple[str, ...] = ("k", "n", "n_arm", "n_versus")
MONTHS = "months"


@dataclass(frozen=True, slots=True, order=True)
class PrintedNumber:
    """A number of the report.

    Attributes
    ----------
    path : str
        Procedure, comparator class (or "change"), domain, scale and what it is of, joined by "/".
    value : float
        To 12 significant digits.
    unit : str
        "points" of the scale, "fraction", "months", or "" for a count.
    rests_on : tuple of str
        Paths of the numbers it was made from, or lines of outcomes.csv.
    """

    path: str
    value: float
    unit: str
    rests_on: tuple[str, ...]


def numbers_of(lines: Sequence[LineSummary], windows: pd.DataFrame) -> tuple[PrintedNumber, ...]:
    """Return every number of the durations and windows of lines of evidence.

    Parameters
    ----------
    lines : sequence of LineSummary
        From `spineevidence.summary.summary_lines`.
    windows : DataFrame
        From `spineevidence.windowsummary.windows_frame`, of the same lines.

    Returns
    -------
    tuple of PrintedNumber
        By path. Changes within groups stand under "change", which no contrast rests on.
    """
    by_line: dict[tuple[str, str, str], list[Mapping[str, object]]] = {}
    for row in windows.to_dict("records"):
        key = (str(row["procedure_id"]), str(row["comparator"]), str(row["domain"]))
        by_line.setdefault(key, []).append({str(name): cell for name, cell in row.items()})
    found = [
        number
        for line in lines
        for number in _of_line(
            line, by_line.get((line.procedure.procedure_id, line.comparator, line.domain), [])
        )
    ]
    return tuple(sorted(found))


def numbers_json(numbers: Iterable[PrintedNumber]) -> str:
    """Return numbers as JSON, a line for each, the same bytes every time."""
    rows = [
        json.dumps(
            {"path": one.path, "value": one.value, "unit": one.unit, "rests_on": list(one.rests_on)},
            ensure_ascii=False,
        )
        for one in numbers
    ]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def _of_line(line: LineSummary, windows: Sequence[Mapping[str, object]]) -> Iterator[PrintedNumber]:
    path = f"{line.procedure.procedure_id}/{line.comparator}/{line.domain}"
    yield from _numbers(path, {"k": line.k, "n": line.n, "horizon": line.horizon}, "", ())
    for curve in line.curves:
        if curve.studies:
            scale = curve.asked.curve.name
            own = [row for row in windows if row["curve"] == scale]
            yield from _of_curve(f"{path}/{scale}", curve, own)


def _of_curve(
    path: str, curve: CurveDurations, windows: Sequence[Mapping[str, object]]
) -> Iterator[PrintedNumber]:
    unit = "fraction" if curve.asked.curve.kind == "RD" else "points"
    places: dict[tuple[str, str], list[str]] = {}
    for study in curve.studies:
        visits = []
        for effect in study.effects:
            place = f"{path}/{study.study_id}/{_key(effect.months)} months"
            visits.append(place)
            places.setdefault((study.study_id, effect.window), []).append(place)
            yield from _numbers(place, _cells(effect), unit, [f"{OUTCOMES}:{line}" for line in effect.lines])
        yield from _steps(f"{path}/{study.study_id}/duration", study.steps, unit, visits)
    of_windows = []
    for row in windows:
        place = f"{path}/window {row['window']}"
        of_windows.append(place)
        names, label = str(row["studies"]).split(";"), str(row["window"])
        below = [one for name in names for one in places.get((name, label), ())]
        yield from _numbers(place, {name: row[name] for name in OF_WINDOW}, unit, below)
    for label, pooled in curve.pooled().items():
        below = [one for name in pooled.studies for one in places.get((name, label), ())]
        alone = {name: getattr(pooled, name) for name in OF_WINDOW_ALONE}
        yield from _numbers(f"{path}/window {label} alone", alone, unit, below)
    if curve.together is not None:
        below = of_windows or [place for visits in places.values() for place in visits]
        yield from _steps(f"{path}/duration", curve.together.steps, unit, below)
        if curve.asked.comparator == CHANGE:
            yield from _of_changes(path, curve, places, unit)


def _of_changes(
    path: str, curve: CurveDurations, places: Mapping[tuple[str, str], Sequence[str]], unit: str
) -> Iterator[PrintedNumber]:
    """Yield the windows of changes put together; they have no row among the windows of contrasts."""
    course = curve.together.course if curve.together is not None else None
    for window in course.windows if course is not None else ():
        below = [one for name in window.studies for one in places.get((name, window.window), ())]
        cells = {name: getattr(window, name) for name in OF_WINDOW}
        yield from _numbers(f"{path}/window {window.window}", cells, unit, below)


def _cells(effect: Effect) -> dict[str, object]:
    return {name: getattr(effect, name) for name in OF_EFFECT}


def _steps(path: str, steps: StepwiseDuration, unit: str, below: Sequence[str]) -> Iterator[PrintedNumber]:
    yield from _numbers(path, {name: getattr(steps, name) for name in OF_STEPS}, MONTHS, below)
    yield from _numbers(path, {"delta": steps.delta}, unit, ())


def _numbers(
    path: str, cells: Mapping[str, object], unit: str, rests_on: Sequence[str]
) -> Iterator[PrintedNumber]:
    for name, value in cells.items():
        if isinstance(value, int | float) and math.isfinite(value):
            whole = name in COUNTS
            said = "" if whole or name == "df" else MONTHS if name == "horizon" else unit
            rounded = int(value) if whole else float(f"{value:.{DIGITS}g}")
            yield PrintedNumber(f"{path}/{name}", rounded, said, tuple(rests_on))


def _key(months: float) -> str:
    return f"{months:.6g}"
