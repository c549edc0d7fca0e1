"""What a table must keep before it is written: every break of a rule, with its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from spineevidence.errors import did_you_mean
from spineevidence.formatting import count_of, shortened
from spineevidence.tables.parts import Alignment, Cell, Column, Group, Kind, Row, Span

QUOTED = 40  # characters of a text in a message
GROUP_COLUMN = "group"  # the column of group headings in a frame

# What XML 1.0 cannot hold (section 2.2), and the invisible controls that no reader shows; a tab and a line
# break can be printed.
_UNPRINTABLE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def broken_rules(
    *,
    caption: Cell,
    columns: Sequence[Column],
    spans: Sequence[Span],
    groups: Sequence[Group],
    footnotes: Mapping[str, str],
    references: Mapping[str, str],
    notes: Sequence[str],
) -> Iterator[str]:
    """Yield every break of a rule in the parts of a table, in reading order."""
    yield from _text("the caption", caption.text, lines=False)
    yield from _columns(columns, grouped=any(part.heading for part in groups))
    yield from _spans(spans, [column.key for column in columns])
    yield from _body(groups, columns)
    for key, text in footnotes.items():
        yield from _text(f'footnote "{key}"', text, lines=False)
    for text in notes:
        yield from _text("a note", text, lines=False)
    for key, text in references.items():
        yield from _text(f'reference "{key}"', text, lines=False)
    yield from _bindings(bound(caption, columns, spans, groups), footnotes, references)


def bound(
    caption: Cell, columns: Sequence[Column], spans: Sequence[Span], groups: Sequence[Group]
) -> Iterator[tuple[str, Cell]]:
    """Yield every place to which footnotes can be bound with what stands there, in reading order.

    The caption comes first, then the heads from left to right, a head over several columns before theirs,
    then the body row by row. What is bound to a row stands at its first cell.
    """
    yield "the caption", caption
    yield from _bound_heads(columns, spans)
    for number, part in _numbered(groups):
        if isinstance(part, Cell):
            yield f'group "{shortened(part.text, QUOTED)}"', part
            continue
        for place, (key, one) in enumerate(keyed_cells(part, columns)):
            notes = (*one.notes, *part.notes) if place == 0 else one.notes
            yield f'row {number}, column "{key}"', Cell(one.text, notes, one.cites)


def keyed_cells(given: Row, columns: Sequence[Column]) -> list[tuple[str, Cell]]:
    """Return keys and cells of a row in the order of the columns, as far as there are cells."""
    keys = [column.key for column in columns]
    if isinstance(given.cells, Mapping):
        return [(key, given.cells[key]) for key in keys if key in given.cells]
    return list(zip(keys, given.cells, strict=False))


def _bound_heads(columns: Sequence[Column], spans: Sequence[Span]) -> Iterator[tuple[str, Cell]]:
    over = {span.columns[0]: span for span in spans if span.columns}
    under = {key for span in spans for key in span.columns}
    for column in columns:
        if span := over.get(column.key):
            yield f'head "{span.heading}"', Cell(span.heading, span.notes)
        if column.key not in under:
            yield f'column "{column.key}"', Cell(column.printed, column.notes)
    for column in columns:
        if column.key in under:
            yield f'column "{column.key}"', Cell(column.printed, column.notes)


def _numbered(groups: Sequence[Group]) -> Iterator[tuple[int, Cell | Row]]:
    number = 0
    for part in groups:
        if part.heading is not None:
            yield number, part.heading
        for one in part.rows:
            number += 1
            yield number, one


def _text(place: str, text: str, *, lines: bool, empty: bool = False) -> Iterator[str]:
    if not text and not empty:
        yield f"{place} is empty; give it a text"
    if "\n" in text and not lines:
        yield f"{place} has a line break; it is printed as one paragraph"
    if found := _UNPRINTABLE.search(text):
        yield f"{place} holds the character U+{ord(found[0]):04X}, which no document can show; take it out"


def _columns(columns: Sequence[Column], *, grouped: bool) -> Iterator[str]:
    if not columns:
        yield "the table has no columns; give at least one"
    for key, count in Counter(column.key for column in columns).items():
        if count > 1:
            yield f'{count} columns have the key "{key}"; give each its own'
        if grouped and key == GROUP_COLUMN:
            yield f'a column has the key "{key}", which is that of the headings of groups; give it another'
    for column in columns:
        place = f'the heading of column "{column.key}"'
        yield from _text("the key of a column", column.key, lines=False)
        yield from _text(place, column.heading, lines=True)
        yield from _text(f'the unit of column "{column.key}"', column.unit, lines=False, empty=True)
        for name, word, known in (
            ("kind", column.kind, get_args(Kind)),
            ("alignment", column.alignment, (None, *get_args(Alignment))),
        ):
            if word not in known:
                expected = ", ".join(map(str, known))
                yield f'column "{column.key}": {name} must be one of {expected}; found "{word}"'


def _spans(spans: Sequence[Span], keys: Sequence[str]) -> Iterator[str]:
    for span in spans:
        place = f'head "{span.heading}"'
        yield from _text("the heading over several columns", span.heading, lines=False)
        unknown = [key for key in span.columns if key not in keys]
        for key in unknown:
            yield f'{place}: no column has the key "{key}"{_hint(key, keys)}'
        if not span.columns:
            yield f"{place} stands over no column; name at least one"
        elif not unknown:
            first = keys.index(span.columns[0])
            if tuple(keys[first : first + len(span.columns)]) != span.columns:
                yield f"{place}: {', '.join(span.columns)} do not stand side by side in this order"
    for key, count in Counter(key for span in spans for key in span.columns).items():
        if count > 1:
            yield f'{count} heads stand over column "{key}"; only one can'


def _body(groups: Sequence[Group], columns: Sequence[Column]) -> Iterator[str]:
    if not groups:
        yield "the table has no rows; give at least one"
    for part in groups[1:]:
        if part.heading is None:
            yield "a row follows a group and would look as if it belonged to it; put it into a group"
    for part in groups:
        if part.heading is not None:
            name = shortened(part.heading.text, QUOTED)
            yield from _text("the heading of a group", part.heading.text, lines=False)
            if not part.rows:
                yield f'group "{name}" has no rows; give at least one'
    for number, one in _numbered(groups):
        if isinstance(one, Row):
            yield from _row(f"row {number}", one, columns)


def _row(place: str, given: Row, columns: Sequence[Column]) -> Iterator[str]:
    keys = [column.key for column in columns]
    cells = given.cells
    if isinstance(cells, Mapping):
        for key in cells:
            if key not in keys:
                yield f'{place}: no column has the key "{key}"{_hint(key, keys)}'
        for key in keys:
            if key not in cells:
                yield f'{place} has no cell for column "{key}"; give "" for an empty one'
        pairs = list(cells.items())
    else:
        if len(cells) != len(keys):
            start = shortened(cells[0].text, QUOTED) if cells else ""
            yield (
                f'{place} ("{start}") has {count_of(len(cells), "cell")}; '
                f"the table has {count_of(len(keys), 'column')}: {', '.join(keys)}"
            )
        pairs = list(zip(keys, cells, strict=False))
    for key, one in pairs:
        yield from _text(f'{place}, column "{key}"', one.text, lines=True, empty=True)


def _bindings(
    places: Iterator[tuple[str, Cell]], footnotes: Mapping[str, str], references: Mapping[str, str]
) -> Iterator[str]:
    used: set[str] = set()
    for place, one in places:
        used.update(one.notes)
        for key in one.notes:
            if key not in footnotes:
                yield f'{place}: no footnote is called "{key}"{_hint(key, footnotes)}'
        for key in one.cites:
            if not key or _UNPRINTABLE.search(key) or "\n" in key:
                yield f"{place}: {key!r} is no cite key"
            elif references and key not in references:
                yield f'{place}: no reference has the cite key "{key}"{_hint(key, references)}'
    for key in footnotes:
        if key not in used:
            yield f'footnote "{key}" is bound to nothing; bind it to a cell, a row, a column or the caption'


def _hint(word: str, known: Sequence[str] | Mapping[str, str]) -> str:
    near = did_you_mean(word, known)
    return f' (did you mean "{near}"?)' if near else f"; known: {', '.join(known) or 'none'}"
