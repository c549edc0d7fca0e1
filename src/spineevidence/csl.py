"""A reference as an item of CSL-JSON, the format that reference managers and citation processors share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from spineevidence.bibliography import Name, Reference

Item = dict[str, object]  # one object of CSL-JSON
Date = dict[str, list[list[int]]]

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "article": "article-journal",
        "book": "book",
        "booklet": "pamphlet",
        "collection": "book",
        "conference": "paper-conference",
        "dataset": "dataset",
        "electronic": "webpage",
        "inbook": "chapter",
        "incollection": "chapter",
        "inproceedings": "paper-conference",
        "manual": "book",
        "mastersthesis": "thesis",
        "misc": "document",
        "online": "webpage",
        "patent": "patent",
        "phdthesis": "thesis",
        "proceedings": "book",
        "report": "report",
        "software": "software",
        "techreport": "report",
        "thesis": "thesis",
        "unpublished": "manuscript",
        "webpage": "webpage",
        "www": "webpage",
    }
)
THESES: Mapping[str, str] = MappingProxyType(
    {"phdthesis": "Doctoral dissertation", "mastersthesis": "Master's thesis"}
)
# CSL variable, then the BibTeX fields that may hold it, the first that is filled counts.
TEXTS = (
    ("title", ("title",)),
    ("container-title", ("journal", "journaltitle", "booktitle")),
    ("container-title-short", ("shortjournal",)),
    ("collection-title", ("series",)),
    ("publisher", ("publisher", "school", "institution", "organization", "howpublished")),
    ("publisher-place", ("address", "location")),
    ("volume", ("volume",)),
    ("edition", ("edition",)),
    ("chapter-number", ("chapter",)),
    ("page", ("pages",)),
    ("genre", ("type",)),
    ("language", ("language", "langid")),
    ("ISBN", ("isbn",)),
    ("ISSN", ("issn",)),
    ("PMCID", ("pmcid",)),
    ("note", ("note",)),
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?\Z")
_PAGES = re.compile(r"([A-Za-z]*)(\d+)\s*(?:[-‐‑‒–—]+\s*([A-Za-z]*)(\d+))?\Z")
_LINK = re.compile(r"(?:\\url\{)?(https?://\S+?)\}?\Z")


def csl_item(reference: Reference) -> Item:
    r"""Return a reference as an item of CSL-JSON: LaTeX decoded, the names of CSL, nothing invented.

    An entry type that CSL has no word for becomes "document". An author without a given name is a body.
    "and others" has no counterpart in CSL and is left to `Reference.et_al`.

    References
    ----------
    .. [1] Citation Style Language, schema of the input data, 1.0.2.
       https://github.com/citation-style-language/schema

    Examples
    --------
    >>> fields = (("author", "{van Kleef, M.}"), ("title", "{Caf{\\'e}}"), ("pages", "{1--9}"))
    >>> item = csl_item(Reference(key="k", type="article", fields=fields))
    >>> item["title"], item["author"], item["page"]
    ('Café', [{'family': 'Kleef', 'given': 'M.', 'non-dropping-particle': 'van'}], '1-9')
    """
    item: Item = {"id": reference.key, "type": _type(reference)}
    for role in ("author", "editor"):
        people = [person for name in reference.people(role) if any((person := _person(name)).values())]
        if people:
            item[role] = people
    for variable, names in TEXTS:
        text = next((text for text in map(reference.text, names) if text), "")
        if text and not _LINK.match(text):
            item[variable] = text
    number = reference.text("number") or reference.text("issue")
    if number:
        item["issue" if item["type"] == "article-journal" else "number"] = number
    if reference.text("eid"):
        item["number"] = reference.text("eid")
    if "page" in item:
        item["page"] = page_range(str(item["page"]))
    if item["type"] == "thesis":
        item.setdefault("genre", THESES.get(reference.type, "Thesis"))
    item |= _identifiers(reference)
    for variable, date in (("issued", _issued(reference)), ("accessed", _day(reference.text("urldate")))):
        if date:
            item[variable] = date
    return item


def csl_json(references: Iterable[Reference]) -> str:
    """Return references as a CSL-JSON file, sorted by cite key: the same references, the same bytes."""
    items = [csl_item(reference) for reference in sorted(references, key=lambda record: record.key)]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def page_range(printed: str) -> str:
    """Return pages with both numbers in full, where they can be read as two numbers; else as printed.

    >>> page_range("284–7"), page_range("S12--S15"), page_range("7-7"), page_range("iv, 3-x")
    ('284-287', 'S12-S15', '7', 'iv, 3-x')
    """
    match = _PAGES.match(printed)
    if match is None or match[4] is None:
        return printed
    letters, first, again, last = match.groups()
    if again not in ("", letters):
        return printed
    if len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    if last == first:
        return letters + first
    return f"{letters}{first}-{again}{last}" if int(last) > int(first) else printed


def _type(reference: Reference) -> str:
    if reference.type == "misc" and _link(reference):
        return "webpage"
    return TYPES.get(reference.type, "document")


def _person(name: Name) -> dict[str, str]:
    if not (name.given or name.particle or name.suffix):
        return {"literal": name.family}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: text for part, text in parts.items() if text}


def _link(reference: Reference) -> str:
    published = _LINK.match(reference.field("howpublished").strip('{}" '))
    return reference.url or (published[1] if published else "")


def _identifiers(reference: Reference) -> Item:
    found = {"DOI": reference.doi, "PMID": reference.pmid, "URL": _link(reference)}
    return {variable: text for variable, text in found.items() if text}


def _issued(reference: Reference) -> Date | dict[str, str]:
    """Return the date of publication; a year that is no number ("in press") as a text."""
    if reference.year is None:
        text = reference.text("year") or reference.text("date")
        return {"literal": text} if text else {}
    day = _day(reference.text("date"))
    if day.get("date-parts", [[0]])[0][0] == reference.year:
        return day
    return {"date-parts": [[reference.year, *_month(reference.text("month"))]]}


def _month(text: str) -> list[int]:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 12:
        return [int(text)]
    name = text[:3].lower()
    return [MONTHS.index(name) + 1] if name in MONTHS else []


def _day(text: str) -> Date:
    match = _DATE.match(text)
    if match is None:
        return {}
    year, month, day = (int(part) if part else 0 for part in match.groups())
    if not 1 <= month <= 12:
        return {"date-parts": [[year]]}
    return {"date-parts": [[year, month, day] if 1 <= day <= 31 else [year, month]]}
