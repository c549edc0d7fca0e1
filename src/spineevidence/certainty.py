"""`certainty_of`: the certainty of a line of evidence, as numbers suggest and as people judged it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from spineevidence.biasshares import JudgedBias, judged_bias
from spineevidence.curves import curve_for
from spineevidence.duration import DurationOfBenefit, duration_of_benefit
from spineevidence.effects import Question, as_effect_sizes, effect_sizes
from spineevidence.effectsizes import EffectSizes, notes_below
from spineevidence.errors import EstimandError, InputError
from spineevidence.evidence import PART_OF_A_LINE, Evidence
from spineevidence.formatting import count_of, html_table, interval, number, time_in_words
from spineevidence.gradewords import informative_statement
from spineevidence.grading import (
    WORDS,
    Hint,
    Judgement,
    Level,
    agreed,
    imprecision_hint,
    inconsistency_hint,
    indirectness_hint,
    overridden,
    publication_bias_hint,
    risk_of_bias_hint,
    starting_level,
    status,
)
from spineevidence.lines import AGAINST, FOR, CurveDurations, in_conflict, threshold_of
from spineevidence.models import GRADE_LEVELS, LOWERING, RAISING
from spineevidence.pooling.smallstudy import ENOUGH, EggerTest, egger_test
from spineevidence.pooling.windows import PooledWindow, PooledWindows, pool_windows
from spineevidence.stepwise import State, benefit_state
from spineevidence.together import Together
from spineevidence.wording import COMPARATORS

COLUMNS = (
    "window",
    "months",
    "k",
    "n",
    "estimate",
    "ci_low",
    "ci_high",
    "state",
    "grade_domain",
    "suggestion",
    "reason",
    "judgement",
    "status",
)


@dataclass(frozen=True, slots=True)
class WindowCertainty:
    """The certainty of the evidence in one follow-up window.

    Attributes
    ----------
    window : str
        Its label.
    months : float
        The time it stands for, never after its last visit.
    k : int
        Studies in it.
    studies : tuple of str
        Their names.
    n : int or None
        Participants analysed, where every study says.
    estimate, ci_low, ci_high : float
        Effect and interval, benefit-positive: of the joint model where there is one, else of the window.
    pi_low, pi_high : float or None
        Interval of the true effect in a new study.
    state : str
        What the interval says; see `spineevidence.stepwise.STATES`.
    start : str
        Level at which GRADE starts by the designs.
    start_reason : str
        Why.
    hints : tuple of Hint
        One for each of the five domains that may lower the level, with what people judged.
    raised : mapping of str to tuple of Judgement
        What people judged of reasons to rate up; numbers suggest none.
    start_judgements, judgements : tuple of Judgement
        What people judged of the starting level, and of the certainty overall.
    sentence : str
        The result in words.
    """

    window: str
    months: float
    k: int
    studies: tuple[str, ...]
    n: int | None
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float | None
    pi_high: float | None
    state: State
    start: Level
    start_reason: str
    hints: tuple[Hint, ...]
    raised: tuple[tuple[str, tuple[Judgement, ...]], ...]
    start_judgements: tuple[Judgement, ...]
    judgements: tuple[Judgement, ...]
    sentence: str

    @property
    def level(self) -> str:
        """The certainty as people judged it; empty if nobody did, or assessors disagree."""
        return agreed(self.judgements)

    @property
    def status(self) -> str:
        """Who judged the certainty and why; until a person has, "suggested, not assessed"."""
        return status(self.judgements)

    def hint(self, domain: str) -> Hint:
        """Return the hint of one domain, such as "imprecision"."""
        for hint in self.hints:
            if hint.domain == domain:
                return hint
        raise InputError(f'there is no hint for "{domain}"; there are {", ".join(LOWERING)}')


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Certainty:
    """The certainty of one line of evidence, window by window.

    Attributes
    ----------
    procedure_id, comparator, domain, curve : str
        The line.
    delta : float
        Smallest difference that matters, on the scale of the curve.
    windows : tuple of WindowCertainty
        Windows with an effect, in order of time.
    notes : tuple of str
        What a reader must know.
    """

    procedure_id: str
    comparator: str
    domain: str
    curve: str
    delta: float
    windows: tuple[WindowCertainty, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        judged = sum(bool(window.level) for window in self.windows)
        of = f"{self.procedure_id}, {COMPARATORS[self.comparator]}, {self.curve}"
        return f"<Certainty: {of}: {count_of(len(self.windows), 'window')}, {judged} judged>"

    def __str__(self) -> str:
        """Return the sentence of each window."""
        return "\n".join(window.sentence for window in self.windows)

    def _repr_html_(self) -> str:
        rows = [
            (f"{time_in_words(window.months)}: {_effect(window)}" if domain == "start" else "", *rest)
            for window in self.windows
            for domain, *rest in _html_rows(window)
        ]
        head = ("Window", "Of", "Suggested", "Why", "Judged")
        return notes_below(html_table(repr(self)[1:-1], head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return every suggestion and judgement.

        Returns
        -------
        DataFrame
            A row per window and domain of GRADE: ``window``, ``months``, ``k``, ``n``, ``estimate``,
            ``ci_low``, ``ci_high``, ``state``, ``grade_domain`` (start, the five that lower, those that raise
            if judged, overall), ``suggestion`` (a level for start, levels down, "" where it cannot be judged
            and for overall), ``reason`` with the numbers, ``judgement`` ("" unless judged and agreed) and
            ``status``.
        """
        rows = [row for window in self.windows for row in _rows(window)]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        return frame.astype({"n": "Int64", "months": "float64"})


