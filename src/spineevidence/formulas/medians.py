"""Means and standard deviations from medians, quartiles and extremes.

Everything here assumes a shape of the scores, which a report of medians often denies: authors print medians
where scores are skewed. So each result carries the skewness test, and its notes begin `MEDIAN_CONVERTED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import BoolArray, positions, require
from spineevidence.errors import InputError
from spineevidence.formatting import number
from spineevidence.formulas.arguments import aligned, check_n, check_word, checked_range
from spineevidence.timing import FloatArray

CODE = "MEDIAN_CONVERTED"
FIT = 1e-14  # where a fit stops, relative
SHAPE = 14.0  # bound of the logarithm of a shape: such a gamma distribution is normal to three digits
LEAST_N = 5  # the weights and critical values were fitted for 5 patients or more
R_TOLERANCE = float(np.finfo(np.float64).eps) ** 0.25  # of R's integrate()
Method = Literal["luo", "wan", "hozo", "walter", "bland", "lognormal", "quantile_estimation"]
Given = Literal["extremes", "quartiles", "five"]

PRINTED = MappingProxyType(
    {
        "extremes": "minimum, median and maximum",
        "quartiles": "median and quartiles",
        "five": "minimum, quartiles, median and maximum",
    }
)
SOURCES = MappingProxyType(
    {
        ("luo", "extremes"): "Luo 2018 and Wan 2014, for normal scores",
        ("luo", "quartiles"): "Luo 2018 and Wan 2014, for normal scores",
        ("luo", "five"): "Luo 2018 and Shi 2020, for normal scores",
        ("wan", "extremes"): "Wan 2014, for normal scores",
        ("wan", "quartiles"): "Wan 2014, for normal scores",
        ("wan", "five"): "Wan 2014, for normal scores",
        ("hozo", "extremes"): "Hozo 2005",
        ("walter", "extremes"): "Walter 2007, for normal scores",
        ("bland", "five"): "Bland 2015",
        ("lognormal", "extremes"): "Shi 2020, for log-normal scores",
        ("lognormal", "quartiles"): "Shi 2020, for log-normal scores",
        ("lognormal", "five"): "Shi 2020, for log-normal scores",
        ("quantile_estimation", "extremes"): "quantile estimation (McGrath 2020)",
        ("quantile_estimation", "quartiles"): "quantile estimation (McGrath 2020)",
        ("quantile_estimation", "five"): "quantile estimation (McGrath 2020)",
    }
)
METHODS = ("luo", "wan", "hozo", "walter", "bland", "lognormal", "quantile_estimation")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FromMedian:
    """Means and standard deviations estimated from medians, with the test of skewness.

    Attributes
    ----------
    mean, sd : ndarray, shape (k,)
        In score units; NaN where they were withheld for skewness. Scalars for scalar input.
    skew_statistic, skew_critical : ndarray, shape (k,)
        Shi's statistic (0 for symmetry) and its critical value at the 5 % level.
    skewed : ndarray of bool, shape (k,)
        Whether the statistic is above the critical value.
    distribution : tuple of str
        The assumed or best fitting distribution of each row.
    notes : tuple of str
        What was done, each beginning with ``MEDIAN_CONVERTED:``.
    """

    mean: FloatArray
    sd: FloatArray
    skew_statistic: FloatArray
    skew_critical: FloatArray
    skewed: BoolArray
    distribution: tuple[str, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        if np.ndim(self.mean):
            return f"<FromMedian: {np.size(self.mean)} groups, {int(np.sum(self.skewed))} skewed>"
        mean, sd = number(float(self.mean), 3), number(float(self.sd), 3)
        return f"<FromMedian: mean {mean}, sd {sd}{', skewed' if self.skewed else ''}>"


@dataclass(frozen=True, slots=True, eq=False)
class _Summary:
    """What is printed of k groups; quartiles or extremes are NaN where they are not given."""

    given: Given
    n: FloatArray
    median: FloatArray
    low: FloatArray
    q1: FloatArray
    q3: FloatArray
    high: FloatArray

    def logarithms(self) -> _Summary:
        parts = [np.log(part) for part in (self.median, self.low, self.q1, self.q3, self.high)]
        return _Summary(self.given, self.n, *parts)


def mean_sd_from_median(
    *,
    n: npt.ArrayLike,
    median: npt.ArrayLike,
    minimum: npt.ArrayLike | None = None,
    q1: npt.ArrayLike | None = None,
    q3: npt.ArrayLike | None = None,
    maximum: npt.ArrayLike | None = None,
    method: Method = "luo",
    scale: tuple[float, float] | None = None,
    withhold_skewed: bool = False,
) -> FromMedian:
    """Return means and standard deviations of groups of which medians are printed.

    Give extremes, quartiles, or all four. "luo" is the best of the methods for normal scores. If the scores
    are skewed and the group is not small, "lognormal" is usually closer, and from quartiles also
    "quantile_estimation"; with extremes the latter puts them at 1/n and 1 - 1/n and overstates the standard
    deviation (by 15 % for 101 log-normal scores, 30 % for 21, if their logarithms have one of 0.5). With a
    strong skew (a median on a limit of its scale) or a very small group nothing is reliable: leave such a
    study to the findings. "Not skewed" is no proof of symmetry: of such groups of 51 the test finds 88 % from
    all five numbers, but 13 % from quartiles.

    Parameters
    ----------
    n : array_like, shape (k,)
        Patients, 5 or more.
    median : array_like, shape (k,)
        Medians, in score units.
    minimum, maximum : array_like, shape (k,), optional
        Smallest and largest score seen; not the limits of the scale.
    q1, q3 : array_like, shape (k,), optional
        Quartiles; not half the width of the interquartile range.
    method : {"luo", "wan", "hozo", "walter", "bland", "lognormal", "quantile_estimation"}, optional
        "luo": means of Luo, standard deviations of Wan (extremes or quartiles) or Shi (all four).
        "wan": both of Wan. "hozo" and "walter": extremes only, "bland": all four only; these are given
        to repeat older reviews. "lognormal": Shi's formulas on logarithms. "quantile_estimation": the
        best fitting of a normal, log-normal, gamma and Weibull distribution, and of a beta
        distribution if all values lie between 0 and 1.
    scale : tuple of two floats, optional
        Lowest and highest score possible; scores beyond it are refused, whatever the method. With it
        "quantile_estimation" fits a beta distribution on that range alone (and needs a median within it, not
        on a limit): from quartiles the others can put most of their spread beyond the end of the scale.
    withhold_skewed : bool, optional
        Whether mean and standard deviation are NaN where the test finds skewness.

    Returns
    -------
    FromMedian
        Equal to ``metafor::conv.fivenum``, for "lognormal" with ``dist="lnorm"``. With "lognormal" the test
        is of the logarithms, as they are what is assumed to be normal.

    Raises
    ------
    InputError
        Also if only one extreme or one quartile is given, the values are not in ascending order, a
        range or interquartile range without width would give a standard deviation of 0, or the
        method has no formula for what is printed.

    References
    ----------
    .. [1] Luo D et al. (2018). https://doi.org/10.1177/0962280216669183
    .. [2] Wan X et al. (2014). https://doi.org/10.1186/1471-2288-14-135
    .. [3] Shi J et al. (2020a). https://doi.org/10.1002/jrsm.1429
    .. [4] Shi J et al. (2020b), log-normal scores. https://doi.org/10.4310/SII.2020.v13.n4.a9
    .. [5] Shi J et al. (2023), test of skewness. https://doi.org/10.1177/09622802231172043
    .. [6] McGrath S et al. (2020). https://doi.org/10.1177/0962280219889080
    .. [7] Hozo SP et al. (2005). https://doi.org/10.1186/1471-2288-5-13
    .. [8] Walter SD, Yao X (2007). https://doi.org/10.1016/j.jclinepi.2006.11.003
    .. [9] Bland M (2015). https://doi.org/10.6000/1929-6029.2015.04.01.6

    Examples
    --------
    >>> mean_sd_from_median(n=60, median=42, q1=34, q3=52)
    <FromMedian: mean 42.706, sd 13.672>
    >>> mean_sd_from_median(n=60, median=42, q1=40, q3=62)
    <FromMedian: mean 48.358, sd 16.711, skewed>
    """
    limits = None if scale is None else checked_range("scale", scale)
    check_word("method", method, METHODS)
    printed = _checked(n, {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum})
    if (method, printed.given) not in SOURCES:
        raise InputError(
            f'method "{method}" has no formula for {PRINTED[printed.given]}; '
            'use "luo", "lognormal" or "quantile_estimation"'
        )
    if limits is not None:
        _check_scale(printed, limits, inside=method == "quantile_estimation")
    if method == "lognormal":
        require(_smallest(printed) > 0, "scores must be above 0", _smallest(printed), "logarithms need it")
    tested = printed.logarithms() if method == "lognormal" else printed
    statistic, critical = _skewness(tested)
    skewed = np.asarray(statistic > critical)
    if method == "quantile_estimation":
        mean, sd, distribution = _quantile_estimation(printed, limits)
    else:
        mean, sd = _by_formula(method, tested)
        distribution = ("log-normal" if method == "lognormal" else "normal",) * int(np.size(mean))
    return FromMedian(
        mean=np.where(withhold_skewed & skewed, np.nan, mean)[()],
        sd=np.where(withhold_skewed & skewed, np.nan, sd)[()],
        skew_statistic=statistic,
        skew_critical=critical,
        skewed=skewed[()],
        distribution=distribution,
        notes=_notes(method, printed.given, skewed, withhold_skewed, distribution),
    )


def skewness_test(
    *,
    n: npt.ArrayLike,
    median: npt.ArrayLike,
    minimum: npt.ArrayLike | None = None,
    q1: npt.ArrayLike | None = None,
    q3: npt.ArrayLike | None = None,
    maximum: npt.ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return Shi's test of skewness: statistic, critical value and verdict.

    Parameters
    ----------
    n : array_like, shape (k,)
        Patients, 5 or more.
    median, minimum, q1, q3, maximum : array_like, shape (k,)
        As in `mean_sd_from_median`; give extremes, quartiles, or all four.

    Returns
    -------
    statistic : ndarray, shape (k,)
        Distance of the median from the middle of the extremes, or of the quartiles, as a share of the half
        width; of all five numbers the larger of both, the first times ``2.65 log(0.6 n) / sqrt(n)``.
    critical : ndarray, shape (k,)
        Value that normal scores exceed in 5 % of samples of this size.
    skewed : ndarray of bool, shape (k,)
        Whether the statistic is above it.

    References
    ----------
    .. [1] Shi J et al. (2023). https://doi.org/10.1177/09622802231172043

    Examples
    --------
    >>> statistic, critical, skewed = skewness_test(n=60, median=42, q1=40, q3=62)
    >>> round(float(statistic), 3), round(float(critical), 3), bool(skewed)
    (0.818, 0.34, True)
    """
    statistic, critical = _skewness(
        _checked(n, {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum})
    )
    return statistic, critical, np.asarray(statistic > critical)[()]


