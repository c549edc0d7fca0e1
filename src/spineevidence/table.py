"""The rows of one file of an evidence base, as printed and as numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spineevidence.csvfile import Column
from spineevidence.models import BoolArray, FloatArray, Record, TableModel
from spineevidence.timing import MONTHS_PER_UNIT

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The rows of one file.

    Attributes
    ----------
    model : TableModel
        What the rows are.
    columns : mapping of str to Column
        The cells as printed, in the order of the model.
    numbers : mapping of str to ndarray of float
        For each number column the value of each distinct text; nan where it is empty (or wrong, while
        it is checked).
    lines : ndarray of int, shape (rows,)
        Line of the file on which each row stands: the lineage of everything computed from it.
    """

    model: TableModel
    columns: Mapping[str, Column]
    numbers: Mapping[str, FloatArray]
    lines: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)

    def text(self, column: str) -> NDArray[np.object_]:
        """Return the printed cells of a column, shape (rows,)."""
        return self.columns[column].cells()

    def text_at(self, column: str, rows: Rows) -> list[str]:
        """Return the printed cells of some rows of a column."""
        cells = self.columns[column]
        texts: list[str] = cells.texts[cells.codes[rows]].tolist() if len(rows) else []
        return texts

    def number(self, column: str) -> FloatArray:
        """Return the numbers of a column, shape (rows,); nan where the cell is empty."""
        if not len(self):
            return np.empty(0)
        values: FloatArray = self.numbers[column][self.columns[column].codes]
        return values

    def filled(self, column: str) -> BoolArray:
        """Return which rows hold anything in a column, shape (rows,)."""
        return ~self.among(column, ("",))

    def among(self, column: str, words: Collection[str]) -> BoolArray:
        """Return which rows hold one of the words in a column, shape (rows,)."""
        cells = self.columns[column]
        if not len(self):
            return np.zeros(0, dtype=bool)
        hits = np.fromiter((text in words for text in cells.texts), dtype=bool, count=len(cells.texts))
        here: BoolArray = hits[cells.codes]
        return here

    def months(self) -> FloatArray:
        """Return the time of each row in months, shape (rows,); nan without a time."""
        units = self.columns["unit"]
        factors = np.array([MONTHS_PER_UNIT.get(text, np.nan) for text in units.texts], dtype=float)
        if not len(self):
            return np.empty(0)
        months: FloatArray = self.number("time") * factors[units.codes]
        return months

    def take(self, rows: Rows | BoolArray) -> Table:
        """Return a table with these rows only, in this order."""
        at = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.intp)
        columns: dict[str, Column] = {}
        numbers: dict[str, FloatArray] = {}
        for name, column in self.columns.items():
            used, codes = np.unique(column.codes[at], return_inverse=True)
            columns[name] = Column(codes.astype(np.int32), column.texts[used])
            if name in self.numbers:
                numbers[name] = self.numbers[name][used]
        return Table(self.model, MappingProxyType(columns), MappingProxyType(numbers), self.lines[at])

    def record(self, row: int) -> Record:
        """Return one row as a validated record."""
        cells = {name: column.texts[column.codes[row]] for name, column in self.columns.items()}
        return self.model.record(**{name: text for name, text in cells.items() if text})

    def frame(self) -> pd.DataFrame:
        """Return a tidy frame (a copy): numbers as numbers, the rest as printed, the lines last."""
        columns: dict[str, pd.Series[Any]] = {}
        for name in self.columns:
            if name not in self.numbers or name == "p_value":
                columns[name] = pd.Series(self.text(name), dtype="str")
            elif name in self.model.whole_columns:
                columns[name] = pd.Series(self.number(name)).astype("Int64")
            else:
                columns[name] = pd.Series(self.number(name))
            if name == "unit" and "time" in self.numbers:
                columns["months"] = pd.Series(self.months())
        columns["line"] = pd.Series(self.lines)
        return pd.DataFrame(columns)
