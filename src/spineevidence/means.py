"""Effects of means with their standard deviations: raw, standardised, as ratios.

Every function takes arrays or single numbers by keyword and lets them broadcast. Of two arms the first had
the procedure, the second is its comparator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.arguments import aligned, check_above_0, check_n, direction, two_arms
from spineevidence.effectsizes import EffectSizes, require
from spineevidence.errors import InputError
from spineevidence.formatting import number
from spineevidence.models import Better
from spineevidence.timing import FloatArray, unknown_word


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
    size1, size2 = aligned({"n1": n1, "n2": n2})
    check_n("n1", size1)
    check_n("n2", size2)
    df = size1 + size2 - 2
    if method == "approximate":
        return 1 - 3 / (4 * df - 1)
    if method != "exact":
        raise InputError(unknown_word("method", method, ("exact", "approximate")))
    from scipy.special import gammaln  # late, as in `t_quantile`

    return np.exp(gammaln(df / 2) - np.log(df / 2) / 2 - gammaln((df - 1) / 2))


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
    mean1, s1, size1, mean2, s2, size2 = two_arms(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    if method == "welch":
        v1, v2 = s1**2 / size1, s2**2 / size2
        variance = v1 + v2
        df = variance**2 / (v1**2 / (size1 - 1) + v2**2 / (size2 - 1))
    elif method == "pooled":
        df = size1 + size2 - 2
        variance = _pooled_sd(s1, size1, s2, size2) ** 2 * (1 / size1 + 1 / size2)
    else:
        raise InputError(unknown_word("method", method, ("welch", "pooled")))
    difference = direction(better) * (mean1 - mean2)
    return EffectSizes(yi=difference, vi=variance, df=df, measure="MD", estimand="contrast")


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
    mean1, s1, size1, mean2, s2, size2 = two_arms(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    d = direction(better) * (mean1 - mean2) / _pooled_sd(s1, size1, s2, size2)
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
    raw, sd, size1, size2 = aligned({"d": d, "sd_pooled": sd_pooled, "n1": n1, "n2": n2})
    check_above_0("sd_pooled", sd)
    factor = small_sample_factor(n1=size1, n2=size2, method="approximate")
    return _standardised(factor * raw / sd, size1, size2)


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
    before1, sb1, size1, before2, sb2, size2 = two_arms(
        m1=base1, sd1=sd_base1, n1=n1, m2=base2, sd2=sd_base2, n2=n2, time="base"
    )
    after1, sf1, _, after2, sf2, _ = two_arms(
        m1=final1, sd1=sd_final1, n1=n1, m2=final2, sd2=sd_final2, n2=n2, time="final"
    )
    (rho,) = aligned({"r": r})
    require(np.abs(rho) < 1, "r must lie between -1 and 1", rho, "0.25 suits pain, 0.5 disability")
    sd_before, sd_after = _pooled_sd(sb1, size1, sb2, size2), _pooled_sd(sf1, size1, sf2, size2)
    slope = rho * sd_after / sd_before
    imbalance = before1 - before2
    difference = direction(better) * ((after1 - after2) - slope * imbalance)
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


def _pooled_sd(s1: FloatArray, n1: FloatArray, s2: FloatArray, n2: FloatArray) -> FloatArray:
    return np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))


def _standardised(g: FloatArray, n1: FloatArray, n2: FloatArray) -> EffectSizes:
    variance = 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))
    return EffectSizes(yi=g, vi=variance, measure="SMD", estimand="contrast")