def _effect(window: WindowCertainty) -> str:
    limits = interval(window.ci_low, window.ci_high, 2)
    return f"{number(window.estimate, 2)} ({limits}), {count_of(window.k, 'study', 'studies')}"


def _lines(window: WindowCertainty) -> Iterator[tuple[str, str, str, Sequence[Judgement]]]:
    """Yield domain, suggestion, reason and judgements."""
    yield "start", window.start, window.start_reason, window.start_judgements
    for hint in window.hints:
        said = "" if hint.suggestion is None else str(hint.suggestion)
        yield hint.domain, said, hint.reason, hint.judgements
    for domain, judgements in window.raised:
        yield domain, "", "Numbers suggest no rating up.", judgements
    yield "overall", "", "", window.judgements


def _rows(window: WindowCertainty) -> Iterator[tuple[object, ...]]:
    known = (
        window.window,
        window.months,
        window.k,
        pd.NA if window.n is None else window.n,
        window.estimate,
        window.ci_low,
        window.ci_high,
        window.state,
    )
    for domain, suggestion, reason, judgements in _lines(window):
        yield (*known, domain, suggestion, reason, agreed(judgements), status(judgements))


def _html_rows(window: WindowCertainty) -> Iterator[tuple[str, str, str, str, str]]:
    for domain, suggestion, reason, judgements in _lines(window):
        said = suggestion or ("" if domain in (*RAISING, "overall") else "cannot be judged")
        yield domain, WORDS[domain], said, reason, status(judgements)


def certainty_of(
    evidence: Evidence,
    *,
    procedure: str | None = None,
    comparator: str | None = None,
    domain: str | None = None,
    measure: str | None = None,
    curve: str | None = None,
    delta: float | None = None,
    condition: str | Sequence[str] | None = None,
) -> Certainty:
    """Return what numbers suggest about the certainty of a line of evidence, and what people judged.

    Each follow-up window is rated by itself, as GRADE asks for a time frame. Numbers give hints and never a
    rating: the certainty is what a person wrote into certainty.csv, with a reason; until then the output says
    "suggested, not assessed".

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str, optional
        Any of its names; not needed where the evidence was selected for one procedure.
    comparator : {"placebo", "active_placebo", "usual_care", "active"}
        The class compared with.
    domain, measure, curve : str, optional
        What was measured, as in `duration_of_benefit`.
    delta : float, optional
        Smallest difference that matters, on the scale of the curve; by default that of measures.csv.
    condition : str or sequence of str, optional
        Only studies of these conditions. Judgements are of whole lines of evidence, so that none is used.

    Returns
    -------
    Certainty
        A window with an effect each: the pooled effect, the starting level, and for each domain of GRADE the
        suggestion with its numbers and the judgement with its reason.

    Raises
    ------
    InputError
        If the question is incomplete, no threshold is known, or the scale has no representative standard
        deviation.
    EstimandError
        If the comparator is "change": an uncontrolled change is no effect whose certainty could be rated.
    UnknownNameError
        If a name is not known.

    References
    ----------
    .. [1] Hultcrantz M et al. (2017), certainty that an effect lies on one side of a threshold.
       https://doi.org/10.1016/j.jclinepi.2017.05.006

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> found = certainty_of(
    ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
    >>> found
    <Certainty: vertebroplasty, sham or placebo, pain_0_10: 5 windows, 0 judged>
    >>> found.windows[3].status
    'suggested, not assessed'
    >>> found.windows[3].hint("publication_bias").reason
    'Cannot be judged by a test, k 2 < 10.'
    """
    if comparator == "change":
        raise EstimandError("a change without a comparator is no effect; its certainty cannot be rated")
    lasting = duration_of_benefit(
        evidence,
        procedure=procedure,
        comparator=comparator,
        domain=domain,
        measure=measure,
        curve=curve,
        delta=delta,
        condition=condition,
    )
    scale = curve_for(evidence, domain=None, measure=measure, curve=None if measure else lasting.curve)
    line = _line(
        evidence,
        Question(lasting.procedure_id, lasting.comparator, scale),
        curve=measure or lasting.curve,
        delta=lasting.delta,
    )
    effects = effect_sizes(
        evidence,
        procedure=line.procedure_id,
        comparator=line.comparator,
        measure=measure,
        curve=None if measure else lasting.curve,
        condition=condition,
    ).estimable()
    rows = () if condition is not None else _judgements(evidence, line)
    windows = tuple(_windows(evidence, line, lasting.together, effects, rows))
    return Certainty(
        procedure_id=line.procedure_id,
        comparator=line.comparator,
        domain=lasting.domain,
        curve=line.curve,
        delta=line.delta,
        windows=windows,
        notes=tuple(_notes(evidence, lasting, windows, rows, condition=condition)),
    )


