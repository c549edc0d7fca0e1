"""How long benefit was reported, where reports give a direction but no numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL, notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, html_table, interval, number
from spineevidence.formulas.counts import wilson_interval
from spineevidence.timing import WINDOWS, unknown_word, window_labels

Vote = Literal[-1, 0, 1]
VoteLabel = Literal["benefit", "no_benefit", "conflicting"]

VOTES: Mapping[str, Vote] = MappingProxyType(
    {
        "favours_arm": 1,
        "improved": 1,
        "no_difference": 0,
        "unchanged": 0,
        "favours_versus": -1,
        "worsened": -1,
    }
)


@dataclass(frozen=True, slots=True)
class WindowVotes:
    """What the studies of one follow-up window reported, one vote each.

    Attributes
    ----------
    window : str
        Label of the window, such as "6mo".
    n_studies : int
        Studies that voted.
    benefit, no_difference, against : int
        Votes for a benefit, for no difference, and against.
    label : {"benefit", "no_benefit", "conflicting"}
        Benefit if its votes outnumber the others together, no benefit if they are fewer, else conflicting.
    share, share_low, share_high : float
        Share of the votes for benefit, with its Wilson interval.
    votes : tuple of (str, int)
        Study and vote (1, 0 or -1), by study.
    """

    window: str
    n_studies: int
    benefit: int
    no_difference: int
    against: int
    label: VoteLabel
    share: float
    share_low: float
    share_high: float
    votes: tuple[tuple[str, Vote], ...]


@dataclass(frozen=True, slots=True, repr=False)
class ReportedFindings:
    """Votes by follow-up window, and until when a majority reported benefit.

    Attributes
    ----------
    windows : tuple of WindowVotes
        The windows with a vote, in order of time.
    reported_until : str or None
        Label of the last window in which most studies reported benefit.
    reported_no_benefit_from : str or None
        Label of the first later window in which most did not.
    level : float
        Coverage of the intervals of the shares.
    notes : tuple of str
        Caveats.
    """

    windows: tuple[WindowVotes, ...]
    reported_until: str | None
    reported_no_benefit_from: str | None
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<ReportedFindings: benefit reported until {self.reported_until or 'not at all'}, "
            f"no benefit from {self.reported_no_benefit_from or 'not reported'}, "
            f"{count_of(len(self.windows), 'window')}>"
        )

    def _repr_html_(self) -> str:
        caption = (
            f"Reported findings. Benefit reported until: {self.reported_until or 'not at all'}; "
            f"no benefit from: {self.reported_no_benefit_from or 'not reported'}."
        )
        head = ("Window", "Studies", "Benefit", "No difference", "Against", "Share with benefit")
        rows = [
            (
                found.window,
                str(found.n_studies),
                str(found.benefit),
                str(found.no_difference),
                str(found.against),
                f"{number(found.share, 2)} ({interval(found.share_low, found.share_high, 2)})",
            )
            for found in self.windows
        ]
        return notes_below(html_table(caption, head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the windows, unrounded.

        Returns
        -------
        DataFrame
            A row per window with a vote: ``window``, ``n_studies``, ``benefit``, ``no_difference``,
            ``against``, ``label``, ``share``, ``share_low``, ``share_high``.
        """
        columns = (
            "window",
            "n_studies",
            "benefit",
            "no_difference",
            "against",
            "label",
            "share",
            "share_low",
            "share_high",
        )
        return pd.DataFrame({name: [getattr(found, name) for found in self.windows] for name in columns})


