"""Times known only to lie between two visits: how they are distributed, without a model.

The likelihood depends only on the mass in the innermost intervals: those that begin where an observed one
begins and end where one ends, with no other limit between. It is strictly concave in these masses, because an
observed interval begins at each, which makes the incidence matrix of full column rank. So the optimum is
unique; Newton's method on the masses above 0 finds it to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import notes_below, require
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, html_table, number, trimmed
from spineevidence.formulas.arguments import aligned, numbers
from spineevidence.timing import FloatArray

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

EM_STEPS = 300  # bring most masses near their place; what is left over is Newton's
NEAR_ZERO = 0.5  # of an equal share: a mass below this whose slope is below FALLING starts at 0
FALLING = -1e-5
LEVEL_SLOPE = 1e-13  # of the log-likelihood per row: a slope of rounding
POLISHED = 1e-8  # a Newton decrement after which the next one is below rounding
FULL_STEP = 0.25  # a self-concordant function allows the full Newton step below this decrement
HALF = 0.5 - 1e-12  # a sum of masses that is 1/2 but for rounding has reached the median


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TurnbullEstimate:
    """The distribution of interval-censored times with the highest likelihood.

    Attributes
    ----------
    n : int
        Rows.
    left, right : ndarray, shape (m,)
        Limits of the innermost intervals (left, right], in order, in the unit of the input; `right` is
        infinite where no row tells when an event came at the latest.
    exact : ndarray of bool, shape (m,)
        Whether the innermost interval is the one time `left` = `right`.
    mass : ndarray, shape (m,)
        Probability of each innermost interval; 0 where the likelihood leaves none. How it is spread inside an
        interval the data do not tell.
    loglik : float
        Log-likelihood: the sum over rows of the logarithm of the mass inside the row's interval.
    slack : float
        How far the optimum is missed: the largest slope of the log-likelihood per row along a mass, 0 at the
        optimum.
    notes : tuple of str
        What the estimate leaves open.
    first, last : ndarray of int, shape (n,)
        Of each row, the first innermost interval inside it and the one after the last.
    """

    n: int
    left: FloatArray
    right: FloatArray
    exact: BoolArray
    mass: FloatArray
    loglik: float
    slack: float
    notes: tuple[str, ...]
    first: IntArray = field(repr=False)
    last: IntArray = field(repr=False)

    def __repr__(self) -> str:
        low, high = self.median
        sizes = f"{count_of(self.n, 'row')}, {count_of(self.mass.size, 'innermost interval')}"
        return f"<TurnbullEstimate: {sizes}, median {_place(low, high)}>"

    def _repr_html_(self) -> str:
        rows = [
            (_place(low, high), number(mass, 3))
            for low, high, mass in zip(self.left, self.right, self.mass, strict=True)
        ]
        caption = f"Interval-censored times, {count_of(self.n, 'row')}"
        return notes_below(html_table(caption, ("Time", "Probability"), rows), self.notes)

    @property
    def median(self) -> tuple[float, float]:
        """Limits (low, high] between which the median lies: the first time at which S(t) is at most 1/2.

        Both are the same time where that is known; `high` is infinite where no row bounds it.
        """
        at = int(np.argmax(np.cumsum(self.mass) >= HALF))
        return float(self.left[at]), float(self.right[at])

    def survival(self, times: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the bounds of S(t), the probability that the event comes after t.

        Parameters
        ----------
        times : array_like, shape (k,) or scalar
            Finite times of 0 or more, in the unit of the input.

        Returns
        -------
        lower, upper : ndarray, shape (k,) or scalar
            S(t) if all mass that may lie at or before t does, and if none of it does. They are equal where no
            innermost interval with mass has t inside.

        Raises
        ------
        InputError
            If a time is negative or not finite.
        """
        at = numbers("times", times)
        require(at >= 0, "times must be 0 or more", at, "give times since the start")
        after = np.append(np.cumsum(self.mass[::-1])[::-1], 0.0)
        begun = np.where(
            self.exact, np.nextafter(self.left, -np.inf), self.left
        )  # exact: T > t needs left > t
        lower = after[np.searchsorted(begun, at, side="left")]
        upper = after[np.searchsorted(self.right, at, side="right")]
        return lower, upper

    def to_frame(self) -> pd.DataFrame:
        """Return the estimate, unrounded.

        Returns
        -------
        DataFrame
            One row per innermost interval: ``left``, ``right``, ``exact``, ``mass``, and ``survival_after``,
            the probability that the event comes after `right`.
        """
        later = np.append(np.cumsum(self.mass[::-1])[::-1][1:], 0.0)
        return pd.DataFrame(
            {
                "left": self.left,
                "right": self.right,
                "exact": self.exact,
                "mass": self.mass,
                "survival_after": later,
            }
        )


