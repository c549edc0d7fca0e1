"""Effects, standard errors and correlations from the numbers that reports print.

Every function takes arrays or single numbers by keyword, lets them broadcast, and returns the same shape;
a single number gives a single number. Of two arms the first had the procedure, the second is its comparator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import LEVEL, EffectSizes, require, t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import number
from spineevidence.models import Better
from spineevidence.timing import FloatArray, unknown_word

ROUNDING = 1e-9  # a correlation this far outside -1 to 1 is rounding, not a contradiction


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PseudoAncova:
    """A difference of final values, adjusted for the difference at baseline.

    Attributes
    ----------
    effect : EffectSizes, shape (k,)
        Adjusted difference in score units, benefit-positive.
    slope : ndarray, shape (k,)
        Points of the final value per point of the baseline.
    """

    effect: EffectSizes
    slope: FloatArray

    def __repr__(self) -> str:
        slopes = ", ".join(number(value, 3) for value in np.atleast_1d(self.slope)[:5])
        return f"<PseudoAncova: {self.effect!r}, slope {slopes}>"


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
    low, high = _aligned({"ci_low": ci_low, "ci_high": ci_high})
    require(low < high, "ci_low must be below ci_high", low, "exchange the limits, or check the digits")
    return (high - low) / (2 * t_quantile(p=(1 + _level(level)) / 2, df=_freedom(df)))


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
    size, tail = _aligned({"estimate": estimate, "p": p})
    require((tail > 0) & (tail <= 1), "p must be above 0 and at most 1", tail, 'give 0.001 for "p < 0.001"')
    require(tail < 1, "p must be below 1", tail, "p = 1 fits any standard error; use the finding alone")
    require(size != 0, "the estimate must not be 0", size, "0 fits any standard error; use the finding alone")
    return np.abs(size) / -t_quantile(p=tail / 2, df=_freedom(df))


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
    base, final, rho = _aligned({"sd_base": sd_base, "sd_final": sd_final, "r": r})
    _check_sd("sd_base", base)
    _check_sd("sd_final", final)
    _check_r("r", rho)
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
    base, final, change = _aligned({"sd_base": sd_base, "sd_final": sd_final, "sd_change": sd_change})
    _check_above_0("sd_base", base)
    _check_above_0("sd_final", final)
    _check_sd("sd_change", change)
    return _correlation(
        (base**2 + final**2 - change**2) / (2 * base * final),
        "the three standard deviations must allow a correlation from -1 to 1",
        "look whether one of them is a standard error",
    )


def mean_difference(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better,
    method: Literal["welch", "pooled"] = "welch",
) -> EffectSizes:
    """Return the difference of two means with its t interval, benefit-positive.

    Parameters
    ----------
    m1, sd1, n1 : array_like, shape (k,)
        Mean, standard deviation (score units) and size of the arm that had the procedure.
    m2, sd2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}
        Which scores are better: "lower" gives ``m2 - m1``, "higher" gives ``m1 - m2``.
    method : {"welch", "pooled"}, optional
        Unequal variances with Satterthwaite's degrees of freedom, or one common variance.

    Returns
    -------
    EffectSizes
        Measure "MD", in score units. Equals ``metafor::escalc(measure="MD")`` with vtype "LS" ("welch") or
        "HO" ("pooled"), with the sign turned if lower is better.

    References
    ----------
    .. [1] Welch BL (1947). https://doi.org/10.1093/biomet/34.1-2.28
    .. [2] Satterthwaite FE (1946). https://doi.org/10.2307/3002019

    Examples
    --------
    >>> mean_difference(m1=3.9, sd1=2.4, n1=32, m2=5.2, sd2=2.6, n2=24, better="lower")
    <EffectSizes: 1 of MD contrast, yi 1.300 (95 % CI -0.067 to 2.667)>
    """
    mean1, s1, size1, mean2, s2, size2 = _two_arms(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    if method == "welch":
        v1, v2 = s1**2 / size1, s2**2 / size2
        variance = v1 + v2
        df = variance**2 / (v1**2 / (size1 - 1) + v2**2 / (size2 - 1))
    elif method == "pooled":
        df = size1 + size2 - 2
        variance = _pooled_sd(s1, size1, s2, size2) ** 2 * (1 / size1 + 1 / size2)
    else:
        raise InputError(unknown_word("method", method, ("welch", "pooled")))
    difference = _direction(better) * (mean1 - mean2)
    return EffectSizes(yi=difference, vi=variance, df=df, measure="MD", estimand="contrast")


def pseudo_ancova(
    *,
    base1: npt.ArrayLike,
    final1: npt.ArrayLike,
    sd_base1: npt.ArrayLike,
    sd_final1: npt.ArrayLike,
    n1: npt.ArrayLike,
    base2: npt.ArrayLike,
    final2: npt.ArrayLike,
    sd_base2: npt.ArrayLike,
    sd_final2: npt.ArrayLike,
    n2: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better,
) -> PseudoAncova:
    """Return the difference of final means, adjusted for the difference of the baseline means.

    For arms that differed at baseline, where no adjusted analysis was published.

    Parameters
    ----------
    base1, final1, sd_base1, sd_final1, n1 : array_like, shape (k,)
        Means and standard deviations (score units) at baseline and follow-up, and the size, of the arm that
        had the procedure.
    base2, final2, sd_base2, sd_final2, n2 : array_like, shape (k,)
        The same for the comparator.
    r : array_like, shape (k,)
        Correlation of baseline and final scores within the arms, between -1 and 1.
    better : {"lower", "higher"}
        Which scores are better.

    Returns
    -------
    PseudoAncova
        The effect (measure "MD", score units, benefit-positive, ``n1 + n2 - 3`` degrees of freedom) and the
        slope ``r * sd_final / sd_base`` from the pooled standard deviations.

    References
    ----------
    .. [1] Trowman R et al. (2007). https://doi.org/10.1016/j.jclinepi.2007.03.014

    Examples
    --------
    >>> result = pseudo_ancova(base1=6.6, final1=4.0, sd_base1=1.4, sd_final1=2.5, n1=32, base2=6.0,
    ...                        final2=4.9, sd_base2=1.5, sd_final2=2.4, n2=24, r=0.3, better="lower")
    >>> result
    <PseudoAncova: <EffectSizes: 1 of MD contrast, yi 1.207 (95 % CI -0.091 to 2.504)>, slope 0.511>
    """
    before1, sb1, size1, before2, sb2, size2 = _two_arms(
        m1=base1, sd1=sd_base1, n1=n1, m2=base2, sd2=sd_base2, n2=n2, time="base"
    )
    after1, sf1, _, after2, sf2, _ = _two_arms(
        m1=final1, sd1=sd_final1, n1=n1, m2=final2, sd2=sd_final2, n2=n2, time="final"
    )
    (rho,) = _aligned({"r": r})
    require(np.abs(rho) < 1, "r must lie between -1 and 1", rho, "0.25 suits pain, 0.5 disability")
    sd_before, sd_after = _pooled_sd(sb1, size1, sb2, size2), _pooled_sd(sf1, size1, sf2, size2)
    slope = rho * sd_after / sd_before
    imbalance = before1 - before2
    difference = _direction(better) * ((after1 - after2) - slope * imbalance)
    leverage = imbalance**2 / ((size1 + size2 - 2) * sd_before**2)
    variance = sd_after**2 * (1 - rho**2) * (1 / size1 + 1 / size2 + leverage)
    effect = EffectSizes(
        yi=difference,
        vi=variance,
        df=size1 + size2 - 3,
        measure="MD",
        estimand="contrast",
        notes=("Adjusted for baseline from summary statistics (pseudo-ANCOVA).",),
    )
    return PseudoAncova(effect=effect, slope=slope)


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
    (values,) = _aligned({"value": value})
    (low, high), (to_low, to_high) = _range("from_range", from_range), _range("to_range", to_range)
    if of == "difference":
        return values * (to_high - to_low) / (high - low)
    if of != "score":
        raise InputError(unknown_word("kind of value", of, ("score", "difference")))
    return to_low + (values - low) * (to_high - to_low) / (high - low)


def small_sample_factor(
    *, n1: npt.ArrayLike, n2: npt.ArrayLike, method: Literal["exact", "approximate"] = "exact"
) -> FloatArray:
    """Return the factor J that removes the bias of a standardised mean difference.

    Parameters
    ----------
    n1, n2 : array_like, shape (k,)
        Sizes of the arms, 2 or more.
    method : {"exact", "approximate"}, optional
        By gamma functions, or ``1 - 3 / (4 df - 1)``, both with ``df = n1 + n2 - 2``.

    Returns
    -------
    ndarray, shape (k,)
        Between 0 and 1, close to 1 in large trials.

    References
    ----------
    .. [1] Hedges LV (1981). https://doi.org/10.3102/10769986006002107

    Examples
    --------
    >>> round(float(small_sample_factor(n1=32, n2=24)), 5)
    0.98604
    >>> round(float(small_sample_factor(n1=32, n2=24, method="approximate")), 5)
    0.98605
    """
    size1, size2 = _aligned({"n1": n1, "n2": n2})
    _check_n("n1", size1)
    _check_n("n2", size2)
    df = size1 + size2 - 2
    if method == "approximate":
        return 1 - 3 / (4 * df - 1)
    if method != "exact":
        raise InputError(unknown_word("method", method, ("exact", "approximate")))
    from scipy.special import gammaln  # late, as in `t_quantile`

    return np.exp(gammaln(df / 2) - np.log(df / 2) / 2 - gammaln((df - 1) / 2))


def hedges_g(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
) -> EffectSizes:
    """Return the bias-corrected standardised mean difference, with the exact correction.

    Parameters
    ----------
    m1, sd1, n1 : array_like, shape (k,)
        Mean, standard deviation (score units) and size of the arm that had the procedure.
    m2, sd2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" gives the sign of ``m1 - m2``; "lower" turns it, so that benefit is positive.

    Returns
    -------
    EffectSizes
        Measure "SMD", in standard deviations. Equals ``metafor::escalc(measure="SMD", vtype="LS")``.

    References
    ----------
    .. [1] Hedges LV (1981). https://doi.org/10.3102/10769986006002107

    Examples
    --------
    >>> hedges_g(m1=3.9, sd1=2.4, n1=32, m2=5.2, sd2=2.6, n2=24, better="lower")
    <EffectSizes: 1 of SMD contrast, yi 0.515 (95 % CI -0.022 to 1.053)>
    """
    mean1, s1, size1, mean2, s2, size2 = _two_arms(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    d = _direction(better) * (mean1 - mean2) / _pooled_sd(s1, size1, s2, size2)
    return _standardised(small_sample_factor(n1=size1, n2=size2) * d, size1, size2)


def hedges_g_from_d(
    *, d: npt.ArrayLike, sd_pooled: npt.ArrayLike, n1: npt.ArrayLike, n2: npt.ArrayLike
) -> EffectSizes:
    """Return the standardised mean difference of a raw one, with the approximate correction.

    Parameters
    ----------
    d : array_like, shape (k,)
        Mean difference in score units, benefit-positive.
    sd_pooled : array_like, shape (k,)
        Standard deviation that both arms share, in score units.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.

    Returns
    -------
    EffectSizes
        Measure "SMD", in standard deviations: ``g = J d / sd_pooled`` with ``J = 1 - 3 / (4 df - 1)`` and
        variance ``(n1 + n2) / (n1 n2) + g^2 / (2 (n1 + n2))``. `hedges_g` has the exact J.

    References
    ----------
    .. [1] Hedges LV (1981). https://doi.org/10.3102/10769986006002107

    Examples
    --------
    >>> hedges_g_from_d(d=1.3, sd_pooled=2.49, n1=32, n2=24)
    <EffectSizes: 1 of SMD contrast, yi 0.515 (95 % CI -0.023 to 1.053)>
    """
    raw, sd, size1, size2 = _aligned({"d": d, "sd_pooled": sd_pooled, "n1": n1, "n2": n2})
    _check_above_0("sd_pooled", sd)
    factor = small_sample_factor(n1=size1, n2=size2, method="approximate")
    return _standardised(factor * raw / sd, size1, size2)


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
    effect, error, sd = _aligned({"g": g, "se": se, "sd_rep": sd_rep})
    _check_above_0("se", error)
    _check_above_0("sd_rep", sd)
    return EffectSizes(yi=effect * sd, vi=(error * sd) ** 2, measure="MD", estimand="contrast")


def change_score_correlation(
    *, r_jl: npt.ArrayLike, r_base_j: npt.ArrayLike, r_base_l: npt.ArrayLike
) -> FloatArray:
    """Return the correlation of two changes from one baseline, for equal standard deviations.

    Parameters
    ----------
    r_jl : array_like, shape (k,)
        Correlation of the scores at the two visits.
    r_base_j, r_base_l : array_like, shape (k,)
        Correlation of baseline with each visit, below 1.

    Returns
    -------
    ndarray, shape (k,)
        ``(r_jl - r_base_j - r_base_l + 1) / (2 sqrt((1 - r_base_j) (1 - r_base_l)))``.

    References
    ----------
    .. [1] Trikalinos TA, Olkin I (2012), effects at several times of one study.
       https://doi.org/10.1177/1740774512453218

    Examples
    --------
    >>> round(float(change_score_correlation(r_jl=0.7, r_base_j=0.3, r_base_l=0.25)), 3)
    0.794
    """
    between, first, second = _aligned({"r_jl": r_jl, "r_base_j": r_base_j, "r_base_l": r_base_l})
    for name, values in (("r_jl", between), ("r_base_j", first), ("r_base_l", second)):
        _check_r(name, values)
    for name, values in (("r_base_j", first), ("r_base_l", second)):
        require(values < 1, f"{name} must be below 1", values, "with 1 nobody changes by another amount")
    return _correlation(
        (between - first - second + 1) / (2 * np.sqrt((1 - first) * (1 - second))),
        "the three correlations must be possible together",
        "take all three from the same patients",
    )


def overlap_correlation(
    *, r: npt.ArrayLike, n_j: npt.ArrayLike, n_l: npt.ArrayLike, n_both: npt.ArrayLike
) -> FloatArray:
    """Return the correlation of two means when only some patients came to both visits.

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlation of the scores of the patients seen twice.
    n_j, n_l : array_like, shape (k,)
        Patients at each visit.
    n_both : array_like, shape (k,)
        Patients at both, no more than at either.

    Returns
    -------
    ndarray, shape (k,)
        ``r n_both / sqrt(n_j n_l)``.

    References
    ----------
    .. [1] Trikalinos TA, Olkin I (2012), effects at several times of one study.
       https://doi.org/10.1177/1740774512453218

    Examples
    --------
    >>> round(float(overlap_correlation(r=0.7, n_j=60, n_l=45, n_both=44)), 3)
    0.593
    """
    rho, first, second, both = _aligned({"r": r, "n_j": n_j, "n_l": n_l, "n_both": n_both})
    _check_r("r", rho)
    _check_n("n_j", first, least=1)
    _check_n("n_l", second, least=1)
    most = np.minimum(first, second)
    rule = "n_both must lie between 0 and the smaller of n_j and n_l"
    require((both >= 0) & (both <= most), rule, both, "count the patients seen at both visits")
    return rho * both / np.sqrt(first * second)


def doubling_correlation(*, months_j: npt.ArrayLike, months_l: npt.ArrayLike, rho: float = 0.7) -> FloatArray:
    """Return the correlation of two visits that falls by one factor with each doubling of time.

    Parameters
    ----------
    months_j, months_l : array_like, shape (k,)
        Times of the visits, in any one unit, above 0.
    rho : float, optional
        Correlation of two visits of which one is twice as late as the other, from 0 to 1.

    Returns
    -------
    ndarray, shape (k,)
        ``rho ** |log2(months_j / months_l)|``. Equals ``metafor::rma.mv(struct="CAR")`` with log2 of time as
        the inner variable.

    References
    ----------
    .. [1] Musekiwa A et al. (2016), correlation structures for several times of one study.
       https://doi.org/10.1371/journal.pone.0164898

    Examples
    --------
    >>> round(float(doubling_correlation(months_j=1, months_l=12)), 3)
    0.278
    """
    first, second, factor = _aligned({"months_j": months_j, "months_l": months_l, "rho": rho})
    _check_above_0("months_j", first)
    _check_above_0("months_l", second)
    require(
        (factor >= 0) & (factor <= 1),
        "rho must lie from 0 to 1",
        factor,
        "0.7 is usual, 0.5 to 0.9 plausible",
    )
    return factor ** np.abs(np.log2(first / second))


def combine_arms(*, n: npt.ArrayLike, mean: npt.ArrayLike, sd: npt.ArrayLike) -> CombinedArm:
    """Return two or more groups as the one group that all their patients form.

    Parameters
    ----------
    n, mean, sd : array_like, shape (g,) or (g, k)
        Size, mean and standard deviation (score units) of g groups, in each of k studies.

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
    sizes, means, deviations = _aligned({"n": n, "mean": mean, "sd": sd})
    if sizes.ndim == 0 or sizes.shape[0] < 2:
        raise InputError("combining needs two or more groups; found one; give n, mean and sd of each group")
    _check_n("n", sizes, least=1)
    _check_sd("sd", deviations)
    total = sizes.sum(axis=0)
    require(total >= 2, "the combined group must have 2 or more patients", total, "leave single patients out")
    overall = (sizes * means).sum(axis=0) / total
    squares = ((sizes - 1) * deviations**2 + sizes * (means - overall) ** 2).sum(axis=0)
    return CombinedArm(n=total, mean=overall, sd=np.sqrt(squares / (total - 1)))


