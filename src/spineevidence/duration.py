"""How long the benefit of a procedure lasts: the ladder of methods, from findings to numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from spineevidence.cautions import cautions
from spineevidence.contamination import contamination
from spineevidence.curves import curve_for, curves_of
from spineevidence.effects import (
    Question,
    by_study,
    derive,
    on_question,
    question,
)
from spineevidence.effectsizes import notes_below
from spineevidence.evidence import Evidence
from spineevidence.findings import ReportedFindings
from spineevidence.formatting import count_of, html_table, interval, listed, number, time_in_words
from spineevidence.lineage import LeftOut, counted
from spineevidence.lines import (
    AT_BASELINE,
    CurveDurations,
    StudyDuration,
    Timed,
    Vote,
    count_votes,
    curve_durations,
    line_sentence,
    participants_of,
    threshold_of,
    timed_results,
    votes_on,
    voting_measures,
)
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.relief import ReliefDuration, relief_durations, relief_sentence
from spineevidence.results import CHANGE, Result, results_of
from spineevidence.stepwise import State, StepwiseDuration
from spineevidence.timing import WINDOWS, window_of
from spineevidence.together import Together
from spineevidence.wording import (
    COMPARATORS,
    state_in_words,
)

SUPPORT_STUDIES = 2
SUPPORT_PARTICIPANTS = 100


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
        3 if several studies at several times are put into one joint model, 2 if they report in one window
        only, 1 if studies with numbers stand each by itself, 0 if there are only reported findings, None if
        there is nothing. Level 1 is given whatever else is possible.
    engine : str
        How it was estimated: "half-normal" or "REML" (several studies), "stepwise" (study by study), "votes",
        or "".
    k : int
        Studies with numbers, or (level 0) with a finding.
    n : int or None
        Participants of those studies in the arms compared, as far as the reports say.
    states : tuple of (window, study, state)
        State of each study in each follow-up window.
    studies : tuple of StudyDuration
        Every study with numbers, each by itself.
    together : Together or None
        What several studies say together: the joint model, its duration, crossing, decline, fragile states.
    reported : ReportedFindings or None
        Votes by window of every study with a finding.
    relief : tuple of ReliefDuration
        Durations of relief after the procedure as reports print them: change within a group, quoted beside
        with what counted as relief, and never part of the answer.
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
    together: Together | None
    reported: ReportedFindings | None
    relief: tuple[ReliefDuration, ...]
    horizon: float | None
    support_horizon: float | None
    sentence: str
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def steps(self) -> StepwiseDuration | None:
        """The two runs: of the studies together, or of the only one; None if several were not pooled."""
        if self.together is not None:
            return self.together.steps
        return self.studies[0].steps if len(self.studies) == 1 else None

    @property
    def code(self) -> str:
        """Code of the duration, or "not_pooled", "reported_only", "no_data"."""
        if self.level is None:
            return "no_data"
        if self.level == 0:
            return "reported_only"
        return self.steps.code if self.steps is not None else "not_pooled"

    @property
    def shown_until(self) -> float | None:
        """Months until which benefit is shown."""
        return self.steps.shown_until if self.steps else None

    @property
    def important_shown_until(self) -> float | None:
        """Months until which an important benefit is shown."""
        return self.steps.important_shown_until if self.steps else None

    @property
    def important_excluded_from(self) -> float | None:
        """Months from which an important benefit is excluded."""
        return self.steps.important_excluded_from if self.steps else None

    @property
    def benefit_excluded_from(self) -> float | None:
        """Months from which any benefit is excluded."""
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
        shown = table if rows else table.replace("<thead>", "<thead hidden>")
        return notes_below(shown, [said] if (said := relief_sentence(self.relief)) else [])

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
        What was measured; a domain gives its first curve that has numbers or, where `delta` is given, its
        first curve, so that the threshold never lands on another scale.
    delta : float, optional
        Smallest difference that matters, on the scale of the curve (risk differences as fractions, below 1);
        by default that of measures.csv.
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
        asked, others = _first_with_numbers(evidence, asked, studies, stay=delta is not None)
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
    evidence: Evidence, asked: Question, studies: dict[str, list[Result]], *, stay: bool
) -> tuple[Question, list[str]]:
    """Return the question on the first curve of the domain that has numbers, and a note on the others.

    With `stay` it remains on its own curve, to which a threshold was given.
    """
    with_numbers = []
    for curve in curves_of(evidence, asked.curve.domain):
        candidate = replace(asked, curve=curve)
        effects = derive(candidate, studies).effects
        if effects:
            with_numbers.append((candidate, len({effect.study_id for effect in effects})))
    chosen = asked if stay or not with_numbers else with_numbers[0][0]
    notes = [
        f"OTHER_CURVE: {count_of(k, 'study', 'studies')} with numbers on {other.curve.title} "
        f'(curve="{other.curve.name}")'
        for other, k in with_numbers
        if other.curve.name != chosen.curve.name
    ]
    return chosen, notes


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
    return duration_on(curve_durations(asked, studies, votes, delta), studies, votes=votes, delta=delta)


def duration_on(
    found: CurveDurations,
    studies: Mapping[str, list[Result]],
    *,
    votes: Sequence[Vote],
    delta: float | None = None,
) -> DurationOfBenefit:
    """Return the whole answer about a line of evidence whose durations are known.

    Parameters
    ----------
    found : CurveDurations
        What its studies say, alone and together.
    studies : mapping of str to list of Result
        The results of each study.
    votes : sequence of Vote
        Findings on the line.
    delta : float, optional
        The threshold that the durations were found with, if it was not the default one.
    """
    asked = found.asked
    threshold, source = threshold_of(asked, delta)
    level = _level(found, votes)
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
        engine=_engine(found, level),
        k=len(concerned),
        n=participants_of(asked, studies, concerned),
        states=found.states(),
        studies=found.studies,
        together=found.together,
        reported=count_votes(votes),
        relief=relief_durations(studies, asked.procedure_id),
        horizon=max((months for _, months, _ in timed), default=None),
        support_horizon=support_horizon(timed),
        sentence=line_sentence((found,), votes, asked, studies),
        notes=tuple(
            dict.fromkeys(
                (
                    *notes_together(found),
                    *line_notes(asked, found.studies, studies, concerned),
                    *cautions(studies, sorted(concerned), domain=asked.curve.domain),
                    *counted(found.derived.left_out),
                )
            )
        ),
        left_out=found.derived.left_out,
    )


def _level(found: CurveDurations, votes: Sequence[Vote]) -> int | None:
    if found.together is not None:
        return found.together.level
    return 1 if found.studies else 0 if votes else None


def _engine(found: CurveDurations, level: int | None) -> str:
    if found.together is not None:
        return found.together.engine
    return "" if level is None else ("votes", "stepwise")[level]


def notes_together(found: CurveDurations) -> tuple[str, ...]:
    """Return the warnings of the studies of a curve together, or why they were not pooled."""
    if found.together is not None:
        return found.together.notes
    thresholds = sorted({study.steps.delta for study in found.studies})
    if len(thresholds) > 1:
        said = listed([found.asked.curve.in_words(delta) for delta in thresholds])
        return (
            f"NOT_POOLED: the studies' measures have other thresholds ({said}); give delta= to pool them",
        )
    return ()


def support_horizon(timed: Sequence[Timed]) -> float | None:
    """Return the nominal time of the last window with two studies or 100 participants."""
    for window in reversed(WINDOWS):
        sizes: dict[str, int] = {}
        for study, months, n in timed:
            if window_of(months) == window:
                sizes[study] = max(sizes.get(study, 0), n or 0)
        if len(sizes) >= SUPPORT_STUDIES or sum(sizes.values()) >= SUPPORT_PARTICIPANTS:
            return window.nominal
    return None


def line_notes(
    asked: Question,
    durations: Sequence[StudyDuration],
    studies: Mapping[str, list[Result]],
    concerned: Iterable[str],
) -> Iterator[str]:
    """Yield what narrows the answer of a line: conditions, designs, and the caveats of its studies.

    Parameters
    ----------
    asked : Question
        The line; of it only the comparator plays a part.
    durations : sequence of StudyDuration
        Its studies with numbers.
    studies : mapping of str to list of Result
        The results of each study.
    concerned : iterable of str
        The studies of the line.

    Yields
    ------
    str
        Each with its keyword.
    """
    names = sorted(concerned)
    conditions = Counter(studies[study][0].condition for study in names)
    if len(conditions) > 1:
        said = ", ".join(f"{name} {count}" for name, count in sorted(conditions.items()))
        yield f"MIXED_CONDITIONS: {said}"
    cohorts = [study for study in names if not studies[study][0].randomised]
    if cohorts and len(cohorts) < len(names):
        yield f"MIXED_DESIGNS: not randomised: {listed(cohorts)}"
    if len(names) == 1:
        yield f"ONE_STUDY: {names[0]}"
    if asked.comparator == CHANGE and names:
        yield "CHANGE_ONLY: change within groups, no effect of the procedure"
    crossed = [study for study in names if studies[study][0].design == "crossover_rct"]
    if crossed:
        yield f"CROSSOVER: {listed(crossed)}"
    for study in durations:
        mixed = (contamination(asked, studies[study.study_id], effect.months) for effect in study.effects)
        why = next(filter(None, mixed), "")
        if why:
            yield f"CONTAMINATED: {study.study_id}: {why}"
        for note in study.notes:
            yield f"{study.study_id}: {note}"


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
