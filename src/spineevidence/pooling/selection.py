"""Selection models: what the pooled effect would be if p-values decided which studies were published."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import html_table, interval, number
from spineevidence.formulas.arguments import checked_level
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.mixedmodel import chi2_p, fit_models, half_width, p_value
from spineevidence.timing import FloatArray, unknown_word

FEW_IN_STEP = 4  # studies: a weight that rests on fewer is hardly known
ENOUGH = 10
STARTS = (1.0, 0.3, 3.0)  # weights from which the search begins
SMALLEST_TAU2 = 1e-10  # times the median variance: below it tau2 counts as 0
STEADY = 1e-12  # Newton's step, relative to the standard errors, at which the maximum is reached
RUNAWAY = 12.0  # natural logarithm of a weight beyond which the likelihood has no maximum
DIFFERENCE = 1e-5  # of a standard error: step of the numerical second derivatives


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SelectionModel:
    """A selection model with a step function of one-sided p-values.

    Attributes
    ----------
    b, se, statistic, p, ci_low, ci_high : float
        Pooled effect adjusted for selection, standard error, z, two-sided p-value and limits.
    tau2, se_tau2 : float, float or None
        Variance between studies, adjusted; no standard error where tau2 is 0.
    steps : tuple of float
        Upper limits of the intervals of p, the last 1.
    counts : tuple of int
        Studies in each.
    weights, se_weights : ndarray
        Chance of publication against that of the first interval, which is 1; standard errors (NaN for the
        first).
    lr, lr_df, lr_p : float, int and float
        Likelihood-ratio test of no selection (all weights 1): chi-squared.
    loglik : float
        Log-likelihood.
    b_unadjusted, ci_low_unadjusted, ci_high_unadjusted, tau2_unadjusted : float
        The same without selection, by maximum likelihood and normal quantiles.
    favoured : {"higher", "lower"}
        Which effects have small p-values.
    k : int
        Studies.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats.
    """

    b: float
    se: float
    statistic: float
    p: float
    ci_low: float
    ci_high: float
    tau2: float
    se_tau2: float | None
    steps: tuple[float, ...]
    counts: tuple[int, ...]
    weights: FloatArray
    se_weights: FloatArray
    lr: float
    lr_df: int
    lr_p: float
    loglik: float
    b_unadjusted: float
    ci_low_unadjusted: float
    ci_high_unadjusted: float
    tau2_unadjusted: float
    favoured: str
    k: int
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<SelectionModel: k {self.k}, {number(self.b_unadjusted, 3)} becomes {number(self.b, 3)} "
            f"({interval(self.ci_low, self.ci_high, 3)}), tau2 {number(self.tau2, 3)}, "
            f"no selection p {self.lr_p:.3g}>"
        )

    def _repr_html_(self) -> str:
        lower = (0.0, *self.steps[:-1])
        rows = [
            (f"{low:g} to {high:g}", str(count), number(weight, 3), "" if place == 0 else number(se, 3))
            for place, (low, high, count, weight, se) in enumerate(
                zip(lower, self.steps, self.counts, self.weights, self.se_weights, strict=True)
            )
        ]
        caption = (
            f"Selection model: {number(self.b_unadjusted, 3)} becomes {number(self.b, 3)} "
            f"({interval(self.ci_low, self.ci_high, 3)}); no selection p {self.lr_p:.3g}"
        )
        head = ("One-sided p", "k", "Weight", "SE")
        return notes_below(html_table(caption, head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the steps, unrounded.

        Returns
        -------
        DataFrame
            A row per interval of p: ``p_from``, ``p_to``, ``k``, ``weight`` and ``se``.
        """
        return pd.DataFrame(
            {
                "p_from": (0.0, *self.steps[:-1]),
                "p_to": self.steps,
                "k": self.counts,
                "weight": self.weights,
                "se": self.se_weights,
            }
        )


