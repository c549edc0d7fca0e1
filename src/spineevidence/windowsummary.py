"""`summarize_windows`: a row for every window of every contrast, as a summary of findings needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from spineevidence.certainty import WindowCertainty, curve_certainty
from spineevidence.claims import judge_claims
from spineevidence.evidence import Evidence
from spineevidence.findings import WindowVotes
from spineevidence.grading import WORDS as GRADE_WORDS
from spineevidence.judgements import Judgements
from spineevidence.lineage import counted
from spineevidence.lines import CurveDurations, count_votes, label_at, vote_times, without_numbers
from spineevidence.models import Claim
from spineevidence.results import CHANGE
from spineevidence.summary import LineSummary, summary_lines
from spineevidence.timing import WINDOWS, to_months, window_of
from spineevidence.together import ENGINE_WORDS, MODEL_WORDS
from spineevidence.verdicts.kinds import ANY

COLUMNS: tuple[str, ...] = (
    "procedure_id",
    "procedure",
    "comparator",
    "domain",
    "curve",
    "window",
    "months",
    "k",
    "studies",
    "n",
    "estimate",
    "ci_low",
    "ci_high",
    "pi_low",
    "pi_high",
    "model",
    "delta",
    "state",
    "fragile",
    "reported",
    "certainty",
    "starts_at",
    "suggested",
    "sentence",
    "duration",
    "claims",
    "left_out",
)


def summarize_windows(evidence: Evidence) -> pd.DataFrame:
    """Return a row for every follow-up window of every contrast with any usable result.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.

    Returns
    -------
    DataFrame
        Per procedure, comparator class, domain, scale (`curve`) and window: `k` studies, their names, `n`
        participants; the effect, benefit-positive, with its interval and that of a new study, in points, or
        as a fraction for responders; the `model`; the threshold `delta` and the `state` against it, and
        whether that is `fragile`; findings `reported` without numbers; the `certainty` a person judged,
        else "suggested, not assessed", with what numbers suggest; the plain `sentence`; the sentence of the
        whole line's `duration`; the `claims` about this time, with the verdict of this comparator class;
        and what was `left_out` of the line. A window with reported findings alone has no effect. Changes
        within groups are no effect and have no row; they stand in `summarize`.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> rows = summarize_windows(load_evidence().select(procedure="vertebroplasty", comparator="placebo"))
    >>> pain = rows[rows["curve"] == "pain_0_10"]
    >>> pain[["window", "k", "state", "certainty"]].head(2)
      window  k         state                certainty
    3  <=2wk  1  inconclusive  suggested, not assessed
    4    1mo  1  inconclusive  suggested, not assessed
    """
    return windows_frame(evidence, summary_lines(evidence), judge_claims(evidence))


def windows_frame(evidence: Evidence, lines: Sequence[LineSummary], judged: Judgements) -> pd.DataFrame:
    """Return lines of evidence and judged claims as the frame of `summarize_windows`."""
    claims = _claims(evidence, judged)
    rows = [
        row
        for line in lines
        if line.comparator != CHANGE and line.says_how_long
        for row in _line_rows(evidence, line, claims)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = ("months", "estimate", "ci_low", "ci_high", "pi_low", "pi_high", "delta")
    return frame.astype({"k": "int64", "n": "Int64"} | dict.fromkeys(numbers, "float64"))


ClaimsAt = Mapping[tuple[str, str, str, str], Sequence[str]]  # procedure, comparator class, domain, window


def _claims(evidence: Evidence, judgements: Judgements) -> ClaimsAt:
    """Return the claims about each time, with the verdict of each comparator class that they speak of."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for judged in judgements:
        claim = judged.claim
        for line in judged.lines:
            if claim.comparator in (ANY, line.comparator, *_controls(evidence, line.comparator)):
                verdict = f"{claim.claim_id}: {line.found.verdict} ({line.found.reason})"
                for label in _windows_of(claim):
                    place = (claim.procedure_id, line.comparator, claim.domain, label)
                    found.setdefault(place, []).append(verdict)
    return found


def _controls(evidence: Evidence, comparator: str) -> Iterator[str]:
    for record in evidence.procedure_records():
        if record.comparator_class == comparator:
            yield record.procedure_id


def _windows_of(claim: Claim) -> list[str]:
    """Return the windows of the times that a claim names."""
    times = [time for time in (claim.time, claim.time_high) if time is not None]
    windows = [window_of(float(to_months(float(time), claim.unit or "months"))) for time in times]
    return list(dict.fromkeys(window.label for window in windows if window is not None))


