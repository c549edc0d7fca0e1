"""Changes of one group from before to after: raw, standardised, as a ratio.

Every function takes arrays or single numbers by keyword and lets them broadcast. A change is the final score
minus that of baseline, turned if lower is better. The change of one group is no effect of a procedure: it
holds natural course and regression to the mean. Where a report prints the standard deviation of the changes,
`spineevidence.formulas.conversions.r_from_sds` gives the correlation.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas.arguments import (
    aligned,
    check_above_0,
    check_n,
    check_r_inside,
    check_word,
    direction,
)
from spineevidence.formulas.conversions import sd_change
from spineevidence.formulas.meanratios import same_sign
from spineevidence.formulas.means import Factor, factor_from_df, no_estimate
from spineevidence.models import Better
from spineevidence.timing import FloatArray

TOO_FEW = "fewer than 3 patients"


def mean_change(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
) -> EffectSizes:
    """Return the mean change of one group with its t interval.

    Parameters
    ----------
    base, final : array_like, shape (k,)
        Means at baseline and at follow-up, in score units.
    sd_base, sd_final : array_like, shape (k,)
        Their standard deviations, above 0.
    n : array_like, shape (k,)
        Patients measured at both times.
    r : array_like, shape (k,)
        Correlation of the two scores, between -1 and 1.
    better : {"lower", "higher"}, optional
        "higher" gives ``final - base``; "lower" turns it, so that improvement is positive.

    Returns
    -------
    EffectSizes
        Measure "MC", in score units, with variance
        ``(sd_base^2 + sd_final^2 - 2 r sd_base sd_final) / n`` and ``n - 1`` degrees of freedom. Equals
        ``metafor::escalc(measure="MC")`` with the follow-up as `m1i`.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.8.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> mean_change(base=6.6, final=4.0, sd_base=1.4, sd_final=2.5, n=32, r=0.3, better="lower")
    <EffectSizes: 1 of MC change, yi 2.600 (95 % CI 1.709 to 3.491)>
    """
    before, after, sb, sf, size, rho = _visits(
        base=base, final=final, sd_base=sd_base, sd_final=sd_final, n=n, r=r
    )
    return EffectSizes(
        yi=direction(better) * (after - before),
        vi=sd_change(sd_base=sb, sd_final=sf, r=rho) ** 2 / size,
        df=size - 1,
        measure="MC",
        estimand="change",
    )


def smcc(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: Literal["LS", "LS2", "UB"] = "LS",
) -> EffectSizes:
    """Return the mean change in standard deviations of the changes.

    It grows with the correlation of the two times, so it cannot stand beside other standardised differences;
    with an imputed correlation both the effect and its variance rest on a guess. `smcr` is less exposed.

    Parameters
    ----------
    base, final, sd_base, sd_final, n, r, better
        As in `mean_change`.
    correct : bool, optional
        Whether the change is multiplied by J with ``n - 1`` degrees of freedom; 2 patients then give no
        estimate (NaN, and a note).
    factor : {"exact", "approximate"}, optional
        Which J, see `spineevidence.formulas.means.factor_from_df`.
    variance : {"LS", "LS2", "UB"}, optional
        With ``m = n - 1``: "LS" ``1/n + g^2 / (2 n)``; "LS2" ``J^2 (1/n + d^2 / (2 n))``; "UB"
        ``1/n + (1 - (m - 2) / (m J^2)) g^2``, without bias. Without `correct` the last two are divided by
        J^2.

    Returns
    -------
    EffectSizes
        Measure "SMCC". Equals ``metafor::escalc(measure="SMCC")`` with the follow-up as `m1i`; without
        `correct` that of metafor 5, as 3.8 always corrects.

    References
    ----------
    .. [1] Gibbons RD, Hedeker DR, Davis JM (1993). https://doi.org/10.3102/10769986018003271
    .. [2] Viechtbauer W (2007). https://doi.org/10.3102/1076998606298034

    Examples
    --------
    >>> smcc(base=6.6, final=4.0, sd_base=1.4, sd_final=2.5, n=32, r=0.3, better="lower")
    <EffectSizes: 1 of SMCC change, yi 1.026 (95 % CI 0.598 to 1.454)>
    """
    before, after, sb, sf, size, rho = _visits(
        base=base, final=final, sd_base=sd_base, sd_final=sd_final, n=n, r=r
    )
    d = direction(better) * (after - before) / sd_change(sd_base=sb, sd_final=sf, r=rho)
    return _standardised(
        "SMCC",
        d,
        size,
        1 / size,
        correct=correct,
        factor=factor,
        variance=variance,
        allowed=("LS", "LS2", "UB"),
    )


def smcr(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: Literal["LS", "UB"] = "LS",
) -> EffectSizes:
    """Return the mean change in standard deviations of the baseline.

    Both times are taken to have one true standard deviation; if not, `smcrh`.

    Parameters
    ----------
    base, final : array_like, shape (k,)
        Means at baseline and at follow-up, in score units.
    sd_base : array_like, shape (k,)
        Standard deviation at baseline, above 0.
    n, r, better
        As in `mean_change`.
    correct, factor
        As in `smcc`.
    variance : {"LS", "UB"}, optional
        With ``m = n - 1``: "LS" ``2 (1 - r) / n + g^2 / (2 n)``; "UB"
        ``2 (1 - u) / n + (1 - (m - 2) / (m J^2)) g^2``, divided by J^2 without `correct`, u being Olkin and
        Pratt's unbiased estimate of the correlation, ``r F(1/2, 1/2; (n - 2)/2; 1 - r^2)``; only for r seen
        in these patients, and 3 or more of them.

    Returns
    -------
    EffectSizes
        Measure "SMCR". Equals ``metafor::escalc(measure="SMCR")`` with the follow-up as `m1i` and the
        standard deviation at baseline as `sd1i`; without `correct` that of metafor 5, as 3.8 always corrects.

    References
    ----------
    .. [1] Becker BJ (1988). https://doi.org/10.1111/j.2044-8317.1988.tb00901.x
    .. [2] Viechtbauer W (2007). https://doi.org/10.3102/1076998606298034
    .. [3] Olkin I, Pratt JW (1958). https://doi.org/10.1214/aoms/1177706717

    Examples
    --------
    >>> smcr(base=6.6, final=4.0, sd_base=1.4, n=32, r=0.3, better="lower")
    <EffectSizes: 1 of SMCR change, yi 1.812 (95 % CI 1.208 to 2.416)>
    """
    before, after, sb, _, size, rho = _visits(
        base=base, final=final, sd_base=sd_base, sd_final=sd_base, n=n, r=r
    )
    return _standardised(
        "SMCR",
        direction(better) * (after - before) / sb,
        size,
        2 * (1 - (_unbiased_r(rho, size) if variance == "UB" else rho)) / size,
        correct=correct,
        factor=factor,
        variance=variance,
        allowed=("LS", "UB"),
    )


def smcrh(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
) -> EffectSizes:
    """Return the mean change in standard deviations of the baseline, for times that vary unequally.

    Parameters
    ----------
    base, final, sd_base, sd_final, n, r, better
        As in `mean_change`.
    correct, factor
        As in `smcc`.

    Returns
    -------
    EffectSizes
        Measure "SMCRH", with variance ``sd_change^2 / (sd_base^2 (n - 1)) + g^2 / (2 (n - 1))``. Equals
        ``metafor::escalc(measure="SMCRH")`` of metafor 5 (3.8 has another variance and always corrects) with
        the follow-up as `m1i` and `sd2i`, and the standard deviation at baseline as `sd1i`.

    References
    ----------
    .. [1] Bonett DG (2008). https://doi.org/10.1037/1082-989X.13.2.99

    Examples
    --------
    >>> smcrh(base=6.6, final=4.0, sd_base=1.4, sd_final=2.5, n=32, r=0.3, better="lower")
    <EffectSizes: 1 of SMCRH change, yi 1.812 (95 % CI 1.044 to 2.580)>
    """
    before, after, sb, sf, size, rho = _visits(
        base=base, final=final, sd_base=sd_base, sd_final=sd_final, n=n, r=r
    )
    d = direction(better) * (after - before) / sb
    g = factor_from_df(df=size - 1, method=factor) * d if correct else d
    relative = (sd_change(sd_base=sb, sd_final=sf, r=rho) / sb) ** 2
    return _effects("SMCRH", g, relative / (size - 1) + g**2 / (2 * (size - 1)))


def smcrp(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: Literal["LS", "cochrane"] = "LS",
) -> EffectSizes:
    """Return the mean change in standard deviations of both times together.

    The standardiser is ``sqrt((sd_base^2 + sd_final^2) / 2)``. Both times are taken to have one true standard
    deviation; if not, `smcrph`.

    Parameters
    ----------
    base, final, sd_base, sd_final, n, r, better
        As in `mean_change`.
    correct, factor
        As in `smcc`, but J has ``2 (n - 1) / (1 + r^2)`` degrees of freedom.
    variance : {"LS", "cochrane"}, optional
        "LS" ``2 (1 - r) / n + g^2 (1 + r^2) / (4 n)``; "cochrane" ``2 (1 - r) (1/n + g^2 / (2 n))``, which
        the Cochrane Handbook and Borenstein's book give for paired designs.

    Returns
    -------
    EffectSizes
        Measure "SMCRP". "LS" equals ``metafor::escalc(measure="SMCRP")`` of metafor 5 (3.8 has none) with the
        follow-up as `m1i`; "cochrane" has no equivalent there.

    References
    ----------
    .. [1] Cousineau D (2020), degrees of freedom. https://doi.org/10.20982/tqmp.16.4.p418
    .. [2] Bonett DG (2015), variance. https://doi.org/10.3102/1076998615583904
    .. [3] Cochrane Handbook 5.1, section 16.4.6.4, in version 6 section 23.2.7.
       https://handbook-5-1.cochrane.org/chapter_16/16_4_6_4_example.htm

    Examples
    --------
    >>> smcrp(base=6.6, final=4.0, sd_base=1.4, sd_final=2.5, n=32, r=0.3, better="lower")
    <EffectSizes: 1 of SMCRP change, yi 1.266 (95 % CI 0.797 to 1.736)>
    """
    check_word("variance", variance, ("LS", "cochrane"))
    g, _, size, rho = _by_both(
        base=base,
        final=final,
        sd_base=sd_base,
        sd_final=sd_final,
        n=n,
        r=r,
        better=better,
        correct=correct,
        factor=factor,
    )
    if variance == "LS":
        spread = 2 * (1 - rho) / size + g**2 * (1 + rho**2) / (4 * size)
    else:
        spread = 2 * (1 - rho) * (1 / size + g**2 / (2 * size))
    return _effects("SMCRP", g, spread)


def smcrph(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
) -> EffectSizes:
    """Return the mean change in standard deviations of both times together, if they vary unequally.

    Parameters
    ----------
    base, final, sd_base, sd_final, n, r, better
        As in `mean_change`.
    correct, factor
        As in `smcrp`.

    Returns
    -------
    EffectSizes
        Measure "SMCRPH", with s the standardiser of `smcrp` and variance ``sd_change^2 / (s^2 (n - 1)) +
        g^2 (sd_base^4 + sd_final^4 + 2 r^2 sd_base^2 sd_final^2) / (8 s^4 (n - 1))``. Equals
        ``metafor::escalc(measure="SMCRPH")`` of metafor 5 (3.8 has none) with the follow-up as `m1i`.

    References
    ----------
    .. [1] Bonett DG (2008). https://doi.org/10.1037/1082-989X.13.2.99
    .. [2] Cousineau D (2020), degrees of freedom. https://doi.org/10.20982/tqmp.16.4.p418

    Examples
    --------
    >>> smcrph(base=6.6, final=4.0, sd_base=1.4, sd_final=2.5, n=32, r=0.3, better="lower")
    <EffectSizes: 1 of SMCRPH change, yi 1.266 (95 % CI 0.765 to 1.767)>
    """
    g, (sb, sf), size, rho = _by_both(
        base=base,
        final=final,
        sd_base=sd_base,
        sd_final=sd_final,
        n=n,
        r=r,
        better=better,
        correct=correct,
        factor=factor,
    )
    square = (sb**2 + sf**2) / 2
    of_mean = sd_change(sd_base=sb, sd_final=sf, r=rho) ** 2 / square
    of_sd = (sb**4 + sf**4 + 2 * (rho * sb * sf) ** 2) / (8 * square**2)
    return _effects("SMCRPH", g, (of_mean + g**2 * of_sd) / (size - 1))


def ratio_of_means_change(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
) -> EffectSizes:
    """Return the logarithm of the ratio of the final mean to that of baseline, for scales with a true zero.

    Parameters
    ----------
    base, final, sd_base, sd_final, n, r
        As in `mean_change`. Means of opposite sign, or of 0, have no ratio: the row is NaN, and a note says
        so.
    better : {"lower", "higher"}, optional
        "higher" gives ``log(final / base)``; "lower" turns the sign.
    correct : bool, optional
        Whether ``(sd_final^2 / final^2 - sd_base^2 / base^2) / (2 n)`` is added to the logarithm.

    Returns
    -------
    EffectSizes
        Measure "ROMC", a logarithm, with variance ``(sd_base^2 / base^2 + sd_final^2 / final^2 -
        2 r sd_base sd_final / (base final)) / n``. Without `correct` it equals
        ``metafor::escalc(measure="ROMC", correct=FALSE)`` of metafor 5 with the follow-up as `m1i`.

    References
    ----------
    .. [1] Lajeunesse MJ (2011), variance. https://doi.org/10.1890/11-0423.1
    .. [2] Lajeunesse MJ (2015), correction of each mean. https://doi.org/10.1890/14-2402.1

    Examples
    --------
    >>> ratio_of_means_change(base=6.6, final=4.0, sd_base=1.4, sd_final=2.5, n=32, r=0.3, better="lower")
    <EffectSizes: 1 of ROMC change, yi 0.495 (95 % CI 0.289 to 0.702)>
    """
    before, after, sb, sf, size, rho = _visits(
        base=base, final=final, sd_base=sd_base, sd_final=sd_final, n=n, r=r
    )
    after, before, notes = same_sign(after, before)
    cv_before, cv_after = sb / before, sf / after
    log = np.log(after / before)
    if correct:
        log = log + (cv_after**2 - cv_before**2) / (2 * size)
    return EffectSizes(
        yi=direction(better) * log,
        vi=(cv_before**2 + cv_after**2 - 2 * rho * cv_before * cv_after) / size,
        measure="ROMC",
        estimand="change",
        notes=notes,
        undefined=True,
    )


def _visits(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
) -> list[FloatArray]:
    values = aligned({"base": base, "final": final, "sd_base": sd_base, "sd_final": sd_final, "n": n, "r": r})
    check_above_0("sd_base", values[2])
    check_above_0("sd_final", values[3])
    check_n("n", values[4])
    check_r_inside("r", values[5])
    return values


def _standardised(
    measure: str,
    d: FloatArray,
    n: FloatArray,
    of_mean: FloatArray,
    *,
    correct: bool,
    factor: Factor,
    variance: str,
    allowed: tuple[str, ...],
) -> EffectSizes:
    """Return effects standardised by one group's spread; `of_mean` is the variance were there no change."""
    check_word("variance", variance, allowed)
    j = factor_from_df(df=n - 1, method=factor)
    g = j * d if correct else d
    if variance == "LS":
        return _effects(measure, g, of_mean + g**2 / (2 * n))
    if variance == "LS2":
        return _effects(measure, g, (j**2 if correct else 1.0) * (of_mean + d**2 / (2 * n)))
    spread = of_mean + (j**2 - (n - 3) / (n - 1)) * d**2
    return _effects(measure, g, spread if correct else spread / j**2)


