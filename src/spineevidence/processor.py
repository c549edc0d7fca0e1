"""Entries and citations in any CSL style through citeproc-py; no other module knows it."""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from citeproc import VARIABLES, model
from citeproc.source import Date, LiteralDate, Name, Reference, VariableError
from citeproc.string import MixedString, NoCase, String
from lxml import etree

from spineevidence.csl import Item
from spineevidence.errors import InputError
from spineevidence.richtext import Run, plain_text

NAMESPACE = "http://purl.org/net/xbiblio/csl"

# Marks within a text that is being processed: characters that Unicode reserves for a program's own use.
ITALIC, BOLD, SUPERSCRIPT = "\ufdd0", "\ufdd1", "\ufdd2"
ITALIC_END, BOLD_END, SUPERSCRIPT_END = "\ufdd3", "\ufdd4", "\ufdd5"
FIELD_END = "\ufdd6"  # after a field that ends in a full stop, question or exclamation mark
OTHERS = "\ufdd7"  # the last name of a list that is known to be cut
DASH = "\ufdd8"  # within pages that are no plain range
LABEL_END = "\ufdd9"
SLOT = "\ufdda"
RESERVED = re.compile("[\ufdd0-\ufdef]")

_MARKS = re.compile(f"([{ITALIC}-{SUPERSCRIPT_END}])")
_ANY_MARK = re.compile(f"[{ITALIC}-{SLOT}]")
_SECOND_STOP = re.compile(rf"([.?!]){FIELD_END}([{ITALIC}-{SUPERSCRIPT_END}]*)\.")
_STOP_AFTER_LOOK = re.compile(rf"\.([{ITALIC_END}-{SUPERSCRIPT_END}]+)\.")  # "et al." in italics, then "."
_OTHERS = re.compile(rf"(,?)(?: …)?(?: (?:&|and))? ?{OTHERS}\.?")
_WORDS = re.compile(r"\S+\s*|\s+")
_PLAIN_PAGES = re.compile(r"[A-Za-z]*\d+(?:-[A-Za-z]*\d+)?\Z")
_IGNORED = re.compile(f"[-‐‑–'’.&{ITALIC}-{SLOT}]")  # in the alphabet: "Al-Kaisy" stands as "Alkaisy"
_TERMINAL = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class InText:
    """How a style cites within a text.

    Attributes
    ----------
    frame : str
        What stands around the works cited, with a mark in their place.
    delimiter : str
        What stands between two works.
    numeric, collapsed, ordered : bool
        Whether works are cited by number; whether three or more numbers in sequence become a range;
        whether works cited together are put in the order of the list.
    """

    frame: str
    delimiter: str
    numeric: bool
    collapsed: bool
    ordered: bool

    def runs(self, cited: Sequence[tuple[int, str]]) -> tuple[Run, ...]:
        """Return one citation of several works, each with its number and its processed text."""
        works = sorted(set(cited)) if self.ordered else list(dict.fromkeys(cited))
        parts: list[str] = []
        for _, group in itertools.groupby(enumerate(works), key=lambda pair: pair[1][0] - pair[0]):
            texts = [text for _, (_, text) in group]
            collapsed = self.numeric and self.collapsed and len(texts) > 2
            parts += [f"{texts[0]}–{texts[-1]}"] if collapsed else texts
        return runs_of(self.frame.replace(SLOT, self.delimiter.join(parts)))


@dataclass(frozen=True, slots=True)
class Processed:
    """What the processor made of one item.

    Attributes
    ----------
    index : int
        The place of the item among those given.
    label : str
        What stands before the entry ("1."); empty for styles without one.
    runs : tuple of Run
        The entry; empty if it was refused.
    cited : str
        Its part of a citation, with marks; empty if it was refused.
    refusal : str
        Why there is no entry or no citation; empty if there are both.
    """

    index: int
    label: str
    runs: tuple[Run, ...]
    cited: str
    refusal: str


