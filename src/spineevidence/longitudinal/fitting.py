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


def highest(model: Model) -> Peak:
    """Return the highest maximum of the likelihood that several starts lead to.

    Parameters
    ----------
    model : Model
        With at least one term.

    Returns
    -------
    Peak
        Standard deviations are 0 or more.
    """
    area = box(model)
    kinds, places = zip(*_starts(model), strict=True)
    heights = log_likelihoods(model, list(places))
    first: dict[float, int] = {}
    for i in np.argsort(-heights, kind="stable"):
        first.setdefault(kinds[i], int(i))
    peaks: list[Peak] = []
    for i in list(first.values())[:CLIMBS]:
        peaks.append(reach(lambda at: derivatives(model, at), area, places[i], known=peaks))
    return max(peaks, key=lambda peak: peak.height)


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
