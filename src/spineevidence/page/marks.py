"""What is known of a line of evidence in each follow-up window, as marks: a state, studies, and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from spineevidence.formatting import count_of
from spineevidence.lanes import VOTE_STATES
from spineevidence.lines import CurveDurations, count_votes, in_conflict, without_numbers
from spineevidence.results import CHANGE
from spineevidence.stepwise import CHANGE_STATES, STATES
from spineevidence.summary import LineSummary
from spineevidence.together import Together
from spineevidence.wording import state_in_words


@dataclass(frozen=True, slots=True)
class Mark:
    """One statement about a line in one window.

    Attributes
    ----------
    window : str
        Label of the follow-up window.
    state : str
        State of the interval, or "reported_benefit", "reported_none", "reported_conflict".
    k : int
        Studies it rests on.
    change : bool
        Whether it is of changes within groups, no effect.
    conflict : bool
        Whether one of its studies is decisive for a benefit and another against it.
    fragile : bool
        Whether another assumption of the model gives another state.
    words : str
        The same in words.
    """

    window: str
    state: str
    k: int
    change: bool
    conflict: bool
    fragile: bool
    words: str

    @property
    def reported(self) -> bool:
        """Whether it rests on findings without numbers."""
        return self.state in VOTE_STATES.values()


def full_words(state: str, *, change: bool) -> str:
    """Return a state in words that stand alone.

    >>> full_words("benefit", change=False), full_words("reported_none", change=True)
    ('benefit shown, size uncertain', 'reported unchanged or worse')
    """
    words = CHANGE_STATES if change else STATES
    return words.get(state) or state_in_words(state, change=change)


def states_together(together: Together) -> dict[str, tuple[str, int]]:
    """Return the state of the studies together in each window, and how many they are.

    Parameters
    ----------
    together : Together
        Several studies of a line.
    """
    windows = together.course.windows if together.course is not None else ()
    named = [(window.window, window.k) for window in windows]
    if together.window is not None:
        named += [(window.window, window.k) for window in together.window.windows]
    return {label: (state, k) for (label, k), state in zip(named, together.steps.states, strict=True)}


def marks_of(line: LineSummary) -> tuple[Mark, ...]:
    """Return every mark of a line: numbers scale by scale, then findings without numbers.

    Studies together speak where there is a joint estimate; otherwise those of one state are one mark.
    """
    return (*(mark for curve in line.curves for mark in _of_curve(curve)), *_of_findings(line))


def _of_curve(curve: CurveDurations) -> Iterator[Mark]:
    change = curve.asked.comparator == CHANGE
    joint = states_together(curve.together) if curve.together is not None else {}
    found = curve.states()
    for label in dict.fromkeys(window for window, _, _ in found):
        states = [state for window, _, state in found if window == label]
        conflict = in_conflict(states) and not change
        marks = [joint[label]] if label in joint else list(Counter(states).items())
        for state, k in marks:
            said = [
                full_words(state, change=change),
                count_of(k, "study", "studies"),
                curve.asked.curve.title,
            ]
            fragile = label in joint and curve.together is not None and label in curve.together.fragile
            said += ["studies contradict each other"] if conflict else []
            said += ["fragile"] if fragile else []
            yield Mark(label, state, k, change, conflict, fragile, ", ".join(said))


def _of_findings(line: LineSummary) -> Iterator[Mark]:
    change = line.comparator == CHANGE
    rest = count_votes(without_numbers(line.curves, line.votes))
    for votes in rest.windows if rest is not None else ():
        state = VOTE_STATES[votes.label]
        said = f"{full_words(state, change=change)}, {count_of(votes.n_studies, 'study', 'studies')}"
        yield Mark(votes.window, state, votes.n_studies, change, False, False, f"{said}, without numbers")
