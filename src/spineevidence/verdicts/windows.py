"""Benefit in one follow-up window: what its evidence says of a claim that there is one.

Everything else that can be claimed is put together from these steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from spineevidence.curves import Curve
from spineevidence.stepwise import State, benefit_state
from spineevidence.timing import WINDOWS
from spineevidence.verdicts.reasons import Reason, Word

Only = Literal["", "other_condition", "other_comparators", "uncontrolled"]

FOR: tuple[State, ...] = ("important_benefit", "benefit")
AGAINST: tuple[State, ...] = ("no_important_benefit", "harm")
SPOILT: tuple[State, ...] = ("inconclusive", "small_benefit", "no_important_benefit")
BEYOND = ""  # the label of a time after every window
PLACES: Mapping[str, int] = MappingProxyType(
    {window.label: place for place, window in enumerate(WINDOWS)} | {BEYOND: len(WINDOWS)}
)
ABSENT: Mapping[Only, Reason] = MappingProxyType(
    {
        "": "NO_DATA",
        "other_condition": "OTHER_CONDITION",
        "other_comparators": "OTHER_COMPARATOR",
        "uncontrolled": "UNCONTROLLED_ONLY",
    }
)
BY_STATE: Mapping[State, tuple[Word, Reason]] = MappingProxyType(
    {
        "important_benefit": ("supported", "IMPORTANT"),
        "benefit": ("supported", "BENEFIT_SIZE_UNCERTAIN"),
        "small_benefit": ("mixed", "BELOW_MCID"),
        "no_important_benefit": ("contradicted", "IMPORTANT_EXCLUDED"),
        "harm": ("contradicted", "HARM"),
        "inconclusive": ("untested", "IMPRECISE"),
    }
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with its 95 % interval, benefit-positive.

    Attributes
    ----------
    estimate, ci_low, ci_high : float
        On the scale of the threshold it is judged by.
    study_id : str
        Of one study; "" of several pooled.
    contaminated : str
        Why its controls were no longer controls, or "".
    lines : tuple of int
        Lines of outcomes.csv it was derived from.
    notes : tuple of str
        Caveats of its derivation, each with its keyword.
    """

    estimate: float
    ci_low: float
    ci_high: float
    study_id: str = ""
    contaminated: str = ""
    lines: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one study reported without numbers: 1 better, 0 no difference, -1 worse."""

    study_id: str
    vote: int
    contaminated: str = ""
    lines: tuple[int, ...] = ()

    @property
    def null_of_mixed_arms(self) -> bool:
        """Whether it found no difference after controls had received the procedure: no answer."""
        return self.vote == 0 and bool(self.contaminated)


@dataclass(frozen=True, slots=True)
class WindowEvidence:
    """All that one comparator class has in one follow-up window.

    Attributes
    ----------
    window : str
        Label of the window; "" for a time after all of them.
    months : float or None
        The time it stands for: its only visit, else the nominal time or, if that is earlier, the last visit;
        None without evidence.
    delta : float
        Smallest difference that matters, on the scale of the estimates.
    pooled : Estimate or None
        The studies with numbers as one estimate (of one study: its own).
    studies : tuple of Estimate
        Each of them.
    ballots : tuple of Ballot
        Findings of controlled studies that give no usable number here.
    only : {"", "other_condition", "other_comparators", "uncontrolled"}
        What there is instead; what stands in `pooled` is then no evidence.
    joint, fragile, randomised : bool
        Whether the estimate is of the joint model of several studies and times, whether its state depends on
        an assumption, and whether it is of randomised studies.
    curve : Curve or None
        The scale, for words.
    last : float or None
        Months of the last visit in the window, which may lie after its nominal time; None if that is
        `months`.
    """

    window: str
    months: float | None
    delta: float
    pooled: Estimate | None = None
    studies: tuple[Estimate, ...] = ()
    ballots: tuple[Ballot, ...] = ()
    only: Only = ""
    joint: bool = False
    fragile: bool = False
    randomised: bool = True
    curve: Curve | None = None
    last: float | None = None

    @property
    def horizon(self) -> float | None:
        """Months of the last visit in the window; None without evidence."""
        return self.months if self.last is None else self.last

    @property
    def tested(self) -> bool:
        """Whether it holds anything that can bear on an effect."""
        return not self.only and (self.pooled is not None or bool(self.ballots))

    @property
    def place(self) -> int:
        """Its place among the windows."""
        return PLACES[self.window]

    @property
    def state(self) -> State | None:
        """State of the pooled estimate; None without one."""
        return None if self.pooled is None or self.only else state_of(self.pooled, self.delta)

    @property
    def contaminated(self) -> bool:
        """Whether controls of a study with numbers had received the procedure."""
        return any(study.contaminated for study in self.studies)

    @property
    def contaminations(self) -> tuple[str, ...]:
        """Each study whose controls had received the procedure, and how many had."""
        sources: tuple[Estimate | Ballot, ...] = (*self.studies, *self.ballots)
        return tuple(f"{source.study_id}: {source.contaminated}" for source in sources if source.contaminated)


def state_of(estimate: Estimate, delta: float) -> State:
    """Return what an estimate says about benefit."""
    return benefit_state(ci_low=estimate.ci_low, ci_high=estimate.ci_high, delta=delta)


@dataclass(frozen=True, slots=True)
class Step:
    """What one window says of a claim that there is a benefit in it.

    Attributes
    ----------
    evidence : WindowEvidence
        What stands in the window.
    verdict, reason : str
        Of that claim; the reason names the row of the rule.
    """

    evidence: WindowEvidence
    verdict: Word
    reason: Reason


def benefit_in(evidence: WindowEvidence) -> Step:
    """Return what a window says of the claim that there is a benefit in it.

    Parameters
    ----------
    evidence : WindowEvidence
        Of one comparator class.

    Returns
    -------
    Step
        The rows of the rule are tried in this order: nothing usable; controls who had the procedure;
        studies against each other; numbers against reported findings; the state of the pooled estimate;
        reported findings alone.

    Examples
    --------
    >>> step = benefit_in(WindowEvidence("3mo", 3.0, delta=1.0, pooled=Estimate(0.5, 0.2, 0.8)))
    >>> step.verdict, step.reason
    ('mixed', 'BELOW_MCID')
    """
    return Step(evidence, *_judged(evidence))


def _judged(evidence: WindowEvidence) -> tuple[Word, Reason]:
    if not evidence.tested:
        return "untested", ABSENT[evidence.only]
    state = evidence.state
    if state is None:
        return _by_ballots(evidence.ballots)
    if state in SPOILT and evidence.contaminated:
        return "untested", "CONTAMINATED"
    if _studies_disagree(evidence):
        return "mixed", "STUDY_CONFLICT"
    if _reports_disagree(evidence, state):
        return "mixed", "CONFLICT_WITH_REPORTED"
    return BY_STATE[state]


def _studies_disagree(evidence: WindowEvidence) -> bool:
    """Whether one study is decisive for a benefit and another against it."""
    found = set()
    for study in evidence.studies:
        state = state_of(study, evidence.delta)
        if not (study.contaminated and state in SPOILT):
            found.add(state)
    return not found.isdisjoint(FOR) and not found.isdisjoint(AGAINST)


def _reports_disagree(evidence: WindowEvidence, state: State) -> bool:
    votes = {ballot.vote for ballot in evidence.ballots if not ballot.null_of_mixed_arms}
    return (state in FOR and bool(votes & {0, -1})) or (state in AGAINST and 1 in votes)


def _by_ballots(ballots: tuple[Ballot, ...]) -> tuple[Word, Reason]:
    votes = [ballot.vote for ballot in ballots if not ballot.null_of_mixed_arms]
    if not votes:
        return "untested", "CONTAMINATED"
    better = sum(vote == 1 for vote in votes)
    if better == len(votes):
        return "supported", "REPORTED_ONLY"
    return ("mixed", "REPORTED_CONFLICT") if better else ("contradicted", "REPORTED_ONLY")
