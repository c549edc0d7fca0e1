"""The curve of an effect that loses a fixed amount with each doubling of time: crossing, band, decline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spineevidence.effectsizes import BoolArray
from spineevidence.longitudinal.workingmodel import WorkingModel
from spineevidence.timing import FloatArray

Band = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
FiellerKind = Literal["bounded", "complement", "all"]

GRID = 65  # places in log time at which a band is looked at first
HALVINGS = 50  # of the cell that holds a crossing: to 1e-15 of the range


@dataclass(frozen=True, slots=True)
class Fieller:
    """All times at which the band of a straight line in log time contains a threshold.

    Attributes
    ----------
    kind : {"bounded", "complement", "all"}
        Between the limits; outside of them; everywhere (the slope cannot be told from 0).
    low, high : float or None
        The limits, in months, not clipped to any range; None if everywhere.
    """

    kind: FiellerKind
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a curve falls below a threshold, within the times that were observed.

    Attributes
    ----------
    months, low, high : float or None
        The time and its interval. 0: below the threshold over the whole range; None: not lost by the
        horizon.
    start, horizon : float
        The range of times in which was looked.
    """

    months: float | None
    low: float | None
    high: float | None
    start: float
    horizon: float

    @property
    def estimable(self) -> bool:
        """Whether the interval has a limit inside the range."""
        return self.low != 0 or self.high is not None


@dataclass(frozen=True, slots=True)
class Decline:
    """The change of the effect with each doubling of time, within studies.

    Attributes
    ----------
    slope, se : float
        Change per doubling of time (below 0: the effect fades) and its standard error.
    df : int
        Degrees of freedom.
    low, high : float
        Interval.
    k : int
        Studies with more than one visit.
    level : float
        Coverage of the interval.
    """

    slope: float
    se: float
    df: int
    low: float
    high: float
    k: int
    level: float

    @property
    def shown(self) -> bool:
        """Whether the upper limit lies below 0: the effect fades within studies."""
        return self.high < 0


def fieller(*, b: FloatArray, vcov: FloatArray, threshold: float, critical: float) -> Fieller:
    """Return all times at which ``b0 + b1 log2 t``, with its band, contains a threshold.

    Parameters
    ----------
    b : ndarray, shape (2,)
        Effect at one month, and change per doubling of time.
    vcov : ndarray, shape (2, 2)
        Their covariance.
    threshold : float
        In units of the effects.
    critical : float
        Standard errors on each side of the band.

    Returns
    -------
    Fieller
        Of a time in months.

    Notes
    -----
    The roots in ``z = log2 t`` of ``A z^2 + B z + C <= 0`` with ``A = b1^2 - c^2 V11``,
    ``B = 2 (b1 (b0 - threshold) - c^2 V01)`` and ``C = (b0 - threshold)^2 - c^2 V00``.

    References
    ----------
    .. [1] Fieller EC (1954). https://doi.org/10.1111/j.2517-6161.1954.tb00159.x

    Examples
    --------
    >>> vcov = np.array([[0.04, 0.0], [0.0, 0.01]])
    >>> found = fieller(b=np.array([2.0, -0.5]), vcov=vcov, threshold=1.0, critical=1.96)
    >>> found.kind, round(found.low, 2), round(found.high, 2)
    ('bounded', 2.15, 12.31)
    """
    above, squared = b[0] - threshold, critical**2
    a = b[1] ** 2 - squared * vcov[1, 1]
    half = b[1] * above - squared * vcov[0, 1]
    c = above**2 - squared * vcov[0, 0]
    inside = half**2 - a * c
    if a == 0 or inside <= 0:
        return Fieller("all", None, None)
    # the two roots, the larger in size first so that no digits are lost
    far = -(half + np.copysign(np.sqrt(inside), half))
    low, high = sorted((far / a, c / far if far else 0.0))
    limits = float(2.0**low), float(2.0**high)
    return Fieller("bounded" if a > 0 else "complement", *limits)


