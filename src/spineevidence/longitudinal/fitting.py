"""The best parameters of the random effects, from several starts; and what lies at a bound; arrays only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spineevidence.longitudinal.climbing import BoolArray, Climbed, Peak, climb
from spineevidence.longitudinal.marginal import Model, derivatives, log_likelihoods
from spineevidence.longitudinal.structures import bounds, on_diagonal, start
from spineevidence.timing import FloatArray

SHARES = (0.05, 0.4, 1.0)  # of the variance of the effects that the random effects have at the start
SHARE = 0.4  # of it where one of several terms has nearly all
CORRELATIONS = (0.5, 0.9, 0.1, -0.4)
CLIMBS = 3
SCATTERED = 48  # further starts where the best maximum is in doubt
AWAY = 0.2  # of the standard deviation of the effects: where a variance of 0 is started from again
MORE_CLIMBS = 6  # from the highest of these
LITTLE = 0.25  # of the standard deviation of the effects: a random effect as small as that
NEARLY = 1.92  # lower log-likelihood: half the 95 % quantile of chi-squared with one degree of freedom
LEAST_GAP = 1e-4  # lower log-likelihood: less is the same maximum, reached on a flat way
LEAST = 0.01  # of the median sampling variance: effects that are closer together count as that far apart


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Where the parameters may lie, and how large they are; arrays of shape (q,).

    Attributes
    ----------
    low, high : ndarray
        Bounds.
    scale : ndarray
        Size of a large change: the standard deviation of the effects, or 1 for correlations.
    soft : ndarray of bool
        Standard deviations, in which the likelihood may be even.
    """

    low: FloatArray
    high: FloatArray
    scale: FloatArray
    soft: BoolArray


def box(model: Model) -> Box:
    """Return the bounds and scales of the parameters of a model."""
    spread = np.sqrt(typical(model))
    low, high, scale, soft = [], [], [], []
    for term in model.terms:
        least, most = bounds(term.form)
        low.append(least)
        high.append(most)
        soft.append(on_diagonal(term.form))
        scale.append(np.where(np.isfinite(most), 0.25, spread))
    return Box(np.concatenate(low), np.concatenate(high), np.concatenate(scale), np.concatenate(soft))


def typical(model: Model) -> float:
    """Return the mean square of the effects about their least-squares fit, and not 0."""
    k, p = model.x.shape
    known = model.v if model.v.ndim == 1 else np.diagonal(model.v)
    mean_square: float = float(np.square(model.y).sum()) / max(k - p, 1)
    least: float = LEAST * float(np.median(known))
    return max(mean_square, least)


def maxima(model: Model) -> list[Peak]:
    """Return the maxima of the likelihood that many starts lead to, the highest first.

    Parameters
    ----------
    model : Model
        With at least one term.

    Returns
    -------
    list of Peak
        Standard deviations are 0 or more. Where the highest is in doubt, starts lie all over the bounds.

    References
    ----------
    .. [1] Roberts M (2018), evenly spread starts.
       https://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences/
    """
    area = box(model)
    kinds, places = zip(*_starts(model), strict=True)
    heights = log_likelihoods(model, list(places))
    first: dict[float, int] = {}
    for i in np.argsort(-heights, kind="stable"):
        first.setdefault(kinds[i], int(i))
    peaks = _reached(model, area, [places[i] for i in list(first.values())[:CLIMBS]], [])
    if not _doubtful(model, area, peaks[0]):
        return peaks
    scattered = _scattered(area)
    order = np.argsort(-log_likelihoods(model, scattered), kind="stable")
    peaks = _reached(model, area, [scattered[i] for i in order[:MORE_CLIMBS]], peaks)
    if peaks[0].at_bound.any():
        peaks = _reached(model, area, list(_away_from_bounds(area, peaks[0])), peaks)
    return peaks