def process(items: Sequence[tuple[Item, bool]], source: bytes, name: str) -> tuple[InText, list[Processed]]:
    """Return how a style cites, and the entries in the order of its list.

    Parameters
    ----------
    items : sequence of (Item, bool)
        CSL-JSON in order of appearance, and whether the list of authors is known to be cut.
    source : bytes
        The style.
    name : str
        What the style was called, for messages.

    Raises
    ------
    InputError
        If the source is no CSL style with a bibliography and citations.
    """
    root = _root(source, name)
    bibliography, citation = root.bibliography, root.citation
    citation.cites = []
    cites = [_Cite(_reference(item, cut), index) for index, (item, cut) in enumerate(items)]
    cites = _sorted(cites, bibliography)
    for number, cite in enumerate(cites, start=1):
        cite.number = number
    cited = [_attempt(citation.layout, cite, whole=False) for cite in cites]
    _tell_apart(cites, cited, citation)
    return _in_text(root), _entries(bibliography, cites, cited)


def _entries(bibliography: Any, cites: list[_Cite], cited: list[tuple[str, str]]) -> list[Processed]:
    """Return the entries; a style that aligns its second field has a label before them."""
    layout = bibliography.layout
    aligned = bibliography.get("second-field-align") is not None
    if aligned:
        layout[0].set("suffix", layout[0].get("suffix", "") + LABEL_END)
    entries = []
    for cite, (text, why_not) in zip(cites, cited, strict=True):
        entry, refusal = _attempt(layout, cite, whole=True)
        label, _, body = entry.rpartition(LABEL_END)
        if aligned and not label:
            label = _attempt(layout[0], cite, whole=False)[0].removesuffix(LABEL_END)
        shown = plain_text(runs_of(label)).strip()
        entries.append(Processed(cite.index, shown, runs_of(body), text, refusal or why_not))
    return entries


def runs_of(marked: str) -> tuple[Run, ...]:
    """Return a processed text as runs, its marks resolved."""
    depths = dict.fromkeys((ITALIC, BOLD, SUPERSCRIPT), 0)
    runs: list[Run] = []
    for piece in filter(None, _MARKS.split(_tidied(marked))):
        if piece in depths:
            depths[piece] += 1
        elif _MARKS.fullmatch(piece):
            depths[chr(ord(piece) - 3)] -= 1
        else:
            look = tuple(depth > 0 for depth in depths.values())
            if runs and runs[-1][1:] == look:
                runs[-1] = Run(runs[-1].text + piece, *look)
            else:
                runs.append(Run(piece, *look))
    return tuple(runs)


def _tidied(marked: str) -> str:
    """Resolve all marks but those of looks."""
    text = _SECOND_STOP.sub(r"\1\2", marked).replace(FIELD_END, "").replace(DASH, "–")
    return _OTHERS.sub(r"\1 et al.", _STOP_AFTER_LOOK.sub(r".\1", text))


class _Marks:
    """What citeproc-py calls a formatter: texts keep their characters, their look becomes marks."""

    preformat = staticmethod(str)
    Light = Underline = Subscript = SmallCaps = staticmethod(str)

    @staticmethod
    def Italic(text: object) -> str:  # noqa: N802, citeproc-py calls it so
        return f"{ITALIC}{text}{ITALIC_END}"

    Oblique = Italic

    @staticmethod
    def Bold(text: object) -> str:  # noqa: N802, citeproc-py calls it so
        return f"{BOLD}{text}{BOLD_END}"

    @staticmethod
    def Superscript(text: object) -> str:  # noqa: N802, citeproc-py calls it so
        return f"{SUPERSCRIPT}{text}{SUPERSCRIPT_END}"


class _Terms:
    """An element that remembers the terms of its language: citeproc-py searches all of them each time."""

    def get_term(self, name: str, form: str | None = None, **options: bool) -> Any:
        known = self.get_root().known_terms  # type: ignore[attr-defined]  # set when a style is read
        asked = (name, form, *sorted(options.items()))
        if asked not in known:
            known[asked] = super().get_term(name, form, **options)  # type: ignore[misc]  # untyped
        return known[asked]


class _Name(_Terms, model.Name):  # type: ignore[misc]  # untyped base
    """`cs:name` with terms remembered."""


