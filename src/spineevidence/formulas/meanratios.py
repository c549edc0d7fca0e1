"""Effects of means as logarithms of ratios: of means, of standard deviations, of odds.

Every function takes arrays or single numbers by keyword and lets them broadcast. Of two arms the first had
the procedure, the second is its comparator.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas.arguments import aligned, check_above_0, check_n, check_word, direction, two_arms
from spineevidence.formulas.means import hedges_g, no_estimate, pooled_sd
from spineevidence.formulas.transformations import COX_SD, LOGISTIC_SD
from spineevidence.models import Better
from spineevidence.timing import FloatArray

OddsRatioMethod = Literal["logistic", "normal"]


def ratio_of_means(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    variance: Literal["LS", "HO"] = "LS",
) -> EffectSizes:
    """Return the logarithm of the ratio of two means, for scales with a true zero.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        As in `hedges_g`. Means of opposite sign, or of 0, have no ratio: the row is NaN, and a note says so.
    better : {"lower", "higher"}, optional
        "higher" gives ``log(m1 / m2)``; "lower" turns the sign.
    correct : bool, optional
        Whether Lajeunesse's ``(sd1^2 / (n1 m1^2) - sd2^2 / (n2 m2^2)) / 2`` is added to the logarithm.
    variance : {"LS", "HO"}, optional
        "LS" ``sd1^2 / (n1 m1^2) + sd2^2 / (n2 m2^2)``; "HO" has the pooled variance for both arms.

    Returns
    -------
    EffectSizes
        Measure "ROM", a logarithm. Equals ``metafor::escalc(measure="ROM")`` (from metafor 5 on `correct`
        is its default too).

    References
    ----------
    .. [1] Hedges LV, Gurevitch J, Curtis PS (1999).
       https://doi.org/10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2
    .. [2] Lajeunesse MJ (2015). https://doi.org/10.1890/14-2402.1

    Examples
    --------
    >>> ratio_of_means(m1=3.9, sd1=2.4, n1=32, m2=5.2, sd2=2.6, n2=24, better="lower")
    <EffectSizes: 1 of ROM contrast, yi 0.287 (95 % CI -0.005 to 0.579)>
    """
    mean1, s1, size1, mean2, s2, size2 = two_arms(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    check_word("variance", variance, ("LS", "HO"))
    mean1, mean2, notes = same_sign(mean1, mean2)
    v1, v2 = s1**2 / (size1 * mean1**2), s2**2 / (size2 * mean2**2)
    log = np.log(mean1 / mean2)
    if correct:
        log = log + (v1 - v2) / 2
    if variance == "HO":
        square = pooled_sd(sd1=s1, n1=size1, sd2=s2, n2=size2) ** 2
        v1, v2 = square / (size1 * mean1**2), square / (size2 * mean2**2)
    return EffectSizes(
        yi=direction(better) * log,
        vi=v1 + v2,
        measure="ROM",
        estimand="contrast",
        notes=notes,
        undefined=True,
    )


def variability_ratio(
    *, sd1: npt.ArrayLike, n1: npt.ArrayLike, sd2: npt.ArrayLike, n2: npt.ArrayLike
) -> EffectSizes:
    """Return the logarithm of the ratio of two standard deviations.

    Above 0 the first arm varies more, as when a procedure helps some patients only. It is no benefit and
    has no better direction.

    Parameters
    ----------
    sd1, n1, sd2, n2 : array_like, shape (k,)
        Standard deviation (above 0) and size of each arm.

    Returns
    -------
    EffectSizes
        Measure "VR": ``log(sd1/sd2) + 1/(2(n1-1)) - 1/(2(n2-1))``, with variance
        ``1/(2(n1-1)) + 1/(2(n2-1))``. Equals ``metafor::escalc(measure="VR")``.

    References
    ----------
    .. [1] Nakagawa S et al. (2015). https://doi.org/10.1111/2041-210X.12309

    Examples
    --------
    >>> variability_ratio(sd1=3.1, n1=32, sd2=2.2, n2=24)
    <EffectSizes: 1 of VR contrast, yi 0.337 (95 % CI -0.044 to 0.719)>
    """
    s1, size1, s2, size2 = _two_spreads(sd1, n1, sd2, n2)
    v1, v2 = 1 / (2 * (size1 - 1)), 1 / (2 * (size2 - 1))
    return EffectSizes(yi=np.log(s1 / s2) + v1 - v2, vi=v1 + v2, measure="VR", estimand="contrast")


def coefficient_of_variation_ratio(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    correct: bool = True,
) -> EffectSizes:
    """Return the logarithm of the ratio of two coefficients of variation.

    `variability_ratio` for scales on which higher means vary more; it has no better direction either.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        As in `ratio_of_means`, standard deviations above 0.
    correct : bool, optional
        Whether ``1/(2(n1-1)) - 1/(2(n2-1))`` is added to the logarithm.

    Returns
    -------
    EffectSizes
        Measure "CVR", with variance ``sd1^2/(n1 m1^2) + 1/(2(n1-1)) + sd2^2/(n2 m2^2) + 1/(2(n2-1))``, for
        scores whose mean and standard deviation are independent. Without `correct` it equals
        ``metafor::escalc(measure="CVR", correct=FALSE)`` of metafor 5; with it, that of metafor 3.8.

    References
    ----------
    .. [1] Nakagawa S et al. (2015). https://doi.org/10.1111/2041-210X.12309

    Examples
    --------
    >>> coefficient_of_variation_ratio(m1=3.9, sd1=2.4, n1=32, m2=5.2, sd2=2.6, n2=24)
    <EffectSizes: 1 of CVR contrast, yi 0.202 (95 % CI -0.279 to 0.683)>
    """
    given = {"m1": m1, "sd1": sd1, "n1": n1, "m2": m2, "sd2": sd2, "n2": n2}
    mean1, s1, size1, mean2, s2, size2 = aligned(given)
    s1, size1, s2, size2 = _two_spreads(s1, size1, s2, size2)
    mean1, mean2, notes = same_sign(mean1, mean2)
    log = np.log(s1 / s2) - np.log(mean1 / mean2)
    v1, v2 = 1 / (2 * (size1 - 1)), 1 / (2 * (size2 - 1))
    if correct:
        log = log + v1 - v2
    spread = s1**2 / (size1 * mean1**2) + s2**2 / (size2 * mean2**2) + v1 + v2
    return EffectSizes(yi=log, vi=spread, measure="CVR", estimand="contrast", notes=notes, undefined=True)


def smd_as_log_odds_ratio(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    method: OddsRatioMethod = "logistic",
) -> EffectSizes:
    """Return two means as the log odds ratio of an outcome cut into two.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2, better
        As in `hedges_g`.
    method : {"logistic", "normal"}, optional
        Distribution of the scores in each arm: d, not corrected, times ``pi / sqrt(3)`` or times 1.65.

    Returns
    -------
    EffectSizes
        Measure "D2ORL" ("logistic") or "D2ORN" ("normal"). Equals ``metafor::escalc(measure="D2ORL")`` or
        ``metafor::escalc(measure="D2ORN")``. Wherever the scores are cut, the ratio is taken as the same.

    References
    ----------
    .. [1] Chinn S (2000). Statistics in Medicine 19:3127-3131.
       https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M
    .. [2] Sanchez-Meca J et al. (2003), on the factor 1.65 of Cox. https://doi.org/10.1037/1082-989X.8.4.448

    Examples
    --------
    >>> smd_as_log_odds_ratio(m1=3.9, sd1=2.4, n1=32, m2=5.2, sd2=2.6, n2=24, better="lower")
    <EffectSizes: 1 of D2ORL contrast, yi 0.948 (95 % CI -0.028 to 1.924)>
    """
    effect = hedges_g(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2, better=better, correct=False)
    return smd_to_log_odds_ratio(d=effect.yi, se=effect.sei, method=method)


def smd_to_log_odds_ratio(
    *, d: npt.ArrayLike, se: npt.ArrayLike, method: OddsRatioMethod = "logistic"
) -> EffectSizes:
    """Return standardised mean differences as log odds ratios.

    Parameters
    ----------
    d, se : array_like, shape (k,)
        Standardised mean differences and their standard errors.
    method : {"logistic", "normal"}, optional
        As in `smd_as_log_odds_ratio`.

    Returns
    -------
    EffectSizes
        Measure "D2ORL" or "D2ORN": both times ``pi / sqrt(3)`` or 1.65. "logistic" is the reverse of
        `spineevidence.formulas.conversions.log_odds_ratio_to_smd`.

    References
    ----------
    .. [1] Chinn S (2000). Statistics in Medicine 19:3127-3131.
       https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M

    Examples
    --------
    >>> smd_to_log_odds_ratio(d=0.5, se=0.2, method="normal")
    <EffectSizes: 1 of D2ORN contrast, yi 0.825 (95 % CI 0.178 to 1.472)>
    """
    effect, error = aligned({"d": d, "se": se})
    check_above_0("se", error)
    check_word("method", method, ("logistic", "normal"))
    scale, measure = (LOGISTIC_SD, "D2ORL") if method == "logistic" else (COX_SD, "D2ORN")
    return EffectSizes(yi=effect * scale, vi=(error * scale) ** 2, measure=measure, estimand="contrast")


def same_sign(m1: FloatArray, m2: FloatArray) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Return two means, NaN where they have no ratio, and the notes on that.

    >>> same_sign(np.array([4.0, -1.0]), np.array([5.0, 1.0]))[0].tolist()
    [4.0, nan]
    """
    possible = m1 * m2 > 0
    notes = no_estimate(~possible, "means of opposite sign or of 0 have no ratio")
    negative = int(np.sum(possible & (m1 < 0)))
    if negative:
        rows = f"{negative} of {np.size(possible)} rows"
        notes += (f"Both means are below 0 in {rows}: the ratio is of their sizes.",)
    return np.where(possible, m1, np.nan)[()], np.where(possible, m2, np.nan)[()], notes


def _two_spreads(
    sd1: npt.ArrayLike, n1: npt.ArrayLike, sd2: npt.ArrayLike, n2: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    s1, size1, s2, size2 = aligned({"sd1": sd1, "n1": n1, "sd2": sd2, "n2": n2})
    for name, sd in (("sd1", s1), ("sd2", s2)):
        check_above_0(name, sd)
    for name, size in (("n1", size1), ("n2", size2)):
        check_n(name, size)
    return s1, size1, s2, size2
