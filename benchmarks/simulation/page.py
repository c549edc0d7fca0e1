"""The table as a page of the documentation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from simulation.cells import Row, Section
from simulation.courses import DELTA, FORMULAS
from simulation.differences import DIFFERENCES
from simulation.running import SEED
from simulation.statements import Columns
from simulation.studies import OMEGA, RHO, SCHEDULES, SD, SIZES, TAU
from simulation.targets import ERRORS

HEAD = "| setting | expected | found | error | replicates | agrees |\n|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Found:
    """What a row came to: the value, its Monte Carlo standard error, replicates, and whether it agrees."""

    value: float
    se: float
    replicates: int
    agrees: bool | None


def found(row: Row, columns: Mapping[str, Columns]) -> Found:
    """Return a row's value; of several cells that of the lowest mean."""
    own = [columns[cell.name][row.column] for cell in row.cells]
    values = min(own, key=lambda one: float(one.mean()))
    value = float(np.median(values) if row.summary == "median" else np.mean(values))
    spread = float(np.std(values, ddof=1)) if row.summary == "mean" else 0.0
    se = spread / math.sqrt(values.size)
    agrees = row.target.met(value, spread, se) if row.target is not None else None
    return Found(value, se, int(values.size), agrees)


def line(row: Row, columns: Mapping[str, Columns]) -> str:
    """Return a row of the table in Markdown."""
    one = found(row, columns)
    error = f"{one.se:.{row.decimals + 1}f}" if row.summary == "mean" else ""
    verdict = {True: "yes", False: "**no**", None: ""}[one.agrees]
    expected = row.target.text if row.target is not None else ""
    cells = (row.setting, expected, f"{one.value:.{row.decimals}f}", error, f"{one.replicates:,}", verdict)
    return f"| {' | '.join(cells)} |"


def disagreeing(sections: tuple[Section, ...], columns: Mapping[str, Columns]) -> list[tuple[str, str]]:
    """Return the settings whose row does not agree, each after the title of its section."""
    return [
        (section.title, row.setting)
        for section in sections
        for row in section.rows
        if found(row, columns).agrees is False
    ]


def page(sections: tuple[Section, ...], columns: Mapping[str, Columns]) -> str:
    """Return the page: the same for the same numbers."""
    return "\n".join(_lines(sections, columns)) + "\n"


def _lines(sections: tuple[Section, ...], columns: Mapping[str, Columns]) -> Iterator[str]:
    rows = [row for section in sections for row in section.rows]
    results = [found(row, columns) for row in rows]
    judged = [one for one in results if one.agrees is not None]
    yield from (*INTRODUCTION, "")
    yield f"{sum(one.agrees is True for one in judged)} of {len(judged)} rows with an expected value agree."
    yield from ("", *_settings(), "")
    for section in sections:
        yield from (f"## {section.title}", "", section.says, "", HEAD)
        yield from (line(row, columns) for row in section.rows)
        yield ""
    yield from _differences(sections, columns)


def _differences(sections: tuple[Section, ...], columns: Mapping[str, Columns]) -> Iterator[str]:
    yield from ("## Where the numbers differ", "")
    titles = dict.fromkeys(title for title, _ in disagreeing(sections, columns))
    if not titles:
        yield "Nowhere."
    for title in titles:
        yield f"- **{title}.** {DIFFERENCES.get(title, 'Not yet explained.')}"


def _settings() -> Iterator[str]:
    visits = np.array([1, 3, 6, 12, 24])
    schedules = "; ".join(", ".join(map(str, visits[own])) for own in SCHEDULES)
    yield "## Settings"
    yield ""
    yield f"- Pain from 0 to 10, SD {SD:g} in each arm, delta {DELTA:g}. Seed {SEED}."
    yield (
        f"- Two arms of equal size; where it is not said, {SIZES[0]} to {SIZES[1]} patients in each, "
        "log-uniform. A patient's scores at two visits of which one is twice as late correlate by "
        f"{RHO:g} where nothing else is said."
    )
    yield (
        "- Means and standard deviations of the arms are drawn as those of that many patients; effects, "
        "variances and intervals come from them by `mean_difference`, with estimated standard deviations."
    )
    yield (
        "- Studies differ from the mean course by N(0, tau2), and at each visit by N(0, omega2) more: tau "
        f"{TAU:g}, omega {OMEGA:g}. Each has one of seven schedules of visits, in months: {schedules}. One "
        "study judged by itself has all five visits and no effect of its own."
    )
    formulas = "; ".join(f"{name} {text}" for name, text in FORMULAS.items())
    yield f"- True courses, t in months: {formulas}."


INTRODUCTION = (
    "# Does the method keep its promises?",
    "",
    "Studies are drawn from a known truth and put through the library. The table says how often its",
    "statements are true, how much they tell, and what rules in common use would have said.",
    "`make simulation` draws it all again and writes this page: the same bytes every time, whatever the",
    "number of processors.",
    "",
    "*Expected* was computed apart from this library, in R and NumPy, before it was written. It is either a",
    "range that a correct implementation has to meet, or a printed figure or span of figures, which is the",
    f"result of a simulation too: then theirs and ours may differ by rounding and {ERRORS:g} standard errors",
    "of both. *At least 0.95* is the promise itself. *Error* is the Monte Carlo standard error of ours.",
)
