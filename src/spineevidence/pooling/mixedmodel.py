"""Mixed-effects models of one estimate per study, many at once: the engine behind regression and sensitivity.

A batch holds G data sets of up to k studies with p columns of a design. Absent studies are masked, so that
leave-one-out, cumulative and permuted data are one call. Sums are taken after orthogonalising the weighted
design, so that badly scaled moderators cost no digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import t_quantile
from spineevidence.errors import InputError
from spineevidence.formulas.arguments import checked_level
from spineevidence.pooling.fits import two_sided_p
from spineevidence.timing import FloatArray, unknown_word

Method = Literal["EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"]
Test = Literal["z", "t", "knha", "adhoc"]

METHODS: tuple[str, ...] = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
TESTS: Mapping[str, str] = MappingProxyType(
    {
        "z": "normal quantiles",
        "t": "t quantiles with k - p degrees of freedom",
        "knha": "Hartung-Knapp",
        "adhoc": "Hartung-Knapp, factor not below 1",
    }
)

POINTS_PER_DECADE = 10  # of tau2, where the score is looked at for changes of sign
LOWEST = 1e-4  # times the smallest variance: below it the score is all but constant
MOST_STEPS = 200  # of a safeguarded iteration; bisection alone needs about 60
AT_ONCE = 4_000_000  # numbers in one array, so that memory stays bounded
SMALLEST = float(np.finfo(np.float64).tiny)
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Fits:
    """Models fitted to a batch of data sets.

    Attributes
    ----------
    beta, se : ndarray, shape (G, p)
        Coefficients and their standard errors.
    vcov : ndarray, shape (G, p, p)
        Their covariances, with the factor of Hartung and Knapp where the test asks for it.
    df : ndarray, shape (G,)
        Degrees of freedom of the tests; infinity for normal quantiles.
    tau2, se_tau2 : ndarray, shape (G,)
        Variance between studies beyond the moderators, and its standard error (NaN for "EE").
    maxima : ndarray of int, shape (G,)
        Local maxima of the likelihood over tau2 >= 0 (1 for methods without a likelihood).
    loglik : ndarray, shape (G,)
        Log-likelihood (restricted for "REML"); NaN for methods without one.
    k : ndarray of int, shape (G,)
        Studies.
    q, q_df : ndarray, shape (G,)
        Residual heterogeneity, weights 1 / vi, and its degrees of freedom k - p.
    i2, h2 : ndarray, shape (G,)
        In percent and as a ratio. For "EE" from Q; for the others tau2 against the typical variance.
    hat : ndarray, shape (G, k)
        Leverages, 0 for absent studies.
    weight : ndarray, shape (G, k)
        1 / (vi + tau2), 0 for absent studies.
    """

    beta: FloatArray
    se: FloatArray
    vcov: FloatArray
    df: FloatArray
    tau2: FloatArray
    se_tau2: FloatArray
    maxima: npt.NDArray[np.intp]
    loglik: FloatArray
    k: npt.NDArray[np.intp]
    q: FloatArray
    q_df: FloatArray
    i2: FloatArray
    h2: FloatArray
    hat: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class _Batch:
    """Data sets side by side: `y`, `v`, `present` of shape (G, k), `x` of shape (p, G, k).

    `y` is what an unweighted fit leaves, and `crude` the mean squared deviation of the effects themselves.
    """

    y: FloatArray
    v: FloatArray
    present: FloatArray
    x: FloatArray
    crude: FloatArray

    def take(self, rows: npt.NDArray[np.intp]) -> _Batch:
        return _Batch(self.y[rows], self.v[rows], self.present[rows], self.x[:, rows], self.crude[rows])

    @property
    def k(self) -> FloatArray:
        return _sum(self.present)

    @property
    def p(self) -> int:
        return int(self.x.shape[0])


@dataclass(frozen=True, slots=True)
class _At:
    """A weighted least-squares fit of each data set; its columns of `basis` are orthonormal."""

    weight: FloatArray
    basis: FloatArray
    upper: FloatArray
    loading: FloatArray
    residual: FloatArray  # times the square root of the weight

    @property
    def rss(self) -> FloatArray:
        return _sum(self.residual**2)

    @property
    def hat(self) -> FloatArray:
        return np.asarray(np.einsum("pgk,pgk->gk", self.basis, self.basis))

    @property
    def trace(self) -> FloatArray:
        """Return tr(P) with P = W - W X inv(X'WX) X'W."""
        return _sum(self.weight * (1 - self.hat))

    def trace_square(self, spread: FloatArray) -> FloatArray:
        """Return tr(P S P S) for S = diag(spread)."""
        c = self.weight * spread
        inner = np.einsum("pgk,gk,qgk->gpq", self.basis, c, self.basis, optimize=True)
        return np.asarray(_sum(c**2 * (1 - 2 * self.hat)) + np.sum(inner**2, axis=(1, 2)))

    @property
    def gain(self) -> FloatArray:
        """Return y'PPy."""
        return _sum(self.weight * self.residual**2)

    @property
    def bend(self) -> FloatArray:
        """Return y'PPPy."""
        u = self.weight * self.residual
        return np.asarray(_sum(u**2) - np.sum(np.einsum("pgk,gk->gp", self.basis, u) ** 2, axis=1))


def _sum(values: FloatArray) -> FloatArray:
    total: FloatArray = values.sum(axis=-1)
    return total


def _least_squares(batch: _Batch, weight: FloatArray) -> _At:
    """Return fits by Gram-Schmidt with each projection taken twice, which keeps the basis orthonormal."""
    root = np.sqrt(weight)
    basis = batch.x * root
    groups = weight.shape[0]
    upper = np.zeros((groups, batch.p, batch.p))
    for i in range(batch.p):
        for j in [*range(i), *range(i)]:
            part = _sum(basis[j] * basis[i])
            basis[i] -= part[:, None] * basis[j]
            upper[:, j, i] += part
        length = np.sqrt(_sum(basis[i] ** 2))
        upper[:, i, i] = length
        basis[i] /= np.maximum(length, SMALLEST)[:, None]
    residual = root * batch.y
    loading = np.zeros((groups, batch.p))
    for i in [*range(batch.p), *range(batch.p)]:
        part = _sum(basis[i] * residual)
        residual -= part[:, None] * basis[i]
        loading[:, i] += part
    return _At(weight, basis, upper, loading, residual)


def _at(batch: _Batch, tau2: FloatArray) -> _At:
    return _least_squares(batch, batch.present / (batch.v + tau2[:, None]))


def fit_models(
    *,
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    design: npt.ArrayLike,
    present: npt.ArrayLike | None = None,
    method: str = "REML",
    test: str = "z",
    tau2: npt.ArrayLike | None = None,
) -> Fits:
    """Return a model per data set; the numbers are taken as checked.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (G, k)
        Effects and sampling variances.
    design : array_like, shape (k, p) or (G, k, p)
        Columns of the moderators, with that of the intercept.
    present : array_like of bool, shape (k,) or (G, k), optional
        Studies that belong to a data set; all without it.
    method : {"EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"}, optional
        Estimator of tau2. "REML" and "ML" take the highest maximum of the likelihood over tau2 >= 0.
    test : {"z", "t", "knha", "adhoc"}, optional
        How intervals and p-values are made. With as many coefficients as studies always "z".
    tau2 : array_like, shape (G,), optional
        Variances between studies that are taken as given.

    Returns
    -------
    Fits
        Of G data sets.

    References
    ----------
    .. [1] Raudenbush SW (2009). Analyzing effect sizes: random-effects models. In: The Handbook of Research
       Synthesis and Meta-Analysis, 2nd ed., 295-315.
    .. [2] Knapp G, Hartung J (2003). https://doi.org/10.1002/sim.1482
    .. [3] Viechtbauer W (2005), the estimators and their variances. https://doi.org/10.3102/10769986030003261

    Examples
    --------
    >>> fits = fit_models(yi=[0.1, 0.3, 0.8], vi=[0.02, 0.03, 0.02], design=[[1], [1], [1]])
    >>> fits.beta.round(3).tolist(), fits.tau2.round(3).tolist()
    ([[0.402]], [0.112])
    """
    given = None if tau2 is None else np.atleast_1d(np.asarray(tau2, dtype=np.float64))
    batch = _batch(yi, vi, design, present, groups=1 if given is None else given.size)
    centre = _least_squares(batch, batch.present)
    shift = _solved(centre)
    batch = replace(batch, y=centre.residual)
    one = np.ones(batch.k.size, np.intp)
    between, maxima = _between(batch, method) if given is None else (np.broadcast_to(given, one.shape), one)
    return _described(batch, shift=shift, tau2=between, maxima=maxima, method=method, test=test)


def _batch(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    design: npt.ArrayLike,
    present: npt.ArrayLike | None,
    *,
    groups: int,
) -> _Batch:
    y, v, x = (np.asarray(values, dtype=np.float64) for values in (yi, vi, design))
    there = np.ones(y.shape[-1:]) if present is None else np.asarray(present, dtype=np.float64)
    shape = np.broadcast_shapes((groups, y.shape[-1]), y.shape, v.shape, there.shape, x.shape[:-1])
    there = np.broadcast_to(there, shape)
    y = np.broadcast_to(y, shape) * there
    k = np.maximum(_sum(there), 1.0)
    return _Batch(
        y,
        np.where(there > 0, np.broadcast_to(v, shape), 1.0),
        there,
        np.moveaxis(np.broadcast_to(x, (*shape, x.shape[-1])), -1, 0) * there,
        _sum(there * (y - (_sum(y) / k)[:, None]) ** 2) / k,
    )


def _solved(fit: _At) -> FloatArray:
    """Return coefficients: those of the orthonormal basis, turned back by substitution."""
    p = fit.loading.shape[1]
    beta = np.zeros_like(fit.loading)
    for i in reversed(range(p)):
        rest = np.einsum("gj,gj->g", fit.upper[:, i, i + 1 :], beta[:, i + 1 :])
        beta[:, i] = (fit.loading[:, i] - rest) / np.maximum(fit.upper[:, i, i], SMALLEST)
    return beta


def _unscaled(fit: _At) -> FloatArray:
    """Return inv(X'WX)."""
    groups, p = fit.loading.shape
    inverse = np.zeros((groups, p, p))
    for i in reversed(range(p)):
        unit = np.broadcast_to(np.eye(p)[i], (groups, p))
        rest = np.einsum("gj,gjc->gc", fit.upper[:, i, i + 1 :], inverse[:, i + 1 :])
        inverse[:, i] = (unit - rest) / np.maximum(fit.upper[:, i, i], SMALLEST)[:, None]
    return np.asarray(np.einsum("gij,gkj->gik", inverse, inverse))


def _described(
    batch: _Batch,
    *,
    shift: FloatArray,
    tau2: FloatArray,
    maxima: npt.NDArray[np.intp],
    method: str,
    test: str,
) -> Fits:
    k, p = batch.k, batch.p
    spare = k - p
    fit, common = _at(batch, tau2), _at(batch, np.zeros_like(tau2))
    some = spare > 0
    scale = np.ones_like(tau2)
    if test in {"knha", "adhoc"}:
        scale = np.where(some, fit.rss / np.maximum(spare, 1), 1.0)
        scale = np.maximum(scale, 1.0) if test == "adhoc" else scale
    vcov = _unscaled(fit) * scale[:, None, None]
    q = np.where(some, common.rss, 0.0)
    freedom = np.maximum(spare, 1)
    typical = freedom / np.where(some, common.trace, 1.0)
    if method == "EE":
        h2 = np.where(some, q / freedom, 1.0)
        i2 = 100 * np.maximum(0.0, 1 - 1 / np.where(h2 > 0, h2, 1.0))
    else:
        i2, h2 = 100 * tau2 / (typical + tau2), tau2 / typical + 1
    return Fits(
        beta=shift + _solved(fit),
        se=np.sqrt(np.einsum("gii->gi", vcov)),
        vcov=vcov,
        df=np.where(some & (test != "z"), spare, np.inf),
        tau2=tau2,
        se_tau2=_se_tau2(batch, tau2, fit, method),
        maxima=maxima,
        loglik=_loglik(batch, tau2, fit, method == "REML")
        if method in {"EE", "ML", "REML"}
        else np.full_like(tau2, np.nan),
        k=k.astype(np.intp),
        q=q,
        q_df=spare,
        i2=np.where(some, i2, 0.0),
        h2=np.where(some, h2, 1.0),
        hat=fit.hat,
        weight=fit.weight,
    )


def _between(batch: _Batch, method: str) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Return tau2 of each data set and the number of maxima; 0 where no study is to spare."""
    one = np.ones(batch.k.size, np.intp)
    if method == "EE":
        return np.zeros(batch.k.size), one
    if method in {"ML", "REML"}:
        tau2, maxima = _highest(batch, restricted=method == "REML")
    else:
        tau2, maxima = _MOMENTS[method](batch), one
    some = batch.k > batch.p
    return np.where(some, np.maximum(tau2, 0.0), 0.0), np.where(some, maxima, 1)


def _dersimonian_laird(batch: _Batch) -> FloatArray:
    fit = _at(batch, np.zeros(batch.k.size))
    return (fit.rss - (batch.k - batch.p)) / np.where(batch.k > batch.p, fit.trace, 1.0)


def _hunter_schmidt(batch: _Batch) -> FloatArray:
    fit = _at(batch, np.zeros(batch.k.size))
    return (fit.rss - batch.k) / _sum(fit.weight)


def _hedges(batch: _Batch) -> FloatArray:
    fit = _least_squares(batch, batch.present)
    return (fit.rss - _sum(batch.present * batch.v * (1 - fit.hat))) / np.maximum(batch.k - batch.p, 1)


def _sidik_jonkman(batch: _Batch) -> FloatArray:
    fit = _at(batch, batch.crude)
    return batch.crude * fit.rss / np.maximum(batch.k - batch.p, 1)


def _paule_mandel(batch: _Batch) -> FloatArray:
    """Return where Q equals k - p: Q falls and is convex, so that Newton's steps from 0 never overshoot."""
    tau2, goal = np.zeros(batch.k.size), batch.k - batch.p
    open_ = np.flatnonzero(goal > 0)
    for _ in range(MOST_STEPS):
        fit = _at(batch.take(open_), tau2[open_])
        step = (fit.rss - goal[open_]) / np.maximum(fit.gain, SMALLEST)
        ahead = step > EPS * tau2[open_]
        tau2[open_[ahead]] += step[ahead]
        open_ = open_[ahead]
        if not open_.size:
            break
    return tau2


_MOMENTS: Mapping[str, Callable[[_Batch], FloatArray]] = MappingProxyType(
    {
        "DL": _dersimonian_laird,
        "HE": _hedges,
        "HS": _hunter_schmidt,
        "SJ": _sidik_jonkman,
        "EB": _paule_mandel,
        "PM": _paule_mandel,
    }
)


def _score(batch: _Batch, tau2: FloatArray, *, restricted: bool) -> tuple[FloatArray, FloatArray]:
    """Return twice the derivative of the log-likelihood, and the derivative of that."""
    fit = _at(batch, tau2)
    if restricted:
        loss, bend = fit.trace, fit.trace_square(np.ones_like(fit.weight))
    else:
        loss, bend = _sum(fit.weight), _sum(fit.weight**2)
    return fit.gain - loss, bend - 2 * fit.bend


def _loglik(batch: _Batch, tau2: FloatArray, fit: _At, restricted: bool) -> FloatArray:
    spread = _sum(batch.present * np.log(batch.v + tau2[:, None]))
    value = -0.5 * (spread + fit.rss)
    n = batch.k
    if restricted:
        n = batch.k - batch.p
        plain = _least_squares(batch, batch.present)
        value += _log_diagonal(plain) - _log_diagonal(fit)
    value -= 0.5 * n * np.log(2 * np.pi)
    return value


def _log_diagonal(fit: _At) -> FloatArray:
    return _sum(np.log(np.maximum(np.einsum("gii->gi", fit.upper), SMALLEST)))


def _highest(batch: _Batch, *, restricted: bool) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Return the tau2 with the highest likelihood, and the number of local maxima.

    The score is negative from (residual mean square + largest variance) on, so its changes of sign lie below.
    """
    size = max(1, AT_ONCE // (batch.y.shape[1] * (batch.p + 1) * 16 * POINTS_PER_DECADE))
    tau2, maxima = np.zeros(batch.k.size), np.ones(batch.k.size, np.intp)
    for start in range(0, batch.k.size, size):
        rows = np.arange(start, min(start + size, batch.k.size))
        tau2[rows], maxima[rows] = _highest_of(batch.take(rows), restricted=restricted)
    return tau2, maxima


def _highest_of(batch: _Batch, *, restricted: bool) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    groups = batch.k.size
    grid = _grid(batch)
    points = grid.shape[1]
    owner = np.repeat(np.arange(groups), points)
    score, _ = _score(batch.take(owner), grid.reshape(-1), restricted=restricted)
    rising = score.reshape(groups, points) > 0
    rising[:, -1] = False
    group, left = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    peaks = _roots(batch.take(group), grid[group, left], grid[group, left + 1], restricted=restricted)
    at_0 = np.flatnonzero(~rising[:, 0])
    group = np.concatenate([group, at_0])
    peaks = np.concatenate([peaks, np.zeros(at_0.size)])
    data = batch.take(group)
    heights = _loglik(data, peaks, _at(data, peaks), restricted)
    order = np.lexsort((heights, group))
    last = np.flatnonzero(np.append(np.diff(group[order]) > 0, True))
    best = np.zeros(groups)
    best[group[order][last]] = peaks[order][last]
    return best, np.bincount(group, minlength=groups).astype(np.intp)


def _grid(batch: _Batch) -> FloatArray:
    """Return 0 and rising values of tau2 for each data set, evenly spaced in their logarithm."""
    there = batch.present > 0
    smallest = np.where(there, batch.v, np.inf).min(axis=1)
    largest = np.where(there, batch.v, 0.0).max(axis=1)
    plain = _least_squares(batch, batch.present)
    low = LOWEST * smallest
    high = 1.01 * (plain.rss / np.maximum(batch.k - batch.p, 1) + largest)
    decades = np.log10(high / low)
    points = 2 + int(np.ceil(POINTS_PER_DECADE * decades.max()))
    share = np.linspace(0.0, 1.0, points)
    logs = np.log(low)[:, None] + share * np.log(high / low)[:, None]
    return np.concatenate([np.zeros((low.size, 1)), np.exp(logs)], axis=1)


def _roots(batch: _Batch, low: FloatArray, high: FloatArray, *, restricted: bool) -> FloatArray:
    """Return where the score falls through 0, by Newton's steps kept inside the bracket."""
    low, high = low.copy(), high.copy()
    root = np.where(low > 0, np.sqrt(low * high), high / 2)
    step = high - low
    open_ = np.arange(root.size)
    for _ in range(MOST_STEPS):
        if not open_.size:
            break
        here = root[open_]
        score, slope = _score(batch.take(open_), here, restricted=restricted)
        rising = score > 0
        low[open_[rising]] = here[rising]
        high[open_[~rising]] = here[~rising]
        bottom, top = low[open_], high[open_]
        newton = here - score / np.where(slope < 0, slope, -SMALLEST)
        poor = (slope >= 0) | (newton <= bottom) | (newton >= top)
        poor |= np.abs(newton - here) > 0.5 * np.abs(step[open_])
        new = np.where(poor, bottom + (top - bottom) / 2, newton)
        step[open_] = new - here
        root[open_] = new
        done = (np.abs(new - here) <= 2 * EPS * new) | (top - bottom <= 2 * EPS * top) | (score == 0)
        root[open_[score == 0]] = here[score == 0]
        open_ = open_[~done]
    return root


def _se_tau2(batch: _Batch, tau2: FloatArray, fit: _At, method: str) -> FloatArray:
    """Return standard errors of tau2: inverse information, or the variance of the quadratic form."""
    nothing = np.full_like(tau2, np.nan)
    some = batch.k > batch.p
    if method == "EE" or not some.any():
        return nothing
    spare = np.maximum(batch.k - batch.p, 1)
    total = batch.present * (batch.v + tau2[:, None])
    ones = np.ones_like(total)
    zero = np.zeros_like(tau2)
    if method == "REML":
        variance = 2 / np.where(some, _trace_of_pairs(fit, ones), 1.0)
    elif method == "ML":
        variance = 2 / _sum(fit.weight**2)
    elif method in {"EB", "PM"}:
        variance = 2 * batch.k**2 / (spare * _sum(fit.weight) ** 2)
    elif method == "HE":
        variance = 2 * _trace_of_pairs(_least_squares(batch, batch.present), total) / spare**2
    elif method == "SJ":
        start = _at(batch, batch.crude)
        variance = 2 * batch.crude**2 * _trace_of_pairs(start, total) / spare**2
    else:
        common = _at(batch, zero)
        by = common.trace if method == "DL" else _sum(common.weight)
        variance = 2 * _trace_of_pairs(common, total) / np.where(some, by, 1.0) ** 2
    return np.where(some, np.sqrt(np.maximum(variance, 0.0)), np.nan)


def _trace_of_pairs(fit: _At, spread: FloatArray) -> FloatArray:
    """Return tr(P S P S), each pair of studies by itself: no digits cancel beside one huge weight."""
    c = fit.weight * spread
    groups, k = c.shape
    total = np.empty(groups)
    size = max(1, AT_ONCE // k**2)
    for start in range(0, groups, size):
        part = slice(start, start + size)
        pairs = np.einsum("pgi,pgj->gij", fit.basis[:, part], fit.basis[:, part])
        np.einsum("gii->gi", pairs)[:] -= 1
        pairs **= 2
        total[part] = np.einsum("gi,gij,gj->g", c[part], pairs, c[part], optimize=True)
    return total


def p_value(*, statistic: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """Return two-sided p-values of t, or of z where df is infinite.

    >>> p_value(statistic=[1.96, 2.228], df=[float("inf"), 10]).round(3).tolist()
    [0.05, 0.05]
    """
    statistics, freedom = np.broadcast_arrays(
        np.asarray(statistic, dtype=np.float64), np.asarray(df, dtype=np.float64)
    )
    return two_sided_p(statistics, freedom)[()]


def chi2_p(*, q: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """Return the probability of a chi-squared value as large as `q`; 1 where there is no degree of freedom.

    >>> round(float(chi2_p(q=3.841, df=1)), 3)
    0.05
    """
    from scipy.special import chdtrc

    freedom = np.asarray(df, dtype=np.float64)
    value = np.asarray(q, dtype=np.float64)
    found = chdtrc(np.maximum(freedom, 1), np.maximum(value, 0.0))
    return np.where(freedom > 0, found, 1.0)[()]


def half_width(*, se: npt.ArrayLike, df: npt.ArrayLike, level: float) -> FloatArray:
    """Return half the width of intervals.

    >>> round(float(half_width(se=1.0, df=float("inf"), level=0.95)), 2)
    1.96
    """
    return np.asarray(t_quantile(p=(1 + level) / 2, df=df) * np.asarray(se, dtype=np.float64))


def checked_words(*, method: str, test: str, level: float) -> None:
    """Refuse unknown methods and tests, and levels that are not between 0 and 1."""
    if method not in METHODS:
        raise InputError(unknown_word("method", method, METHODS))
    if test not in TESTS:
        raise InputError(unknown_word("test", test, tuple(TESTS)))
    checked_level(level)
