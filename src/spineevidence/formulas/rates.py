"""Effects of rates: events per time at risk, in one group or in two.

Every function takes arrays or single numbers by keyword and lets them broadcast. Of two arms the first had
the procedure, the second is its comparator. Person-time is in any unit, the same throughout; rates are per
that unit. Events are taken as Poisson counts: where one patient may have several, they must not cluster.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes, require
from spineevidence.formulas.arguments import aligned, check_above_0, check_word, direction
from spineevidence.formulas.zerocells import Cells, ZeroCells, as_effects, fill_zero_cells
from spineevidence.models import Better
from spineevidence.timing import FloatArray


def incidence_rate_ratio(
    *,
    events1: npt.ArrayLike,
    time1: npt.ArrayLike,
    events2: npt.ArrayLike,
    time2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the logarithm of the ratio of two rates.

    Parameters
    ----------
    events1, time1 : array_like, shape (k,)
        Events, and person-time above 0, of the arm that had the procedure.
    events2, time2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which studies `add` is given: those with an arm without events; all; all if there is such a study;
        none.
    add : float, optional
        What is added to the events of both arms; person-time stays.
    drop00 : bool, optional
        Whether studies without an event in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "IRR", the natural logarithm; variance ``1/events1 + 1/events2``. Equals
        ``metafor::escalc(measure="IRR")`` with the same `to`, `add` and `drop00`.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.7.1. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> incidence_rate_ratio(events1=41, time1=28010, events2=15, time2=19017)
    <EffectSizes: 1 of IRR contrast, yi 0.618 (95 % CI 0.027 to 1.210)>
    """
    cells, (t1, t2) = _studies(events1, time1, events2, time2, to=to, add=add, drop00=drop00)
    x1, x2 = cells.counts
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(x1 * t2 / (x2 * t1))
        variance = 1 / x1 + 1 / x2
    return as_effects(cells, yi=direction(better) * effect, vi=variance, measure="IRR", estimand="contrast")


