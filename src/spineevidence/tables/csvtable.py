"""A table as CSV after RFC 4180, in which no spreadsheet finds a formula.

The first row has the headings ("head: sub"), with a column "Group" before them where rows are grouped. Marks
of footnotes and numbers of citations follow their text in brackets: ``-1.2 [a] [1]``. After an empty row
stand the caption, the notes, the footnotes and the references, each with its name, mark or number in the
first cell and its text in the second. A text that a spreadsheet would take for a formula begins with an
apostrophe; a number, alone or with its interval, keeps its sign. The file is UTF-8 without a byte-order mark.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from spineevidence.tables.layout import Layout, Words

GROUPS = "Group"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four for Japanese

_NUMBER = r"[+-]?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?(?: ?%)?"
_FIGURES = re.compile(rf"{_NUMBER}(?: [(\[]{_NUMBER}(?: to |, |; ){_NUMBER}[)\]])?(?: \[[a-z0-9, ]+\])*")


def csv_text(layout: Layout) -> str:
    """Return the table with caption and notes as CSV, with CR LF at the end of each row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for row in _rows(layout):
        writer.writerow(map(harmless, row))
    return text.getvalue()


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula.

    What begins like a formula gets an apostrophe, and so does what begins with apostrophes before that, so
    that the first apostrophe can be taken away again without a doubt.

    >>> [harmless(text) for text in ("-1.2 (-2.0 to -0.4)", "=1+1", "'=1+1", "-", "'tis")]
    ['-1.2 (-2.0 to -0.4)', "'=1+1", "''=1+1", "'-", "'tis"]
    """
    if text.lstrip("' ").startswith(FORMULA_STARTS) and not _FIGURES.fullmatch(text):
        return f"'{text}"
    return text


def _rows(layout: Layout) -> Iterator[list[str]]:
    grouped = any(block.heading is not None for block in layout.blocks)
    headings = list(map(_words, layout.columns))
    yield [GROUPS, *headings] if grouped else headings
    for block in layout.blocks:
        group = "" if block.heading is None else _words(block.heading)
        for row in block.rows:
            cells = list(map(_words, row))
            yield [group, *cells] if grouped else cells
    yield []
    yield ["Caption", _words(layout.caption)]
    for note in layout.notes:
        yield ["Note", note]
    for mark, text in layout.footnotes:
        yield [f"[{mark}]", text]
    for number, text in layout.references:
        yield [f"[{number}]", text]


def _words(words: Words) -> str:
    raised = f" [{', '.join(words.marks)}]" if words.marks else ""
    return f"{words.text}{raised}{words.bracketed}"
