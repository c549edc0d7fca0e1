"""One line of evidence: what its studies say by numbers and by findings, and the sentence of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from spineevidence.curves import Curve
from spineevidence.effects import (
    Derived,
    Question,
    as_effect_sizes,
    concerns,
    derive,
    on_question,
    takes_part,
)
from spineevidence.errors import InputError
from spineevidence.evidence import Evidence
from spineevidence.findings import ReportedFindings, reported_findings
from spineevidence.formatting import count_of, listed, time_in_words
from spineevidence.lineage import Effect
from spineevidence.pooling.windows import PooledWindow, pool_window
from spineevidence.results import CHANGE, Result, on_line, turned
from spineevidence.stepwise import State, StepwiseDuration, benefit_state, stepwise_duration
from spineevidence.timing import LIMIT_SLACK, WINDOWS, window_of
from spineevidence.together import Together, put_together
from spineevidence.wording import (
    COMPARATORS,
    UNCONTROLLED,
    participants,
    reported_sentence,
    stepwise_sentence,
)

FOR: tuple[str, ...] = ("important_benefit", "benefit")
AGAINST: tuple[str, ...] = ("no_important_benefit", "harm")
AT_BASELINE: tuple[str, ...] = ("baseline", "baseline_difference")
Timed = tuple[str, float, int | None]  # study, months, participants analysed


@dataclass(frozen=True, slots=True)
class StudyDuration:
    """How long one study's visits show a benefit (level 1).

    Attributes
    ----------
    study_id : str
        The study.
    curve : str
        The scale.
    effects : tuple of Effect
        One for each visit, with rows and derivation.
    steps : StepwiseDuration
        States, bounds and code.
    sentence : str
        The same in words, with participants per arm at each visit.
    notes : tuple of str
        Caveats of the effects and of the runs.
    """

    study_id: str
    curve: str
    effects: tuple[Effect, ...]
    steps: StepwiseDuration
    sentence: str
    notes: tuple[str, ...]


def voting_measures(evidence: Evidence, domain: str) -> frozenset[str]:
    """Return the measures whose findings say something about a duration in a domain.

    Of global outcome and work only the binary ones do.
    """
    binary_only = domain in ("global", "work")
    return frozenset(
        name
        for name, measure in evidence.measure_records().items()
        if measure.domain == domain and (measure.kind == "binary" or not binary_only)
    )


@dataclass(frozen=True, slots=True)
class Vote:
    """A finding of one study at one visit, as seen from the procedure's side, and its line."""

    study_id: str
    months: float
    finding: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class CurveDurations:
    """What the studies with numbers say on one curve of a line of evidence."""

    asked: Question
    derived: Derived
    studies: tuple[StudyDuration, ...]
    together: Together | None

    def pooled(self) -> dict[str, PooledWindow]:
        """Return the windows in which several studies give a contrast, each pooled by itself."""
        sd_rep = self.asked.curve.sd_rep
        if self.asked.comparator == CHANGE or sd_rep is None or len(self.studies) < 2:
            return {}
        effects = as_effect_sizes(self.asked, self.derived)
        spoken = {effect.window for effect in self.derived.effects}
        windows = [(window.label, effects.at(window.label)) for window in WINDOWS if window.label in spoken]
        return {label: pool_window(there, sd_rep=sd_rep) for label, there in windows if len(there) > 1}

    def states(self) -> tuple[tuple[str, str, State], ...]:
        """Return window, study and state: one effect of each study in each window."""
        thresholds = {study.study_id: study.steps.delta for study in self.studies}
        spoken = {effect.window for effect in self.derived.effects}
        effects = as_effect_sizes(self.asked, self.derived) if spoken else None
        return tuple(
            (window.label, effect.study_id, _state_of(effect, thresholds[effect.study_id]))
            for window in WINDOWS
            if effects is not None and window.label in spoken
            for effect in effects.at(window.label).lineage
        )


