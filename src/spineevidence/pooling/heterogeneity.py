"""How much the true effects of studies differ: tau2 by every usual method, its interval, Q, I2 and H2.

All functions take many groups of studies at once, as `spineevidence.pooling.batches.arrange` returns them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from spineevidence.effectsizes import BoolArray
from spineevidence.errors import InputError
from spineevidence.pooling.batches import Batch, decline, products, trace_of_squares, weighted_mean
from spineevidence.pooling.likelihood import log_likelihood, maxima
from spineevidence.timing import FloatArray, unknown_word

Method = Literal["EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM"]
METHODS: tuple[Method, ...] = get_args(Method)

STEPS = 100  # of Newton's method for Q; five to ten are usual
CLOSE = 1e-9  # relative: the step after one as short as that changes no digit
SCAN = 0.05  # in log(1 + t): the likelihood does not turn twice within it
HALVINGS = 60  # of a cell of that width: down to the last digit
FAR = 2000.0  # in log(1 + t): no limit lies beyond


@dataclass(frozen=True, slots=True, eq=False)
class Tau2:
    """The variance between studies, by group; arrays of shape (G,).

    Attributes
    ----------
    tau2 : ndarray
        0 or more.
    se : ndarray
        Its standard error; NaN for "EE" and for one study.
    maxima : ndarray of int
        Local maxima of the likelihood over tau2 of 0 or more ("ML", "REML"; else 1).
    group, places : ndarray, shape (M,)
        For groups with several maxima: group and tau2 of each.
    """

    tau2: FloatArray
    se: FloatArray
    maxima: np.ndarray[tuple[int], np.dtype[np.intp]]
    group: np.ndarray[tuple[int], np.dtype[np.intp]]
    places: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Homogeneity:
    """Cochran's Q by group; arrays of shape (G,).

    Attributes
    ----------
    q : ndarray
        Weighted sum of squares about the mean with weights ``1 / vi``.
    df : ndarray
        ``k - 1``.
    p : ndarray
        Its upper tail of chi-square; 1 for one study.
    """

    q: FloatArray
    df: FloatArray
    p: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits of tau2 by group; arrays of shape (G,).

    Attributes
    ----------
    low, high : ndarray
        Limits; both 0 where the interval is empty; NaN for one study.
    empty : ndarray of bool
        Where even tau2 = 0 leaves the studies more alike than chance allows, so that no tau2 fits.
    """

    low: FloatArray
    high: FloatArray
    empty: BoolArray


def tau2_estimates(batch: Batch, *, method: Method = "REML") -> Tau2:
    """Return the variance between studies of every group.

    Parameters
    ----------
    batch : Batch
        Of G groups.
    method : {"EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM"}
        "EE" takes it as 0. Moments: DerSimonian-Laird, Hedges (Cochran), Hunter-Schmidt and the same times
        ``k/(k-1)``, Sidik-Jonkman from the mean square of the effects. "ML" and "REML" are the highest
        maximum over tau2 of 0 or more. "PM" (Paule-Mandel) sets Q to ``k - 1``, "EB" (empirical Bayes) is the
        same estimate, "PMM" sets Q to the median of chi-square. Negative solutions become 0.

    Returns
    -------
    Tau2
        The estimate, its standard error (of a moment by the variance of its quadratic form at the estimate;
        of ML and REML by expected information; of EB, PM and PMM ``sqrt(2 k^2 / (k-1)) / sum w``). Equals
        ``metafor::rma.uni(method=...)``, except where its iterations for ML and REML fail or end in a lower
        maximum.

    Raises
    ------
    InputError
        If there is no such method.

    References
    ----------
    .. [1] Veroniki AA et al. (2016). Methods to estimate the between-study variance and its uncertainty in
       meta-analysis. Research Synthesis Methods 7:55-79. https://doi.org/10.1002/jrsm.1164
    .. [2] Viechtbauer W (2005). Bias and efficiency of meta-analytic variance estimators in the
       random-effects model. J Educ Behav Stat 30:261-293. https://doi.org/10.3102/10769986030003261
    .. [3] Viechtbauer W, Lopez-Lopez JA, Sanchez-Meca J, Marin-Martinez F (2015). Psychol Methods 20:360-374.
       https://doi.org/10.1037/met0000023

    Examples
    --------
    >>> from spineevidence.pooling.batches import arrange
    >>> batch = arrange(yi=[0.1, 0.9], vi=[0.04, 0.09])
    >>> tau2_estimates(batch, method="DL").tau2.round(3).tolist()
    [0.255]
    """
    if method not in METHODS:
        raise InputError(unknown_word("method", method, METHODS))
    size = batch.k.size
    one, none = np.ones(size, dtype=np.intp), np.zeros(0, dtype=np.intp)
    if method == "EE":
        return Tau2(np.zeros(size), np.full(size, np.nan), one, none, np.zeros(0))
    unit = batch.tau2_unit
    if method in {"ML", "REML"}:
        found = maxima(batch, restricted=method == "REML")
        parts = decline(batch.y, batch.v, found.t, restricted=method == "REML")
        se = np.sqrt(2.0 / np.where(batch.k > 1, parts.trace2, np.nan))
        places = found.places * unit[found.group]
        return Tau2(found.t * unit, se * unit, found.count, found.group, places)
    if method in {"EB", "PM", "PMM"}:
        target = _freedom(batch)
        t = tau2_of_q(batch, q=_chi_square(0.5, target) if method == "PMM" else target)
        se = np.sqrt(2.0 * batch.k**2 / target) / weighted_mean(batch, t).total
    else:
        t, se = _moments(batch, method)
    se[batch.k == 1] = np.nan
    return Tau2(t * unit, se * unit, one, none, np.zeros(0))


