"""What each kind of claim asks of the windows, and how comparator classes are put together.

A window is tested if it has any usable evidence for the comparator, also if that cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from spineevidence.curves import Curve
from spineevidence.errors import InputError
from spineevidence.models import COMPARATOR_CLASSES, ClaimKind
from spineevidence.timing import unknown_word
from spineevidence.verdicts.reasons import Reason, Word
from spineevidence.verdicts.windows import BEYOND, PLACES, Step, WindowEvidence, benefit_in

ANY = "any"
DECIDING: tuple[str, ...] = ("placebo", "active_placebo", "usual_care")  # classes that decide a benefit
NOTHING: tuple[Reason, ...] = ("OTHER_CONDITION", "OTHER_COMPARATOR", "UNCONTROLLED_ONLY", "NO_DATA")
ENOUGH_WINDOWS = 2  # that exclude an important benefit, before none is claimed at any time
OPPOSITE: Mapping[Word, Word] = MappingProxyType(
    {
        "supported": "contradicted",
        "contradicted": "supported",
        "mixed": "mixed",
        "untested": "untested",
        "not_checkable": "not_checkable",
    }
)
Ruling = tuple[Word, Reason, tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a claim says of an effect.

    Attributes
    ----------
    kind : str
        Kind of claim.
    window : str
        Label of the window of its time; "" without one, or for a time after every window.
    window_high : str
        The same of the end of a range.
    """

    kind: ClaimKind
    window: str = BEYOND
    window_high: str = BEYOND


