"""Durability lanes: how far each line of evidence is shown, excluded, unknown; the geometry of a plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of, time_in_words
from spineevidence.lines import CurveDurations, StudyDuration, vote_times
from spineevidence.models import Claim
from spineevidence.results import CHANGE, LINES
from spineevidence.summary import LineSummary
from spineevidence.timing import to_months
from spineevidence.wording import COMPARATORS, code_in_words, state_in_words

VOTE_STATES: Mapping[str, str] = MappingProxyType(
    {"benefit": "reported_benefit", "no_benefit": "reported_none", "conflicting": "reported_conflict"}
)
LONGEST_LABEL = 44  # characters that fit beside the axis


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane: a procedure against a comparator class, a study beneath it, or a claim.

    Attributes
    ----------
    label : str
        What it is of.
    kind : {"line", "study", "claim"}
        A thick lane, a thin one beneath it, or a claim to compare with.
    reported : bool
        Whether it rests on reported findings alone (letter R).
    visits : tuple of (float, str)
        Months and state of each visit; for findings "reported_benefit", "reported_none", "reported_conflict".
    shown_until, excluded_from, last_adequate, horizon : float or None
        Bounds in months.
    left_out : tuple of float
        Visits too imprecise to exclude anything.
    open_end : bool
        Whether the benefit is shown to the last follow-up.
    margin : str
        Studies, participants, code and largest effect.
    sentence : str
        The same in words.
    """

    label: str
    kind: str
    reported: bool
    visits: tuple[tuple[float, str], ...]
    shown_until: float | None
    excluded_from: float | None
    last_adequate: float | None
    horizon: float | None
    left_out: tuple[float, ...]
    open_end: bool
    margin: str
    sentence: str

    @property
    def nothing_later(self) -> bool:
        """Whether nothing at all is known after the last follow-up, not even a result that was set aside."""
        return "nothing later is known" in self.sentence

    @property
    def first(self) -> float | None:
        """Months of the first visit."""
        return self.visits[0][0] if self.visits else None


@dataclass(frozen=True, slots=True)
class LaneGroup:
    """Lanes of one comparator class."""

    comparator: str
    title: str
    lanes: tuple[Lane, ...]


def lane_groups(
    summary: Sequence[LineSummary], *, domain: str = "pain", change: bool = False
) -> tuple[LaneGroup, ...]:
    """Return the lanes of a domain, grouped by comparator class, sham first.

    Parameters
    ----------
    summary : sequence of LineSummary
        Lines of evidence, from `summary_lines`.
    domain : str
        A domain of which durations are said.
    change : bool
        The lanes of changes within groups in place of contrasts: the two never share a group.

    Returns
    -------
    tuple of LaneGroup
        Within a group sorted by how far benefit is shown, then by horizon, then by name.
    """
    lines = [line for line in summary if line.domain == domain and line.horizon is not None]
    groups = []
    for comparator in LINES:
        if (comparator == CHANGE) is change:
            own = [line for line in lines if line.comparator == comparator]
            lanes = tuple(lane for block in sorted(map(_block, own), key=_order) for lane in block)
            if lanes:
                groups.append(LaneGroup(comparator, _title(comparator), lanes))
    return tuple(groups)


def _title(comparator: str) -> str:
    if comparator == CHANGE:
        return "uncontrolled: before and after, no effect"
    return f"versus {COMPARATORS[comparator]}"


def _order(block: list[Lane]) -> tuple[float, float, str]:
    first = block[0]
    reach = max((lane.shown_until or 0.0 for lane in block), default=0.0)
    return -reach, -(first.horizon or 0.0), first.label


def _block(line: LineSummary) -> list[Lane]:
    """Return the lane of a line and, unless it is one study on one scale, those of its studies."""
    told = [(curve, study) for curve in line.curves for study in curve.studies]
    if len(told) == 1 and {vote.study_id for vote in line.votes} <= {told[0][1].study_id}:
        curve, study = told[0]
        return [_study_lane(curve, study, line, label=_label(line))]
    pooled = [curve for curve in line.curves if curve.together is not None]
    lanes = [_together_lane(line, pooled[0])] if pooled else [_line_lane(line)]
    lanes += [
        _study_lane(curve, study, None, label=f"{study.study_id}, {curve.asked.curve.title}")
        for curve, study in told
    ]
    return lanes


