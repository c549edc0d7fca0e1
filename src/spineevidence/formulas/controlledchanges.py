"""Changes of two arms compared: what the procedure adds to the change of its comparator.

Every function takes arrays or single numbers by keyword and lets them broadcast. A change is the final score
minus that of baseline, turned if lower is better; of two arms the first had the procedure.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas.arguments import check_r_inside, check_word, direction, two_arms
from spineevidence.formulas.changes import TOO_FEW, mean_change, smcc, smcr
from spineevidence.formulas.means import Factor, factor_from_df, no_estimate, pooled_sd
from spineevidence.models import Better
from spineevidence.timing import FloatArray


def difference_of_changes(
    *,
    base1: npt.ArrayLike,
    final1: npt.ArrayLike,
    sd_base1: npt.ArrayLike,
    sd_final1: npt.ArrayLike,
    n1: npt.ArrayLike,
    r1: npt.ArrayLike,
    base2: npt.ArrayLike,
    final2: npt.ArrayLike,
    sd_base2: npt.ArrayLike,
    sd_final2: npt.ArrayLike,
    n2: npt.ArrayLike,
    r2: npt.ArrayLike,
    better: Better = "higher",
) -> EffectSizes:
    """Return the mean change of one arm minus that of the other, with its t interval.

    With a correlation below 0.5 the difference of the final means is more precise, and
    `spineevidence.formulas.means.pseudo_ancova` is more precise than both.

    Parameters
    ----------
    base1, final1, sd_base1, sd_final1, n1, r1 : array_like, shape (k,)
        The arm that had the procedure, as in `mean_change`.
    base2, final2, sd_base2, sd_final2, n2, r2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" gives ``(final1 - base1) - (final2 - base2)``; "lower" turns it.

    Returns
    -------
    EffectSizes
        Measure "MD", in score units, with the sum of both variances and Satterthwaite's degrees of freedom.
        Equals ``metafor::escalc(measure="MD")`` of the mean changes and their standard deviations.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.8.
       https://training.cochrane.org/handbook/current/chapter-06
    .. [2] Satterthwaite FE (1946). https://doi.org/10.2307/3002019

    Examples
    --------
    >>> difference_of_changes(base1=6.6, final1=4.0, sd_base1=1.4, sd_final1=2.5, n1=32, r1=0.3,
    ...                       base2=6.0, final2=4.9, sd_base2=1.5, sd_final2=2.4, n2=24, r2=0.3,
    ...                       better="lower")
    <EffectSizes: 1 of MD contrast, yi 1.500 (95 % CI 0.176 to 2.824)>
    """
    one = mean_change(
        base=base1, final=final1, sd_base=sd_base1, sd_final=sd_final1, n=n1, r=r1, better=better
    )
    two = mean_change(
        base=base2, final=final2, sd_base=sd_base2, sd_final=sd_final2, n=n2, r=r2, better=better
    )
    first, second, v1, v2, df1, df2 = _side_by_side(one, two)
    spread = v1 + v2
    return EffectSizes(
        yi=first - second,
        vi=spread,
        df=spread**2 / (v1**2 / df1 + v2**2 / df2),
        measure="MD",
        estimand="contrast",
    )


def controlled_smcc(
    *,
    base1: npt.ArrayLike,
    final1: npt.ArrayLike,
    sd_base1: npt.ArrayLike,
    sd_final1: npt.ArrayLike,
    n1: npt.ArrayLike,
    r1: npt.ArrayLike,
    base2: npt.ArrayLike,
    final2: npt.ArrayLike,
    sd_base2: npt.ArrayLike,
    sd_final2: npt.ArrayLike,
    n2: npt.ArrayLike,
    r2: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: Literal["LS", "LS2", "UB"] = "LS",
) -> EffectSizes:
    """Return the difference of two changes, each in the standard deviations of its arm's changes.

    Each arm has a standardiser of its own: arms of equal effect but unequal spread of changes differ.

    Parameters
    ----------
    base1, final1, sd_base1, sd_final1, n1, r1, base2, final2, sd_base2, sd_final2, n2, r2, better
        As in `difference_of_changes`.
    correct, factor, variance
        As in `smcc`, within each arm.

    Returns
    -------
    EffectSizes
        Measure "SMCC" of estimand "contrast", with the sum of both variances. Equals the difference of two
        ``metafor::escalc(measure="SMCC")``.

    References
    ----------
    .. [1] Gibbons RD, Hedeker DR, Davis JM (1993). https://doi.org/10.3102/10769986018003271

    Examples
    --------
    >>> controlled_smcc(base1=6.6, final1=4.0, sd_base1=1.4, sd_final1=2.5, n1=32, r1=0.3,
    ...                 base2=6.0, final2=4.9, sd_base2=1.5, sd_final2=2.4, n2=24, r2=0.3, better="lower")
    <EffectSizes: 1 of SMCC contrast, yi 0.586 (95 % CI -0.013 to 1.185)>
    """
    one = smcc(
        base=base1,
        final=final1,
        sd_base=sd_base1,
        sd_final=sd_final1,
        n=n1,
        r=r1,
        better=better,
        correct=correct,
        factor=factor,
        variance=variance,
    )
    two = smcc(
        base=base2,
        final=final2,
        sd_base=sd_base2,
        sd_final=sd_final2,
        n=n2,
        r=r2,
        better=better,
        correct=correct,
        factor=factor,
        variance=variance,
    )
    return _contrast("SMCC", one, two)


def controlled_smcr(
    *,
    base1: npt.ArrayLike,
    final1: npt.ArrayLike,
    sd_base1: npt.ArrayLike,
    n1: npt.ArrayLike,
    r1: npt.ArrayLike,
    base2: npt.ArrayLike,
    final2: npt.ArrayLike,
    sd_base2: npt.ArrayLike,
    n2: npt.ArrayLike,
    r2: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: Literal["LS", "UB"] = "LS",
) -> EffectSizes:
    """Return the difference of two changes, each in the baseline standard deviations of its arm.

    For arms whose true spread at baseline differs, as without randomisation; else `d_ppc2` is more precise.

    Parameters
    ----------
    base1, final1, sd_base1, n1, r1 : array_like, shape (k,)
        The arm that had the procedure, as in `smcr`.
    base2, final2, sd_base2, n2, r2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        As in `difference_of_changes`.
    correct, factor, variance
        As in `smcr`, within each arm.

    Returns
    -------
    EffectSizes
        Measure "SMCR" of estimand "contrast", with the sum of both variances. Equals the difference of two
        ``metafor::escalc(measure="SMCR")``; Morris's d_ppc1.

    References
    ----------
    .. [1] Becker BJ (1988). https://doi.org/10.1111/j.2044-8317.1988.tb00901.x
    .. [2] Morris SB (2008). https://doi.org/10.1177/1094428106291059

    Examples
    --------
    >>> controlled_smcr(base1=6.6, final1=4.0, sd_base1=1.4, n1=32, r1=0.3,
    ...                 base2=6.0, final2=4.9, sd_base2=1.5, n2=24, r2=0.3, better="lower")
    <EffectSizes: 1 of SMCR contrast, yi 1.103 (95 % CI 0.309 to 1.896)>
    """
    one = smcr(
        base=base1,
        final=final1,
        sd_base=sd_base1,
        n=n1,
        r=r1,
        better=better,
        correct=correct,
        factor=factor,
        variance=variance,
    )
    two = smcr(
        base=base2,
        final=final2,
        sd_base=sd_base2,
        n=n2,
        r=r2,
        better=better,
        correct=correct,
        factor=factor,
        variance=variance,
    )
    return _contrast("SMCR", one, two)


def d_ppc2(
    *,
    base1: npt.ArrayLike,
    final1: npt.ArrayLike,
    sd_base1: npt.ArrayLike,
    n1: npt.ArrayLike,
    base2: npt.ArrayLike,
    final2: npt.ArrayLike,
    sd_base2: npt.ArrayLike,
    n2: npt.ArrayLike,
    r: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: Literal["morris", "LS"] = "morris",
) -> EffectSizes:
    """Return the difference of two changes in the pooled baseline standard deviation of both arms.

    Parameters
    ----------
    base1, final1, sd_base1, n1 : array_like, shape (k,)
        Means at baseline and follow-up, standard deviation at baseline (score units) and size, of the arm
        that had the procedure.
    base2, final2, sd_base2, n2 : array_like, shape (k,)
        The same for the comparator.
    r : array_like, shape (k,)
        Correlation of baseline and final scores within the arms, between -1 and 1.
    better : {"lower", "higher"}, optional
        As in `difference_of_changes`.
    correct, factor
        As in `smcc`, but J has ``n1 + n2 - 2`` degrees of freedom; Morris has the approximate one.
    variance : {"morris", "LS"}, optional
        With ``K = 2 (1 - r) (1/n1 + 1/n2)`` and ``m = n1 + n2 - 2``: "morris"
        ``J^2 m / (m - 2) (K + g^2) - g^2``, exact for a true effect of that size (divided by J^2 without
        `correct`; 4 patients in all give none); "LS" ``K + g^2 / (2 (n1 + n2))``.

    Returns
    -------
    EffectSizes
        Measure "SMCR" of estimand "contrast", as `controlled_smcr`, which needs no common spread.

    References
    ----------
    .. [1] Morris SB (2008), equations 8 to 10 and, for the variance, 25. Organizational Research Methods
       11:364-386. https://doi.org/10.1177/1094428106291059
    .. [2] The same with "LS": https://www.metafor-project.org/doku.php/analyses:morris2008

    Examples
    --------
    >>> d_ppc2(base1=6.6, final1=4.0, sd_base1=1.4, n1=32, base2=6.0, final2=4.9, sd_base2=1.5, n2=24,
    ...        r=0.3, better="lower")
    <EffectSizes: 1 of SMCR contrast, yi 1.025 (95 % CI 0.365 to 1.684)>
    """
    check_word("variance", variance, ("morris", "LS"))
    also = {"final1": final1, "final2": final2, "r": r}
    before1, s1, size1, before2, s2, size2, after1, after2, rho = two_arms(
        m1=base1, sd1=sd_base1, n1=n1, m2=base2, sd2=sd_base2, n2=n2, time="base", also=also
    )
    check_r_inside("r", rho)
    df = size1 + size2 - 2
    change = (after1 - before1) - (after2 - before2)
    d = direction(better) * change / pooled_sd(sd1=s1, n1=size1, sd2=s2, n2=size2)
    j = factor_from_df(df=df, method=factor)
    g = j * d if correct else d
    sizes = 2 * (1 - rho) * (1 / size1 + 1 / size2)
    notes: tuple[str, ...] = ()
    if variance == "LS":
        spread = sizes + g**2 / (2 * (size1 + size2))
    else:
        enough = df > 2
        factored = df / np.where(enough, df - 2, np.nan)
        true = (j * d) ** 2
        spread = j**2 * factored * (sizes + true) - true
        spread = spread if correct else spread / j**2
        notes = no_estimate(~enough, "no variance with fewer than 5 patients in all")
    return EffectSizes(yi=g, vi=spread, measure="SMCR", estimand="contrast", notes=notes, undefined=True)


def _side_by_side(one: EffectSizes, two: EffectSizes) -> list[FloatArray]:
    try:
        return list(np.broadcast_arrays(one.yi, two.yi, one.vi, two.vi, one.df, two.df))
    except ValueError as error:
        raise InputError(
            f"arms of one length are needed; found {len(one)} and {len(two)}; give one value per row"
        ) from error


def _contrast(measure: str, one: EffectSizes, two: EffectSizes) -> EffectSizes:
    first, second, v1, v2, _, _ = _side_by_side(one, two)
    return EffectSizes(
        yi=first - second,
        vi=v1 + v2,
        measure=measure,
        estimand="contrast",
        notes=no_estimate(np.isnan(first - second + v1 + v2), f"an arm has {TOO_FEW}"),
        undefined=True,
    )