def crossing(band: Band, *, threshold: float, start: float, horizon: float) -> Crossing:
    """Return when a curve and its band fall below a threshold, nothing being said outside the range.

    Parameters
    ----------
    band : callable
        From log2 of months, shape (m,), to the curve and the limits of its band, each of shape (m,).
    threshold : float
        In units of the effects.
    start, horizon : float
        First and last time with an effect, in months.

    Returns
    -------
    Crossing
        The time at which the curve last falls below, and from where to where its band holds the threshold.

    Notes
    -----
    The interval reaches from the first time at which the lower limit is below the threshold to the last time
    at which the upper limit is not. For one straight line in log time and a band of fixed width in standard
    errors these are Fieller's limits, clipped to the range.
    """
    ends = np.log2(start), np.log2(horizon)
    z = np.linspace(*ends, GRID) if horizon > start else np.array([ends[0]])
    middle, lower, upper = band(z)
    return Crossing(
        months=_last(z, middle >= threshold, lambda at: band(at)[0] >= threshold),
        low=_first(z, lower < threshold, lambda at: band(at)[1] < threshold),
        high=_last(z, upper >= threshold, lambda at: band(at)[2] >= threshold),
        start=float(start),
        horizon=float(horizon),
    )


def _last(z: FloatArray, holds: BoolArray, test: Callable[[FloatArray], BoolArray]) -> float | None:
    """Return the last time at which a test holds; 0 if never, None if still at the end."""
    if not holds.any():
        return 0.0
    place = int(np.flatnonzero(holds)[-1])
    if place == z.size - 1:
        return None
    return _between(float(z[place]), float(z[place + 1]), test)


def _first(z: FloatArray, holds: BoolArray, test: Callable[[FloatArray], BoolArray]) -> float | None:
    """Return the first time at which a test holds; 0 if at the start, None if never."""
    if not holds.any():
        return None
    place = int(np.argmax(holds))
    if place == 0:
        return 0.0
    return _between(float(z[place]), float(z[place - 1]), test)


def _between(inside: float, outside: float, test: Callable[[FloatArray], BoolArray]) -> float:
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            break
        if bool(test(np.array([middle]))[0]):
            inside = middle
        else:
            outside = middle
    return float(2.0**inside)


def decline_within(
    model: WorkingModel, *, omega2: float, critical: Callable[[int], float], level: float
) -> Decline | None:
    """Return the change per doubling of time within studies, which no mix of studies can feign.

    Parameters
    ----------
    model : WorkingModel
        With the design ``[1, log2 t]``.
    omega2 : float
        Variance between the visits of a study.
    critical : callable
        From degrees of freedom to standard errors on each side of the interval.
    level : float
        Coverage that `critical` gives.

    Returns
    -------
    Decline or None
        None if no study has two visits and a degree of freedom is left.

    Notes
    -----
    Each study has an intercept of its own: ``sum z'P_i y / sum z'P_i z`` with
    ``P_i = W - W 1 1'W / 1'W 1`` and ``W = inv(S_i + omega2 I)``; ``N - k - 1`` degrees of freedom.
    """
    weight = 1 / (model.spread + omega2)
    z = model.design[:, 1]

    def sums(first: FloatArray, second: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(weight * first * second, model.first))

    ones, z_one = sums(model.one, model.one), sums(z, model.one)
    information = float((sums(z, z) - z_one**2 / ones).sum())
    sizes = np.diff(np.r_[model.first, model.y.size])
    df = int(model.y.size - model.k - 1)
    if df < 1 or not (sizes > 1).any():
        return None
    slope = float((sums(z, model.y) - z_one * sums(model.y, model.one) / ones).sum() / information)
    se = float(information**-0.5)
    half = critical(df) * se
    return Decline(slope, se, df, slope - half, slope + half, int((sizes > 1).sum()), level)
