"""Whether small studies show other effects than large ones: tests of asymmetry, trim and fill."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, html_table, interval, number
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.mixedmodel import (
    Fits,
    checked_words,
    fit_models,
    half_width,
    p_value,
)
from spineevidence.timing import FloatArray, unknown_word

Side = Literal["left", "right"]

ENOUGH = 10  # studies: with fewer, asymmetry cannot be told from chance (Sterne et al. 2011)
EXACT_UP_TO = 200  # studies; beyond, the normal approximation of Kendall's tau
MOST_ROUNDS = 100  # of trim and fill
FEW_NOTE = f"fewer than {ENOUGH} studies: too few to tell asymmetry from chance"
CAUSES = "asymmetry may also come from heterogeneity, chance or the choice of the measure"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class EggerTest:
    """Egger's regression test of funnel plot asymmetry.

    Attributes
    ----------
    b, se : float
        Slope of the effects on the predictor, and its standard error. With the standard error as predictor
        this is the intercept of Egger's regression of the standardised effects on precision.
    statistic, df, p : float
        t or z, its degrees of freedom (infinity for z) and the two-sided p-value.
    limit, limit_low, limit_high : float
        Effect expected of a study of endless size (predictor 0), and its limits.
    k : int
        Studies.
    model, predictor, method, test : str
        As asked for.
    level : float
        Coverage of the limits.
    notes : tuple of str
        Caveats.
    """

    b: float
    se: float
    statistic: float
    df: float
    p: float
    limit: float
    limit_low: float
    limit_high: float
    k: int
    model: str
    predictor: str
    method: str
    test: str
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        symbol = "z" if math.isinf(self.df) else f"t({self.df:g})"
        limits = interval(self.limit_low, self.limit_high, 3)
        return (
            f"<EggerTest: {symbol} {number(self.statistic, 2)}, p {self.p:.3g}, "
            f"limit {number(self.limit, 3)} ({limits}), k {self.k} ({self.model}, {self.predictor})>"
        )

    def _repr_html_(self) -> str:
        limits = interval(self.limit_low, self.limit_high, 3)
        rows = [
            ("Slope", f"{number(self.b, 3)} (SE {number(self.se, 3)})"),
            ("Statistic", number(self.statistic, 2)),
            ("p", f"{self.p:.3g}"),
            ("Limit", f"{number(self.limit, 3)} ({limits})"),
        ]
        caption = f"Egger's test, {self.model}, predictor {self.predictor}, k {self.k}"
        return notes_below(html_table(caption, ("Number", "Value"), rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded, in one row named as the attributes."""
        names = ("b", "se", "statistic", "df", "p", "limit", "limit_low", "limit_high", "k")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})


