"""Mean and spread of one group, with their sampling variances: levels, which are no effects of a procedure.

Every function takes arrays or single numbers by keyword and lets them broadcast.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas.arguments import aligned, check_above_0, check_n
from spineevidence.formulas.means import Factor, factor_from_df, no_estimate
from spineevidence.timing import FloatArray


def mean_of_one_group(*, m: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike) -> EffectSizes:
    """Return the mean of one group with its t interval.

    From the mean and the standard deviation of changes it is the mean change.

    Parameters
    ----------
    m, sd, n : array_like, shape (k,)
        Mean, standard deviation (above 0, score units) and size.

    Returns
    -------
    EffectSizes
        Measure "MN", in score units: a level, no benefit. Equals ``metafor::escalc(measure="MN")``.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.5.2.2. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> mean_of_one_group(m=32.1, sd=9.6, n=25)
    <EffectSizes: 1 of MN, yi 32.100 (95 % CI 28.137 to 36.063)>
    """
    mean, deviation, size = _one_group(m, sd, n)
    return EffectSizes(yi=mean, vi=deviation**2 / size, df=size - 1, measure="MN")


def standardised_mean(
    *,
    m: npt.ArrayLike,
    sd: npt.ArrayLike,
    n: npt.ArrayLike,
    correct: bool = True,
    factor: Factor = "exact",
) -> EffectSizes:
    """Return the mean of one group in its own standard deviations.

    Parameters
    ----------
    m, sd, n : array_like, shape (k,)
        Mean, standard deviation (above 0, score units) and size.
    correct, factor : optional
        As in `hedges_g`; J has ``n - 1`` degrees of freedom, so 2 patients give no corrected estimate.

    Returns
    -------
    EffectSizes
        Measure "SMN", with variance ``1/n + g^2 / (2 n)``. Equals ``metafor::escalc(measure="SMN")``;
        without `correct` that of metafor 5, as 3.8 always corrects.

    References
    ----------
    .. [1] Hedges LV (1981). https://doi.org/10.3102/10769986006002107
    .. [2] Gibbons RD, Hedeker DR, Davis JM (1993). https://doi.org/10.3102/10769986018003271

    Examples
    --------
    >>> standardised_mean(m=1.8, sd=2.4, n=32)
    <EffectSizes: 1 of SMN, yi 0.732 (95 % CI 0.342 to 1.122)>
    """
    mean, deviation, size = _one_group(m, sd, n)
    d = mean / deviation
    g = factor_from_df(df=size - 1, method=factor) * d if correct else d
    return EffectSizes(
        yi=g,
        vi=1 / size + g**2 / (2 * size),
        measure="SMN",
        notes=no_estimate(np.isnan(g), "fewer than 3 patients"),
        undefined=True,
    )


def log_sd(*, sd: npt.ArrayLike, n: npt.ArrayLike) -> EffectSizes:
    """Return the logarithm of the standard deviation of one group, corrected for its bias.

    Parameters
    ----------
    sd, n : array_like, shape (k,)
        Standard deviation (above 0, score units) and size.

    Returns
    -------
    EffectSizes
        Measure "SDLN": ``log(sd) + 1/(2(n-1))`` with variance ``1/(2(n-1))``. Equals
        ``metafor::escalc(measure="SDLN")``.

    References
    ----------
    .. [1] Nakagawa S et al. (2015). https://doi.org/10.1111/2041-210X.12309

    Examples
    --------
    >>> log_sd(sd=2.4, n=32)
    <EffectSizes: 1 of SDLN, yi 0.892 (95 % CI 0.643 to 1.141)>
    """
    _, deviation, size = _one_group(0.0, sd, n)
    spread = 1 / (2 * (size - 1))
    return EffectSizes(yi=np.log(deviation) + spread, vi=spread, measure="SDLN")


def _one_group(
    m: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    mean, deviation, size = aligned({"m": m, "sd": sd, "n": n})
    check_above_0("sd", deviation)
    check_n("n", size)
    return mean, deviation, size