@dataclass(frozen=True, slots=True)
class LineWindow:
    """What one follow-up window of a line of evidence holds on one scale, or in findings alone.

    Attributes
    ----------
    window : str
        Its label.
    months : float
        The time it stands for; of findings alone, the time to which every study with one was followed.
    curve : CurveDurations or None
        The scale with its durations; None where there are findings alone.
    certainty : WindowCertainty or None
        Effect and certainty; None where there are findings alone.
    votes : WindowVotes or None
        Findings of studies that give no number.
    studies : tuple of str
        Studies with the effect or, of findings alone, with a finding.
    """

    window: str
    months: float
    curve: CurveDurations | None
    certainty: WindowCertainty | None
    votes: WindowVotes | None
    studies: tuple[str, ...]


def line_windows(evidence: Evidence, line: LineSummary) -> tuple[LineWindow, ...]:
    """Return the windows of a contrast, scale by scale and in order of time; findings alone come last."""
    unnumbered = without_numbers(line.curves, line.votes)
    rest, times = count_votes(unnumbered), vote_times(unnumbered)
    votes = {found.window: found for found in (rest.windows if rest is not None else ())}
    found = [
        LineWindow(own.window, own.months, curve, own, votes.get(own.window), own.studies)
        for curve in line.curves
        for own in curve_certainty(evidence, curve)
    ]
    spoken = {own.window for own in found}
    for label, own in votes.items():
        if label not in spoken:
            by = sorted({vote.study_id for vote in unnumbered if label_at(vote.months) == label})
            found.append(LineWindow(label, times[label], None, None, own, tuple(by)))
    order = [window.label for window in WINDOWS]
    names = [*(curve.asked.curve.name for curve in line.curves), ""]
    return tuple(
        sorted(
            found,
            key=lambda one: (
                names.index("" if one.curve is None else one.curve.asked.curve.name),
                order.index(one.window),
            ),
        )
    )


def _line_rows(evidence: Evidence, line: LineSummary, claims: ClaimsAt) -> Iterator[dict[str, object]]:
    for own in line_windows(evidence, line):
        place = (line.procedure.procedure_id, line.comparator, line.domain, own.window)
        yield {
            "procedure_id": line.procedure.procedure_id,
            "procedure": line.procedure.name,
            "comparator": line.comparator,
            "domain": line.domain,
            "duration": line.sentence,
            "claims": "; ".join(claims.get(place, ())),
            "left_out": "; ".join(counted(line.left_out)),
            **_told(own),
        }


def _told(own: LineWindow) -> dict[str, object]:
    if own.curve is not None and own.certainty is not None:
        return _numbers(own.curve, own.certainty, own.votes)
    return {} if own.votes is None else _votes_alone(own.votes)


def _numbers(curve: CurveDurations, window: WindowCertainty, votes: WindowVotes | None) -> dict[str, object]:
    suggested = [
        f"{GRADE_WORDS[hint.domain]}: {'cannot be judged' if hint.suggestion is None else hint.suggestion}"
        for hint in window.hints
    ]
    return {
        "curve": curve.asked.curve.name,
        "window": window.window,
        "months": window.months,
        "k": window.k,
        "studies": ";".join(window.studies),
        "n": pd.NA if window.n is None else window.n,
        "estimate": window.estimate,
        "ci_low": window.ci_low,
        "ci_high": window.ci_high,
        "pi_low": window.pi_low,
        "pi_high": window.pi_high,
        "model": model_of(curve, window),
        "delta": curve.studies[0].steps.delta,
        "state": window.state,
        "fragile": curve.together is not None and window.window in curve.together.fragile,
        "reported": votes_in_words(votes),
        "certainty": window.level or window.status,
        "starts_at": window.start,
        "suggested": "; ".join(suggested),
        "sentence": window.sentence,
    }


def model_of(curve: CurveDurations, window: WindowCertainty) -> str:
    """Return how the effect of a window was estimated, such as "one study" or "joint model, …"."""
    together = curve.together
    if together is not None and together.course is not None:
        return f"joint model, {ENGINE_WORDS[together.engine]}"
    pooled = curve.pooled().get(window.window)
    return MODEL_WORDS["one study" if pooled is None else pooled.model]


def _votes_alone(votes: WindowVotes) -> dict[str, object]:
    return {
        "curve": "",
        "window": votes.window,
        "k": votes.n_studies,
        "n": pd.NA,
        "model": "reported findings",
        "state": f"reported_{votes.label}",
        "fragile": False,
        "reported": votes_in_words(votes),
        "certainty": "not rated",
        "studies": "",
        "starts_at": "",
        "suggested": "",
        "sentence": f"Reported findings only: {votes_in_words(votes)}; size and precision unknown.",
    }


def votes_in_words(votes: WindowVotes | None) -> str:
    """Return counted findings in words; empty without any."""
    if votes is None:
        return ""
    counts = ((votes.benefit, "better"), (votes.no_difference, "no difference"), (votes.against, "worse"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)