class _Text(_Terms, model.Text):  # type: ignore[misc]  # untyped base
    """`cs:text` that finds its macro at once: citeproc-py searches all macros each time."""

    def get_macro(self, name: str) -> Any:
        return self.get_root().macros[name]

    def calls_variable(self) -> bool:
        name = self.get("macro")
        if name is None:
            return bool(super().calls_variable())
        known: dict[str, bool] = self.get_root().calling
        if name not in known:
            known[name] = bool(super().calls_variable())
        return known[name]

    def _variable(self, item: Any, context: Any) -> Any:
        text = super()._variable(item, context)
        if text:
            self.get_root().printed.add(self.get("variable"))
        return text


class _Substitute(model.Substitute):  # type: ignore[misc]  # untyped base
    """`cs:substitute` that keeps a title in place of authors from being printed twice, as CSL wants."""

    def render(self, item: Any, context: Any = None, **options: Any) -> Any:
        root = self.get_root()
        root.printed = set()
        text = super().render(item, context=context, **options)
        if text:
            repressed = context.get_layout().repressed
            repressed[f"{{{NAMESPACE}}}text"] = [*repressed.get(f"{{{NAMESPACE}}}text", ()), *root.printed]
        return text


class _Label(_Terms, model.Label):  # type: ignore[misc]  # untyped base
    """`cs:label` that keeps to the case a style asks for: "(Eds.)"; citeproc-py forgets the language."""

    def case(self, text: Any, language: str | None = None) -> Any:
        return super().case(text, language or self.get_root().get("default-locale", "en")[:2])


class _Group(model.Group):  # type: ignore[misc]  # untyped base
    """`cs:group` that asks the branch taken of a `cs:choose`, not all of them, whether it calls a variable.

    A group that calls variables and prints none is left out; a constant in a branch is no variable.
    """

    def process(self, item: Any, context: Any = None, **options: Any) -> Any:
        delimiter = self.get("delimiter", "")
        texts, calls, prints = [], False, False
        for child in self.iterchildren():
            for branch in child if isinstance(child, model.Choose) else (child,):
                inner = {} if branch is child else {"delimiter": delimiter}
                text = None
                try:
                    text = branch.render(item, context=context, **inner, **options)
                except model.ConditionFailed:
                    continue
                except VariableError:
                    pass
                calling = branch.calls_variable()
                calls = calls or calling
                if text is not None:
                    texts.append(text)
                    prints = prints or calling
                break
        if not texts or (calls and not prints):
            raise VariableError
        return self.join(texts)


class _Cite(dict[str, str]):
    """What citeproc-py calls a citation item; the dictionary (prefix, suffix, locator) stays empty."""

    has_locator = False

    def __init__(self, reference: Any, index: int) -> None:
        super().__init__()
        self.reference = reference
        self.key = reference.key
        self.index = index
        self.number = index + 1
        self.citation = self

    @property
    def locator(self) -> Any:
        raise VariableError

    def get_field(self, field: str) -> str | None:
        text = self.reference.get(field)
        return None if text is None else str(text)