def shared_control_covariance(*, sd_control: npt.ArrayLike, n_control: npt.ArrayLike) -> FloatArray:
    """Return the covariance of two mean differences that were taken from one control arm.

    Parameters
    ----------
    sd_control, n_control : array_like, shape (k,)
        Standard deviation (score units) and size of the control arm.

    Returns
    -------
    ndarray, shape (k,)
        ``sd_control^2 / n_control``, in squared score units: an off-diagonal entry of ``V`` in
        ``metafor::rma.mv``.

    References
    ----------
    .. [1] Cochrane Handbook, section 23.3.4, on studies with several groups.
       https://training.cochrane.org/handbook/current/chapter-23

    Examples
    --------
    >>> float(shared_control_covariance(sd_control=2.5, n_control=40))
    0.15625
    """
    deviation, size = _aligned({"sd_control": sd_control, "n_control": n_control})
    _check_sd("sd_control", deviation)
    _check_n("n_control", size)
    return deviation**2 / size


def wilson_interval(
    *, events: npt.ArrayLike, n: npt.ArrayLike, level: float = LEVEL
) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's score interval of a proportion.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Patients with the event, and all patients.
    level : float, optional
        Coverage.

    Returns
    -------
    low, high : ndarray, shape (k,)
        Limits from 0 to 1.

    References
    ----------
    .. [1] Wilson EB (1927). https://doi.org/10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_interval(events=3, n=4)
    >>> round(float(low), 3), round(float(high), 3)
    (0.301, 0.954)
    """
    count, size = _aligned({"events": events, "n": n})
    _check_n("n", size, least=1)
    _check_events("events", count, size)
    z = t_quantile(p=(1 + _level(level)) / 2, df=np.inf)
    middle = 2 * count + z**2
    half = z * np.sqrt(z**2 + 4 * count * (size - count) / size)
    scale = 2 * (size + z**2)
    low = np.where(count == 0, 0.0, (middle - half) / scale)
    high = np.where(count == size, 1.0, (middle + half) / scale)
    return low[()], high[()]


def risk_difference(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
) -> EffectSizes:
    """Return the difference of two proportions with Newcombe's hybrid score interval.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.

    Returns
    -------
    EffectSizes
        Measure "RD", as a fraction. `yi` and `vi` (Wald's variance) equal those of
        ``metafor::escalc(measure="RD", to="none")``; the interval is Newcombe's (his method 10), which need
        not be symmetric. If in both arms either nobody or everybody had the event, Wald's variance is 0; it
        is then taken with 1/2 added to each cell, and a note says so.

    References
    ----------
    .. [1] Newcombe RG (1998). Statistics in Medicine 17:873-890.
       https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> risk_difference(events1=56, n1=70, events2=48, n2=80)
    <EffectSizes: 1 of RD contrast, yi 0.200 (95 % CI 0.052 to 0.334)>
    """
    e1, size1, e2, size2 = _aligned({"events1": events1, "n1": n1, "events2": events2, "n2": n2})
    for name, size in (("n1", size1), ("n2", size2)):
        _check_n(name, size, least=1)
    _check_events("events1", e1, size1)
    _check_events("events2", e2, size2)
    p1, p2 = e1 / size1, e2 / size2
    low1, high1 = wilson_interval(events=e1, n=size1)
    low2, high2 = wilson_interval(events=e2, n=size2)
    down, up = np.hypot(p1 - low1, high2 - p2), np.hypot(high1 - p1, p2 - low2)
    variance, notes = _wald_variance(e1, size1, e2, size2)
    sign = _direction(better)
    below, above = (down, up) if sign > 0 else (up, down)
    effect = sign * (p1 - p2)
    return EffectSizes(
        yi=effect,
        vi=variance,
        ci_low=effect - below,
        ci_high=effect + above,
        measure="RD",
        estimand="contrast",
        notes=notes,
    )


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
    effect, error = _aligned({"lnor": lnor, "se": se})
    _check_above_0("se", error)
    factor = np.sqrt(3) / np.pi
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
    effect, error, unit = _aligned({"d": d, "se": se, "mid": mid})
    _check_above_0("se", error)
    _check_above_0("mid", unit)
    return EffectSizes(yi=effect / unit, vi=(error / unit) ** 2, measure="MID", estimand="contrast")


def _aligned(values: Mapping[str, npt.ArrayLike]) -> list[FloatArray]:
    """Return finite float arrays of one common shape, or raise with the name that does not fit."""
    arrays = []
    for name, value in values.items():
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{name} must be a number or an array of numbers, not {value!r}") from error
        require(np.isfinite(array), f"{name} must be finite", array, "leave out rows without a number")
        arrays.append(array)
    try:
        return [array[()] for array in np.broadcast_arrays(*arrays)]
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(values, arrays, strict=True))
        raise InputError(
            f"arrays of one length are needed; found {shapes}; give one value per row"
        ) from error


def _two_arms(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    time: str = "",
) -> list[FloatArray]:
    mean, sd_of = (time, f"sd_{time}") if time else ("m", "sd")
    arms = _aligned({f"{mean}1": m1, f"{sd_of}1": sd1, "n1": n1, f"{mean}2": m2, f"{sd_of}2": sd2, "n2": n2})
    _, s1, size1, _, s2, size2 = arms
    for name, sd in ((f"{sd_of}1", s1), (f"{sd_of}2", s2)):
        _check_sd(name, sd)
    for name, size in (("n1", size1), ("n2", size2)):
        _check_n(name, size)
    require(
        (s1 > 0) | (s2 > 0), "one standard deviation must be above 0", s1, "leave out arms that do not vary"
    )
    return arms


def _pooled_sd(s1: FloatArray, n1: FloatArray, s2: FloatArray, n2: FloatArray) -> FloatArray:
    return np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))


def _standardised(g: FloatArray, n1: FloatArray, n2: FloatArray) -> EffectSizes:
    variance = 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))
    return EffectSizes(yi=g, vi=variance, measure="SMD", estimand="contrast")


def _wald_variance(
    e1: FloatArray, n1: FloatArray, e2: FloatArray, n2: FloatArray
) -> tuple[FloatArray, tuple[str, ...]]:
    plain = e1 * (n1 - e1) / n1**3 + e2 * (n2 - e2) / n2**3
    q1, q2 = (e1 + 0.5) / (n1 + 1), (e2 + 0.5) / (n2 + 1)
    filled = q1 * (1 - q1) / (n1 + 1) + q2 * (1 - q2) / (n2 + 1)
    degenerate = plain == 0
    note = "Both arms were all or none: the variance was taken with 1/2 added to each cell."
    return np.where(degenerate, filled, plain), (note,) if degenerate.any() else ()


def _correlation(values: FloatArray, rule: str, advice: str) -> FloatArray:
    require(np.abs(values) <= 1 + ROUNDING, rule, values, advice)
    return np.clip(values, -1.0, 1.0)


def _freedom(df: npt.ArrayLike | None) -> FloatArray:
    freedom = np.asarray(np.inf if df is None else df, dtype=np.float64)
    require(freedom > 0, "df must be above 0", freedom, "leave df out where it is not known")
    return freedom


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"a level must lie between 0 and 1; found {level:g}; give 0.95 for 95 %")
    return level


def _direction(better: str) -> float:
    if better not in {"lower", "higher"}:
        raise InputError(unknown_word("direction", better, ("lower", "higher")))
    return -1.0 if better == "lower" else 1.0


def _range(name: str, limits: tuple[float, float]) -> tuple[float, float]:
    if len(limits) != 2 or not np.isfinite(limits).all() or limits[0] >= limits[1]:
        raise InputError(
            f"{name} must be the lowest and the highest score; found {limits!r}; for example (0, 100)"
        )
    return limits


def _check_n(name: str, n: FloatArray, *, least: int = 2) -> None:
    require(n >= least, f"{name} must be {least} or more", n, "give the patients analysed in that arm")


def _check_sd(name: str, sd: FloatArray) -> None:
    require(sd >= 0, f"{name} must be 0 or more", sd, "give a standard deviation in score units")


def _check_above_0(name: str, values: FloatArray) -> None:
    require(values > 0, f"{name} must be above 0", values, "leave out rows where it is 0 or unknown")


def _check_r(name: str, r: FloatArray) -> None:
    require(np.abs(r) <= 1, f"{name} must lie from -1 to 1", r, "give a correlation, not a percentage")


def _check_events(name: str, events: FloatArray, n: FloatArray) -> None:
    rule = f"{name} must lie between 0 and the number of patients"
    require((events >= 0) & (events <= n), rule, events, "give patients with the event, not a percentage")
