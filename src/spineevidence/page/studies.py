"""Studies with their rows as printed, what became of each row, and their reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from spineevidence.bibliography import Reference
from spineevidence.evidence import Evidence
from spineevidence.models import TABLES, Arm, Measure, Procedure, Study
from spineevidence.page.anchors import anchor
from spineevidence.page.filters import About, about
from spineevidence.page.procedures import LineView
from spineevidence.page.trails import EffectTrail, Sources
from spineevidence.results import ROLES, Result


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of outcomes.csv, its cells as printed.

    Attributes
    ----------
    id : str
        Its place in the page.
    line : int
        Its line in outcomes.csv.
    cells : mapping of str to str
        The cells by column, exactly as in the file.
    measure : str
        Name of the measure.
    odd : tuple of str
        What is odd but possible about it.
    used : tuple of EffectTrail
        Effects and changes it went into.
    why : tuple of str
        Otherwise, what became of it.
    """

    id: str
    line: int
    cells: Mapping[str, str]
    measure: str
    odd: tuple[str, ...]
    used: tuple[EffectTrail, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyView:
    """A study with everything that is printed of it.

    Attributes
    ----------
    id : str
        Its place in the page.
    study : Study
        Its record.
    arms : tuple of (Arm, str)
        Its arms, each with the name of what it was given.
    reports : tuple of Reference
        Its reports, the primary one first.
    rows : tuple of RowView
        Its printed results.
    effects : tuple of EffectTrail
        What was derived from them.
    about : About
        For the filters.
    """

    id: str
    study: Study
    arms: tuple[tuple[Arm, str], ...]
    reports: tuple[Reference, ...]
    rows: tuple[RowView, ...]
    effects: tuple[EffectTrail, ...]
    about: About


def study_views(
    evidence: Evidence,
    studies: Mapping[str, list[Result]],
    lines: Sequence[LineView],
    sources: Sources,
) -> tuple[StudyView, ...]:
    """Return every study, in the order of studies.csv.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    studies : mapping of str to list of Result
        The results of each study.
    lines : sequence of LineView
        The lines on which durations are said, with all effects.
    sources : Sources
        Printed rows and reports.
    """
    procedures = {record.procedure_id: record for record in evidence.procedure_records()}
    fates = _Fates.of(lines)
    rows = _rows(evidence, evidence.measure_records(), sources, fates)
    table = evidence.tables["studies"]
    found = []
    for position in range(len(table)):
        profile = evidence.study(str(table.text("study_id")[position]))
        own = [view for view in lines if profile.study_id in view.line.studies]
        found.append(
            StudyView(
                id=anchor("study", profile.study_id),
                study=profile,
                arms=tuple((arm, procedures[arm.procedure_id].name) for arm in profile.arms),
                reports=profile.reports,
                rows=tuple(rows[result.line] for result in studies.get(profile.study_id, ())),
                effects=tuple(
                    trail
                    for view in own
                    for window in view.windows
                    for trail in window.effects
                    if trail.effect.study_id == profile.study_id
                ),
                about=about(
                    procedures=_treatments(profile.arms, procedures),
                    comparators={view.line.comparator for view in own},
                    conditions=[profile.condition],
                ),
            )
        )
    return tuple(found)


def _treatments(arms: Iterable[Arm], procedures: Mapping[str, Procedure]) -> set[str]:
    return {arm.procedure_id for arm in arms if not procedures[arm.procedure_id].is_control}


@dataclass(frozen=True, slots=True)
class _Fates:
    """What became of every printed row: effects, a vote, or why neither."""

    effects: Mapping[int, tuple[EffectTrail, ...]]
    votes: frozenset[int]
    reasons: Mapping[int, tuple[str, ...]]

    @classmethod
    def of(cls, lines: Sequence[LineView]) -> _Fates:
        effects: dict[int, dict[str, EffectTrail]] = {}
        reasons: dict[int, dict[str, None]] = {}
        votes: set[int] = set()
        for view in lines:
            for window in view.windows:
                votes |= {one.vote.line for one in window.findings}
                for trail in window.effects:
                    for line in trail.effect.lines:
                        effects.setdefault(line, {})[trail.id] = trail
            for reason, rows in view.set_aside:
                for row in rows:
                    reasons.setdefault(row.line, {})[reason] = None
        return cls(
            {line: tuple(trails.values()) for line, trails in effects.items()},
            frozenset(votes),
            {line: tuple(said) for line, said in reasons.items()},
        )

    def why(self, row: Result) -> Iterator[str]:
        """Yield what became of a row that went into no effect."""
        if row.line in self.votes:
            yield "its finding counts where numbers are missing"
        elif row.line in self.reasons:
            yield from self.reasons[row.line]
        elif row.role != "visit":
            yield ROLES[row.role]
        else:
            yield "on no line of which a duration is said, or the study speaks by another row"


def _rows(
    evidence: Evidence, measures: Mapping[str, Measure], sources: Sources, fates: _Fates
) -> dict[int, RowView]:
    table = evidence.tables["outcomes"]
    columns = [table.text(name).tolist() for name in TABLES["outcomes"].columns]
    found = {}
    for line, cells in zip(table.lines.tolist(), zip(*columns, strict=True), strict=True):
        row = sources.rows[line]
        used = fates.effects.get(line, ())
        found[line] = RowView(
            id=anchor("row", line),
            line=line,
            cells=dict(zip(TABLES["outcomes"].columns, cells, strict=True)),
            measure=measures[row.measure.measure_id].name,
            odd=row.odd,
            used=used,
            why=() if used else tuple(fates.why(row)),
        )
    return found
