"""What every part of the page is about, as words that its filters compare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spineevidence.page.anchors import token


@dataclass(frozen=True, slots=True)
class About:
    """Procedures, comparator classes and conditions of one part of the page, as tokens with spaces between.

    Attributes
    ----------
    procedure, comparator, condition : str
        Empty where the part fits every choice.
    """

    procedure: str
    comparator: str
    condition: str


def about(*, procedures: Iterable[str], comparators: Iterable[str], conditions: Iterable[str]) -> About:
    """Return what a part of the page is about.

    >>> about(procedures=["idet"], comparators=["placebo", "change"], conditions=[])
    About(procedure='idet', comparator='change placebo', condition='')
    """
    return About(
        *(" ".join(sorted(map(token, set(names)))) for names in (procedures, comparators, conditions))
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a filter: its token, and what the reader sees."""

    token: str
    words: str


def choices(named: Iterable[tuple[str, str]]) -> tuple[Choice, ...]:
    """Return the entries of a filter, in the order given."""
    return tuple(Choice(token(name), words) for name, words in named)
