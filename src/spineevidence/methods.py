"""The methods section of a paper, written from what was run and is held in a result."""

from __future__ import annotations

import html
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from spineevidence.bibliography import Reference, format_bibliography, read_bibliography
from spineevidence.citations import ReferenceList, reference_list
from spineevidence.effectsizes import notes_below
from spineevidence.formatting import count_of
from spineevidence.methodwords import gaps, sentences

BIBLIOGRAPHY = "methods.bib"  # beside this module
SOFTWARE_NOTE = "SOFTWARE: versions are those in use now; a result does not hold those it was made with."
OWN_WORDS = (
    "NOT_HELD: search, selection of studies and risk of bias are not part of a result; describe them too."
)
_CITATION = re.compile(r"\[(@\w+(?:; @\w+)*)\]")


@dataclass(frozen=True, slots=True, repr=False)
class MethodsText:
    """What was run, as a paragraph for a paper with its references.

    Attributes
    ----------
    text : str
        Sentences with numbered citations, such as "[1]" or "[2, 3]".
    entries : tuple of Reference
        What is cited, in order of appearance.
    listed : ReferenceList
        The same as a list in Vancouver style.
    notes : tuple of str
        What the result does not hold, so that the writer must add it. No part of the paragraph.
    """

    text: str
    entries: tuple[Reference, ...]
    listed: ReferenceList
    notes: tuple[str, ...]

    @property
    def citations(self) -> tuple[str, ...]:
        """The cite keys, in order of appearance."""
        return tuple(entry.key for entry in self.entries)

    @property
    def references(self) -> tuple[str, ...]:
        """The list of references, each with its number, as it is printed."""
        return tuple(f"{entry.label} {entry.text()}" for entry in self.listed.entries)

    def to_bibtex(self) -> str:
        """Return the cited entries, and no other, as canonical BibTeX sorted by key."""
        return format_bibliography(self.entries)

    def __str__(self) -> str:
        """Return the paragraph and, below it, the references."""
        return "\n".join([self.text, "", "References", *self.references])

    def __repr__(self) -> str:
        words = count_of(len(self.text.split()), "word")
        return f"<MethodsText: {words}, {count_of(len(self.entries), 'reference')}>"

    def _repr_html_(self) -> str:
        return notes_below(f"<p>{html.escape(self.text)}</p>{self.listed.html()}", self.notes)


def methods_text(result: object) -> MethodsText:
    """Return the methods section that belongs to a result, from what was run and nothing else.

    Parameters
    ----------
    result : object
        `EffectSizes`; the result of `pool`, `pool_window`, `pool_windows`, `pool_half_normal`,
        `meta_regression`, `subgroups`, `mantel_haenszel`, `mantel_haenszel_rates`, `peto`, `egger_test`,
        `rank_test`, `trim_and_fill`, `selection_model`, `stepwise_duration` or `duration_of_benefit`; a
        `TimeCourse`, its duration, or what several studies say together.

    Returns
    -------
    MethodsText
        The paragraph, its references and what it cannot say. Changes within one group are never called
        effects.

    Raises
    ------
    InputError
        If the result is of another kind.

    Notes
    -----
    The text tells the model, the estimator, tests and intervals, priors with their scales, thresholds with
    their source, sensitivity analyses, the routes by which effects were derived, what was left out, and the
    software. A fact that the result does not hold is left out of the text; `MethodsText.notes` names it.

    Examples
    --------
    >>> from spineevidence import EffectSizes, pool
    >>> four = EffectSizes(yi=[0.1, 0.9, 0.4, 0.7], vi=[0.04, 0.09, 0.05, 0.02], estimand="contrast")
    >>> told = methods_text(pool(four, method="PM", test="z"))
    >>> print(told.text.split(". ")[1])
    The effects of 4 studies were pooled in a random-effects model, with the variance between studies (tau2)
    estimated by the estimator of Paule and Mandel [1]
    >>> told.citations
    ('paule1982', 'higgins2009', 'higgins2002', 'cochran1954', 'harris2020', 'virtanen2020')
    """
    said = " ".join([*sentences(result), software()])
    text, entries = numbered(said, known_references())
    listed = reference_list({entry.key: entry for entry in entries}, [entry.key for entry in entries])
    return MethodsText(text, entries, listed, notes=(*gaps(result), OWN_WORDS, SOFTWARE_NOTE))


def known_references() -> Mapping[str, Reference]:
    """Return the sources of the methods by cite key, as they come with the library."""
    return read_bibliography(Path(__file__).resolve().with_name(BIBLIOGRAPHY)).references


def numbered(text: str, references: Mapping[str, Reference]) -> tuple[str, tuple[Reference, ...]]:
    """Return a text with numbers in place of cite keys, and what it cites in order of appearance.

    Parameters
    ----------
    text : str
        With citations such as ``[@welch1947]`` and ``[@luo2018; @wan2014]``. One with a key that is not known
        is no citation and stays as it is.
    references : mapping of str to Reference
        By cite key.

    Returns
    -------
    str
        The text.
    tuple of Reference
        The first is number 1.

    Examples
    --------
    >>> one = Reference(key="a1", type="misc", fields=(("title", "{A}"),))
    >>> numbered("As shown [@a1]; see also [@b].", {"a1": one})[0]
    'As shown [1]; see also [@b].'
    """
    places: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        keys = [key.strip().lstrip("@") for key in match[1].split(";")]
        if not set(keys) <= set(references):
            return match[0]
        return f"[{', '.join(map(str, sorted(_places(keys, places))))}]"

    return _CITATION.sub(number, text), tuple(references[key] for key in places)


def _places(keys: Iterable[str], places: dict[str, int]) -> list[int]:
    return [places.setdefault(key, len(places) + 1) for key in keys]


def software() -> str:
    """Return the sentence that names this library, what it computes with, and their versions."""
    return (
        f"Computations were made with spineevidence {version('spineevidence')}, NumPy {version('numpy')} "
        f"[@harris2020] and SciPy {version('scipy')} [@virtanen2020] in Python {platform.python_version()}."
    )
