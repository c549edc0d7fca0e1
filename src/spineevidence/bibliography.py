"""The bibliography: `references.bib` to `Reference` and back, with the place of every defect."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from spineevidence.bibtex import (
    NAME,
    SHOWN,
    Block,
    Source,
    checked_fields,
    diagnosis,
    end_of_malformed,
    is_value,
    open_source,
    quoted,
    report_gap,
    split_blocks,
    string_definitions,
    value_text,
)
from spineevidence.errors import InputError, Problem
from spineevidence.formatting import printable, shortened
from spineevidence.latex import plain

Seen = dict[str, tuple[str, int]]  # a key or DOI: the cite key that had it first, and its line

TITLE_SHOWN = 80  # characters of a title in a one-line representation
NAMED = 2  # authors that a sentence names
TITLE_WORDS = 4  # words of a title that stand in for missing authors

_NAME = re.compile(NAME)
_ENCLOSURE = '{}" \n\t'
_DOI_PREFIX = re.compile(r"^(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi:\s*)+", re.IGNORECASE)
_BRACES = re.compile("[{}]")
_ESCAPE = re.compile(r"\\([_%&#$])")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


@dataclass(frozen=True, slots=True)
class Name:
    """A person or a body, in the four parts that BibTeX knows.

    Attributes
    ----------
    given, particle, family, suffix : str
        As in "Ludwig", "van", "Beethoven", "Jr."; empty where there is none. A body has a family only.
    """

    given: str
    particle: str
    family: str
    suffix: str

    @property
    def surname(self) -> str:
        """The family name with its particle, as it is cited."""
        return f"{self.particle} {self.family}".strip()


class Reference(BaseModel):
    """An entry of the bibliography, its fields as printed; everything else is decoded where used.

    Attributes
    ----------
    key, type : str
        The cite key, and the entry type in lower case.
    fields : tuple of (str, str)
        Lower-case name and value as printed, with its braces or quotation marks, in file order.
    line : int
        Where the entry begins, from 1; 0 if it comes from no file. Two references that differ
        in this only are equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=f"^{NAME}$")
    type: str = Field(pattern=r"^\w+$")
    fields: tuple[tuple[str, str], ...]
    line: int = Field(default=0, ge=0)

    def field(self, name: str) -> str:
        """Return a field as printed, with its braces; empty if there is none."""
        return next((raw for known, raw in self.fields if known == name.lower()), "")

    def text(self, name: str) -> str:
        r"""Return a field as a reader sees it: LaTeX decoded, braces removed, spaces single.

        >>> Reference(key="a", type="misc", fields=(("note", r"{caf{\'e} \& {TENS}}"),)).text("note")
        'café & TENS'
        """
        return plain(value_text(self.field(name)))

    @property
    def title(self) -> str:
        """The title, decoded; empty if there is none."""
        return self.text("title")

    @property
    def journal(self) -> str:
        """The journal, decoded; empty if there is none."""
        return self.text("journal") or self.text("journaltitle")

    @property
    def year(self) -> int | None:
        """The first number of four digits in `year` or, without one, in `date`."""
        match = _YEAR.search(self.field("year")) or _YEAR.search(self.field("date"))
        return int(match[0]) if match else None

    @property
    def doi(self) -> str:
        """The DOI in lower case and without a URL before it; empty if there is none."""
        return _normalised_doi(self.field("doi"))

    @property
    def pmid(self) -> str:
        """The PubMed number; empty if there is none."""
        return _verbatim(self.field("pmid"))

    @property
    def url(self) -> str:
        """The address; empty if there is none."""
        return _verbatim(self.field("url"))

    @property
    def authors(self) -> tuple[Name, ...]:
        """The authors in order, without "and others"."""
        return self.people("author")

    def people(self, field: str) -> tuple[Name, ...]:
        """Return the names in a field ("author", "editor") in order, without "and others"."""
        return tuple(_name(name) for name in self._names(field) if name.lower() != "others")

    @property
    def et_al(self) -> bool:
        """Whether the list of authors ends in "and others"."""
        return any(name.lower() == "others" for name in self._names("author"))

    @property
    def short(self) -> str:
        """How a sentence cites it: "Freeman 2005", "Kallmes et al. 2009"."""
        names = [name for name in self._names("author") if name.lower() != "others"]
        surnames = [_name(name).surname for name in names[:NAMED]]
        if len(names) > NAMED or (names and self.et_al):
            who = f"{surnames[0]} et al."
        elif surnames:
            who = " and ".join(surnames)
        else:
            words = self.title.split()
            who = shortened(" ".join(words[:TITLE_WORDS]), SHOWN) + ("…" if len(words) > TITLE_WORDS else "")
        return f"{who} {self.year or 'n.d.'}" if who else self.key

    def _names(self, field: str) -> list[str]:
        latex = value_text(self.field(field))
        if not latex.strip():
            return []
        from bibtexparser.middlewares.names import split_multiple_persons_names

        return [name.strip() for name in split_multiple_persons_names(latex) if name.strip()]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reference):
            return NotImplemented
        return (self.key, self.type, self.fields) == (other.key, other.type, other.fields)

    def __hash__(self) -> int:
        return hash((self.key, self.type, self.fields))

    def __repr__(self) -> str:
        return f"Reference({self.key}: {printable(self.short)}: {shortened(self.title, TITLE_SHOWN)})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        authors = "; ".join(f"{name.surname}, {name.given}".rstrip(", ") for name in self.authors)
        cells = {
            "Type": self.type,
            "Authors": authors + ("; et al." if self.et_al else ""),
            "Title": self.title,
            "Journal": self.journal,
            "Year": str(self.year or ""),
            "DOI": self.doi,
            "PMID": self.pmid,
        }
        rows = "".join(
            f'<tr><th scope="row">{name}</th><td>{html.escape(printable(text))}</td></tr>'
            for name, text in cells.items()
            if text
        )
        return f"<table><caption>{html.escape(self.key)}</caption>{rows}</table>"


