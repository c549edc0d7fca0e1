"""The way down from a window of a line: estimates, effects of studies with their steps, printed rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spineevidence.bibliography import Reference
from spineevidence.curves import Curve
from spineevidence.derivation import ROUTES
from spineevidence.effects import as_effect_sizes
from spineevidence.formatting import count_of, listed, number, time_in_words
from spineevidence.lineage import Effect, outcome_of
from spineevidence.lines import CurveDurations, Vote, without_numbers
from spineevidence.longitudinal.course import CourseWindow
from spineevidence.page.anchors import anchor
from spineevidence.page.marks import Mark, full_words, marks_of
from spineevidence.pooling.windows import PooledWindow
from spineevidence.results import CHANGE, Result
from spineevidence.summary import LineSummary
from spineevidence.timing import WINDOWS, Window, window_of
from spineevidence.together import ENGINE_WORDS, MODEL_WORDS, Together
from spineevidence.verdicts.sentences import estimate_words
from spineevidence.verdicts.windows import Estimate, state_of


@dataclass(frozen=True, slots=True)
class Sources:
    """Where every way down ends.

    Attributes
    ----------
    rows : mapping of int to Result
        The printed rows, by their line of outcomes.csv.
    references : mapping of str to Reference
        The reports, by cite key.
    """

    rows: Mapping[int, Result]
    references: Mapping[str, Reference]


@dataclass(frozen=True, slots=True)
class PrintedTrail:
    """A printed row at the end of a way down, with its report."""

    row: Result
    reference: Reference


@dataclass(frozen=True, slots=True)
class EffectTrail:
    """One effect (or change) of a study, with all that leads down to print.

    Attributes
    ----------
    id : str
        Its place in the page.
    effect : Effect
        The effect.
    when, said, outcome, route : str
        Time, number with interval, end of the derivation, and route, in words.
    state, state_words : str
        What its interval says.
    speaks : bool
        Whether it stands for its study in its window.
    printed : tuple of PrintedTrail
        The rows it is derived from.
    """

    id: str
    effect: Effect
    when: str
    said: str
    outcome: str
    route: str
    state: str
    state_words: str
    speaks: bool
    printed: tuple[PrintedTrail, ...]

    @property
    def change(self) -> bool:
        """Whether it is a change within one group, no effect."""
        return not self.effect.versus


@dataclass(frozen=True, slots=True)
class FindingTrail:
    """A finding without a number, as seen from the procedure's side, and its printed row."""

    vote: Vote
    when: str
    words: str
    printed: PrintedTrail


@dataclass(frozen=True, slots=True)
class WindowTrail:
    """Everything that is known of a line in one window.

    Attributes
    ----------
    id : str
        Its place in the page.
    label, words : str
        The window, and its limits in words.
    marks : tuple of Mark
        Its states.
    estimates : tuple of str
        What several studies say together, in sentences.
    effects : tuple of EffectTrail
        Of each study.
    findings : tuple of FindingTrail
        Findings without numbers.
    """

    id: str
    label: str
    words: str
    marks: tuple[Mark, ...]
    estimates: tuple[str, ...]
    effects: tuple[EffectTrail, ...]
    findings: tuple[FindingTrail, ...]


def window_words(window: Window) -> str:
    """Return the limits of a window in words.

    >>> window_words(WINDOWS[0]), window_words(WINDOWS[3])
    ('up to 0.5 months', 'after 4.5 and up to 9 months')
    """
    after = f"after {window.low:g} and " if window.low else ""
    return f"{after}up to {window.high:g} months"


def window_name(label: str) -> str:
    """Return the label of a window as it is printed.

    >>> window_name("<=2wk"), window_name("12mo")
    ('≤ 2 wk', '12 mo')
    """
    return re.sub(r"(?<=\d)(?=[a-z])", " ", label).replace("<=", "≤ ")


def line_key(line: LineSummary) -> tuple[str, str, str]:
    """Return what names a line of evidence: procedure, comparator class, domain."""
    return line.procedure.procedure_id, line.comparator, line.domain


def window_id(line: LineSummary, label: str) -> str:
    """Return the place of a window of a line in the page."""
    return anchor("window", *line_key(line), label)


def trails_of(line: LineSummary, sources: Sources) -> tuple[WindowTrail, ...]:
    """Return the way down from every window in which a line says something.

    Parameters
    ----------
    line : LineSummary
        The line of evidence.
    sources : Sources
        Printed rows and reports.
    """
    marks = marks_of(line)
    effects = [trail for curve in line.curves for trail in _effects(curve, line, sources)]
    estimates = [found for curve in line.curves for found in _estimates(curve)]
    findings = [_finding(vote, sources) for vote in without_numbers(line.curves, line.votes)]
    trails = (
        WindowTrail(
            id=window_id(line, window.label),
            label=window.label,
            words=window_words(window),
            marks=tuple(mark for mark in marks if mark.window == window.label),
            estimates=tuple(said for label, said in estimates if label == window.label),
            effects=tuple(one for one in effects if one.effect.window == window.label),
            findings=tuple(one for one in findings if window_of(one.vote.months) == window),
        )
        for window in WINDOWS
    )
    return tuple(trail for trail in trails if trail.marks)


