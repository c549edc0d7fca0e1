"""`Table`: an evidence table that is written to Word, LaTeX, HTML, Markdown and CSV with the same content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from spineevidence.errors import InputError, did_you_mean
from spineevidence.formatting import count_of, listed, shortened
from spineevidence.saving import save_files
from spineevidence.tables.csvtable import csv_text
from spineevidence.tables.html import html_page, html_part
from spineevidence.tables.latex import latex_document, latex_part
from spineevidence.tables.layout import Block, Head, Layout, Needs, Words, is_wide, mark, needs, shares
from spineevidence.tables.markdown import markdown_text
from spineevidence.tables.parts import Cell, Column, Group, Row, RowLike, Span, as_cell, as_printed, as_row
from spineevidence.tables.rules import GROUP_COLUMN, bound, broken_rules, keyed_cells
from spineevidence.tables.word import word_document

CAPTION_SHOWN = 60  # characters of a caption in a one-line representation


def _utf8(write: Callable[[Layout], str]) -> Callable[[Layout], bytes]:
    return lambda layout: write(layout).encode()


FORMATS: tuple[str, ...] = ("docx", "tex", "html", "md", "csv")
_WRITERS: Mapping[str, Callable[[Layout], bytes]] = MappingProxyType(
    {
        ".docx": word_document,
        ".tex": _utf8(latex_document),
        ".html": _utf8(html_page),
        ".md": _utf8(markdown_text),
        ".csv": _utf8(csv_text),
    }
)
_PARTS: Mapping[str, Callable[[Layout], bytes]] = MappingProxyType(
    {".tex": _utf8(latex_part), ".html": _utf8(html_part)}
)


@dataclass(frozen=True, slots=True)
class Footnote:
    """A footnote of a table.

    Attributes
    ----------
    key : str
        By which cells, columns, rows and the caption are bound to it.
    mark : str
        As printed: a, b, ... z, aa, in the order in which a reader meets them.
    text : str
        As printed.
    """

    key: str
    mark: str
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """An evidence table: plain texts, with footnotes and citations bound to them.

    `Table.build` makes one and checks it.

    Attributes
    ----------
    caption : Cell
        What the table shows.
    columns : tuple of Column
        From left to right; the cells of the first are the headings of their rows.
    spans : tuple of Span
        Heads over several columns.
    groups : tuple of Group
        The rows, under the headings of their groups.
    footnotes : tuple of Footnote
        In reading order.
    citations : tuple of str
        Cite keys, in the order in which they appear.
    references : tuple of str
        What is printed of each citation: a reference, or the cite key where none was given.
    landscape : bool
        Whether the page of a document lies on its side.
    notes : tuple of str
        What holds for the whole table, printed below it: abbreviations, caveats.
    """

    caption: Cell
    columns: tuple[Column, ...]
    spans: tuple[Span, ...]
    groups: tuple[Group, ...]
    footnotes: tuple[Footnote, ...]
    citations: tuple[str, ...]
    references: tuple[str, ...]
    landscape: bool
    notes: tuple[str, ...]

    @classmethod
    def build(
        cls,
        *,
        caption: str | Cell,
        columns: Iterable[Column],
        rows: Iterable[Group | RowLike],
        spans: Iterable[Span] = (),
        footnotes: Mapping[str, str] = MappingProxyType({}),
        references: Mapping[str, str] = MappingProxyType({}),
        notes: Iterable[str] = (),
        landscape: bool | None = None,
    ) -> Table:
        """Return a checked table.

        Parameters
        ----------
        caption : str or Cell
            What the table shows. Word and LaTeX number it.
        columns : iterable of Column
            From left to right; the first names the rows.
        rows : iterable of Group or rows
            A row is a sequence of one cell per column, a mapping from the keys of all columns, or a `Row`; a
            cell is a str or a `Cell`. Rows without a group stand before the first group.
        spans : iterable of Span
            Heads over several columns.
        footnotes : mapping of str to str
            Texts by key. Marks follow the order in which a reader meets them, not this one. Each has to be
            bound to something.
        references : mapping of str to str
            What is printed of a cited report, by cite key; it may hold more than is cited. Without it the
            cite keys are printed.
        notes : iterable of str
            What holds for the whole table.
        landscape : bool, optional
            Whether the page lies on its side; without it, where an upright one is too narrow.

        Returns
        -------
        Table
            The same arguments give the same table.

        Raises
        ------
        InputError
            If a row lacks a cell, a footnote, column or reference is unknown, a text is empty or holds what
            no document can show, or nothing is in the table; all such breaks at once.

        Examples
        --------
        >>> from spineevidence.tables.parts import Column, cell
        >>> Table.build(
        ...     caption="Difference in pain",
        ...     columns=[Column("study", "Study"), Column("effect", "Difference", kind="number")],
        ...     rows=[["Trial A", cell("-1.2", notes="crossover")], ["Trial B", "0.3"]],
        ...     footnotes={"crossover": "After crossover."},
        ... )
        Table: Difference in pain (2 columns, 2 rows, 1 footnote)
        """
        head = as_cell(caption)
        upright = tuple(map(_printed_column, columns))
        over = tuple(Span(as_printed(span.heading), tuple(span.columns), span.notes) for span in spans)
        given = tuple(_in_groups(rows))
        texts = {key: as_printed(text) for key, text in footnotes.items()}
        known = {key: as_printed(text) for key, text in references.items()}
        below = tuple(as_printed(note) for note in notes)
        broken = list(
            broken_rules(
                caption=head,
                columns=upright,
                spans=over,
                groups=given,
                footnotes=texts,
                references=known,
                notes=below,
            )
        )
        if broken:
            count = count_of(len(broken), "rule is", "rules are")
            raise InputError("\n".join([f"the table cannot be made; {count} broken:", *broken]))
        groups = tuple(_ordered(part, upright) for part in given)
        places = [place for _, place in bound(head, upright, over, groups)]
        noted = dict.fromkeys(key for place in places for key in place.notes)
        cited = tuple(dict.fromkeys(key for place in places for key in place.cites))
        return cls(
            head,
            upright,
            over,
            groups,
            tuple(Footnote(key, mark(position), texts[key]) for position, key in enumerate(noted)),
            cited,
            tuple(known.get(key, key) for key in cited),
            is_wide(_needs(upright, groups)) if landscape is None else landscape,
            below,
        )

    def __len__(self) -> int:
        return sum(len(part.rows) for part in self.groups)

    def __repr__(self) -> str:
        counts = [count_of(len(self.columns), "column"), count_of(len(self), "row")]
        counts += [count_of(len(self.footnotes), "footnote")] if self.footnotes else []
        counts += [count_of(len(self.citations), "citation")] if self.citations else []
        return f"Table: {shortened(self.caption.text, CAPTION_SHOWN)} ({', '.join(counts)})"

    def _repr_html_(self) -> str:
        return html_part(self.layout())

    def to_frame(self) -> pd.DataFrame:
        """Return the cells as printed, without marks: a column per key, before them one for groups if any."""
        grouped = any(part.heading is not None for part in self.groups)
        cells: dict[str, list[str]] = {GROUP_COLUMN: []} if grouped else {}
        cells |= {column.key: [] for column in self.columns}
        for part in self.groups:
            for one in part.rows:
                if grouped:
                    cells[GROUP_COLUMN].append(part.heading.text if part.heading else "")
                for key, found in keyed_cells(one, self.columns):
                    cells[key].append(found.text)
        return pd.DataFrame(cells, dtype="str")

    def write(self, path: str | Path, *, fragment: bool = False) -> Path:
        """Write the table in the format that the end of the file's name says.

        Parameters
        ----------
        path : str or Path
            Ends with ``.docx`` (Word), ``.tex`` (LaTeX), ``.html``, ``.md`` (GitHub's Markdown) or ``.csv``.
            The folder is made if it does not exist.
        fragment : bool
            LaTeX and HTML alone: only the table, to be put into another document.

        Returns
        -------
        Path
            The file. It appears whole or not at all; the same table gives the same bytes.

        Raises
        ------
        InputError
            If the name ends with nothing known, or a fragment is asked of another format.
        OSError
            If the file cannot be written; what stood there is left whole.
        """
        path = Path(path)
        save_files(path.parent, {path.name: self.to_bytes(path.name, fragment=fragment)})
        return path

    def to_bytes(self, name: str, *, fragment: bool = False) -> bytes:
        """Return what `write` would write into a file of this name.

        Parameters
        ----------
        name : str
            Its ending says the format.
        fragment : bool
            As in `write`.

        Raises
        ------
        InputError
            As in `write`.
        """
        write = _writer(Path(name), _PARTS if fragment else _WRITERS, fragment=fragment)
        return write(self.layout())

    def layout(self) -> Layout:
        """Return the table as it is printed, which every writer takes."""
        marks = {footnote.key: footnote.mark for footnote in self.footnotes}
        numbers = {key: number for number, key in enumerate(self.citations, start=1)}

        def words(place: Cell) -> Words:
            return Words(
                place.text,
                tuple(dict.fromkeys(marks[key] for key in place.notes)),
                tuple(dict.fromkeys(numbers[key] for key in place.cites)),
            )

        upright = [words(Cell(column.printed, column.notes)) for column in self.columns]
        over = [(span, words(Cell(span.heading, span.notes))) for span in self.spans]
        return Layout(
            words(self.caption),
            _heads(self.columns, upright, over),
            _flattened(self.columns, upright, over),
            tuple(column.aligned for column in self.columns),
            shares(_needs(self.columns, self.groups), landscape=self.landscape),
            tuple(_block(part, self.columns, words) for part in self.groups),
            tuple((footnote.mark, footnote.text) for footnote in self.footnotes),
            tuple(enumerate(self.references, start=1)),
            self.notes,
            self.landscape,
        )


def _printed_column(column: Column) -> Column:
    return replace(column, heading=as_printed(column.heading), unit=as_printed(column.unit))


def _in_groups(rows: Iterable[Group | RowLike]) -> Iterator[Group]:
    """Yield groups, with neighbouring rows that stand in none as a group without a heading."""
    loose: list[Row] = []
    for one in rows:
        if not isinstance(one, Group):
            loose.append(as_row(one))
            continue
        if loose:
            yield Group(None, tuple(loose))
            loose = []
        heading = None if one.heading is None else as_cell(one.heading)
        yield Group(heading, tuple(map(as_row, one.rows)))
    if loose:
        yield Group(None, tuple(loose))


def _ordered(part: Group, columns: Sequence[Column]) -> Group:
    """Return a group whose rows hold their cells in the order of the columns, however they were given."""
    rows = (Row(tuple(found for _, found in keyed_cells(one, columns)), one.notes) for one in part.rows)
    return Group(part.heading, tuple(rows))


def _needs(columns: Sequence[Column], groups: Sequence[Group]) -> list[Needs]:
    cells: dict[str, list[str]] = {column.key: [] for column in columns}
    for part in groups:
        for one in part.rows:
            for key, found in keyed_cells(one, columns):
                cells[key].append(found.text)
    return [needs(column.printed, cells[column.key], numbers=column.kind == "number") for column in columns]


def _heads(
    columns: Sequence[Column], upright: Sequence[Words], over: Sequence[tuple[Span, Words]]
) -> tuple[tuple[Head, ...], ...]:
    """Return the lines of the head: one, or two where heads stand over several columns."""
    if not over:
        return (tuple(Head(words, place) for place, words in enumerate(upright)),)
    opening = {span.columns[0]: (span, words) for span, words in over}
    under = {key for span, _ in over for key in span.columns}
    upper: list[Head] = []
    lower: list[Head] = []
    for place, (column, words) in enumerate(zip(columns, upright, strict=True)):
        if column.key in opening:
            span, heading = opening[column.key]
            upper.append(Head(heading, place, columns=len(span.columns)))
        if column.key in under:
            lower.append(Head(words, place))
        else:
            upper.append(Head(words, place, depth=2))
    return tuple(upper), tuple(lower)


def _flattened(
    columns: Sequence[Column], upright: Sequence[Words], over: Sequence[tuple[Span, Words]]
) -> tuple[Words, ...]:
    """Return a heading on one line for each column, with what stands above it."""
    above = {key: words for span, words in over for key in span.columns}
    flat = []
    for column, words in zip(columns, upright, strict=True):
        heads = [above[column.key], words] if column.key in above else [words]
        text = ": ".join(" ".join(head.text.split("\n")) for head in heads)
        flat.append(Words(text, tuple(dict.fromkeys(mark for head in heads for mark in head.marks))))
    return tuple(flat)


def _block(part: Group, columns: Sequence[Column], words: Callable[[Cell], Words]) -> Block:
    rows = []
    for one in part.rows:
        first, *rest = (found for _, found in keyed_cells(one, columns))
        named = replace(first, notes=(*first.notes, *one.notes))
        rows.append((words(named), *map(words, rest)))
    return Block(None if part.heading is None else words(part.heading), tuple(rows))


def _writer(
    path: Path, writers: Mapping[str, Callable[[Layout], bytes]], *, fragment: bool
) -> Callable[[Layout], bytes]:
    ending = path.suffix.lower()
    if ending not in writers:
        near = did_you_mean(ending, writers)
        what = "a fragment of a table" if fragment else "a table"
        advice = f' (did you mean "{near}"?)' if near else ""
        found = f'ends with "{path.suffix}"' if ending else "has no ending"
        raise InputError(
            f'{what} is written as {listed(tuple(writers), "or")}; the name "{path.name}" {found}{advice}'
        )
    return writers[ending]
