"""What a table is made of: columns, heads over several of them, cells, rows and groups of rows.

Every text is plain text, as it shall be printed. No writer reads markup in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from spineevidence.errors import InputError

Alignment = Literal["left", "center", "right"]
Kind = Literal["text", "number"]

_LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_OUTER = " \t\n"


@dataclass(frozen=True, slots=True)
class Cell:
    r"""A text with the footnotes and citations that are bound to it; `cell` makes one.

    Attributes
    ----------
    text : str
        As printed; ``\n`` begins a new line in it.
    notes : tuple of str
        Keys of footnotes.
    cites : tuple of str
        Cite keys of reports.
    """

    text: str
    notes: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key : str
        Its name in `Table.to_frame` and in rows given as mappings.
    heading : str
        As printed.
    unit : str
        Printed below the heading, in parentheses.
    kind : {"text", "number"}
        Numbers stand right, texts left, if `alignment` does not say otherwise.
    alignment : {None, "left", "center", "right"}
        Where its cells stand.
    notes : tuple of str
        Keys of the footnotes bound to the heading.
    """

    key: str
    heading: str
    unit: str = ""
    kind: Kind = "text"
    alignment: Alignment | None = None
    notes: tuple[str, ...] = ()

    @property
    def aligned(self) -> Alignment:
        """Where the cells stand."""
        return self.alignment or ("right" if self.kind == "number" else "left")

    @property
    def printed(self) -> str:
        """The heading with its unit on a line below it."""
        return f"{self.heading}\n({self.unit})" if self.unit else self.heading


@dataclass(frozen=True, slots=True)
class Span:
    """A heading over several columns that stand side by side.

    Attributes
    ----------
    heading : str
        As printed.
    columns : tuple of str
        Their keys, in the order of the table.
    notes : tuple of str
        Keys of the footnotes bound to the heading.
    """

    heading: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells; `row` makes one.

    Attributes
    ----------
    cells : tuple of Cell, or mapping of str to Cell
        One for each column, in order or by the key of the column.
    notes : tuple of str
        Keys of the footnotes bound to the whole row; their marks stand at its first cell.
    """

    cells: tuple[Cell, ...] | Mapping[str, Cell]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a heading of their own; `group` makes one.

    Attributes
    ----------
    heading : Cell or None
        None for rows before the first heading.
    rows : tuple of Row
        At least one.
    """

    heading: Cell | None
    rows: tuple[Row, ...]


RowLike = Row | Sequence[str | Cell] | Mapping[str, str | Cell]


def cell(text: str, *, notes: str | Iterable[str] = (), cites: str | Iterable[str] = ()) -> Cell:
    r"""Return a cell with its footnotes and citations.

    Parameters
    ----------
    text : str
        As printed. Line breaks of every kind become ``\n``; white space at both ends goes.
    notes : str or iterable of str
        Keys of footnotes.
    cites : str or iterable of str
        Cite keys of reports.

    Raises
    ------
    InputError
        If the text is no text, such as a number that nobody has rounded.

    >>> cell("-1.2 (-2.0 to -0.4)", notes="mid", cites=["freeman2005", "pauza2004"])
    Cell(text='-1.2 (-2.0 to -0.4)', notes=('mid',), cites=('freeman2005', 'pauza2004'))
    """
    return Cell(as_printed(text), as_keys(notes), as_keys(cites))


def row(cells: Sequence[str | Cell] | Mapping[str, str | Cell], *, notes: str | Iterable[str] = ()) -> Row:
    """Return a row with the footnotes that are bound to the whole of it.

    Parameters
    ----------
    cells : sequence or mapping of str or Cell
        One for each column, in order or by the key of the column.
    notes : str or iterable of str
        Keys of footnotes.

    Raises
    ------
    InputError
        If it is one text and no sequence, or a cell is neither text nor `Cell`.
    """
    if isinstance(cells, str):
        raise InputError(
            f'a row must be a sequence of cells; found the text "{cells}"; give ["{cells}", ...]'
        )
    if isinstance(cells, Mapping):
        return Row({key: as_cell(value) for key, value in cells.items()}, as_keys(notes))
    return Row(tuple(map(as_cell, cells)), as_keys(notes))


def group(heading: str | Cell, rows: Iterable[RowLike]) -> Group:
    """Return rows under a heading of their own.

    Parameters
    ----------
    heading : str or Cell
        Such as the follow-up window of the rows.
    rows : iterable of rows
        Each a `Row`, a sequence of cells, or a mapping from the keys of the columns.

    Raises
    ------
    InputError
        If a row is one text, or a cell is neither text nor `Cell`.
    """
    return Group(as_cell(heading), tuple(map(as_row, rows)))


def as_row(given: RowLike) -> Row:
    """Return a row as `Row`, its texts as printed."""
    return row(given.cells, notes=given.notes) if isinstance(given, Row) else row(given)


def as_cell(given: str | Cell) -> Cell:
    """Return a text as a cell without footnotes; a cell as it is."""
    if isinstance(given, Cell):
        return Cell(as_printed(given.text), given.notes, given.cites)
    return Cell(as_printed(given))


def as_printed(text: str) -> str:
    r"""Return a text with line breaks of one kind and no white space at its ends.

    >>> as_printed(" two\r\nlines ")
    'two\nlines'
    """
    if not isinstance(text, str):
        raise InputError(
            f"a cell must be text; found {text!r} ({type(text).__name__}); give it as it shall be printed, "
            'such as "1.2"'
        )
    return _LINE_BREAK.sub("\n", text).strip(_OUTER)


def as_keys(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return one key or several as a tuple.

    >>> as_keys("mid"), as_keys(["mid", "bias"])
    (('mid',), ('mid', 'bias'))
    """
    return (given,) if isinstance(given, str) else tuple(given)