def _root(source: bytes, name: str) -> Any:
    """Parse a style: no entities, no network, nothing read but the text given."""
    parser = etree.XMLParser(remove_comments=True, no_network=True, resolve_entities=False, load_dtd=False)
    lookup = etree.ElementNamespaceClassLookup()
    elements = lookup.get_namespace(NAMESPACE)
    elements[None] = model.CitationStylesElement
    classes = model.CitationStylesElement.__subclasses__()
    elements.update({known.__name__.replace("_", "-").lower(): known for known in classes})
    own = {"text": _Text, "substitute": _Substitute, "group": _Group, "label": _Label, "name": _Name}
    elements.update(own)
    parser.set_element_class_lookup(lookup)
    try:
        root: Any = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(f'the citation style "{name}" is no readable XML: {error}') from None
    if root.tag != f"{{{NAMESPACE}}}style":
        raise InputError(
            f'"{name}" is no citation style: its first element is <{etree.QName(root).localname}>'
        )
    for part in ("bibliography", "citation"):
        if getattr(root, part) is None or getattr(root, part).layout is None:
            raise InputError(f'the citation style "{name}" has no {part}; choose one that has')
    root.macros = {macro.get("name"): macro for macro in root.findall(f"{{{NAMESPACE}}}macro")}
    root.calling, root.printed, root.known_terms = {}, set(), {}
    root.formatter = _Marks
    try:
        root.set_locale_list(root.get("default-locale", "en-US"), validate=False)
    except ValueError as error:
        raise InputError(
            f'the citation style "{name}" asks for a language that is not here: {error}'
        ) from None
    for date in root.iter(f"{{{NAMESPACE}}}date"):
        # What stands between the parts of a date is the language's; citeproc-py looks for it in the style.
        localized = root.get_date(date.get("form")) if date.get("variable") and date.get("form") else None
        if localized is not None:
            date.set("delimiter", localized.get("delimiter", ""))
    for locale in root.locales:
        # The bibliography does not know what appeared online first; a missing volume does not say so.
        for term in locale.iter(f"{{{NAMESPACE}}}term"):
            if term.get("name") == "advance-online-publication":
                term.text = ""
    return root


def _in_text(root: Any) -> InText:
    citation = root.citation
    layout = citation.layout
    formats = root.xpath("cs:info/cs:category/@citation-format", namespaces={"cs": NAMESPACE})
    return InText(
        frame=str(layout.format(layout.wrap(SLOT))),
        delimiter=layout.get("delimiter", ""),
        numeric="numeric" in formats,
        collapsed=citation.get("collapse") == "citation-number",
        ordered=citation.find(f"{{{NAMESPACE}}}sort") is not None,
    )


def _attempt(element: Any, cite: _Cite, *, whole: bool) -> tuple[str, str]:
    """Return a processed text, or why there is none."""
    layout = element if isinstance(element, model.Layout) else element.getparent()
    layout.repressed = {}
    try:
        text = layout.render_children(cite) if element is layout else element.render(cite)
        if whole and text:
            text = layout.format(layout.wrap(text))
    except Exception as error:  # citeproc-py raises what it happens to meet
        return "", f"citeproc-py fails on it ({type(error).__name__}: {_without_marks(str(error))})"
    shown = "" if text is None else _tidied(str(text))
    if not _without_marks(shown).strip():
        return "", "the style makes no text of it"
    return shown, ""


def _without_marks(text: str) -> str:
    return _ANY_MARK.sub("", text)


def _sorted(cites: list[_Cite], bibliography: Any) -> list[_Cite]:
    """Sort as the style says, accented letters beside their plain ones; without a rule, as they came."""
    rule = bibliography.find(f"{{{NAMESPACE}}}sort")
    for key in reversed(rule.findall(f"{{{NAMESPACE}}}key") if rule is not None else []):
        values = {cite.index: _sort_key(key, cite, bibliography.layout) for cite in cites}
        empty = [cite for cite in cites if not values[cite.index]]
        filled = [cite for cite in cites if values[cite.index]]
        filled.sort(key=lambda cite: values[cite.index], reverse=key.get("sort") == "descending")
        cites = filled + empty
    return cites


def _sort_key(key: Any, cite: _Cite, layout: Any) -> str:
    try:
        (value,) = key.sort_keys([cite], layout)
    except Exception:  # what cannot be sorted stands last
        return ""
    if isinstance(value, int):
        return f"{value:09d}"
    words = _IGNORED.sub("", "" if value is None else str(value)).split()
    letters = unicodedata.normalize("NFKD", " ".join(words))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _tell_apart(cites: list[_Cite], cited: list[tuple[str, str]], citation: Any) -> None:
    """Make citations that are alike differ, as the style allows: by more names, then by a letter."""
    alike = [places for places in _by_text([text for text, _ in cited]) if len(places) > 1]
    for places in alike:
        group = [cites[place] for place in places]
        named = {0: [cited[place] for place in places]}
        if citation.get("disambiguate-add-names") == "true":
            named |= _with_more_names(group, citation)
        for same in _by_text([text for text, _ in named[max(named)]]):
            least = min(
                count
                for count, texts in named.items()
                if not {texts[at] for at in same} & {texts[at] for at in range(len(group)) if at not in same}
            )
            for at in same:
                cited[places[at]] = named[least][at]
            if len(same) > 1 and citation.get("disambiguate-add-year-suffix") == "true":
                for at, letter in zip(same, _letters(), strict=False):
                    group[at].reference["year_suffix"] = letter
                again = _with_names(group, citation, least)
                for at in same:
                    cited[places[at]] = again[at]


