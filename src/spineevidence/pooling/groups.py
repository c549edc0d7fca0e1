"""Many meta-analyses at once: one row per group of a table of effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.formulas.arguments import checked_level
from spineevidence.pooling.batches import arranged
from spineevidence.pooling.fits import TESTS, Fits, Test, fits
from spineevidence.pooling.heterogeneity import METHODS, Method
from spineevidence.timing import FloatArray, unknown_word

Places = npt.NDArray[np.intp]

NUMBERS = (
    *("b", "se", "statistic", "df", "p", "ci_low", "ci_high", "pi_low", "pi_high"),
    *("tau2", "se_tau2", "i2", "h2", "q", "q_df", "q_p"),
)
CELLS = 65_536  # studies of a batch with what fills it up: its arrays stay in the cache of a core
FEW = 4_096  # of these any groups go together: filling them up costs less than one more batch
UNEVEN = 1.15  # the largest group of a batch has at most so many times the studies of its smallest


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Effects in the order of the rows; `order` lists the rows of the first group, then of the second."""

    yi: FloatArray
    vi: FloatArray
    order: Places
    starts: Places
    k: Places


def pool_groups(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str],
    yi: str = "yi",
    vi: str = "vi",
    method: Method = "REML",
    test: Test = "adhoc",
    level: float = LEVEL,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Pool each group of a table; thousands of groups take as long as one import.

    Parameters
    ----------
    frame : DataFrame
        A row per study, one estimate per study and group.
    by : str or sequence of str
        Columns that tell the groups apart; missing keys make a group of their own.
    yi, vi : str
        Columns with effects and sampling variances.
    method, test, level
        As in `spineevidence.pooling.pool.pool`.
    progress : callable, optional
        Called with the groups done and all groups, after each batch.

    Returns
    -------
    DataFrame
        A row per group, in order of first appearance: the keys, ``k``, ``b``, ``se``, ``statistic``, ``df``,
        ``p``, ``ci_low``, ``ci_high``, ``pi_low``, ``pi_high`` (t(k-1)), ``tau2``, ``se_tau2``, ``i2``
        (percent) and ``h2`` (from tau2, as metafor), ``q``, ``q_df``, ``q_p``, ``maxima`` (of the
        likelihood), ``note``. The numbers of `pool`; one study keeps a normal interval. A group with a row
        that has no finite effect or no variance above 0 is not pooled, and its note says so.

    Raises
    ------
    InputError
        If there are no rows, a column does not hold numbers, or a word is unknown.
    UnknownNameError
        If a column is missing.

    Notes
    -----
    Groups do not depend on each other, so partitions of a Dask DataFrame can be pooled by themselves once no
    group is spread over several (``meta`` is the result for the first rows of any group)::

        pooled = table.shuffle(on="outcome").map_partitions(
            lambda part: pool_groups(part, by="outcome") if len(part) else meta, meta=meta
        )

    Examples
    --------
    >>> frame = pd.DataFrame({"outcome": ["pain", "pain", "function"], "yi": [0.1, 0.9, 0.4], "vi": 0.04})
    >>> pool_groups(frame, by="outcome")[["outcome", "k", "b"]]
        outcome  k    b
    0      pain  2  0.5
    1  function  1  0.4
    """
    if isinstance(by, str):
        keys = [by]
    elif isinstance(by, Sequence):
        keys = list(by)
    else:
        raise InputError(f"by must be the name of a column, or several; found {by!r}")
    if not frame.columns.is_unique:
        double = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f'two columns are called "{double}"; rename one of them')
    _check(frame, keys, (yi, vi), method, test)
    checked_level(level)
    codes, first = _codes(frame, keys)
    effects, variances = (_numbers(frame, name) for name in (yi, vi))
    total = first.size
    k = np.bincount(codes, minlength=total)
    fine = np.isfinite(effects) & np.isfinite(variances) & (variances > 0)
    wrong = np.bincount(codes[~fine], minlength=total)
    starts = np.concatenate([[0], np.cumsum(k)[:-1]])
    table = _Table(effects, variances, np.argsort(codes, kind="stable"), starts, k)
    columns = {name: np.full(total, np.nan) for name in NUMBERS}
    maxima = np.zeros(total, dtype=np.int64)
    narrowed = np.zeros(total, dtype=bool)
    ready = np.flatnonzero(wrong == 0)
    ready = ready[np.argsort(k[ready], kind="stable")]
    done = total - ready.size
    for groups in _batches(ready, k[ready]):
        found = _fits_of(groups, table, method=method, test=test, level=level)
        for name in NUMBERS:
            columns[name][groups] = getattr(found, name)
        maxima[groups] = found.heterogeneity.maxima
        narrowed[groups] = found.factor < 1
        done += groups.size
        if progress is not None:
            progress(done, total)
    heads = {name: frame[name].take(first).reset_index(drop=True) for name in keys}
    notes = _notes(k, wrong, maxima, narrowed & (test == "knha"), test)
    return pd.DataFrame({**heads, "k": k, **columns, "maxima": maxima, "note": notes})


def _check(frame: pd.DataFrame, keys: list[str], numbers: tuple[str, str], method: str, test: str) -> None:
    if not keys:
        raise InputError("groups need a column that tells them apart; give its name in `by`")
    for name in (*keys, *numbers):
        if name not in frame.columns:
            raise UnknownNameError("column", name, [str(column) for column in frame.columns])
    if not len(frame):
        raise InputError("there is no row to pool; give one per study")
    if method not in METHODS:
        raise InputError(unknown_word("method", method, METHODS))
    if test not in TESTS:
        raise InputError(unknown_word("test", test, TESTS))
    taken = {"k", *NUMBERS, "maxima", "note"} & set(keys)
    if taken:
        raise InputError(f"the result has a column {min(taken)} of its own; rename that column of the table")


def _codes(frame: pd.DataFrame, keys: list[str]) -> tuple[Places, Places]:
    """Return the number of each row's group, in order of first appearance, and the first row of each."""
    codes = np.zeros(len(frame), dtype=np.int64)
    for name in keys:
        inner, known = pd.factorize(frame[name], use_na_sentinel=False)
        codes, _ = pd.factorize(codes * len(known) + inner)
    first = np.full(int(codes.max()) + 1, len(frame), dtype=np.intp)
    np.minimum.at(first, codes, np.arange(len(frame)))
    return codes.astype(np.intp), first


