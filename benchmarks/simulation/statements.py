"""Whether what the two runs say of a series of visits is true."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simulation.courses import DELTA, VISITS
from spineevidence.effectsizes import BoolArray
from spineevidence.stepwise import StepwiseDuration
from spineevidence.timing import FloatArray

Columns = dict[str, FloatArray]


def judged(durations: Iterable[StepwiseDuration], course: FloatArray) -> Columns:
    """Return, of each duration, whether it is true and what it says, each as 0 or 1.

    Parameters
    ----------
    durations : iterable of StepwiseDuration
        At visits among those of the courses.
    course : ndarray, shape (J,)
        True mean effect at the visits.

    Returns
    -------
    dict of str to ndarray, shape (R,)
        ``covered``: an important benefit is there at all visits up to `important_shown_until`, and at none
        from `important_excluded_from` on. ``pair``: the same with any benefit up to `shown_until`. Then
        whether there is a ``lower`` bound, an ``upper`` one and ``both``, and whether any benefit is
        ``shown``.
    """
    rows = [_judged(duration, course) for duration in durations]
    names = ("covered", "pair", "lower", "upper", "both", "shown")
    return dict(zip(names, np.array(rows, dtype=np.float64).reshape(-1, len(names)).T, strict=True))


def _judged(duration: StepwiseDuration, course: FloatArray) -> tuple[bool, ...]:
    important, excluded = duration.important_shown_until, duration.important_excluded_from
    below = bool((course[_after(duration, excluded)] < DELTA).all())
    above = bool((course[_until(duration, important)] >= DELTA).all())
    better = bool((course[_until(duration, duration.shown_until)] > 0).all())
    lower, upper = important is not None, excluded is not None
    shown = duration.shown_until is not None
    return above and below, better and below, lower, upper, lower and upper, shown


def _until(duration: StepwiseDuration, last: float | None) -> BoolArray:
    """Return the visits of a forward run."""
    found: BoolArray = np.isin(VISITS, duration.months) & (duration.anchor <= VISITS)
    return found & (last >= VISITS) if last is not None else np.zeros_like(found)


def _after(duration: StepwiseDuration, first: float | None) -> BoolArray:
    """Return the visits of a backward run."""
    adequate = [month for month in duration.months if month not in duration.left_out]
    found: BoolArray = np.isin(VISITS, adequate)
    return found & (first <= VISITS) if first is not None else np.zeros_like(found)
