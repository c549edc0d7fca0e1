"""An effect over time as a figure shows it: geometry in months and effects, caption, and text equivalent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spineevidence.curves import NATURAL_NAMES, Curve, Kind
from spineevidence.duration import DurationOfBenefit
from spineevidence.effectsizes import BoolArray
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, listed, time_in_words, trimmed
from spineevidence.lineage import Effect, keyword
from spineevidence.longitudinal.course import CURVE_WINDOWS, CourseDuration, TimeCourse
from spineevidence.longitudinal.trend import Crossing
from spineevidence.plots.effectaxis import digits_of, is_ratio, printed, printed_interval
from spineevidence.results import CHANGE
from spineevidence.timing import FloatArray, find_window
from spineevidence.together import ENGINE_WORDS, course_sentence, crossing_in_words
from spineevidence.wording import COMPARATORS, state_in_words

CURVE_PLACES = 65  # times at which the curve and its band are computed, evenly in log time
KINDS: tuple[Kind, ...] = ("MD", "RD", "RR", "OR", "SMD", "MID")
MANY_NAMES = 6  # studies, or arms, that a caption names
UNCONTROLLED = "uncontrolled, before to after"


@dataclass(frozen=True, slots=True)
class WindowMark:
    """The estimate of one window as it is drawn.

    Attributes
    ----------
    months : float
        Where it stands.
    estimate, low, high : float
        Mean and its interval; of a fragile window the widest, by which its state is told.
    new_low, new_high : float
        Interval of the true value in a new study.
    state : str
        What the interval says; empty where no threshold is given.
    fragile : bool
        Whether another assumption gives another state.
    k : int
        Studies.
    n : int or None
        Participants, where every study says.
    studies : tuple of str
        Names.
    """

    months: float
    estimate: float
    low: float
    high: float
    new_low: float
    new_high: float
    state: str
    fragile: bool
    k: int
    n: int | None
    studies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyPath:
    """The visits of one study.

    Attributes
    ----------
    study_id : str
        Its name.
    months, estimates : tuple of float
        Its visits, ascending.
    sizes : tuple of (int or None)
        Participants analysed at each.
    open_label : bool
        Whether it is known that nobody was blinded.
    """

    study_id: str
    months: tuple[float, ...]
    estimates: tuple[float, ...]
    sizes: tuple[int | None, ...]
    open_label: bool

    @property
    def n(self) -> int | None:
        """The largest number analysed, None where no visit says."""
        return max((size for size in self.sizes if size is not None), default=None)


@dataclass(frozen=True, slots=True, eq=False)
class CurvePath:
    """The curve and its band between the first and the last visit.

    Attributes
    ----------
    months, middle, low, high : ndarray, shape (m,)
        Times, and the curve with its limits.
    supported : ndarray of bool, shape (m,)
        Up to the last window with two studies or 100 participants.
    """

    months: FloatArray
    middle: FloatArray
    low: FloatArray
    high: FloatArray
    supported: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class CourseLayout:
    """What a figure of a course shows, before it is drawn or told.

    Attributes
    ----------
    title : str
        Of the panel; of a change it says that there is no control.
    scale : Curve
        What was measured, for words.
    measure : str
        Kind of the numbers, such as "MD".
    change : bool
        Whether they are changes within groups.
    ratio : bool
        Whether they are logarithms, printed as ratios.
    digits : int
        Decimals of them in print.
    windows, studies : tuple
        Estimates of windows, and the studies behind them.
    curve : CurvePath or None
        None where there is none to draw; `without_curve` says why.
    without_curve : str
        Why there is no curve.
    crossing : Crossing or None
        When the curve falls below the threshold, if that can be estimated within the observed times.
    curve_words : str
        When it does, or why that cannot be said; empty without a curve.
    delta : float or None
        Smallest difference that matters.
    level : float
        Coverage of the intervals.
    horizon : float
        Last visit, in months, where the panel ends.
    beyond : str
        What is said of the time after it.
    sentence : str
        The answer in words.
    caption : str
        Estimand, comparator, threshold, level and horizon.
    """

    title: str
    scale: Curve
    measure: str
    change: bool
    ratio: bool
    digits: int
    windows: tuple[WindowMark, ...]
    studies: tuple[StudyPath, ...]
    curve: CurvePath | None
    without_curve: str
    crossing: Crossing | None
    curve_words: str
    delta: float | None
    level: float
    horizon: float
    beyond: str
    sentence: str
    caption: str

    @property
    def points(self) -> bool:
        """Whether the numbers are shares, printed in percentage points."""
        return self.measure == "RD"

    def value(self, value: float) -> str:
        """Return a number as printed."""
        return printed(100 * value if self.points else value, ratio=self.ratio, digits=self.digits)

    def limits(self, low: float, high: float) -> str:
        """Return an interval as printed."""
        factor = 100 if self.points else 1
        return printed_interval(factor * low, factor * high, ratio=self.ratio, digits=self.digits)

    @property
    def threshold(self) -> str:
        """The threshold as it is printed beside its line; empty without one."""
        if self.delta is None:
            return ""
        return self.value(self.delta) if self.ratio else self.scale.in_words(self.delta)

    @property
    def below(self) -> tuple[str, ...]:
        """What stands below the panel: the answer, the caption, why there is no curve, what is fragile."""
        fragile = any(window.fragile for window in self.windows)
        return (
            self.sentence,
            self.caption,
            *([self.without_curve] if self.without_curve else []),
            *(["Fragile: another assumption gives another state; the widest interval is drawn."] * fragile),
        )


def course_layout(
    course: TimeCourse | DurationOfBenefit, *, delta: float | None = None, title: str | None = None
) -> CourseLayout:
    """Return what a figure of a course shows, to draw or to tell.

    Parameters
    ----------
    course : TimeCourse or DurationOfBenefit
        Several studies at several times.
    delta : float, optional
        Smallest difference that matters, in the units of the effects; of a `DurationOfBenefit` its own
        without it. Without any there are no states, no curve and no crossing.
    title : str, optional
        In place of one made of what was asked. That of a change says in any case that there is no control.

    Returns
    -------
    CourseLayout
        Nothing of it lies beyond the last visit.

    Raises
    ------
    InputError
        If it is no course, or `delta` is not above 0.
    """
    lasting = course if isinstance(course, DurationOfBenefit) else None
    found = _course_of(course)
    own = None if lasting is None or lasting.together is None else lasting.together.steps.delta
    threshold = own if delta is None else _checked(delta, found.measure)
    duration = None if threshold is None else found.duration(threshold)
    path, why = _curve(found, duration)
    return CourseLayout(
        title=_title(found, lasting, title),
        scale=_curve_of(found),
        measure=found.measure,
        change=found.estimand == CHANGE,
        ratio=is_ratio(found.measure, None),
        digits=digits_of(found.effects.sei * (100 if found.measure == "RD" else 1)),
        windows=_marks(found, duration),
        studies=_paths(found),
        curve=path,
        without_curve=why,
        crossing=_told_crossing(duration),
        curve_words=_curve_words(duration),
        delta=threshold,
        level=found.level,
        horizon=found.horizon,
        beyond=_beyond(found, lasting),
        sentence=_sentence(found, duration, lasting),
        caption=_caption(found, lasting, threshold),
    )


def _course_of(given: TimeCourse | DurationOfBenefit) -> TimeCourse:
    if isinstance(given, TimeCourse):
        return given
    if not isinstance(given, DurationOfBenefit):
        raise InputError(
            f"time_course_plot takes a TimeCourse or a DurationOfBenefit, not {type(given).__name__}; make "
            "one with pool_over_time(effects)"
        )
    if given.together is None or given.together.course is None:
        raise InputError(
            "a course needs several studies with numbers in several follow-up windows; found "
            f"{count_of(given.k, 'study', 'studies')}, level {given.level}; duration_plot shows such a line"
        )
    return given.together.course


def _checked(delta: float, measure: str) -> float:
    if isinstance(delta, bool) or not isinstance(delta, int | float):
        raise InputError(f"delta must be a number above 0; found {delta!r}; leave it out to draw none")
    if measure == "RD" and delta >= 1:
        raise InputError(
            f"delta must be a fraction below 1 for risk differences, such as 0.1; found {delta:g}"
        )
    return float(delta)


def _marks(course: TimeCourse, duration: CourseDuration | None) -> tuple[WindowMark, ...]:
    if duration is None:
        used = [(window.ci_low, window.ci_high, "") for window in course.windows]
    else:
        steps = duration.steps
        used = list(zip(steps.ci_low, steps.ci_high, steps.states, strict=True))
    return tuple(
        WindowMark(
            months=window.months,
            estimate=window.estimate,
            low=low,
            high=high,
            new_low=window.pi_low,
            new_high=window.pi_high,
            state=state,
            fragile=duration is not None and window.window in duration.fragile,
            k=window.k,
            n=window.n,
            studies=window.studies,
        )
        for window, (low, high, state) in zip(course.windows, used, strict=True)
    )


def _paths(course: TimeCourse) -> tuple[StudyPath, ...]:
    grouped: dict[str, list[Effect]] = {}
    for effect in sorted(course.effects.lineage, key=lambda effect: (effect.study_id, effect.months)):
        grouped.setdefault(effect.study_id, []).append(effect)
    return tuple(
        StudyPath(
            study_id=name,
            months=tuple(effect.months for effect in effects),
            estimates=tuple(effect.yi for effect in effects),
            sizes=tuple(effect.n for effect in effects),
            open_label=any(keyword(note) == "UNBLINDED" for effect in effects for note in effect.notes),
        )
        for name, effects in grouped.items()
    )


def _curve(course: TimeCourse, duration: CourseDuration | None) -> tuple[CurvePath | None, str]:
    """Return the curve, or why it must not be drawn."""
    if duration is None:
        return None, "No curve: without a threshold nothing says whether it fits."
    if course.line is None:
        return None, f"No curve: {CURVE_WINDOWS} windows of two studies are needed."
    if duration.crossing is None:
        return None, "No curve (CURVE_MISFIT): it would miss a window by more than half of delta."
    start, end = float(np.log2(course.start)), float(np.log2(course.horizon))
    support = -np.inf if course.support_horizon is None else float(np.log2(course.support_horizon))
    z = np.union1d(np.linspace(start, end, CURVE_PLACES), [min(max(support, start), end)])
    middle, low, high = course.line.band(z)
    months = np.clip(2.0**z, course.start, course.horizon)
    return CurvePath(months, middle, low, high, z <= support), ""


def _told_crossing(duration: CourseDuration | None) -> Crossing | None:
    """Return the crossing if it lies inside the observed times and the slope can be told from 0."""
    found = None if duration is None else duration.crossing
    return found if found is not None and found.months and found.estimable else None


def _curve_words(duration: CourseDuration | None) -> str:
    found = None if duration is None else duration.crossing
    if found is None:
        return ""
    if not found.estimable:
        return "Crossing time not estimable: the band of the curve holds delta at every observed time."
    if found.months is None:
        low = f"; its band holds delta from {time_in_words(round(found.low, 1))} on" if found.low else ""
        return f"The curve is not below delta by {time_in_words(found.horizon)}{low}."
    if found.months == 0:
        high = f"; its band holds delta until {time_in_words(round(found.high, 1))}" if found.high else ""
        return f"The curve lies below delta from the first visit on{high}."
    return f"The curve crosses delta at {crossing_in_words(found)}."


def _title(course: TimeCourse, lasting: DurationOfBenefit | None, given: str | None) -> str:
    change = course.estimand == CHANGE
    what = given
    if what is None:
        scale = _curve_of(course).title or course.measure or "course"
        of = "" if lasting is None else lasting.procedure_id.replace("_", " ")
        against = "" if lasting is None or change else f" versus {COMPARATORS[lasting.comparator]}"
        what = f"{scale[:1].upper()}{scale[1:]}{f': {of}{against}' if of else ' over time'}"
    return f"{what} ({UNCONTROLLED})" if change else what


def _beyond(course: TimeCourse, lasting: DurationOfBenefit | None) -> str:
    """Return what may be said of later times: results that were set aside are no absence of data."""
    until = time_in_words(course.horizon)
    if lasting is None:
        return f"no data beyond {until}"
    last = max(find_window(window.window).nominal for window in course.windows)
    voted = () if lasting.reported is None else lasting.reported.windows
    later = any(find_window(votes.window).nominal > last for votes in voted)
    further = lasting.horizon is not None and lasting.horizon > course.horizon
    if later or further or "nothing later is known" not in lasting.sentence:
        return f"no result used after {until}"
    return f"no data beyond {until}"


def _sentence(course: TimeCourse, duration: CourseDuration | None, lasting: DurationOfBenefit | None) -> str:
    """Return the answer in words: as it was given, or for the threshold that is drawn."""
    if duration is None:
        studies = count_of(course.k, "study", "studies").capitalize()
        return (
            f"{studies} together (joint model, {ENGINE_WORDS[course.engine]}): no threshold is given, so no "
            f"window is judged; last follow-up {time_in_words(course.horizon)}."
        )
    told = None if lasting is None else lasting.together
    if told is not None and duration.delta == told.steps.delta:
        return told.sentence
    return course_sentence(
        course,
        duration,
        curve=_curve_of(course),
        comparator=_comparator(course, lasting),
        followed_on=told is not None and "last visit with numbers" in told.sentence,
    )


def _curve_of(course: TimeCourse) -> Curve:
    """Return the scale of a course, for words."""
    name = next((effect.curve for effect in course.effects.lineage), "")
    kind = next((kind for kind in KINDS if kind == course.measure), KINDS[0])
    title = NATURAL_NAMES.get(name, name.replace("_", " "))
    return Curve(name=name, title=title, domain="", kind=kind, measures=(), delta=None, source="")


def _comparator(course: TimeCourse, lasting: DurationOfBenefit | None) -> str:
    """Return a comparator class, "change", or the controls as the studies name them."""
    if course.estimand == CHANGE:
        return CHANGE
    if lasting is not None:
        return lasting.comparator
    arms = sorted({effect.versus for effect in course.effects.lineage if effect.versus})
    return listed(arms, "or") if 0 < len(arms) <= MANY_NAMES else "the comparator"


def _caption(course: TimeCourse, lasting: DurationOfBenefit | None, delta: float | None) -> str:
    curve = _curve_of(course)
    scale = f" on {curve.title}" if curve.title else ""
    if course.estimand == CHANGE:
        what = f"Change{scale} within single groups, without a control; natural course is part of it"
    else:
        comparator = _comparator(course, lasting)
        what = f"Contrast{scale} with {COMPARATORS.get(comparator, comparator)}"
    names = [path.study_id for path in _paths(course)]
    told = f" ({', '.join(names)})" if len(names) <= MANY_NAMES else ""
    threshold = "no threshold given" if delta is None else f"delta {curve.in_words(delta)}"
    return (
        f"{what}; {count_of(course.k, 'study', 'studies')}{told}; {threshold}; "
        f"{trimmed(100 * course.level)} % intervals; horizon {time_in_words(course.horizon)}."
    )


def layout_lines(layout: CourseLayout) -> list[str]:
    """Return the text equivalent: the answer, the caption, and every number that is drawn."""
    return [
        layout.sentence,
        f"{layout.title}.",
        *layout.below[1:],
        *(f"- {line}" for line in _window_lines(layout)),
        *_curve_lines(layout),
        "Studies, each by itself:",
        *(f"- {line}" for line in _study_lines(layout)),
        f"{layout.beyond[:1].upper()}{layout.beyond[1:]}.",
    ]


def _window_lines(layout: CourseLayout) -> Iterator[str]:
    for window in layout.windows:
        state = f"; {state_in_words(window.state, change=layout.change)}" if window.state else ""
        state += ", fragile" if window.fragile else ""
        n = "n not said" if window.n is None else f"n {window.n}"
        yield (
            f"{time_in_words(window.months)}: {layout.value(window.estimate)} "
            f"({layout.limits(window.low, window.high)}), new study "
            f"{layout.limits(window.new_low, window.new_high)}{state}; "
            f"{count_of(window.k, 'study', 'studies')}, {n}: {', '.join(window.studies)}"
        )


def _curve_lines(layout: CourseLayout) -> Iterator[str]:
    curve = layout.curve
    if curve is None:
        return
    ends = [
        f"{layout.value(curve.middle[place])} ({layout.limits(curve.low[place], curve.high[place])}) at "
        f"{time_in_words(float(curve.months[place]))}"
        for place in (0, -1)
    ]
    yield f"Curve in log time, for its crossing alone: from {ends[0]} to {ends[1]}."
    yield layout.curve_words


def _study_lines(layout: CourseLayout) -> Iterator[str]:
    for study in layout.studies:
        visits = ", ".join(
            f"{layout.value(estimate)} at {time_in_words(months)}{'' if size is None else f' (n {size})'}"
            for months, estimate, size in zip(study.months, study.estimates, study.sizes, strict=True)
        )
        yield f"{study.study_id}{', nobody blinded' if study.open_label else ''}: {visits}"
