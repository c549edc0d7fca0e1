"""Effects of means from printed test statistics: t, p, F, a correlation, or the width of an interval.

Every function takes arrays or single numbers by keyword and lets them broadcast. Of two arms the first had
the procedure, the second is its comparator. The tests are those of two independent arms with one common
variance (Student's, not Welch's); a test of changes or an adjusted one gives an effect in other units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import LEVEL, EffectSizes, require, t_quantile
from spineevidence.formatting import number
from spineevidence.formulas.arguments import aligned, check_n, check_p, check_r_inside, direction
from spineevidence.formulas.conversions import se_from_ci, se_from_p
from spineevidence.formulas.means import Factor, SmdVariance, smd_from_d
from spineevidence.models import Better
from spineevidence.timing import FloatArray


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Spread:
    """What the test of a mean difference says about its precision.

    Attributes
    ----------
    se : ndarray, shape (k,)
        Standard error of the mean difference, in score units.
    sd : ndarray, shape (k,)
        Standard deviation that both arms share, ``se / sqrt(1/n1 + 1/n2)``, in score units.
    df : ndarray, shape (k,)
        Degrees of freedom, ``n1 + n2 - 2``.
    """

    se: FloatArray
    sd: FloatArray
    df: FloatArray

    def __repr__(self) -> str:
        if np.ndim(self.se):
            return f"<Spread: {np.size(self.se)}>"
        return f"<Spread: se {number(float(self.se), 3)}, sd {number(float(self.sd), 3)}, df {self.df:g}>"


def smd_from_t(
    *,
    t: npt.ArrayLike,
    n1: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: SmdVariance = "LS",
) -> EffectSizes:
    """Return the standardised mean difference from the t of Student's test of two arms.

    Parameters
    ----------
    t : array_like, shape (k,)
        Test statistic of the first arm minus the second, with its sign.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.
    better, correct, factor, variance : optional
        As in `spineevidence.formulas.means.hedges_g`.

    Returns
    -------
    EffectSizes
        Measure "SMD", from ``d = t sqrt(1/n1 + 1/n2)``. Equals ``metafor::escalc(measure="SMD", ti=)``.

    References
    ----------
    .. [1] Rosenthal R (1994), Parametric measures of effect size, in Cooper and Hedges, The Handbook of
       Research Synthesis, chapter 16. https://www.jstor.org/stable/10.7758/9781610441377
    .. [2] Hedges LV (1981). https://doi.org/10.3102/10769986006002107

    Examples
    --------
    >>> smd_from_t(t=2.78, n1=25, n2=22)
    <EffectSizes: 1 of SMD contrast, yi 0.799 (95 % CI 0.204 to 1.394)>
    """
    statistic, size1, size2 = _sized("t", t, n1, n2)
    return smd_from_d(
        d=statistic * np.sqrt(1 / size1 + 1 / size2),
        n1=size1,
        n2=size2,
        better=better,
        correct=correct,
        factor=factor,
        variance=variance,
    )


def smd_from_p(
    *,
    signed_p: npt.ArrayLike,
    n1: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: SmdVariance = "LS",
) -> EffectSizes:
    """Return the standardised mean difference from the p-value of Student's test of two arms.

    From "p < 0.01" the result for 0.01 is the effect nearest to 0 that agrees with the report; "not
    significant" gives none.

    Parameters
    ----------
    signed_p : array_like, shape (k,)
        Two-sided p-value, with a minus where the first arm has the lower mean; its size above 0, at most 1.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.
    better, correct, factor, variance : optional
        As in `spineevidence.formulas.means.hedges_g`.

    Returns
    -------
    EffectSizes
        Measure "SMD", through `smd_from_t`. Equals ``metafor::escalc(measure="SMD", pi=)``.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.3. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> smd_from_p(signed_p=-0.008, n1=25, n2=22, better="lower")
    <EffectSizes: 1 of SMD contrast, yi 0.798 (95 % CI 0.203 to 1.393)>
    """
    p, size1, size2 = _sized("signed_p", signed_p, n1, n2)
    check_p("the size of signed_p", np.abs(p))
    statistic = -np.sign(p) * t_quantile(p=np.abs(p) / 2, df=size1 + size2 - 2)
    return smd_from_t(
        t=statistic, n1=size1, n2=size2, better=better, correct=correct, factor=factor, variance=variance
    )


def smd_from_r(
    *,
    r: npt.ArrayLike,
    n1: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: SmdVariance = "LS",
) -> EffectSizes:
    """Return the standardised mean difference from the correlation of arm and score.

    Parameters
    ----------
    r : array_like, shape (k,)
        Point-biserial correlation, between -1 and 1, above 0 where the first arm has the higher mean.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.
    better, correct, factor, variance : optional
        As in `spineevidence.formulas.means.hedges_g`.

    Returns
    -------
    EffectSizes
        Measure "SMD", through ``t = r sqrt((n1 + n2 - 2) / (1 - r^2))``. Equals
        ``metafor::escalc(measure="SMD", ri=)``.

    References
    ----------
    .. [1] Jacobs P, Viechtbauer W (2017). https://doi.org/10.1002/jrsm.1218

    Examples
    --------
    >>> smd_from_r(r=0.38, n1=25, n2=22)
    <EffectSizes: 1 of SMD contrast, yi 0.792 (95 % CI 0.197 to 1.387)>
    """
    rho, size1, size2 = _sized("r", r, n1, n2)
    check_r_inside("r", rho, "give a correlation, not a percentage")
    statistic = rho * np.sqrt((size1 + size2 - 2) / (1 - rho**2))
    return smd_from_t(
        t=statistic, n1=size1, n2=size2, better=better, correct=correct, factor=factor, variance=variance
    )


def smd_from_f(
    *,
    f: npt.ArrayLike,
    n1: npt.ArrayLike,
    n2: npt.ArrayLike,
    sign: npt.ArrayLike | None = None,
    better: Better = "higher",
    correct: bool = True,
    factor: Factor = "exact",
    variance: SmdVariance = "LS",
) -> EffectSizes:
    """Return the standardised mean difference from the F of an analysis of variance of two arms.

    Parameters
    ----------
    f : array_like, shape (k,)
        F with 1 and ``n1 + n2 - 2`` degrees of freedom, 0 or more.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.
    sign : array_like, shape (k,), optional
        1 where the first arm has the higher mean, -1 where it has the lower. F does not tell; without it
        the effects are sizes, not directions, and a note says so.
    better, correct, factor, variance : optional
        As in `spineevidence.formulas.means.hedges_g`; without `sign` nothing is turned.

    Returns
    -------
    EffectSizes
        Measure "SMD", through ``t = sign sqrt(F)``.

    References
    ----------
    .. [1] Rosenthal R (1994), Parametric measures of effect size, in Cooper and Hedges, The Handbook of
       Research Synthesis, chapter 16. https://www.jstor.org/stable/10.7758/9781610441377

    Examples
    --------
    >>> smd_from_f(f=7.73, n1=25, n2=22, sign=-1, better="lower")
    <EffectSizes: 1 of SMD contrast, yi 0.799 (95 % CI 0.204 to 1.394)>
    """
    direction(better)  # a misspelt word is refused, with or without a sign
    known = sign is not None
    statistic, size1, size2, side = aligned(
        {"f": f, "n1": n1, "n2": n2, "sign": 1.0 if sign is None else sign}
    )
    _check_sizes(size1, size2)
    require(statistic >= 0, "f must be 0 or more", statistic, "give F with 1 degree of freedom above")
    require(np.abs(side) == 1, "sign must be 1 or -1", side, "say which arm has the higher mean")
    effect = smd_from_t(
        t=side * np.sqrt(statistic),
        n1=size1,
        n2=size2,
        better=better if known else "higher",
        correct=correct,
        factor=factor,
        variance=variance,
    )
    if known:
        return effect
    note = "F has no sign: the effects are given as positive and may be benefit or harm."
    return EffectSizes(
        yi=effect.yi,
        vi=effect.vi,
        measure=effect.measure,
        estimand=effect.estimand,
        notes=(*effect.notes, note),
        undefined=effect.undefined,
    )


def spread_from_t(*, md: npt.ArrayLike, t: npt.ArrayLike, n1: npt.ArrayLike, n2: npt.ArrayLike) -> Spread:
    """Return the standard error and the common standard deviation behind a mean difference and its t.

    Parameters
    ----------
    md : array_like, shape (k,)
        Mean difference in score units; not 0.
    t : array_like, shape (k,)
        Test statistic of Student's test; not 0. Signs are not looked at.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.

    Returns
    -------
    Spread
        ``se = |md / t|``. The standard deviation serves both arms.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.3. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> spread_from_t(md=3.8, t=2.78, n1=25, n2=22)
    <Spread: se 1.367, sd 4.676, df 45>
    """
    difference, statistic, size1, size2 = aligned({"md": md, "t": t, "n1": n1, "n2": n2})
    advice = "0 fits any standard error; use the finding alone"
    require(statistic != 0, "t must not be 0", statistic, advice)
    require(difference != 0, "md must not be 0", difference, advice)
    return _spread(np.abs(difference / statistic), size1, size2)


def spread_from_p(*, md: npt.ArrayLike, p: npt.ArrayLike, n1: npt.ArrayLike, n2: npt.ArrayLike) -> Spread:
    """Return the standard error and the common standard deviation behind a mean difference and its p.

    From "p < 0.05" the results for 0.05 are the largest that agree with the report.

    Parameters
    ----------
    md : array_like, shape (k,)
        Mean difference in score units; not 0.
    p : array_like, shape (k,)
        Two-sided p-value of Student's test, above 0 and below 1.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.

    Returns
    -------
    Spread
        ``se = |md| / t(1 - p/2, n1 + n2 - 2)``. The standard deviation serves both arms.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.3. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> spread_from_p(md=3.8, p=0.008, n1=25, n2=22)
    <Spread: se 1.369, sd 4.683, df 45>
    """
    difference, tail, size1, size2 = aligned({"md": md, "p": p, "n1": n1, "n2": n2})
    _check_sizes(size1, size2)
    return _spread(se_from_p(estimate=difference, p=tail, df=size1 + size2 - 2), size1, size2)


def spread_from_half_width(
    *, half_width: npt.ArrayLike, n1: npt.ArrayLike, n2: npt.ArrayLike, level: float = LEVEL
) -> Spread:
    """Return the standard error and the common standard deviation behind a "+-" of a mean difference.

    Parameters
    ----------
    half_width : array_like, shape (k,)
        Half the width of the confidence interval of the difference, in score units, above 0.
    n1, n2 : array_like, shape (k,)
        Sizes of the arms.
    level : float, optional
        Coverage of the interval.

    Returns
    -------
    Spread
        ``se = half_width / t((1 + level) / 2, n1 + n2 - 2)``. The standard deviation serves both arms.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.3. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> spread_from_half_width(half_width=2.75, n1=25, n2=22)
    <Spread: se 1.365, sd 4.671, df 45>
    """
    half, size1, size2 = _sized("half_width", half_width, n1, n2)
    require(half > 0, "half_width must be above 0", half, "give half the width of the interval")
    df = size1 + size2 - 2
    return _spread(se_from_ci(ci_low=-half, ci_high=half, df=df, level=level), size1, size2)


def two_sided_p(effect: EffectSizes) -> FloatArray:
    """Return the p-value of each effect against 0.

    Parameters
    ----------
    effect : EffectSizes, shape (k,)
        Effects with their degrees of freedom; infinite ones give the normal test.

    Returns
    -------
    ndarray, shape (k,)
        Two-sided; NaN where there is no estimate with a variance. The interval of the effect holds 0 where
        this is above 0.05, unless the interval was not made from the variance.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.3.2. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> two_sided_p(EffectSizes(yi=[2.5, 0.0], vi=[1.0, 1.0], df=[10, np.inf])).round(4).tolist()
    [0.0314, 1.0]
    """
    from scipy.special import ndtr, stdtr  # late, as in `t_quantile`

    known = effect.defined
    statistic = np.divide(-np.abs(effect.yi), effect.sei, out=np.full(len(effect), np.nan), where=known)
    finite = np.isfinite(effect.df)
    tail: FloatArray = np.where(finite, stdtr(np.where(finite, effect.df, 1.0), statistic), ndtr(statistic))
    return 2 * tail


def _sized(
    name: str, values: npt.ArrayLike, n1: npt.ArrayLike, n2: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    found, size1, size2 = aligned({name: values, "n1": n1, "n2": n2})
    _check_sizes(size1, size2)
    return found, size1, size2


def _check_sizes(n1: FloatArray, n2: FloatArray) -> None:
    check_n("n1", n1)
    check_n("n2", n2)


def _spread(se: FloatArray, n1: FloatArray, n2: FloatArray) -> Spread:
    _check_sizes(n1, n2)
    return Spread(se=se, sd=se / np.sqrt(1 / n1 + 1 / n2), df=n1 + n2 - 2)
