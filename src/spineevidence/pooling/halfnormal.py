"""The half-normal model: few studies pooled with a weak prior on their heterogeneity, by quadrature.

Between few studies the heterogeneity can hardly be estimated. Instead of one value of tau, all that agree
with the data and a half-normal prior take part, each with its weight; given tau the mean is normal. Sums over
tau are all that is needed: no random numbers, and the same answer every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, html_table, interval, number, trimmed
from spineevidence.formulas.arguments import checked_level
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.mixtures import PRECISE, STEPS, bracketed_step, mixture_above, mixture_quantiles
from spineevidence.timing import FloatArray

ORDER = 20  # Gauss-Legendre nodes in each panel
REACH = 8.5  # scales beyond the likelihood's reach at which the prior is below 1e-15 of its peak
FINEST = 1 / 32  # of the smallest standard error (or scale): the first panel; each next is twice as far
AROUND = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # panel limits, in SDs of tau from its mean
REFINEMENTS = 3
SETTLED = 1e-12  # of the range of tau: the change of its mean at which no refinement is needed


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HalfNormalPool:
    """The mean of several studies under a half-normal prior on their heterogeneity.

    Attributes
    ----------
    k : int
        Studies.
    mean, median, sd : float
        Of the posterior distribution of the mean effect.
    ci_low, ci_high : float
        Interval of the mean effect, with equal tails.
    pi_low, pi_high : float
        Interval of the true effect in a new study.
    tau_mean, tau_median, tau_low, tau_high : float
        Of the posterior distribution of the standard deviation between studies, in units of the effects.
    scale : float
        Of the half-normal prior of tau: its median is 0.674 times this, its 95th percentile 1.960 times.
    level : float
        Coverage of the intervals.
    measure, estimand : str
        Of the effects.
    tau, weights, centres, spreads : ndarray, shape (g,)
        Nodes of tau with their posterior weights, and mean and standard deviation of the mean effect at each:
        it is the mixture of these normal distributions.
    effects : EffectSizes, shape (k,)
        What was pooled, with its lineage.
    notes : tuple of str
        The prior, and how much it decides.
    """

    k: int
    mean: float
    median: float
    sd: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float
    tau_mean: float
    tau_median: float
    tau_low: float
    tau_high: float
    scale: float
    level: float
    measure: str
    estimand: str
    tau: FloatArray
    weights: FloatArray
    centres: FloatArray
    spreads: FloatArray
    effects: EffectSizes
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        of = " of " + self.measure if self.measure else ""
        limits = interval(self.ci_low, self.ci_high, 3)
        return (
            f"<HalfNormalPool: k {self.k}{of}, {number(self.median, 3)} "
            f"({trimmed(100 * self.level)} % interval {limits}), tau {number(self.tau_median, 3)}>"
        )

    def _repr_html_(self) -> str:
        share = f"{trimmed(100 * self.level)} % interval"
        rows = (
            ("Mean effect", number(self.median, 3), interval(self.ci_low, self.ci_high, 3)),
            ("Effect in a new study", number(self.median, 3), interval(self.pi_low, self.pi_high, 3)),
            ("tau", number(self.tau_median, 3), interval(self.tau_low, self.tau_high, 3)),
        )
        of = f", {self.measure}" if self.measure else ""
        caption = f"Half-normal model{of}, {count_of(self.k, 'study', 'studies')}"
        return notes_below(html_table(caption, ("", "Median", share), rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded.

        Returns
        -------
        DataFrame
            One row: ``k``, ``mean``, ``median``, ``sd``, limits of the mean effect (``ci_*``) and of a new
            study (``pi_*``), ``tau_mean``, ``tau_median``, ``tau_low``, ``tau_high``, ``scale``, ``level``.
        """
        effect = ("k", "mean", "median", "sd", "ci_low", "ci_high", "pi_low", "pi_high")
        names = (*effect, "tau_mean", "tau_median", "tau_low", "tau_high", "scale", "level")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def quantile(self, p: float, *, new_study: bool = False) -> float:
        """Return a quantile of the mean effect, or of the true effect in a new study.

        Parameters
        ----------
        p : float
            Probability, between 0 and 1.
        new_study : bool, optional
            Whether the spread between studies is added.

        Returns
        -------
        float
            In units of the effects.

        Raises
        ------
        InputError
            If `p` is not between 0 and 1.
        """
        if not 0 < p < 1:
            raise InputError(f"a probability must lie between 0 and 1; found {p:g}; give 0.5 for the median")
        spreads = np.hypot(self.spreads, self.tau) if new_study else self.spreads
        return float(mixture_quantiles(np.array([p]), self.weights, self.centres, spreads)[0])

    def probability_above(self, threshold: float, *, new_study: bool = False) -> float:
        """Return the posterior probability that the effect is greater than a threshold.

        Parameters
        ----------
        threshold : float
            In units of the effects, such as 0 or the smallest difference that matters.
        new_study : bool, optional
            Of the true effect in a new study, not of the mean effect.

        Returns
        -------
        float
            From 0 to 1. For display: states and verdicts come from intervals.
        """
        spreads = np.hypot(self.spreads, self.tau) if new_study else self.spreads
        return mixture_above(threshold, self.weights, self.centres, spreads)


