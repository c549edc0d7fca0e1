"""Claims of patient material judged by the evidence: `judge` and `judge_claims`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from spineevidence.cautions import cautions
from spineevidence.claimevidence import ClaimEvidence, Material, Topic, claim_evidence, material_of, scales_of
from spineevidence.curves import Curve
from spineevidence.effects import the_procedure
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.formatting import listed, time_in_words
from spineevidence.judgements import AtThreshold, Deciding, Judgement, Judgements, LineJudgement
from spineevidence.lineage import counted
from spineevidence.lines import count_votes, vote_times
from spineevidence.models import COMPARATOR_CLASSES, Claim, Procedure
from spineevidence.relief import relief_durations
from spineevidence.results import CHANGE
from spineevidence.shares import responder_measures, shares_of
from spineevidence.statements import EXPERIENCE, TYPED, UNCHECKABLE, claim_words, months_of, window_label
from spineevidence.verdicts.experience import judge_duration, judge_share
from spineevidence.verdicts.kinds import (
    ANY,
    DECIDING,
    Assertion,
    LineEvidence,
    Verdict,
    judge_line,
    judge_lines,
)
from spineevidence.verdicts.sentences import (
    ballots_words,
    duration_words,
    estimate_words,
    headline,
    line_words,
    share_words,
    step_words,
    thresholds_words,
    would_change,
)
from spineevidence.verdicts.strength import strength_of
from spineevidence.verdicts.windows import Step, benefit_in
from spineevidence.wording import COMPARATORS, reported_sentence

Deltas = Mapping[str, float]
CLEARLY = 1.1  # 48 weeks are a year


def judge(
    claim: Claim, evidence: Evidence, *, condition: str | None = None, delta: float | None = None
) -> Judgement:
    """Return what the evidence says of a claim, for every comparator class and over all of them.

    Parameters
    ----------
    claim : Claim
        Of claims.csv, or made by `claim`.
    evidence : Evidence
        A whole base, or a selection.
    condition : str, optional
        In place of the claim's own.
    delta : float, optional
        Smallest difference between groups that matters, on the first scale of the domain (or of the measure);
        by default that of measures.csv.

    Returns
    -------
    Judgement
        Verdict, reason, sentence, and the results it rests on. A claim about a time after the last result is
        untested, never contradicted.

    Raises
    ------
    InputError
        If the claim cannot be judged: a control in place of a procedure, a delta out of range.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> from spineevidence import claim, load_evidence
    >>> found = judge(claim(procedure="SCS", kind="gone_by", months=60, comparator="usual_care",
    ...                     condition="complex_regional_pain_syndrome"), load_evidence())
    >>> found.verdict, found.reason, found.strength
    ('supported', 'REPORTED_ONLY', 'reported')
    """
    asked = claim if condition is None else claim.model_copy(update={"condition": condition})
    (found,) = _desk(evidence, (asked,), delta).judgements()
    return found


def judge_claims(evidence: Evidence, claims: Iterable[Claim] | None = None) -> Judgements:
    """Judge every claim of patient material.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    claims : iterable of Claim, optional
        Without it, those of the evidence.

    Returns
    -------
    Judgements
        One for each claim, in their order.

    Raises
    ------
    InputError, UnknownNameError
        If a claim cannot be judged.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> found = judge_claims(load_evidence().select(procedure="IDET"))
    >>> found["idet-none-at-one-year"].reason
    'ACTIVE_ONLY'
    """
    chosen = evidence.claim_records() if claims is None else tuple(claims)
    return Judgements(tuple(_desk(evidence, chosen, None).judgements()))


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    """Claims with what they are about, and the evidence that bears on it, gathered once for each topic."""

    material: Material
    topics: tuple[tuple[Claim, Topic], ...]
    gathered: Mapping[Topic, ClaimEvidence]
    names: Mapping[str, str]
    delta: float | None

    def judgements(self) -> Iterator[Judgement]:
        for claim, topic in self.topics:
            asked = claim_words(claim, self.names.get(topic.procedure_id, ""))
            if claim.kind in UNCHECKABLE:
                yield _unchecked(claim, asked)
            elif claim.kind in EXPERIENCE:
                yield _experience(claim, asked, self.material, topic)
            else:
                around = self.gathered.get(replace(topic, elsewhere=True))
                own = self.gathered[topic]
                yield _effect(_Bearing(claim, _assertion(claim), own, around, self.delta), asked)


def _desk(evidence: Evidence, claims: Iterable[Claim], delta: float | None) -> _Desk:
    if delta is not None and not delta > 0:
        raise InputError(f"delta must be above 0; found {delta:g}")
    material = material_of(evidence)
    measures = {name: record.domain for name, record in evidence.measure_records().items()}
    topics = tuple((claim, _named_topic(evidence, claim, measures)) for claim in claims)
    wanted = {topic for claim, topic in topics if claim.kind not in (*UNCHECKABLE, *EXPERIENCE)}
    wanted |= {replace(topic, elsewhere=True) for topic in wanted if topic.condition}
    scales = {
        (domain, measure): scales_of(evidence, domain, measure)
        for domain, measure in {(topic.domain, topic.measure_id) for topic in wanted}
    }
    gathered = {
        topic: claim_evidence(material, topic, scales[topic.domain, topic.measure_id], delta=delta)
        for topic in wanted
    }
    names = {
        record.procedure_id: record.abbreviation or record.name for record in evidence.procedure_records()
    }
    return _Desk(material, topics, gathered, names, delta)


def _named_topic(evidence: Evidence, claim: Claim, measures: Mapping[str, str]) -> Topic:
    """Return what a claim is about; an unknown name is told with the claim."""
    try:
        return _topic(evidence, claim, measures)
    except UnknownNameError as unknown:
        if claim.claim_id == TYPED:
            raise
        what = f'{unknown.kind} of the claim "{claim.claim_id}"'
        raise UnknownNameError(what, unknown.name, unknown.known) from None


def _topic(evidence: Evidence, claim: Claim, measures: Mapping[str, str]) -> Topic:
    """Return what a claim is about, with every name looked up."""
    control, comparator = "", claim.comparator
    if comparator not in (ANY, *COMPARATOR_CLASSES):
        record = _control(evidence, comparator)
        control, comparator = record.procedure_id, record.comparator_class or "active"
    known = sorted(set(evidence.tables["studies"].columns["condition"].texts))
    if claim.condition and claim.condition not in known:
        raise UnknownNameError("condition", claim.condition, known)
    if claim.measure_id:
        if claim.measure_id not in measures:
            raise UnknownNameError("measure", claim.measure_id, sorted(measures))
        if measures[claim.measure_id] != claim.domain:
            raise InputError(
                f"{claim.measure_id} measures {measures[claim.measure_id]}, but the claim is about "
                f"{claim.domain}; give one of both, or make them agree"
            )
    procedure = the_procedure(evidence, claim.procedure_id) if claim.procedure_id else ""
    return Topic(procedure, claim.domain, claim.measure_id, claim.condition, comparator, control)


def _control(evidence: Evidence, name: str) -> Procedure:
    controls = [record for record in evidence.procedure_records() if record.is_control]
    for record in controls:
        if name.strip().casefold() in (known.casefold() for known in record.names):
            return record
    known = [ANY, *COMPARATOR_CLASSES, *(own for record in controls for own in record.names)]
    raise UnknownNameError("comparator", name, known)


def _assertion(claim: Claim) -> Assertion:
    return Assertion(
        kind=claim.kind,
        window=window_label(months_of(claim.time, claim.unit)),
        window_high=window_label(months_of(claim.time_high, claim.unit)),
    )


def _unchecked(claim: Claim, asked: str) -> Judgement:
    found = Verdict(claim.kind, claim.comparator, "not_checkable", "NOT_MODELLED")
    return _plain(claim, asked, found, headline(found))


def _plain(claim: Claim, asked: str, found: Verdict, sentence: str) -> Judgement:
    """Return a judgement that rests on no comparison."""
    return Judgement(
        claim=claim,
        asked=asked,
        verdict=found.verdict,
        reason=found.reason,
        strength=None,
        sentence=sentence,
        lines=(),
        decided_by=(),
        change="",
        delta=None,
        delta_scale="",
        thresholds=(),
        would_change=would_change(found, None, None),
        notes=(),
    )


def _experience(claim: Claim, asked: str, material: Material, topic: Topic) -> Judgement:
    """Judge what patients are said to experience, on single arms alone."""
    if claim.kind == "average_duration":
        return _average_duration(claim, asked, material, topic)
    return _success_rate(claim, asked, material, topic)


def _average_duration(claim: Claim, asked: str, material: Material, topic: Topic) -> Judgement:
    printed = {
        one.study_id: one for one in reversed(relief_durations(material.of(topic), topic.procedure_id))
    }
    quoted = [printed[study] for study in sorted(printed)]
    claimed = months_of(claim.time, claim.unit) or 0.0
    found = judge_duration(claimed, [one.months for one in quoted])
    verdict = Verdict(claim.kind, CHANGE, found.verdict, found.reason)
    return replace(
        _plain(claim, asked, verdict, duration_words(found, [str(one) for one in quoted])),
        strength="reported" if quoted else None,
        decided_by=tuple(Deciding(one.study_id, "", str(one), (one.line,)) for one in quoted),
        notes=("CHANGE_ONLY: durations of relief within groups, no effect of the procedure",),
    )


def _success_rate(claim: Claim, asked: str, material: Material, topic: Topic) -> Judgement:
    measures = responder_measures(material.evidence, domain=topic.domain, measure=topic.measure_id)
    when = months_of(claim.time, claim.unit)
    label = None if when is None else window_label(when)
    measure, shares = shares_of(material.of(topic), topic.procedure_id, measures=measures, window=label)
    found = judge_share(float(claim.share or 0) / 100, shares)
    verdict = Verdict(claim.kind, CHANGE, found.verdict, found.reason)
    return replace(
        _plain(claim, asked, verdict, share_words(found, measure.name if measure else "")),
        strength="weak" if shares else None,
        decided_by=tuple(
            Deciding(one.study_id, one.window, f"{one.events:.0f} of {one.n}", one.lines) for one in shares
        ),
        notes=("CHANGE_ONLY: shares of single groups, no effect of the procedure",),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Bearing:
    """A claim beside the evidence that bears on it."""

    claim: Claim
    assertion: Assertion
    own: ClaimEvidence
    around: ClaimEvidence | None
    delta: float | None

    @property
    def comparator(self) -> str:
        """The class of the claim, or "any"."""
        return self.own.topic.comparator

    def deltas(self, chosen: Deltas | None = None) -> dict[str, float]:
        """Return the threshold of each scale: the one chosen, given, or of measures.csv."""
        found = {curve.name: curve.delta for curve in self.own.curves if curve.delta is not None}
        if self.delta is not None and self.own.curves:
            found[self.own.curves[0].name] = self.delta
        return found | dict(chosen or {})

    def lines(self, deltas: Deltas) -> tuple[LineEvidence, ...]:
        return self.own.line_evidence(deltas, self.around)

    def verdict(self, deltas: Deltas) -> Verdict:
        return judge_lines(self.assertion, self.lines(deltas), comparator=self.comparator)

    def primary(self, found: Verdict) -> Curve | None:
        """Return the first scale that was judged, else on which a class that decides has numbers."""
        deciding = DECIDING if self.comparator == ANY else (self.comparator,)
        judged = [curve.name for curve in _scales(found, deciding)]
        numbers = [own.curve.name for name in deciding for own in self.own.lines[name].numbers]
        return next((curve for curve in self.own.curves if curve.name in (judged or numbers)), None)


def _scales(found: Verdict, classes: Sequence[str]) -> Iterator[Curve]:
    """Yield the scale of every window that classes were judged in."""
    for line in found.lines:
        if line.comparator in classes:
            yield from (step.evidence.curve for step in line.steps if step.evidence.curve is not None)


def _effect(bearing: _Bearing, asked: str) -> Judgement:
    """Judge what is said of an effect, on comparisons alone."""
    deltas = bearing.deltas()
    lines = {line.comparator: line for line in bearing.lines(deltas)}
    found = judge_lines(bearing.assertion, tuple(lines.values()), comparator=bearing.comparator)
    told = tuple(_told(bearing, own, lines[own.comparator], deltas) for own in found.lines)
    primary = bearing.primary(found)
    thresholds = tuple(_thresholds(bearing, primary, deltas))
    deciding = [line for line in told if line.comparator in (found.comparator, *_deciding(found))]
    scale = primary or next(iter(bearing.own.curves), None)
    delta = None if scale is None else deltas[scale.name]
    return Judgement(
        claim=bearing.claim,
        asked=asked,
        verdict=found.verdict,
        reason=found.reason,
        strength=strength_of(found),
        sentence=" ".join(
            filter(
                None,
                (
                    headline(found),
                    _reach(bearing, found, lines),
                    thresholds_words([(at.words, at.verdict) for at in thresholds]),
                ),
            )
        ),
        lines=told,
        decided_by=tuple(result for line in deciding for result in line.decided_by),
        change=_change(bearing),
        delta=delta if primary is not None else None,
        delta_scale=primary.title if primary is not None else "",
        thresholds=thresholds,
        would_change=would_change(found, scale, delta),
        notes=tuple(_notes(bearing, found, told, primary, deltas)),
    )


def _reach(bearing: _Bearing, found: Verdict, lines: Mapping[str, LineEvidence]) -> str:
    """Return a sentence where every result in the claimed window lies clearly before the claimed time."""
    claimed = months_of(bearing.claim.time, bearing.claim.unit)
    windows = [lines[name].at(bearing.assertion.window) for name in _deciding(found) if name in lines]
    last = max((w.horizon for w in windows if w.tested and w.horizon is not None), default=None)
    if claimed is None or last is None or last * CLEARLY >= claimed:
        return ""
    return (
        f"The claim is of {time_in_words(claimed)}, and the last result around that time is at "
        f"{time_in_words(last)}."
    )


def _deciding(found: Verdict) -> tuple[str, ...]:
    """Return the classes on which a verdict over several rests."""
    if found.comparator != ANY:
        return (found.comparator,)
    return tuple(
        line.comparator
        for line in found.lines
        if line.comparator in DECIDING and (line.verdict != "untested" or found.verdict == "untested")
    )


def _told(bearing: _Bearing, found: Verdict, line: LineEvidence, deltas: Deltas) -> LineJudgement:
    return LineJudgement(
        comparator=found.comparator,
        found=found,
        strength=strength_of(found),
        sentence=line_words(found, line),
        decided_by=tuple(result for step in found.steps for result in _results(step)),
        beside=tuple(_beside(bearing, found, deltas)),
    )


def _results(step: Step) -> Iterator[Deciding]:
    """Yield what stands in a window, study by study."""
    evidence = step.evidence
    if not evidence.tested:
        return
    for study in evidence.studies:
        said = estimate_words(study, evidence.curve)
        yield Deciding(study.study_id, evidence.window, said, study.lines, study.notes)
    for ballot in evidence.ballots:
        said = ballots_words((ballot,), names=False)
        yield Deciding(ballot.study_id, evidence.window, said, ballot.lines)


def _beside(bearing: _Bearing, found: Verdict, deltas: Deltas) -> Iterator[str]:
    """Yield what else stands in the windows of a verdict, and what other conditions say."""
    line = bearing.own.lines[found.comparator]
    for step in found.steps:
        for other in list(line.each(step.evidence.window, deltas))[1:]:
            yield f"Beside, not in the verdict: {step_words(benefit_in(other))}."
    if bearing.around is not None and bearing.around.lines[found.comparator].tested:
        around = bearing.around.lines[found.comparator].evidence(deltas, {})
        yield f"In other conditions, not in the verdict: {headline(judge_line(bearing.assertion, around))}"


def _thresholds(bearing: _Bearing, primary: Curve | None, deltas: Deltas) -> Iterator[AtThreshold]:
    """Yield the verdict at each threshold that is shown for the scale, and at the one used."""
    if primary is None:
        return
    for delta in sorted({deltas[primary.name], *primary.thresholds_shown}):
        found = bearing.verdict(bearing.deltas({primary.name: delta}))
        yield AtThreshold(delta, primary.in_words(delta), found.verdict, found.reason)


def _change(bearing: _Bearing) -> str:
    """Return what was reported of single groups, labelled as what it is."""
    votes = count_votes(bearing.own.uncontrolled)
    if votes is None:
        return ""
    said = reported_sentence(votes, change=True, times=vote_times(bearing.own.uncontrolled))
    return f"Reported change, not an effect. {said}"


def _other_scales(bearing: _Bearing, found: Verdict, deltas: Deltas) -> Iterator[str]:
    """Yield where another scale, or studies that were not randomised, would say something else."""
    for line in found.lines:
        for step in line.steps:
            for other in list(bearing.own.lines[line.comparator].each(step.evidence.window, deltas))[1:]:
                own = benefit_in(other)
                if own.verdict != step.verdict and other.curve is not None and other.months is not None:
                    kind = "" if other.randomised else ", not randomised"
                    yield (
                        f"OTHER_SCALE: against {COMPARATORS[line.comparator]}, benefit at "
                        f"{time_in_words(other.months)} on {other.curve.title}{kind}: {own.verdict}, "
                        f"{own.reason}; here {step.verdict}"
                    )


def _notes(
    bearing: _Bearing,
    found: Verdict,
    told: Sequence[LineJudgement],
    primary: Curve | None,
    deltas: Deltas,
) -> Iterator[str]:
    own, deciding = bearing.own, _deciding(found)
    results = [result for line in told if line.comparator in deciding for result in line.decided_by]
    rows = {result.study_id: own.rows_of(result.study_id) for result in results}
    conditions = Counter(rows[study][0].condition for study in rows)
    if len(conditions) > 1:
        yield f"MIXED_CONDITIONS: {', '.join(f'{name} {k}' for name, k in sorted(conditions.items()))}"
    crossed = sorted(study for study in rows if rows[study][0].design == "crossover_rct")
    if crossed:
        yield f"CROSSOVER: {listed(crossed)}"
    yield from cautions(rows, sorted(rows), domain=own.topic.domain)
    yield from dict.fromkeys(f"{result.study_id}: {note}" for result in results for note in result.notes)
    judged_on = {curve.name for curve in _scales(found, deciding)}
    for curve in own.curves:
        if curve.name in judged_on or curve == primary:
            given = bearing.delta is not None and curve == own.curves[0]
            source = "given by the caller" if given else curve.source
            yield f"DELTA: {curve.in_words(deltas[curve.name])} on {curve.title}, {source}"
    scales = {step.evidence.curve.title for line in found.lines for step in line.steps if step.evidence.curve}
    if len(scales) > 1:
        yield f"OUTCOME_SWITCH: judged on {listed(sorted(scales))}, each by its own threshold"
    yield from _other_scales(bearing, found, deltas)
    if own.unscaled:
        yield f"NO_THRESHOLD: numbers on {listed(own.unscaled)} are not judged; give delta="
    for name in deciding:
        for note in counted(own.lines[name].left_out):
            yield f"against {COMPARATORS[name]}: {note}"
