r"""The highest point of the likelihood of tau2, certified and not merely found; arrays only.

On contrasts of the studies the restricted likelihood is that of independent normal deviates z with variances
d + tau2, so that its score is half of B - A with ``A = sum 1 / (d + tau2)`` and
``B = sum z^2 / (d + tau2)^2``; the likelihood has the study variances in the place of d in A. A and B fall,
and are convex and log-convex in tau2. So their values and slopes at both ends of a cell bound them between,
and tell whether the score can change its sign there, and how often. Cells about which the bounds say nothing
are halved until they do, or until no rise that matters fits in. What is left are cells with one maximum each;
Newton's method finds them, and the highest wins. Plain Fisher scoring, in contrast, may cycle, or end in the
lower of two maxima.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import BoolArray
from spineevidence.pooling.batches import LN2, Batch, Decline, decline, weighted_mean
from spineevidence.timing import FloatArray

Places = npt.NDArray[np.intp]
_Ends = tuple[FloatArray, FloatArray, FloatArray, FloatArray]  # value and rate of fall at both ends

WIDTH = 0.7  # of the first cells, in log(1 + t): within a cell B / A mostly falls all the way
MOST_CELLS = 12  # at first; wider ranges are halved where needed
NEGLIGIBLE = 1e-12  # rise of the log-likelihood that a cell may hide
NARROW = 1e-6  # cells in log(1 + t) that are not halved any more
BEYOND = 1 + 1e-9  # with equal variances the bound is the maximum itself
STEPS = 60  # of Newton's method; five are usual
CLOSE = 1e-8  # relative: after a Newton step as short as that the next one would change no digit
LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Maxima:
    """The maxima of the likelihoods of a batch over tau2 of 0 or more.

    Attributes
    ----------
    t : ndarray, shape (G,)
        The highest maximum of each group, in units of the batch.
    count : ndarray of int, shape (G,)
        How many maxima there are.
    group, places : ndarray, shape (M,)
        Every maximum of the groups that have several: its group, and tau2 in units of the batch.
    """

    t: FloatArray
    count: Places
    group: Places
    places: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cells from `low` to `high` in log(1 + t) of some groups, and the parts of the score at both ends."""

    group: Places
    low: FloatArray
    high: FloatArray
    below: Decline
    above: Decline

    def at(self, where: BoolArray) -> _Cells:
        return _Cells(
            self.group[where],
            self.low[where],
            self.high[where],
            self.below.at(where),
            self.above.at(where),
        )


def log_likelihood(batch: Batch, *, t: FloatArray, restricted: bool) -> FloatArray:
    """Return the log-likelihood at one tau2 per group, the mean being the best for it.

    Parameters
    ----------
    batch : Batch
        Of G groups.
    t : ndarray, shape (G,)
        tau2 in units of the batch.
    restricted : bool
        Whether of contrasts (REML) or of the effects (ML).

    Returns
    -------
    ndarray, shape (G,)
        In the units of the effects, with all constants: with X a column of ones,
        ``-(k-1)/2 log 2pi + 1/2 log|X'X| - 1/2 log|V| - 1/2 log|X'inv(V)X| - 1/2 r'inv(V)r`` if restricted.
    """
    mean = weighted_mean(batch, t)
    variances = batch.v + t
    logs = np.log(np.where(np.isinf(variances), 1.0, variances)).sum(axis=0)
    free = batch.k - int(restricted)
    value: FloatArray = -free * (LOG_2PI / 2 + batch.exponent * LN2) - (logs + mean.q) / 2
    if restricted:
        value += (np.log(batch.k) - np.log(mean.total)) / 2
    return value