def _state_of(effect: Effect, delta: float) -> State:
    return benefit_state(ci_low=effect.ci_low, ci_high=effect.ci_high, delta=delta)


def curve_durations(
    asked: Question, studies: Mapping[str, list[Result]], votes: Sequence[Vote], delta: float | None = None
) -> CurveDurations:
    """Return the duration that each study with numbers shows on one curve.

    Parameters
    ----------
    asked : Question
        Procedure, comparator class (or "change") and curve.
    studies : mapping of str to list of Result
        The results of each study.
    votes : sequence of Vote
        Findings on the line: a study may be followed on without numbers.
    delta : float, optional
        In place of the default threshold.
    """
    derived = derive(asked, dict(studies))
    alone = tuple(_study_durations(asked, derived, votes, delta))
    return CurveDurations(asked, derived, alone, _together(asked, derived, alone, votes))


def _together(
    asked: Question, derived: Derived, alone: Sequence[StudyDuration], votes: Sequence[Vote]
) -> Together | None:
    """Return what the studies say together, if one threshold serves them all."""
    thresholds = {study.steps.delta for study in alone}
    if len(alone) < 2 or len(thresholds) > 1:
        return None
    last = max(study.steps.horizon for study in alone)
    return put_together(
        as_effect_sizes(asked, derived),
        curve=asked.curve,
        comparator=asked.comparator,
        delta=thresholds.pop(),
        followed_on=any(vote.months > last for vote in votes),
    )


def threshold_of(asked: Question, delta: float | None) -> tuple[float | None, str]:
    """Return the threshold on the scale of the curve and where it comes from.

    None for a change without a given one: each study's measure has its own.
    """
    if delta is not None:
        if not delta > 0:
            raise InputError(f"delta must be above 0; found {delta:g}")
        if asked.curve.kind == "RD" and delta >= 1:
            raise InputError(
                f"delta must be a fraction below 1 for {asked.curve.title}, such as 0.1 for 10 percentage "
                f"points; found {delta:g}"
            )
        return delta, "given by the caller"
    if asked.comparator == CHANGE:
        return None, "mic_within of each study's measure (measures.csv)"
    if asked.curve.delta is None:
        raise InputError(
            f"no smallest important difference is known for {asked.curve.name}; give delta= in "
            f"{'points' if asked.curve.kind == 'MD' else 'fractions'} of its scale, or delta_between in "
            "measures.csv"
        )
    return asked.curve.delta, asked.curve.source


def _study_durations(
    asked: Question, derived: Derived, votes: Sequence[Vote], delta: float | None
) -> Iterator[StudyDuration]:
    grouped: dict[str, list[Effect]] = {}
    for effect in derived.effects:
        grouped.setdefault(effect.study_id, []).append(effect)
    for study, effects in grouped.items():
        threshold = threshold_of(asked, delta)[0] or _mic(asked.curve, effects[0].measure_id)
        steps = stepwise_duration(
            months=[effect.months for effect in effects],
            estimate=[effect.yi for effect in effects],
            ci_low=[effect.ci_low for effect in effects],
            ci_high=[effect.ci_high for effect in effects],
            df=[effect.df for effect in effects],
            delta=threshold,
        )
        size = participants(effects, asked.comparator)
        later = any(vote.study_id == study and vote.months > steps.horizon for vote in votes)
        sentence = stepwise_sentence(steps, asked.curve, asked.comparator, followed_on=later)
        own = [note for effect in effects for note in effect.notes]
        yield StudyDuration(
            study_id=study,
            curve=asked.curve.name,
            effects=tuple(effects),
            steps=steps,
            sentence=f"{sentence[:-1]} ({size}).",
            notes=tuple(dict.fromkeys((*steps.notes, *own, *_switch(effects)))),
        )


def _mic(curve: Curve, measure_id: str) -> float:
    for measure in curve.measures:
        if measure.measure_id == measure_id and measure.mic_within is not None:
            return float(measure.mic_within) * curve.factor(measure)
    raise InputError(
        f"no minimal important change is known for {measure_id}; give delta=, or mic_within in measures.csv"
    )


