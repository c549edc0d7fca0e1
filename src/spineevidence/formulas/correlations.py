"""Correlations: of one study's effects between visits and through a shared control, and as effects."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes, positions, require
from spineevidence.formulas.arguments import aligned, check_above_0, check_n, check_r, check_sd, check_word
from spineevidence.formulas.conversions import possible_correlation
from spineevidence.formulas.transformations import fisher_z
from spineevidence.timing import FloatArray


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
    between, first, second = aligned({"r_jl": r_jl, "r_base_j": r_base_j, "r_base_l": r_base_l})
    for name, values in (("r_jl", between), ("r_base_j", first), ("r_base_l", second)):
        check_r(name, values)
    for name, values in (("r_base_j", first), ("r_base_l", second)):
        require(values < 1, f"{name} must be below 1", values, "with 1 nobody changes by another amount")
    return possible_correlation(
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
    rho, first, second, both = aligned({"r": r, "n_j": n_j, "n_l": n_l, "n_both": n_both})
    check_r("r", rho)
    check_n("n_j", first, least=1)
    check_n("n_l", second, least=1)
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
    first, second, factor = aligned({"months_j": months_j, "months_l": months_l, "rho": rho})
    check_above_0("months_j", first)
    check_above_0("months_l", second)
    require(
        (factor >= 0) & (factor <= 1),
        "rho must lie from 0 to 1",
        factor,
        "0.7 is usual, 0.5 to 0.9 plausible",
    )
    return factor ** np.abs(np.log2(first / second))


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
    deviation, size = aligned({"sd_control": sd_control, "n_control": n_control})
    check_sd("sd_control", deviation)
    check_n("n_control", size)
    return deviation**2 / size


def correlation_of_one_group(
    *, r: npt.ArrayLike, n: npt.ArrayLike, scale: Literal["r", "z"] = "z"
) -> EffectSizes:
    """Return correlations within groups, such as of baseline with follow-up, ready to be pooled.

    Parameters
    ----------
    r : array_like, shape (k,)
        Product-moment correlations.
    n : array_like, shape (k,)
        Patients, 4 or more.
    scale : {"r", "z"}, optional
        The correlation itself or Fisher's z. The variance of the first depends on the correlation, which
        biases weights in small groups; pool the second.

    Returns
    -------
    EffectSizes
        Measure "COR" with variance ``(1 - r^2)^2 / (n - 1)``, or "ZCOR" with ``1 / (n - 3)``, as
        ``metafor::escalc(measure="COR")`` and ``metafor::escalc(measure="ZCOR")``. A correlation of -1 or 1
        has no variance ("r": 0) and no z (NaN); a note says so.

    References
    ----------
    .. [1] Borenstein M et al. (2009). Introduction to Meta-Analysis, chapter 6.
       https://doi.org/10.1002/9780470743386.ch6
    .. [2] Fisher RA (1921). Metron 1:3-32. https://hdl.handle.net/2440/15169

    Examples
    --------
    >>> correlation_of_one_group(r=0.5, n=100)
    <EffectSizes: 1 of ZCOR, yi 0.549 (95 % CI 0.350 to 0.748)>
    """
    check_word("scale", scale, ("r", "z"))
    value, size = aligned({"r": r, "n": n})
    check_r("r", value)
    check_n("n", size, least=4)
    perfect = np.abs(value) == 1
    if scale == "r":
        effect, variance = value, (1 - value**2) ** 2 / (size - 1)
    else:
        effect = np.where(perfect, np.nan, fisher_z(r=np.where(perfect, 0.0, value)))
        variance = np.where(perfect, np.nan, 1 / (size - 3))
    count = int(np.sum(perfect))
    note = (
        f"{count} of {np.size(perfect)} correlations are -1 or 1 and cannot be pooled: {positions(perfect)}."
    )
    return EffectSizes(
        yi=effect,
        vi=variance,
        measure="COR" if scale == "r" else "ZCOR",
        notes=(note,) if count else (),
        undefined=True,
    )