def pool_half_normal(effects: EffectSizes, *, scale: float, level: float = LEVEL) -> HalfNormalPool:
    """Return several studies pooled with a flat prior on the mean and a half-normal one on tau.

    The model for 2 to 4 studies, where estimates of the heterogeneity fail. With one study the prior alone
    decides what other studies might have found.

    Parameters
    ----------
    effects : EffectSizes, shape (k,)
        One effect per study, in units for which `scale` is meant.
    scale : float
        Of the prior of tau, above 0. ``0.3 * sd`` is the default of the windows, with `sd` the standard
        deviation of scores on that scale (pain from 0 to 10: 2.5, so 0.75); ``0.4 * sd`` its sensitivity.
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    HalfNormalPool
        Posterior of the mean effect, of a new study, and of tau.

    Raises
    ------
    InputError
        If there is no effect, or several of one study, a row has no estimate with a variance, or `scale` is
        not above 0.

    Notes
    -----
    The weight of a value of tau is proportional to ``exp(-tau^2 / (2 scale^2)) prod(v_i + tau^2)^(-1/2)
    (sum w_i)^(-1/2) exp(-sum w_i (y_i - m)^2 / 2)`` with ``w_i = 1 / (v_i + tau^2)`` and `m` the weighted
    mean; given tau the mean effect is normal about `m` with variance ``1 / sum w_i``. The sums run over
    panels of Gauss-Legendre nodes that lie closer where the weights change, from 0 to where the prior leaves
    nothing: beyond 5 scales too, where studies differ much. Equals the marginal posterior of the R package
    bayesmeta with a half-normal prior and ``interval.type="central"``.

    References
    ----------
    .. [1] Röver C et al. (2021), weakly informative priors for few studies. https://doi.org/10.1002/jrsm.1475
    .. [2] Röver C (2020), bayesmeta. https://doi.org/10.18637/jss.v093.i06
    .. [3] Friede T et al. (2017), two or three studies. https://doi.org/10.1002/jrsm.1217

    Examples
    --------
    >>> pool_half_normal(EffectSizes(yi=[1.96, 0.81], vi=[0.217, 0.153]), scale=0.75)
    <HalfNormalPool: k 2, 1.332 (95 % interval 0.100 to 2.634), tau 0.571>
    """
    if not (scale > 0 and np.isfinite(scale)):
        raise InputError(f"scale must be above 0; found {scale:g}; give 0.3 times the SD of scores")
    check_poolable(effects)
    yi, vi = effects.yi, effects.vi
    rule = np.polynomial.legendre.leggauss(ORDER)
    tau, weights = _nodes(yi, vi, scale, rule)
    centres, precision, _ = _at(tau, yi, vi)
    spreads = 1 / np.sqrt(precision)
    tails = np.array([(1 - checked_level(level)) / 2, 0.5, (1 + level) / 2])
    low, median, high = mixture_quantiles(tails, weights, centres, spreads)
    new_low, _, new_high = mixture_quantiles(tails, weights, centres, np.hypot(spreads, tau))
    tau_low, tau_median, tau_high = _tau_quantiles(
        tails, tau, weights, lambda at: _log_density(at, yi, vi, scale), rule
    )
    mean = float(np.sum(weights * centres))
    return HalfNormalPool(
        k=yi.size,
        mean=mean,
        median=float(median),
        sd=float(np.sqrt(np.sum(weights * (spreads**2 + (centres - mean) ** 2)))),
        ci_low=float(low),
        ci_high=float(high),
        pi_low=float(new_low),
        pi_high=float(new_high),
        tau_mean=float(np.sum(weights * tau)),
        tau_median=float(tau_median),
        tau_low=float(tau_low),
        tau_high=float(tau_high),
        scale=float(scale),
        level=float(level),
        measure=effects.measure,
        estimand=effects.estimand,
        tau=tau,
        weights=weights,
        centres=centres,
        spreads=spreads,
        effects=effects,
        notes=_notes(yi.size, scale),
    )


