"""Shares of responders among treated patients, as printed of single arms, with the comparator arms beside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from spineevidence.curves import curves_of
from spineevidence.errors import InputError
from spineevidence.evidence import Evidence
from spineevidence.figures import Figure, combined, events_of
from spineevidence.models import Measure
from spineevidence.results import Result
from spineevidence.timing import WINDOWS
from spineevidence.verdicts.experience import Share


def responder_measures(evidence: Evidence, *, domain: str, measure: str = "") -> tuple[Measure, ...]:
    """Return the measures that count responders in a domain, the most usual definition first.

    Raises
    ------
    InputError
        If the only measure asked for counts nobody.
    """
    if measure:
        own = evidence.measure_records()[measure]
        if own.kind != "binary":
            raise InputError(f"{measure} is {own.kind} and has no share of patients; name a binary measure")
        return (own,)
    found = (m for curve in curves_of(evidence, domain) if curve.kind == "RD" for m in curve.measures)
    return tuple(m for m in found if m.better == "higher")


def shares_of(
    studies: Mapping[str, Sequence[Result]],
    procedure_id: str,
    *,
    measures: Sequence[Measure],
    window: str | None,
) -> tuple[Measure | None, tuple[Share, ...]]:
    """Return the shares of responders after a procedure, by the first definition that any study prints.

    Parameters
    ----------
    studies : mapping of str to sequence of Result
        Results by study.
    procedure_id : str
        The procedure.
    measures : sequence of Measure
        Definitions of response, the preferred first; two are never put together.
    window : str or None
        Label of the only window meant; None for all.

    Returns
    -------
    Measure or None
        The definition used; None if no study prints a share.
    tuple of Share
        One for each study and window, in order of time: the visit nearest to the nominal time, the later one
        of two. Arms of one procedure are added up; patients sorted after allocation are left out.
    """
    labels = [own.label for own in WINDOWS if window in (None, own.label)]
    for measure in measures:
        found = [
            share
            for label in labels
            for study in sorted(studies)
            for share in _of_study(_rows(studies[study], measure), procedure_id, label)
        ]
        if found:
            return measure, tuple(found)
    return None, ()


def _rows(rows: Sequence[Result], measure: Measure) -> list[Result]:
    return [
        row
        for row in rows
        if row.measure.measure_id == measure.measure_id
        and row.statistic in ("events", "percent")
        and not row.is_contrast
        and row.role == "visit"
        and not row.subgroup
    ]


def _of_study(rows: Sequence[Result], procedure_id: str, label: str) -> Iterator[Share]:
    there = [row for row in rows if row.window is not None and row.window.label == label]
    own = [row for row in there if row.arm.procedure.procedure_id == procedure_id]
    if not own or own[0].window is None:
        return
    nominal = own[0].window.nominal
    months = min((row.months or 0.0 for row in own), key=lambda t: (abs(math.log(t / nominal)), -t))
    visit = [row for row in there if row.months == months]
    population = min(row.population for row in own if row.months == months)
    visit = [row for row in visit if row.population == population]
    treated = _together([row for row in visit if row.arm.procedure.procedure_id == procedure_id])
    if treated is None or treated.n is None:
        return
    yield Share(
        study_id=own[0].study_id,
        window=label,
        months=months,
        events=treated.value,
        n=treated.n,
        lines=treated.lines,
        beside=tuple(_beside(visit)),
    )


def _together(rows: Sequence[Result]) -> Figure | None:
    """Return arms of one treatment as one group; those compared as allocated, if there are any."""
    allocated = [row for row in rows if row.arm.as_allocated] or list(rows)
    arms = {row.arm.arm: row for row in reversed(allocated)}  # one row of each, the first in the file
    figures = [figure for figure in map(events_of, reversed(arms.values())) if figure is not None]
    return combined(figures, counts=True) if figures else None


def _beside(visit: Sequence[Result]) -> Iterator[tuple[str, float, int]]:
    controls = [row for row in visit if row.arm.procedure.is_control and row.arm.as_allocated]
    for name in dict.fromkeys(row.arm.procedure.comparator_class or "active" for row in controls):
        own = [row for row in controls if (row.arm.procedure.comparator_class or "active") == name]
        group = _together(own)
        if group is not None and group.n is not None:
            yield name, group.value, group.n
