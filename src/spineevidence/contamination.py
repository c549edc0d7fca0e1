"""Controls who received the procedure before a visit: a comparison of mixed arms that finds no difference."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from spineevidence.effects import Question, takes_part
from spineevidence.figures import events_of
from spineevidence.formatting import time_in_words
from spineevidence.results import Result
from spineevidence.timing import LIMIT_SLACK, to_months

MEASURE = "crossover"
MOST = 0.2  # of the controls
OPEN = re.compile(r"\bcross[- ]?(?:over|ed)\b", re.IGNORECASE)
CLOSED = re.compile(r"\b(?:no|without|not allowed to) cross[- ]?over\b", re.IGNORECASE)
SINCE = re.compile(
    r"\bcross[- ]?over\b[^;.]*?\b(?:after|at|from) (\d+(?:\.\d+)?) (day|week|month|year)s?\b", re.I
)


def contamination(asked: Question, rows: Sequence[Result], months: float) -> str:
    """Return why the controls of a study are no longer controls at a visit, or an empty string.

    Parameters
    ----------
    asked : Question
        The line: procedure and comparator class.
    rows : sequence of Result
        Everything printed of one study.
    months : float
        The visit.

    Returns
    -------
    str
        Such as "38 of 63 controls had crossed over by 12 months". The share is that of the latest row of the
        measure ``crossover`` up to the visit, of an arm of the comparator; more than a fifth counts. Without
        such a row, a note of the study that says that crossover was open before the visit counts, as the
        share is then unknown. Crossover trials, in which everybody changes by design, are no case of it.
    """
    if rows[0].design == "crossover_rct":
        return ""
    known = [row for row in rows if _of_controls(asked, row) and row.months is not None]
    until = [row for row in known if (row.months or 0.0) <= months * (1 + LIMIT_SLACK)]
    if until:
        return _by_count(max(until, key=lambda row: row.months or 0.0))
    since = open_since(rows[0].study_note)
    if since < months * (1 - LIMIT_SLACK):
        when = f" from {time_in_words(since)} on" if since else ""
        return f"controls could cross over{when}; how many had is not known"
    return ""


def _of_controls(asked: Question, row: Result) -> bool:
    return (
        row.measure.measure_id == MEASURE
        and not row.is_contrast
        and row.arm.procedure.procedure_id != asked.procedure_id
        and takes_part(asked, row.arm)
        and row.statistic in ("events", "percent")
    )


def _by_count(row: Result) -> str:
    found = events_of(row)
    if found is None or found.n is None or found.value <= MOST * found.n:
        return ""
    return (
        f"{found.value:.0f} of {found.n} controls had crossed over by {time_in_words(row.months or 0.0)}, "
        f"line {row.line}"
    )


def open_since(note: str) -> float:
    """Return the month from which the note of a study says that crossover was open; infinity if it does not.

    >>> open_since("crossover allowed after 6 months"), open_since("crossover allowed"), open_since("")
    (6.0, 0.0, inf)
    """
    if OPEN.search(note) is None or CLOSED.search(note) is not None:
        return math.inf
    since = SINCE.search(note)
    return 0.0 if since is None else float(to_months(float(since[1]), f"{since[2].lower()}s"))
