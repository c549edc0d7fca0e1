"""How long the benefit of a procedure lasts: the ladder of methods, from findings to numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from spineevidence.curves import Curve, curve_for, curves_of
from spineevidence.effects import (
    Derived,
    Question,
    as_effect_sizes,
    by_study,
    concerns,
    derive,
    on_question,
    question,
    takes_part,
)
from spineevidence.errors import InputError
from spineevidence.evidence import Evidence
from spineevidence.findings import ReportedFindings, reported_findings
from spineevidence.formatting import count_of, html_table, interval, listed, number, time_in_words
from spineevidence.lineage import Effect, LeftOut, counted
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.results import CHANGE, Result, on_line, results_of, turned
from spineevidence.stepwise import State, StepwiseDuration, benefit_state, stepwise_duration
from spineevidence.timing import LIMIT_SLACK, WINDOWS, window_of
from spineevidence.wording import (
    COMPARATORS,
    UNCONTROLLED,
    participants,
    reported_sentence,
    state_in_words,
    stepwise_sentence,
)

FOR: tuple[str, ...] = ("important_benefit", "benefit")
AGAINST: tuple[str, ...] = ("no_important_benefit", "harm")
AT_BASELINE: tuple[str, ...] = ("baseline", "baseline_difference")
Timed = tuple[str, float, int | None]  # study, months, participants analysed

SUPPORT_STUDIES = 2
SUPPORT_PARTICIPANTS = 100


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


@dataclass(frozen=True, slots=True, repr=False)
class DurationOfBenefit:
    """How long the benefit of a procedure lasts on one scale against one comparator class.

    Attributes
    ----------
    procedure_id, estimand, comparator, domain, curve : str
        What was asked; `comparator` is "change" for changes within one group.
    delta : float or None
        Smallest difference that matters on this scale; for a change the minimal important change within a
        person. None where each study's own measure gives it.
    delta_source : str
        Where it comes from.
    level : int or None
        1 if any study gives numbers, 0 if there are only reported findings, None if there is nothing.
    engine : str
        How it was estimated: "stepwise" (study by study), "votes", or "".
    k : int
        Studies with numbers, or (level 0) with a finding.
    n : int or None
        Participants of those studies in the arms compared, as far as the reports say.
    states : tuple of (window, study, state)
        State of each study in each follow-up window.
    studies : tuple of StudyDuration
        Every study with numbers; nothing is pooled at this level.
    reported : ReportedFindings or None
        Votes by window of every study with a finding.
    horizon, support_horizon : float or None
        Months of the last estimate (at level 0 of the last finding); nominal months of the last window in
        which two studies or 100 participants give one.
    sentence : str
        The answer in words.
    notes : tuple of str
        Warnings, each with its keyword, and what was left out.
    left_out : tuple of LeftOut
        Rows that became no effect, and why.
    """

    procedure_id: str
    estimand: str
    comparator: str
    domain: str
    curve: str
    delta: float | None
    delta_source: str
    level: int | None
    engine: str
    k: int
    n: int | None
    states: tuple[tuple[str, str, State], ...]
    studies: tuple[StudyDuration, ...]
    reported: ReportedFindings | None
    horizon: float | None
    support_horizon: float | None
    sentence: str
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def steps(self) -> StepwiseDuration | None:
        """The two runs, if exactly one study gives numbers; several studies are not pooled."""
        return self.studies[0].steps if len(self.studies) == 1 else None

    @property
    def code(self) -> str:
        """Code of the duration: of the only study, "not_pooled", "reported_only" or "no_data"."""
        if self.level is None:
            return "no_data"
        if self.level == 0:
            return "reported_only"
        return self.steps.code if self.steps is not None else "not_pooled"

    @property
    def shown_until(self) -> float | None:
        """Months until which benefit is shown, if exactly one study gives numbers."""
        return self.steps.shown_until if self.steps else None

    @property
    def important_shown_until(self) -> float | None:
        """Months until which an important benefit is shown, if exactly one study gives numbers."""
        return self.steps.important_shown_until if self.steps else None

    @property
    def important_excluded_from(self) -> float | None:
        """Months from which an important benefit is excluded, if exactly one study gives numbers."""
        return self.steps.important_excluded_from if self.steps else None

    @property
    def benefit_excluded_from(self) -> float | None:
        """Months from which any benefit is excluded, if exactly one study gives numbers."""
        return self.steps.benefit_excluded_from if self.steps else None

    def __repr__(self) -> str:
        """Return one line."""
        of = f"{self.procedure_id}, {COMPARATORS[self.comparator]}, {self.curve}"
        return f"<DurationOfBenefit: {of}: {self.code}, {count_of(self.k, 'study', 'studies')}>"

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence

    def _repr_html_(self) -> str:
        rows = [
            (
                study.study_id,
                time_in_words(effect.months),
                f"{number(effect.yi, 2)} ({interval(effect.ci_low, effect.ci_high, 2)})",
                state_in_words(state, change=self.estimand == CHANGE),
            )
            for study in self.studies
            for effect, state in zip(study.effects, study.steps.states, strict=True)
        ]
        what = CHANGE if self.estimand == CHANGE else "effect"
        table = html_table(self.sentence, ("study", "time", f"{what} (95 % interval)", "state"), rows)
        return table if rows else table.replace("<thead>", "<thead hidden>")

    def to_frame(self) -> pd.DataFrame:
        """Return every visit of every study with its effect, interval and state, unrounded."""
        records = [
            {
                "study_id": study.study_id,
                "months": effect.months,
                "window": effect.window,
                "yi": effect.yi,
                "sei": effect.sei,
                "df": effect.df,
                "ci_low": effect.ci_low,
                "ci_high": effect.ci_high,
                "n_arm": effect.n_arm,
                "n_versus": effect.n_versus,
                "state": state,
                "route": effect.route,
                "lines": ";".join(map(str, effect.lines)),
            }
            for study in self.studies
            for effect, state in zip(study.effects, study.steps.states, strict=True)
        ]
        frame = pd.DataFrame(records)
        return frame.astype({"n_arm": "Int64", "n_versus": "Int64"}) if records else frame


def duration_of_benefit(
    evidence: Evidence,
    *,
    procedure: str | None = None,
    comparator: str | None = None,
    domain: str | None = None,
    measure: str | None = None,
    curve: str | None = None,
    delta: float | None = None,
    estimand: str = "contrast",
    condition: str | Sequence[str] | None = None,
    include: Sequence[str] = (),
    trial_arms: bool = False,
) -> DurationOfBenefit:
    """Say how long the benefit of a procedure lasts against one class of comparators.

    The level is chosen by the evidence: numbers of studies, each by itself (1), or reported findings (0).

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str, optional
        Any of its names; not needed where the evidence was selected for one procedure.
    comparator : {"placebo", "active_placebo", "usual_care", "active"}
        The class compared with; needed for contrasts.
    domain, measure, curve : str, optional
        What was measured; a domain gives its first curve that has numbers.
    delta : float, optional
        Smallest difference that matters, on the scale of the curve (risk differences as fractions); by
        default that of measures.csv.
    estimand : {"contrast", "change"}
        Between arms, or within single groups; the two never meet.
    condition : str or sequence of str, optional
        Only studies of these conditions.
    include : sequence of {"scale assumed", "sign inferred"}
        Doubtful rows that are left out otherwise.
    trial_arms : bool
        Whether the single arms of randomised trials feed a change as well.

    Returns
    -------
    DurationOfBenefit
        Its `sentence` answers in words and never speaks beyond the last follow-up.

    Raises
    ------
    InputError
        If the question is incomplete, or no threshold is known.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> scs = duration_of_benefit(
    ...     load_evidence(), procedure="SCS", comparator="usual_care", domain="pain",
    ...     condition="complex_regional_pain_syndrome")
    >>> scs.shown_until, scs.code
    (24.0, 'right_censored_at_horizon')
    """
    chosen = evidence if condition is None else evidence.select(condition=condition)
    studies = by_study(results_of(chosen))
    asked = question(
        evidence,
        procedure=procedure,
        estimand=estimand,
        comparator=comparator,
        curve=curve_for(evidence, domain=domain, measure=measure, curve=curve),
        include=include,
        trial_arms=trial_arms,
    )
    others: list[str] = []
    if measure is None and curve is None:
        asked, others = _first_with_numbers(evidence, asked, studies)
    voting = voting_measures(evidence, asked.curve.domain)
    if measure is not None:
        voting = frozenset(own.measure_id for own in asked.curve.measures)
    found = line_duration(asked, studies, votes=votes_on(asked, studies, voting), delta=delta)
    untested = _untested(studies, asked) if asked.comparator != CHANGE else ()
    where = "" if condition is None else " in the conditions asked for"
    return replace(
        found,
        sentence=" ".join(filter(None, (found.sentence, _untested_words(untested, asked, where)))),
        notes=(*found.notes, *others),
    )


def _first_with_numbers(
    evidence: Evidence, asked: Question, studies: dict[str, list[Result]]
) -> tuple[Question, list[str]]:
    """Return the question on the first curve of the domain that has numbers, and a note on the others."""
    with_numbers = []
    for curve in curves_of(evidence, asked.curve.domain):
        candidate = replace(asked, curve=curve)
        effects = derive(candidate, studies).effects
        if effects:
            with_numbers.append((candidate, len({effect.study_id for effect in effects})))
    if not with_numbers:
        return asked, []
    notes = [
        f"OTHER_CURVE: {count_of(k, 'study', 'studies')} with numbers on {other.curve.title} "
        f'(curve="{other.curve.name}")'
        for other, k in with_numbers[1:]
    ]
    return with_numbers[0][0], notes


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
    """A finding of one study at one visit, as seen from the procedure's side."""

    study_id: str
    months: float
    finding: str


