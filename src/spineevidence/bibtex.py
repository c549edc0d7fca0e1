"""The text of a BibTeX file: its blocks, where each stands, and why a malformed one cannot be read."""

from __future__ import annotations

import codecs
import logging
import re
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from spineevidence.errors import Problem, did_you_mean
from spineevidence.formatting import shortened
from spineevidence.latex import closing

if TYPE_CHECKING:
    from bibtexparser import model

SHOWN = 40  # characters of a text quoted in a message
REASON_SHOWN = 80  # characters of a reason of bibtexparser's
STRETCH = 1 << 16  # characters given to bibtexparser at a time

NAME = r"""[^\s"#%'(),={}~\\;@\x00-\x1f\x7f]+"""
MONTHS: Mapping[str, str] = MappingProxyType(
    {
        "jan": "January",
        "feb": "February",
        "mar": "March",
        "apr": "April",
        "may": "May",
        "jun": "June",
        "jul": "July",
        "aug": "August",
        "sep": "September",
        "oct": "October",
        "nov": "November",
        "dec": "December",
    }
)

_NAME = re.compile(NAME)
_WORD = re.compile(r"""[^\s"#%'(),={}]+""")
_SPACE = re.compile(r"\s*")
_TEXT = r"[^{}\\]*+(?:\\[^{}\\][^{}\\]*+)*+"
_USUAL = rf"(?:\{{{_TEXT}(?:\{{{_TEXT}\}}{_TEXT})*+\}}|[0-9]++)"
_USUAL_VALUE = re.compile(_USUAL)
_USUAL_VALUES = re.compile(rf"{_USUAL}(?:\n{_USUAL})*+")
_SIMPLE_VALUE = re.compile(r"\{[^{}\\]*\}|[0-9]+")
_HEADER = re.compile(r"@(\w*)[ \t]*[{(]\s*([^\s,={}\"]*)")
_LATER_ENTRY = re.compile(r'(?<=[\s},])@\w+[ \t]*\{[^\s,={}"@]+\s*,\s*[\w-]+\s*=')
_BLOCK_START = re.compile(r"@\w+[ \t]*[{(]")
_COMMENT = re.compile(r"^[ \t]*@comment[ \t]*\{", re.IGNORECASE | re.MULTILINE)
_WRONG_BYTE = re.compile("[\0\udc80-\udcff]")
_UNDECODED = re.compile("[\udc80-\udcff]")
_COMMON_FIELDS = frozenset(
    {"author", "title", "journal", "year", "volume", "number", "pages", "doi", "pmid", "note", "howpublished"}
)


class Source:
    """A text, where its lines begin, and the problems found in it so far."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        self.problems: list[Problem] = []
        self._starts = [0, *map(re.Match.end, re.finditer("\n", text))]

    def line(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        return bisect_right(self._starts, offset)

    def report(
        self, offset: int, message: str, hint: str = "", severity: Literal["error", "note"] = "error"
    ) -> None:
        """Record a problem at an offset."""
        line = self.line(offset)
        column = offset - self._starts[line - 1] + 1
        self.problems.append(Problem(self.path, line, column, message, hint, severity))


class Block(NamedTuple):
    """A block of the file that is no text between entries; offsets into the text."""

    start: int
    end: int
    kind: Literal["entry", "string", "malformed", "other"]
    type: str = ""
    key: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    why: str = ""

    @property
    def label(self) -> str:
        """How a message names the block."""
        kind = "@string" if self.kind == "string" else "entry"
        return f'{kind} "{shortened(self.key, SHOWN)}"' if self.key else kind


def open_source(path: Path) -> Source:
    """Read the file; bytes that are not UTF-8 are reported, once a line, and replaced."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        siblings = sorted(other.name for other in path.parent.glob("*.bib"))
        return _failed(path, "the file is missing", did_you_mean(path.name, siblings))
    except (OSError, ValueError) as error:
        return _failed(path, f"the file cannot be read: {getattr(error, 'strerror', None) or error}")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _failed(path, f"byte 0x{data[0]:02X}: the file is UTF-16; save it as UTF-8")
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    wrong = [] if data.isascii() and b"\0" not in data else [*_WRONG_BYTE.finditer(text)]
    source = Source(path, _UNDECODED.sub("\ufffd", text) if wrong else text)
    for match in {source.line(match.start()): match for match in reversed(wrong)}.values():
        byte = ord(match[0]) & 0xFF
        message = f'byte 0x{byte:02X} ("{chr(byte)}" in Latin-1) is not UTF-8: save the file as UTF-8'
        source.report(match.start(), message if byte else "NUL: the byte 0x00 cannot stand in a text file")
    return source