def _checked(n: npt.ArrayLike, ordered: Mapping[str, npt.ArrayLike | None]) -> _Summary:
    """Return what is printed, from the smallest to the largest, as arrays of one shape."""
    for first, second, name in (("minimum", "maximum", "extremes"), ("q1", "q3", "quartiles")):
        if (ordered[first] is None) != (ordered[second] is None):
            raise InputError(f"one of the two {name} is missing; give both or neither")
    if ordered["minimum"] is None and ordered["q1"] is None:
        raise InputError("a median alone gives no standard deviation; give extremes or quartiles")
    known = {name: values for name, values in ordered.items() if values is not None}
    arrays = dict(zip(("n", *known), aligned({"n": n, **known}), strict=True))
    check_n("n", arrays["n"], least=LEAST_N)
    names = list(known)
    for below, above in pairwise(names):
        rule = f"{below} must not exceed {above}"
        require(arrays[below] <= arrays[above], rule, arrays[below], "exchange them, or check the digits")
    lowest, highest = arrays[names[0]], arrays[names[-1]]
    rule = f"{names[0]} must be below {names[-1]}"
    require(
        lowest < highest, rule, lowest, "a standard deviation of 0 would give such a study all the weight"
    )
    unknown = np.full_like(arrays["median"], np.nan)[()]
    given: Given = "five" if len(names) == 5 else "quartiles" if "q1" in known else "extremes"
    return _Summary(
        given=given,
        n=arrays["n"],
        median=arrays["median"],
        low=arrays.get("minimum", unknown),
        q1=arrays.get("q1", unknown),
        q3=arrays.get("q3", unknown),
        high=arrays.get("maximum", unknown),
    )