def _unbiased_r(r: FloatArray, n: FloatArray) -> FloatArray:
    from scipy.special import hyp2f1  # late, as in `spineevidence.effectsizes.t_quantile`

    known = (n > 2) & (r != 0)  # at 0 the series may diverge, its product with r tends to 0
    half = np.where(known, n - 2, 1.0) / 2
    rest = np.where(known, 1 - r**2, 0.0)
    return np.where(n > 2, r * hyp2f1(0.5, 0.5, half, rest), np.nan)[()]


def _by_both(
    *,
    base: npt.ArrayLike,
    final: npt.ArrayLike,
    sd_base: npt.ArrayLike,
    sd_final: npt.ArrayLike,
    n: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better,
    correct: bool,
    factor: Factor,
) -> tuple[FloatArray, tuple[FloatArray, FloatArray], FloatArray, FloatArray]:
    """Return changes in standard deviations of both times, those deviations, sizes and correlations."""
    before, after, sb, sf, size, rho = _visits(
        base=base, final=final, sd_base=sd_base, sd_final=sd_final, n=n, r=r
    )
    d = direction(better) * (after - before) / np.sqrt((sb**2 + sf**2) / 2)
    df = 2 * (size - 1) / (1 + rho**2)
    return factor_from_df(df=df, method=factor) * d if correct else d, (sb, sf), size, rho


def _effects(measure: str, g: FloatArray, spread: FloatArray) -> EffectSizes:
    return EffectSizes(
        yi=g,
        vi=spread,
        measure=measure,
        estimand="change",
        notes=no_estimate(np.isnan(g + spread), TOO_FEW),
        undefined=True,
    )
