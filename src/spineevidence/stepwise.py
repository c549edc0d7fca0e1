"""How long the benefit of one series of visits lasts: states of intervals and the two step-by-step runs.

Effects are benefit-positive and times are months since the procedure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL, BoolArray, notes_below, require, t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import html_table, interval, number, time_in_words, trimmed
from spineevidence.timing import LIMIT_SLACK, FloatArray

State = Literal[
    "harm",
    "important_benefit",
    "benefit",
    "small_benefit",
    "no_important_benefit",
    "inconclusive",
]
Code = Literal[
    "interval",
    "right_censored_at_horizon",
    "unresolved_after",
    "none_from_first",
    "excluded_late_only",
    "small_benefit",
    "delayed_or_intermittent",
    "indeterminate",
]
Crossing = Literal["crosses", "below_throughout", "above_at_last"]

STATES: Mapping[str, str] = MappingProxyType(
    {
        "harm": "worse than the comparator",
        "important_benefit": "important benefit shown",
        "benefit": "benefit shown, size uncertain",
        "small_benefit": "benefit shown, smaller than the MCID",
        "no_important_benefit": "important benefit excluded",
        "inconclusive": "cannot tell",
    }
)
CHANGE_STATES: Mapping[str, str] = MappingProxyType(
    {
        "harm": "worse than before",
        "important_benefit": "importantly better than before",
        "benefit": "better than before",
        "small_benefit": "better than before, important improvement excluded",
        "no_important_benefit": "important improvement excluded",
        "inconclusive": "cannot tell",
    }
)
CODES: Mapping[Code, str] = MappingProxyType(
    {
        "interval": "benefit shown at first, an important benefit excluded later",
        "right_censored_at_horizon": "benefit shown at every visit, up to the last follow-up",
        "unresolved_after": "benefit shown at first, later visits cannot tell",
        "none_from_first": "an important benefit excluded from the first adequate visit on",
        "excluded_late_only": "no benefit shown, an important benefit excluded at late visits only",
        "small_benefit": "benefit shown, but smaller than an important one",
        "delayed_or_intermittent": "no benefit shown at first, but at another visit",
        "indeterminate": "cannot tell",
    }
)

IMPRECISION = 1.25  # times the smallest half-width; a visit beyond it cannot end the backward run
GAP_FACTOR = 4.0  # neighbouring visits further apart than this leave a loss badly placed


@dataclass(frozen=True, slots=True, repr=False)
class StepwiseDuration:
    """How long benefit was shown at the visits of one series, and from when it was excluded.

    Attributes
    ----------
    months : tuple of float
        Times of the visits, ascending.
    estimate, ci_low, ci_high : tuple of float
        Effects and their limits at these visits, benefit-positive.
    states : tuple of str
        What each interval says; see `STATES`.
    anchor : float
        The visit from which the forward run starts.
    shown_until : float or None
        Last visit of the forward run with benefit shown; None if not shown at the anchor.
    important_shown_until : float or None
        The same for a benefit of at least `delta`.
    important_excluded_from : float or None
        First visit of the backward run with a benefit of `delta` excluded; None if the last adequate visit
        does not exclude it.
    benefit_excluded_from : float or None
        The same for any benefit.
    shown_at_adjusted : tuple of float
        If no benefit was shown in the run: visits that show it after Bonferroni correction for all visits.
    left_out : tuple of float
        Visits left out of the backward run, as too imprecise to exclude anything.
    horizon : float
        The last visit.
    code : str
        How the duration is bounded; see `CODES`.
    point_crossing : float or None
        Where the point estimates last fall below `delta`, interpolated in log time. Descriptive only.
    point_crossing_kind : {"crosses", "below_throughout", "above_at_last"}
        Why `point_crossing` is None, if it is.
    last_adequate : float
        The last visit that is not left out.
    delta : float
        Smallest difference between groups that matters, in the units of the effects.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats, each with its keyword: PRE_ANCHOR_ONLY, SINGLE_WINDOW, GAP.
    """

    months: tuple[float, ...]
    estimate: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    states: tuple[State, ...]
    anchor: float
    shown_until: float | None
    important_shown_until: float | None
    important_excluded_from: float | None
    benefit_excluded_from: float | None
    shown_at_adjusted: tuple[float, ...]
    left_out: tuple[float, ...]
    horizon: float
    code: Code
    point_crossing: float | None
    point_crossing_kind: Crossing
    last_adequate: float
    delta: float
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<StepwiseDuration: {self.code}, shown until {_when(self.shown_until)}, important benefit "
            f"({trimmed(self.delta)}) excluded from {_when(self.important_excluded_from)}, "
            f"last follow-up {time_in_words(self.horizon)}>"
        )

    def _repr_html_(self) -> str:
        caption = (
            f"{CODES[self.code].capitalize()}. Benefit shown until: {_when(self.shown_until)}; "
            f"important benefit ({trimmed(self.delta)}) excluded from: "
            f"{_when(self.important_excluded_from)}; last follow-up: {time_in_words(self.horizon)}."
        )
        rows = [
            (
                time_in_words(month),
                f"{number(effect, 2)} ({interval(low, high, 2)})",
                STATES[state] + (" (left out: too imprecise)" if month in self.left_out else ""),
            )
            for month, effect, low, high, state in zip(
                self.months, self.estimate, self.ci_low, self.ci_high, self.states, strict=True
            )
        ]
        head = ("Follow-up", f"Effect ({trimmed(100 * self.level)} % interval)", "What it says")
        return notes_below(html_table(caption, head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the visits, unrounded.

        Returns
        -------
        DataFrame
            A row per visit: ``months``, ``estimate``, ``ci_low``, ``ci_high`` (benefit-positive), ``state``
            and ``left_out`` (too imprecise for the backward run).
        """
        return pd.DataFrame(
            {
                "months": self.months,
                "estimate": self.estimate,
                "ci_low": self.ci_low,
                "ci_high": self.ci_high,
                "state": self.states,
                "left_out": [month in self.left_out for month in self.months],
            }
        )


