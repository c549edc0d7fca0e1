"""A table as it is printed, the same for every format: texts with marks, merged heads, widths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from spineevidence.formatting import count_of
from spineevidence.tables.parts import Alignment

PORTRAIT = 100  # characters that fit on a line: A4 upright with margins of 2.5 cm, 9 points
LANDSCAPE = 155  # the same on its side
PADDING = 2.5  # characters that the space around a cell takes
COMFORT = 20  # characters below which a column of words becomes tiresome to read
LONGEST = 60  # characters beyond which a line is broken anyway
BROAD = "⊕⊖⨁◯○●"  # symbols of certainty, twice as wide as a letter
UNBROKEN = 28  # characters of a word, or of a number with its interval, for which a column is made wider


@dataclass(frozen=True, slots=True)
class Words:
    r"""A printed text with what stands after it.

    Attributes
    ----------
    text : str
        Plain text; ``\n`` begins a new line.
    marks : tuple of str
        Of footnotes, printed raised.
    cites : tuple of int
        Numbers of reports, printed in brackets.
    """

    text: str
    marks: tuple[str, ...] = ()
    cites: tuple[int, ...] = ()

    @property
    def raised(self) -> str:
        """The marks as they are printed, or nothing."""
        return ",".join(self.marks)

    @property
    def bracketed(self) -> str:
        """The citations as they are printed, with a space before them if anything is, or nothing."""
        if not self.cites:
            return ""
        return f"{' ' if self.text or self.marks else ''}[{', '.join(map(str, self.cites))}]"


@dataclass(frozen=True, slots=True)
class Head:
    """A cell of the table's head.

    Attributes
    ----------
    words : Words
        What it says.
    first, columns : int
        The column at which it begins, from 0, and over how many it stands.
    depth : int
        Over how many lines of the head it reaches.
    """

    words: Words
    first: int
    columns: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """Rows under one heading.

    Attributes
    ----------
    heading : Words or None
        None for rows before the first heading.
    rows : tuple of tuple of Words
        A text for each column; the first is the heading of its row.
    """

    heading: Words | None
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as it is printed.

    Attributes
    ----------
    caption : Words
        What the table shows.
    heads : tuple of tuple of Head
        One line, or two where heads stand over several columns.
    columns : tuple of Words
        The heading of each column on one line, for formats that merge no cells: "head: sub".
    alignments : tuple of str
        "left", "center" or "right" for each column.
    shares : tuple of float
        The width of each column as a share of the width of the text; together at most 1.
    blocks : tuple of Block
        The body.
    footnotes : tuple of (str, str)
        Marks and texts in reading order.
    references : tuple of (int, str)
        Numbers and texts of the cited reports, in the order in which they appear.
    notes : tuple of str
        What holds for the whole table.
    landscape : bool
        Whether the page lies on its side.
    """

    caption: Words
    heads: tuple[tuple[Head, ...], ...]
    columns: tuple[Words, ...]
    alignments: tuple[Alignment, ...]
    shares: tuple[float, ...]
    blocks: tuple[Block, ...]
    footnotes: tuple[tuple[str, str], ...]
    references: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    landscape: bool

    @property
    def description(self) -> str:
        """What a screen reader says of the table before it reads it."""
        rows = count_of(sum(len(block.rows) for block in self.blocks), "row")
        headings = "; ".join(column.text for column in self.columns)
        groups = [block.heading.text for block in self.blocks if block.heading is not None]
        grouped = f" Rows are grouped: {'; '.join(groups)}." if groups else ""
        return f"{rows}, {count_of(len(self.columns), 'column')}: {headings}.{grouped}"


def mark(position: int) -> str:
    """Return the mark of a footnote by its position from 0.

    >>> [mark(position) for position in (0, 25, 26, 27, 701, 702)]
    ['a', 'z', 'aa', 'ab', 'zz', 'aaa']
    """
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Needs:
    """The width that a column needs, in characters.

    Attributes
    ----------
    least : float
        So that no word is broken, nor a number parted from its interval.
    natural : float
        So that no line is broken.
    """

    least: float
    natural: float


def needs(heading: str, cells: Sequence[str], *, numbers: bool) -> Needs:
    """Return the width that a column needs.

    >>> needs("Difference", ["-1.2 (-2.0 to -0.4)"], numbers=True)
    Needs(least=21.5, natural=21.5)
    >>> needs("Study", ["a long name of a study"], numbers=False)
    Needs(least=7.5, natural=24.5)
    """
    lines = [line for text in (heading, *cells) for line in text.split("\n")]
    whole = [line for text in cells for line in text.split("\n")] if numbers else []
    pieces = [*whole, *(word for line in lines for word in line.split())]
    least = min(max(map(_length, pieces), default=0), UNBROKEN)
    return Needs(least + PADDING, max(least, min(max(map(_length, lines)), LONGEST)) + PADDING)


def _length(text: str) -> int:
    """Return the width of a text in characters; symbols and East Asian signs take two for each."""
    return len(text) + sum(sign in BROAD or east_asian_width(sign) in "WF" for sign in text)


def is_wide(columns: Sequence[Needs]) -> bool:
    """Whether a table with such columns is tiresome to read on an upright page."""
    return sum(max(one.least, min(one.natural, COMFORT)) for one in columns) > PORTRAIT


def shares(columns: Sequence[Needs], *, landscape: bool) -> tuple[float, ...]:
    """Return the widths of columns as shares of the width of the text.

    Every column gets the least that it needs. What is left raises the narrowest of those that lack more, to a
    common width, so that short columns are served before long ones. A table that needs less than the whole
    width stays narrower.

    >>> shares([Needs(7.5, 24.5), Needs(4.5, 4.5)], landscape=False)
    (0.245, 0.045)
    >>> shares([Needs(10.0, 16.5), Needs(10.0, 120.0), Needs(20.0, 62.5)], landscape=False)
    (0.165, 0.4175, 0.4175)
    """
    room = LANDSCAPE if landscape else PORTRAIT
    least = sum(one.least for one in columns)
    if least >= room:
        return tuple(_floored(one.least / least) for one in columns)
    level = _level(columns, room)
    return tuple(_floored(_at(one, level) / room) for one in columns)


def _level(columns: Sequence[Needs], room: float) -> float:
    """Return the width to which columns can be raised, as far as they need it, before the room is full."""
    steps = sorted({width for one in columns for width in (one.least, one.natural)})
    level = steps[0]
    for step in steps:
        if sum(_at(one, step) for one in columns) > room:
            rising = sum(one.least <= level < one.natural for one in columns)
            return level + (room - sum(_at(one, level) for one in columns)) / rising
        level = step
    return level


def _at(column: Needs, level: float) -> float:
    return max(column.least, min(column.natural, level))


def _floored(share: float) -> float:
    """Return a share with so few digits that they print alike everywhere, and never rounded up."""
    return math.floor(share * 10_000 + 1e-6) / 10_000