@dataclass(frozen=True, slots=True)
class Bibliography:
    """What a BibTeX file holds.

    Attributes
    ----------
    references : mapping of str to Reference
        By cite key, in file order; read-only. Of two entries with one key the first is here.
        Malformed entries, and those without a usable key or type, are not.
    problems : tuple of Problem
        Every defect (severity "error") and every gap (severity "note"), by place.
    """

    references: Mapping[str, Reference]
    problems: tuple[Problem, ...]

    def __repr__(self) -> str:
        errors = sum(problem.severity == "error" for problem in self.problems)
        notes = len(self.problems) - errors
        return f"Bibliography({len(self.references)} references, {errors} errors, {notes} notes)"


def read_bibliography(path: Path) -> Bibliography:
    """Read a BibTeX file and find every defect in it; raises nothing.

    Parameters
    ----------
    path : Path
        A file in UTF-8; a byte order mark and any line ends are accepted.

    Returns
    -------
    Bibliography
        The sound references, and all problems. Names that ``@string`` blocks define are replaced
        by their texts, so that a reference stands alone; the twelve months stay as printed.

    Examples
    --------
    >>> read_bibliography(Path("refs/none.bib")).problems[0].message
    'the file is missing'
    """
    source = open_source(path)
    if source.text.strip():
        references = _read_entries(source)
        if not references and not source.problems:
            source.report(0, "the file holds no entry")
    else:
        references = {}
        if not source.problems:
            source.report(0, "the file is empty")
    return Bibliography(MappingProxyType(references), tuple(sorted(source.problems)))


def format_bibliography(references: Iterable[Reference] | Mapping[str, Reference]) -> str:
    r"""Return references as canonical BibTeX: sorted by key, a field per line, a blank line between.

    Fields keep their order and their text as printed. Comments, preambles and ``@string`` blocks
    belong to no reference and are not written.

    Raises
    ------
    InputError
        If a field is not what BibTeX can read (unbalanced braces, a text without them, an odd name).

    Examples
    --------
    >>> format_bibliography([Reference(key="a1", type="misc", fields=(("title", "{A}"), ("year", "2001")))])
    '@misc{a1,\n  title = {A},\n  year = 2001\n}\n'
    """
    records = references.values() if isinstance(references, Mapping) else references
    blocks = []
    for reference in sorted(records, key=lambda record: record.key):
        for name, raw in reference.fields:
            if not _NAME.fullmatch(name) or not is_value(raw):
                raise InputError(
                    f'the field "{shortened(name, SHOWN)}" of "{reference.key}" is not BibTeX: '
                    f'"{shortened(raw, SHOWN)}"; a value is a number, a text in balanced braces or a name'
                )
        lines = [
            f"@{reference.type}{{{reference.key}",
            *(f"  {name} = {raw}" for name, raw in reference.fields),
        ]
        blocks.append(",\n".join(lines) + "\n}\n")
    return "\n".join(blocks)


