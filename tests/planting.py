"""Plant defects in a copy of the bundled evidence and say where they stand, by nothing but text and `csv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

BUNDLED = Path(__file__).resolve().parents[1] / "data"

Wanted = str | bool | Callable[[str], bool]


class Base:
    """A folder with an evidence base whose files have one row per line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, file: str) -> Path:
        return self.folder / file

    def lines(self, file: str) -> list[str]:
        return self.path(file).read_bytes().decode().split("\n")[:-1]

    def write(self, file: str, lines: list[str]) -> None:
        self.path(file).write_bytes(("\n".join(lines) + "\n").encode())

    def line(self, file: str, line: int) -> str:
        return self.lines(file)[line - 1]

    def header(self, file: str) -> list[str]:
        return cells_of(self.line(file, 1))

    def row(self, file: str, line: int) -> dict[str, str]:
        return dict(zip(self.header(file), cells_of(self.line(file, line)), strict=True))

    def find_all(self, file: str, **wanted: Wanted) -> list[int]:
        """Return the lines of inner rows that fit; True is any text, False none."""
        header, *rows = (cells_of(line) for line in self.lines(file))
        return [
            line
            for line, cells in enumerate(rows[1:-1], start=3)
            if all(_fits(cells[header.index(column)], what) for column, what in wanted.items())
        ]

    def find(self, file: str, **wanted: Wanted) -> int:
        """Return the line of the first row that fits."""
        found = self.find_all(file, **wanted)
        if not found:
            raise LookupError(f"{file}: no row with {wanted}")
        return found[0]

    def put(self, file: str, line: int, **cells: str) -> None:
        """Write texts into cells of a line."""
        row = self.row(file, line)
        if unknown := cells.keys() - row.keys():
            raise LookupError(f"{file}: no column {unknown}")
        self.put_line(file, line, text_of(list((row | cells).values())))

    def put_line(self, file: str, line: int, text: str) -> None:
        lines = self.lines(file)
        lines[line - 1] = text
        self.write(file, lines)

    def insert(self, file: str, line: int, text: str) -> None:
        """Make a text the line with this number."""
        lines = self.lines(file)
        lines.insert(line - 1, text)
        self.write(file, lines)

    def place(self, file: str, line: int, column: str) -> tuple[int, int]:
        """Return line and column, counted from 1, of the cell of a line that is written canonically."""
        position = self.header(file).index(column)
        text = self.line(file, line)
        before = text_of([*cells_of(text)[:position], ""]) if position else ""
        if not text.startswith(before):
            raise ValueError(f"not canonical: {text}")
        return line, len(before) + 1

    def entry(self, key: str) -> int:
        """Return the line of references.bib on which an entry begins."""
        lines = self.lines("references.bib")
        return next(
            n for n, text in enumerate(lines, start=1) if text.startswith("@") and f"{{{key}," in text
        )


def _fits(text: str, what: Wanted) -> bool:
    if isinstance(what, bool):
        return bool(text) is what
    return text == what if isinstance(what, str) else what(text)


def cells_of(line: str) -> list[str]:
    return next(csv.reader([line], strict=True))


def text_of(cells: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()[:-1]