@dataclass(frozen=True, slots=True)
class CurveDurations:
    """What the studies with numbers say on one curve of a line of evidence."""

    asked: Question
    derived: Derived
    studies: tuple[StudyDuration, ...]

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
    return CurveDurations(asked, derived, tuple(_study_durations(asked, derived, votes, delta)))


def line_duration(
    asked: Question, studies: Mapping[str, list[Result]], *, votes: Sequence[Vote], delta: float | None = None
) -> DurationOfBenefit:
    """Say how long benefit lasts on one line of evidence.

    Parameters
    ----------
    asked : Question
        Procedure, comparator class (or "change") and curve.
    studies : mapping of str to list of Result
        The results of each study.
    votes : sequence of Vote
        Findings on the line.
    delta : float, optional
        In place of the default threshold.
    """
    found = curve_durations(asked, studies, votes, delta)
    threshold, source = _threshold(asked, delta)
    level = 1 if found.studies else 0 if votes else None
    concerned = {study.study_id for study in found.studies} or {vote.study_id for vote in votes}
    timed = timed_results((found,), ()) or timed_results((), votes)
    return DurationOfBenefit(
        procedure_id=asked.procedure_id,
        estimand=CHANGE if asked.comparator == CHANGE else "contrast",
        comparator=asked.comparator,
        domain=asked.curve.domain,
        curve=asked.curve.name,
        delta=threshold,
        delta_source=source,
        level=level,
        engine="" if level is None else ("votes", "stepwise")[level],
        k=len(concerned),
        n=participants_of(asked, studies, concerned),
        states=found.states(),
        studies=found.studies,
        reported=count_votes(votes),
        horizon=max((months for _, months, _ in timed), default=None),
        support_horizon=support_horizon(timed),
        sentence=line_sentence((found,), votes, asked, studies),
        notes=(*_line_notes(asked, found.studies, studies, concerned), *counted(found.derived.left_out)),
        left_out=found.derived.left_out,
    )