def _failed(path: Path, message: str, hint: str = "") -> Source:
    source = Source(path, "")
    source.report(0, message, hint)
    return source


def split_blocks(source: Source) -> tuple[str, list[Block]]:
    """Split a text of unchanged length: entries in a @comment are off, no broken entry hides a later one."""
    text = _without_commented_entries(source)
    blocks = _split(text)
    hidden = [
        match.start()
        for block in blocks
        if block.kind == "malformed"
        for match in _LATER_ENTRY.finditer(text, block.start + 1, block.end)
    ]
    if hidden:
        characters = list(text)
        for start in hidden:
            characters[start - 1] = "\n"  # the splitter gives up a broken entry only at the start of a line
        text = "".join(characters)
        blocks = _split(text)
    return text, blocks


def _without_commented_entries(source: Source) -> str:
    """Blank each "@" inside a @comment block: the splitter takes it for the start of an entry."""
    text = source.text
    if "@comment" not in text.lower():
        return text
    parts = []
    at = 0
    while match := _COMMENT.search(text, at):
        end = closing(text, match.end() - 1)
        if end < 0:
            break
        inside = text[match.end() : end]
        last_line = inside.rpartition("\n")[2].strip()
        entries = len(_BLOCK_START.findall(inside))
        parts.append(text[at : match.end()])
        # Else it is an unclosed comment, ended by a brace too many in a later entry.
        if "\n" not in inside or last_line == "}":
            parts.append(inside.replace("@", " "))
            at = end
            if entries:
                message = f"@comment: entries inside it are not read ({entries})"
                source.report(match.end() - len(match[0].lstrip()), message, severity="note")
        else:
            at = match.end()
    return "".join([*parts, text[at:]])


def _split(text: str) -> list[Block]:
    """Split a text stretch by stretch; where anything is malformed, all at once: no cut may play a part."""
    blocks = _split_stretches(text, _stretches(text))
    if any(block.kind == "malformed" for block in blocks):
        return _split_stretches(text, [(0, len(text))])
    return blocks


