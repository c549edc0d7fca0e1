"""The sentences that say how long a benefit lasts: made from results, never beyond their last follow-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from spineevidence.curves import Curve
from spineevidence.findings import ReportedFindings, WindowVotes
from spineevidence.formatting import count_of, listed, time_in_words
from spineevidence.lineage import Effect
from spineevidence.stepwise import CHANGE_STATES, StepwiseDuration

COMPARATORS: Mapping[str, str] = MappingProxyType(
    {
        "placebo": "sham or placebo",
        "active_placebo": "active placebo",
        "usual_care": "usual care",
        "active": "another active treatment",
        "change": "no comparator (uncontrolled change)",
    }
)
REPORTED_STATES: Mapping[str, str] = MappingProxyType(
    {
        "reported_benefit": "reported better",
        "reported_none": "reported no difference or worse",
        "reported_conflict": "reports disagree",
    }
)
REPORTED_CHANGE_STATES: Mapping[str, str] = MappingProxyType(
    {
        "reported_benefit": "reported improved",
        "reported_none": "reported unchanged or worse",
        "reported_conflict": "reports disagree",
    }
)
REPORTED_ONLY = "Reported findings only; size and precision unknown."
UNCONTROLLED = "Change without a control group; it holds natural course and placebo response."


def state_in_words(state: str, *, change: bool) -> str:
    """Return the state of a visit in words; of a change never as a benefit.

    >>> state_in_words("small_benefit", change=False), state_in_words("benefit", change=True)
    ('small benefit', 'better than before')
    """
    if change:
        return REPORTED_CHANGE_STATES.get(state) or CHANGE_STATES[state]
    return REPORTED_STATES.get(state) or state.replace("_", " ")


def code_in_words(code: str, *, change: bool) -> str:
    """Return the code of a duration in words; of a change never as a benefit.

    >>> code_in_words("small_benefit", change=True), code_in_words("none_from_first", change=False)
    ('small change', 'none from first')
    """
    words = code.replace("_", " ")
    return words.replace("benefit", "change") if change else words


def stepwise_sentence(
    step: StepwiseDuration, curve: Curve, comparator: str, *, followed_on: bool = False
) -> str:
    """Return what one study's visits say about the duration, as one sentence.

    Parameters
    ----------
    step : StepwiseDuration
        The two runs over the visits.
    curve : Curve
        For the unit of the threshold.
    comparator : str
        A comparator class, "change", or the name of a control.
    followed_on : bool
        Whether the study reports a later visit without numbers.

    Returns
    -------
    str
        The headline of the code, then every visit it does not cover, then the last follow-up.
    """
    words = (
        _ChangeWords() if comparator == "change" else _ContrastWords(COMPARATORS.get(comparator, comparator))
    )
    last = "last visit with numbers" if followed_on else "last follow-up"
    delta = curve.in_words(step.delta)
    parts = [words.headline(step, delta, last)]
    if step.important_shown_until is not None:
        parts.append(f"at least {delta} through {time_in_words(step.important_shown_until)}")
    parts += _other_visits(step, words)
    if step.code != "right_censored_at_horizon":
        parts.append(f"{last} {time_in_words(step.horizon)}")
    return "; ".join(parts) + "."


class _ContrastWords:
    """Words for a difference between arms."""

    def __init__(self, comparator: str) -> None:
        self.over = f"over {comparator}"
        self.worse = f"worse than {comparator}"
        self.shown = "an interval above 0, outside the run,"

    def excluded(self, delta: str = "") -> str:
        return f"an important benefit{f' ({delta})' if delta else ''} excluded"

    def headline(self, step: StepwiseDuration, delta: str, last: str) -> str:
        return _headline(
            step,
            last,
            shown=f"Benefit {self.over} shown",
            never=f"No benefit {self.over} shown",
            excluded=self.excluded(delta),
            small="but smaller than an important one",
            unknown=f"Cannot tell whether there is a benefit {self.over}",
        )


class _ChangeWords:
    """Words for a change within one group: never effect, benefit or relief."""

    worse = "worse than before"
    shown = "an interval above 0, outside the run,"

    def excluded(self, delta: str = "") -> str:
        return f"an important improvement{f' ({delta})' if delta else ''} excluded"

    def headline(self, step: StepwiseDuration, delta: str, last: str) -> str:
        return _headline(
            step,
            last,
            shown="Patients were better than before",
            never="Patients were not shown to be better than before",
            excluded=self.excluded(delta),
            small="but by less than an important improvement",
            unknown="Cannot tell whether patients were better than before",
        )


def _headline(
    step: StepwiseDuration, last: str, *, shown: str, never: str, excluded: str, small: str, unknown: str
) -> str:
    until = time_in_words(step.shown_until) if step.shown_until is not None else ""
    since = time_in_words(step.important_excluded_from) if step.important_excluded_from is not None else ""
    delayed = listed([time_in_words(month) for month in step.shown_at_adjusted])
    unclear = [
        time_in_words(month)
        for month, state in zip(step.months, step.states, strict=True)
        if state == "inconclusive"
    ]
    one = len(step.months) == 1
    since_then = f"; {excluded} from {since}" if since else ""
    early = any(month < step.anchor and low <= 0 for month, low in zip(step.months, step.ci_low, strict=True))
    whole = f"at every visit{f' from {time_in_words(step.anchor)}' if early else ''} through {until}"
    texts = {
        "interval": f"{shown} through {until}; {excluded} from {since}",
        "small_benefit": f"{shown} through {until}, {small}: {excluded} from {since}",
        "right_censored_at_horizon": (
            f"{shown} at the only visit{' with numbers' if 'numbers' in last else ''}, {until}"
            if one
            else f"{shown} {whole}, the {last}"
        ),
        "unresolved_after": f"{shown} through {until}",
        "delayed_or_intermittent": (
            f"{never} at {time_in_words(step.anchor)}, but at {delayed} (level adjusted for "
            f"{count_of(len(step.months), 'visit')}){since_then}"
        ),
        "none_from_first": f"{never}; {excluded} {f'at {since}' if one else f'from {since} on'}",
        "excluded_late_only": f"{never}; {excluded} from {since} on",
        "indeterminate": f"{unknown}{f' (inconclusive at {listed(unclear)})' if unclear else ''}",
    }
    return texts[step.code]


def _other_visits(step: StepwiseDuration, words: _ContrastWords | _ChangeWords) -> Iterator[str]:
    """Name every visit that the headline does not speak of."""
    groups: dict[str, list[str]] = {}
    for month, state in zip(step.months, step.states, strict=True):
        if state == "inconclusive" and step.code == "indeterminate":
            continue
        if state == "harm":
            groups.setdefault(words.worse, []).append(time_in_words(month))
        elif not _told(step, month):
            groups.setdefault(_visit_words(step, month, state, words), []).append(time_in_words(month))
    for text, times in groups.items():
        yield f"{text} at {listed(times)}"


def _told(step: StepwiseDuration, month: float) -> bool:
    forward = step.shown_until is not None and step.anchor <= month <= step.shown_until
    since = step.important_excluded_from
    backward = since is not None and month >= since and month not in step.left_out
    return forward or backward or month in step.shown_at_adjusted


def _visit_words(
    step: StepwiseDuration, month: float, state: str, words: _ContrastWords | _ChangeWords
) -> str:
    if state == "no_important_benefit":
        return words.excluded()
    if state == "inconclusive":
        return "cannot tell (too imprecise)" if month in step.left_out else "cannot tell"
    return words.shown


def participants(effects: Sequence[Effect], comparator: str) -> str:
    """Return the numbers analysed per arm at each visit.

    Parameters
    ----------
    effects : sequence of Effect
        Of one study, in order of time.
    comparator : str
        A comparator class, or "change".

    Returns
    -------
    str
        Such as ``"n 36/18 at 6 months and 24 months"``.
    """
    groups: dict[str, list[str]] = {}
    for effect in effects:
        size = "?" if effect.n_arm is None else str(effect.n_arm)
        if comparator != "change":
            size += "/" + ("?" if effect.n_versus is None else str(effect.n_versus))
        groups.setdefault(size, []).append(time_in_words(effect.months))
    return "n " + ", ".join(f"{size} at {listed(times)}" for size, times in groups.items())


def reported_sentence(found: ReportedFindings, *, change: bool, times: Mapping[str, float]) -> str:
    """Return what studies reported, by window, in one or two sentences.

    Parameters
    ----------
    found : ReportedFindings
        Votes by window.
    change : bool
        Whether the findings are of single groups.
    times : mapping of str to float
        Months that stand for each window with a vote; see `spineevidence.duration.vote_times`.

    Returns
    -------
    str
        Empty if there is no vote.
    """
    if not found.windows:
        return ""
    better, same = ("improved", "unchanged or worse") if change else ("better", "no difference")
    by_label = {votes.window: votes for votes in found.windows}
    parts = []
    if found.reported_until is not None:
        votes = by_label[found.reported_until]
        parts.append(f"{better} up to {time_in_words(times[votes.window])} ({_of(votes.benefit, votes)})")
    if found.reported_no_benefit_from is not None:
        votes = by_label[found.reported_no_benefit_from]
        against = votes.no_difference + votes.against
        since = time_in_words(times[votes.window])
        parts.append(f"{_against(votes, same)} from {since} ({_of(against, votes)})")
    parts += _exceptions(found, better, same, times)
    rest = UNCONTROLLED if change else REPORTED_ONLY
    return f"Reported: {'; '.join(parts)}. {rest}"


def _against(votes: WindowVotes, same: str) -> str:
    return f"{same} or worse" if votes.against and "worse" not in same else same


def _of(count: int, votes: WindowVotes) -> str:
    if count == votes.n_studies:
        return count_of(count, "study", "studies")
    return f"{count} of {count_of(votes.n_studies, 'study', 'studies')}"


def _exceptions(found: ReportedFindings, better: str, same: str, times: Mapping[str, float]) -> Iterator[str]:
    """Name windows that differ from the run they lie in."""
    order = [votes.window for votes in found.windows]
    last = order.index(found.reported_until) if found.reported_until is not None else -1
    for position, votes in enumerate(found.windows):
        at = time_in_words(times[votes.window])
        if votes.label == "conflicting":
            counts = [(votes.benefit, better), (votes.no_difference, same), (votes.against, "worse")]
            said = ", ".join(f"{count} {word}" for count, word in counts if count)
            yield f"studies disagree at {at} ({said})"
        elif votes.label == "no_benefit" and position < last:
            yield f"but {_against(votes, same)} at {at} ({_of(votes.no_difference + votes.against, votes)})"
