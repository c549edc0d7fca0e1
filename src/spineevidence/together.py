"""Several studies of one line of evidence pooled: the joint model, its duration, and the sentence of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from spineevidence.curves import Curve
from spineevidence.effectsizes import EffectSizes
from spineevidence.formatting import count_of, listed, number, time_in_words
from spineevidence.longitudinal.course import CourseDuration, TimeCourse, pool_over_time
from spineevidence.longitudinal.trend import Crossing, Decline
from spineevidence.pooling.windows import PooledWindows, pool_windows
from spineevidence.results import CHANGE
from spineevidence.stepwise import StepwiseDuration
from spineevidence.wording import stepwise_sentence

Level = Literal[2, 3]
ENGINE_WORDS: Mapping[str, str] = MappingProxyType(
    {"half-normal": "half-normal priors", "REML": "restricted likelihood"}
)
MODEL_WORDS: Mapping[str, str] = MappingProxyType(
    {"half-normal": "half-normal prior", "REML": "restricted likelihood", "one study": "one study"}
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Together:
    """How long several studies together show a benefit (level 2 or 3).

    Attributes
    ----------
    level : {2, 3}
        3: the joint model of all windows; 2: one window, as no study reports in another.
    engine : str
        How the model was fitted.
    k : int
        Studies.
    steps : StepwiseDuration
        The two runs over the windows.
    new_setting : StepwiseDuration or None
        The same on the intervals of a new study.
    crossing : Crossing or None
        When the curve falls below the threshold.
    decline : Decline or None
        Change per doubling of time within studies.
    fragile : tuple of str
        Windows whose state depends on an assumption.
    course : TimeCourse or None
        The joint model (level 3).
    window : PooledWindows or None
        The one window (level 2).
    sentence : str
        The answer in words, never beyond the last follow-up.
    notes : tuple of str
        Warnings, each with its keyword.
    """

    level: Level
    engine: str
    k: int
    steps: StepwiseDuration
    new_setting: StepwiseDuration | None
    crossing: Crossing | None
    decline: Decline | None
    fragile: tuple[str, ...]
    course: TimeCourse | None
    window: PooledWindows | None
    sentence: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Together: level {self.level}, {count_of(self.k, 'study', 'studies')}, {self.steps.code}>"


def put_together(
    effects: EffectSizes, *, curve: Curve, comparator: str, delta: float, followed_on: bool
) -> Together | None:
    """Return what several studies say together, by the highest level that they allow.

    Parameters
    ----------
    effects : EffectSizes
        With lineage, on the curve.
    curve : Curve
        For its representative standard deviation, and for words.
    comparator : str
        A comparator class, or "change".
    delta : float
        Smallest difference that matters, on the scale of the curve.
    followed_on : bool
        Whether a study reports a later visit without numbers.

    Returns
    -------
    Together or None
        None for fewer than two studies in follow-up windows, or on a curve without a representative standard
        deviation.
    """
    sd_rep = curve.sd_rep
    timed = [effect for effect in effects.lineage if effect.window]
    if sd_rep is None or len({effect.study_id for effect in timed}) < 2:
        return None
    if len({effect.window for effect in timed}) == 1:
        return _one_window(effects, curve, comparator, delta, sd_rep, followed_on=followed_on)
    course = pool_over_time(effects, sd_rep=sd_rep)
    found = course.duration(delta)
    return Together(
        level=3,
        engine=course.engine,
        k=course.k,
        steps=found.steps,
        new_setting=found.new_setting,
        crossing=found.crossing,
        decline=course.decline,
        fragile=found.fragile,
        course=course,
        window=None,
        sentence=course_sentence(course, found, curve=curve, comparator=comparator, followed_on=followed_on),
        notes=tuple(dict.fromkeys((*course.notes, *found.notes))),
    )


def course_sentence(
    course: TimeCourse, found: CourseDuration, *, curve: Curve, comparator: str, followed_on: bool = False
) -> str:
    """Return how long a course shows a benefit, in words.

    Parameters
    ----------
    course : TimeCourse
        Several studies at several times.
    found : CourseDuration
        Its duration against one threshold.
    curve : Curve
        For words.
    comparator : str
        A comparator class, "change", or the name of a control.
    followed_on : bool
        Whether a study reports a later visit without numbers.

    Returns
    -------
    str
        The bounds, what is fragile, the crossing of the curve, a decline within studies.
    """
    return " ".join(
        [
            f"{count_of(course.k, 'study', 'studies').capitalize()} together (joint model, "
            f"{ENGINE_WORDS[course.engine]}): "
            + stepwise_sentence(found.steps, curve, comparator, followed_on=followed_on),
            *_further(
                [window.months for window in course.windows if window.window in found.fragile],
                found.crossing,
                course.decline,
                change=comparator == CHANGE,
            ),
            *(["Early and late windows rest on different studies."] if _mixed(found.notes) else []),
        ]
    )


def _mixed(notes: Sequence[str]) -> bool:
    return any(note.startswith("MIX:") for note in notes)


def _one_window(
    effects: EffectSizes, curve: Curve, comparator: str, delta: float, sd_rep: float, *, followed_on: bool
) -> Together:
    found = pool_windows(effects, sd_rep=sd_rep, delta=delta)
    (window,) = found.windows
    fragile = (window.window,) if any(note.startswith("FRAGILE") for note in found.notes) else ()
    said = stepwise_sentence(found.duration, curve, comparator, followed_on=followed_on)
    head = f"{count_of(window.k, 'study', 'studies').capitalize()} together ({MODEL_WORDS[window.model]}): "
    return Together(
        level=2,
        engine=window.model,
        k=window.k,
        steps=found.duration,
        new_setting=None,
        crossing=None,
        decline=None,
        fragile=fragile,
        course=None,
        window=found,
        sentence=" ".join(
            [
                head + said,
                *_further(found.duration.months if fragile else (), None, None, change=comparator == CHANGE),
            ]
        ),
        notes=found.notes,
    )


def _further(
    fragile: Sequence[float], crossing: Crossing | None, decline: Decline | None, *, change: bool
) -> Iterator[str]:
    """Yield what stands beside the headline: fragile windows, the crossing of the curve, a decline."""
    if fragile:
        times = listed([time_in_words(months) for months in fragile])
        yield f"Fragile at {times}: another assumption gives another state."
    if crossing is not None and crossing.months and crossing.estimable:
        yield f"Curve crossing {crossing_in_words(crossing)}."
    if decline is not None and decline.shown:
        what = "improvement" if change else "effect"
        yield (
            f"Within studies the {what} falls with each doubling of time "
            f"({number(-decline.slope, 2)}, {number(-decline.high, 2)} to {number(-decline.low, 2)})."
        )


def crossing_in_words(crossing: Crossing) -> str:
    """Return the time at which a curve falls below the threshold, with its interval.

    >>> crossing_in_words(Crossing(months=3.27, low=1.24, high=8.0, start=0.25, horizon=24.0))
    '3.3 months (1.2 to 8.0)'
    >>> crossing_in_words(Crossing(months=3.27, low=0.0, high=None, start=1.0, horizon=24.0))
    '3.3 months (from before the first visit to not lost by 24 months)'
    """
    if crossing.months is None:
        return f"not reached by {time_in_words(crossing.horizon)}"
    low = number(crossing.low, 1) if crossing.low else "from before the first visit"
    high = (
        "not lost by " + time_in_words(crossing.horizon)
        if crossing.high is None
        else number(crossing.high, 1)
    )
    return f"{number(crossing.months, 1)} months ({low} to {high})"