def maxima(batch: Batch, *, restricted: bool) -> Maxima:
    """Return where the likelihood of each group is highest over tau2 of 0 or more.

    Parameters
    ----------
    batch : Batch
        Of G groups.
    restricted : bool
        Whether of contrasts (REML) or of the effects (ML).

    Returns
    -------
    Maxima
        No maximum is missed that is higher by more than 1e-12 in the log-likelihood.
    """
    size = batch.k.size
    reach = _reach(batch)
    busy = np.flatnonzero(reach > 0)
    t, count = np.zeros(size), np.ones(size, dtype=np.intp)
    none = Maxima(t, count, np.zeros(0, dtype=np.intp), np.zeros(0))
    if not busy.size:
        return none
    part = batch if busy.size == size else batch.of(busy)
    cells, starts_down = _cells_with_one(part, reach[busy], restricted=restricted)
    tops = _tops(part, cells, restricted=restricted)
    found = np.bincount(cells.group, minlength=busy.size)
    count[busy] = found + starts_down
    alone = found[cells.group] + starts_down[cells.group] == 1
    t[busy[cells.group[alone]]] = tops[alone]
    if alone.all():
        return none
    edges = np.flatnonzero(starts_down & (found > 0))
    group = np.concatenate([edges, cells.group[~alone]])
    places = np.concatenate([np.zeros(edges.size), tops[~alone]])
    height = log_likelihood(part.of(group), t=places, restricted=restricted)
    order = np.lexsort((-height, group))
    group, places = group[order], places[order]
    best = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    t[busy[group[best]]] = places[best]
    return Maxima(t, count, busy[group], places)


def _reach(batch: Batch) -> FloatArray:
    """Return a t beyond which the score is negative, 0 where it is so everywhere; shape (G,).

    With S the sum of squares about the plain mean, ``B <= S w_max^2`` and ``A >= (k - 1) w_min``.
    """
    shown = np.isfinite(batch.v)
    centred = batch.y - batch.y.sum(axis=0) / batch.k
    spread = np.where(shown, centred, 0.0)
    s = (spread * spread).sum(axis=0)
    least = batch.v[0]
    most = np.where(shown, batch.v, 0.0).max(axis=0)
    free = np.maximum(batch.k - 1, 1)
    end = (s + np.sqrt(s * (s + 4 * free * (most - least)))) / (2 * free)  # of t and the least variance
    return np.where(end > least, end * BEYOND - least, 0.0)


def _cells_with_one(batch: Batch, reach: FloatArray, *, restricted: bool) -> tuple[_Cells, BoolArray]:
    """Return the cells with one maximum each, and where the likelihood falls from tau2 = 0 on."""
    cells = _first_cells(batch, reach, restricted=restricted)
    starts_down = (cells.below.squares <= cells.below.trace)[: reach.size]
    kept = []
    while cells.group.size:
        rises, falls = _rises(cells.below), ~_rises(cells.above)
        unclear = ~_settled(cells)
        kept.append(cells.at(~unclear & rises & falls))
        cells = _halved(batch, cells.at(unclear), restricted=restricted)
    return _joined(kept), starts_down


def _first_cells(batch: Batch, reach: FloatArray, *, restricted: bool) -> _Cells:
    """Return cells of equal width in log(1 + t), those that begin at 0 first."""
    end = np.log1p(reach)
    cuts = int(np.clip(np.ceil(np.median(end) / WIDTH), 2, MOST_CELLS))
    nodes = [end * j / cuts for j in range(cuts + 1)]
    values = [decline(batch.y, batch.v, np.expm1(x), restricted=restricted) for x in nodes]
    group = np.tile(np.arange(end.size), cuts)
    return _Cells(
        group,
        np.concatenate(nodes[:-1]),
        np.concatenate(nodes[1:]),
        Decline(*map(np.concatenate, zip(*values[:-1], strict=True))),
        Decline(*map(np.concatenate, zip(*values[1:], strict=True))),
    )


def _rises(parts: Decline) -> BoolArray:
    return parts.squares > parts.trace