def _estimates(curve: CurveDurations) -> Iterator[tuple[str, str]]:
    """Yield window and sentence: what the studies of a curve say together, then each window by itself."""
    together = curve.together
    if together is None:
        return
    for place, joint in enumerate(together.course.windows if together.course is not None else ()):
        yield joint.window, _jointly(curve, joint, together, place)
    alone = curve.pooled() | {one.window: one for one in (together.window.windows if together.window else ())}
    for label, pooled in alone.items():
        yield label, _alone(curve, pooled, together)


def _jointly(curve: CurveDurations, joint: CourseWindow, together: Together, place: int) -> str:
    """Return the estimate of the joint model in a window; a fragile state is that of the widest interval."""
    steps, scale = together.steps, curve.asked.curve
    mean = Estimate(joint.estimate, joint.ci_low, joint.ci_high)
    widest = Estimate(joint.estimate, steps.ci_low[place], steps.ci_high[place])
    new = Estimate(joint.estimate, joint.pi_low, joint.pi_high)
    fragile = ""
    if joint.window in together.fragile:
        fragile = f"; fragile, under another assumption {estimate_words(widest, scale)}, so"
    return (
        f"Joint model of all windows ({ENGINE_WORDS[together.engine]}; {_names(joint.studies)} here), "
        f"at {time_in_words(joint.months)}: {estimate_words(mean, scale)}{fragile}: "
        f"{_state(curve, steps.states[place])}. In a new setting: {estimate_words(new, scale)}."
    )


def _alone(curve: CurveDurations, pooled: PooledWindow, together: Together) -> str:
    """Return the estimate of one window by itself: the answer at level 2, a check beside the joint model."""
    estimate = Estimate(pooled.estimate, pooled.ci_low, pooled.ci_high)
    check = together.course is not None
    fragile = "" if check or pooled.window not in together.fragile else "; fragile: see the notes"
    spread = "" if pooled.tau is None else f" Between studies: tau {number(pooled.tau, 2)}"
    spread += "" if pooled.i2 is None else f", I2 {number(pooled.i2, 0)} %"
    state = _state(curve, state_of(estimate, together.steps.delta))
    return (
        f"This window by itself{', as a check' if check else ''} ({MODEL_WORDS[pooled.model]}; "
        f"{_names(pooled.studies)}): {estimate_words(estimate, curve.asked.curve)}: "
        f"{state}{fragile}.{spread}{'.' if spread else ''}"
    )


def _names(studies: Sequence[str]) -> str:
    return f"{count_of(len(studies), 'study', 'studies')}, {listed(studies)}"


def _state(curve: CurveDurations, state: str) -> str:
    return full_words(state, change=curve.asked.comparator == CHANGE)


def _effects(curve: CurveDurations, line: LineSummary, sources: Sources) -> Iterator[EffectTrail]:
    if not curve.studies:
        return
    effects = as_effect_sizes(curve.asked, curve.derived)
    speaking = {
        (window.label, one.study_id, one.months)
        for window in WINDOWS
        for one in effects.at(window.label).lineage
    }
    for study in curve.studies:
        for position, effect in enumerate(study.effects):
            state = study.steps.states[position]
            yield EffectTrail(
                id=anchor("effect", *line_key(line), curve.asked.curve.name, study.study_id, position + 1),
                effect=effect,
                when=time_in_words(effect.months),
                said=_said(effect, curve.asked.curve),
                outcome=outcome_of(effect),
                route=ROUTES[effect.route],
                state=state,
                state_words=_state(curve, state),
                speaks=(effect.window, effect.study_id, effect.months) in speaking,
                printed=tuple(printed_trail(row, sources) for row in effect.lines),
            )


def _said(effect: Effect, curve: Curve) -> str:
    return estimate_words(Estimate(effect.yi, effect.ci_low, effect.ci_high), curve)


def _finding(vote: Vote, sources: Sources) -> FindingTrail:
    words = vote.finding.replace("favours_arm", "better").replace("favours_versus", "worse")
    return FindingTrail(
        vote, time_in_words(vote.months), words.replace("_", " "), printed_trail(vote.line, sources)
    )


def printed_trail(line: int, sources: Sources) -> PrintedTrail:
    """Return a printed row, by its line of outcomes.csv, with its report."""
    row = sources.rows[line]
    return PrintedTrail(row, sources.references[row.citekey])