def turnbull(*, left: npt.ArrayLike, right: npt.ArrayLike) -> TurnbullEstimate:
    """Return the non-parametric maximum likelihood estimate of times that are known to lie in intervals.

    Groups are estimated one by one: call it with the rows of each.

    Parameters
    ----------
    left, right : array_like, shape (n,)
        Each time lies in (left, right], both in one unit such as months. It is known exactly if both are
        equal, and right-censored if `right` is infinite. Time and memory grow with the number of distinct
        intervals times the number of innermost intervals; visits at common times keep both small.

    Returns
    -------
    TurnbullEstimate
        Equals ``interval::icfit`` of R with ``Lin=FALSE, Rin=TRUE``. With exact and right-censored times
        alone it is the Kaplan-Meier estimate.

    Raises
    ------
    InputError
        If there are no rows, a limit is no number or negative, `left` is infinite or above `right`.

    References
    ----------
    .. [1] Turnbull BW (1976). The empirical distribution function with arbitrarily grouped, censored and
       truncated data. https://doi.org/10.1111/j.2517-6161.1976.tb01597.x
    .. [2] Gentleman R, Geyer CJ (1994). Maximum likelihood for interval censored data: consistency and
       computation. https://doi.org/10.1093/biomet/81.3.618
    .. [3] Nesterov Y, Nemirovskii A (1994). Interior-point polynomial algorithms in convex programming,
       chapter 2 (damped Newton steps). https://doi.org/10.1137/1.9781611970791

    Examples
    --------
    >>> found = turnbull(left=[0, 6, 6, 7, 12, 3], right=[6, 12, float("inf"), 18, float("inf"), 7])
    >>> found.mass.round(3).tolist()
    [0.25, 0.25, 0.125, 0.375]
    >>> found
    <TurnbullEstimate: 6 rows, 4 innermost intervals, median (6, 7]>
    >>> [float(bound) for bound in np.round(found.survival(9.5), 3)]
    [0.375, 0.5]
    """
    low, high = _limits(left, right)
    begins, ends, first, last = _innermost(low, high)
    ranges, repeats = np.unique(np.column_stack([first, last]), axis=0, return_counts=True)
    counts = repeats.astype(np.float64)
    place = np.arange(begins.size)
    covers = ((ranges[:, :1] <= place) & (place < ranges[:, 1:])).astype(np.float64)
    mass = _maximum(covers, counts)
    slope = _slope(covers, counts, covers @ mass)
    slack = max(float(np.max(np.abs(slope[mass > 0]))), float(np.max(slope)), 0.0)
    return TurnbullEstimate(
        n=low.size,
        left=begins,
        right=ends,
        exact=begins == ends,
        mass=mass,
        loglik=float(counts @ np.log(covers @ mass)),
        slack=slack,
        notes=_notes(begins, ends, mass),
        first=first,
        last=last,
    )


