"""Tools for the risk of bias, read from data files: their domains, and their judgements in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

Band = Literal["low", "some", "high"]
FOLDER = "tools"
OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class Word:
    """A published name, and other spellings by which it is recognised in a suggestion or an imported file.

    Attributes
    ----------
    name : str
        As published; the only form that a file of the evidence base may hold.
    also : tuple of str
        Other spellings.
    band : {"low", "some", "high"} or None
        Of a judgement: how much doubt it casts, which is all that tools have in common.
    """

    name: str
    also: tuple[str, ...] = ()
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class BiasTool:
    """One version of a tool for the risk of bias.

    Attributes
    ----------
    tool : str
        Its name in risk_of_bias.csv, with its year.
    also : tuple of str
        Other names that mean the same version.
    name, version, title : str
        How it is called.
    source : str
        Where it is published: an address that a reader can open.
    read : str
        What of it was read for this file, and what was not.
    designs : tuple of str
        Designs it was made for; empty where our designs do not say.
    domains : tuple of Word
        Domains of bias, in their order.
    applicability : tuple of Word
        Concerns regarding applicability, which are no bias.
    judgements : tuple of Word
        From best to worst.
    no_judgement : tuple of Word
        Answers without a rank, such as "No information".
    overall_at_least_worst : bool
        Whether the tool has the overall judgement at least as bad as that of the worst domain.
    """

    tool: str
    also: tuple[str, ...]
    name: str
    version: str
    title: str
    source: str
    read: str
    designs: tuple[str, ...]
    domains: tuple[Word, ...]
    applicability: tuple[Word, ...]
    judgements: tuple[Word, ...]
    no_judgement: tuple[Word, ...]
    overall_at_least_worst: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What a row may call it."""
        return (self.tool, *self.also)

    @property
    def domain_words(self) -> tuple[Word, ...]:
        """Everything that a row may judge: domains, applicability, and the whole."""
        return (*self.domains, *self.applicability, Word(OVERALL, ("Overall", "Overall risk of bias")))

    @property
    def judgement_words(self) -> tuple[Word, ...]:
        """Everything that a row may say of it."""
        return (*self.judgements, *self.no_judgement)

    def rank(self, judgement: str) -> int | None:
        """Return the place of a judgement from best (0) to worst; None for one without a rank."""
        names = names_of(self.judgements)
        return names.index(judgement) if judgement in names else None

    def band(self, judgement: str) -> Band | None:
        """Return how much doubt a judgement casts; None for one that says nothing."""
        return next((word.band for word in self.judgements if word.name == judgement), None)


def names_of(words: tuple[Word, ...]) -> tuple[str, ...]:
    """Return the published names."""
    return tuple(word.name for word in words)


def spellings(words: tuple[Word, ...]) -> dict[str, str]:
    """Return every spelling with the published name that it stands for.

    >>> spellings((Word("Low", ("Low risk",)),))
    {'Low': 'Low', 'Low risk': 'Low'}
    """
    return {spelling: word.name for word in words for spelling in (word.name, *word.also)}


def bias_tools() -> Mapping[str, BiasTool]:
    """Return every tool by its name in risk_of_bias.csv, in alphabetical order.

    Examples
    --------
    >>> list(bias_tools())
    ['cochrane_2011', 'quadas2_2011', 'rob2_2019', 'robins_i_2016', 'robins_i_2025']
    """
    paths = sorted((Path(__file__).parent / FOLDER).glob("*.json"))
    found = (_tool(json.loads(path.read_text(encoding="utf-8"))) for path in paths)
    return MappingProxyType({tool.tool: tool for tool in found})


def tool_names() -> dict[str, str]:
    """Return every name that a row may call a tool by, with the name of that version."""
    return {name: tool.tool for tool in bias_tools().values() for name in tool.names}


def bias_tool(name: str) -> BiasTool | None:
    """Return the tool that a row calls so, or None."""
    return next((tool for tool in bias_tools().values() if name in tool.names), None)


def _tool(stated: Mapping[str, Any]) -> BiasTool:
    return BiasTool(
        tool=stated["tool"],
        also=tuple(stated["also"]),
        name=stated["name"],
        version=stated["version"],
        title=stated["title"],
        source=stated["source"],
        read=stated["read"],
        designs=tuple(stated["designs"]),
        domains=_words(stated["domains"]),
        applicability=_words(stated["applicability"]),
        judgements=_words(stated["judgements"]),
        no_judgement=_words(stated["no_judgement"]),
        overall_at_least_worst=stated["overall_at_least_worst"],
    )


def _words(stated: Iterable[Mapping[str, Any]]) -> tuple[Word, ...]:
    return tuple(Word(one["name"], tuple(one["also"]), one.get("band")) for one in stated)