def _notes(k: int, scale: float) -> tuple[str, ...]:
    prior = f"Prior: tau half-normal with scale {trimmed(scale)}, mean effect flat."
    if k > 1:
        return (prior,)
    alone = (
        "One study tells nothing about tau: the prior alone makes the interval wider than the study's own."
    )
    return prior, alone


def _at(tau: FloatArray, yi: FloatArray, vi: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return weighted mean, its precision and the log likelihood of tau (restricted) at each tau."""
    spread = vi + tau[..., None] ** 2
    weight = 1 / spread
    precision = weight.sum(axis=-1)
    reference = yi[np.argmin(vi)]  # sums of differences, so that a great common level costs no digits
    off = yi - reference
    centre = (weight * off).sum(axis=-1) / precision
    squares = (weight * (off - centre[..., None]) ** 2).sum(axis=-1)
    likelihood = -(np.log(spread).sum(axis=-1) + np.log(precision) + squares) / 2
    return reference + centre, precision, likelihood


def _log_density(tau: FloatArray, yi: FloatArray, vi: FloatArray, scale: float) -> FloatArray:
    return _at(tau, yi, vi)[2] - (tau / scale) ** 2 / 2


def _nodes(
    yi: FloatArray, vi: FloatArray, scale: float, rule: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return nodes of tau with weights that add up to 1: panels by powers of 2, then around the peak."""
    end = float(np.hypot(np.ptp(yi), REACH * scale))
    first = FINEST * min(float(np.sqrt(vi.min())), scale)
    doublings = max(1, int(np.ceil(np.log2(end / first))))
    limits = np.concatenate([[0.0], end * 2.0 ** np.arange(-doublings, 1)])
    around = np.array([-step for step in AROUND] + [0.0, *AROUND])
    tau, weights = _in_panels(limits, yi, vi, scale, rule)
    for _ in range(REFINEMENTS):
        mean = float(np.sum(weights * tau))
        near = mean + around * float(np.sqrt(np.sum(weights * (tau - mean) ** 2)))
        limits = np.union1d(limits, near[(near > 0) & (near < end)])
        tau, weights = _in_panels(limits, yi, vi, scale, rule)
        if abs(float(np.sum(weights * tau)) - mean) < SETTLED * end:
            break
    return tau, weights


def _in_panels(
    limits: FloatArray, yi: FloatArray, vi: FloatArray, scale: float, rule: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    node, weight = rule
    half = np.diff(limits) / 2
    tau = ((limits[:-1] + half)[:, None] + half[:, None] * node).ravel()
    log_density = _log_density(tau, yi, vi, scale)
    mass = (half[:, None] * weight).ravel() * np.exp(log_density - log_density.max())
    return tau, mass / mass.sum()


def _tau_quantiles(
    p: FloatArray,
    tau: FloatArray,
    weights: FloatArray,
    log_density: Callable[[FloatArray], FloatArray],
    rule: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Return quantiles of tau: the panel that holds each, then the place within it."""
    node, weight = rule
    panels, ends = weights.reshape(-1, ORDER), tau.reshape(-1, ORDER)
    half = (ends[:, -1] - ends[:, 0]) / (node[-1] - node[0])
    below = np.concatenate([[0.0], np.cumsum(panels.sum(axis=1))])
    panel = np.clip(np.searchsorted(below, p, side="right") - 1, 0, len(panels) - 1)
    start = ends[panel, 0] - half[panel] * (1 + node[0])
    low, high = start, start + 2 * half[panel]
    peak = int(np.argmax(weights))
    height = weights[peak] / (half[peak // ORDER] * weight[peak % ORDER])
    scaled = log_density(tau[peak : peak + 1]) - np.log(height)
    at: FloatArray = (low + high) / 2
    enough = PRECISE * high
    for _ in range(STEPS):
        span = (at - start) / 2
        places = start[:, None] + span[:, None] * (1 + node)
        excess = below[panel] + span * (np.exp(log_density(places) - scaled) @ weight) - p
        low, high = np.where(excess <= 0, at, low), np.where(excess >= 0, at, high)
        at, moved = bracketed_step(at, excess, np.exp(log_density(at) - scaled), low, high)
        if np.all(moved <= enough):
            break
    return at