def egger_test(
    effects: EffectSizes,
    *,
    model: Literal["classical", "mixed"] = "classical",
    predictor: Literal["sei", "vi"] = "sei",
    method: str = "REML",
    test: str = "z",
    level: float = LEVEL,
) -> EggerTest:
    """Return Egger's test: whether effects depend on the size of their standard errors.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study, three or more.
    model : {"classical", "mixed"}, optional
        "classical" is Egger's: weighted least squares with weights 1 / vi and multiplicative dispersion, t
        with k - 2 degrees of freedom. "mixed" is a meta-regression with additive heterogeneity.
    predictor : {"sei", "vi"}, optional
        Standard errors or variances.
    method, test : str, optional
        Of the mixed model; as in `meta_regression`. The classical one does not use them.
    level : float, optional
        Coverage of the limits.

    Returns
    -------
    EggerTest
        As ``metafor::regtest(model = "lm")`` and ``model = "rma"``, whose default is the mixed form.

    Raises
    ------
    InputError
        If there are fewer than three studies, all variances are equal, or effects cannot be pooled.

    References
    ----------
    .. [1] Egger M et al. (1997). https://doi.org/10.1136/bmj.315.7109.629
    .. [2] Sterne JAC, Egger M (2005). Regression methods to detect publication and other bias in
       meta-analysis. In: Rothstein HR et al., Publication Bias in Meta-Analysis, 99-110.
       https://doi.org/10.1002/0470870168.ch6
    .. [3] Sterne JAC et al. (2011). https://doi.org/10.1136/bmj.d4002

    Examples
    --------
    >>> egger_test(EffectSizes(yi=[0.1, 0.2, 0.5, 0.9], vi=[0.01, 0.02, 0.05, 0.08]))
    <EggerTest: t(2) 6.99, p 0.0199, limit -0.311 (-0.667 to 0.045), k 4 (classical, sei)>
    """
    checked_words(method=method, test=test, level=level)
    check_poolable(effects, least=3, what="Egger's test")
    if model not in {"classical", "mixed"}:
        raise InputError(unknown_word("model", model, ("classical", "mixed")))
    if predictor not in {"sei", "vi"}:
        raise InputError(unknown_word("predictor", predictor, ("sei", "vi")))
    words = ("EE", "knha") if model == "classical" else (method, test)
    fits = _on_size(effects, predictor, method=words[0], test=words[1])
    (limit, slope), (se_limit, se), df = fits.beta[0], fits.se[0], float(fits.df[0])
    half = float(half_width(se=se_limit, df=df, level=level))
    return EggerTest(
        b=float(slope),
        se=float(se),
        statistic=float(slope / se),
        df=df,
        p=float(p_value(statistic=slope / se, df=df)),
        limit=float(limit),
        limit_low=float(limit) - half,
        limit_high=float(limit) + half,
        k=len(effects),
        model=model,
        predictor=predictor,
        method="" if model == "classical" else method,
        test="t" if model == "classical" else test,
        level=float(level),
        notes=(*effects.notes, *_caveats(effects)),
    )


def _on_size(effects: EffectSizes, predictor: str, *, method: str, test: str = "z") -> Fits:
    """Return the regression of effects on their standard errors or variances."""
    size = effects.sei if predictor == "sei" else effects.vi
    if np.ptp(size) <= 1e-12 * size.max():
        raise InputError("all studies have the same variance, so that small ones cannot be told from large")
    design = np.column_stack([np.ones(size.size), size])
    return fit_models(yi=effects.yi, vi=effects.vi, design=design, method=method, test=test)