def reported_findings(
    *, study: Sequence[str], months: npt.ArrayLike, finding: Sequence[str], level: float = LEVEL
) -> ReportedFindings:
    """Return what studies reported in each follow-up window, one vote per study and window.

    Several findings of one study in one window make one vote: the direction that outnumbers the others
    together, else no difference. Findings of contrasts and of single groups belong in separate calls.

    Parameters
    ----------
    study : sequence of str, length n
        Study of each finding.
    months : array_like, shape (n,)
        Time of each finding, in months; above 0 and up to 180.
    finding : sequence of str, length n
        "favours_arm", "no_difference" or "favours_versus" of a contrast; "improved", "unchanged" or
        "worsened" of one group.
    level : float, optional
        Coverage of the Wilson intervals.

    Returns
    -------
    ReportedFindings
        Votes, labels and shares by window. No p-value: significance is no vote, and size stays unknown.

    Raises
    ------
    InputError
        If lengths differ, a finding is not one of the six, or a time lies outside every window.

    References
    ----------
    .. [1] Hilton Boon M, Thomson H (2021), on effect direction and significance.
       https://doi.org/10.1002/jrsm.1458

    Examples
    --------
    >>> found = reported_findings(study=["a", "a", "b"], months=[6, 12, 6],
    ...                           finding=["favours_arm", "no_difference", "favours_arm"])
    >>> found.reported_until, found.reported_no_benefit_from
    ('6mo', '12mo')
    """
    labels = _labels(study, months, finding)
    ballots: dict[tuple[str, str], list[Vote]] = {}
    for name, label, word in zip(study, labels, finding, strict=True):
        if word not in VOTES:
            raise InputError(unknown_word("finding", word, tuple(VOTES)))
        ballots.setdefault((label, name), []).append(VOTES[word])
    windows = []
    for window in WINDOWS:
        votes = tuple(
            (name, _vote(cast)) for (label, name), cast in sorted(ballots.items()) if label == window.label
        )
        if votes:
            windows.append(_count(window.label, votes, level))
    until, no_benefit_from = _bounds(windows)
    return ReportedFindings(
        windows=tuple(windows),
        reported_until=until,
        reported_no_benefit_from=no_benefit_from,
        level=level,
        notes=("Reported findings only; size and precision unknown.",),
    )


def _labels(study: Sequence[str], months: npt.ArrayLike, finding: Sequence[str]) -> list[str]:
    try:
        times = np.atleast_1d(np.asarray(months, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"months must be a list of numbers, not {months!r}") from error
    if not len(study) == times.size == len(finding):
        raise InputError(
            f"study, months and finding must be equally long; found {len(study)}, {times.size} and "
            f"{len(finding)}; give one of each per finding"
        )
    labels: list[str] = window_labels(times).tolist()
    outside = [i for i, label in enumerate(labels) if not label]
    if outside:
        listed = ", ".join(f"{study[i]} at {times[i]:g} months" for i in outside[:5])
        raise InputError(
            f"a finding needs a time above 0 and up to {WINDOWS[-1].high:g} months; found {listed} "
            f"({len(outside)} in all); set such rows aside before counting"
        )
    return labels


def _vote(cast: list[Vote]) -> Vote:
    """Return one vote for several findings: the direction with more than half of them, else 0."""
    counts = Counter(cast)
    if 2 * counts[1] > len(cast):
        return 1
    return -1 if 2 * counts[-1] > len(cast) else 0


def _count(label: str, votes: tuple[tuple[str, Vote], ...], level: float) -> WindowVotes:
    counts = Counter(vote for _, vote in votes)
    total, benefit = len(votes), counts[1]
    low, high = wilson_interval(events=benefit, n=total, level=level)
    majority = 2 * benefit - total
    return WindowVotes(
        window=label,
        n_studies=total,
        benefit=benefit,
        no_difference=counts[0],
        against=counts[-1],
        label="benefit" if majority > 0 else "no_benefit" if majority < 0 else "conflicting",
        share=benefit / total,
        share_low=float(low),
        share_high=float(high),
        votes=votes,
    )


def _bounds(windows: list[WindowVotes]) -> tuple[str | None, str | None]:
    """Return the last window with benefit, and the first after it without."""
    until = no_benefit_from = None
    for found in windows:
        if found.label == "benefit":
            until, no_benefit_from = found.window, None
        elif found.label == "no_benefit" and no_benefit_from is None:
            no_benefit_from = found.window
    return until, no_benefit_from