def selection_model(
    effects: EffectSizes,
    *,
    steps: Sequence[float] = (0.025,),
    favoured: Literal["higher", "lower"] = "higher",
    level: float = LEVEL,
) -> SelectionModel:
    """Return the pooled effect if the chance of publication depends on the p-value, by maximum likelihood.

    Studies whose one-sided p-value lies in the same interval have the same chance of being published, as a
    multiple of that of the first interval. Means, tau2 and these weights are fitted together.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study.
    steps : sequence of float, optional
        Cut points of the one-sided p-value, between 0 and 1; 1 is added. ``(0.025,)`` parts significant
        effects in the favoured direction from all others.
    favoured : {"higher", "lower"}, optional
        Which effects have small p-values; benefit-positive effects favour "higher".
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    SelectionModel
        As ``metafor::selmodel(type = "stepfun")`` on a model with ``method = "ML"``. A weight may exceed 1.

    Raises
    ------
    InputError
        If cut points are not between 0 and 1 or not rising, an interval holds no study, or effects cannot be
        pooled.

    References
    ----------
    .. [1] Vevea JL, Hedges LV (1995). A general linear model for estimating effect size in the presence of
       publication bias. Psychometrika 60:419-435. https://doi.org/10.1007/BF02294384
    .. [2] Hedges LV (1992). Modeling publication selection effects in meta-analysis. Statistical Science
       7:246-255. https://doi.org/10.1214/ss/1177011364

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> vi = rng.uniform(0.02, 0.2, 40)
    >>> fitted = selection_model(EffectSizes(yi=rng.normal(0.3, np.sqrt(vi + 0.02)), vi=vi))
    >>> fitted.counts, fitted.weights.size
    ((7, 33), 2)
    """
    check_poolable(effects, least=3, what="a selection model")
    checked_level(level)
    if favoured not in {"higher", "lower"}:
        raise InputError(unknown_word("direction", favoured, ("higher", "lower")))
    sign = 1.0 if favoured == "higher" else -1.0
    problem = _problem(sign * effects.yi, effects.vi, _cuts(steps))
    null = fit_models(yi=problem.y, vi=problem.v, design=np.ones((len(effects), 1)), method="ML")
    found = _highest(problem, float(null.beta[0, 0]), float(null.tau2[0]))
    se = _errors(problem, found)
    steps_used = len(problem.cuts)
    weights = np.exp(np.append(0.0, found[2:]))
    plain = float(null.beta[0, 0])
    z = float(half_width(se=1.0, df=math.inf, level=level))
    lr = max(0.0, 2 * (_loglik(problem, found)[0] - float(null.loglik[0])))
    turned = sorted((sign * (found[0] - z * se[0]), sign * (found[0] + z * se[0])))
    around = sorted((sign * (plain - z * null.se[0, 0]), sign * (plain + z * null.se[0, 0])))
    return SelectionModel(
        b=sign * float(found[0]),
        se=float(se[0]),
        statistic=sign * float(found[0] / se[0]),
        p=float(p_value(statistic=found[0] / se[0], df=math.inf)),
        ci_low=float(turned[0]),
        ci_high=float(turned[1]),
        tau2=float(found[1]),
        se_tau2=None if math.isnan(se[1]) else float(se[1]),
        steps=problem.cuts,
        counts=problem.counts,
        weights=weights,
        se_weights=np.append(np.nan, weights[1:] * se[2:]),
        lr=lr,
        lr_df=steps_used - 1,
        lr_p=float(chi2_p(q=lr, df=steps_used - 1)),
        loglik=_loglik(problem, found)[0],
        b_unadjusted=sign * plain,
        ci_low_unadjusted=float(around[0]),
        ci_high_unadjusted=float(around[1]),
        tau2_unadjusted=float(null.tau2[0]),
        favoured=favoured,
        k=len(effects),
        level=float(level),
        notes=(*effects.notes, *_notes(problem, found)),
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """Effects with small p-values where high, and the interval of p of each."""

    y: FloatArray
    v: FloatArray
    cuts: tuple[float, ...]
    place: npt.NDArray[np.intp]
    limits: FloatArray  # of the effects at the inner cut points, shape (k, steps - 1)
    counts: tuple[int, ...]
    floor: float  # tau2 is not below it


def _cuts(steps: Sequence[float]) -> tuple[float, ...]:
    try:
        cuts = tuple(float(step) for step in steps)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"steps must be cut points of the p-value, such as (0.025, 0.5); found {steps!r}"
        ) from error
    cuts = cuts[:-1] if cuts and cuts[-1] == 1 else cuts
    rising = all(low < high for low, high in zip((0.0, *cuts), (*cuts, 1.0), strict=True))
    if not cuts or not rising:
        raise InputError(f"steps must rise between 0 and 1; found {steps!r}; give such as (0.025, 0.5)")
    return (*cuts, 1.0)


