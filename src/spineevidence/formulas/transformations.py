"""From one scale of an effect to another and back: logits, angles, Fisher's z, d and what it means.

Every function takes arrays or single numbers by keyword and returns the same shape; a single number gives a
single number. These are for estimates and limits of intervals; a standard error needs its own rule.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import require
from spineevidence.formulas.arguments import aligned, check_above_0, check_r_inside
from spineevidence.timing import FloatArray

LOGISTIC_SD: float = math.pi / math.sqrt(3)  # standard deviation of the standard logistic distribution
COX_SD: float = 1.65  # the same by Cox: of a normal curve as steep in its middle as the logistic one


def logit(*, p: npt.ArrayLike) -> FloatArray:
    """Return the natural logarithm of the odds of a proportion.

    Parameters
    ----------
    p : array_like, shape (k,)
        Proportions, above 0 and below 1.

    Returns
    -------
    ndarray, shape (k,)
        ``log(p / (1 - p))``. As ``metafor::transf.logit``.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.4.1.1, on risks and odds.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> round(float(logit(p=0.8)), 4)
    1.3863
    """
    (proportion,) = aligned({"p": p})
    rule = "p must be above 0 and below 1"
    require((proportion > 0) & (proportion < 1), rule, proportion, "the odds of 0 and 1 have no logarithm")
    return np.log(proportion) - np.log1p(-proportion)


def inverse_logit(*, x: npt.ArrayLike) -> FloatArray:
    """Return the proportion of which a value is the logit.

    Parameters
    ----------
    x : array_like, shape (k,)
        Natural logarithms of odds.

    Returns
    -------
    ndarray, shape (k,)
        ``1 / (1 + exp(-x))``. As ``metafor::transf.ilogit``.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.4.1.1, on risks and odds.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> round(float(inverse_logit(x=1.3863)), 4)
    0.8
    """
    from scipy.special import expit  # late, as in `t_quantile`

    (value,) = aligned({"x": x})
    return np.asarray(expit(value))[()]


def inverse_log(*, x: npt.ArrayLike) -> FloatArray:
    """Return the ratio of which a value is the natural logarithm.

    Parameters
    ----------
    x : array_like, shape (k,)
        Logarithms of odds ratios, risk ratios, hazard ratios or ratios of means.

    Returns
    -------
    ndarray, shape (k,)
        ``exp(x)``. As ``metafor::transf.exp``.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.1.2.1, on ratios and their logarithms.
       https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> round(float(inverse_log(x=0.6931)), 3)
    2.0
    """
    (value,) = aligned({"x": x})
    return np.exp(value)


def fisher_z(*, r: npt.ArrayLike) -> FloatArray:
    """Return Fisher's z of a correlation, whose variance hardly depends on the correlation.

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, between -1 and 1, without the ends.

    Returns
    -------
    ndarray, shape (k,)
        ``artanh(r)``. As ``metafor::transf.rtoz``.

    References
    ----------
    .. [1] Fisher RA (1921). Metron 1:3-32. https://hdl.handle.net/2440/15169

    Examples
    --------
    >>> round(float(fisher_z(r=0.5)), 4)
    0.5493
    """
    (correlation,) = aligned({"r": r})
    check_r_inside("r", correlation, "z of -1 and 1 is infinite")
    return np.arctanh(correlation)


def inverse_fisher_z(*, z: npt.ArrayLike) -> FloatArray:
    """Return the correlation of which a value is Fisher's z.

    Parameters
    ----------
    z : array_like, shape (k,)
        Fisher's z.

    Returns
    -------
    ndarray, shape (k,)
        ``tanh(z)``. As ``metafor::transf.ztor``.

    References
    ----------
    .. [1] Fisher RA (1921). Metron 1:3-32. https://hdl.handle.net/2440/15169

    Examples
    --------
    >>> round(float(inverse_fisher_z(z=0.5493)), 3)
    0.5
    """
    (value,) = aligned({"z": z})
    return np.tanh(value)


def arcsine(*, p: npt.ArrayLike) -> FloatArray:
    """Return the arcsine of the square root of a proportion.

    Parameters
    ----------
    p : array_like, shape (k,)
        Proportions, from 0 to 1.

    Returns
    -------
    ndarray, shape (k,)
        ``arcsin(sqrt(p))``, from 0 to pi/2. As ``metafor::transf.arcsin``.

    References
    ----------
    .. [1] Rücker G et al. (2009). Statistics in Medicine 28:721-738. https://doi.org/10.1002/sim.3511

    Examples
    --------
    >>> round(float(arcsine(p=0.5)), 4)
    0.7854
    """
    (proportion,) = aligned({"p": p})
    rule = "p must lie from 0 to 1"
    require((proportion >= 0) & (proportion <= 1), rule, proportion, "give a fraction, not a percentage")
    return np.arcsin(np.sqrt(proportion))


def inverse_arcsine(*, x: npt.ArrayLike) -> FloatArray:
    """Return the proportion of which a value is the arcsine of the square root.

    Parameters
    ----------
    x : array_like, shape (k,)
        Angles. Those below 0 or above pi/2, as a limit of an interval can be, give 0 or 1.

    Returns
    -------
    ndarray, shape (k,)
        ``sin(x)^2``. As ``metafor::transf.iarcsin``.

    References
    ----------
    .. [1] Rücker G et al. (2009). Statistics in Medicine 28:721-738. https://doi.org/10.1002/sim.3511

    Examples
    --------
    >>> inverse_arcsine(x=[-0.1, 0.7854, 2.0]).round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    (angle,) = aligned({"x": x})
    return np.sin(np.clip(angle, 0.0, np.pi / 2)) ** 2