@dataclass(frozen=True, slots=True)
class LineEvidence:
    """All that one comparator class has.

    Attributes
    ----------
    comparator : str
        The class.
    windows : tuple of WindowEvidence
        Those with evidence, or with a mark of what there is instead, in order of time.
    controlled : tuple of str
        Labels of windows with any controlled result, usable or not, beside those tested.
    decline : tuple of (low, high), or None
        Interval of the change of the effect per doubling of time within studies.
    decline_curve : Curve or None
        The scale of that interval, for words.
    followed : bool
        Whether one study has numbers in two windows.
    """

    comparator: str
    windows: tuple[WindowEvidence, ...] = ()
    controlled: tuple[str, ...] = ()
    decline: tuple[float, float] | None = None
    decline_curve: Curve | None = None
    followed: bool = False

    @property
    def tested(self) -> tuple[WindowEvidence, ...]:
        """The windows with usable evidence."""
        return tuple(window for window in self.windows if window.tested)

    @property
    def horizon(self) -> float | None:
        """Months of the last usable result."""
        return max((w.horizon for w in self.tested if w.horizon is not None), default=None)

    def at(self, label: str) -> WindowEvidence:
        """Return one window, empty if nothing stands in it."""
        for window in self.windows:
            if window.window == label:
                return window
        return WindowEvidence(label, None, delta=1.0)

    def steps(self, *, after: int = -1, through: int = len(PLACES)) -> tuple[Step, ...]:
        """Return what each tested window says, those behind one place and up to another."""
        return tuple(benefit_in(window) for window in self.tested if after < window.place <= through)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What evidence says of a claim, with the steps it rests on.

    Attributes
    ----------
    kind : str
        Kind of the claim.
    comparator : str
        The class it is of, or "any".
    verdict, reason : str
        The answer and its code.
    steps : tuple of Step
        The windows that decided, each with what it says of a benefit in it.
    lines : tuple of Verdict
        Of a verdict over several comparator classes: that of each.
    """

    kind: ClaimKind
    comparator: str
    verdict: Word
    reason: Reason
    steps: tuple[Step, ...] = ()
    lines: tuple[Verdict, ...] = ()


def judge_line(assertion: Assertion, line: LineEvidence) -> Verdict:
    """Return what one comparator class says of a claim.

    Parameters
    ----------
    assertion : Assertion
        Kind and windows; any kind but those about patients' own experience.
    line : LineEvidence
        Of one class.

    Returns
    -------
    Verdict
        A claim of a time after the last result is never contradicted.

    Raises
    ------
    InputError
        If there is no rule for the kind.

    Examples
    --------
    >>> from spineevidence.verdicts.windows import Estimate
    >>> shown = WindowEvidence("6mo", 6.0, delta=1.0, pooled=Estimate(1.3, 0.5, 2.1))
    >>> found = judge_line(Assertion("lasts_until", "6mo"), LineEvidence("placebo", (shown,)))
    >>> found.verdict, found.reason
    ('supported', 'LOWER_BOUND_ONLY')
    """
    if assertion.kind not in RULES:
        raise InputError(unknown_word("kind of claim with a rule", assertion.kind, tuple(RULES)))
    verdict, reason, steps = RULES[assertion.kind](assertion, line)
    return Verdict(assertion.kind, line.comparator, verdict, reason, steps)


def _alone(step: Step) -> Ruling:
    return step.verdict, step.reason, (step,)


def _benefit_at(assertion: Assertion, line: LineEvidence) -> Ruling:
    return _alone(benefit_in(line.at(assertion.window)))


def _no_benefit_at(assertion: Assertion, line: LineEvidence) -> Ruling:
    verdict, reason, steps = _benefit_at(assertion, line)
    return OPPOSITE[verdict], reason, steps


def _small_benefit_at(assertion: Assertion, line: LineEvidence) -> Ruling:
    step = benefit_in(line.at(assertion.window))
    if step.reason in ("IMPORTANT", "IMPORTANT_EXCLUDED", "HARM"):
        return "contradicted", step.reason, (step,)
    if step.reason == "BELOW_MCID":
        return "supported", step.reason, (step,)
    if step.reason == "BENEFIT_SIZE_UNCERTAIN":
        return "untested", "IMPRECISE", (step,)
    if step.reason in ("REPORTED_ONLY", "REPORTED_CONFLICT"):
        return "untested", step.reason, (step,)  # a direction without a size is neither small nor large
    return _alone(step)


def _shown_until(assertion: Assertion, line: LineEvidence) -> Ruling | None:
    """Return why a benefit is not shown through a window, or None if it is."""
    own = benefit_in(line.at(assertion.window))
    if own.verdict in ("untested", "contradicted"):
        return _alone(own)
    steps = line.steps(through=own.evidence.place)
    if any(step.verdict in ("mixed", "contradicted") for step in steps):
        return "mixed", "EARLIER_OR_AT_TIME_MIXED", steps
    return None


def _lasts_at_least(assertion: Assertion, line: LineEvidence) -> Ruling:
    steps = line.steps(through=PLACES[assertion.window])
    return _shown_until(assertion, line) or ("supported", "LOWER_BOUND_ONLY", steps)


def _lasts_until(assertion: Assertion, line: LineEvidence) -> Ruling:
    return _lasts_between(replace(assertion, window_high=assertion.window), line)


AFTERWARDS: Mapping[Word, tuple[Word, Reason]] = MappingProxyType(
    {
        "supported": ("contradicted", "LASTS_LONGER"),
        "contradicted": ("supported", "LOSS_SHOWN"),
        "mixed": ("mixed", "AFTER_MIXED"),
        "untested": ("supported", "LOWER_BOUND_ONLY"),
    }
)


def _lasts_between(assertion: Assertion, line: LineEvidence) -> Ruling:
    wrong = _shown_until(assertion, line)
    if wrong is not None:
        return wrong
    before = line.steps(through=PLACES[assertion.window])
    later = line.steps(after=PLACES[assertion.window_high])[:1]
    verdict, reason = AFTERWARDS[later[0].verdict if later else "untested"]
    return verdict, reason, (*before, *later)


def _gone_by(assertion: Assertion, line: LineEvidence) -> Ruling:
    own = benefit_in(line.at(assertion.window))
    if own.verdict == "supported":
        return "contradicted", "STILL_PRESENT", (own,)
    earlier = line.steps(through=own.evidence.place - 1)
    steps = (*earlier, own)
    found = {step.verdict for step in earlier}
    if "supported" not in found:
        if "mixed" in found and not own.evidence.tested:
            return own.verdict, own.reason, steps
        if "mixed" in found:
            return "mixed", "EARLY_MIXED", steps
        return "untested", "NO_EARLY_BENEFIT_SHOWN", steps
    verdict: Word = "supported" if own.verdict == "contradicted" else own.verdict
    return verdict, own.reason, steps


def _onset_by(assertion: Assertion, line: LineEvidence) -> Ruling:
    steps = line.steps(through=PLACES[assertion.window])
    shown = [step for step in steps if step.verdict == "supported"]
    if shown:
        return _alone(shown[0])
    mixed = [step for step in steps if step.verdict == "mixed"]
    if mixed:
        return "mixed", mixed[0].reason, steps
    if not steps:
        return "untested", "NO_EARLY_VISIT", ()
    excluded = [step for step in steps if step.verdict == "contradicted"]
    if not excluded:
        return "untested", steps[-1].reason, steps
    reached = any(window.place >= PLACES[assertion.window] for window in line.tested)
    if len(excluded) < len(steps) or not reached:
        return "untested", "PARTLY_IMPRECISE", steps
    return "contradicted", excluded[-1].reason, steps


def _none_at_any_time(_: Assertion, line: LineEvidence) -> Ruling:
    steps = line.steps()
    for word, verdict, reason in SOMETIMES:
        found = tuple(step for step in steps if step.verdict == word)
        if found:
            return verdict, reason, found
    excluded = [step for step in steps if step.verdict == "contradicted"]
    if excluded:
        all_of_them = len(excluded) == len(steps) >= ENOUGH_WINDOWS
        if all_of_them:
            return "supported", "EXCLUDED_AT_ALL_TESTED", steps
        return "untested", "PARTLY_IMPRECISE", steps
    if steps:
        reasons: set[Reason] = {step.reason for step in steps}
        return "untested", reasons.pop() if len(reasons) == 1 else "IMPRECISE", steps
    return "untested", _first_of(NOTHING, [benefit_in(window).reason for window in line.windows]), ()


SOMETIMES: tuple[tuple[Word, Word, Reason], ...] = (
    ("supported", "contradicted", "BENEFIT_AT_SOME_TIME"),
    ("mixed", "mixed", "SOME_TIME_MIXED"),
)


def _first_of(order: Sequence[Reason], found: Iterable[Reason]) -> Reason:
    there = set(found)
    return next((reason for reason in order if reason in there), "NO_DATA")


def _no_evidence_at(assertion: Assertion, line: LineEvidence) -> Ruling:
    start = PLACES[assertion.window]
    steps = line.steps(after=start - 1)
    if steps or any(PLACES[label] >= start for label in line.controlled):
        return "contradicted", "EVIDENCE_EXISTS", steps
    return "supported", "NO_DATA", ()


def _wanes(_: Assertion, line: LineEvidence) -> Ruling:
    steps = tuple(step for step in line.steps() if step.evidence.pooled is not None)
    if line.decline is None:
        return "untested", "IMPRECISE" if line.followed else "NO_DATA", steps
    low, high = line.decline
    if high < 0 and any(step.evidence.contaminated for step in steps):
        return "untested", "CONTAMINATED", steps
    if high < 0:
        return "supported", "DECLINE_SHOWN", steps
    return ("contradicted", "NO_DECLINE", steps) if low >= 0 else ("untested", "IMPRECISE", steps)


RULES: Mapping[ClaimKind, Callable[[Assertion, LineEvidence], Ruling]] = MappingProxyType(
    {
        "benefit_at": _benefit_at,
        "small_benefit_at": _small_benefit_at,
        "no_benefit_at": _no_benefit_at,
        "lasts_until": _lasts_until,
        "lasts_at_least": _lasts_at_least,
        "lasts_between": _lasts_between,
        "onset_by": _onset_by,
        "gone_by": _gone_by,
        "wanes": _wanes,
        "none_at_any_time": _none_at_any_time,
        "no_evidence_at": _no_evidence_at,
    }
)


def judge_lines(assertion: Assertion, lines: Sequence[LineEvidence], *, comparator: str = ANY) -> Verdict:
    """Return what all comparator classes say of a claim, and each of them.

    Parameters
    ----------
    assertion : Assertion
        Kind and windows.
    lines : sequence of LineEvidence
        One for each class; a class that is missing has nothing.
    comparator : str
        The class that the claim names, or "any".

    Returns
    -------
    Verdict
        With the verdict of every class given in `lines`. With "any", classes without an answer are set aside;
        the others must agree; another active treatment never decides.

    Examples
    --------
    >>> from spineevidence.verdicts.windows import Estimate
    >>> def line(name, *limits):
    ...     return LineEvidence(name, (WindowEvidence("3mo", 3.0, delta=1.0, pooled=Estimate(*limits)),))
    >>> found = judge_lines(
    ...     Assertion("benefit_at", "3mo"),
    ...     [line("placebo", 0.5, -0.8, 1.8), line("usual_care", 2.0, 1.2, 2.8)])
    >>> found.verdict, found.reason
    ('supported', 'UNTESTED_VS_SHAM')
    """
    if comparator not in (ANY, *COMPARATOR_CLASSES):
        raise InputError(unknown_word("comparator class", comparator, (ANY, *COMPARATOR_CLASSES)))
    given = {line.comparator: line for line in lines}
    found = {name: judge_line(assertion, given[name]) for name in COMPARATOR_CLASSES if name in given}
    if comparator != ANY:
        own = found.get(comparator) or judge_line(assertion, LineEvidence(comparator))
        return replace(own, lines=tuple(found.values()))
    verdict, reason = _over_classes(assertion, found)
    return Verdict(assertion.kind, ANY, verdict, reason, (), tuple(found.values()))


def _over_classes(assertion: Assertion, found: Mapping[str, Verdict]) -> tuple[Word, Reason]:
    deciding = [found[name] for name in DECIDING if name in found]
    if assertion.kind == "no_evidence_at":
        exists = any(verdict.verdict == "contradicted" for verdict in deciding)
        return ("contradicted", "EVIDENCE_EXISTS") if exists else ("supported", "NO_DATA")
    tested = [verdict for verdict in deciding if verdict.verdict != "untested"]
    if not tested:
        return "untested", _why_untested(deciding, found.get("active"))
    if len({verdict.verdict for verdict in tested}) > 1:
        return "mixed", "COMPARATOR_DEPENDENT"
    if tested[0].comparator != "placebo":
        return tested[0].verdict, "UNTESTED_VS_SHAM"
    return tested[0].verdict, tested[0].reason


def _why_untested(deciding: Sequence[Verdict], active: Verdict | None) -> Reason:
    there = [verdict.reason for verdict in deciding if verdict.reason not in (*NOTHING, "NO_EARLY_VISIT")]
    if there:
        return there[0]
    if active is not None and active.reason not in (*NOTHING, "NO_EARLY_VISIT"):
        return "ACTIVE_ONLY"
    reasons = [verdict.reason for verdict in deciding]
    return reasons[0] if len(set(reasons)) == 1 else _first_of(NOTHING, reasons)