def _problem(y: FloatArray, v: FloatArray, cuts: tuple[float, ...]) -> _Problem:
    from scipy.special import ndtr, ndtri

    p = ndtr(-y / np.sqrt(v))
    place = np.searchsorted(np.asarray(cuts), p, side="left")
    counts = np.bincount(place, minlength=len(cuts))
    lower = (0.0, *cuts[:-1])
    for low, high, count in zip(lower, cuts, counts, strict=True):
        if count == 0:
            raise InputError(
                f"no study has a one-sided p-value between {low:g} and {high:g}, so that its weight cannot "
                "be estimated; give fewer or other steps, or turn favoured"
            )
    limits = np.sqrt(v)[:, None] * -ndtri(np.asarray(cuts[:-1]))
    floor = SMALLEST_TAU2 * float(np.median(v))
    return _Problem(y, v, cuts, place.astype(np.intp), limits, tuple(int(count) for count in counts), floor)


def _loglik(problem: _Problem, at: FloatArray) -> tuple[float, FloatArray]:
    """Return the log-likelihood of (mean, tau2, log weights), and its gradient."""
    from scipy.special import ndtr

    mean, tau2 = float(at[0]), float(at[1])
    log_weight = np.append(0.0, at[2:])
    weight = np.exp(log_weight)
    spread = np.sqrt(problem.v + tau2)
    u = (problem.limits - mean) / spread[:, None]
    k = problem.y.size
    edge = np.column_stack([np.full(k, np.inf), u, np.full(k, -np.inf)])
    above, below = edge[:, :-1], edge[:, 1:]
    turned = below > 0  # the smaller tail keeps its digits
    share = np.where(turned, ndtr(-below) - ndtr(-above), ndtr(above) - ndtr(below))
    density = np.exp(-0.5 * u**2) / math.sqrt(2 * math.pi)
    none = np.zeros((k, 1))
    by_mean = np.hstack([none, -density, none]) / spread[:, None]
    by_tau2 = np.hstack([none, -density * u, none]) / (2 * spread**2)[:, None]
    total = share @ weight
    residual = problem.y - mean
    value = (
        log_weight[problem.place].sum()
        - np.log(spread).sum()
        - 0.5 * (residual**2 / spread**2).sum()
        - np.log(total).sum()
        - 0.5 * k * math.log(2 * math.pi)
    )
    gradient = np.empty(at.size)
    slope = (by_mean[:, :-1] - by_mean[:, 1:]) @ weight
    gradient[0] = (residual / spread**2 - slope / total).sum()
    slope = (by_tau2[:, :-1] - by_tau2[:, 1:]) @ weight
    gradient[1] = (0.5 * residual**2 / spread**4 - 0.5 / spread**2 - slope / total).sum()
    expected = (share * weight / total[:, None]).sum(axis=0)
    gradient[2:] = np.asarray(problem.counts[1:]) - expected[1:]
    return float(value), gradient