def inverse_double_arcsine(*, x: npt.ArrayLike, n: npt.ArrayLike) -> FloatArray:
    """Return the proportion of which a value is the double arcsine (Freeman and Tukey).

    A mean of several studies needs one `n` for all of them: Miller proposed their harmonic mean. The
    proportion then depends on that choice, strongly if sizes differ much; pooling logits avoids it.

    Parameters
    ----------
    x : array_like, shape (k,)
        ``(arcsin(sqrt(e / (n + 1))) + arcsin(sqrt((e + 1) / (n + 1)))) / 2`` for e events. Values below that
        of no event give 0, above that of n events 1.
    n : array_like, shape (k,)
        Patients; above 0, need not be a whole number.

    Returns
    -------
    ndarray, shape (k,)
        As ``metafor::transf.ipft``.

    References
    ----------
    .. [1] Miller JJ (1978). The American Statistician 32:138.
       https://doi.org/10.1080/00031305.1978.10479283
    .. [2] Schwarzer G et al. (2019), on how it can mislead. https://doi.org/10.1002/jrsm.1348

    Examples
    --------
    >>> round(float(inverse_double_arcsine(x=1.1391 / 2, n=11)), 4)  # 3 of 11
    0.2727
    """
    angle, size = aligned({"x": x, "n": n})
    check_above_0("n", size)
    lowest = np.arcsin(np.sqrt(1 / (size + 1))) / 2
    inside = np.clip(angle, lowest, np.pi / 2 - lowest)  # the value of n events lies as far below pi/2
    sine = np.sin(2 * inside)
    root = np.sqrt(np.maximum(1 - (sine + (sine - 1 / sine) / size) ** 2, 0.0))
    proportion = (1 - np.sign(np.cos(2 * inside)) * root) / 2
    proportion = np.where(angle <= lowest, 0.0, proportion)
    return np.where(angle >= np.pi / 2 - lowest, 1.0, proportion)[()]


def d_to_log_odds_ratio(*, d: npt.ArrayLike) -> FloatArray:
    """Return standardised mean differences as log odds ratios, for logistic scores of one spread.

    Parameters
    ----------
    d : array_like, shape (k,)
        Standardised mean differences, or their standard errors.

    Returns
    -------
    ndarray, shape (k,)
        ``d pi / sqrt(3)``: 1.81 times `d`. As ``metafor::transf.dtolnor.logis``.

    References
    ----------
    .. [1] Chinn S (2000). Statistics in Medicine 19:3127-3131.
       https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M

    Examples
    --------
    >>> round(float(d_to_log_odds_ratio(d=0.5)), 4)
    0.9069
    """
    (difference,) = aligned({"d": d})
    return np.multiply(difference, LOGISTIC_SD)


def log_odds_ratio_to_d(*, lnor: npt.ArrayLike) -> FloatArray:
    """Return log odds ratios as standardised mean differences, for logistic scores of one spread.

    `spineevidence.formulas.conversions.log_odds_ratio_to_smd` takes the standard errors along.

    Parameters
    ----------
    lnor : array_like, shape (k,)
        Natural logarithms of odds ratios, or their standard errors.

    Returns
    -------
    ndarray, shape (k,)
        ``lnor sqrt(3) / pi``. As ``metafor::transf.lnortod.logis``.

    References
    ----------
    .. [1] Chinn S (2000). Statistics in Medicine 19:3127-3131.
       https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M

    Examples
    --------
    >>> round(float(log_odds_ratio_to_d(lnor=0.9069)), 3)
    0.5
    """
    (logarithm,) = aligned({"lnor": lnor})
    return np.divide(logarithm, LOGISTIC_SD)


def d_to_superiority(*, d: npt.ArrayLike) -> FloatArray:
    """Return how often a patient of one group scores above one of the other (common-language effect size).

    For normal scores of one spread. 0.5 is no difference.

    Parameters
    ----------
    d : array_like, shape (k,)
        Standardised mean differences.

    Returns
    -------
    ndarray, shape (k,)
        ``Phi(d / sqrt(2))``, from 0 to 1. As ``metafor::transf.dtocles``.

    References
    ----------
    .. [1] McGraw KO, Wong SP (1992). https://doi.org/10.1037/0033-2909.111.2.361

    Examples
    --------
    >>> round(float(d_to_superiority(d=0.5)), 3)
    0.638
    """
    from scipy.special import ndtr  # late, as in `t_quantile`

    (difference,) = aligned({"d": d})
    return np.asarray(ndtr(difference / np.sqrt(2)))[()]


def d_to_overlap(*, d: npt.ArrayLike) -> FloatArray:
    """Return the share that the scores of two groups have in common (overlapping coefficient).

    For normal scores of one spread. 1 is no difference.

    Parameters
    ----------
    d : array_like, shape (k,)
        Standardised mean differences.

    Returns
    -------
    ndarray, shape (k,)
        ``2 Phi(-|d| / 2)``, from 0 to 1. As ``metafor::transf.dtoovl``.

    References
    ----------
    .. [1] Inman HF, Bradley EL (1989). https://doi.org/10.1080/03610928908830127

    Examples
    --------
    >>> round(float(d_to_overlap(d=0.5)), 3)
    0.803
    """
    from scipy.special import ndtr  # late, as in `t_quantile`

    (difference,) = aligned({"d": d})
    return np.asarray(2 * ndtr(-np.abs(difference) / 2))[()]