def _caveats(effects: EffectSizes) -> Iterator[str]:
    if len(effects) < ENOUGH:
        yield FEW_NOTE
    yield CAUSES


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RankTest:
    """Begg and Mazumdar's rank correlation test of funnel plot asymmetry.

    Attributes
    ----------
    tau : float
        Kendall's tau-b between the standardised effects and their variances.
    p : float
        Two-sided p-value.
    exact : bool
        Whether `p` is from the exact distribution (no ties, up to 200 studies).
    k : int
        Studies.
    notes : tuple of str
        Caveats.
    """

    tau: float
    p: float
    exact: bool
    k: int
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        how = "exact" if self.exact else "normal approximation"
        return f"<RankTest: tau {number(self.tau, 3)}, p {self.p:.3g}, k {self.k} ({how})>"

    def _repr_html_(self) -> str:
        how = "exact" if self.exact else "normal approximation"
        rows = [("Kendall's tau-b", number(self.tau, 3)), ("p", f"{self.p:.3g}")]
        table = html_table(f"Rank test, k {self.k}, {how}", ("Number", "Value"), rows)
        return notes_below(table, self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return ``tau``, ``p``, ``exact`` and ``k`` in one row, unrounded."""
        return pd.DataFrame({name: [getattr(self, name)] for name in ("tau", "p", "exact", "k")})


def rank_test(effects: EffectSizes) -> RankTest:
    """Return Begg and Mazumdar's rank test: whether deviations from the mean go with the variance.

    Each effect less the common-effect mean is divided by the square root of ``vi - 1 / sum(1 / vi)`` and
    correlated with `vi`.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study, three or more.

    Returns
    -------
    RankTest
        As ``metafor::ranktest``. Without ties and up to 200 studies the p-value is exact, twice the smaller
        tail; else from the normal distribution with the variance for ties and no continuity correction.

    Raises
    ------
    InputError
        If there are fewer than three studies, all variances are equal, or effects cannot be pooled.

    References
    ----------
    .. [1] Begg CB, Mazumdar M (1994). https://doi.org/10.2307/2533446
    .. [2] Kendall MG (1970). Rank Correlation Methods, 4th ed.

    Examples
    --------
    >>> rank_test(EffectSizes(yi=[0.1, 0.2, 0.5, 0.9], vi=[0.01, 0.02, 0.05, 0.08]))
    <RankTest: tau 1.000, p 0.0833, k 4 (exact)>
    """
    check_poolable(effects, least=3, what="the rank test")
    if np.ptp(effects.vi) == 0:
        raise InputError("all studies have the same variance, so that small ones cannot be told from large")
    weight = 1 / effects.vi
    mean = (weight * effects.yi).sum() / weight.sum()
    deviate = (effects.yi - mean) / np.sqrt(effects.vi - 1 / weight.sum())
    if np.ptp(deviate) == 0:
        raise InputError("all effects are equal, so that there is nothing to rank")
    tau, p, exact = _kendall(deviate, effects.vi)
    notes = (*effects.notes, *_caveats(effects))
    return RankTest(tau=tau, p=p, exact=exact, k=len(effects), notes=notes)


def _kendall(x: FloatArray, y: FloatArray) -> tuple[float, float, bool]:
    """Return Kendall's tau-b, its p-value, and whether that is exact."""
    n = x.size
    upper = np.triu_indices(n, 1)
    signs = [np.sign(values[:, None] - values[None, :])[upper] for values in (x, y)]
    score = float((signs[0] * signs[1]).sum())
    pairs = [float(np.abs(sign).sum()) for sign in signs]
    tau = score / math.sqrt(pairs[0] * pairs[1])
    every = n * (n - 1) / 2
    if n <= EXACT_UP_TO and pairs == [every, every]:
        below = _inversions(n)
        concordant = round((every + score) / 2)
        tails = below[: concordant + 1].sum(), below[concordant:].sum()
        return tau, float(min(1.0, 2 * min(tails))), True
    return tau, float(p_value(statistic=score / math.sqrt(_score_variance(x, y)), df=math.inf)), False


def _inversions(n: int) -> FloatArray:
    """Return the probability of each number of inversions of a random order of n."""
    chance = np.ones(1)
    for size in range(2, n + 1):
        chance = np.convolve(chance, np.full(size, 1 / size))
    return chance


def _score_variance(x: FloatArray, y: FloatArray) -> float:
    n = float(x.size)
    ties = [np.unique(values, return_counts=True)[1].astype(np.float64) for values in (x, y)]
    total = n * (n - 1) * (2 * n + 5)
    total -= sum(float((t * (t - 1) * (2 * t + 5)).sum()) for t in ties)
    twos = math.prod(float((t * (t - 1)).sum()) for t in ties)
    threes = math.prod(float((t * (t - 1) * (t - 2)).sum()) for t in ties)
    return total / 18 + twos / (2 * n * (n - 1)) + threes / (9 * n * (n - 1) * (n - 2))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TrimAndFill:
    """Duval and Tweedie's trim and fill.

    Attributes
    ----------
    k0 : int
        Studies taken as missing.
    se_k0 : float
        Standard error of the estimate of that number.
    side : {"left", "right"}
        Where they are taken as missing.
    filled_yi, filled_vi : ndarray, shape (k0,)
        The mirror images that were filled in.
    k : int
        Studies with those filled in.
    b, se, statistic, p, ci_low, ci_high : float
        Pooled effect with them.
    tau2, i2, q : float
        Heterogeneity with them.
    b_observed, ci_low_observed, ci_high_observed : float
        Pooled effect of the studies themselves.
    estimator, method, test : str
        As asked for.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats.
    """

    k0: int
    se_k0: float
    side: str
    filled_yi: FloatArray
    filled_vi: FloatArray
    k: int
    b: float
    se: float
    statistic: float
    p: float
    ci_low: float
    ci_high: float
    tau2: float
    i2: float
    q: float
    b_observed: float
    ci_low_observed: float
    ci_high_observed: float
    estimator: str
    method: str
    test: str
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<TrimAndFill: {count_of(self.k0, 'study', 'studies')} filled in on the {self.side}, "
            f"{number(self.b_observed, 3)} becomes {number(self.b, 3)} "
            f"({interval(self.ci_low, self.ci_high, 3)}) ({self.estimator}, {self.method}, {self.test})>"
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                "As observed",
                str(self.k - self.k0),
                number(self.b_observed, 3),
                interval(self.ci_low_observed, self.ci_high_observed, 3),
            ),
            ("With those filled in", str(self.k), number(self.b, 3), interval(self.ci_low, self.ci_high, 3)),
        ]
        caption = f"Trim and fill ({self.estimator}): {self.k0} filled in on the {self.side}"
        head = ("Studies", "k", "Effect", f"{100 * self.level:g} % CI")
        return notes_below(html_table(caption, head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded, in one row named as the attributes."""
        names = ("k0", "se_k0", "side", "k", "b", "se", "statistic", "p", "ci_low", "ci_high", "tau2", "i2")
        observed = ("q", "b_observed", "ci_low_observed", "ci_high_observed")
        return pd.DataFrame({name: [getattr(self, name)] for name in (*names, *observed)})


def trim_and_fill(
    effects: EffectSizes,
    *,
    estimator: Literal["L0", "R0"] = "L0",
    side: Side | None = None,
    method: str = "REML",
    test: str = "adhoc",
    level: float = LEVEL,
) -> TrimAndFill:
    """Return how the pooled effect moves when the studies that seem to be missing are filled in.

    A look at sensitivity, not a corrected estimate: it assumes that the most extreme studies on one side were
    never published.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study, three or more.
    estimator : {"L0", "R0"}, optional
        Of the number missing.
    side : {"left", "right"}, optional
        Where studies are missing. Without it, to the right if effects fall with their standard errors in a
        meta-regression with the same `method`, else to the left.
    method, test, level : optional
        As in `meta_regression`.

    Returns
    -------
    TrimAndFill
        As ``metafor::trimfill`` for ``test="z"``; for other tests metafor pools the filled studies by the
        normal quantile, here they are pooled by the test asked for. Programs differ in how they choose the
        side.

    Raises
    ------
    InputError
        If there are fewer than three studies, or effects cannot be pooled.

    References
    ----------
    .. [1] Duval S, Tweedie R (2000). Trim and fill. Biometrics 56:455-463.
       https://doi.org/10.1111/j.0006-341X.2000.00455.x
    .. [2] Duval S, Tweedie R (2000). A nonparametric "trim and fill" method. Journal of the American
       Statistical Association 95:89-98. https://doi.org/10.1080/01621459.2000.10473905

    Examples
    --------
    >>> few = EffectSizes(yi=[0.1, 0.2, 0.5, 0.9, 0.15], vi=[0.01, 0.02, 0.05, 0.08, 0.01])
    >>> trim_and_fill(few, method="DL", test="z").k0
    2
    """
    checked_words(method=method, test=test, level=level)
    check_poolable(effects, least=3, what="trim and fill")
    if estimator not in {"L0", "R0"}:
        raise InputError(unknown_word("estimator", estimator, ("L0", "R0")))
    if side not in {None, "left", "right"}:
        raise InputError(unknown_word("side", str(side), ("left", "right")))
    chosen = side or ("right" if _on_size(effects, "sei", method=method).beta[0, 1] < 0 else "left")
    sign = -1.0 if chosen == "right" else 1.0
    order = np.argsort(sign * effects.yi, kind="stable")
    yi, vi = sign * effects.yi[order], effects.vi[order]
    k0, se_k0, centre, settled = _missing(yi, vi, estimator=estimator, method=method)
    filled_yi = sign * (2 * centre - yi[yi.size - k0 :])
    filled_vi = vi[yi.size - k0 :]
    observed = _pooled(effects.yi, effects.vi, method=method, test=test)
    all_yi, all_vi = np.append(effects.yi, filled_yi), np.append(effects.vi, filled_vi)
    fits = _pooled(all_yi, all_vi, method=method, test=test)
    b, se = float(fits.beta[0, 0]), float(fits.se[0, 0])
    half = float(half_width(se=se, df=fits.df[0], level=level))
    half_observed = float(half_width(se=observed.se[0, 0], df=observed.df[0], level=level))
    notes = [*effects.notes, *_caveats(effects)]
    notes.append("studies were filled in, not found: read it as sensitivity, not as a corrected effect")
    if not settled:
        notes.append(f"the number of missing studies did not settle in {MOST_ROUNDS} rounds")
    return TrimAndFill(
        k0=k0,
        se_k0=se_k0,
        side=chosen,
        filled_yi=filled_yi,
        filled_vi=filled_vi,
        k=all_yi.size,
        b=b,
        se=se,
        statistic=b / se,
        p=float(p_value(statistic=b / se, df=fits.df[0])),
        ci_low=b - half,
        ci_high=b + half,
        tau2=float(fits.tau2[0]),
        i2=float(fits.i2[0]),
        q=float(fits.q[0]),
        b_observed=float(observed.beta[0, 0]),
        ci_low_observed=float(observed.beta[0, 0]) - half_observed,
        ci_high_observed=float(observed.beta[0, 0]) + half_observed,
        estimator=estimator,
        method=method,
        test=test,
        level=float(level),
        notes=tuple(notes),
    )


def _pooled(yi: FloatArray, vi: FloatArray, *, method: str, test: str = "z") -> Fits:
    return fit_models(yi=yi, vi=vi, design=np.ones((yi.size, 1)), method=method, test=test)


def _missing(
    yi: FloatArray, vi: FloatArray, *, estimator: str, method: str
) -> tuple[int, float, float, bool]:
    """Return the number missing on the left of ascending effects, its error, the centre, if it settled."""
    k = yi.size
    k0, seen = 0, -1
    crude = 0.0
    centre = 0.0
    for _ in range(MOST_ROUNDS):
        kept = max(k - k0, 1)
        centre = float(_pooled(yi[:kept], vi[:kept], method=method).beta[0, 0])
        if k0 == seen:
            break
        seen = k0
        ranks, positive = _ranks(np.abs(yi - centre)), yi > centre
        if estimator == "L0":
            crude = (4 * float(ranks[positive].sum()) - k * (k + 1)) / (2 * k - 1)
        else:
            crude = k - float(ranks[~positive].max(initial=0.0)) - 1
        k0 = min(max(0, round(crude)), k - 1)
    return k0, _error_of_missing(k, crude, estimator), centre, k0 == seen


def _ranks(values: FloatArray) -> FloatArray:
    """Return ranks from 1; ties in the order they stand."""
    ranks = np.empty(values.size)
    ranks[np.argsort(values, kind="stable")] = np.arange(1, values.size + 1)
    return ranks


def _error_of_missing(k: int, k0: float, estimator: str) -> float:
    if estimator == "R0":
        return math.sqrt(2 * max(0.0, k0) + 2)
    variance = (
        k * (k + 1) * (2 * k + 1)
        + 10 * k0**3
        + 27 * k0**2
        + 17 * k0
        - 18 * k * k0**2
        - 18 * k * k0
        + 6 * k**2 * k0
    ) / 24
    return 4 * math.sqrt(max(variance, 0.0)) / (2 * k - 1)
