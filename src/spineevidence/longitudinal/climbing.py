"""The maximum of a smooth function within bounds, by Newton's method; arrays only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spineevidence.timing import FloatArray

BoolArray = npt.NDArray[np.bool_]
Climbed = Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]

STEPS = 200  # of Newton's method; ten are usual
POLISH = 8  # further steps without a check of the height, whose last digits are noise
LONGEST = 1.0  # step, in units of the scale of each parameter
FLATTEST = 1e-10  # curvature over the largest: a direction as flat as that is taken to have it
NEAR = 1e-13  # rise that the next step promises, at which the search ends and polishing begins
SHORT = 1e-5  # of a way to a bound: nearer than that the bound itself is tried
STEEPNESS = 1e-9  # of the gradient times the scale: there the search has converged
HALVINGS = 40
SAME = 0.05  # of the scales: a place as near as that to a maximum
LOW = 0.1  # and lower by no more than that belongs to it


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """A maximum.

    Attributes
    ----------
    place : ndarray, shape (n,)
        Parameters.
    height : float
        Value of the function.
    slope : ndarray, shape (n,)
        Gradient.
    bend : ndarray, shape (n, n)
        Second derivatives.
    at_bound : ndarray of bool, shape (n,)
        Parameters at a bound beyond which the function would rise further, or at 0 where it is even.
    converged : bool
        Whether the gradient is 0 within rounding in all other directions.
    """

    place: FloatArray
    height: float
    slope: FloatArray
    bend: FloatArray
    at_bound: BoolArray
    converged: bool


def climb(
    function: Climbed,
    *,
    start: FloatArray,
    low: FloatArray,
    high: FloatArray,
    scale: FloatArray,
    soft: BoolArray,
    known: Sequence[Peak] = (),
) -> Peak:
    """Return the maximum that is reached from a start.

    Parameters
    ----------
    function : callable
        Takes parameters, shape (n,), and returns height, gradient and second derivatives.
    start : ndarray, shape (n,)
        Within the bounds.
    low, high : ndarray, shape (n,)
        Bounds; may be infinite.
    scale : ndarray, shape (n,)
        Size of a large change of each parameter.
    soft : ndarray of bool, shape (n,)
        Parameters whose lower bound is approached and not jumped to: there the gradient may be 0 although the
        function rises from there on.
    known : sequence of Peak, optional
        Maxima found before: when the way comes near to one, that is returned.

    Returns
    -------
    Peak
        Saddles are left along their rising directions.

    References
    ----------
    .. [1] Bertsekas DP (1982), projected Newton methods. https://doi.org/10.1137/0320018
    """
    place = np.clip(start, low, high)
    held = np.zeros(place.size, dtype=bool)
    height, slope, bend = function(place)
    for _ in range(STEPS):
        wall = ((place <= low) & (slope <= 0)) | ((place >= high) & (slope >= 0))
        free = ~(held | wall)
        step = _newton(slope, bend, free=free, scale=scale)
        promise = float(step @ slope)
        if promise < NEAR:
            break
        new, found = _advanced(function, place, height, step, low=low, high=high, soft=soft)
        if found is None:
            break
        place, (height, slope, bend) = new, found
        for peak in known:
            if np.abs((place - peak.place) / scale).max() < SAME and height > peak.height - LOW:
                return peak
        near = soft & ~held & (place < low + SHORT * scale)
        if near.any():
            tried = np.where(near, low, place)
            there = function(tried)
            if there[0] >= height - NEAR:
                held, place, (height, slope, bend) = held | near, tried, there
    return _polished(function, place, (height, slope, bend), held=held, low=low, high=high, scale=scale)


def _newton(slope: FloatArray, bend: FloatArray, *, free: BoolArray, scale: FloatArray) -> FloatArray:
    """Return Newton's step among the free parameters, uphill in every direction and not too long."""
    step = np.zeros_like(slope)
    if not free.any():
        return step
    unit = scale[free]
    curvature, direction = np.linalg.eigh(-bend[np.ix_(free, free)] * np.outer(unit, unit))
    size = np.abs(curvature)
    size = np.maximum(size, max(FLATTEST * float(size.max()), np.finfo(np.float64).tiny))
    inner = direction @ ((direction.T @ (slope[free] * unit)) / size)
    longest = float(np.abs(inner).max())
    step[free] = unit * inner * min(1.0, LONGEST / longest if longest > 0 else 1.0)
    return step


def _advanced(
    function: Climbed,
    place: FloatArray,
    height: float,
    step: FloatArray,
    *,
    low: FloatArray,
    high: FloatArray,
    soft: BoolArray,
) -> tuple[FloatArray, tuple[float, FloatArray, FloatArray] | None]:
    """Return the first place along a shortening step that is not lower, and what the function is there."""
    for _ in range(HALVINGS):
        new = np.clip(place + step, low, high)
        halted = soft & (new <= low) & (place > low)
        new[halted] = low[halted] + 0.1 * (place - low)[halted]
        found = function(new)
        if found[0] > height:
            return new, found
        step = step / 2
    return place, None


def _polished(
    function: Climbed,
    place: FloatArray,
    found: tuple[float, FloatArray, FloatArray],
    *,
    held: BoolArray,
    low: FloatArray,
    high: FloatArray,
    scale: FloatArray,
) -> Peak:
    height, slope, bend = found
    wall = held | ((place <= low) & (slope <= 0)) | ((place >= high) & (slope >= 0))
    steep = _steepness(slope, wall, scale)
    for _ in range(POLISH):
        if steep < STEEPNESS / 100:
            break
        new = np.clip(place + _newton(slope, bend, free=~wall, scale=scale), low, high)
        there = function(new)
        less = _steepness(there[1], wall, scale)
        if less >= steep:
            break
        place, steep, (height, slope, bend) = new, less, there
    return Peak(place, height, slope, bend, wall, steep < STEEPNESS * max(1.0, abs(height)))


def _steepness(slope: FloatArray, wall: BoolArray, scale: FloatArray) -> float:
    return float(np.abs(np.where(wall, 0.0, slope * scale)).max(initial=0.0))