def _moments(batch: Batch, method: Method) -> tuple[FloatArray, FloatArray]:
    """Return tau2 from one quadratic form, and its standard error, in units of the batch."""
    free, zero = _freedom(batch), np.zeros(batch.k.size)
    if method in {"HE", "SJ"}:
        w = np.where(np.isfinite(batch.v), 1.0, 0.0)
        spread = (batch.y - batch.y.sum(axis=0) / batch.k) * w
        squares = products(spread, spread)
        share = 1.0 / free
        t = np.maximum(squares / free - np.where(w > 0, batch.v, 0.0).sum(axis=0) / batch.k, 0.0)
        if method == "SJ":
            first = squares / batch.k
            some = first > 0
            w = 1.0 / (batch.v + np.where(some, first, 1.0))
            share = first / free
            t = share * weighted_mean(batch, first).q
    else:
        w = 1.0 / batch.v
        mean = weighted_mean(batch, zero)
        trace = decline(batch.y, batch.v, zero, restricted=True).trace
        if method == "DL":
            share = 1.0 / np.where(batch.k > 1, trace, 1.0)
            t = np.maximum((mean.q - free) * share, 0.0)
        else:
            share = (batch.k / free if method == "HSk" else 1.0) / mean.total
            t = np.maximum((mean.q - (free if method == "HSk" else batch.k)) * share, 0.0)
    t[batch.k == 1] = 0.0
    delta = np.where(np.isfinite(batch.v), batch.v, 0.0) + t
    se: FloatArray = share * np.sqrt(2.0 * trace_of_squares(w, delta))
    return t, se


def tau2_of_q(batch: Batch, *, q: FloatArray) -> FloatArray:
    """Return the tau2 at which the generalised Q is `q`, or 0 where it is below at 0; units of the batch.

    1/Q is increasing and concave in tau2, so that Newton's method on it comes from below and stays there.

    Parameters
    ----------
    batch : Batch
        Of G groups.
    q : ndarray, shape (G,)
        Above 0.

    Returns
    -------
    ndarray, shape (G,)
        tau2 in units of the batch.
    """
    t = np.zeros(batch.k.size)
    for _ in range(STEPS):
        mean = weighted_mean(batch, t)
        ahead = mean.q > q
        step = np.where(ahead, mean.q * (mean.q / q - 1.0) / np.where(ahead, mean.squares, 1.0), 0.0)
        t += step
        if (step <= CLOSE * (t + CLOSE)).all():
            break
    return t


def cochran_q(batch: Batch) -> Homogeneity:
    """Return Cochran's Q of every group, with degrees of freedom and p.

    References
    ----------
    .. [1] Cochrane Handbook, section 10.10.2. https://training.cochrane.org/handbook/current/chapter-10
    """
    from scipy.special import chdtrc

    q = weighted_mean(batch, np.zeros(batch.k.size)).q
    q[batch.k == 1] = 0.0
    df: FloatArray = (batch.k - 1).astype(np.float64)
    p = np.asarray(chdtrc(np.maximum(df, 1.0), q), dtype=np.float64)
    return Homogeneity(q, df, np.where(df > 0, p, 1.0))


def typical_variance(batch: Batch) -> FloatArray:
    """Return the typical variance of Higgins and Thompson by group, ``(k - 1) / tr P``; NaN for one study.

    References
    ----------
    .. [1] Higgins JPT, Thompson SG (2002), equation 9. Statistics in Medicine 21:1539-1558.
       https://doi.org/10.1002/sim.1186
    """
    trace = decline(batch.y, batch.v, np.zeros(batch.k.size), restricted=True).trace
    with np.errstate(invalid="ignore"):
        found: FloatArray = (batch.k - 1) / trace * batch.tau2_unit
    return found


