"""Cells without an event: what is added to them, and which rows give no estimate.

The rules have the names that ``metafor::escalc`` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import BoolArray, EffectSizes, positions
from spineevidence.errors import InputError
from spineevidence.formulas.arguments import aligned, check_events, check_n, check_word, checked_number
from spineevidence.timing import FloatArray

ZeroCells = Literal["only0", "all", "if0all", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Counts after the rule for cells of 0.

    Attributes
    ----------
    counts : tuple of ndarray, shape (k,)
        The cells in the order given, with what was added.
    added : ndarray, shape (k,), or None
        What was added to each cell of a row; None if nothing was added to any.
    dropped : ndarray of bool, shape (k,), or None
        Rows that were taken out and give no estimate; None if the rule takes none out.
    rows : str
        What a row is called in a message, such as "tables".
    notes : tuple of str
        What was added where, and what was taken out.
    """

    counts: tuple[FloatArray, ...]
    added: FloatArray | None
    dropped: BoolArray | None
    rows: str
    notes: tuple[str, ...]


def fill_zero_cells(
    cells: Sequence[FloatArray],
    *,
    to: ZeroCells,
    add: float,
    dropped: BoolArray | None = None,
    rows: str = "tables",
    why: str = "had no event, or only events, in both arms",
) -> Cells:
    """Return counts with `add` in every cell of the rows that the rule names.

    Parameters
    ----------
    cells : sequence of ndarray, shape (k,)
        Counts, not negative; they are not changed in place.
    to : {"only0", "all", "if0all", "none"}
        Which rows get it: those with a cell of 0; all; all if any row has a cell of 0; none.
    add : float
        What is added to each cell, 0 or more.
    dropped : ndarray of bool, shape (k,), optional
        Rows that take no part: nothing is added to them, and a 0 in them is not seen by "if0all".
    rows : str, optional
        What a row is called in the notes.
    why : str, optional
        Why rows were taken out, in the notes.

    Returns
    -------
    Cells
        The counts and what was done.

    Raises
    ------
    InputError
        For an unknown rule, or an `add` that is negative or not finite.

    References
    ----------
    .. [1] Sweeting MJ et al. (2004), what to add to nothing. https://doi.org/10.1002/sim.1761
    .. [2] Cochrane Handbook, section 10.4.4. https://training.cochrane.org/handbook/current/chapter-10

    Examples
    --------
    >>> filled = fill_zero_cells([np.array([0.0, 5.0]), np.array([9.0, 4.0])], to="only0", add=0.5)
    >>> [count.tolist() for count in filled.counts]
    [[0.5, 5.0], [9.5, 4.0]]
    >>> filled.notes
    ('0.5 was added to each cell of 1 of 2 tables (those with a cell of 0): position 0.',)
    """
    check_word("rule for cells of 0", to, ("only0", "all", "if0all", "none"))
    if not 0 <= checked_number("add", add, "0.5 is usual") < np.inf:
        raise InputError(f"add must be 0 or more; found {add!r}; 0.5 is usual")
    counts = tuple(np.atleast_1d(cell) for cell in cells)
    notes: tuple[str, ...] = ()
    if dropped is not None and dropped.any():
        notes = (f"{_of(dropped)} {rows} {why} and were left without an estimate: {positions(dropped)}.",)
    where = None if to == "none" or add == 0 else _where_to_add(counts, to, dropped)
    if where is None or not where.any():
        return Cells(counts=counts, added=None, dropped=dropped, rows=rows, notes=notes)
    rule = {"only0": "those with a cell of 0", "all": "all", "if0all": "all, as one has a cell of 0"}[to]
    which = f": {positions(where)}" if to == "only0" else ""
    note = f"{add:g} was added to each cell of {_of(where)} {rows} ({rule}){which}."
    added = np.where(where, add, 0.0)
    filled = tuple(count + added for count in counts)
    return Cells(counts=filled, added=added, dropped=dropped, rows=rows, notes=(*notes, note))


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Fourfold tables of two arms, after the rule for cells of 0.

    Attributes
    ----------
    a, b, n1 : ndarray, shape (k,)
        Patients with and without the event, and all, of the arm that had the procedure.
    c, d, n2 : ndarray, shape (k,)
        The same for the comparator.
    cells : Cells
        What was added, what was taken out, and the notes.
    """

    a: FloatArray
    b: FloatArray
    c: FloatArray
    d: FloatArray
    n1: FloatArray
    n2: FloatArray
    cells: Cells


def fourfold_tables(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    to: ZeroCells,
    add: float,
    drop00: bool,
) -> Tables:
    """Return checked fourfold tables with what the rule for cells of 0 adds to them.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like, shape (k,)
        Patients with the event, and all patients, of both arms.
    to : {"only0", "all", "if0all", "none"}
        Which tables get `add` in each cell.
    add : float
        What is added to each cell, 0 or more.
    drop00 : bool
        Whether tables without an event, or with nothing else, in both arms are taken out.

    Returns
    -------
    Tables
        One per study.

    Examples
    --------
    >>> tables = fourfold_tables(events1=0, n1=10, events2=4, n2=12, to="only0", add=0.5, drop00=False)
    >>> tables.a.item(), tables.b.item(), tables.n1.item()
    (0.5, 10.5, 11.0)
    """
    a, size1, c, size2 = aligned({"events1": events1, "n1": n1, "events2": events2, "n2": n2})
    for name, size in (("n1", size1), ("n2", size2)):
        check_n(name, size, least=1)
    check_events("events1", a, size1)
    check_events("events2", c, size2)
    b, d = size1 - a, size2 - c
    dropped = np.atleast_1d(((a == 0) & (c == 0)) | ((b == 0) & (d == 0))) if drop00 else None
    cells = fill_zero_cells((a, b, c, d), to=to, add=add, dropped=dropped)
    a, b, c, d = cells.counts
    if cells.added is not None:
        size1, size2 = size1 + 2 * cells.added, size2 + 2 * cells.added
    return Tables(a, b, c, d, np.atleast_1d(size1), np.atleast_1d(size2), cells)


def as_effects(
    cells: Cells,
    *,
    yi: FloatArray,
    vi: FloatArray,
    measure: str,
    estimand: str,
    limits: tuple[FloatArray, FloatArray] | None = None,
    without: BoolArray | None = None,
    notes: tuple[str, ...] = (),
) -> EffectSizes:
    """Return effects, with NaN where a row gives no estimate and a note that counts them.

    Parameters
    ----------
    cells : Cells
        The counts that the effects come from, with their notes.
    yi, vi : ndarray, shape (k,)
        Effects and variances; infinite or NaN where cells of 0 leave none.
    measure, estimand : str
        As in `EffectSizes`.
    limits : tuple of two ndarray, shape (k,), optional
        Limits of the 95 % interval, if it is not Wald's.
    without : ndarray of bool, shape (k,), optional
        Rows whose estimate and limits stand though their variance is NaN, for a reason given in `notes`.
    notes : tuple of str, optional
        What else a reader must know.

    Returns
    -------
    EffectSizes
        With rows that stay beside the tables they came from. A variance of 0 is kept and noted.

    Examples
    --------
    >>> cells = fill_zero_cells([np.array([0.0, 5.0])], to="none", add=0.5, rows="groups")
    >>> effects = as_effects(cells, yi=np.array([-np.inf, 0.2]), vi=np.array([np.inf, 0.1]),
    ...                      measure="IRLN", estimand="")
    >>> effects.yi.tolist(), effects.notes
    ([nan, 0.2], ('1 of 2 groups gave no estimate, for cells of 0: position 0.',))
    """
    found = np.isfinite(yi) & (np.isfinite(vi) if without is None else np.isfinite(vi) | without)
    said = [*cells.notes]
    if cells.dropped is not None:
        lost = ~found & ~cells.dropped
        found &= ~cells.dropped
    else:
        lost = ~found
    if lost.any():
        said.append(f"{_of(lost)} {cells.rows} gave no estimate, for cells of 0: {positions(lost)}.")
    if not found.all():
        yi, vi = np.where(found, yi, np.nan), np.where(found, vi, np.nan)
        if limits is not None:
            limits = np.where(found, limits[0], np.nan), np.where(found, limits[1], np.nan)
    flat = vi == 0
    if flat.any():
        said.append(f"{_of(flat)} {cells.rows} have a variance of 0 and no weight: {positions(flat)}.")
    low, high = (None, None) if limits is None else limits
    return EffectSizes(
        yi=yi,
        vi=vi,
        ci_low=low,
        ci_high=high,
        measure=measure,
        estimand=estimand,
        notes=(*said, *notes),
        undefined=True,
    )


def _where_to_add(counts: tuple[FloatArray, ...], to: str, dropped: BoolArray | None) -> BoolArray:
    kept = np.ones(counts[0].shape, dtype=np.bool_) if dropped is None else ~np.atleast_1d(dropped)
    if to == "all":
        return kept
    empty: npt.NDArray[np.bool_] = counts[0] == 0
    for count in counts[1:]:
        empty |= count == 0
    empty &= kept
    if to == "if0all":
        return kept if empty.any() else empty
    return empty


def _of(where: BoolArray) -> str:
    return f"{int(np.count_nonzero(where))} of {where.size}"