def _switch(effects: Sequence[Effect]) -> Iterator[str]:
    measures = list(dict.fromkeys(effect.measure_id for effect in effects))
    if len(measures) > 1:
        yield f"OUTCOME_SWITCH: {listed(measures)} at different visits"
    arms = list(dict.fromkeys(f"{effect.arm} against {effect.versus or 'baseline'}" for effect in effects))
    if len(arms) > 1:
        yield f"ARM_SWITCH: {listed(arms)} at different visits"


def votes_on(
    asked: Question, studies: Mapping[str, list[Result]], voting: frozenset[str]
) -> tuple[Vote, ...]:
    """Return every finding that votes on a line of evidence.

    Parameters
    ----------
    asked : Question
        The line; its curve plays no part.
    studies : mapping of str to list of Result
        The results of each study.
    voting : frozenset of str
        Measures whose findings count.
    """
    return tuple(_votes(asked, studies, voting))


def _votes(asked: Question, studies: Mapping[str, list[Result]], voting: frozenset[str]) -> Iterator[Vote]:
    for study, rows in studies.items():
        for result in rows:
            if result.measure.measure_id in voting and result.role == "visit" and result.vote:
                sign = on_line(result, asked.procedure_id, asked.comparator, trial_arms=asked.trial_arms)
                if sign and result.months is not None:
                    yield Vote(study, result.months, turned(result.vote, sign), result.line)


def count_votes(votes: Sequence[Vote]) -> ReportedFindings | None:
    """Return the votes by follow-up window, or None if there are none."""
    if not votes:
        return None
    return reported_findings(
        study=[vote.study_id for vote in votes],
        months=[vote.months for vote in votes],
        finding=[vote.finding for vote in votes],
    )


def participants_of(
    asked: Question, studies: Mapping[str, list[Result]], concerned: Iterable[str]
) -> int | None:
    """Return the participants of the arms compared, as far as the reports say; None if none does.

    Nobody counts twice: the arms of a crossover trial are the same patients, and those of one study, which
    may overlap, are never more than were enrolled.
    """
    total = 0
    for study in concerned:
        sizes: dict[str, int] = {}
        for result in studies[study]:
            for side in (result.arm, result.versus):
                if side is not None and takes_part(asked, side):
                    own = 0 if result.is_contrast else result.n or 0
                    sizes[side.arm] = max(sizes.get(side.arm, 0), side.n or 0, own)
        first = studies[study][0]
        count = max(sizes.values(), default=0) if first.design == "crossover_rct" else sum(sizes.values())
        total += count if first.enrolled is None else min(count, first.enrolled)
    return total or None


def in_conflict(states: Iterable[str]) -> bool:
    """Whether one study is decisive for a benefit and another decisive against it.

    >>> in_conflict(["benefit", "inconclusive"]), in_conflict(["benefit", "no_important_benefit"])
    (False, True)
    """
    found = set(states)
    return not found.isdisjoint(FOR) and not found.isdisjoint(AGAINST)


def timed_results(curves: Sequence[CurveDurations], votes: Sequence[Vote]) -> tuple[Timed, ...]:
    """Return study, months and participants analysed of everything that says something at a visit."""
    numbers = [
        (study.study_id, effect.months, effect.n)
        for curve in curves
        for study in curve.studies
        for effect in study.effects
    ]
    return (*numbers, *((vote.study_id, vote.months, None) for vote in votes))