@overload
def benefit_state(*, ci_low: float, ci_high: float, delta: float) -> State: ...
@overload
def benefit_state(
    *, ci_low: Sequence[float] | FloatArray, ci_high: Sequence[float] | FloatArray, delta: float
) -> tuple[State, ...]: ...
def benefit_state(
    *, ci_low: npt.ArrayLike, ci_high: npt.ArrayLike, delta: float
) -> State | tuple[State, ...]:
    """Return what an interval says about benefit: one of six states.

    Parameters
    ----------
    ci_low, ci_high : float or array_like, shape (k,)
        Limits of the effect, benefit-positive.
    delta : float
        Smallest difference between groups that matters, in the same units, above 0.

    Returns
    -------
    str or tuple of str
        "harm", "important_benefit", "benefit", "small_benefit", "no_important_benefit" or "inconclusive";
        `STATES` has the words for them. "Not shown" is never "none": an interval that holds both 0 and
        `delta` cannot tell.

    References
    ----------
    .. [1] GRADE guidance 34, imprecision against a threshold (2022).
       https://doi.org/10.1016/j.jclinepi.2022.07.014

    Examples
    --------
    >>> benefit_state(ci_low=0.1, ci_high=1.9, delta=1.0)
    'benefit'
    >>> benefit_state(ci_low=[-0.4, -0.4], ci_high=[0.7, 1.6], delta=1.0)
    ('no_important_benefit', 'inconclusive')
    """
    low, high = _numbers("ci_low", ci_low), _numbers("ci_high", ci_high)
    if low.shape != high.shape:
        raise InputError(f"limits must pair up; found shapes {low.shape} and {high.shape}; give both of each")
    _check_delta(delta)
    require(low <= high, "ci_low must not exceed ci_high", low, "exchange the limits")
    states = _states(np.atleast_1d(low), np.atleast_1d(high), delta)
    return states if low.ndim else states[0]