def _limits(left: npt.ArrayLike, right: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    low, high = (
        np.atleast_1d(side) for side in aligned({"left": left, "right": right}, unbounded=("right",))
    )
    if not low.size:
        raise InputError("at least one row is needed; found none; give left and right of every patient")
    require(low >= 0, "left must be 0 or more", low, "give times since the start")
    require(low <= high, "left must be at most right", low, "give each row as (left, right]")
    return low + 0.0, high + 0.0  # without a negative zero


def _innermost(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return the innermost intervals, and of each row the range of those inside it.

    At one time come, in this order, an exact time, the end of an interval, which includes the time, and the
    beginning of one, which does not. Codes of the order are twice the rank, and one more for such.
    """
    values = np.unique(np.concatenate([low, high]))
    begin = 2 * np.searchsorted(values, low) + (low < high)
    end = 2 * np.searchsorted(values, high)
    begins, ends = np.unique(begin), np.unique(end)
    next_end = np.searchsorted(ends, begins)  # the first end at or after each beginning
    inner = np.append(next_end[1:] > next_end[:-1], True)  # no other beginning before that end
    begins, ends = begins[inner], ends[next_end[inner]]
    first = np.searchsorted(begins, begin, side="left")
    last = np.searchsorted(ends, end, side="right")
    return values[begins // 2], values[ends // 2], first, last


def _slope(covers: FloatArray, counts: FloatArray, inside: FloatArray) -> FloatArray:
    """Return the slopes of the log-likelihood per row less the sum of masses: at most 0 at the optimum."""
    slope: FloatArray = (counts / inside) @ covers / counts.sum() - 1.0
    return slope


def _maximum(covers: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the masses of the highest likelihood: EM steps, then Newton's method on an active set.

    The goal is the log-likelihood less n times the sum of the masses. Its optimum sums to 1, so that masses
    of 0 or more are the only constraint; it is self-concordant, so that damped steps cannot fail.
    """
    n, m = counts.sum(), covers.shape[1]
    mass = np.full(m, 1.0 / m)
    for _ in range(EM_STEPS):
        mass *= 1.0 + _slope(covers, counts, covers @ mass)
    free = (mass >= NEAR_ZERO / m) | (_slope(covers, counts, covers @ mass) >= FALLING)
    if np.all(covers @ (mass * free) > 0):
        mass = mass * free
    else:
        free = np.ones(m, dtype=np.bool_)
    polished = False
    for _ in range(100 + 20 * m):
        inside = covers @ mass
        slope = _slope(covers, counts, inside)
        if polished or np.max(np.abs(slope[free])) <= LEVEL_SLOPE:
            rising = _steepest(free, slope)
            if not rising.size:
                break
            free[rising] = True
        mass, decrement, dropped = _newton(mass, free, slope * n, covers, np.sqrt(counts) / inside)
        free[dropped] = False
        polished = decrement <= POLISHED and not dropped.size
    mass /= mass.sum()
    return mass


def _steepest(free: BoolArray, slope: FloatArray) -> IntArray:
    """Return the steepest mass at 0 in each gap between masses that are free, where it rises.

    >>> _steepest(np.array([False, False, True, False]), np.array([0.1, 0.2, 0.0, -0.3])).tolist()
    [1]
    """
    rising = np.flatnonzero(~free & (slope > LEVEL_SLOPE))
    steepest_first = rising[np.argsort(-slope[rising], kind="stable")]
    _, place = np.unique(np.cumsum(free)[steepest_first], return_index=True)
    return steepest_first[place]


def _newton(
    mass: FloatArray, free: BoolArray, slope: FloatArray, covers: FloatArray, scale: FloatArray
) -> tuple[FloatArray, float, IntArray]:
    """Return the masses after one step, its decrement, and the masses that came to 0."""
    places = np.flatnonzero(free)
    root = covers[:, places] * scale[:, None]
    size = 1.0 / np.sqrt((root**2).sum(axis=0))
    root *= size
    move = size * np.linalg.solve(root.T @ root, size * slope[places])
    decrement = float(np.sqrt(max(move @ slope[places], 0.0)))
    step = 1.0 if decrement < FULL_STEP else 1.0 / (1.0 + decrement)
    reach = np.full(places.size, np.inf)
    falls = move < 0
    reach[falls] = -mass[places][falls] / move[falls]
    stop = int(np.argmin(reach))
    moved = mass.copy()
    moved[places] = np.maximum(mass[places] + min(step, reach[stop]) * move, 0.0)
    if reach[stop] > step:
        return moved, decrement, places[:0]
    moved[places[stop]] = 0.0
    return moved, decrement, places[stop : stop + 1]


def _notes(left: FloatArray, right: FloatArray, mass: FloatArray) -> tuple[str, ...]:
    notes = []
    if np.any((left < right) & np.isfinite(right) & (mass > 0)):
        notes.append("how the probability is spread inside an interval is not known")
    if np.isinf(right[-1]) and mass[-1] > 0:
        share = trimmed(100 * float(mass[-1]), 1)
        notes.append(f"no row tells when the last {share} % come: after {trimmed(float(left[-1]))}, if ever")
    return tuple(notes)


def _place(low: float, high: float) -> str:
    """Return an innermost interval as in the input.

    >>> _place(3.0, 6.0), _place(6.0, 6.0), _place(12.0, float("inf"))
    ('(3, 6]', '6', 'after 12')
    """
    if np.isinf(high):
        return f"after {trimmed(low)}"
    return trimmed(low) if low == high else f"({trimmed(low)}, {trimmed(high)}]"
