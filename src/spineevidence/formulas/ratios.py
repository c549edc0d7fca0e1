"""Log ratios and their variances from a printed ratio with its interval, one limit, p or z.

Every function takes arrays or single numbers by keyword and lets them broadcast. All assume that the
logarithm of the ratio is normally distributed, as the usual intervals of odds, risk and hazard ratios do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import LEVEL, BoolArray, EffectSizes, positions, require, t_quantile
from spineevidence.formulas.arguments import (
    aligned,
    check_above_0,
    check_level,
    check_p,
    check_word,
    direction,
)
from spineevidence.formulas.conversions import se_from_p
from spineevidence.models import Better
from spineevidence.timing import FloatArray

MEASURES = ("HR", "IRR", "OR", "ROM", "RR")
ASYMMETRY = 0.1  # of the width of an interval: more than rounding to two digits usually explains


def interval_asymmetry(*, ratio: npt.ArrayLike, ci_low: npt.ArrayLike, ci_high: npt.ArrayLike) -> FloatArray:
    """Return how far a ratio lies from the middle of its interval, on the log scale.

    Parameters
    ----------
    ratio, ci_low, ci_high : array_like, shape (k,)
        Ratio and limits as printed, above 0.

    Returns
    -------
    ndarray, shape (k,)
        Distance from the middle as a share of the whole width: 0 in the middle, 0.5 on a limit. Above 0.1
        (the threshold of ``metafor::conv.wald``) look for a misprint, an exact or a bootstrap interval, or
        an interval of another analysis.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.1.2.1, on intervals of ratios.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> round(float(interval_asymmetry(ratio=4.89, ci_low=4.00, ci_high=5.99)), 3)
    0.002
    """
    logarithm, low, high, _ = _logarithms(ratio, ci_low, ci_high, LEVEL)
    return _off_middle(logarithm, low, high)


def ratio_from_interval(
    *,
    ratio: npt.ArrayLike,
    ci_low: npt.ArrayLike,
    ci_high: npt.ArrayLike,
    measure: str,
    level: npt.ArrayLike = LEVEL,
    better: Better = "higher",
) -> EffectSizes:
    """Return log ratios from printed ratios with their intervals.

    Nothing is corrected: the estimate stays as printed, the variance comes from the width alone, and a note
    names intervals whose middle is not the estimate.

    Parameters
    ----------
    ratio, ci_low, ci_high : array_like, shape (k,)
        Ratio and limits as printed, above 0; the ratio within its limits.
    measure : {"HR", "IRR", "OR", "ROM", "RR"}
        What the ratio is of: hazards, rates, odds, means or risks.
    level : array_like, optional
        Coverage of each interval, such as 0.95.
    better : {"lower", "higher"}, optional
        "lower" turns the sign, so that less of a bad event counts as benefit.

    Returns
    -------
    EffectSizes
        Natural logarithms, ``vi = ((log ci_high - log ci_low) / (2 z))^2``. As ``metafor::conv.wald``. The
        interval is the one that follows from them: 95 %, symmetric.

    Raises
    ------
    InputError
        Also if a ratio lies outside its interval.

    References
    ----------
    .. [1] Cochrane Handbook, sections 6.3.1 and 6.3.2.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> ratio_from_interval(ratio=4.89, ci_low=4.00, ci_high=5.99, measure="OR")
    <EffectSizes: 1 of OR contrast, yi 1.587 (95 % CI 1.385 to 1.789)>
    """
    logarithm, low, high, coverage = _logarithms(ratio, ci_low, ci_high, level)
    error = (high - low) / (2 * t_quantile(p=(1 + coverage) / 2, df=np.inf))
    uneven = _off_middle(logarithm, low, high) > ASYMMETRY
    note = f"The estimate is not in the middle of its interval (by more than {ASYMMETRY:g} of the width)"
    return _effects(logarithm, error**2, measure, better, flag=(note, uneven))


def ratio_from_limit(
    *,
    ratio: npt.ArrayLike,
    limit: npt.ArrayLike,
    measure: str,
    level: npt.ArrayLike = LEVEL,
    better: Better = "higher",
) -> EffectSizes:
    """Return log ratios from printed ratios with one limit of their two-sided intervals.

    Parameters
    ----------
    ratio, limit : array_like, shape (k,)
        Ratio, and its lower or upper limit, above 0 and not equal.
    measure : {"HR", "IRR", "OR", "ROM", "RR"}
        What the ratio is of.
    level : array_like, optional
        Coverage of the whole two-sided interval. A limit of a one-sided 95 % interval has 0.90.
    better : {"lower", "higher"}, optional
        "lower" turns the sign.

    Returns
    -------
    EffectSizes
        Natural logarithms, ``vi = ((log limit - log ratio) / z)^2``. If both limits are printed use
        `ratio_from_interval`, where rounding weighs less.

    References
    ----------
    .. [1] Cochrane Handbook, sections 6.3.1 and 6.3.2.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> ratio_from_limit(ratio=4.89, limit=5.99, measure="OR")
    <EffectSizes: 1 of OR contrast, yi 1.587 (95 % CI 1.384 to 1.790)>
    """
    value, edge, coverage = aligned({"ratio": ratio, "limit": limit, "level": level})
    check_level(coverage)
    check_above_0("ratio", value)
    check_above_0("limit", edge)
    require(value != edge, "the limit must differ from the ratio", edge, "check the digits")
    distance = np.abs(np.log(edge) - np.log(value))
    error = distance / t_quantile(p=(1 + coverage) / 2, df=np.inf)
    note = "Variances come from one limit alone; nothing tells whether the interval is symmetric."
    return _effects(np.log(value), error**2, measure, better, said=(note,))


def ratio_from_p(
    *, ratio: npt.ArrayLike, p: npt.ArrayLike, measure: str, better: Better = "higher"
) -> EffectSizes:
    """Return log ratios from printed ratios with their two-sided p-values.

    From "p < 0.05" the result for 0.05 has the largest variance that agrees with the report. Near a ratio
    of 1 two digits of the ratio decide the variance, so prefer an interval.

    Parameters
    ----------
    ratio : array_like, shape (k,)
        Ratio as printed, above 0.
    p : array_like, shape (k,)
        Two-sided p-value of a Wald test, above 0 and at most 1. Not of an exact test.
    measure : {"HR", "IRR", "OR", "ROM", "RR"}
        What the ratio is of.
    better : {"lower", "higher"}, optional
        "lower" turns the sign.

    Returns
    -------
    EffectSizes
        Natural logarithms, ``vi = (log ratio / z(1 - p/2))^2``. As ``metafor::conv.wald``. Where the ratio or
        p is 1 any variance fits: `vi` is NaN, and a note says so.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.3.2.
       https://training.cochrane.org/handbook/current/chapter-06
    .. [2] Altman DG, Bland JM (2011). https://doi.org/10.1136/bmj.d2090

    Examples
    --------
    >>> ratio_from_p(ratio=0.30, p=0.034, measure="RR", better="lower")
    <EffectSizes: 1 of RR contrast, yi 1.204 (95 % CI 0.091 to 2.317)>
    """
    value, tail = aligned({"ratio": ratio, "p": p})
    check_above_0("ratio", value)
    check_p("p", tail)
    logarithm = np.log(value)
    usable = (value != 1) & (tail < 1)
    error = se_from_p(estimate=np.where(usable, logarithm, 1.0), p=np.where(usable, tail, 0.5))
    note = "No variance follows from a ratio of 1 or from p = 1"
    return _effects(logarithm, np.where(usable, error**2, np.nan), measure, better, flag=(note, ~usable))


def ratio_from_z(
    *, ratio: npt.ArrayLike, z: npt.ArrayLike, measure: str, better: Better = "higher"
) -> EffectSizes:
    """Return log ratios from printed ratios with their Wald statistics.

    Parameters
    ----------
    ratio : array_like, shape (k,)
        Ratio as printed, above 0.
    z : array_like, shape (k,)
        ``log ratio / standard error``; of the sign of the logarithm. Of a chi-squared statistic with one
        degree of freedom give the square root with that sign.
    measure : {"HR", "IRR", "OR", "ROM", "RR"}
        What the ratio is of.
    better : {"lower", "higher"}, optional
        "lower" turns the sign.

    Returns
    -------
    EffectSizes
        Natural logarithms, ``vi = (log ratio / z)^2``. As ``metafor::conv.wald``. Where z is 0, the ratio is
        1 or the signs contradict each other, `vi` is NaN, and a note says so.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.3.2.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> ratio_from_z(ratio=[0.30, 1.20], z=[-2.12, -0.40], measure="RR", better="lower").vi.round(4).tolist()
    [0.3225, nan]
    """
    value, statistic = aligned({"ratio": ratio, "z": z})
    check_above_0("ratio", value)
    logarithm = np.log(value)
    usable = logarithm * statistic > 0
    variance = (logarithm / np.where(usable, statistic, 1.0)) ** 2
    note = "No variance follows where z is 0, the ratio is 1, or their signs contradict each other"
    return _effects(logarithm, np.where(usable, variance, np.nan), measure, better, flag=(note, ~usable))


def _logarithms(
    ratio: npt.ArrayLike, ci_low: npt.ArrayLike, ci_high: npt.ArrayLike, level: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    given = {"ratio": ratio, "ci_low": ci_low, "ci_high": ci_high, "level": level}
    value, low, high, coverage = aligned(given)
    for name, values in (("ratio", value), ("ci_low", low), ("ci_high", high)):
        check_above_0(name, values)
    require(low < high, "ci_low must be below ci_high", low, "exchange the limits, or check the digits")
    rule = "the ratio must lie within its interval"
    require((low <= value) & (value <= high), rule, value, "one of the three is misprinted or not a ratio")
    check_level(coverage)
    return np.log(value), np.log(low), np.log(high), coverage


def _off_middle(value: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    return np.abs((low + high) / 2 - value) / (high - low)


def _effects(
    logarithm: FloatArray,
    variance: FloatArray,
    measure: str,
    better: str,
    *,
    flag: tuple[str, BoolArray] | None = None,
    said: tuple[str, ...] = (),
) -> EffectSizes:
    check_word("measure", measure, MEASURES)
    notes = list(said)
    if flag is not None and np.any(flag[1]):
        notes.append(f"{flag[0]}: {_places(np.atleast_1d(flag[1]))}.")
    effect, spread = np.broadcast_arrays(direction(better) * logarithm, variance)
    return EffectSizes(
        yi=effect,
        vi=spread,
        measure=measure,
        estimand="contrast",
        notes=notes,
        undefined=True,
    )


def _places(flag: BoolArray) -> str:
    return f"{np.count_nonzero(flag)} of {flag.size}, {positions(flag)}"