def _read_entries(source: Source) -> dict[str, Reference]:
    """Check every block and what stands between; return the sound references."""
    text, blocks = split_blocks(source)
    strings = string_definitions(source, blocks)
    references: dict[str, Reference] = {}
    keys: Seen = {}
    dois: Seen = {}
    cursor = 0
    blocks.reverse()
    while blocks:
        block = blocks.pop()
        gap = text[cursor : block.start]
        commented = not gap.isspace() and report_gap(source, cursor, block.start)
        cursor = block.end
        if commented and block.kind != "other":
            source.report(
                block.start, 'BibTeX reads an entry behind "%" too: delete it or put it in @comment{...}'
            )
        elif block.kind == "malformed":
            following = blocks[-1].start if blocks else len(text)
            cursor = end_of_malformed(text, block.start, following)
            source.report(block.start, diagnosis(source, text, block, following))
        elif block.kind == "entry":
            reference = _read_entry(source, block, strings, keys, dois)
            if reference is not None:
                references.setdefault(reference.key, reference)
    report_gap(source, cursor, len(text))
    return references


def _read_entry(
    source: Source, block: Block, strings: Mapping[str, str], keys: Seen, dois: Seen
) -> Reference | None:
    """Check an entry against itself and those before it; return it if it is sound."""
    line = source.line(block.start)
    fields = checked_fields(source, block, strings)
    usable = _has_usable_key(source, block, line, keys)
    if fields is None:
        return None
    _check_content(source, block, line, dict(fields), dois)
    if not usable:
        return None
    # All is checked by now; to validate again would copy every field.
    return Reference.model_construct(key=block.key, type=block.type, fields=fields, line=line)


def _has_usable_key(source: Source, block: Block, line: int, keys: Seen) -> bool:
    """Report a missing, odd or repeated key and a missing type; return whether a record can have both."""
    if not block.type:
        source.report(block.start, f"{block.label} has no type before its brace")
    if not block.key:
        source.report(block.start, "entry has no key")
        return False
    sound = _NAME.fullmatch(block.key) is not None
    if not sound:
        odd = sorted(set(block.key) - set("".join(_NAME.findall(block.key))))
        source.report(block.start, f"{block.label}: the key contains {' and '.join(map(quoted, odd))}")
    folded = block.key.casefold()
    if folded in keys:
        earlier, place = keys[folded]
        shown = shortened(earlier, SHOWN)
        source.report(block.start, f'{block.label}: duplicate key, line {place} has "{shown}" already')
    else:
        keys[folded] = (block.key, line)
    return bool(block.type) and sound


def _check_content(source: Source, block: Block, line: int, fields: Mapping[str, str], dois: Seen) -> None:
    """Report what a sound entry lacks, and a DOI that another entry has."""
    lacking = [name for name in ("author", "title", "year") if not fields.get(name, "").strip(_ENCLOSURE)]
    if "title" in lacking and _is_blank(fields.get("note", "")):
        source.report(block.start, f"{block.label} has neither a title nor a note")
        lacking.remove("title")
    for name in lacking:
        if name != "year" or _is_blank(fields.get("date", "")):
            source.report(block.start, f"{block.label} has no {name}", severity="note")
    doi = _normalised_doi(fields["doi"]) if "doi" in fields else ""
    if doi in dois:
        earlier, place = dois[doi]
        shown = shortened(doi, TITLE_SHOWN)
        source.report(
            block.start, f'{block.label}: duplicate DOI {shown}, "{earlier}" on line {place} has it already'
        )
    elif doi:
        dois[doi] = (block.key, line)


def _is_blank(raw: str) -> bool:
    return not raw.strip(_ENCLOSURE)


def _verbatim(raw: str) -> str:
    """Return an address or number: braces and escapes removed, nothing else decoded."""
    return _ESCAPE.sub(r"\1", _BRACES.sub("", value_text(raw))).strip()


def _normalised_doi(raw: str) -> str:
    return _DOI_PREFIX.sub("", _verbatim(raw)).lower() if raw else ""


def _name(latex: str) -> Name:
    """Split a name as BibTeX does, then decode its parts."""
    from bibtexparser.middlewares.names import parse_single_name_into_parts

    parts = parse_single_name_into_parts(latex, strict=False)
    given, particle, family, suffix = (
        plain(" ".join(words)) for words in (parts.first, parts.von, parts.last, parts.jr)
    )
    if not (given or particle or family or suffix):
        family = plain(latex)  # no name by the rules of BibTeX, but printed
    return Name(given, particle, family, suffix)