def _settled(cells: _Cells) -> BoolArray:
    """Return where a cell is known to have at most one change of sign, or too small a rise to matter."""
    a, b = cells.below, cells.above
    span = np.expm1(cells.high) - np.expm1(cells.low)
    # log-convex: the rates at which log B and log A fall become slower, so the ends bound them
    b_rates = 2 * a.cubes / a.squares, 2 * b.cubes / b.squares
    a_rates = a.trace2 / a.trace, b.trace2 / b.trace
    one_way = (b_rates[1] >= a_rates[0]) | (b_rates[0] <= a_rates[1])
    # convex: below the chord and above both tangents, which meet where they differ most from the chord
    negative = ~_rises(a) & ~_rises(b)
    negative &= _gap((a.trace, a.trace2, b.trace, b.trace2), (a.squares, b.squares), span) < 0
    positive = _rises(a) & _rises(b)
    squares = a.squares, 2 * a.cubes, b.squares, 2 * b.cubes
    positive &= _gap(squares, (a.trace, b.trace), span) < 0
    gain = np.maximum(a.squares - b.trace, a.trace - b.squares) * span / 2
    clear: BoolArray = one_way | negative | positive | (gain < NEGLIGIBLE)
    return clear | (cells.high - cells.low < NARROW)


def _gap(convex: _Ends, chord: tuple[FloatArray, FloatArray], h: FloatArray) -> FloatArray:
    """Return how far a chord lies above the tangents of a falling convex function, where these meet."""
    f0, d0, f1, d1 = convex
    with np.errstate(divide="ignore", invalid="ignore"):
        meet = np.clip((f0 - f1 - d1 * h) / (d0 - d1), 0.0, h)
    meet = np.where(np.isfinite(meet), meet, 0.0)
    tangent = np.maximum(f0 - d0 * meet, f1 + d1 * (h - meet))
    gap: FloatArray = chord[0] + (chord[1] - chord[0]) * meet / h - tangent
    return gap


def _halved(batch: Batch, cells: _Cells, *, restricted: bool) -> _Cells:
    if not cells.group.size:
        return cells
    middle = (cells.low + cells.high) / 2
    y, v = np.take(batch.y, cells.group, axis=1), np.take(batch.v, cells.group, axis=1)
    between = decline(y, v, np.expm1(middle), restricted=restricted)
    left = _Cells(cells.group, cells.low, middle, cells.below, between)
    right = _Cells(cells.group, middle, cells.high, between, cells.above)
    return _joined([left, right])


def _joined(parts: list[_Cells]) -> _Cells:
    return _Cells(
        np.concatenate([part.group for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
        Decline(*map(np.concatenate, zip(*(part.below for part in parts), strict=True))),
        Decline(*map(np.concatenate, zip(*(part.above for part in parts), strict=True))),
    )


def _tops(batch: Batch, cells: _Cells, *, restricted: bool) -> FloatArray:
    """Return the one maximum in each cell: log B = log A, by Newton's method in log(1 + t) between bounds."""
    low, high = np.expm1(cells.low), np.expm1(cells.high)
    if not low.size:
        return low
    y, v = np.take(batch.y, cells.group, axis=1), np.take(batch.v, cells.group, axis=1)
    above, below = (
        np.log(cells.below.squares / cells.below.trace),
        np.log(cells.above.squares / cells.above.trace),
    )
    t: FloatArray = np.expm1(cells.low + (cells.high - cells.low) * above / (above - below))
    for _ in range(STEPS):
        parts = decline(y, v, t, restricted=restricted)
        ahead = _rises(parts)
        low, high = np.where(ahead, t, low), np.where(ahead, high, t)
        rate = (1 + t) * (2 * parts.cubes / parts.squares - parts.trace2 / parts.trace)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = (1 + t) * np.expm1(np.log(parts.squares / parts.trace) / rate)
        new = t + step
        outside = ~((new > low) & (new < high))
        close = np.abs(step) <= CLOSE * (t + CLOSE)
        new = np.where(outside, np.where(close, np.clip(t + step, low, high), (low + high) / 2), new)
        moved = np.abs(new - t)
        t = new
        if (moved <= CLOSE * (t + CLOSE)).all():
            break
    return t