def _smallest(printed: _Summary) -> FloatArray:
    return printed.q1 if printed.given == "quartiles" else printed.low


def _check_scale(printed: _Summary, scale: tuple[float, float], *, inside: bool) -> None:
    """Refuse scores beyond the scale, and with `inside` a median on one of its limits."""
    (lowest, highest), advice = scale, "give the limits of the scale, not of the scores"
    rule = f"scores must lie within the scale, from {lowest:g} to {highest:g}"
    for part in (printed.low, printed.q1, printed.median, printed.q3, printed.high):
        require(~(part < lowest) & ~(part > highest), rule, part, advice)
    if inside:
        within = (printed.median > lowest) & (printed.median < highest)
        rule = f"scores must lie within the scale, the median between {lowest:g} and {highest:g}"
        require(within, rule, printed.median, advice)


def _skewness(printed: _Summary) -> tuple[FloatArray, FloatArray]:
    n = printed.n
    of_extremes = _off_middle(printed.low, printed.median, printed.high)
    of_quartiles = _off_middle(printed.q1, printed.median, printed.q3)
    if printed.given == "extremes":
        return of_extremes, 1 / np.log(n + 9) + 2.5 / (n + 1)
    if printed.given == "quartiles":
        return of_quartiles, 2.65 / np.sqrt(n) - 6 / n**2
    scaled = 2.65 * np.log(0.6 * n) / np.sqrt(n) * of_extremes
    return np.maximum(scaled, of_quartiles), 3 / np.sqrt(n) - 40 / n**3