def line_sentence(
    curves: Sequence[CurveDurations],
    votes: Sequence[Vote],
    asked: Question,
    studies: Mapping[str, list[Result]],
) -> str:
    """Return what a line of evidence says about a duration: numbers first, then findings without numbers.

    Parameters
    ----------
    curves : sequence of CurveDurations
        What studies with numbers say, scale by scale.
    votes : sequence of Vote
        Findings on the line.
    asked : Question
        The line; of its curve only the domain plays a part.
    studies : mapping of str to list of Result
        The results of each study, to tell whether any later one was set aside.
    """
    change = asked.comparator == CHANGE
    timed = timed_results(curves, votes)
    if not timed:
        against = "without a comparator" if change else f"against {COMPARATORS[asked.comparator]}"
        return f"No result {against} that says how long: duration not known."
    told = [curve for curve in curves if curve.studies]
    parts = [_curve_sentence(curve, named=len(told) > 1) for curve in told]
    unnumbered = without_numbers(curves, votes)
    rest = count_votes(unnumbered)
    if rest is not None:
        said = reported_sentence(rest, change=change, times=vote_times(unnumbered))
        parts.append(said.replace("Reported:", "Reported without numbers:", 1) if told else said)
    elif change:
        parts.append(UNCONTROLLED)
    numbers, findings = timed_results(curves, ()), timed_results((), votes)
    known = "later results were set aside" if _goes_on(asked, studies, timed) else "nothing later is known"
    return " ".join([*parts, f"Horizon {_horizon_words(numbers, findings)}: {known}."])


def vote_times(votes: Sequence[Vote]) -> dict[str, float]:
    """Return the months that stand for each window: every study with a vote in it was followed so long.

    The nominal time of a window may lie beyond every follow-up in it.
    """
    last: dict[str, dict[str, float]] = {}
    for vote in votes:
        studies = last.setdefault(label_at(vote.months), {})
        studies[vote.study_id] = max(studies.get(vote.study_id, 0.0), vote.months)
    return {label: min(studies.values()) for label, studies in last.items()}


def _goes_on(asked: Question, studies: Mapping[str, list[Result]], timed: Sequence[Timed]) -> bool:
    """Whether a study on the line prints anything of the domain after all that is said of it."""
    end = max(months for _, months, _ in timed) * (1 + LIMIT_SLACK)
    for rows in studies.values():
        own = [row for row in rows if row.measure.domain == asked.curve.domain]
        later = [row for row in own if row.months is not None and row.months > end]
        if any(concerns(asked, row) for row in later) and on_question(asked, own):
            return True
    return False


def _curve_sentence(curve: CurveDurations, *, named: bool) -> str:
    parts = [f"{study.study_id}: {study.sentence}" for study in curve.studies]
    if len(parts) > 1:
        parts.insert(0, f"Each of {len(parts)} studies by itself.")
    if curve.together is not None:
        parts.insert(0, curve.together.sentence)
    return " ".join([f"[{curve.asked.curve.title}]", *parts] if named else parts)


def without_numbers(curves: Sequence[CurveDurations], votes: Sequence[Vote]) -> list[Vote]:
    """Return the votes of studies in windows for which they give no number."""
    numeric = {
        (study.study_id, effect.window)
        for curve in curves
        for study in curve.studies
        for effect in study.effects
    }
    return [vote for vote in votes if (vote.study_id, label_at(vote.months)) not in numeric]


def label_at(months: float) -> str:
    """Return the label of the follow-up window of a time; empty outside of all."""
    window = window_of(months)
    return "" if window is None else window.label


def _horizon_words(numbers: Sequence[Timed], findings: Sequence[Timed]) -> str:
    last, reported = _last(numbers), _last(findings)
    if numbers and findings and reported[0] > last[0]:
        return f"{_followed(*last)} with numbers, {_followed(*reported)} by reported findings"
    return _followed(*_last((*numbers, *findings)))


def _last(timed: Sequence[Timed]) -> tuple[float, int]:
    """Return the last time and how many studies speak in its window."""
    months = max((when for _, when, _ in timed), default=0.0)
    return months, len({study for study, when, _ in timed if label_at(when) == label_at(months)})


def _followed(months: float, studies: int) -> str:
    return f"{time_in_words(months)} ({count_of(studies, 'study', 'studies')})"
