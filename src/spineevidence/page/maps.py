"""The evidence map: procedures and comparator classes against follow-up windows, one map for each domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spineevidence.curves import DURATION_DOMAINS
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.page.marks import Mark
from spineevidence.page.procedures import LineView, ProcedureView
from spineevidence.timing import WINDOWS
from spineevidence.wording import COMPARATORS


@dataclass(frozen=True, slots=True)
class MapCell:
    """What is known in one window; no mark means that there are no data."""

    window: str
    target: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class MapRow:
    """One line of evidence over the windows, to its horizon."""

    view: LineView
    comparator: str
    cells: tuple[MapCell, ...]


@dataclass(frozen=True, slots=True)
class MapBlock:
    """The rows of one procedure."""

    procedure: ProcedureView
    rows: tuple[MapRow, ...]
    untested: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainMap:
    """The maps of a domain: contrasts, and changes apart from them."""

    domain: str
    words: str
    contrasts: tuple[MapBlock, ...]
    changes: tuple[MapBlock, ...]


def evidence_maps(procedures: Sequence[ProcedureView]) -> tuple[DomainMap, ...]:
    """Return a map for each domain of which durations are said, pain first.

    Parameters
    ----------
    procedures : sequence of ProcedureView
        Procedures with their lines.
    """
    maps = (
        DomainMap(
            domain,
            domain.replace("_", " "),
            _blocks(procedures, domain, change=False),
            _blocks(procedures, domain, change=True),
        )
        for domain in DURATION_DOMAINS
    )
    return tuple(one for one in maps if one.contrasts or one.changes)


def _blocks(procedures: Sequence[ProcedureView], domain: str, *, change: bool) -> tuple[MapBlock, ...]:
    blocks = []
    for procedure in procedures:
        views = [view for view in procedure.lines if view.line.domain == domain and view.change is change]
        if views:
            compared = {view.line.comparator for view in views}
            untested = [COMPARATORS[name] for name in COMPARATOR_CLASSES if name not in compared]
            blocks.append(MapBlock(procedure, tuple(map(_row, views)), () if change else tuple(untested)))
    return tuple(blocks)


def _row(view: LineView) -> MapRow:
    known = {window.label: window for window in view.windows}
    cells = tuple(
        MapCell(window.label, known[window.label].id, known[window.label].marks)
        if window.label in known
        else MapCell(window.label, view.id, ())
        for window in WINDOWS
    )
    return MapRow(view, COMPARATORS[view.line.comparator], cells)