def _split_stretches(text: str, stretches: Iterable[tuple[int, int]]) -> list[Block]:
    """Run bibtexparser's bare splitter and find where each block begins."""
    from bibtexparser.model import Entry, ImplicitComment, ParsingFailedBlock
    from bibtexparser.splitter import Splitter

    blocks: list[Block] = []
    for begin, end in stretches:
        with _silenced("bibtexparser.splitter"):
            found = Splitter(text[begin:end]).split().blocks
        cursor = begin
        for block in found:
            if isinstance(block, ImplicitComment):
                continue
            raw = block.raw or ""
            start = max(text.find(raw, cursor), cursor)
            cursor = start + len(raw)
            entry = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
            if isinstance(entry, Entry):
                fields = tuple([(field.key.lower(), field.value) for field in entry.fields])
                blocks.append(Block(start, cursor, "entry", entry.entry_type, entry.key, fields))
                continue
            blocks.append(_other_block(block, start, raw))
            # The raw text of an aborted block may run into the "@" of the next one.
            if blocks[-1].kind == "malformed" and (overlap := raw.rfind("@")) > 0:
                cursor = start + overlap
    return blocks


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Cut a long text between entries: before a line with "@" where every brace opened is closed.

    With all of bibtexparser's blocks alive at once, a third of the time would go to collecting garbage.
    """
    begin = 0
    while begin < len(text):
        checked = begin
        depth = 0
        cut = text.find("}\n\n@", begin + STRETCH)
        while cut >= 0:
            depth += _opened(text, checked, cut + 1)
            if not depth:
                break
            checked = cut + 1
            cut = text.find("}\n\n@", checked)
        end = cut + 2 if cut >= 0 else len(text)
        yield begin, end
        begin = end


def _opened(text: str, begin: int, end: int) -> int:
    """Return how many more braces are opened than closed, escaped ones apart."""
    opened = text.count("{", begin, end) - text.count("\\{", begin, end)
    return opened - text.count("}", begin, end) + text.count("\\}", begin, end)


def _other_block(block: model.Block, start: int, raw: str) -> Block:
    """Reduce a block that is no entry to what is needed here."""
    from bibtexparser.exceptions import BlockAbortedException
    from bibtexparser.model import ParsingFailedBlock, String

    end = start + len(raw)
    found = block
    if isinstance(block, ParsingFailedBlock):
        if block.ignore_error_block is None:
            error = block.error
            why = error.abort_reason if isinstance(error, BlockAbortedException) else str(error)
            return Block(start, end, "malformed", why=why)
        found = block.ignore_error_block
    header = _HEADER.match(raw)
    if header and header[1].lower() not in {"comment", "preamble", "string"}:
        return Block(start, end, "malformed", why=f'"{header[1]}" is no entry type')
    if isinstance(found, String):
        return Block(start, end, "string", "string", found.key, (("value", found.value),))
    return Block(start, end, "other")


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    """Keep a logger quiet in this thread: what it would say is reported as problems."""
    thread = threading.get_ident()

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger = logging.getLogger(name)
    logger.addFilter(from_elsewhere)
    try:
        yield
    finally:
        logger.removeFilter(from_elsewhere)


def diagnosis(source: Source, text: str, block: Block, following: int) -> str:
    """Say in one line why the splitter gave a block up."""
    raw = text[block.start : block.end]
    header = _HEADER.match(raw)
    kind, key = (header[1].lower(), header[2]) if header else ("", "")
    cause = _cause(raw, key, block.why)
    if "the next entry" in cause:
        cause += f" (line {source.line(following)})"
    what = f"@{kind}" if kind in {"comment", "preamble", "string"} else "entry"
    named = key and kind not in {"comment", "preamble"} and not cause.startswith("no key")
    label = f' "{shortened(key, SHOWN)}"' if named else ""
    return f"{what}{label} is malformed: {cause}"


def _cause(raw: str, key: str, why: str) -> str:
    """Put a reason of bibtexparser's in the words of someone who edits the file."""
    if "end of file" in why:
        cause = "a brace or quotation mark is not closed before the end of the file"
    elif re.search("block start|found:? `?@", why):
        open_sign = (
            "a quotation mark" if 'closing `"`' in why else "a brace" if "closing `}`" in why else "it"
        )
        cause = f"{open_sign} is not closed before the next entry"
    elif dangling := re.search(r"after entry key `(.*)`, but", why, re.DOTALL):
        cause = f'the field "{shortened(dangling[1], SHOWN)}" has no "="'
    elif "Expected a `=`" in why:
        name = shortened(raw.rpartition(",")[2], SHOWN)
        cause = f'the field "{name}" has no "="' if name else "two commas follow one another"
    elif "Expected comma after entry key" in why and not raw.endswith("="):
        cause = f"the key is followed by {quoted(raw[-1])} instead of a comma"
    elif "Expected comma after entry key" in why:
        words = re.split("[{(]", raw, maxsplit=1)[-1].rstrip("=").split()
        keyless = f'no key stands before the field "{shortened(key, SHOWN)}"'
        cause = keyless if len(words) < 2 else "a comma is missing after the key"
    else:
        cause = shortened(why, REASON_SHOWN)
    return cause


def end_of_malformed(text: str, start: int, stop: int) -> int:
    """Return where the braces of a malformed block balance; else `stop`, the next block."""
    opening = re.compile(r"@\w*[ \t]*(?={)").match(text, start)
    end = closing(text, opening.end(), stop) if opening else -1
    return end if end >= 0 else stop


def report_gap(source: Source, begin: int, end: int) -> bool:
    """Report each paragraph between blocks that is no remark; return whether "%" precedes the next block."""
    running = False
    for line in source.text[begin:end].split("\n"):
        body = line.strip()
        stray = bool(body) and not body.startswith("%")
        if stray and not running:
            kind = 'no "{" follows the entry type' if body.startswith("@") else "text outside an entry"
            message = f'{kind}: "{shortened(body, SHOWN)}"; put remarks behind "%" or in @comment{{...}}'
            source.report(begin + line.index(body[0]), message)
        running = stray
        begin += len(line) + 1
    return body.startswith("%")


def string_definitions(source: Source, blocks: Iterable[Block]) -> dict[str, str]:
    """Collect the @string definitions, each of which may use the earlier ones."""
    strings: dict[str, str] = {}
    lines: dict[str, int] = {}
    for block in blocks:
        if block.kind != "string":
            continue
        name, raw = block.key.lower(), block.fields[0][1]
        if not _NAME.fullmatch(name):
            source.report(block.start, f"{block.label} is malformed: this is no name")
        elif not is_value(raw):
            source.report(
                block.start, f"{block.label} is malformed: {_value_fault(source, block, name, raw)}"
            )
        elif name in strings:
            source.report(block.start, f"duplicate {block.label}: line {lines[name]} defines it already")
        else:
            strings[name] = value_text(_resolved(source, block, "value", raw, strings))
            lines[name] = source.line(block.start)
    return strings


