"""What a setting, a row of the table and a section of it are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulation.statements import Columns
from simulation.targets import Target

Draw = Callable[[np.random.Generator, int], Columns]

MANY = 20_000  # replicates of one study, or of one window
USUAL = 2_000
LONG = 1_000  # replicates of the whole path with all its alternatives


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting: its name, from which its random numbers follow, what draws replicates, how many."""

    name: str
    draw: Draw
    replicates: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a column of a cell.

    Attributes
    ----------
    setting : str
        What is told of the setting.
    cells : tuple of Cell
        One, or several of which the lowest mean counts.
    column : str
        Of the cells.
    target : Target or None
        What is expected; None where nothing is.
    summary : {"mean", "median"}
        Of the column.
    decimals : int
        Printed.
    """

    setting: str
    cells: tuple[Cell, ...]
    column: str
    target: Target | None = None
    summary: Literal["mean", "median"] = "mean"
    decimals: int = 3


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading, and what a reader has to know of them."""

    title: str
    says: str
    rows: tuple[Row, ...]
