"""The plain sentences of a verdict, made from the verdict itself, so that they cannot say anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from spineevidence.curves import Curve
from spineevidence.formatting import interval, listed, number, time_in_words
from spineevidence.models import UNTIMED_CLAIMS, ClaimKind
from spineevidence.results import CHANGE
from spineevidence.stepwise import STATES
from spineevidence.verdicts.experience import DurationVerdict, Share, ShareVerdict, WindowShare
from spineevidence.verdicts.kinds import ANY, DECIDING, LineEvidence, Verdict
from spineevidence.verdicts.reasons import REASONS, Reason, Word
from spineevidence.verdicts.strength import size_to_exclude
from spineevidence.verdicts.windows import Ballot, Estimate, Step, WindowEvidence
from spineevidence.wording import COMPARATORS

SIZE_UNKNOWN = "its size is unknown, and an important benefit is not excluded"
NO_DIFFERENCE = f"no difference was reported; {SIZE_UNKNOWN}"
WORDS: Mapping[Word, str] = MappingProxyType(
    {
        "supported": "supported",
        "contradicted": "contradicted",
        "mixed": "mixed",
        "untested": "untested",
        "not_checkable": "not checkable",
    }
)
NONE_BY_REPORT: tuple[Reason, ...] = ("LOSS_SHOWN", "EXCLUDED_AT_ALL_TESTED", "PARTLY_IMPRECISE")
UNTESTED_VS_SHAM = f"against {COMPARATORS['placebo']} it is untested"
SPECIAL: Mapping[tuple[ClaimKind, Reason], str] = MappingProxyType(
    {
        ("safe", "NOT_MODELLED"): "harms are not put together here; no single threshold judges them",
        (
            "lasts_longer",
            "NOT_MODELLED",
        ): "durations of two treatments are not compared; ask for each by itself",
        ("repeatable_every", "NOT_MODELLED"): "how often a procedure can be repeated is recorded nowhere",
        ("no_evidence_at", "NO_DATA"): "no controlled result was found",
        ("wanes", "CONTAMINATED"): (
            "controls had received the procedure too, so that a shrinking difference is no loss of effect"
        ),
        ("wanes", "NO_DATA"): "no study gives numbers at two times",
        ("wanes", "IMPRECISE"): "whether the effect declines within studies cannot be told",
    }
)
NONE_THAT_DECIDES = (
    f"no controlled result against {', '.join(COMPARATORS[name] for name in DECIDING[:-1])} or "
    f"{COMPARATORS[DECIDING[-1]]} was found"
)
CHANGE_WORDS = "change within single groups and no effect; it holds natural course and placebo response"


def headline(found: Verdict) -> str:
    """Return verdict and reason of a claim as one sentence."""
    return _capital(f"{_of(found)}.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of(found: Verdict) -> str:
    return f"{WORDS[found.verdict]}: {reason_words(found)}"


def reason_words(found: Verdict) -> str:
    """Return the reason of a verdict in words; of reported findings what was reported.

    Where "none" rests on a difference that was not reported, the words say that its size is unknown.
    """
    if found.reason == "REPORTED_ONLY":
        reported = _reported(found)
        if reported:
            return ballots_words(reported[-1].evidence.ballots, names=False)
    if found.reason == "UNTESTED_VS_SHAM":
        own = next(line for line in found.lines if line.comparator in DECIDING and line.verdict != "untested")
        return f"against {COMPARATORS[own.comparator]} {reason_words(own)}; {UNTESTED_VS_SHAM}"
    if (found.kind, found.reason, found.comparator) == ("no_evidence_at", "NO_DATA", ANY):
        others = any(line.verdict == "contradicted" for line in found.lines)
        return NONE_THAT_DECIDES + ("; other active treatments alone were compared" if others else "")
    said = SPECIAL.get((found.kind, found.reason), REASONS[found.reason])
    if found.reason in NONE_BY_REPORT:
        reported = [step for step in _reported(found) if step.verdict == "contradicted"]
        if reported:
            times = listed([time_in_words(step.evidence.months or 0.0) for step in reported])
            return f"{said}; at {times} {ballots_words(reported[-1].evidence.ballots, names=False)}"
    return said


def _reported(found: Verdict) -> list[Step]:
    """Return the steps that rest on reported findings alone, of the first class that has any."""
    for own in (found, *(line for line in found.lines if line.verdict == found.verdict)):
        steps = [step for step in own.steps if step.reason == "REPORTED_ONLY"]
        if steps:
            return steps
    return []


def line_words(found: Verdict, line: LineEvidence) -> str:
    """Return what one comparator class says, in words.

    Parameters
    ----------
    found : Verdict
        Of the class.
    line : LineEvidence
        Its evidence, for its last result.

    Returns
    -------
    str
        Verdict, reason, every window that decided, and the last usable result; nothing after it.
    """
    parts = [f"Against {COMPARATORS[found.comparator]}: {_of(found)}."]
    told = [step for step in found.steps if step.evidence.tested]
    parts += [f"{_capital(step_words(step))}." for step in told]
    if line.decline is not None and found.kind == "wanes":
        factor, digits, unit = _unit(line.decline_curve)
        low, high = (factor * limit for limit in line.decline)
        parts.append(f"Change of the effect per doubling of time: {interval(low, high, digits)}{unit}.")
    if (found.kind, found.reason) == ("wanes", "CONTAMINATED"):
        why = dict.fromkeys(text for step in told for text in step.evidence.contaminations)
        parts.append(f"Controls: {'; '.join(why)}.")
    if line.horizon is not None:
        parts.append(f"Last usable result at {time_in_words(line.horizon)}.")
    return " ".join(parts)


def step_words(step: Step) -> str:
    """Return what stands in a window and what it says."""
    evidence = step.evidence
    at = f"at {time_in_words(evidence.months)} " if evidence.months is not None else ""
    parts = list(_evidence_words(evidence))
    if step.reason == "STUDY_CONFLICT":
        parts.append(f"but studies contradict each other ({listed([*_each(evidence)])})")
    if step.reason == "CONTAMINATED":
        parts.append(f"{REASONS['CONTAMINATED']} ({'; '.join(evidence.contaminations)})")
    return at + "; ".join(parts)


def _evidence_words(evidence: WindowEvidence) -> Iterator[str]:
    if evidence.pooled is not None and evidence.state is not None:
        names = listed([study.study_id for study in evidence.studies])
        fragile = ", fragile: another assumption gives another state" if evidence.fragile else ""
        kind = "" if evidence.randomised else ", not randomised"
        several = "pooled: " if len(evidence.studies) > 1 else ""
        model = "joint model of several times; here " if evidence.joint else several
        size = estimate_words(evidence.pooled, evidence.curve)
        yield f"{size} ({model}{names}{kind}): {STATES[evidence.state]}{fragile}"
    if evidence.ballots:
        lead = "reported without numbers: " if evidence.pooled is not None else ""
        yield lead + ballots_words(evidence.ballots)


def _each(evidence: WindowEvidence) -> Iterator[str]:
    for study in evidence.studies:
        yield f"{study.study_id} {estimate_words(study, evidence.curve)}"


def estimate_words(estimate: Estimate, curve: Curve | None) -> str:
    """Return an effect with its interval and unit.

    >>> estimate_words(Estimate(1.3, 0.04, 2.6), None)
    '1.30 (0.04 to 2.60)'
    """
    factor, digits, unit = _unit(curve)
    low, high = factor * estimate.ci_low, factor * estimate.ci_high
    middle = number(factor * estimate.estimate, digits)
    return f"{middle} ({interval(low, high, digits)}){unit}"


def _unit(curve: Curve | None) -> tuple[float, int, str]:
    """Return the factor, the decimals and the unit in which effects of a scale are printed."""
    if curve is None:
        return 1.0, 2, ""
    if curve.kind == "RD":
        return 100.0, 0, " percentage points"
    return 1.0, 2, f" points on {curve.title}"


def ballots_words(ballots: Sequence[Ballot], *, names: bool = True) -> str:
    """Return what studies reported without numbers.

    >>> ballots_words([Ballot("a", 0)], names=False)
    'no difference was reported; its size is unknown, and an important benefit is not excluded'
    """

    def of(vote: int) -> str:
        studies = [ballot.study_id for ballot in ballots if ballot.vote == vote]
        return f" ({listed(studies)})" if names and any(studies) else ""

    votes = {ballot.vote for ballot in ballots}
    if votes == {1}:
        return f"better was reported{of(1)}; its size is unknown"
    if 1 in votes:
        rest = [
            f"{words}{of(vote)}" for vote, words in ((0, "no difference"), (-1, "worse")) if vote in votes
        ]
        return f"reports disagree: better{of(1)}, {listed(rest)}; the size is unknown"
    if votes == {-1}:
        return f"worse was reported{of(-1)}; its size is unknown"
    if -1 in votes:
        return f"no difference{of(0)} or worse{of(-1)} was reported; {SIZE_UNKNOWN}"
    return f"no difference was reported{of(0)}; {SIZE_UNKNOWN}"


def duration_words(found: DurationVerdict, quoted: Sequence[str]) -> str:
    """Return what printed durations of relief say of a claimed one, labelled as change."""
    if found.months is None:
        return f"{_capital(WORDS[found.verdict])}: no printed duration of relief."
    middle = f"{number(found.months, 1)} months"
    of = f"printed {middle}" if len(quoted) == 1 else f"printed {middle} (geometric mean of {len(quoted)})"
    claimed = time_in_words(found.claimed)
    return (
        f"{_capital(WORDS[found.verdict])}: {REASONS[found.reason]} (claimed {claimed}, {of}; "
        f"{CHANGE_WORDS}). {'; '.join(quoted)}."
    )


def share_words(found: ShareVerdict, measure: str) -> str:
    """Return what shares of responders say of a claimed one, labelled as change, with the controls beside."""
    if not found.windows:
        return f"{_capital(WORDS[found.verdict])}: no share of responders is printed."
    claimed = f"{number(100 * found.claimed, 0)} %"
    parts = [_window_share(window) for window in found.windows]
    return (
        f"{_capital(WORDS[found.verdict])}: {REASONS[found.reason]} (claimed {claimed}; {measure}; "
        f"{CHANGE_WORDS}). {' '.join(parts)}"
    )


def _window_share(window: WindowShare) -> str:
    months = max(share.months for share in window.studies)
    low, high = number(100 * window.low, 0), number(100 * window.high, 0)
    size = f"{number(100 * window.share, 0)} % ({low} to {high})"
    studies = ", ".join(f"{share.study_id} {share.events:.0f} of {share.n}" for share in window.studies)
    return f"At {time_in_words(months)} {size} of treated patients ({studies}){_beside(window.studies)}."


def _beside(studies: Sequence[Share]) -> str:
    totals: dict[str, tuple[float, int]] = {}
    for share in studies:
        for name, events, n in share.beside:
            before = totals.get(name, (0.0, 0))
            totals[name] = before[0] + events, before[1] + n
    said = [f"{events:.0f} of {n} after {COMPARATORS[name]}" for name, (events, n) in totals.items()]
    return f", and {listed(said)}" if said else ", and no comparator arm"


def thresholds_words(found: Sequence[tuple[str, Word]]) -> str:
    """Return a sentence where thresholds give different verdicts, else an empty string.

    Parameters
    ----------
    found : sequence of (threshold in words, verdict)
        In ascending order.
    """
    if len({verdict for _, verdict in found}) < 2:
        return ""
    return f"Threshold-dependent: {', '.join(f'at {words} {WORDS[verdict]}' for words, verdict in found)}."


NUMBERS_WANTED: tuple[Reason, ...] = ("REPORTED_ONLY", "REPORTED_CONFLICT", "CONFLICT_WITH_REPORTED")
CHANGES: Mapping[Reason, str] = MappingProxyType(
    {
        "COMPARATOR_DEPENDENT": "a claim that names its comparator",
        "BELOW_MCID": "reasons for a smaller threshold, or a result that reaches it",
        "EVIDENCE_EXISTS": "nothing: the results are there",
        "NOT_MODELLED": "nothing in this evidence base",
        "TIME_DEPENDENT": "a claim that names its time",
    }
)


def would_change(found: Verdict, curve: Curve | None, delta: float | None) -> str:
    """Return what would change a verdict; for an untested claim the trial that could settle it.

    Parameters
    ----------
    found : Verdict
        Of the claim.
    curve : Curve or None
        The scale on which a trial would be judged.
    delta : float or None
        The threshold on it.

    Returns
    -------
    str
        A sentence.
    """
    if found.comparator == CHANGE:
        return (
            "What would change it: other figures of single groups; only a control group tells of an effect."
        )
    if found.kind == "no_evidence_at" and found.verdict == "supported":
        return "What would change it: a controlled result at the claimed time or later."
    if found.verdict == "untested":
        said = f"a comparison with {_wanted(found)}{_moment(found)}{_size(curve, delta)}"
    elif found.reason == "LOWER_BOUND_ONLY" and found.kind != "lasts_at_least":
        said = "a controlled result after the claimed time that can tell"
    elif found.reason in CHANGES:
        said = CHANGES[found.reason]
    elif found.reason in NUMBERS_WANTED:
        said = "the numbers behind the reported findings"
    elif found.reason == "UNTESTED_VS_SHAM":
        said = f"a comparison with {COMPARATORS['placebo']}{_size(curve, delta)}"
    elif found.verdict == "mixed":
        said = f"a further trial{_size(curve, delta)}"
    else:
        said = "results that move an interval named here across 0 or across the threshold"
    return f"What would change it: {said}."


def _moment(found: Verdict) -> str:
    if found.kind == "wanes":
        return " that gives numbers at three times or more"
    return "" if found.kind in UNTIMED_CLAIMS else " at the claimed time"


def _wanted(found: Verdict) -> str:
    return COMPARATORS["placebo" if found.comparator == "any" else found.comparator]


def _size(curve: Curve | None, delta: float | None) -> str:
    if curve is None or delta is None or curve.sd_rep is None:
        return ""
    n = size_to_exclude(sd=curve.sd_rep, delta=delta)
    spread = curve.in_words(curve.sd_rep)
    return (
        f"; about {n} patients per arm would exclude {curve.in_words(delta)} with 80 % power, if there is no "
        f"difference (SD {spread})"
    )
