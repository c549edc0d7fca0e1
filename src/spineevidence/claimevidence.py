"""The evidence that bears on a claim: every comparator class, window by window, and what stands beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from spineevidence.contamination import contamination
from spineevidence.curves import Curve, curve_for, curves_of
from spineevidence.effects import Question, as_effect_sizes, by_study
from spineevidence.effectsizes import LEVEL, EffectSizes, t_quantile
from spineevidence.evidence import Evidence
from spineevidence.lineage import Effect, LeftOut
from spineevidence.lines import (
    CurveDurations,
    Vote,
    count_votes,
    curve_durations,
    threshold_of,
    votes_on,
    voting_measures,
)
from spineevidence.longitudinal.course import RHO
from spineevidence.longitudinal.trend import decline_within
from spineevidence.longitudinal.workingmodel import working_model
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.results import CHANGE, Result, memberships, on_line, results_of
from spineevidence.summary import set_aside
from spineevidence.timing import WINDOWS, find_window, window_of
from spineevidence.verdicts.kinds import LineEvidence
from spineevidence.verdicts.windows import BEYOND, Ballot, Estimate, Only, WindowEvidence, state_of

LEAST_FOR_A_DECLINE = 3  # visits of the only study: two leave no degree of freedom


@dataclass(frozen=True, slots=True)
class Topic:
    """What a claim is about.

    Attributes
    ----------
    procedure_id, domain : str
        Procedure, and what is said to get better.
    measure_id : str
        The only measure, or "".
    condition : str
        The only condition, or "".
    comparator : str
        A class, or "any".
    control : str
        The only control of its class, or "".
    elsewhere : bool
        Whether all conditions but `condition` are meant.
    """

    procedure_id: str
    domain: str
    measure_id: str = ""
    condition: str = ""
    comparator: str = "any"
    control: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything printed, by study, and what it is measured with."""

    evidence: Evidence
    studies: Mapping[str, list[Result]]

    def of(self, topic: Topic) -> dict[str, list[Result]]:
        """Return the results of the studies that have an arm of the procedure, in the conditions meant."""
        return {
            study: rows
            for study, rows in self.studies.items()
            if _has_arm(rows, topic.procedure_id)
            and (not topic.condition or (rows[0].condition == topic.condition) != topic.elsewhere)
        }


def material_of(evidence: Evidence) -> Material:
    """Return everything printed in an evidence base, linked once for all claims."""
    return Material(evidence, MappingProxyType(by_study(results_of(evidence))))


