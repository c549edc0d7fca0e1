"""Durations of relief as reports print them: time until pain returned, quoted as change and never pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from spineevidence.formatting import time_in_words
from spineevidence.results import Result
from spineevidence.timing import to_months

MEASURES: Mapping[str, str] = MappingProxyType(
    {"duration_of_relief_months": "months", "duration_of_relief_weeks": "weeks"}
)


@dataclass(frozen=True, slots=True)
class ReliefDuration:
    """A printed duration of relief in one group.

    Attributes
    ----------
    study_id, arm : str
        The study, and the group.
    domain : str
        Of the measure.
    statistic : str
        "mean" or "median", as printed.
    months : float
        The duration.
    ci_low, ci_high : float or None
        Its printed interval, in months.
    n : int or None
        Patients it is of, if the row says so.
    definition : str
        What counted as relief, of whom, and whether repeat procedures were allowed, as far as the report
        says; "" if it says nothing.
    cited : str
        The row as printed, with its line, its report and the place in it.
    line : int
        Line of outcomes.csv.
    """

    study_id: str
    arm: str
    domain: str
    statistic: str
    months: float
    ci_low: float | None
    ci_high: float | None
    n: int | None
    definition: str
    cited: str
    line: int

    def __str__(self) -> str:
        limits = ""
        if self.ci_low is not None and self.ci_high is not None:
            limits = f" ({time_in_words(self.ci_low)} to {time_in_words(self.ci_high)})"
        size = "" if self.n is None else f", n {self.n}"
        how = self.definition or "no definition printed"
        return f"{self.study_id}: {self.statistic} {time_in_words(self.months)}{limits}{size} ({how})"


def relief_durations(
    studies: Mapping[str, Sequence[Result]], procedure_id: str
) -> tuple[ReliefDuration, ...]:
    """Return every printed duration of relief after a procedure.

    Parameters
    ----------
    studies : mapping of str to sequence of Result
        Results by study.
    procedure_id : str
        The procedure.

    Returns
    -------
    tuple of ReliefDuration
        By study. They are change within a group: natural course and the choice of patients are in them, and
        each has its own definition of failure, so that they are never pooled.
    """
    found = [
        _read(row)
        for name in sorted(studies)
        for row in studies[name]
        if row.measure.measure_id in MEASURES
        and row.value is not None
        and row.versus is None
        and row.arm.procedure.procedure_id == procedure_id
    ]
    return tuple(found)


def _read(row: Result) -> ReliefDuration:
    unit = MEASURES[row.measure.measure_id]

    def months(value: float | None) -> float | None:
        return None if value is None else float(to_months(value, unit))

    time = months(row.value)
    return ReliefDuration(
        study_id=row.study_id,
        arm=row.arm.arm,
        domain=row.measure.domain,
        statistic=row.statistic,
        months=0.0 if time is None else time,
        ci_low=months(row.ci_low),
        ci_high=months(row.ci_high),
        n=row.n,
        definition=row.note,
        cited=row.cited,
        line=row.line,
    )


def relief_sentence(found: Sequence[ReliefDuration]) -> str:
    """Return printed durations of relief in words of change; "" if there is none."""
    if not found:
        return ""
    said = "; ".join(map(str, found))
    return f"Printed durations of relief, change and no effect: {said}."
