"""Procedures with their lines of evidence, as the page shows them: contrasts, and changes apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spineevidence.cautions import cautions
from spineevidence.duration import line_notes, notes_together
from spineevidence.evidence import Evidence, ProcedureProfile
from spineevidence.formatting import time_in_words
from spineevidence.lineage import LeftOut
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.page.anchors import anchor
from spineevidence.page.filters import About, about
from spineevidence.page.trails import Sources, WindowTrail, line_key, trails_of
from spineevidence.results import CHANGE, Result
from spineevidence.summary import LineSummary
from spineevidence.wording import COMPARATORS


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of evidence.

    Attributes
    ----------
    id : str
        Its place in the page.
    line : LineSummary
        The line.
    domain : str
        What was measured, in words.
    horizon : str
        The last time at which anything is known, in words.
    windows : tuple of WindowTrail
        The way down from every window.
    notes : tuple of str
        Caveats, each with its keyword.
    set_aside : tuple of (str, tuple of LeftOut)
        Reasons why rows say nothing of a duration, with the rows.
    about : About
        For the filters.
    """

    id: str
    line: LineSummary
    domain: str
    horizon: str
    windows: tuple[WindowTrail, ...]
    notes: tuple[str, ...]
    set_aside: tuple[tuple[str, tuple[LeftOut, ...]], ...]
    about: About

    @property
    def change(self) -> bool:
        """Whether it is of changes within groups, no effect."""
        return self.line.comparator == CHANGE

    @property
    def reported_only(self) -> bool:
        """Whether it rests on findings without numbers."""
        return bool(self.windows) and not any(window.effects for window in self.windows)


@dataclass(frozen=True, slots=True)
class ClassView:
    """The lines of one procedure against one comparator class."""

    comparator: str
    title: str
    lines: tuple[LineView, ...]
    listed: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class ProcedureView:
    """A procedure with all its lines.

    Attributes
    ----------
    id : str
        Its place in the page.
    profile : ProcedureProfile
        What is stated of it.
    contrasts : tuple of ClassView
        By comparator class, sham first.
    changes : ClassView or None
        Changes within groups: no effect, and never among the contrasts.
    untested : tuple of str
        Comparator classes with which it was never compared.
    kin : tuple of (str, str)
        Procedures of the same family: place in the page, "" where it has none, and name.
    about : About
        For the filters.
    """

    id: str
    profile: ProcedureProfile
    contrasts: tuple[ClassView, ...]
    changes: ClassView | None
    untested: tuple[str, ...]
    kin: tuple[tuple[str, str], ...]
    about: About

    @property
    def lines(self) -> tuple[LineView, ...]:
        """Every line on which a duration can be said, contrasts first."""
        groups = (*self.contrasts, *((self.changes,) if self.changes else ()))
        return tuple(line for group in groups for line in group.lines)


def procedure_views(
    evidence: Evidence, lines: Sequence[LineSummary], studies: Mapping[str, list[Result]], sources: Sources
) -> tuple[ProcedureView, ...]:
    """Return every procedure with any line of evidence, in the order of procedures.csv.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    lines : sequence of LineSummary
        Its lines.
    studies : mapping of str to list of Result
        The results of each study.
    sources : Sources
        Printed rows and reports.
    """
    names = {record.procedure_id: record.name for record in evidence.procedure_records()}
    owned = {line.procedure.procedure_id for line in lines}
    found = []
    for name in (name for name in names if name in owned):
        profile = evidence.procedure(name)
        own = [line for line in lines if line.procedure.procedure_id == name]
        kin = [
            (anchor("procedure", other) if other in owned else "", names[other]) for other in profile.see_also
        ]
        found.append(_procedure(profile, [_line_view(line, studies, sources) for line in own], studies, kin))
    return tuple(found)


def _procedure(
    profile: ProcedureProfile,
    views: Sequence[LineView],
    studies: Mapping[str, list[Result]],
    kin: Sequence[tuple[str, str]],
) -> ProcedureView:
    compared = {view.line.comparator for view in views}
    classes = {name: _class_view(name, views) for name in (*COMPARATOR_CLASSES, CHANGE) if name in compared}
    return ProcedureView(
        id=anchor("procedure", profile.procedure_id),
        profile=profile,
        contrasts=tuple(classes[name] for name in COMPARATOR_CLASSES if name in classes),
        changes=classes.get(CHANGE),
        untested=tuple(COMPARATORS[name] for name in COMPARATOR_CLASSES if name not in compared),
        kin=tuple(kin),
        about=about(
            procedures=[profile.procedure_id],
            comparators=compared,
            conditions={studies[study][0].condition for view in views for study in view.line.studies},
        ),
    )


def _class_view(comparator: str, views: Sequence[LineView]) -> ClassView:
    own = sorted(
        (view for view in views if view.line.comparator == comparator), key=lambda view: view.domain != "pain"
    )
    title = f"Versus {COMPARATORS[comparator]}"
    if comparator == CHANGE:
        title = "Uncontrolled: before and after, no effect"
    return ClassView(
        comparator,
        title,
        tuple(view for view in own if view.line.says_how_long),
        tuple(view for view in own if not view.line.says_how_long),
    )


def _line_view(line: LineSummary, studies: Mapping[str, list[Result]], sources: Sources) -> LineView:
    reasons: dict[str, list[LeftOut]] = {}
    for row in line.left_out:
        reasons.setdefault(row.reason, []).append(row)
    return LineView(
        id=anchor("line", *line_key(line)),
        line=line,
        domain=line.domain.replace("_", " "),
        horizon="no usable result" if line.horizon is None else time_in_words(line.horizon),
        windows=trails_of(line, sources),
        notes=tuple(dict.fromkeys(_notes(line, studies))),
        set_aside=tuple((reason, tuple(rows)) for reason, rows in sorted(reasons.items())),
        about=about(
            procedures=[line.procedure.procedure_id],
            comparators=[line.comparator],
            conditions={studies[study][0].condition for study in line.studies},
        ),
    )


def _notes(line: LineSummary, studies: Mapping[str, list[Result]]) -> Iterator[str]:
    told = {study.study_id: study for curve in line.curves for study in curve.studies}
    for curve in line.curves:
        yield from notes_together(curve)
    for curve in line.curves[:1]:
        durations = [study for one in line.curves for study in one.studies]
        concerned = sorted({*told, *(vote.study_id for vote in line.votes)})
        if concerned:
            yield from line_notes(curve.asked, durations, studies, concerned)
            yield from cautions(studies, concerned, domain=line.domain)