def _threshold(asked: Question, delta: float | None) -> tuple[float | None, str]:
    if delta is not None:
        if not delta > 0:
            raise InputError(f"delta must be above 0; found {delta:g}")
        return delta, "given by the caller"
    if asked.comparator == CHANGE:
        return None, "mic_within of each study's measure (measures.csv)"
    if asked.curve.delta is None:
        raise InputError(
            f"no smallest important difference is known for {asked.curve.name}; give delta= in "
            f"{'points' if asked.curve.kind == 'MD' else 'fractions'} of its scale"
        )
    return asked.curve.delta, asked.curve.source


def _study_durations(
    asked: Question, derived: Derived, votes: Sequence[Vote], delta: float | None
) -> Iterator[StudyDuration]:
    grouped: dict[str, list[Effect]] = {}
    for effect in derived.effects:
        grouped.setdefault(effect.study_id, []).append(effect)
    for study, effects in grouped.items():
        threshold = _threshold(asked, delta)[0] or _mic(asked.curve, effects[0].measure_id)
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
    raise InputError(f"no minimal important change is known for {measure_id}; give delta=")


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
                    yield Vote(study, result.months, turned(result.vote, sign))


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


def support_horizon(timed: Sequence[Timed]) -> float | None:
    """Return the nominal time of the last window with two studies or 100 participants."""
    for window in reversed(WINDOWS):
        sizes: dict[str, int] = {}
        for study, months, n in timed:
            if window.low < months <= window.high:
                sizes[study] = max(sizes.get(study, 0), n or 0)
        if len(sizes) >= SUPPORT_STUDIES or sum(sizes.values()) >= SUPPORT_PARTICIPANTS:
            return window.nominal
    return None