def _off_middle(low: FloatArray, median: FloatArray, high: FloatArray) -> FloatArray:
    width = high - low
    off = np.abs((high - median) - (median - low))
    return np.asarray(off / np.where(width == 0, 1.0, width))[()]  # quartiles of all five can coincide


def _by_formula(method: str, printed: _Summary) -> tuple[FloatArray, FloatArray]:
    if method == "luo":
        return _luo_mean(printed), _shi_sd(printed)
    if method == "wan":
        return _wan(printed)
    if method == "hozo":
        return _hozo(printed)
    if method == "walter":
        return printed.median, (printed.high - printed.low) / _expected_range(printed.n)
    if method == "bland":
        return _bland(printed)
    return _lognormal(printed)


def _range_factor(n: FloatArray) -> FloatArray:
    """Return Blom's approximation of the expected range of n standard normal scores (xi of Wan)."""
    from scipy.special import ndtri  # late, as in `t_quantile`

    return np.asarray(2 * ndtri((n - 0.375) / (n + 0.25)))[()]


def _quartile_factor(n: FloatArray) -> FloatArray:
    """Return the same for the interquartile range (eta of Wan); tends to 1.349."""
    from scipy.special import ndtri  # late, as in `t_quantile`

    return np.asarray(2 * ndtri((0.75 * n - 0.125) / (n + 0.25)))[()]


def _luo_mean(printed: _Summary) -> FloatArray:
    n, median = printed.n, printed.median
    if printed.given == "quartiles":
        weight = 0.7 + 0.39 / n
        return weight * (printed.q1 + printed.q3) / 2 + (1 - weight) * median
    if printed.given == "extremes":
        weight = 4 / (4 + n**0.75)
        return weight * (printed.low + printed.high) / 2 + (1 - weight) * median
    outer, inner = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    middles = outer * (printed.low + printed.high) / 2 + inner * (printed.q1 + printed.q3) / 2
    return middles + (1 - outer - inner) * median