def _highest(problem: _Problem, mean: float, tau2: float) -> FloatArray:
    """Return the highest of the maxima that a search from several places finds."""
    from scipy.optimize import minimize

    scale = float(np.median(problem.v))
    extra = len(problem.cuts) - 1
    unit = np.concatenate([[math.sqrt(scale), scale], np.ones(extra)])

    def loss(x: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _loglik(problem, x * unit)
        return -value, -gradient * unit

    bounds = [(None, None), (0.0, None), *[(-2 * RUNAWAY, 2 * RUNAWAY)] * extra]
    best, height = np.empty(0), -math.inf
    for first in STARTS:
        for between in (tau2, 0.1 * scale, scale):
            start = np.concatenate([[mean, between], np.full(extra, math.log(first))]) / unit
            ran = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
            if -ran.fun > height:
                best, height = np.asarray(ran.x) * unit, -float(ran.fun)
    return _polished(problem, best)


def _free(problem: _Problem, at: FloatArray) -> npt.NDArray[np.intp]:
    """Return which parameters are inside their limits: tau2 is not where it is 0."""
    free = np.arange(at.size)
    return free if at[1] > problem.floor else np.delete(free, 1)


def _polished(problem: _Problem, at: FloatArray) -> FloatArray:
    """Return the maximum by Newton's steps, none of which may lower the likelihood."""
    at = at.copy()
    if at[1] <= problem.floor:
        at[1] = 0.0
    if np.abs(at[2:]).max() >= RUNAWAY:
        return at
    free = _free(problem, at)
    height, gradient = _loglik(problem, at)
    for _ in range(50):
        information = _information(problem, at, free)
        if np.linalg.eigvalsh(information).min() <= 0:
            break
        step = np.linalg.solve(information, gradient[free])
        new = at.copy()
        new[free] += step
        if new[1] < 0:
            break
        value, slope = _loglik(problem, new)
        if value < height - 1e-9:
            break
        at, height, gradient = new, value, slope
        if (np.abs(step) <= STEADY / np.sqrt(np.diag(information))).all():
            break
    return at


def _information(problem: _Problem, at: FloatArray, free: npt.NDArray[np.intp]) -> FloatArray:
    """Return minus the second derivatives, from central differences of the gradient."""
    scale = math.sqrt(float(np.median(problem.v)) / problem.y.size)
    width = np.concatenate([[scale, max(at[1], scale**2)], np.ones(at.size - 2)]) * DIFFERENCE
    found = np.empty((free.size, free.size))
    for row, place in enumerate(free):
        moved = np.zeros(at.size)
        moved[place] = width[place]
        after, before = _loglik(problem, at + moved)[1], _loglik(problem, at - moved)[1]
        found[row] = -(after - before)[free] / (2 * width[place])
    return (found + found.T) / 2


def _errors(problem: _Problem, at: FloatArray) -> FloatArray:
    """Return standard errors; NaN for what is at a limit or not determined."""
    errors = np.full(at.size, np.nan)
    inside = [place for place in _free(problem, at) if place < 2 or abs(at[place]) < RUNAWAY]
    free = np.asarray(inside, dtype=np.intp)
    information = _information(problem, at, free)
    if np.linalg.eigvalsh(information).min() > 0:
        errors[free] = np.sqrt(np.diag(np.linalg.inv(information)))
    return errors


def _notes(problem: _Problem, at: FloatArray) -> tuple[str, ...]:
    notes = []
    if problem.y.size < ENOUGH:
        notes.append(f"fewer than {ENOUGH} studies: too few for weights to mean anything")
    lower = (0.0, *problem.cuts[:-1])
    for low, high, count in zip(lower, problem.cuts, problem.counts, strict=True):
        if count < FEW_IN_STEP:
            notes.append(
                f"only {count} with a one-sided p-value from {low:g} to {high:g}: that weight is hardly known"
            )
    if np.abs(at[2:]).max() >= RUNAWAY:
        notes.append("a weight runs to 0 or beyond all limits: the likelihood has no maximum inside")
    if at[1] == 0:
        notes.append("tau2 is 0: no heterogeneity was found, which is not proof of none")
    notes.append("the step function is an assumption: compare other steps before believing any of them")
    return tuple(notes)