def curve_certainty(evidence: Evidence, found: CurveDurations) -> tuple[WindowCertainty, ...]:
    """Return the certainty of each window of one scale of a line of evidence.

    Parameters
    ----------
    evidence : Evidence
        For designs, conditions, risk of bias and judgements.
    found : CurveDurations
        What its studies say, alone and together; of contrasts.

    Returns
    -------
    tuple of WindowCertainty
        In order of time; empty where the scale has no representative standard deviation.
    """
    asked = found.asked
    if asked.curve.sd_rep is None or not found.studies:
        return ()
    delta, _ = threshold_of(asked, None)
    line = _line(evidence, asked, curve=asked.curve.name, delta=delta)
    effects = as_effect_sizes(asked, found.derived).estimable()
    return tuple(_windows(evidence, line, found.together, effects, _judgements(evidence, line)))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of evidence, in ids and in words, with what its numbers are held against."""

    procedure_id: str
    comparator: str
    domain: str
    curve: str
    procedure: str
    outcome: str
    delta: float
    sd: float
    factor: float

    def printed(self, limits: tuple[float, float]) -> tuple[float, float]:
        """Return an interval in points, or in percentage points."""
        return self.factor * limits[0], self.factor * limits[1]


def _line(evidence: Evidence, asked: Question, *, curve: str, delta: float | None) -> _Line:
    scale = asked.curve
    if scale.sd_rep is None or delta is None:
        raise InputError(
            f"no representative standard deviation of {scale.title} is known, so that its studies are not "
            "pooled and the optimal information size cannot be computed; ask for a domain or another curve"
        )
    outcome = scale.domain.replace("_", " ")
    return _Line(
        procedure_id=asked.procedure_id,
        comparator=asked.comparator,
        domain=scale.domain,
        curve=curve,
        procedure=evidence.procedure(asked.procedure_id).name,
        outcome=f"response rates ({outcome})" if scale.kind == "RD" else outcome,
        delta=delta,
        sd=scale.sd_rep,
        factor=100.0 if scale.kind == "RD" else 1.0,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of certainty.csv on the line."""

    window: str
    domain: str
    judgement: Judgement


