"""One row for every procedure, comparator class and domain: what is known, until when, and what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from spineevidence.curves import DURATION_DOMAINS, Curve, curves_of
from spineevidence.effects import Question, by_procedure, by_study, on_question
from spineevidence.evidence import Evidence
from spineevidence.findings import ReportedFindings
from spineevidence.formatting import interval, number
from spineevidence.lineage import LeftOut, counted
from spineevidence.lines import (
    CurveDurations,
    Vote,
    count_votes,
    curve_durations,
    in_conflict,
    line_sentence,
    participants_of,
    timed_results,
    votes_on,
    voting_measures,
    without_numbers,
)
from spineevidence.models import Procedure
from spineevidence.pooling.windows import PooledWindow
from spineevidence.relief import relief_durations, relief_sentence
from spineevidence.results import CHANGE, ROLES, Result, lines_of, on_line, results_of, turned
from spineevidence.stepwise import benefit_state
from spineevidence.timing import WINDOWS
from spineevidence.wording import state_in_words

COLUMNS: tuple[str, ...] = (
    "procedure_id",
    "procedure",
    "comparator",
    "domain",
    "k",
    "k_numbers",
    "k_findings",
    "n",
    "status",
    *(window.label for window in WINDOWS),
    "horizon_months",
    "sentence",
    "findings",
    "left_out",
)
NO_DURATION = "No duration of benefit is said of this domain."
NO_TREATMENT = "A diagnostic procedure and no treatment: no duration of benefit."


@dataclass(frozen=True, slots=True)
class LineSummary:
    """Everything known on one line of evidence.

    Attributes
    ----------
    procedure : Procedure
        The procedure.
    comparator : str
        A comparator class, or "change".
    domain : str
        What was measured.
    studies : tuple of str
        Studies with any result on the line.
    n : int or None
        Their participants in the arms concerned, as far as the reports say.
    curves : tuple of CurveDurations
        Each scale of the domain with the studies that give numbers on it; empty for domains without
        durations.
    votes : tuple of Vote
        Findings that say something about a duration.
    findings : tuple of (str, int)
        How often each finding was reported, on any measure of the domain.
    horizon : float or None
        Months of the last result that says something.
    sentence : str
        How long, in words.
    left_out : tuple of LeftOut
        Rows whose numbers say nothing about a duration, and why.
    """

    procedure: Procedure
    comparator: str
    domain: str
    studies: tuple[str, ...]
    n: int | None
    curves: tuple[CurveDurations, ...]
    votes: tuple[Vote, ...]
    findings: tuple[tuple[str, int], ...]
    horizon: float | None
    sentence: str
    left_out: tuple[LeftOut, ...]

    @property
    def k(self) -> int:
        """Studies with any result on the line."""
        return len(self.studies)

    @property
    def with_numbers(self) -> tuple[str, ...]:
        """Studies that give numbers on any curve."""
        return tuple(sorted({study.study_id for curve in self.curves for study in curve.studies}))

    @property
    def says_how_long(self) -> bool:
        """Whether a duration of benefit can be said of the line at all."""
        return bool(self.curves)

    @property
    def reported(self) -> ReportedFindings | None:
        """Votes by window of every study with a finding."""
        return count_votes(self.votes)

    @property
    def status(self) -> str:
        """How the line was put together; durations are of single studies, windows of several are pooled."""
        if not self.says_how_long:
            return "listed"
        per_curve = max((len(curve.studies) for curve in self.curves), default=0)
        if per_curve > 1:
            return "pooled by window" if any(curve.pooled() for curve in self.curves) else "not pooled"
        if per_curve == 1:
            one = len(self.with_numbers) == 1
            return "one study with numbers" if one else "one study with numbers per scale"
        return "reported findings only" if self.votes else "nothing usable"


def summarize(evidence: Evidence) -> pd.DataFrame:
    """Return a row for every procedure, comparator class and domain with any result.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.

    Returns
    -------
    DataFrame
        `k` studies (`k_numbers` of them with numbers, `k_findings` with findings), `n` participants,
        `status`, a column for each follow-up window with the state of its study, its studies pooled (METHOD
        2.3: two to four by the half-normal model, more by REML with Hartung and Knapp's interval) or their
        reported findings, `horizon_months`, `sentence`, all `findings`, and what was `left_out`. Comparator
        classes are never merged; `change` is change within groups, no effect, and not pooled. "conflict"
        marks windows where one study is decisive for a benefit and another against it.
    """
    return summary_frame(summary_lines(evidence))


def summary_frame(lines: Sequence[LineSummary]) -> pd.DataFrame:
    """Return lines of evidence as the frame of `summarize`."""
    frame = pd.DataFrame([_row(line) for line in lines], columns=list(COLUMNS))
    return frame.astype({"n": "Int64", "horizon_months": "float64"})


def summary_lines(evidence: Evidence) -> tuple[LineSummary, ...]:
    """Return the same as objects, with every effect and its lineage."""
    results = results_of(evidence)
    studies = by_study(results)
    of_procedure = by_procedure(studies)
    procedures = {record.procedure_id: record for record in evidence.procedure_records()}
    curves: dict[str, tuple[Curve, ...]] = {}
    voting: dict[str, frozenset[str]] = {}
    wanted = set(evidence.focus)
    lines = []
    for procedure_id, comparator, domain in lines_of(results):
        if wanted and procedure_id not in wanted:
            continue
        if domain not in curves:
            curves[domain] = curves_of(evidence, domain)
            voting[domain] = voting_measures(evidence, domain)
        own = of_procedure[procedure_id]
        asked = Question(procedure_id, comparator, _any_curve(domain))
        line = _line(procedures[procedure_id], asked, own, curves[domain], voting[domain])
        if line.studies:
            lines.append(line)
    return tuple(lines)


def _line(
    procedure: Procedure,
    asked: Question,
    studies: dict[str, list[Result]],
    curves: tuple[Curve, ...],
    voting: frozenset[str],
) -> LineSummary:
    comparator, domain = asked.comparator, asked.curve.domain
    concerned = tuple(
        sorted(study for study, rows in studies.items() if on_question(asked, _in_domain(rows, domain)))
    )
    treats = procedure.role != "diagnostic"
    timed_domain = domain in DURATION_DOMAINS and treats
    votes = votes_on(asked, studies, voting) if timed_domain else ()
    found = tuple(
        curve_durations(Question(procedure.procedure_id, comparator, curve), studies, votes)
        for curve in (curves if timed_domain else ())
    )
    timed = timed_results(found, votes)
    return LineSummary(
        procedure=procedure,
        comparator=comparator,
        domain=domain,
        studies=concerned,
        n=participants_of(asked, studies, concerned),
        curves=found,
        votes=votes,
        findings=_findings(asked, studies, domain),
        horizon=max((months for _, months, _ in timed), default=None),
        sentence=_sentence(found, votes, asked, studies, treats=treats),
        left_out=set_aside(asked, studies, domain, found, votes) if timed_domain else (),
    )


def _any_curve(domain: str) -> Curve:
    return Curve(domain, domain, domain, "MD", (), None, "")


def _in_domain(rows: Sequence[Result], domain: str) -> list[Result]:
    return [row for row in rows if row.measure.domain == domain]


def _findings(
    asked: Question, studies: Mapping[str, list[Result]], domain: str
) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for rows in studies.values():
        for row in _in_domain(rows, domain):
            sign = on_line(row, asked.procedure_id, asked.comparator)
            if sign and row.finding:
                counts[turned(row.finding, sign)] += 1
    return tuple(sorted(counts.items()))


def _sentence(
    curves: tuple[CurveDurations, ...],
    votes: tuple[Vote, ...],
    asked: Question,
    studies: Mapping[str, list[Result]],
    *,
    treats: bool,
) -> str:
    if not treats:
        return NO_TREATMENT
    if asked.curve.domain in DURATION_DOMAINS:
        return line_sentence(curves, votes, asked, studies)
    printed = relief_durations(studies, asked.procedure_id)
    if asked.comparator == CHANGE and asked.curve.domain in {duration.domain for duration in printed}:
        return relief_sentence(printed)
    return NO_DURATION


def set_aside(
    asked: Question,
    studies: Mapping[str, list[Result]],
    domain: str,
    curves: tuple[CurveDurations, ...],
    votes: tuple[Vote, ...],
) -> tuple[LeftOut, ...]:
    """Return the rows of a line that give no number, unless they are a finding without one that votes.

    Parameters
    ----------
    asked : Question
        The line; its curve plays no part.
    studies : mapping of str to list of Result
        The results of each study.
    domain : str
        What was measured.
    curves : tuple of CurveDurations
        What the studies with numbers say on each scale.
    votes : tuple of Vote
        Findings that count.
    """
    used = {line for curve in curves for effect in curve.derived.effects for line in effect.lines}
    voted = {(vote.study_id, vote.months) for vote in votes}
    reasons = {row.line: row for curve in curves for row in curve.derived.left_out}
    rest = []
    for study, rows in studies.items():
        for row in _in_domain(rows, domain):
            if row.line in used:
                continue
            if row.vote and (study, row.months) in voted:
                if row.value is not None and row.line in reasons:
                    why = f"{reasons[row.line].reason}; only its finding counts"
                    rest.append(LeftOut(why, study, row.line))
            elif row.line in reasons:
                rest.append(reasons[row.line])
            elif on_line(row, asked.procedure_id, asked.comparator) and row.role != "baseline":
                why = ROLES[row.role] if row.role != "visit" else "no natural scale, or not a binary measure"
                rest.append(LeftOut(why, study, row.line))
    return tuple(sorted(rest))


def _row(line: LineSummary) -> dict[str, object]:
    row: dict[str, object] = {
        "procedure_id": line.procedure.procedure_id,
        "procedure": line.procedure.name,
        "comparator": line.comparator,
        "domain": line.domain,
        "k": line.k,
        "k_numbers": len(line.with_numbers),
        "k_findings": len({vote.study_id for vote in line.votes}),
        "n": pd.NA if line.n is None else line.n,
        "status": line.status,
    }
    row |= window_cells(line)
    row["horizon_months"] = float("nan") if line.horizon is None else line.horizon
    row["sentence"] = line.sentence
    row["findings"] = "; ".join(f"{name.replace('_', ' ')} {count}" for name, count in line.findings)
    row["left_out"] = "; ".join(counted(line.left_out))
    return row


def window_cells(line: LineSummary) -> dict[str, str]:
    """Return what is known in each window: states by scale and study, then findings without numbers."""
    change = line.comparator == CHANGE
    parts: dict[str, list[str]] = {window.label: [] for window in WINDOWS}
    for curve in line.curves:
        found = curve.states()
        pooled = curve.pooled()
        for label in dict.fromkeys(window for window, _, _ in found):
            states = [(study, state) for window, study, state in found if window == label]
            words = _states_in_words(states, change=change)
            if label in pooled:
                words = _pooled_in_words(curve, pooled[label], states)
            parts[label].append(f"{curve.asked.curve.title}: {words}")
    better, same = ("improved", "unchanged") if change else ("better", "no difference")
    rest = count_votes(without_numbers(line.curves, line.votes))
    for votes in rest.windows if rest is not None else ():
        counts = ((votes.benefit, better), (votes.no_difference, same), (votes.against, "worse"))
        said = ", ".join(f"{count} {word}" for count, word in counts if count)
        parts[votes.window].append(f"reported: {said}")
    return {label: "; ".join(texts) for label, texts in parts.items()}


def pooled_windows(line: LineSummary) -> tuple[str, ...]:
    """Return each window in which studies were pooled, in words and with their names."""
    said = []
    for curve in line.curves:
        found = curve.states()
        for label, pooled in curve.pooled().items():
            states = [(study, state) for window, study, state in found if window == label]
            words = _pooled_in_words(curve, pooled, states)
            said.append(f"window {label}, {curve.asked.curve.title}: {words} ({', '.join(pooled.studies)})")
    return tuple(said)


def _pooled_in_words(curve: CurveDurations, pooled: PooledWindow, states: Sequence[tuple[str, str]]) -> str:
    """Return the estimate of several studies, its interval and state, and who contradicts whom."""
    factor, unit = (100, " percentage points") if curve.asked.curve.kind == "RD" else (1, "")
    digits = 0 if factor == 100 else 1
    limits = interval(factor * pooled.ci_low, factor * pooled.ci_high, digits)
    (state,) = benefit_state(
        ci_low=[pooled.ci_low], ci_high=[pooled.ci_high], delta=curve.studies[0].steps.delta
    )
    said = f"{number(factor * pooled.estimate, digits)} ({limits}){unit}, {pooled.k} studies pooled"
    words = f"{said}, {state_in_words(state, change=False)}"
    return (
        f"{words}; {_states_in_words(states, change=False)}" if in_conflict(s for _, s in states) else words
    )


def _states_in_words(states: Sequence[tuple[str, str]], *, change: bool) -> str:
    said = ", ".join(f"{study} {state_in_words(state, change=change)}" for study, state in states)
    return f"conflict ({said})" if in_conflict(state for _, state in states) else said
