"""Effects of counts: patients with an event in one group or in two.

Every function takes arrays or single numbers by keyword and lets them broadcast. Of two arms the first had
the procedure, the second is its comparator.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spineevidence.arguments import aligned, check_events, check_n, checked_level, direction
from spineevidence.effectsizes import LEVEL, EffectSizes, t_quantile
from spineevidence.models import Better
from spineevidence.timing import FloatArray


def wilson_interval(
    *, events: npt.ArrayLike, n: npt.ArrayLike, level: float = LEVEL
) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's score interval of a proportion.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Patients with the event, and all patients.
    level : float, optional
        Coverage.

    Returns
    -------
    low, high : ndarray, shape (k,)
        Limits from 0 to 1.

    References
    ----------
    .. [1] Wilson EB (1927). https://doi.org/10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_interval(events=3, n=4)
    >>> round(float(low), 3), round(float(high), 3)
    (0.301, 0.954)
    """
    count, size = aligned({"events": events, "n": n})
    check_n("n", size, least=1)
    check_events("events", count, size)
    z = t_quantile(p=(1 + checked_level(level)) / 2, df=np.inf)
    middle = 2 * count + z**2
    half = z * np.sqrt(z**2 + 4 * count * (size - count) / size)
    scale = 2 * (size + z**2)
    low = np.where(count == 0, 0.0, (middle - half) / scale)
    high = np.where(count == size, 1.0, (middle + half) / scale)
    return low[()], high[()]


def risk_difference(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
) -> EffectSizes:
    """Return the difference of two proportions with Newcombe's hybrid score interval.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.

    Returns
    -------
    EffectSizes
        Measure "RD", as a fraction. `yi` and `vi` (Wald's variance) equal those of
        ``metafor::escalc(measure="RD", to="none")``; the interval is Newcombe's (his method 10), which need
        not be symmetric. If in both arms either nobody or everybody had the event, Wald's variance is 0; it
        is then taken with 1/2 added to each cell, and a note says so.

    References
    ----------
    .. [1] Newcombe RG (1998). Statistics in Medicine 17:873-890.
       https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> risk_difference(events1=56, n1=70, events2=48, n2=80)
    <EffectSizes: 1 of RD contrast, yi 0.200 (95 % CI 0.052 to 0.334)>
    """
    e1, size1, e2, size2 = aligned({"events1": events1, "n1": n1, "events2": events2, "n2": n2})
    for name, size in (("n1", size1), ("n2", size2)):
        check_n(name, size, least=1)
    check_events("events1", e1, size1)
    check_events("events2", e2, size2)
    p1, p2 = e1 / size1, e2 / size2
    low1, high1 = wilson_interval(events=e1, n=size1)
    low2, high2 = wilson_interval(events=e2, n=size2)
    down, up = np.hypot(p1 - low1, high2 - p2), np.hypot(high1 - p1, p2 - low2)
    variance, notes = _wald_variance(e1, size1, e2, size2)
    sign = direction(better)
    below, above = (down, up) if sign > 0 else (up, down)
    effect = sign * (p1 - p2)
    return EffectSizes(
        yi=effect,
        vi=variance,
        ci_low=effect - below,
        ci_high=effect + above,
        measure="RD",
        estimand="contrast",
        notes=notes,
    )


def _wald_variance(
    e1: FloatArray, n1: FloatArray, e2: FloatArray, n2: FloatArray
) -> tuple[FloatArray, tuple[str, ...]]:
    plain = e1 * (n1 - e1) / n1**3 + e2 * (n2 - e2) / n2**3
    q1, q2 = (e1 + 0.5) / (n1 + 1), (e2 + 0.5) / (n2 + 1)
    filled = q1 * (1 - q1) / (n1 + 1) + q2 * (1 - q2) / (n2 + 1)
    degenerate = plain == 0
    note = "Both arms were all or none: the variance was taken with 1/2 added to each cell."
    return np.where(degenerate, filled, plain), (note,) if degenerate.any() else ()
