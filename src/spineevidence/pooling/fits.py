"""Pooled estimates of many groups of studies at once, with tests and intervals; arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from spineevidence.effectsizes import LEVEL, t_quantile
from spineevidence.errors import InputError
from spineevidence.formulas.arguments import checked_level
from spineevidence.pooling.batches import Batch, IntArray, weighted_mean
from spineevidence.pooling.heterogeneity import (
    Method,
    Tau2,
    cochran_q,
    share_of_heterogeneity,
    share_of_q,
    tau2_estimates,
    typical_variance,
)
from spineevidence.timing import FloatArray, unknown_word

Test = Literal["z", "t", "knha", "adhoc"]
TESTS: tuple[Test, ...] = get_args(Test)

PREDICTABLE = 3  # studies: from there on a prediction interval is given


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """The pooled estimates of G groups; arrays of shape (G,), NaN where a number does not exist.

    Attributes
    ----------
    k : ndarray of int
        Studies.
    b, se, statistic, df, p, ci_low, ci_high : ndarray
        Estimate, its standard error by the test asked for, test against 0 and interval; df is infinite for
        the normal quantile.
    pi_low, pi_high : ndarray
        Prediction interval with t(k-1); from three studies on, and not for "EE".
    tau2, se_tau2 : ndarray
        Variance between studies and its standard error.
    i2, h2, i2_q, h2_q : ndarray
        Share of heterogeneity in percent, and H2: from tau2 (for "EE" from Q), and from Q.
    q, q_df, q_p : ndarray
        Cochran's Q.
    factor : ndarray
        What Hartung and Knapp multiply the variance by, before its floor.
    heterogeneity : Tau2
        With the number of maxima of the likelihood.
    """

    k: IntArray
    b: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    pi_low: FloatArray
    pi_high: FloatArray
    tau2: FloatArray
    se_tau2: FloatArray
    i2: FloatArray
    h2: FloatArray
    i2_q: FloatArray
    h2_q: FloatArray
    q: FloatArray
    q_df: FloatArray
    q_p: FloatArray
    factor: FloatArray
    heterogeneity: Tau2


def fits(batch: Batch, *, method: Method = "REML", test: Test = "adhoc", level: float = LEVEL) -> Fits:
    """Return the pooled estimate of every group of a batch; as `spineevidence.pooling.pool.pool` for one.

    Parameters
    ----------
    batch : Batch
        As `spineevidence.pooling.batches.arrange` returns it: a bootstrap has a group per sample.
    method, test, level
        As in `spineevidence.pooling.pool.pool`.

    Returns
    -------
    Fits
        Arrays of shape (G,).

    Raises
    ------
    InputError
        If there is no such method or test, or the level does not lie between 0 and 1.

    Examples
    --------
    >>> from spineevidence.pooling.batches import arrange
    >>> batch = arrange(yi=[[0.1, 0.9, 0.4], [0.1, 0.9, 0.6]], vi=[[0.04, 0.09, 0.05]] * 2)
    >>> fits(batch).b.round(3).tolist()
    [0.422, 0.497]
    """
    if test not in TESTS:
        raise InputError(unknown_word("test", test, TESTS))
    checked_level(level)
    heterogeneity = tau2_estimates(batch, method=method)
    mean = weighted_mean(batch, heterogeneity.tau2 / batch.tau2_unit)
    k = batch.k
    single = k == 1
    free = np.maximum(k - 1.0, 1.0)
    factor = np.where(single, 1.0, mean.q / free)
    unit = np.ldexp(1.0, batch.exponent)
    b, se = batch.origin + mean.mu * unit, unit / np.sqrt(mean.total)
    if test in {"knha", "adhoc"}:
        se = se * np.sqrt(factor if test == "knha" else np.maximum(factor, 1.0))
    df = np.where(single, np.inf, np.inf if test == "z" else free)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(b == 0, 0.0, b / se)
    half = _quantiles((1 + level) / 2, df) * se
    wide = np.sqrt(se**2 + heterogeneity.tau2) * _quantiles((1 + level) / 2, free)
    wide[(k < PREDICTABLE) | (method == "EE")] = np.nan
    homogeneity = cochran_q(batch)
    i2_q, h2_q = share_of_q(homogeneity)
    i2, h2 = i2_q, h2_q
    if method != "EE":
        i2, h2 = share_of_heterogeneity(tau2=heterogeneity.tau2, typical=typical_variance(batch))
    return Fits(
        k=k,
        b=b,
        se=se,
        statistic=statistic,
        df=df,
        p=two_sided_p(statistic, df),
        ci_low=b - half,
        ci_high=b + half,
        pi_low=b - wide,
        pi_high=b + wide,
        tau2=heterogeneity.tau2,
        se_tau2=heterogeneity.se,
        i2=i2,
        h2=h2,
        i2_q=i2_q,
        h2_q=h2_q,
        q=homogeneity.q,
        q_df=homogeneity.df,
        q_p=homogeneity.p,
        factor=factor,
        heterogeneity=heterogeneity,
    )


def two_sided_p(statistic: FloatArray, df: FloatArray) -> FloatArray:
    """Return two-sided p-values of t, or of z where df is infinite."""
    from scipy.special import ndtr, stdtr

    below = -np.abs(statistic)
    normal = np.isinf(df)
    p: FloatArray = 2.0 * np.where(normal, ndtr(below), stdtr(np.where(normal, 1.0, df), below))
    return p


def _quantiles(p: float, df: FloatArray) -> FloatArray:
    """Return quantiles of t; once for each number of degrees of freedom, as they take long."""
    known, place = np.unique(df, return_inverse=True)
    return np.atleast_1d(t_quantile(p=p, df=known))[place]
