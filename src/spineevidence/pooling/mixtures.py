"""Quantiles and probabilities of mixtures of normal distributions; arrays only."""

from __future__ import annotations

import numpy as np

from spineevidence.effectsizes import t_quantile
from spineevidence.timing import FloatArray

STEPS = 200  # of a safeguarded Newton search; about 8 are used
PRECISE = 1e-12  # relative to the first bracket


def mixture_quantiles(
    p: FloatArray, weights: FloatArray, centres: FloatArray, spreads: FloatArray
) -> FloatArray:
    """Return quantiles of a mixture of normal distributions, by Newton's steps kept within a bracket.

    Parameters
    ----------
    p : ndarray, shape (m,)
        Probabilities, between 0 and 1.
    weights, centres, spreads : ndarray, shape (g,)
        Of the normal distributions; the weights add up to 1, the spreads are above 0.

    Returns
    -------
    ndarray, shape (m,)
        In units of the centres.

    Examples
    --------
    >>> mixture_quantiles(np.array([0.5]), np.array([0.5, 0.5]), np.array([-1.0, 3.0]), np.ones(2)).round(6)
    array([1.])
    """
    from scipy.special import ndtr, ndtri

    own = centres + ndtri(p)[:, None] * spreads
    low, high = own.min(axis=1), own.max(axis=1)
    at = own @ weights
    enough = PRECISE * np.maximum(high - low, spreads.max())
    for _ in range(STEPS):
        z = (at[:, None] - centres) / spreads
        excess = ndtr(z) @ weights - p
        density = (np.exp(-(z**2) / 2) / spreads) @ weights / np.sqrt(2 * np.pi)
        low, high = np.where(excess <= 0, at, low), np.where(excess >= 0, at, high)
        at, moved = bracketed_step(at, excess, density, low, high)
        if np.all(moved <= enough):
            break
    return at


def bracketed_step(
    at: FloatArray, excess: FloatArray, density: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the next place of a Newton search, the middle of the bracket where it leaves that.

    Parameters
    ----------
    at, excess, density : ndarray, shape (m,)
        Places, the function there, and its slope.
    low, high : ndarray, shape (m,)
        Brackets of the roots.

    Returns
    -------
    tuple of ndarray, shape (m,)
        The next places, and how far they are from the last.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        newton = at - excess / density
    after = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
    after = np.where(excess == 0, at, after)
    return after, np.abs(after - at)


def mixture_above(threshold: float, weights: FloatArray, centres: FloatArray, spreads: FloatArray) -> float:
    """Return the probability that a mixture of normal distributions exceeds a threshold.

    Parameters
    ----------
    threshold : float
        In units of the centres.
    weights, centres, spreads : ndarray, shape (g,)
        Of the normal distributions.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> mixture_above(0.0, np.ones(1), np.zeros(1), np.ones(1))
    0.5
    """
    from scipy.special import ndtr

    return float(np.sum(weights * ndtr((centres - threshold) / spreads)))


def freedom_of_tails(*, stretch: float, tail: float, count: int) -> float:
    """Return degrees of freedom of the t distribution with a given ratio of two quantiles.

    So a limit at a stricter level can be made of an interval of any distribution with one centre.

    Parameters
    ----------
    stretch : float
        Distance of the quantile at ``tail / count`` from the centre, relative to that of the one at `tail`.
    tail : float
        Probability outside the interval, on one side.
    count : int
        By which it is divided; 2 or more.

    Returns
    -------
    float
        From 0.1 to 10 million.

    Examples
    --------
    >>> two = t_quantile(p=[0.005, 0.025], df=8)
    >>> round(freedom_of_tails(stretch=two[0] / two[1], tail=0.025, count=5), 6)
    8.0
    """
    low, high = -1.0, 7.0
    for _ in range(50):
        middle = (low + high) / 2
        quantiles = t_quantile(p=[tail / count, tail], df=10**middle)
        low, high = (middle, high) if quantiles[0] / quantiles[1] > stretch else (low, middle)
    return float(10**low)
