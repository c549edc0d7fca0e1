"""Claims about what patients experience: printed durations of relief, and shares of responders.

They are judged on single arms, which hold natural course and placebo response too, and never meet an effect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spineevidence.errors import InputError
from spineevidence.formulas.counts import proportion, wilson_interval
from spineevidence.pooling.windows import pool_window
from spineevidence.verdicts.reasons import Reason, Word

FACTOR = 1.5  # about a time: that much more or less
LOGISTIC_SD = math.pi / math.sqrt(3)  # of log odds, as 1 is of standardised scores


@dataclass(frozen=True, slots=True)
class DurationVerdict:
    """What printed durations say of a claimed one.

    Attributes
    ----------
    verdict, reason : str
        The answer and its code.
    claimed : float
        Months claimed.
    months : float or None
        The printed duration, or the geometric mean of several; None without any.
    """

    verdict: Word
    reason: Reason
    claimed: float
    months: float | None


def judge_duration(claimed: float, printed: Sequence[float]) -> DurationVerdict:
    """Return what printed durations of relief say of a claimed average.

    Parameters
    ----------
    claimed : float
        Months claimed, above 0.
    printed : sequence of float
        Mean or median months, one for each study.

    Returns
    -------
    DurationVerdict
        Supported within a factor of 1.5; mixed if one study lies beyond on each side.

    Examples
    --------
    >>> judge_duration(12, [10, 15]).verdict, judge_duration(24, [10]).reason
    ('supported', 'OVERSTATED')
    """
    if not (claimed > 0 and math.isfinite(claimed)):
        raise InputError(f"a duration must be above 0; found {claimed:g}")
    found = [months for months in printed if months > 0]
    if not found:
        return DurationVerdict("untested", "NO_DATA", claimed, None)
    middle = math.exp(math.fsum(map(math.log, found)) / len(found))
    sides = {_side(claimed, months) for months in found}
    if {"OVERSTATED", "UNDERSTATED"} <= sides:
        return DurationVerdict("mixed", "STUDY_CONFLICT", claimed, middle)
    reason = _side(claimed, middle)
    verdict: Word = "supported" if reason == "REPORTED_DURATION" else "contradicted"
    return DurationVerdict(verdict, reason, claimed, middle)


def _side(claimed: float, months: float) -> Reason:
    if claimed > FACTOR * months:
        return "OVERSTATED"
    return "UNDERSTATED" if FACTOR * claimed < months else "REPORTED_DURATION"


@dataclass(frozen=True, slots=True)
class Share:
    """Responders among the treated patients of one study in one window.

    Attributes
    ----------
    study_id, window : str
        The study and the window.
    months : float
        Time of the visit.
    events, n : float, int
        Responders, and patients.
    lines : tuple of int
        Lines of outcomes.csv.
    beside : tuple of (comparator class, events, n)
        The same in the comparator arms of that study.
    """

    study_id: str
    window: str
    months: float
    events: float
    n: int
    lines: tuple[int, ...] = ()
    beside: tuple[tuple[str, float, int], ...] = ()

    @property
    def limits(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        low, high = wilson_interval(events=self.events, n=self.n)
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class WindowShare:
    """The share of responders in one window, of one study or of several.

    Attributes
    ----------
    window : str
        Its label.
    share, low, high : float
        Fraction with its 95 % interval: Wilson's of one study, of a random-effects model of log odds else.
    studies : tuple of Share
        Each study.
    verdict, reason : str
        What it says of the claimed share.
    """

    window: str
    share: float
    low: float
    high: float
    studies: tuple[Share, ...]
    verdict: Word
    reason: Reason


@dataclass(frozen=True, slots=True)
class ShareVerdict:
    """What shares of responders say of a claimed one.

    Attributes
    ----------
    verdict, reason : str
        The answer and its code.
    claimed : float
        Fraction claimed.
    windows : tuple of WindowShare
        The windows it was compared in.
    """

    verdict: Word
    reason: Reason
    claimed: float
    windows: tuple[WindowShare, ...]


def judge_share(claimed: float, shares: Sequence[Share]) -> ShareVerdict:
    """Return what the shares of responders of treated arms say of a claimed share.

    Parameters
    ----------
    claimed : float
        Fraction from 0 to 1.
    shares : sequence of Share
        One for each study and window: those of the claimed window, or of all.

    Returns
    -------
    ShareVerdict
        Supported if the claimed share lies in the interval; mixed if windows differ.

    Notes
    -----
    Two to four studies are pooled by the half-normal model, more by REML with Hartung and Knapp's interval,
    on log odds, of which the standard logistic distribution has the standard deviation pi / sqrt(3).

    Examples
    --------
    >>> found = judge_share(0.7, [Share("a", "6mo", 6.0, 20, 40)])
    >>> found.verdict, found.reason
    ('contradicted', 'OVERSTATED')
    """
    if not 0 <= claimed <= 1:
        raise InputError(f"a share must lie between 0 and 1; found {claimed:g}; give 0.7 for 70 %")
    labels = dict.fromkeys(share.window for share in shares)
    windows = tuple(_window(claimed, [s for s in shares if s.window == label]) for label in labels)
    if not windows:
        return ShareVerdict("untested", "NO_DATA", claimed, ())
    reasons: set[Reason] = {window.reason for window in windows}
    if len(reasons) > 1:
        return ShareVerdict("mixed", "TIME_DEPENDENT", claimed, windows)
    return ShareVerdict(windows[0].verdict, windows[0].reason, claimed, windows)


def _window(claimed: float, shares: Sequence[Share]) -> WindowShare:
    share, low, high = _pooled(shares)
    verdict: Word = "supported"
    reason: Reason = "REPORTED_SHARE"
    if claimed > high:
        verdict, reason = "contradicted", "OVERSTATED"
    elif claimed < low:
        verdict, reason = "contradicted", "UNDERSTATED"
    return WindowShare(shares[0].window, share, low, high, tuple(shares), verdict, reason)


def _pooled(shares: Sequence[Share]) -> tuple[float, float, float]:
    if len(shares) == 1:
        (own,) = shares
        return own.events / own.n, *own.limits
    log_odds = proportion(
        events=[share.events for share in shares], n=[share.n for share in shares], scale="logit"
    )
    pooled = pool_window(log_odds, sd_rep=LOGISTIC_SD)
    return _fraction(pooled.estimate), _fraction(pooled.ci_low), _fraction(pooled.ci_high)


def _fraction(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