def _label(line: LineSummary) -> str:
    name, short = line.procedure.name, line.procedure.abbreviation
    return short if len(name) > LONGEST_LABEL and short else name


def _study_lane(curve: CurveDurations, study: StudyDuration, line: LineSummary | None, *, label: str) -> Lane:
    steps = study.steps
    horizon = steps.horizon if line is None else line.horizon
    later: list[tuple[float, str]] = []
    if line is not None and line.reported is not None:
        later = [visit for visit in _voted(line) if visit[0] > steps.horizon]
    return Lane(
        label=label,
        kind="study" if line is None else "line",
        reported=False,
        visits=(*zip(steps.months, steps.states, strict=True), *later),
        shown_until=steps.shown_until,
        excluded_from=steps.important_excluded_from,
        last_adequate=steps.last_adequate,
        horizon=horizon,
        left_out=steps.left_out,
        open_end=steps.code == "right_censored_at_horizon" and horizon == steps.horizon,
        margin=_margin(line, study, curve),
        sentence=line.sentence if line is not None else f"{study.study_id}: {study.sentence}",
    )


def _together_lane(line: LineSummary, curve: CurveDurations) -> Lane:
    """Return the lane of several studies together, on the first scale on which they are pooled."""
    found = curve.together
    if found is None:
        return _line_lane(line)
    steps = found.steps
    later = [visit for visit in _voted(line) if visit[0] > steps.horizon]
    largest = [max((effect.n or 0 for effect in study.effects), default=0) for study in curve.studies]
    n = f"n {sum(largest)}" if all(largest) else "n ?"
    size = curve.asked.curve.in_words(round(max(steps.estimate), 2 if curve.asked.curve.kind == "RD" else 1))
    change = curve.asked.comparator == CHANGE
    fragile = ", fragile" if found.fragile else ""
    return Lane(
        label=_label(line),
        kind="line",
        reported=False,
        visits=(*zip(steps.months, steps.states, strict=True), *later),
        shown_until=steps.shown_until,
        excluded_from=steps.important_excluded_from,
        last_adequate=steps.last_adequate,
        horizon=line.horizon,
        left_out=steps.left_out,
        open_end=steps.code == "right_censored_at_horizon" and line.horizon == steps.horizon,
        margin=(
            f"k {found.k} together, {n}; max {size}; {code_in_words(steps.code, change=change)}{fragile}"
        ),
        sentence=line.sentence,
    )


def _margin(line: LineSummary | None, study: StudyDuration, found: CurveDurations) -> str:
    curve = found.asked.curve
    largest = max(effect.yi for effect in study.effects)
    size = f"max {curve.in_words(round(largest, 2 if curve.kind == 'RD' else 1))}"
    sizes = [effect.n for effect in study.effects if effect.n is not None]
    n = f"n {max(sizes)}" if sizes else "n ?"
    k = "k 1, " if line is not None else ""
    return f"{k}{n}; {size}; {code_in_words(study.steps.code, change=found.asked.comparator == CHANGE)}"


def _voted(line: LineSummary) -> list[tuple[float, str]]:
    found = line.reported
    if found is None:
        return []
    times = vote_times(line.votes)
    return [(times[votes.window], VOTE_STATES[votes.label]) for votes in found.windows]


def _line_lane(line: LineSummary) -> Lane:
    """Return the lane of a line that is not pooled: what its studies reported."""
    found = line.reported
    visits = tuple(_voted(line))
    until = _place(line, found.reported_until) if found is not None else None
    since = _place(line, found.reported_no_benefit_from) if found is not None else None
    run = until if visits and visits[0][1] == "reported_benefit" else None
    n = "n ?" if line.n is None else f"n {line.n}"
    return Lane(
        label=_label(line),
        kind="line",
        reported=True,
        visits=visits,
        shown_until=run,
        excluded_from=since,
        last_adequate=visits[-1][0] if visits else None,
        horizon=line.horizon,
        left_out=(),
        open_end=False,
        margin=f"k {line.k}, {n}; {line.status}",
        sentence=line.sentence,
    )


