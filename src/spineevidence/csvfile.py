"""One CSV file as columns of distinct texts, with the place of every cell; canonical writing.

A column is held as its distinct printed texts and one code per row, so that a check of a million cells is a
check of the few hundred texts that stand in them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spineevidence.errors import Problem

Codes = NDArray[np.int32]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
EMPTY = "the file is empty; expected a line with the names of the columns"
SAMPLE = 1 << 16  # bytes at the beginning of a file from which the repetition in its columns is judged
MANY = 0.2  # share of distinct texts from which on pandas is slower with categories than with single texts
BLOCK = 1 << 20  # bytes looked at in one go, few enough to stay in the processor's cache

_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
_DAMAGE = re.compile("[\0\udc80-\udcff]")
_UNDECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The cells of one column.

    Attributes
    ----------
    codes : ndarray of int, shape (rows,)
        For each row the position of its text in `texts`.
    texts : ndarray of str objects, shape (distinct,)
        The distinct texts as printed.
    """

    codes: Codes
    texts: NDArray[np.object_]

    @classmethod
    def from_cells(cls, cells: Sequence[str] | NDArray[np.object_]) -> Column:
        """Make a column of the cells in their order."""
        codes, texts = pd.factorize(np.asarray(cells, dtype=object))
        return cls(codes.astype(np.int32), np.asarray(texts, dtype=object))

    @classmethod
    def filled(cls, text: str, rows: int) -> Column:
        """Make a column that holds the same text everywhere."""
        return cls(np.zeros(rows, dtype=np.int32), np.array([text], dtype=object))

    def cells(self) -> NDArray[np.object_]:
        """Return the text of every row."""
        return self.texts[self.codes] if len(self.texts) else np.empty(0, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class CsvFile:
    """A CSV file that was read.

    Attributes
    ----------
    path : Path
        Where it was read.
    header : tuple of str
        Names of the columns as they stand.
    columns : tuple of Column
        One for each name.
    lines : ndarray of int, shape (rows,)
        Line of the file on which each row begins, counted from 1.
    data : bytes
        The text in UTF-8 without a byte-order mark, lines ending with LF, to look up places of cells.
    header_line : int
        Line of the header.
    unreadable : tuple of frozenset of str
        What the rows without one cell per column seem to hold: whatever points to them may be right.
    """

    path: Path
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: NDArray[np.int64]
    data: bytes
    header_line: int = 1
    unreadable: tuple[frozenset[str], ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows under the header."""
        return len(self.lines)

    def places(self, wanted: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return line and column, counted from 1, of each wanted (row, field); row -1 is the header."""
        wanted = list(wanted)
        if not wanted:
            return []
        starts = _line_starts(self.data)
        return [self._place(row, field, starts) for row, field in wanted]

    def _place(self, row: int, field: int, starts: NDArray[np.int64]) -> tuple[int, int]:
        first = self.header_line if row < 0 else int(self.lines[row])
        after = int(self.lines[row + 1]) if row + 1 < self.rows else len(starts) + 1
        end = int(starts[after - 1]) if after <= len(starts) else len(self.data)
        record = self.data[int(starts[first - 1]) : end].decode("utf-8")
        before = record[: _start_of_field(record, field)]
        return first + before.count("\n"), len(before) - (before.rfind("\n") + 1) + 1


def read_csv_file(path: Path) -> tuple[CsvFile | None, tuple[Problem, ...]]:
    """Read a CSV file and find every defect of its form.

    Parameters
    ----------
    path : Path
        The file; it is never changed.

    Returns
    -------
    CsvFile or None
        The rows that have one cell per column; None if not even a header can be read.
    tuple of Problem
        Unreadable or empty file, bytes that are not UTF-8, NUL, broken quotes, rows with too few or too many
        cells; as notes: a byte-order mark, line ends other than LF, blank lines.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None, (Problem(path, 1, 1, "the file is missing"),)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return None, (Problem(path, 1, 1, f"the file cannot be read: {why}"),)
    if data.startswith(UTF_16_MARKS):
        return None, (Problem(path, 1, 1, "the file is UTF-16; save it as UTF-8"),)
    marked = data.startswith(BYTE_ORDER_MARK)
    data = data.removeprefix(BYTE_ORDER_MARK)
    if not data or data.isspace():
        return None, (Problem(path, 1, 1, EMPTY),)
    problems = list(_notes_of_form(path, data, marked=marked))
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if _is_sound_text(data):
        quickly = _read_quickly(path, data)
        if quickly is not None:
            return quickly, tuple(problems)
        text = data.decode("utf-8")
    else:
        text = data.decode("utf-8", "surrogateescape")
        problems += _damage(path, text)
        text = _UNDECODED.sub(_as_windows_1252, text)
    slowly, more = _read_slowly(path, text)
    return slowly, (*problems, *more)


def _notes_of_form(path: Path, data: bytes, *, marked: bool) -> Iterator[Problem]:
    if marked:
        message = "the file begins with a byte-order mark, which is passed over"
        yield Problem(path, 1, 1, message, severity="note")
    returns = data.count(b"\r")
    if returns:
        ends = "CR LF" if data.count(b"\r\n") == returns else "CR"
        message = f"lines end with {ends}; they are read as LF"
        yield Problem(path, 1, 1, message, severity="note")


def _is_sound_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return False
    return True


def _as_windows_1252(undecoded: re.Match[str]) -> str:
    """Return what an undecodable byte most probably means, so that names with it still match."""
    return bytes([ord(undecoded[0]) & 0xFF]).decode("cp1252", "replace")


def _damage(path: Path, text: str) -> Iterator[Problem]:
    """Report the first NUL and the first undecodable byte of each line of a text decoded with escapes."""
    reported: set[tuple[int, bool]] = set()
    line, searched = 1, 0
    for match in _DAMAGE.finditer(text):
        line += text.count("\n", searched, match.start())
        searched = match.start()
        is_nul = match[0] == "\0"
        if (line, is_nul) in reported:
            continue
        reported.add((line, is_nul))
        message = (
            "a NUL character; the file is damaged or no text"
            if is_nul
            else f"byte 0x{ord(match[0]) & 0xFF:02x} is not UTF-8 "
            f'(in Windows-1252 it is "{_as_windows_1252(match)}"); save the file as UTF-8'
        )
        yield Problem(path, line, match.start() - text.rfind("\n", 0, match.start()), message)


def _line_starts(data: bytes) -> NDArray[np.int64]:
    breaks = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
    starts = np.concatenate([[0], breaks + 1])
    return starts[:-1] if starts[-1] == len(data) and len(starts) > 1 else starts


def _end_of_field(record: str, start: int) -> int:
    """Return where the cell that begins at `start` ends: at a comma or line break, or the end of the text."""
    at = start
    if record[at : at + 1] == '"':
        at = record.find('"', at + 1)
        while at >= 0 and record[at + 1 : at + 2] == '"':
            at = record.find('"', at + 2)
        if at < 0:
            return len(record)
    ends = [end for end in (record.find(",", at), record.find("\n", at)) if end >= 0]
    return min(ends, default=len(record))


def _start_of_field(record: str, field: int) -> int:
    """Return the position in the record's text at which its field (from 0) begins."""
    start = 0
    for _ in range(field):
        end = _end_of_field(record, start)
        if record[end : end + 1] != ",":
            return 0
        start = end + 1
    return start


def _read_quickly(path: Path, data: bytes) -> CsvFile | None:
    """Read a canonical file, or return None if any byte of it is not accounted for."""
    body = data.find(b"\n") + 1
    header = _split_header(data[:body].decode("utf-8"))
    if not header:
        return None
    if body == len(data):
        empty = tuple(Column.from_cells([]) for _ in header)
        return CsvFile(path, header, empty, np.empty(0, dtype=np.int64), data)
    columns = _parsed(data, len(header))
    if columns is None or not _accounts_for_every_byte(columns, data, body):
        return None
    return CsvFile(path, header, columns, np.arange(2, len(columns[0].codes) + 2, dtype=np.int64), data)


def _split_header(line: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader([line], strict=True), ()))
    except csv.Error:
        return ()


def _parsed(data: bytes, width: int) -> tuple[Column, ...] | None:
    """Let pandas split the text; None where it makes anything but a text of each cell.

    The header is read as a row: a word above the numbers keeps pandas from taking "61.0" and "61" for one.
    """
    sample = data if len(data) <= SAMPLE else data[: data.rfind(b"\n", 0, SAMPLE) + 1]
    names = [str(position) for position in range(width)]
    frame = _split(sample, dict.fromkeys(names, object))
    if frame is not None and len(sample) < len(data):
        many = frame.nunique() > MANY * len(frame)
        frame = _split(data, {name: object if many[name] else "category" for name in names})
    if frame is None or not isinstance(frame.index, pd.RangeIndex):
        return None
    columns = []
    for name in names:
        cells = frame.pop(name).array
        if not isinstance(cells, pd.Categorical):
            columns.append(Column.from_cells(cells.to_numpy(dtype=object)[1:]))
        elif pd.api.types.infer_dtype(cells.categories) == "string":
            columns.append(_without_header(cells))
        else:
            return None
    return tuple(columns)


def _split(data: bytes, kinds: Mapping[str, type[object] | Literal["category"]]) -> pd.DataFrame | None:
    try:
        return pd.read_csv(
            io.BytesIO(data),
            dtype=kinds,
            header=None,
            names=list(kinds),
            keep_default_na=False,
            na_filter=False,
            encoding="utf-8",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        return None


def _without_header(cells: pd.Categorical) -> Column:
    texts = np.array(cells.categories.tolist(), dtype=object)
    header = int(cells.codes[0])
    codes = cells.codes[1:].astype(np.int32)
    if not (codes == header).any():
        codes -= codes > header
        texts = np.delete(texts, header)
    return Column(codes, texts)


def _accounts_for_every_byte(columns: Sequence[Column], data: bytes, body: int) -> bool:
    """Whether these cells, written canonically on one line a row, have just the bytes that the file has.

    A parser can only lose characters, and needless quotation marks only add some: equal sums mean that no
    single cell differs, once every quotation mark is known to enclose a cell or to be doubled in one.
    """
    rows = len(columns[0].codes)
    size, commas, quotes = 0, (len(columns) - 1) * rows, 0
    separators = commas + rows - (not data.endswith(b"\n"))
    for column in columns:
        texts = column.texts.tolist()
        times = np.bincount(column.codes, minlength=len(texts))
        lengths = [len(text) if text.isascii() else len(text.encode()) for text in texts]
        size += int(times @ np.array(lengths, dtype=np.int64))
        joined = "".join(texts)
        if "\n" in joined:
            return False
        if "," in joined or '"' in joined:
            for text, count in zip(texts, times.tolist(), strict=True):
                if "," in text or '"' in text:
                    size += count * (2 + text.count('"'))
                    commas += count * text.count(",")
                    quotes += count * (2 + 2 * text.count('"'))
    characters = np.frombuffer(data, dtype=np.uint8, offset=body)
    marks = _positions(characters, '"')
    return (
        len(characters) == size + separators
        and len(marks) == quotes
        and data.count(b"\n", body) == rows - (not data.endswith(b"\n"))
        and _count(characters, ",") == commas
        and _enclose_cells(marks, characters)
    )


def _blocks(characters: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Cut a long array into pieces that fit the processor's cache, each with its start."""
    for start in range(0, len(characters), BLOCK):
        yield start, characters[start : start + BLOCK]


def _count(characters: NDArray[np.uint8], sign: str) -> int:
    return sum(int(np.count_nonzero(block == ord(sign))) for _, block in _blocks(characters))


def _positions(characters: NDArray[np.uint8], sign: str) -> NDArray[np.int64]:
    none = np.empty(0, dtype=np.int64)
    return np.concatenate(
        [none, *(np.flatnonzero(block == ord(sign)) + start for start, block in _blocks(characters))]
    )


def _enclose_cells(marks: NDArray[np.int64], characters: NDArray[np.uint8]) -> bool:
    """Whether every quotation mark opens or closes a whole cell or is one of two inside such a cell."""
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    ends = np.array([ord(","), ord("\n")], dtype=np.uint8)
    opens = (opening == 0) | np.isin(characters[opening - 1], ends)
    closes = (closing == len(characters) - 1) | np.isin(characters[(closing + 1) % len(characters)], ends)
    doubled = opening[1:] == closing[:-1] + 1
    opens[1:] |= doubled
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


class _Lines:
    """The lines of a text for `csv.reader`, which can be sent back."""

    def __init__(self, text: str) -> None:
        self.texts = io.StringIO(text, newline="\n").readlines()
        self.at = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at == len(self.texts):
            raise StopIteration
        self.at += 1
        return self.texts[self.at - 1]


class _Record(NamedTuple):
    line: int
    cells: list[str]
    fault: str = ""
    column: int = 1


def _records(text: str) -> Iterator[_Record]:
    """Split a text into rows; after broken quotes go on with the next line, so that nothing is hidden."""
    damaged = "\0" in text
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    while lines.at < len(lines.texts):
        line = lines.at + 1
        try:
            cells = next(reader)
        except csv.Error:
            lines.at = line
            yield _broken_record(line, lines.texts[line - 1])
        else:
            yield _Record(line, [cell.replace("\0", "") for cell in cells] if damaged else cells)


def _broken_record(line: int, text: str) -> _Record:
    """Say which cell of a line breaks the rules of quotation, and guess what the others hold."""
    guessed = [cell.strip(' "\n') for cell in text.split(",")]
    start = 0
    while start < len(text):
        end = _end_of_field(text, start)
        if text[start] == '"':
            if _QUOTED.match(text, start) is None:
                fault = "the quotation mark that opens this cell is not closed"
                return _Record(line, guessed, fault, start + 1)
            if _QUOTED.fullmatch(text, start, end) is None:
                fault = "text follows the closing quotation mark; one inside a cell is written twice"
                return _Record(line, guessed, fault, start + 1)
        start = end + 1
    return _Record(line, guessed, "the row that begins here cannot be read")


def _read_slowly(path: Path, text: str) -> tuple[CsvFile | None, tuple[Problem, ...]]:
    """Read a file of any form row by row and say what is wrong with each."""
    header, sound, odd, blank = _sifted(text)
    problems = [
        Problem(path, line, 1, "a blank line, which is passed over", severity="note") for line in blank
    ]
    if header is None:
        return None, (*problems, Problem(path, 1, 1, EMPTY))
    if header.fault:
        return None, (*problems, Problem(path, header.line, header.column, header.fault))
    width = len(header.cells)
    widths = {0 if row.fault else len(row.cells) for row in odd}
    if not sound and len(odd) > 1 and len(widths) == 1 and 0 not in widths:
        message = f"the header has {width} columns; every row has {min(widths)} cells"
        return None, (*problems, Problem(path, header.line, 1, message))
    problems += [_oddity(path, row, width) for row in odd]
    return CsvFile(
        path,
        tuple(header.cells),
        _columns(path, text, header, sound),
        np.array(sound, dtype=np.int64),
        text.encode(),
        header.line,
        tuple(frozenset(row.cells) for row in odd),
    ), tuple(problems)


def _sifted(text: str) -> tuple[_Record | None, list[int], list[_Record], list[int]]:
    """Return the header, the lines of the sound rows, the odd rows, and the blank lines."""
    header: _Record | None = None
    sound: list[int] = []
    odd: list[_Record] = []
    blank: list[int] = []
    for record in _records(text):
        if not record.fault and _is_blank(record.cells):
            blank.append(record.line)
        elif header is None:
            header = record
        elif record.fault or len(record.cells) != len(header.cells):
            odd.append(record)
        else:
            sound.append(record.line)
    return header, sound, odd, blank


def _columns(path: Path, text: str, header: _Record, sound: list[int]) -> tuple[Column, ...]:
    """Return the cells of the sound rows: quickly, if each stands on one line in canonical form."""
    lines = _Lines(text).texts
    kept = "".join([lines[header.line - 1], *(lines[line - 1] for line in sound)])
    quickly = _read_quickly(path, kept.replace("\0", "").encode())
    if quickly is not None and quickly.rows == len(sound):
        return quickly.columns
    wanted = set(sound)
    rows = [record.cells for record in _records(text) if record.line in wanted]
    cells = zip(*rows, strict=True) if rows else ((),) * len(header.cells)
    return tuple(Column.from_cells(column) for column in cells)


def _is_blank(cells: Sequence[str]) -> bool:
    return len(cells) < 2 and not "".join(cells).strip()


def _oddity(path: Path, row: _Record, width: int) -> Problem:
    if row.fault:
        return Problem(path, row.line, row.column, row.fault)
    advice = "; a comma inside a cell needs quotation marks around it" if len(row.cells) > width else ""
    message = f"the row has {len(row.cells)} cells; the header has {width} columns{advice}"
    return Problem(path, row.line, 1, message)


def format_csv(columns: Mapping[str, NDArray[np.object_]]) -> str:
    """Return canonical CSV: LF, minimal quoting, one header line.

    Parameters
    ----------
    columns : mapping of str to ndarray of str objects
        Names and cells of the columns, all of one length.

    Returns
    -------
    str
        The whole file.

    >>> print(format_csv({"a": np.array(["1", "x,y"], dtype=object)}), end="")
    a
    1
    "x,y"
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(cells.tolist() for cells in columns.values()), strict=True))
    return text.getvalue()