def _by_text(texts: list[str]) -> list[list[int]]:
    """Return the places of each text, in order of appearance; empty texts have none."""
    places: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        if text:
            places.setdefault(text, []).append(at)
    return list(places.values())


def _with_more_names(group: list[_Cite], citation: Any) -> dict[int, list[tuple[str, str]]]:
    """Return the citations of some works with two names, three names and so on, until more change nothing."""
    most = max(len(cite.reference.get("author") or ()) for cite in group)
    named: dict[int, list[tuple[str, str]]] = {}
    for count in range(2, most + 1):
        named[count] = _with_names(group, citation, count)
        if all(len(places) == 1 for places in _by_text([text for text, _ in named[count]])):
            break
    return named


def _with_names(group: list[_Cite], citation: Any, count: int) -> list[tuple[str, str]]:
    """Return the citations of some works with so many names before "et al."; 0 as the style has it."""
    options = {"et-al-use-first": str(count), "et-al-min": str(count + 2)} if count else {}
    before = {option: citation.get(option) for option in options}
    for option, value in options.items():
        citation.set(option, value)
    texts = [_attempt(citation.layout, cite, whole=False) for cite in group]
    for option, value in before.items():
        if value is None:
            del citation.attrib[option]
        else:
            citation.set(option, value)
    return texts


def _letters() -> Iterator[str]:
    for length in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_lowercase, repeat=length))


def _reference(item: Item, cut: bool) -> Any:
    """Return CSL-JSON as citeproc-py holds it, without its reading of tags within texts."""
    fields: dict[str, Any] = {}
    for variable, value in item.items():
        name = variable.replace("-", "_")
        if name not in VARIABLES:
            continue
        if isinstance(value, list):
            fields[name] = [Name(**_composed(person)) for person in value]
        elif isinstance(value, dict):
            fields[name] = _date(value)
        elif name == "page":
            pages = str(value)
            plain = _PLAIN_PAGES.match(pages) is not None
            fields[name] = pages if plain else re.sub("[-–]", DASH, pages)
        elif name in ("DOI", "URL", "PMID", "PMCID", "language"):
            fields[name] = String(value)
        elif name == "container_title" and item["type"] == "article-journal":
            fields[name] = NoCase(value)  # a name: "Revista de la Sociedad" keeps its small letters
        else:
            fields[name] = _cased(str(value))
    if cut and fields.get("author"):
        fields["author"].append(Name(literal=OTHERS))
    # Styles of CSL 1.0 know no "document"; as a report it shows publisher and year, and nothing is added.
    kind = "report" if item["type"] == "document" else item["type"]
    return Reference(str(item["id"]).lower(), kind, **fields)


def _composed(person: dict[str, str]) -> dict[str, str]:
    """Return a name whose accents are one character with their letter, so that initials keep them."""
    return {part: unicodedata.normalize("NFC", text) for part, text in person.items()}


def _date(value: dict[str, Any]) -> Any:
    if "literal" in value:
        return LiteralDate(value["literal"])
    return Date(**dict(zip(("year", "month", "day"), value["date-parts"][0], strict=False)))


def _cased(text: str) -> Any:
    """Return a text whose words with a capital keep their letters under the case rules of a style.

    CSL changes only words in lower case; citeproc-py would also write "Medicare" small.
    """
    end = FIELD_END if text.endswith(_TERMINAL) else ""
    words = _WORDS.findall(text + end)
    return MixedString(String(word) if word == word.lower() else NoCase(word) for word in words)