def _shi_sd(printed: _Summary) -> FloatArray:
    by_range = (printed.high - printed.low) / _range_factor(printed.n)
    by_quartiles = (printed.q3 - printed.q1) / _quartile_factor(printed.n)
    if printed.given == "extremes":
        return by_range
    if printed.given == "quartiles":
        return by_quartiles
    weight = 1 / (1 + 0.07 * printed.n**0.6)
    return weight * by_range + (1 - weight) * by_quartiles


def _wan(printed: _Summary) -> tuple[FloatArray, FloatArray]:
    low, q1, median, q3, high = printed.low, printed.q1, printed.median, printed.q3, printed.high
    if printed.given == "extremes":
        return (low + 2 * median + high) / 4, _shi_sd(printed)
    if printed.given == "quartiles":
        return (q1 + median + q3) / 3, _shi_sd(printed)
    mean = (low + 2 * q1 + 2 * median + 2 * q3 + high) / 8
    return mean, ((high - low) / _range_factor(printed.n) + (q3 - q1) / _quartile_factor(printed.n)) / 2


def _hozo(printed: _Summary) -> tuple[FloatArray, FloatArray]:
    n, low, median, high = printed.n, printed.low, printed.median, printed.high
    width = high - low
    mean = np.where(n <= 25, (low + 2 * median + high) / 4, median)
    small = np.sqrt(((low - 2 * median + high) ** 2 / 4 + width**2) / 12)
    return mean[()], np.where(n <= 15, small, np.where(n <= 70, width / 4, width / 6))[()]


def _bland(printed: _Summary) -> tuple[FloatArray, FloatArray]:
    low, q1, median, q3, high = printed.low, printed.q1, printed.median, printed.q3, printed.high
    mean = (low + 2 * q1 + 2 * median + 2 * q3 + high) / 8
    a, b, c, d, e = (part - mean for part in (low, q1, median, q3, high))  # keeps the digits of small spreads
    squares = (a**2 + 2 * b**2 + 2 * c**2 + 2 * d**2 + e**2) / 16
    return mean, np.sqrt(squares + (a * b + b * c + c * d + d * e) / 8)


def _expected_range(n: FloatArray) -> FloatArray:
    """Return the expected range of n standard normal scores (Tippett's integral).

    By QUADPACK with the tolerance that R's `integrate` has by default, so that published analyses are
    repeated to the last digit; the error is below 2e-9 of the range.
    """
    from scipy.integrate import quad  # late, as in `t_quantile`
    from scipy.special import ndtr

    def within(x: float, size: float) -> float:
        below = ndtr(x)
        return float(1 - below**size - (1 - below) ** size)

    sizes, place = np.unique(np.asarray(n), return_inverse=True)
    ranges = [
        quad(within, -np.inf, np.inf, args=(size,), epsabs=R_TOLERANCE, epsrel=R_TOLERANCE, limit=100)[0]
        for size in sizes
    ]
    return np.asarray(np.array(ranges)[place].reshape(np.shape(n)))[()]


