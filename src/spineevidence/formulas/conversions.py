"""From what is printed to what a formula needs: standard errors, standard deviations, other scales.

Every function takes arrays or single numbers by keyword, lets them broadcast, and returns the same shape;
a single number gives a single number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import LEVEL, EffectSizes, require, t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import number
from spineevidence.formulas.arguments import (
    aligned,
    check_above_0,
    check_freedom,
    check_n,
    check_p,
    check_r,
    check_sd,
    check_word,
    checked_level,
    checked_range,
    grouped,
)
from spineevidence.formulas.transformations import LOGISTIC_SD
from spineevidence.timing import FloatArray

ROUNDING = 1e-9  # a correlation this far outside -1 to 1 is rounding, not a contradiction


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CombinedArm:
    """Size, mean and standard deviation of several groups read as one.

    Attributes
    ----------
    n, mean, sd : ndarray, shape (k,)
        Of the combined group; scalars if the groups were given as plain lists.
    """

    n: FloatArray
    mean: FloatArray
    sd: FloatArray

    def __repr__(self) -> str:
        if np.ndim(self.n):
            return f"<CombinedArm: {np.size(self.n)} arms>"
        return (
            f"<CombinedArm: n {self.n:g}, mean {number(float(self.mean), 3)}, sd {number(float(self.sd), 3)}>"
        )


def se_from_ci(
    *, ci_low: npt.ArrayLike, ci_high: npt.ArrayLike, df: npt.ArrayLike | None = None, level: float = LEVEL
) -> FloatArray:
    """Return the standard error behind a symmetric confidence interval.

    Parameters
    ----------
    ci_low, ci_high : array_like, shape (k,)
        Limits, on the scale on which the interval is symmetric (logarithms for ratios).
    df : array_like, shape (k,), optional
        Degrees of freedom of a t interval; without them the normal quantile is used.
    level : float, optional
        Coverage of the interval.

    Returns
    -------
    ndarray, shape (k,)
        Half the width of the interval, divided by its quantile. As ``metafor::conv.wald``.

    References
    ----------
    .. [1] Cochrane Handbook, sections 6.3.1 and 6.5.2.3.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> round(float(se_from_ci(ci_low=1.0, ci_high=4.2, df=54)), 3)
    0.798
    """
    given = {"ci_low": ci_low, "ci_high": ci_high, "df": np.inf if df is None else df}
    low, high, freedom = aligned(given, unbounded=("df",))
    require(low < high, "ci_low must be below ci_high", low, "exchange the limits, or check the digits")
    check_freedom(freedom)
    return (high - low) / (2 * t_quantile(p=(1 + checked_level(level)) / 2, df=freedom))


def se_from_p(*, estimate: npt.ArrayLike, p: npt.ArrayLike, df: npt.ArrayLike | None = None) -> FloatArray:
    """Return the standard error behind a two-sided p-value of a difference.

    From "p < 0.05" the result for 0.05 is the largest standard error that agrees with the report.

    Parameters
    ----------
    estimate : array_like, shape (k,)
        The difference that was tested against 0; not 0 itself.
    p : array_like, shape (k,)
        Two-sided p-value, above 0 and below 1.
    df : array_like, shape (k,), optional
        Degrees of freedom of the t test; without them the normal quantile is used.

    Returns
    -------
    ndarray, shape (k,)
        ``|estimate| / t(1 - p/2, df)``. As ``metafor::conv.wald``.

    Raises
    ------
    InputError
        Also for p = 1 or an estimate of 0, which fit any standard error.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.3.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> round(float(se_from_p(estimate=2.6, p=0.001, df=52)), 3)
    0.745
    """
    given = {"estimate": estimate, "p": p, "df": np.inf if df is None else df}
    size, tail, freedom = aligned(given, unbounded=("df",))
    check_p("p", tail)
    check_freedom(freedom)
    require(tail < 1, "p must be below 1", tail, "p = 1 fits any standard error; use the finding alone")
    require(size != 0, "the estimate must not be 0", size, "0 fits any standard error; use the finding alone")
    return np.abs(size) / -t_quantile(p=tail / 2, df=freedom)


def sd_change(*, sd_base: npt.ArrayLike, sd_final: npt.ArrayLike, r: npt.ArrayLike) -> FloatArray:
    """Return the standard deviation of changes from those of the two times.

    Parameters
    ----------
    sd_base, sd_final : array_like, shape (k,)
        Standard deviations at baseline and at follow-up, in score units.
    r : array_like, shape (k,)
        Correlation of the two; pain after a procedure has about 0.25, disability about 0.5.

    Returns
    -------
    ndarray, shape (k,)
        ``sqrt(sd_base^2 + sd_final^2 - 2 r sd_base sd_final)``.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.8.
       https://training.cochrane.org/handbook/current/chapter-06
    .. [2] Walters SJ et al. (2019), correlations seen in 20 trials.
       https://doi.org/10.1186/s13063-019-3671-2

    Examples
    --------
    >>> round(float(sd_change(sd_base=2.0, sd_final=2.6, r=0.5)), 3)
    2.358
    """
    base, final, rho = aligned({"sd_base": sd_base, "sd_final": sd_final, "r": r})
    check_sd("sd_base", base)
    check_sd("sd_final", final)
    check_r("r", rho)
    return np.sqrt((base - final) ** 2 + 2 * (1 - rho) * base * final)


def r_from_sds(*, sd_base: npt.ArrayLike, sd_final: npt.ArrayLike, sd_change: npt.ArrayLike) -> FloatArray:
    """Return the correlation of two times from the standard deviations of both and of the change.

    Parameters
    ----------
    sd_base, sd_final, sd_change : array_like, shape (k,)
        Standard deviations in score units; those of the two times above 0.

    Returns
    -------
    ndarray, shape (k,)
        ``(sd_base^2 + sd_final^2 - sd_change^2) / (2 sd_base sd_final)``.

    Raises
    ------
    InputError
        Also if no correlation from -1 to 1 fits the three.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.8.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> round(float(r_from_sds(sd_base=2.0, sd_final=2.6, sd_change=2.3)), 3)
    0.526
    """
    base, final, change = aligned({"sd_base": sd_base, "sd_final": sd_final, "sd_change": sd_change})
    check_above_0("sd_base", base)
    check_above_0("sd_final", final)
    check_sd("sd_change", change)
    return possible_correlation(
        (base**2 + final**2 - change**2) / (2 * base * final),
        "the three standard deviations must allow a correlation from -1 to 1",
        "look whether one of them is a standard error",
    )


def rescale(
    *,
    value: npt.ArrayLike,
    from_range: tuple[float, float],
    to_range: tuple[float, float],
    of: Literal["score", "difference"] = "score",
) -> FloatArray:
    """Return values of one scale on another, by their ranges.

    Parameters
    ----------
    value : array_like, shape (k,)
        Scores, or differences, standard deviations and standard errors of scores.
    from_range, to_range : tuple of two floats
        Lowest and highest score of each scale, such as (0, 100) and (0, 10).
    of : {"score", "difference"}, optional
        "difference" moves no origin; for scales that both begin at 0 the two agree.

    Returns
    -------
    ndarray, shape (k,)
        In units of the second scale.

    References
    ----------
    .. [1] Johnston BC et al. (2013). https://doi.org/10.1186/1477-7525-11-211

    Examples
    --------
    >>> float(rescale(value=13, from_range=(0, 100), to_range=(0, 10)))
    1.3
    """
    (values,) = aligned({"value": value})
    low, high = checked_range("from_range", from_range)
    to_low, to_high = checked_range("to_range", to_range)
    check_word("kind of value", of, ("score", "difference"))
    if of == "difference":
        return values * (to_high - to_low) / (high - low)
    return to_low + (values - low) * (to_high - to_low) / (high - low)


def combine_arms(*, n: npt.ArrayLike, mean: npt.ArrayLike, sd: npt.ArrayLike) -> CombinedArm:
    """Return two or more groups as the one group that all their patients form.

    Parameters
    ----------
    n, mean, sd : array_like, shape (g,) or (g, k)
        Size, mean and standard deviation (score units) of g groups, in each of k studies. A vector has one
        value per group, which holds in every study.

    Returns
    -------
    CombinedArm
        Scalars, or arrays of shape (k,). Equal to what the patients' own scores would give.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.10.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> combine_arms(n=[20, 25], mean=[4.1, 3.6], sd=[2.2, 2.5])
    <CombinedArm: n 45, mean 3.822, sd 2.358>
    """
    sizes, means, deviations = grouped({"n": n, "mean": mean, "sd": sd})
    if sizes.ndim == 0 or sizes.shape[0] < 2:
        raise InputError("combining needs two or more groups; found one; give n, mean and sd of each group")
    check_n("n", sizes, least=1)
    check_sd("sd", deviations)
    total = sizes.sum(axis=0)
    require(total >= 2, "the combined group must have 2 or more patients", total, "leave single patients out")
    overall = (sizes * means).sum(axis=0) / total
    squares = ((sizes - 1) * deviations**2 + sizes * (means - overall) ** 2).sum(axis=0)
    return CombinedArm(n=total, mean=overall, sd=np.sqrt(squares / (total - 1)))


def smd_to_natural(*, g: npt.ArrayLike, se: npt.ArrayLike, sd_rep: npt.ArrayLike) -> EffectSizes:
    """Return standardised mean differences in points of a familiar scale.

    Parameters
    ----------
    g, se : array_like, shape (k,)
        Standardised mean differences and their standard errors.
    sd_rep : array_like
        A representative standard deviation of the scale, such as 2.5 for pain on 0-10.

    Returns
    -------
    EffectSizes
        Measure "MD", in points of the scale.

    References
    ----------
    .. [1] Cochrane Handbook, section 15.5.3.
       https://training.cochrane.org/handbook/current/chapter-15

    Examples
    --------
    >>> smd_to_natural(g=0.5, se=0.25, sd_rep=2.5)
    <EffectSizes: 1 of MD contrast, yi 1.250 (95 % CI 0.025 to 2.475)>
    """
    effect, error, sd = aligned({"g": g, "se": se, "sd_rep": sd_rep})
    check_above_0("se", error)
    check_above_0("sd_rep", sd)
    return EffectSizes(yi=effect * sd, vi=(error * sd) ** 2, measure="MD", estimand="contrast")


def log_odds_ratio_to_smd(*, lnor: npt.ArrayLike, se: npt.ArrayLike) -> EffectSizes:
    """Return log odds ratios as standardised mean differences.

    Parameters
    ----------
    lnor, se : array_like, shape (k,)
        Natural logarithms of odds ratios and their standard errors.

    Returns
    -------
    EffectSizes
        Measure "SMD": both times ``sqrt(3) / pi``. Equals ``metafor::escalc(measure="OR2DL")``.

    References
    ----------
    .. [1] Chinn S (2000). Statistics in Medicine 19:3127-3131.
       https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M

    Examples
    --------
    >>> log_odds_ratio_to_smd(lnor=0.916291, se=0.45)
    <EffectSizes: 1 of SMD contrast, yi 0.505 (95 % CI 0.019 to 0.991)>
    """
    effect, error = aligned({"lnor": lnor, "se": se})
    check_above_0("se", error)
    factor = 1 / LOGISTIC_SD
    return EffectSizes(yi=effect * factor, vi=(error * factor) ** 2, measure="SMD", estimand="contrast")


def mid_units(*, d: npt.ArrayLike, se: npt.ArrayLike, mid: npt.ArrayLike) -> EffectSizes:
    """Return mean differences in units of the smallest difference that matters.

    Parameters
    ----------
    d, se : array_like, shape (k,)
        Mean differences and their standard errors, in score units.
    mid : array_like
        Minimal important difference of each scale, in the same units, above 0.

    Returns
    -------
    EffectSizes
        Measure "MID": 1 is a difference that just matters, on whichever scale it was seen.

    References
    ----------
    .. [1] Johnston BC et al. (2010). https://doi.org/10.1186/1477-7525-8-116

    Examples
    --------
    >>> mid_units(d=8.0, se=2.5, mid=10)
    <EffectSizes: 1 of MID contrast, yi 0.800 (95 % CI 0.310 to 1.290)>
    """
    effect, error, unit = aligned({"d": d, "se": se, "mid": mid})
    check_above_0("se", error)
    check_above_0("mid", unit)
    return EffectSizes(yi=effect / unit, vi=(error / unit) ** 2, measure="MID", estimand="contrast")


def possible_correlation(values: FloatArray, rule: str, advice: str) -> FloatArray:
    """Return correlations clipped to -1 and 1, or refuse those beyond it by more than rounding."""
    require(np.abs(values) <= 1 + ROUNDING, rule, values, advice)
    return np.clip(values, -1.0, 1.0)