def rival(peaks: Sequence[Peak], area: Box) -> float | None:
    """Return how much lower the next maximum is, where it is nearly as high as the first; else None."""
    lower = [peaks[0].height - peak.height for peak in peaks[1:] if _is_maximum(peak, area)]
    return min((gap for gap in lower if LEAST_GAP < gap < NEARLY), default=None)


def _is_maximum(peak: Peak, area: Box) -> bool:
    """Whether the likelihood surely falls in every direction, also where it is even and its gradient 0.

    A variance of 0 beside a correlation at its limit does not count: with another correlation it may rise.
    """
    zero = area.soft & (peak.place <= area.low)
    if zero.any() and (peak.at_bound & ~zero).any():
        return False
    free = ~peak.at_bound | zero
    bend = (peak.bend * np.outer(area.scale, area.scale))[np.ix_(free, free)]
    return peak.converged and bool((np.linalg.eigvalsh(bend) < 0).all())


def _reached(model: Model, area: Box, places: Sequence[FloatArray], known: Sequence[Peak]) -> list[Peak]:
    """Return the maxima known and those reached from the places, the highest first."""
    peaks = list(known)
    for place in places:
        peak = reach(lambda at: derivatives(model, at), area, place, known=peaks)
        if not any(peak is other for other in peaks):
            peaks.append(peak)
    return sorted(peaks, key=lambda peak: -peak.height)


def _doubtful(model: Model, area: Box, peak: Peak) -> bool:
    """Whether there may well be a higher maximum: many parameters, little heterogeneity or a bound."""
    several = any(term.form.scales > 1 for term in model.terms)
    low = area.soft & (peak.place < LITTLE * area.scale)
    return bool(several or peak.at_bound.any() or low.any())


def _away_from_bounds(area: Box, peak: Peak) -> Iterator[FloatArray]:
    """Yield a maximum with what lies at a bound moved away from it, and correlations to the other side."""
    away = np.where(peak.at_bound & area.soft, AWAY * area.scale, peak.place)
    yield away
    correlation = np.isfinite(area.high)
    other = away.copy()
    other[correlation] = area.low[correlation] + area.high[correlation] - peak.place[correlation]
    yield other


def _scattered(area: Box) -> list[FloatArray]:
    """Return places spread evenly within the bounds: fractional parts of multiples of irrational numbers."""
    low = np.where(np.isfinite(area.low), area.low, -area.scale)
    high = np.where(np.isfinite(area.high), area.high, 1.5 * area.scale)
    size = low.size
    root = 2.0
    for _ in range(40):
        root = (1 + root) ** (1 / (size + 1))
    ratio = root ** -np.arange(1.0, size + 1)
    share = np.outer(np.arange(1, SCATTERED + 1), ratio) % 1.0
    return list(low + np.where(area.soft, share**2, share) * (high - low))


def reach(function: Climbed, area: Box, place: FloatArray, *, known: Sequence[Peak] = ()) -> Peak:
    """Return the maximum that is reached from one place; one that is known is taken when it is near."""
    return climb(
        function, start=place, low=area.low, high=area.high, scale=area.scale, soft=area.soft, known=known
    )


def _starts(model: Model) -> Iterator[tuple[float, FloatArray]]:
    """Yield starts, each with the correlation they have, or with its number where there is none.

    One start of each kind is followed, the highest, so that starts in different valleys are tried.
    """
    terms = model.terms
    shares = [np.full(len(terms), share / len(terms)) for share in SHARES]
    if len(terms) > 1:
        others = 0.1 / (len(terms) - 1)
        shares += [SHARE * (0.9 * one + others * (1 - one)) for one in np.eye(len(terms))]
    correlated = any(term.form.with_correlation or term.form.structure == "UN" for term in terms)
    for correlation in CORRELATIONS if correlated else (0.0,):
        for number, share in enumerate(shares):
            parts = [
                start(term.form, variance=part * typical(model), correlation=correlation)
                for term, part in zip(terms, share, strict=True)
            ]
            yield correlation if correlated else float(number), np.concatenate(parts)