def _has_arm(rows: Sequence[Result], procedure_id: str) -> bool:
    sides = (side for row in rows for side in (row.arm, row.versus) if side is not None)
    return any(side.procedure.procedure_id == procedure_id for side in sides)


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Studies of one comparator class with numbers on one curve, randomised or not."""

    found: CurveDurations
    effects: EffectSizes
    windows: Mapping[str, tuple[Effect, ...]]
    randomised: bool
    rows: Mapping[str, list[Result]]

    @property
    def curve(self) -> Curve:
        """The scale."""
        return self.found.asked.curve

    def at(self, label: str, delta: float) -> WindowEvidence | None:
        """Return the numbers of a window, judged by a threshold; None without any."""
        there = self.windows.get(label)
        if not there:
            return None
        pooled, joint, fragile = self._pooled(label, delta, there)
        times = [effect.months for effect in there]
        return WindowEvidence(
            window=label,
            months=_stands_for(label, times),
            delta=delta,
            pooled=pooled,
            studies=tuple(self._own(effect) for effect in there),
            joint=joint,
            fragile=fragile,
            randomised=self.randomised,
            curve=self.curve,
            last=max(times),
        )

    def _own(self, effect: Effect) -> Estimate:
        why = contamination(self.found.asked, self.rows[effect.study_id], effect.months)
        limits = (effect.yi, effect.ci_low, effect.ci_high)
        return Estimate(*limits, effect.study_id, contaminated=why, lines=effect.lines, notes=effect.notes)

    def _pooled(self, label: str, delta: float, there: Sequence[Effect]) -> tuple[Estimate, bool, bool]:
        """Return the estimate that is judged, whether it is of the joint model, and whether it is fragile."""
        lines = tuple(sorted({line for effect in there for line in effect.lines}))
        together = self.found.together
        if together is not None and together.course is not None:
            course = together.course
            judged = Estimate(*course.limits(label, delta), lines=lines)
            return judged, True, label in course.fragile(delta)
        if together is not None and together.window is not None:
            (window,) = together.window.windows
            narrow = Estimate(window.estimate, window.ci_low, window.ci_high, lines=lines)
            wide = window.sensitivity
            if window.model != "half-normal" or wide is None:
                return narrow, False, False
            other = Estimate(window.estimate, wide.ci_low, wide.ci_high, lines=lines)
            fragile = state_of(narrow, delta) != state_of(other, delta)
            return (other if fragile else narrow), False, fragile
        return _hull(there, lines), False, False

    def decline(self) -> tuple[float, float] | None:
        """Return the interval of the change per doubling of time within studies; None if there is none."""
        together = self.found.together
        if together is not None:
            slope = together.decline
        elif len(self.effects) >= LEAST_FOR_A_DECLINE and len(self.found.studies) == 1:
            months = np.array([effect.months for effect in self.effects.lineage])
            model = working_model(
                y=np.asarray(self.effects.yi),
                v=np.asarray(self.effects.vi),
                months=months,
                study=np.zeros(months.size, dtype=np.intp),
                design=np.column_stack([np.ones_like(months), np.log2(months)]),
                rho=RHO,
            )
            tail = (1 - LEVEL) / 2
            slope = decline_within(
                model, omega2=0.0, critical=lambda df: float(t_quantile(p=1 - tail, df=df)), level=LEVEL
            )
        else:
            slope = None
        return None if slope is None else (slope.low, slope.high)

    @property
    def followed(self) -> bool:
        """Whether one study has numbers in two windows."""
        return any(len({e.window for e in study.effects if e.window}) > 1 for study in self.found.studies)


def _stands_for(label: str, times: Sequence[float]) -> float:
    """Return the only visit of a window, else its nominal time or, if that is earlier, the last of them."""
    return times[0] if len(set(times)) == 1 else min(find_window(label).nominal, max(times))


def _hull(there: Sequence[Effect], lines: tuple[int, ...]) -> Estimate:
    """Return the own interval of one study, or all that the intervals of several unpooled ones cover."""
    middle = sum(effect.yi for effect in there) / len(there)
    low, high = min(effect.ci_low for effect in there), max(effect.ci_high for effect in there)
    return Estimate(middle, low, high, there[0].study_id if len(there) == 1 else "", lines=lines)


@dataclass(frozen=True, slots=True, eq=False)
class ClaimLine:
    """What one comparator class has on the topic of a claim.

    Attributes
    ----------
    asked : Question
        The line; of its curve only the domain plays a part.
    numbers : tuple of Numbers
        In the order in which they speak: randomised studies first, and in each the preferred scale first.
    votes : mapping of str to tuple of Vote
        Findings of controlled studies, by window.
    controlled : tuple of str
        Labels of windows with a comparison of any kind, usable or not.
    rows : mapping of str to list of Result
        Everything printed, by study.
    left_out : tuple of LeftOut
        Rows whose numbers say nothing here, and why.
    """

    asked: Question
    numbers: tuple[Numbers, ...]
    votes: Mapping[str, tuple[Vote, ...]]
    controlled: tuple[str, ...]
    rows: Mapping[str, list[Result]]
    left_out: tuple[LeftOut, ...]

    def window(self, label: str, deltas: Mapping[str, float]) -> WindowEvidence | None:
        """Return what stands in a window: the numbers that speak, and findings of studies without any."""
        found = self.each(label, deltas)
        first = next(found, None)
        ballots = self._ballots(label)
        if first is None and not ballots:
            return None
        names = {ballot.study_id for ballot in ballots}
        said = [vote.months for vote in self.votes.get(label, ()) if vote.study_id in names]
        if first is not None:
            return replace(first, ballots=ballots, last=max(first.horizon or 0.0, *said, 0.0))
        months = _stands_for(label, said)
        return WindowEvidence(label, months, delta=1.0, ballots=ballots, last=max(said))

    def each(self, label: str, deltas: Mapping[str, float]) -> Iterator[WindowEvidence]:
        """Yield the numbers of a window on every scale and of either kind of study; the first speaks."""
        for own in self.numbers:
            there = own.at(label, deltas[own.curve.name])
            if there is not None:
                yield there

    def _ballots(self, label: str) -> tuple[Ballot, ...]:
        numeric = {effect.study_id for own in self.numbers for effect in own.windows.get(label, ())}
        here = [vote for vote in self.votes.get(label, ()) if vote.study_id not in numeric]
        counted = count_votes(here)
        if counted is None:
            return ()
        return tuple(self._ballot(study, vote, here) for study, vote in counted.windows[0].votes)

    def _ballot(self, study: str, vote: int, here: Sequence[Vote]) -> Ballot:
        own = [cast for cast in here if cast.study_id == study]
        why = contamination(self.asked, self.rows[study], max(cast.months for cast in own))
        return Ballot(study, vote, contaminated=why, lines=tuple(cast.line for cast in own))

    def evidence(self, deltas: Mapping[str, float], instead: Mapping[str, Only]) -> LineEvidence:
        """Return the class as the rules see it, judged by thresholds given for each curve."""
        windows = []
        for window in WINDOWS:
            there = self.window(window.label, deltas)
            if there is not None:
                windows.append(there)
            elif window.label in instead:
                windows.append(WindowEvidence(window.label, None, delta=1.0, only=instead[window.label]))
        followed = [own for own in self.numbers if own.followed]
        declines = ((decline, own.curve) for own in followed if (decline := own.decline()) is not None)
        decline, curve = next(declines, (None, None))
        return LineEvidence(
            comparator=self.asked.comparator,
            windows=tuple(windows),
            controlled=self.controlled,
            decline=decline,
            decline_curve=curve,
            followed=bool(followed),
        )

    @property
    def tested(self) -> frozenset[str]:
        """Labels of the windows with usable evidence."""
        numeric = {label for own in self.numbers for label in own.windows}
        return frozenset({*numeric, *self.votes}) - {BEYOND}


def _label(months: float) -> str:
    window = window_of(months)
    return BEYOND if window is None else window.label


@dataclass(frozen=True, slots=True, eq=False)
class ClaimEvidence:
    """Everything that bears on the topic of a claim.

    Attributes
    ----------
    topic : Topic
        The topic.
    curves : tuple of Curve
        Scales with a threshold, in the order in which they speak.
    unscaled : tuple of str
        Scales without a threshold, whose numbers are not judged.
    lines : mapping of str to ClaimLine
        By comparator class.
    uncontrolled : tuple of Vote
        Findings of single groups, which show no effect.
    single_groups : frozenset of str
        Labels of windows with any result of a single group.
    """

    topic: Topic
    curves: tuple[Curve, ...]
    unscaled: tuple[str, ...]
    lines: Mapping[str, ClaimLine]
    uncontrolled: tuple[Vote, ...]
    single_groups: frozenset[str]

    def rows_of(self, study: str) -> list[Result]:
        """Return everything printed of a study with evidence."""
        return next(line.rows[study] for line in self.lines.values() if study in line.rows)

    def line_evidence(
        self, deltas: Mapping[str, float], elsewhere: ClaimEvidence | None
    ) -> tuple[LineEvidence, ...]:
        """Return every comparator class as the rules see it.

        Parameters
        ----------
        deltas : mapping of str to float
            Threshold of each curve.
        elsewhere : ClaimEvidence or None
            The same in other conditions.
        """
        return tuple(
            line.evidence(deltas, self._instead(name, elsewhere)) for name, line in self.lines.items()
        )

    def _instead(self, name: str, elsewhere: ClaimEvidence | None) -> Mapping[str, Only]:
        others = {label for other, line in self.lines.items() if other != name for label in line.tested}
        found: dict[str, Only] = dict.fromkeys(self.single_groups, "uncontrolled")
        found |= dict.fromkeys(others, "other_comparators")
        if elsewhere is not None:
            found |= dict.fromkeys(elsewhere.lines[name].tested, "other_condition")
        return found


@dataclass(frozen=True, slots=True)
class Scales:
    """How what is said to get better is measured.

    Attributes
    ----------
    domain : str
        The domain.
    curves : tuple of Curve
        In the order in which they speak.
    voting : frozenset of str
        Measures whose findings count.
    measures : frozenset of str
        All of them.
    """

    domain: str
    curves: tuple[Curve, ...]
    voting: frozenset[str]
    measures: frozenset[str]


def scales_of(evidence: Evidence, domain: str, measure_id: str = "") -> Scales:
    """Return how a domain, or one measure, is measured."""
    records = evidence.measure_records()
    if measure_id:
        curve = curve_for(evidence, domain=None, measure=measure_id)
        voting = voting_measures(evidence, curve.domain) & {measure_id}
        return Scales(curve.domain, (curve,), voting, frozenset({measure_id}))
    measures = frozenset(name for name, record in records.items() if record.domain == domain)
    return Scales(domain, curves_of(evidence, domain), voting_measures(evidence, domain), measures)


def claim_evidence(
    material: Material, topic: Topic, scales: Scales, *, delta: float | None = None
) -> ClaimEvidence:
    """Return everything that bears on the topic of a claim.

    Parameters
    ----------
    material : Material
        Everything printed.
    topic : Topic
        What the claim is about.
    scales : Scales
        How it is measured.
    delta : float, optional
        Threshold of the first curve, which may have none of its own.

    Returns
    -------
    ClaimEvidence
        All four comparator classes, and the change within single groups beside.

    Raises
    ------
    InputError
        If delta is out of range.
    """
    curves = tuple(
        curve
        for place, curve in enumerate(scales.curves)
        if curve.delta is not None or (place == 0 and delta is not None)
    )
    if delta is not None and curves:
        threshold_of(Question(topic.procedure_id, COMPARATOR_CLASSES[0], curves[0]), delta)
    studies = material.of(topic)
    plain = Curve(scales.domain, scales.domain, scales.domain, "MD", (), None, "")

    def line(name: str) -> ClaimLine:
        named = topic.control if name == topic.comparator else ""
        own = _with_control(studies, named, name)
        return _line(Question(topic.procedure_id, name, plain), curves, own, scales, delta)

    return ClaimEvidence(
        topic=topic,
        curves=curves,
        unscaled=tuple(curve.title for curve in scales.curves if curve not in curves),
        lines=MappingProxyType({name: line(name) for name in COMPARATOR_CLASSES}),
        uncontrolled=votes_on(Question(topic.procedure_id, CHANGE, plain), studies, scales.voting),
        single_groups=frozenset(
            row.window.label
            for rows in studies.values()
            for row in rows
            if row.measure.measure_id in scales.measures
            and row.role == "visit"
            and row.window is not None
            and on_line(row, topic.procedure_id, CHANGE)
        ),
    )


def _with_control(
    studies: Mapping[str, list[Result]], control: str, comparator: str
) -> Mapping[str, list[Result]]:
    """Return results without those of other controls of the class, where a claim names one of them."""
    if not control:
        return studies
    kept = {}
    for study, rows in studies.items():
        own = [
            row
            for row in rows
            if not any(
                side is not None
                and side.procedure.is_control
                and side.procedure.comparator_class == comparator
                and side.procedure.procedure_id != control
                for side in (row.arm, row.versus)
            )
        ]
        if own:
            kept[study] = own
    return kept


def _line(
    asked: Question,
    curves: Sequence[Curve],
    studies: Mapping[str, list[Result]],
    scales: Scales,
    delta: float | None,
) -> ClaimLine:
    compared = {study: rows for study, rows in studies.items() if _may_compare(asked, rows)}
    randomised = {study: rows for study, rows in compared.items() if rows[0].randomised}
    others = {study: rows for study, rows in compared.items() if not rows[0].randomised}
    found = [
        (curve_durations(replace(asked, curve=curve), tier, (), None if place else delta), tier)
        for tier in (randomised, others)
        if tier
        for place, curve in enumerate(curves)
    ]
    votes = votes_on(asked, compared, scales.voting)
    return ClaimLine(
        asked=asked,
        numbers=tuple(
            _numbers(own, tier, randomised=tier is randomised) for own, tier in found if own.studies
        ),
        votes=_by_window(votes),
        controlled=tuple(dict.fromkeys(_controlled(asked, compared, scales.measures))),
        rows=compared,
        left_out=set_aside(asked, compared, scales.domain, tuple(own for own, _ in found), votes),
    )


def _by_window(votes: Sequence[Vote]) -> Mapping[str, tuple[Vote, ...]]:
    found: dict[str, tuple[Vote, ...]] = {}
    for vote in votes:
        label = _label(vote.months)
        found[label] = (*found.get(label, ()), vote)
    return MappingProxyType(found)


def _controlled(
    asked: Question, compared: Mapping[str, list[Result]], measures: frozenset[str]
) -> Iterator[str]:
    """Yield the label of the window of every comparison, usable or not."""
    for rows in compared.values():
        for row in rows:
            if (
                row.measure.measure_id in measures
                and row.role in ("visit", "beyond_windows")
                and row.months is not None
                and not row.subgroup
                and on_line(row, asked.procedure_id, asked.comparator)
            ):
                yield _label(row.months)


def _numbers(found: CurveDurations, rows: Mapping[str, list[Result]], *, randomised: bool) -> Numbers:
    effects = as_effect_sizes(found.asked, found.derived).estimable()
    spoken = {effect.window for effect in effects.lineage} - {BEYOND}
    windows = {label: effects.at(label).lineage for label in spoken}
    return Numbers(found, effects, MappingProxyType(windows), randomised, rows)


def _may_compare(asked: Question, rows: Sequence[Result]) -> bool:
    """Whether a study has arms on both sides of a line."""
    sides = {s.arm: s.procedure for row in rows for s in (row.arm, row.versus) if s is not None}
    line = (asked.procedure_id, asked.comparator)
    return any(
        line == (membership.procedure_id, membership.comparator)
        for own in sides.values()
        if own.procedure_id == asked.procedure_id
        for other in sides.values()
        for membership in memberships(own, other)
    )