def stepwise_duration(
    *,
    months: npt.ArrayLike,
    estimate: npt.ArrayLike,
    ci_low: npt.ArrayLike,
    ci_high: npt.ArrayLike,
    delta: float,
    df: npt.ArrayLike | None = None,
    anchor_after: float = 0.5,
    level: float = LEVEL,
) -> StepwiseDuration:
    """Return how long benefit was shown over the visits of one series, and from when it was excluded.

    The forward run goes from the anchor to later visits while benefit is shown; the backward run goes from
    the last visit to earlier ones while an important benefit is excluded. Each run errs with a probability
    of at most ``(1 - level) / 2``, however the visits are correlated and whatever the course of the effect.

    Parameters
    ----------
    months : array_like, shape (J,)
        Times of the visits, above 0, each once, in any order.
    estimate, ci_low, ci_high : array_like, shape (J,)
        Effects and their limits, benefit-positive; the interval need not be symmetric.
    delta : float
        Smallest difference between groups that matters, in the same units, above 0.
    df : array_like, shape (J,), optional
        Degrees of freedom of the intervals, for the Bonferroni step; one number serves all visits; without
        them the normal quantile is used.
    anchor_after : float, optional
        The forward run starts at the first visit after this time (months); without one, at the first.
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    StepwiseDuration
        Bounds in months, the state of every visit, the code of the duration and caveats.

    Raises
    ------
    InputError
        If there is no visit, a time is given twice or is not above 0, or an interval does not hold its
        estimate.

    References
    ----------
    .. [1] Hsu JC, Berger RL (1999). Stepwise confidence intervals without multiplicity adjustment for
       dose-response and toxicity studies. Journal of the American Statistical Association 94:468-482.

    Examples
    --------
    >>> lasting = stepwise_duration(
    ...     months=[1, 3, 6, 12], estimate=[1.9, 1.8, 1.6, 0.1], delta=1.0,
    ...     ci_low=[1.16, 1.06, 0.82, -0.72], ci_high=[2.64, 2.54, 2.38, 0.92])
    >>> lasting.shown_until, lasting.important_excluded_from, lasting.code
    (6.0, 12.0, 'interval')
    """
    _check_delta(delta)
    if not 0 < level < 1:
        raise InputError(f"a level must lie between 0 and 1; found {level:g}; give 0.95 for 95 %")
    times, effect, low, high, freedom = _visits(months, estimate, ci_low, ci_high, df)
    later = np.flatnonzero(times > anchor_after * (1 + LIMIT_SLACK))
    start = int(later[0]) if later.size else 0
    half = (high - low) / 2
    adequate = ~((half >= delta) & (half > IMPRECISION * half.min()))
    shown = _forward(times, low > 0, start)
    excluded = _backward(times, high < delta, adequate)
    adjusted = () if shown is not None else _still_shown(times, effect, low, freedom, level)
    code = _code(shown, excluded, adjusted, horizon=float(times[-1]), first=float(times[adequate][0]))
    crossing, kind = _point_crossing(times, effect, delta)
    return StepwiseDuration(
        months=_floats(times),
        estimate=_floats(effect),
        ci_low=_floats(low),
        ci_high=_floats(high),
        states=_states(low, high, delta),
        anchor=float(times[start]),
        shown_until=shown,
        important_shown_until=_forward(times, low >= delta, start),
        important_excluded_from=excluded,
        benefit_excluded_from=_backward(times, high < 0, adequate),
        shown_at_adjusted=adjusted,
        left_out=_floats(times[~adequate]),
        horizon=float(times[-1]),
        code=code,
        point_crossing=crossing,
        point_crossing_kind=kind,
        last_adequate=float(times[adequate][-1]),
        delta=float(delta),
        level=float(level),
        notes=_notes(times, adequate, shown, excluded, anchor_after=anchor_after, pre_anchor=not later.size),
    )