def _numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    try:
        return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"column {name} must hold numbers; turn its texts into numbers first") from error


def _batches(groups: Places, k: Places) -> Iterator[Places]:
    """Yield groups of similar numbers of studies, few enough at a time that memory stays bounded."""
    start = 0
    while start < groups.size:
        alike = int(np.searchsorted(k, int(k[start] * UNEVEN), side="right"))
        rest = k[start : start + FEW]
        few = start + int(np.searchsorted(np.arange(1, rest.size + 1) * rest, FEW, side="right"))
        end = max(min(alike, start + max(CELLS // int(k[alike - 1]), 1)), few)
        yield groups[start:end]
        start = end


def _fits_of(groups: Places, table: _Table, *, method: Method, test: Test, level: float) -> Fits:
    k = table.k[groups]
    row = np.arange(int(k.max()))[:, None]
    present = row < k
    rows = table.order[table.starts[groups] + np.where(present, row, 0)]
    mask = None if present.all() else present
    batch = arranged(table.yi[rows], table.vi[rows], mask, k.astype(np.int64))
    return fits(batch, method=method, test=test, level=level)


def _notes(
    k: Places, wrong: Places, maxima: npt.NDArray[np.int64], narrowed: npt.NDArray[np.bool_], test: str
) -> list[str]:
    notes = np.full(k.size, "", dtype=object)
    notes[(k == 2) & (test != "z")] = "TWO_STUDIES: the interval rests on 1 degree of freedom"
    for place in np.flatnonzero(narrowed & (k > 1)):
        told = "NARROWED: Hartung-Knapp made the interval narrower"
        notes[place] = "; ".join(filter(None, (notes[place], told)))
    notes[k == 1] = "ONE_STUDY: its own normal interval"
    for place in np.flatnonzero(maxima > 1):
        told = f"SEVERAL_MAXIMA: {maxima[place]} of the likelihood, the highest is used"
        notes[place] = "; ".join(filter(None, (notes[place], told)))
    for place in np.flatnonzero(wrong):
        rows = "row" if k[place] == 1 else "rows"
        notes[place] = (
            f"NOT_POOLED: {wrong[place]} of {k[place]} {rows} without a finite effect and a variance above 0"
        )
    texts: list[str] = notes.tolist()
    return texts
