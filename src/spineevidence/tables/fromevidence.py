"""What tables of an evidence base share: clean texts, studies by name, merged footnotes, references.

The text of a footnote is its key, so that a caveat that holds in many places is printed once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from spineevidence.citations import reference_list
from spineevidence.evidence import Evidence
from spineevidence.formatting import printable
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, RowLike, Span, as_row, cell
from spineevidence.tables.rules import bound

INVISIBLE = "(no visible text)"


@dataclass(frozen=True, slots=True)
class Sources:
    """An evidence base with how its studies and reports are printed.

    Attributes
    ----------
    evidence : Evidence
        A whole base, or a selection.
    names : mapping of str to Cell
        How each study is named and cited.
    references : mapping of str to str
        Printed references by cite key, where they are known already; else a table makes those it cites.
    """

    evidence: Evidence
    names: Mapping[str, Cell]
    references: Mapping[str, str]


def sources_of(evidence: Evidence, *, references: bool = False) -> Sources:
    """Return an evidence base with its studies named.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    references : bool
        Whether all references are printed at once, for many tables.
    """
    known = _printed(evidence, list(evidence.references)) if references else {}
    return Sources(evidence, study_cells(evidence), MappingProxyType(known))


def _printed(evidence: Evidence, keys: Sequence[str]) -> dict[str, str]:
    entries = reference_list(evidence.references, keys).entries if keys else ()
    return {entry.key: one_line(entry.text()) for entry in entries}


def evidence_table(
    sources: Sources,
    *,
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Group | RowLike],
    empty: str,
    spans: Sequence[Span] = (),
    notes: Sequence[str] = (),
    landscape: bool | None = None,
) -> Table:
    """Return a table whose footnotes are their own keys, with the references it cites in Vancouver style.

    Parameters
    ----------
    sources : Sources
        For the references.
    caption : str
        What the table shows.
    columns : sequence of Column
        From left to right.
    rows : iterable of Group or rows
        Bound footnotes are texts.
    empty : str
        What the only row says if there are none.
    spans : sequence of Span
        Heads over several columns.
    notes : sequence of str
        What holds for the whole table.
    landscape : bool, optional
        Whether the page lies on its side.
    """
    body = [_clean_group(one) if isinstance(one, Group) else _clean_row(as_row(one)) for one in rows]
    if not body:
        body = [Row((Cell(empty), *(Cell("") for _ in columns[1:])))]
    groups = [one if isinstance(one, Group) else Group(None, (one,)) for one in body]
    head = Cell(one_line(caption))
    places = [place for _, place in bound(head, columns, spans, groups)]
    cited = list(dict.fromkeys(key for place in places for key in place.cites))
    texts = dict.fromkeys(text for place in places for text in place.notes)
    return Table.build(
        caption=head,
        columns=columns,
        rows=body,
        spans=spans,
        footnotes={text: text for text in texts},
        references=sources.references or _printed(sources.evidence, cited),
        notes=[one_line(note) for note in notes],
        landscape=landscape,
    )


def one_line(text: str) -> str:
    r"""Return a text that every document can show, on one line.

    >>> one_line("two\nlines and a\x07 bell")
    'two lines and a bell'
    """
    return " ".join(printable(text).split()) or INVISIBLE


def stacked(texts: Iterable[str]) -> str:
    """Return the texts that say anything, each on a line of its own."""
    return "\n".join(one_line(text) for text in texts if text.strip())


def said(text: str) -> str:
    """Return a word of a vocabulary as a reader sees it.

    >>> said("chronic_low_back_pain"), said("")
    ('chronic low back pain', 'not stated')
    """
    return text.replace("_", " ") or "not stated"


def study_cells(evidence: Evidence) -> Mapping[str, Cell]:
    """Return how each study is named: its first report, its id where that is ambiguous, citations."""
    table = evidence.tables["studies"]
    reports = {
        study: [key.strip() for key in keys.split(";")]
        for study, keys in zip(table.text("study_id").tolist(), table.text("citekeys").tolist(), strict=True)
    }
    short = {study: evidence.references[keys[0]].short for study, keys in reports.items()}
    count = Counter(short.values())
    called = {study: words if count[words] == 1 else f"{words} ({study})" for study, words in short.items()}
    return MappingProxyType(
        {study: cell(one_line(called[study]), cites=keys) for study, keys in reports.items()}
    )


def citations_of(names: Mapping[str, Cell], studies: Iterable[str]) -> tuple[str, ...]:
    """Return the cite keys of all reports of some studies, each once."""
    return tuple(dict.fromkeys(key for study in studies for key in names[study].cites))


def _clean_group(given: Group) -> Group:
    heading = given.heading
    if heading is not None:
        heading = Cell(one_line(heading.text), _clean_notes(heading.notes), heading.cites)
    return Group(heading, tuple(_clean_row(as_row(one)) for one in given.rows))


def _clean_row(given: Row) -> Row:
    if isinstance(given.cells, Mapping):
        return Row({key: _clean(one) for key, one in given.cells.items()}, _clean_notes(given.notes))
    return Row(tuple(map(_clean, given.cells)), _clean_notes(given.notes))


def _clean(given: Cell) -> Cell:
    lines = (" ".join(printable(line).split()) for line in given.text.split("\n"))
    return Cell("\n".join(filter(None, lines)), _clean_notes(given.notes), given.cites)


def _clean_notes(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(one_line, notes)))