def _judgements(evidence: Evidence, line: _Line) -> tuple[_Row, ...]:
    table = evidence.table("certainty")
    names = ("procedure_id", "comparator", "domain", "curve", "window", "grade_domain")
    said = ("judgement", "reason", "assessor", "citekey")
    columns = [table.text(name).tolist() for name in (*names, *said)]
    wanted = (line.procedure_id, line.comparator, line.domain, line.curve)
    return tuple(
        _Row(window, domain, Judgement(*judged, line=int(at)))
        for *of, window, domain, value, reason, assessor, citekey, at in zip(
            *columns, table.lines.tolist(), strict=True
        )
        if tuple(of) == wanted
        for judged in [(value, reason, assessor, citekey)]
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The effect of one window, by the model that speaks for it, and the same window pooled by itself."""

    apart: PooledWindow
    months: float
    estimate: float
    ci: tuple[float, float]
    pi: tuple[float, float] | None
    state: State
    tau: float | None
    tau2: float


def _numbers(together: Together | None, pooled: PooledWindows) -> Iterator[_Numbers]:
    """Yield the windows: of the joint model where there is one, else each pooled by itself."""
    course = together.course if together is not None else None
    if together is None or course is None:
        for own, state in zip(pooled.windows, pooled.states, strict=True):
            known = own.pi_low is not None and own.pi_high is not None
            yield _Numbers(
                apart=own,
                months=own.months or 0.0,
                estimate=own.estimate,
                ci=(own.ci_low, own.ci_high),
                pi=(own.pi_low or 0.0, own.pi_high or 0.0) if known else None,
                state=state,
                tau=own.tau,
                tau2=(own.tau or 0.0) ** 2,
            )
        return
    steps = together.steps
    of_joint = {window.window: place for place, window in enumerate(course.windows)}
    for own in pooled.windows:
        place = of_joint[own.window]
        window = course.windows[place]
        yield _Numbers(
            apart=own,
            months=window.months,
            estimate=window.estimate,
            ci=(steps.ci_low[place], steps.ci_high[place]),
            pi=(window.pi_low, window.pi_high),
            state=steps.states[place],
            tau=course.tau,
            tau2=course.tau**2 + course.omega**2,
        )


def _windows(
    evidence: Evidence,
    line: _Line,
    together: Together | None,
    effects: EffectSizes,
    judged: Sequence[_Row],
) -> Iterator[WindowCertainty]:
    if not any(effect.window for effect in effects.lineage):
        return
    pooled = pool_windows(effects, sd_rep=line.sd, delta=line.delta)
    studies = _studies(evidence)
    for numbers in _numbers(together, pooled):
        own = [row for row in judged if row.window == numbers.apart.window]
        there = effects.at(numbers.apart.window)
        last = max(effect.months for effect in there.lineage)
        yield _window(line, replace(numbers, months=min(numbers.months, last)), there, studies, own)


@dataclass(frozen=True, slots=True)
class _Studies:
    """Design, condition and risk of bias of every study."""

    design: Mapping[str, str]
    condition: Mapping[str, str]
    bias: JudgedBias


def _studies(evidence: Evidence) -> _Studies:
    table = evidence.tables["studies"]
    names, designs, conditions = (table.text(name).tolist() for name in ("study_id", "design", "condition"))
    return _Studies(
        design=dict(zip(names, designs, strict=True)),
        condition=dict(zip(names, conditions, strict=True)),
        bias=judged_bias(evidence),
    )


def _hints(line: _Line, numbers: _Numbers, effects: EffectSizes, studies: _Studies) -> Iterator[Hint]:
    """Yield what the numbers of a window suggest, domain by domain."""
    own = numbers.apart
    yield risk_of_bias_hint(studies.bias.shares(effects, tau2=numbers.tau2))
    ci, delta = line.printed(numbers.ci), line.factor * line.delta
    yield inconsistency_hint(
        k=own.k,
        ci=ci,
        pi=None if numbers.pi is None else line.printed(numbers.pi),
        delta=delta,
        tau=None if numbers.tau is None else line.factor * numbers.tau,
        i2=own.i2,
        conflict=_conflict(effects, line.delta),
    )
    yield indirectness_hint(
        conditions=Counter(studies.condition[study] for study in own.studies), comparator=line.comparator
    )
    yield imprecision_hint(ci=ci, delta=delta, n=own.n, sd=line.factor * line.sd)
    egger, problem = _egger(effects)
    yield publication_bias_hint(k=own.k, egger=egger, problem=problem)


def _window(
    line: _Line, numbers: _Numbers, effects: EffectSizes, studies: _Studies, judged: Sequence[_Row]
) -> WindowCertainty:
    own = numbers.apart
    start, why = starting_level(
        {study: studies.design[study] for study in own.studies},
        by_robins_i=studies.bias.by_robins_i(own.studies),
    )
    by_domain = {name: tuple(row.judgement for row in judged if row.domain == name) for name in WORDS}
    hints = tuple(
        _with_judgements(hint, by_domain[hint.domain]) for hint in _hints(line, numbers, effects, studies)
    )
    return WindowCertainty(
        window=own.window,
        months=numbers.months,
        k=own.k,
        studies=own.studies,
        n=own.n,
        estimate=numbers.estimate,
        ci_low=numbers.ci[0],
        ci_high=numbers.ci[1],
        pi_low=numbers.pi[0] if numbers.pi else None,
        pi_high=numbers.pi[1] if numbers.pi else None,
        state=numbers.state,
        start=start,
        start_reason=why,
        hints=hints,
        raised=tuple((name, by_domain[name]) for name in RAISING if by_domain[name]),
        start_judgements=by_domain["start"],
        judgements=by_domain["overall"],
        sentence=_sentence(line, numbers, by_domain["overall"], start, hints),
    )


def _with_judgements(hint: Hint, judgements: Sequence[Judgement]) -> Hint:
    for made in judgements:
        hint = overridden(
            hint,
            judgement=int(made.value),
            reason=made.reason,
            assessor=made.assessor,
            citekey=made.citekey,
            line=made.line,
        )
    return hint


def _sentence(
    line: _Line, numbers: _Numbers, judgements: Sequence[Judgement], start: str, hints: Sequence[Hint]
) -> str:
    when = f"At {time_in_words(numbers.months)}, against {COMPARATORS[line.comparator]}:"
    level = agreed(judgements)
    if level:
        said = informative_statement(level, numbers.state, procedure=line.procedure, outcome=line.outcome)
        return f"{when} {said} (certainty {'; '.join(judgement.words for judgement in judgements)})."
    low, high = line.printed(numbers.ci)
    digits, unit = (2, "") if line.factor == 1 else (0, " percentage points")
    effect = (
        f"{line.procedure}, {line.outcome}: effect {number(line.factor * numbers.estimate, digits)} "
        f"({interval(low, high, digits)}){unit}, {numbers.state.replace('_', ' ')}."
    )
    lower = [f"{WORDS[hint.domain]} {hint.suggestion}" for hint in hints if hint.suggestion]
    open_ones = [WORDS[hint.domain] for hint in hints if hint.suggestion is None]
    parts = [f"starts at {start}"]
    parts += [f"numbers suggest {', '.join(lower)}"] if lower else []
    parts += [f"cannot be judged from numbers: {', '.join(open_ones)}"] if open_ones else []
    return f"{when} {effect} Certainty {status(judgements)}: {'; '.join(parts)}."


def _conflict(effects: EffectSizes, delta: float) -> tuple[str, ...]:
    """Return the studies that contradict each other: some decisive for a benefit, others against it."""
    states = benefit_state(ci_low=effects.ci_low, ci_high=effects.ci_high, delta=delta)
    if not in_conflict(states):
        return ()
    return tuple(
        f"{effect.study_id} ({state.replace('_', ' ')})"
        for effect, state in zip(effects.lineage, states, strict=True)
        if state in (*FOR, *AGAINST)
    )


def _egger(effects: EffectSizes) -> tuple[EggerTest | None, str]:
    if len(effects) < ENOUGH:
        return None, ""
    try:
        return egger_test(effects), ""
    except InputError as error:
        return None, str(error)


def _notes(
    evidence: Evidence,
    lasting: DurationOfBenefit,
    windows: Sequence[WindowCertainty],
    judged: Sequence[_Row],
    *,
    condition: object,
) -> Iterator[str]:
    if lasting.together is not None:
        yield from lasting.together.notes
    yield from (note for note in lasting.notes if note.startswith("OTHER_CURVE"))
    yield from (note for note in evidence.notes if note.endswith(PART_OF_A_LINE))
    if not windows:
        yield "NO_NUMBERS: no study gives an effect in a window; findings without numbers are not rated."
    if condition is not None and len(evidence.table("certainty")):
        yield "Judgements of the certainty are of whole lines of evidence; none is used for some conditions."
    spoken = {window.window for window in windows}
    for row in judged:
        if row.window not in spoken:
            yield f"UNUSED: certainty.csv, line {row.judgement.line}: no effect in the window {row.window}"
    for window in windows:
        yield from _arithmetic(window)


def _arithmetic(window: WindowCertainty) -> Iterator[str]:
    """Note where a person's certainty is not what the same person's judgements of the domains add up to."""
    for overall in window.judgements:
        start = _of(window.start_judgements, overall.assessor) or window.start
        lowered = [_of(hint.judgements, overall.assessor) for hint in window.hints]
        if not all(lowered):
            continue
        raised = [_of(judgements, overall.assessor) or "0" for _, judgements in window.raised]
        place = GRADE_LEVELS.index(start) - sum(map(int, (*lowered, *raised)))
        level = GRADE_LEVELS[min(max(place, 0), len(GRADE_LEVELS) - 1)]
        if level != overall.value:
            yield (
                f"SUM: {window.window}: {overall.assessor} rates {overall.value}; from {start} the "
                f"judgements of the domains lead to {level}"
            )


def _of(judgements: Sequence[Judgement], assessor: str) -> str:
    return next((judgement.value for judgement in judgements if judgement.assessor == assessor), "")