def share_of_heterogeneity(*, tau2: FloatArray, typical: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return I2 (percent) and H2 from tau2 and the typical variance, as metafor does; 0 and 1 for one study.

    Parameters
    ----------
    tau2, typical : ndarray
        Variances between and within studies.

    Returns
    -------
    tuple of ndarray
        ``100 tau2 / (tau2 + typical)`` and ``tau2 / typical + 1``.
    """
    ratio = np.where(np.isnan(typical), 0.0, tau2 / typical)
    return 100.0 * ratio / (1.0 + ratio), ratio + 1.0


def share_of_q(found: Homogeneity) -> tuple[FloatArray, FloatArray]:
    """Return I2 (percent, 0 or more) and H2 from Q, as most other programs do; 0 and 1 for one study.

    Returns
    -------
    tuple of ndarray
        ``100 (Q - df) / Q`` and ``Q / df``.

    References
    ----------
    .. [1] Higgins JPT, Thompson SG (2002). https://doi.org/10.1002/sim.1186
    """
    h2 = np.where(found.df > 0, found.q / np.maximum(found.df, 1.0), 1.0)
    return 100.0 * np.maximum(1.0 - 1.0 / np.maximum(h2, 1.0), 0.0), h2


def qprofile_limits(batch: Batch, *, level: float = 0.95) -> Limits:
    """Return the Q-profile interval of tau2: all tau2 at which Q is no surprise; exact under normality.

    Parameters
    ----------
    batch : Batch
        Of G groups.
    level : float
        Coverage.

    Returns
    -------
    Limits
        Empty where Q is below the lower quantile even at tau2 = 0. Equals ``metafor::confint``.

    References
    ----------
    .. [1] Viechtbauer W (2007). Confidence intervals for the amount of heterogeneity in meta-analysis.
       Statistics in Medicine 26:37-52. https://doi.org/10.1002/sim.2514
    """
    free, unit = _freedom(batch), batch.tau2_unit
    tail = (1.0 - level) / 2
    at_low, at_high = _chi_square(1.0 - tail, free), _chi_square(tail, free)
    low, high = tau2_of_q(batch, q=at_low) * unit, tau2_of_q(batch, q=at_high) * unit
    single = batch.k == 1
    low[single] = high[single] = np.nan
    empty = (weighted_mean(batch, np.zeros(batch.k.size)).q < at_high) & ~single
    return Limits(low, high, empty)


def profile_limits(batch: Batch, *, tau2: FloatArray, restricted: bool = True, level: float = 0.95) -> Limits:
    """Return the profile likelihood interval of tau2 around its estimate.

    All tau2 next to the estimate at which the log-likelihood is below its maximum by half the quantile of
    chi-square (1 df) at most. With two maxima the region may have a second piece, which is not returned.

    Parameters
    ----------
    batch : Batch
        Of G groups.
    tau2 : ndarray, shape (G,)
        The estimate of the same likelihood.
    restricted : bool
        Whether REML, else ML.
    level : float
        Coverage.

    Returns
    -------
    Limits
        Never empty. Equals ``metafor::confint(type="PL")``.

    References
    ----------
    .. [1] Hardy RJ, Thompson SG (1996). A likelihood approach to meta-analysis with random effects.
       Statistics in Medicine 15:619-629.
       https://doi.org/10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A
    """
    from scipy.special import ndtri

    start = np.log1p(tau2 / batch.tau2_unit)
    best = log_likelihood(batch, t=np.expm1(start), restricted=restricted)
    lowest = best - ndtri((1.0 + level) / 2) ** 2 / 2
    limits = [_crossing(batch, start, lowest, step, restricted=restricted) for step in (-SCAN, SCAN)]
    low, high = (np.where(batch.k > 1, limit * batch.tau2_unit, np.nan) for limit in limits)
    return Limits(low, high, np.zeros(low.size, dtype=bool))


def _crossing(
    batch: Batch, start: FloatArray, lowest: FloatArray, step: float, *, restricted: bool
) -> FloatArray:
    """Return where the log-likelihood first falls below a value on the way from `start`, 0 if it does not."""

    def above(x: FloatArray) -> BoolArray:
        height = log_likelihood(batch, t=np.expm1(x), restricted=restricted)
        return np.asarray(height >= lowest, dtype=bool)

    inside, outside = start, start
    going = (batch.k > 1) & ((start > 0) if step < 0 else (start < FAR))
    found = np.zeros(start.size, dtype=bool)
    while going.any():
        ahead = np.maximum(inside + step, 0.0)
        high = above(ahead)
        found |= going & ~high
        outside = np.where(going & ~high, ahead, outside)
        inside = np.where(going & high, ahead, inside)
        going &= high & ((inside > 0) if step < 0 else (inside < FAR))
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        high = above(middle)
        inside, outside = np.where(found & high, middle, inside), np.where(found & ~high, middle, outside)
    limit: FloatArray = np.expm1(inside)
    return limit


def _freedom(batch: Batch) -> FloatArray:
    """Return ``k - 1``, and 1 for one study, whose results are set apart."""
    free: FloatArray = np.maximum(batch.k - 1.0, 1.0)
    return free


def _chi_square(p: float, df: FloatArray) -> FloatArray:
    from scipy.special import chdtri

    return np.asarray(chdtri(df, 1.0 - p), dtype=np.float64)