def checked_fields(
    source: Source, block: Block, strings: Mapping[str, str]
) -> tuple[tuple[str, str], ...] | None:
    """Report repeated and malformed fields; return them with strings resolved, None if malformed."""
    values = dict(block.fields)
    if len(values) < len(block.fields):
        for name, count in Counter(name for name, _ in block.fields).items():
            if count > 1:
                shown = shortened(name, SHOWN)
                source.report(block.start, f'{block.label} has the field "{shown}" {count} times')
    elif _COMMON_FIELDS.issuperset(values) and _USUAL_VALUES.fullmatch("\n".join(values.values())):
        return block.fields
    faults = []
    read = []
    for name, raw in block.fields:
        if not _NAME.fullmatch(name):
            faults.append(f'"{shortened(name, SHOWN)}" is no field name' if name else "a field has no name")
        if is_value(raw):
            read.append((name, _resolved(source, block, name, raw, strings)))
        else:
            faults.append(_value_fault(source, block, name, raw))
    for fault in faults:
        source.report(block.start, f"{block.label} is malformed: {fault}")
    return None if faults else tuple(read)


def _resolved(source: Source, block: Block, name: str, raw: str, strings: Mapping[str, str]) -> str:
    """Replace the names that the file defines; report those that nothing defines."""
    if _USUAL_VALUE.fullmatch(raw):
        return raw
    words = [piece.lower() for piece in _pieces(raw)[0] if piece[0] not in '{"' and not piece.isdecimal()]
    for word in dict.fromkeys(words):
        if word not in strings and word not in MONTHS:
            where = f': the field "{shortened(name, SHOWN)}"' if block.kind == "entry" else ""
            message = f'{block.label}{where} uses "{shortened(word, SHOWN)}", which no @string defines'
            source.report(block.start, message, did_you_mean(word, [*strings, *MONTHS]))
    if any(word in strings for word in words):
        return "{" + value_text(raw, strings) + "}"
    return raw


def _value_fault(source: Source, block: Block, name: str, raw: str) -> str:
    """Say what is wrong with a value, and on which line."""
    shown = shortened(name, SHOWN)
    if not raw:
        return f'the field "{shown}" has no value'
    pieces, fault = _pieces(raw)
    line = source.line(max(source.text.find(raw, block.start, block.end), block.start) + fault)
    if pieces and "=" in raw[fault:]:
        return f'a comma is missing after the field "{shown}" (line {line})'
    return f'the value of the field "{shown}" cannot be read (line {line}): "{shortened(raw[fault:], SHOWN)}"'


def is_value(raw: str) -> bool:
    """Whether BibTeX can read a text as the value of a field."""
    return bool(_USUAL_VALUE.fullmatch(raw)) or _pieces(raw)[1] < 0


def value_text(raw: str, strings: Mapping[str, str] = MONTHS) -> str:
    """Return the text of a value without its enclosing; what is no value comes back as it is."""
    if _SIMPLE_VALUE.fullmatch(raw):
        return raw.strip("{}")
    pieces, fault = _pieces(raw)
    if fault >= 0:
        return raw
    return "".join(
        piece[1:-1] if piece[0] in '{"' else strings.get(piece.lower(), MONTHS.get(piece.lower(), piece))
        for piece in pieces
    )


def _pieces(raw: str) -> tuple[list[str], int]:
    """Split a value at its "#"; also return where it stops being one, or -1."""
    pieces: list[str] = []
    at = 0
    while True:
        at = _after_space(raw, at)
        if raw[at : at + 1] in {"{", '"'}:
            end = closing(raw, at)
        else:
            word = _WORD.match(raw, at)
            end = word.end() if word else -1
        if end < 0:
            return pieces, at
        pieces.append(raw[at:end])
        at = _after_space(raw, end)
        if at == len(raw):
            return pieces, -1
        if raw[at] != "#":
            return pieces, at
        at += 1


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def quoted(character: str) -> str:
    """Return a character as a message names it."""
    names = {" ": "a space", "\n": "a line break", "\t": "a tab", '"': "a quotation mark", ",": "a comma"}
    return (
        names.get(character) or f'"{character}"'
        if character.isprintable() or character in names
        else repr(character)
    )
