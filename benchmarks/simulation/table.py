"""All rows, and every setting that they need."""

from __future__ import annotations

from simulation import table_courses, table_single, table_windows
from simulation.cells import Cell, Section


def sections() -> tuple[Section, ...]:
    """Return the whole table, in the order in which it is printed."""
    return (*table_single.sections(), *table_windows.sections(), *table_courses.sections())


def cells() -> dict[str, Cell]:
    """Return every setting once, by its name."""
    return {cell.name: cell for section in sections() for row in section.rows for cell in row.cells}