def _lognormal(logs: _Summary) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of log-normal scores, with Shi's corrections of bias.

    `first` and `second` are the parts of the bias of ``exp(location + spread / 2)`` that grow with the
    variance of the logarithms and with its square; of second moments the parts are 4 and 16 times as large.
    """
    n, location = logs.n, _luo_mean(logs)
    squared = _shi_sd(logs) ** 2
    logarithm = np.log(n) ** 2
    if logs.given == "extremes":
        spread, fourth = squared / (1.01 + 0.25 / logarithm), squared**2 / (1 + 2.23 / logarithm)
        first, second = 0.565 / n, 0.37 / n
    elif logs.given == "quartiles":
        spread, fourth = squared / (1 + 1.58 / n), squared**2 / (1 + 19.2 / n**1.2)
        first, second = 0.57 / n, 0.75 / n
    else:
        spread, fourth = squared / (1 + 0.28 / logarithm), squared**2 / (1 + 3.93 / n)
        first, second = 0.405 / n, 0.315 / n
    mean = np.exp(location + spread / 2) / (1 + first * spread + second * fourth)
    moment = np.exp(2 * location + 2 * spread) / (1 + 4 * first * spread + 16 * second * fourth)
    square = np.exp(2 * location + spread) / (1 + 4 * first * spread + 4 * second * fourth)
    rule = "the corrected variance must be above 0"
    require(np.asarray(moment > square), rule, squared, "the logarithms are too spread for their number")
    return mean, np.sqrt(moment - square)


def _quantile_estimation(
    printed: _Summary, scale: tuple[float, float] | None
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    shape = np.shape(printed.n)
    lowest, highest = (0.0, 1.0) if scale is None else scale
    parts = (printed.low, printed.q1, printed.median, printed.q3, printed.high)
    rows = np.stack([np.ravel(part) for part in parts], axis=1)
    length = highest - lowest
    found = [
        _best_fit((values[~np.isnan(values)] - lowest) / length, _probabilities(printed.given, size), scale)
        for values, size in zip(rows, np.ravel(printed.n), strict=True)
    ]
    mean = lowest + length * np.array([fit[1] for fit in found]).reshape(shape)
    sd = length * np.array([fit[2] for fit in found]).reshape(shape)
    return mean[()], sd[()], tuple(fit[0] for fit in found)


def _probabilities(given: Given, n: float) -> FloatArray:
    return np.array(
        {
            "extremes": (1 / n, 0.5, 1 - 1 / n),
            "quartiles": (0.25, 0.5, 0.75),
            "five": (1 / n, 0.25, 0.5, 0.75, 1 - 1 / n),
        }[given]
    )


def _best_fit(
    values: FloatArray, p: FloatArray, scale: tuple[float, float] | None
) -> tuple[str, float, float]:
    """Return the distribution whose quantiles are nearest to the values, with its mean and sd."""
    from scipy.optimize import least_squares  # late: half a second to import
    from scipy.special import ndtri

    z = ndtri(p)
    best: tuple[float, str, float, float] | None = None
    with np.errstate(over="ignore", invalid="ignore"):
        for name, quantiles, moments, start, bounds in _candidates(values, z, bounded=scale is not None):
            fit = least_squares(
                _residuals,
                np.clip(start, *bounds),
                args=(quantiles, values, p, z),
                bounds=bounds,
                xtol=FIT,
                ftol=FIT,
                gtol=FIT,
            )
            mean, sd = moments(fit.x)
            if np.isfinite([mean, sd]).all() and (best is None or fit.cost < best[0]):
                best = float(fit.cost), name, mean, sd
    if best is None:
        raise InputError(f"no distribution could be fitted to {values.tolist()}; use another method")
    return best[1:]


def _residuals(
    x: FloatArray, quantiles: Quantiles, values: FloatArray, p: FloatArray, z: FloatArray
) -> FloatArray:
    """Return distances as shares of the width, so that the search stops alike on every scale."""
    return np.asarray((quantiles(x, p, z) - values) / (values[-1] - values[0]))


Quantiles = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
Moments = Callable[[FloatArray], tuple[float, float]]
Candidate = tuple[str, Quantiles, Moments, FloatArray, tuple[FloatArray, FloatArray]]


def _candidates(values: FloatArray, z: FloatArray, *, bounded: bool) -> list[Candidate]:
    """Return name, quantiles, moments, start and bounds; parameters above 0 as logarithms.

    Negative scores leave only the normal distribution, as in McGrath's paper, and a bounded scale only beta.
    """
    middle = float(values[values.size // 2])
    spread = float((values[-1] - values[0]) / (z[-1] - z[0]))
    if bounded:
        return [_beta_candidate(middle, spread)]
    anywhere = np.full(2, -np.inf), np.full(2, np.inf)
    shaped = np.array([-SHAPE, -np.inf]), np.array([SHAPE, np.inf])
    start = np.array([middle, np.log(spread)])
    fits: list[Candidate] = [("normal", _normal_quantiles, _normal_moments, start, anywhere)]
    if values[0] < 0 or middle <= 0:
        return fits
    lowest, at = (values[0], z[0]) if values[0] > 0 else (middle, 0.0)
    log_spread = max(float(np.log(values[-1] / lowest) / (z[-1] - at)), 0.01)
    shape = (middle / spread) ** 2
    fits += [
        ("log-normal", _lognormal_quantiles, _lognormal_moments, np.log([middle, log_spread]), anywhere),
        ("gamma", _gamma_quantiles, _gamma_moments, np.log([shape, middle / shape]), shaped),
        ("Weibull", _weibull_quantiles, _weibull_moments, np.log([1.2 / log_spread, middle]), shaped),
    ]
    if values[-1] < 1:
        fits.append(_beta_candidate(middle, spread))
    return fits


def _beta_candidate(middle: float, spread: float) -> Candidate:
    both = max(middle * (1 - middle) / spread**2 - 1, 0.5)
    start = np.log([middle * both, (1 - middle) * both])
    return "beta", _beta_quantiles, _beta_moments, start, (np.full(2, -SHAPE), np.full(2, SHAPE))


def _normal_quantiles(x: FloatArray, _: FloatArray, z: FloatArray) -> FloatArray:
    return np.asarray(x[0] + np.exp(x[1]) * z)


def _normal_moments(x: FloatArray) -> tuple[float, float]:
    return float(x[0]), float(np.exp(x[1]))


def _lognormal_quantiles(x: FloatArray, _: FloatArray, z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(x[0] + np.exp(x[1]) * z))


def _lognormal_moments(x: FloatArray) -> tuple[float, float]:
    variance = np.exp(2 * x[1])
    mean = np.exp(x[0] + variance / 2)
    return float(mean), float(mean * np.sqrt(np.expm1(variance)))


def _gamma_quantiles(x: FloatArray, p: FloatArray, _: FloatArray) -> FloatArray:
    from scipy.special import gammaincinv

    return np.asarray(np.exp(x[1]) * gammaincinv(np.exp(x[0]), p))


def _gamma_moments(x: FloatArray) -> tuple[float, float]:
    return float(np.exp(x[0] + x[1])), float(np.exp(x[0] / 2 + x[1]))


def _weibull_quantiles(x: FloatArray, p: FloatArray, _: FloatArray) -> FloatArray:
    return np.asarray(np.exp(x[1]) * (-np.log1p(-p)) ** np.exp(-x[0]))


def _weibull_moments(x: FloatArray) -> tuple[float, float]:
    from scipy.special import gamma

    first, second = gamma(1 + np.exp(-x[0])), gamma(1 + 2 * np.exp(-x[0]))
    return float(np.exp(x[1]) * first), float(np.exp(x[1]) * np.sqrt(second - first**2))


def _beta_quantiles(x: FloatArray, p: FloatArray, _: FloatArray) -> FloatArray:
    from scipy.special import betaincinv

    return np.asarray(betaincinv(np.exp(x[0]), np.exp(x[1]), p))


def _beta_moments(x: FloatArray) -> tuple[float, float]:
    first, second = np.exp(x)
    both = first + second
    return float(first / both), float(np.sqrt(first * second / (both + 1)) / both)


def _notes(
    method: str, given: Given, skewed: BoolArray, withhold: bool, distribution: tuple[str, ...]
) -> tuple[str, ...]:
    count = len(distribution)
    groups = "1 group" if count == 1 else f"{count} groups"
    notes = [f"{CODE}: mean and SD of {groups} from {PRINTED[given]} by {SOURCES[method, given]}."]
    if method == "quantile_estimation":
        chosen = ", ".join(f"{name} {distribution.count(name)}" for name in dict.fromkeys(distribution))
        notes.append(f"{CODE}: best fitting distributions: {chosen}.")
    if np.any(skewed):
        of = "logarithms are" if method == "lognormal" else "scores are"
        then = "; mean and SD withheld" if withhold else ""
        notes.append(f"{CODE}: {of} skewed by Shi's test at {positions(np.atleast_1d(skewed))}{then}.")
    return tuple(notes)