def _visits(
    months: npt.ArrayLike,
    estimate: npt.ArrayLike,
    ci_low: npt.ArrayLike,
    ci_high: npt.ArrayLike,
    df: npt.ArrayLike | None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return times, effects, limits and degrees of freedom, checked and in order of time."""
    times = np.atleast_1d(_numbers("months", months))
    if times.ndim > 1 or not times.size:
        raise InputError(f"one or more visits are needed; found shape {times.shape}; give one time per visit")
    columns = [times]
    for name, given in (("estimate", estimate), ("ci_low", ci_low), ("ci_high", ci_high)):
        values = np.atleast_1d(_numbers(name, given))
        if values.shape != times.shape:
            raise InputError(
                f"{name} must have one number per visit ({times.size}); found shape {values.shape}"
            )
        require(np.isfinite(values), f"{name} must be finite", values, "leave out visits without a number")
        columns.append(values)
    freedom = _numbers("df", np.inf if df is None else df)
    if freedom.shape not in {(), times.shape}:
        raise InputError(
            f"df must be one number, or one per visit ({times.size}); found shape {freedom.shape}"
        )
    require(freedom > 0, "df must be above 0", freedom, "leave df out where it is not known")
    rule = "months must be above 0 and finite"
    require((times > 0) & np.isfinite(times), rule, times, "time 0 is a baseline, not a visit")
    order = np.argsort(times, kind="stable")
    times, effect, low, high = (column[order] for column in columns)
    twice = np.flatnonzero(np.diff(times) == 0)
    if twice.size:
        raise InputError(
            f"each time may stand once; {times[twice[0]]:g} months is given twice; "
            "keep one estimate per visit"
        )
    holds = (low <= effect) & (effect <= high)
    require(holds, "each interval must hold its estimate", effect, "look for exchanged limits or a lost sign")
    return times, effect, low, high, np.broadcast_to(freedom, times.shape)[order]


def _states(low: FloatArray, high: FloatArray, delta: float) -> tuple[State, ...]:
    return tuple(_state(float(lower), float(upper), delta) for lower, upper in zip(low, high, strict=True))


def _state(low: float, high: float, delta: float) -> State:
    if high < 0:
        return "harm"
    if low >= delta:
        return "important_benefit"
    if low > 0:
        return "benefit" if high >= delta else "small_benefit"
    return "inconclusive" if high >= delta else "no_important_benefit"


def _forward(times: FloatArray, ok: BoolArray, start: int) -> float | None:
    """Return the last visit of the unbroken run that starts at the anchor."""
    run = ok[start:]
    length = run.size if run.all() else int(np.argmin(run))
    return float(times[start + length - 1]) if length else None


def _backward(times: FloatArray, ok: BoolArray, adequate: BoolArray) -> float | None:
    """Return the first visit of the unbroken run that ends at the last adequate visit."""
    return _forward(times[adequate][::-1], ok[adequate][::-1], 0)


def _still_shown(
    times: FloatArray, effect: FloatArray, low: FloatArray, df: FloatArray, level: float
) -> tuple[float, ...]:
    """Return the visits above 0 at the Bonferroni level, each lower side stretched by its quantile."""
    tail = (1 - level) / 2
    stretch = t_quantile(p=tail / times.size, df=df) / t_quantile(p=tail, df=df)
    return _floats(times[effect - (effect - low) * stretch > 0])


def _code(
    shown: float | None, excluded: float | None, adjusted: tuple[float, ...], *, horizon: float, first: float
) -> Code:
    if shown is not None and excluded is not None:
        return "small_benefit" if shown >= excluded else "interval"
    if shown is not None:
        return "right_censored_at_horizon" if shown == horizon else "unresolved_after"
    if adjusted:
        return "delayed_or_intermittent"
    if excluded is not None:
        return "none_from_first" if excluded == first else "excluded_late_only"
    return "indeterminate"


def _point_crossing(times: FloatArray, effect: FloatArray, delta: float) -> tuple[float | None, Crossing]:
    """Return the last downward crossing of delta by the point estimates, in log time."""
    above = effect >= delta
    if above[-1]:
        return None, "above_at_last"
    if not above.any():
        return None, "below_throughout"
    last = int(np.flatnonzero(above)[-1])
    share = (effect[last] - delta) / (effect[last] - effect[last + 1])
    return float(times[last] * (times[last + 1] / times[last]) ** share), "crosses"


def _notes(
    times: FloatArray,
    adequate: BoolArray,
    shown: float | None,
    excluded: float | None,
    *,
    anchor_after: float,
    pre_anchor: bool,
) -> tuple[str, ...]:
    notes = []
    if pre_anchor:
        notes.append(
            f"PRE_ANCHOR_ONLY: no visit after {trimmed(anchor_after)} months, "
            f"so the run starts at {time_in_words(times[0])}."
        )
    if times.size == 1:
        notes.append(f"SINGLE_WINDOW: one visit only, at {time_in_words(times[0])}.")
    gap = gap_around_loss(months=times[adequate], shown_until=shown, excluded_from=excluded)
    if gap is not None:
        notes.append(
            f"GAP: no adequate visit between {time_in_words(gap[0])} and {time_in_words(gap[1])}, "
            "where the benefit was lost."
        )
    return tuple(notes)


def gap_around_loss(
    *, months: npt.ArrayLike, shown_until: float | None, excluded_from: float | None
) -> tuple[float, float] | None:
    """Return the widest pair of neighbouring visits around a loss, if it is wider than a factor of 4.

    Parameters
    ----------
    months : array_like, shape (J,)
        Times of the visits that count, in months.
    shown_until, excluded_from : float or None
        Bounds of the loss, in months; without both, or with the second no later, no loss is bounded.

    Returns
    -------
    tuple of two floats, or None
        The earlier and the later visit.

    Examples
    --------
    >>> gap_around_loss(months=[1, 3, 24], shown_until=3, excluded_from=24)
    (3.0, 24.0)
    """
    if shown_until is None or excluded_from is None or shown_until >= excluded_from:
        return None
    times = np.union1d(_numbers("months", months), [shown_until, excluded_from])
    times = times[(times >= shown_until) & (times <= excluded_from)]
    ratio = times[1:] / times[:-1]
    widest = int(np.argmax(ratio))
    if ratio[widest] <= GAP_FACTOR * (1 + LIMIT_SLACK):
        return None
    return float(times[widest]), float(times[widest + 1])


def _numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a number or a list of numbers, not {values!r}") from error
    require(~np.isnan(array), f"{name} must be numbers", array, "leave out visits without a number")
    return array


def _check_delta(delta: float) -> None:
    if not (delta > 0 and np.isfinite(delta)):
        raise InputError(
            f"delta must be above 0; found {delta:g}; "
            "give the smallest difference between groups that matters"
        )


def _floats(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _when(value: float | None) -> str:
    return "no visit" if value is None else time_in_words(value)