def _place(line: LineSummary, window: str | None) -> float | None:
    return None if window is None else vote_times(line.votes)[window]


def claim_lanes(evidence: Evidence, *, domain: str = "pain") -> tuple[Lane, ...]:
    """Return a lane for every claim of patient material about a domain that names a time."""
    table = evidence.tables["claims"]
    claims = [record for row in range(len(table)) if isinstance(record := table.record(row), Claim)]
    return tuple(_claims(sorted(claims, key=_claim_time), domain))


def _claim_time(claim: Claim) -> tuple[float, str]:
    if claim.time is None or claim.unit is None:
        return 0.0, claim.claim_id
    return float(to_months(float(claim.time), claim.unit)), claim.claim_id


def _claims(claims: Sequence[Claim], domain: str) -> Iterator[Lane]:
    for claim in claims:
        if claim.domain != domain or claim.time is None:
            continue
        months = _claim_time(claim)[0]
        what = f"claim: {claim.kind.replace('_', ' ')} {time_in_words(months)}"
        yield Lane(
            label=what,
            kind="claim",
            reported=False,
            visits=((months, "claim"),),
            shown_until=None,
            excluded_from=None,
            last_adequate=None,
            horizon=months,
            left_out=(),
            open_end=False,
            margin=f"{claim.citekey}",
            sentence=f"{claim.citekey} says of {claim.procedure_id}: {claim.statement}.",
        )


def lanes_in_words(groups: Sequence[LaneGroup], claims: Sequence[Lane] = ()) -> str:
    """Return the text equivalent of the figure: the same lanes, bounds and numbers, a line each."""
    lines = []
    for group in groups:
        lines.append(group.title.capitalize())
        lines += [_lane_in_words(lane, change=group.comparator == CHANGE) for lane in group.lanes]
        lines.append("")
    if claims:
        lines.append("Claims of patient material, shown beside the evidence and no part of it")
        lines += [f"- {lane.label} ({lane.margin}): {lane.sentence}" for lane in claims]
        lines.append("")
    return "\n".join(lines)


def _lane_in_words(lane: Lane, *, change: bool) -> str:
    indent = "  " if lane.kind == "study" else ""
    visits = "; ".join(
        f"{time_in_words(month)} {state_in_words(state, change=change)}" for month, state in lane.visits
    )
    code = " (R: reported findings only)" if lane.reported and lane.visits else ""
    return (
        f"{indent}- {lane.label} [{lane.margin}]{code}: {visits or 'see the studies below'}. {lane.sentence}"
    )


def caption_of(groups: Sequence[LaneGroup], *, domain: str, change: bool) -> str:
    """Return the caption of a panel: estimand, comparators, threshold, level and horizon."""
    count = sum(lane.kind == "line" for group in groups for lane in group.lanes)
    horizon = max((lane.horizon or 0.0 for group in groups for lane in group.lanes), default=0.0)
    word = domain.replace("_", " ")
    if change:
        return (
            f"Change of {word} within single groups of studies that were not randomised, "
            f"{count_of(count, 'procedure')}; it holds natural course and placebo response and is no effect. "
            f"Threshold: minimal important change within a person. Last follow-up {time_in_words(horizon)}."
        )
    return (
        f"Contrasts on {word} between arms, {count_of(count, 'line')} of procedure and comparator class; "
        "classes are never merged. Threshold: smallest difference between groups that matters "
        "(measures.csv). Thick lanes: several studies together by the joint model (k together), or the only "
        "one; thin lanes: each study by itself; R: reported findings only. "
        f"Last follow-up {time_in_words(horizon)}; nothing is drawn beyond a lane's own last follow-up."
    )