def incidence_rate_difference(
    *,
    events1: npt.ArrayLike,
    time1: npt.ArrayLike,
    events2: npt.ArrayLike,
    time2: npt.ArrayLike,
    better: Better = "higher",
    scale: Literal["raw", "sqrt"] = "raw",
    to: ZeroCells | None = None,
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the difference of two rates, or of their square roots.

    Parameters
    ----------
    events1, time1 : array_like, shape (k,)
        Events, and person-time above 0, of the arm that had the procedure.
    events2, time2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "lower" turns the sign, for events that nobody wants.
    scale : {"raw", "sqrt"}, optional
        Rates, or their square roots, whose variance does not depend on the rates.
    to : {"only0", "all", "if0all", "none"}, optional
        As in `incidence_rate_ratio`. Without it "only0" for "raw" and "none" for "sqrt".
    add : float, optional
        What is added to the events of both arms; person-time stays.
    drop00 : bool, optional
        Whether studies without an event in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "IRD", in events per unit of person-time, variance ``events1/time1^2 + events2/time2^2``; or
        "IRSD", variance ``1/(4 time1) + 1/(4 time2)``. Equals ``metafor::escalc`` of that measure. With
        ``to="none"`` a "raw" variance of 0, of a study without events, stays 0.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.7.1. https://training.cochrane.org/handbook/current/chapter-06
    .. [2] Anscombe FJ (1948), on square roots of counts. https://doi.org/10.1093/biomet/35.3-4.246

    Examples
    --------
    >>> incidence_rate_difference(events1=20, time1=507, events2=50, time2=405)
    <EffectSizes: 1 of IRD contrast, yi -0.084 (95 % CI -0.122 to -0.046)>
    """
    check_word("scale", scale, ("raw", "sqrt"))
    rule: ZeroCells = ("only0" if scale == "raw" else "none") if to is None else to
    cells, (t1, t2) = _studies(events1, time1, events2, time2, to=rule, add=add, drop00=drop00)
    x1, x2 = cells.counts
    if scale == "raw":
        effect, variance = x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2
    else:
        effect, variance = np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 1 / (4 * t1) + 1 / (4 * t2)
    return as_effects(
        cells,
        yi=direction(better) * effect,
        vi=variance,
        measure="IRD" if scale == "raw" else "IRSD",
        estimand="contrast",
    )


def incidence_rate(
    *,
    events: npt.ArrayLike,
    time: npt.ArrayLike,
    scale: Literal["raw", "log", "sqrt", "freeman_tukey"] = "raw",
    to: ZeroCells | None = None,
    add: float = 0.5,
) -> EffectSizes:
    """Return the rate of one group, on the scale on which it is to be pooled.

    Parameters
    ----------
    events, time : array_like, shape (k,)
        Events, and person-time above 0.
    scale : {"raw", "log", "sqrt", "freeman_tukey"}, optional
        Events per unit of person-time, its logarithm, its square root, or the mean of the square roots of
        ``events / time`` and ``(events + 1) / time``.
    to : {"only0", "all", "if0all", "none"}, optional
        To which groups `add` is given: those without events; all; all if there is such a group; none.
        Without it "only0" for "raw" and "log", "none" for the square roots.
    add : float, optional
        What is added to the events; person-time stays.

    Returns
    -------
    EffectSizes
        Measure "IR", "IRLN", "IRS" or "IRFT", a level and no effect. Equals ``metafor::escalc`` of that
        measure. The interval is Wald's on the scale.

    References
    ----------
    .. [1] Freeman MF, Tukey JW (1950). https://doi.org/10.1214/aoms/1177729756

    Examples
    --------
    >>> incidence_rate(events=19, time=398, scale="log")
    <EffectSizes: 1 of IRLN, yi -3.042 (95 % CI -3.492 to -2.592)>
    """
    check_word("scale", scale, ("raw", "log", "sqrt", "freeman_tukey"))
    count, person_time = aligned({"events": events, "time": time})
    _check_events("events", count)
    check_above_0("time", person_time)
    rule: ZeroCells = ("only0" if scale in {"raw", "log"} else "none") if to is None else to
    cells = fill_zero_cells((count,), to=rule, add=add, rows="groups")
    measure, effect, variance = _on_scale(cells.counts[0], np.atleast_1d(person_time), scale)
    return as_effects(cells, yi=effect, vi=variance, measure=measure, estimand="")


def _studies(
    events1: npt.ArrayLike,
    time1: npt.ArrayLike,
    events2: npt.ArrayLike,
    time2: npt.ArrayLike,
    *,
    to: ZeroCells,
    add: float,
    drop00: bool,
) -> tuple[Cells, tuple[FloatArray, FloatArray]]:
    given = {"events1": events1, "time1": time1, "events2": events2, "time2": time2}
    x1, t1, x2, t2 = aligned(given)
    _check_events("events1", x1)
    _check_events("events2", x2)
    check_above_0("time1", t1)
    check_above_0("time2", t2)
    dropped = np.atleast_1d((x1 == 0) & (x2 == 0)) if drop00 else None
    why = "had no event in both arms"
    cells = fill_zero_cells((x1, x2), to=to, add=add, dropped=dropped, rows="studies", why=why)
    return cells, (np.atleast_1d(t1), np.atleast_1d(t2))


def _check_events(name: str, events: FloatArray) -> None:
    require(events >= 0, f"{name} must be 0 or more", events, "give a count of events, not a rate")


def _on_scale(x: FloatArray, t: FloatArray, scale: str) -> tuple[str, FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "raw":
            return "IR", x / t, x / t**2
        if scale == "log":
            return "IRLN", np.log(x / t), 1 / x
        if scale == "sqrt":
            return "IRS", np.sqrt(x / t), 1 / (4 * t)
        return "IRFT", (np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 1 / (4 * t)
