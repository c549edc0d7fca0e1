"""What can go wrong, as one tree of exceptions and as data: `Problem` and its did-you-mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

SHOWN_IN_MESSAGE = 20  # a message of thousands of lines helps nobody; `.problems` holds them all


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding in an input file, at a place that an editor can jump to.

    Attributes
    ----------
    path : Path
        The file.
    line, column : int
        Counted from 1, as editors count: the first character of the cell or entry concerned.
    message : str
        What was found and what was expected.
    hint : str
        The nearest valid word, or empty.
    severity : {"error", "note"}
        An error keeps the evidence from loading; a note is odd but possible.
    """

    path: Path
    line: int
    column: int
    message: str
    hint: str = ""
    severity: Literal["error", "note"] = "error"

    def __str__(self) -> str:
        kind = "note: " if self.severity == "note" else ""
        hint = f' (did you mean "{self.hint}"?)' if self.hint else ""
        return f"{self.path}:{self.line}:{self.column}: {kind}{self.message}{hint}"


class SpineEvidenceError(Exception):
    """The root of every error that this library raises on purpose."""


class DataError(SpineEvidenceError):
    """Files of an evidence base have defects; all of them are in `problems`.

    Parameters
    ----------
    problems : iterable of Problem
        Every defect found in one run, sorted by file, line and column.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN_IN_MESSAGE]]
        rest = len(self.problems) - len(shown)
        if rest:
            shown.append(f"... and {rest} more: all of them are in `.problems`")
        count = len(self.problems)
        super().__init__("\n".join([f"{count} defect{'s' if count != 1 else ''} found:", *shown]))

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Problem, ...]]]:
        """Let the error cross from a worker process."""
        return type(self), (self.problems,)


class InputError(SpineEvidenceError, ValueError):
    """An argument has a value, shape or combination that the call cannot take."""


class UnknownNameError(SpineEvidenceError, LookupError):
    """A name was asked for that the evidence does not hold."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        hint = did_you_mean(name, known)
        if hint:
            advice = f'did you mean "{hint}"?'
        elif len(known) <= SHOWN_IN_MESSAGE:
            advice = "known: " + ", ".join(sorted(known))
        else:
            advice = f"none of the {len(known)} known names is close to it"
        super().__init__(f'no {kind} is called "{name}"; {advice}')

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, tuple[str, ...]]]:
        """Let the error cross from a worker process."""
        return type(self), (self.kind, self.name, self.known)


class EstimandError(InputError):
    """Contrasts between arms and changes within one group were about to be mixed."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the known word closest to a mistyped one, or an empty string.

    Upper and lower case count as equal, and letters that only changed places are forgiven first.

    >>> did_you_mean("IDTE", ["IDET", "TENS"])
    'IDET'
    >>> did_you_mean("acupuncture", ["IDET", "TENS"])
    ''
    """
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.casefold(), name)
    wanted = word.strip().casefold()
    close = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.6)
    swapped = [name for name in close if sorted(name) == sorted(wanted)]
    return folded[(swapped or close)[0]] if close else ""