def _line_notes(
    asked: Question,
    durations: Sequence[StudyDuration],
    studies: Mapping[str, list[Result]],
    concerned: Iterable[str],
) -> Iterator[str]:
    names = sorted(concerned)
    conditions = Counter(studies[study][0].condition for study in names)
    if len(conditions) > 1:
        said = ", ".join(f"{name} {count}" for name, count in sorted(conditions.items()))
        yield f"MIXED_CONDITIONS: {said}"
    if len(names) == 1:
        yield f"ONE_STUDY: {names[0]}"
    if asked.comparator == CHANGE and names:
        yield "CHANGE_ONLY: change within groups, no effect of the procedure"
    crossed = [study for study in names if studies[study][0].design == "crossover_rct"]
    if crossed:
        yield f"CROSSOVER: {listed(crossed)}"
    for study in durations:
        for note in study.notes:
            yield f"{study.study_id}: {note}"


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
        studies = last.setdefault(_window_at(vote.months), {})
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
        parts.insert(0, f"Not pooled ({len(parts)} studies).")
    return " ".join([f"[{curve.asked.curve.title}]", *parts] if named else parts)


def without_numbers(curves: Sequence[CurveDurations], votes: Sequence[Vote]) -> list[Vote]:
    """Return the votes of studies in windows for which they give no number."""
    numeric = {
        (study.study_id, effect.window)
        for curve in curves
        for study in curve.studies
        for effect in study.effects
    }
    return [vote for vote in votes if (vote.study_id, _window_at(vote.months)) not in numeric]


def _window_at(months: float) -> str:
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
    return months, len({study for study, when, _ in timed if _window_at(when) == _window_at(months)})


def _followed(months: float, studies: int) -> str:
    return f"{time_in_words(months)} ({count_of(studies, 'study', 'studies')})"


def _untested(studies: Mapping[str, list[Result]], asked: Question) -> tuple[str, ...]:
    """Return the comparator classes against which the domain was never compared, usably or not."""
    results = [
        [row for row in rows if row.measure.domain == asked.curve.domain and row.role not in AT_BASELINE]
        for rows in studies.values()
    ]
    others = [name for name in COMPARATOR_CLASSES if name != asked.comparator]
    lines = {name: replace(asked, comparator=name) for name in others}
    return tuple(name for name in others if not any(on_question(lines[name], rows) for rows in results))


def _untested_words(untested: Sequence[str], asked: Question, where: str) -> str:
    if not untested:
        return ""
    domain = asked.curve.domain.replace("_", " ")
    against = listed([COMPARATORS[name] for name in untested], "or")
    return f"Not compared on {domain}{where} with {against}."
