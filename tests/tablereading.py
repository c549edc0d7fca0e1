"""Written tables read back, each format by other means than those that wrote it.

Raised marks stand between two control characters, which no table can hold: ``text\\x01a,b\\x02 [1]``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import docx
from docx.oxml.ns import qn
from markdown_it import MarkdownIt
from pylatexenc.latex2text import LatexNodes2Text

TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "table", "caption", "colgroup", "thead", "tbody",
    "tr", "th", "td", "sup", "br", "p", "ul", "ol", "li",
}  # fmt: skip
ATTRIBUTES = {
    "lang",
    "charset",
    "name",
    "content",
    "scope",
    "colspan",
    "rowspan",
    "span",
    "style",
    "aria-label",
}


@dataclass
class Seen:
    """What stands in a file: lines of heads as (text, columns, lines), rows with a single text for groups."""

    caption: str = ""
    heads: list[list[tuple[str, int, int]]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


# ---- Word


def read_word(data: bytes) -> Seen:
    document = docx.Document(io.BytesIO(data))
    (table,) = document.tables
    seen = Seen()
    before = True
    for element in document.element.body:
        if element.tag == qn("w:tbl"):
            before = False
        elif element.tag == qn("w:p"):
            (seen.below.append if not before else lambda text: setattr(seen, "caption", text))(_runs(element))
    opened: dict[int, tuple[int, int]] = {}
    for row in table.rows:
        cells = list(row._tr.tc_lst)
        if row._tr.trPr.find(qn("w:tblHeader")) is None:
            seen.rows.append([_runs(cell) for cell in cells])
            continue
        line: list[tuple[str, int, int]] = []
        seen.heads.append(line)
        at = 0
        for cell in cells:
            if cell.vMerge == "continue":
                where, place = opened[at]
                text, columns, depth = seen.heads[where][place]
                assert not _runs(cell)
                seen.heads[where][place] = (text, columns, depth + 1)
            else:
                opened[at] = (len(seen.heads) - 1, len(line))
                line.append((_runs(cell), cell.grid_span, 1))
            at += cell.grid_span
    return seen


def _runs(element: Any) -> str:
    parts = []
    for run in element.iter(qn("w:r")):
        text = "".join({qn("w:br"): "\n", qn("w:tab"): "\t"}.get(one.tag, one.text or "") for one in run)
        raised = run.find(f"{qn('w:rPr')}/{qn('w:vertAlign')}")
        parts.append(text if raised is None else f"\x01{text}\x02")
    return "".join(parts)


# ---- HTML


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen()
        self.text = ""
        self.head = False
        self.row: list[str] = []
        self.line: list[tuple[str, int, int]] = []
        self.open: dict[str, str | None] = {}
        self.numbered = 0
        self.scopes: list[str] = []
        self.title = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        if tag == "br":
            self.text += "\n"
        elif tag == "sup":
            self.text += "\x01"
        else:
            self.text = ""
            self.open = dict(attrs)
        self.head = tag == "thead" or (self.head and tag != "tbody")
        if tag in ("ul", "ol"):
            self.numbered = 1 if tag == "ol" else 0
        if tag == "tr":
            self.row, self.line = [], []

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        seen = self.seen
        if tag == "sup":
            self.text += "\x02"
        elif tag == "caption":
            seen.caption = self.text
        elif tag == "title":
            self.title = self.text
        elif tag in ("th", "td"):
            self.row.append(self.text)
            columns, depth = (int(self.open.get(name) or 1) for name in ("colspan", "rowspan"))
            self.line.append((self.text, columns, depth))
            self.scopes.append(self.open.get("scope") or "")
        elif tag == "tr":
            seen.heads.append(self.line) if self.head else seen.rows.append(self.row)
        elif tag == "p":
            seen.below.append(self.text)
        elif tag == "li":
            number = f"{self.numbered}. " if self.numbered else ""
            self.numbered += bool(self.numbered)
            seen.below.append(number + self.text)


def read_html(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    return page


# ---- Markdown, by a renderer


def read_markdown(text: str) -> Seen:
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    plain = re.sub("</?strong>", "", page).replace("\n</", "</").replace("\n<", "<")
    seen = read_html(plain).seen
    seen.caption = seen.below.pop(0)
    for row in seen.rows:
        while len(row) > 1 and not row[-1]:
            row.pop()
    return seen


# ---- CSV


def read_csv(data: bytes) -> tuple[list[list[str]], list[list[str]]]:
    """Return the rows above and below the empty one, without the apostrophes that keep formulas away."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    freed = [[re.sub(r"^'(?='* *[-=+@\t\n＝＋－＠])", "", cell) for cell in row] for row in rows]
    empty = max(place for place, row in enumerate(freed[: freed.index(_caption_row(freed))]) if not row)
    return freed[:empty], freed[empty + 1 :]


def _caption_row(rows: list[list[str]]) -> list[str]:
    after = next(place for place, row in enumerate(rows) if not row)
    return rows[after + 1]


# ---- LaTeX, by a small parser

_NAMED = {
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textbar": "|", "textless": "<",
    "textgreater": ">", "textquotedbl": '"', "textquotesingle": "'", "textasciigrave": "`",
}  # fmt: skip
_OTHERS = {
    "{}": "", "\\allowbreak{}": "", "\\mbox{}\\linebreak{}": "\n", "{\\kern0pt}": "",
    "\\hspace{0pt}": "\u200b", "\\,": "\u2009", "\\,{}": "\u202f", "\\-": "\u00ad", "~": "\u00a0",
    "\\mbox{-}": "\u2011", "\\ensuremath{-}": "\u2212", "{-}": "\u2010", "{[}": "[", "{]}": "]", "{*}": "*",
    "\\enspace{}": "\u2002", "\\quad{}": "\u2003", "\\textsuperscript{\\ensuremath{-}}": "⁻",
    "\\textsuperscript{+}": "⁺",
    **{f"\\{sign}": sign for sign in "{}%_#&$"},
}  # fmt: skip
_HARMLESS = re.compile(
    r"\\mbox\{\}\\linebreak\{\}"
    r"|\{\\kern0pt\}"
    r"|\\,\{\}"
    r"|\\[{}%_#&$\-,]"
    r"|\\textsuperscript\{\\ensuremath\{-\}\}"
    r"|\\(?:textsuperscript|textsubscript|ensuremath|mbox)\{(?:[^{}\\]|\\[A-Za-z]+)*\}"
    r"|\\hspace\{0pt\}"
    r"|\\[A-Za-z]+\{\}"
    r"|\{[][*-]\}"
    r"|\{\}"
    r"|~"
)
_DANGEROUS = re.compile(r"[\\{}%#&$^~\"_]")


def unescaped(latex: str) -> str:
    """Return what TeX prints, and fail at whatever it would carry out."""
    parts, at = [], 0
    for found in _HARMLESS.finditer(latex):
        between = latex[at : found.start()]
        assert not _DANGEROUS.search(between), between
        assert not re.search("--|,,|''|``|[?!]`", between), between
        parts += [between, _printed(found[0])]
        at = found.end()
    assert not _DANGEROUS.search(latex[at:]), latex[at:]
    return "".join([*parts, latex[at:]])


def _printed(command: str) -> str:
    name = command.lstrip("\\").rstrip("{}")
    if command in _OTHERS:
        return _OTHERS[command]
    if name in _NAMED:
        return _NAMED[name]
    if raised := re.fullmatch(r"\\textsuperscript\{([a-z,]+)\}", command):
        return f"\x01{raised[1]}\x02"
    if digit := re.fullmatch(r"\\text(super|sub)script\{(\d)\}", command):
        return ("⁰¹²³⁴⁵⁶⁷⁸⁹" if digit[1] == "super" else "₀₁₂₃₄₅₆₇₈₉")[int(digit[2])]
    return str(LatexNodes2Text().latex_to_text(command))


def read_latex(text: str) -> Seen:
    """Read a table back from the lines of its file."""
    lines = text.split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith("\\caption"))
    first, head_end = lines.index("\\toprule"), lines.index("\\endfirsthead")
    foot, end = lines.index("\\endfoot"), lines.index("\\end{longtable}")
    seen = Seen(
        caption=unescaped(re.fullmatch(r"\\caption\[\{.*?\}\]\{\\raggedright (.*)\}\\\\", lines[start])[1])
    )
    assert (
        lines[first + 1 : head_end]
        == lines[lines.index("\\toprule", first + 1) + 1 : lines.index("\\endhead")]
    )
    head = [line for line in lines[first + 1 : head_end] if line.endswith(" \\\\")]
    seen.heads = [[(text, columns, 1) for text, columns in _latex_cells(line)] for line in head]
    for line in lines[foot + 1 : end]:
        if line != "\\addlinespace":
            seen.rows.append([text for text, _ in _latex_cells(line)])
    assert lines[end + 1] == "\\raggedright"
    for line in lines[end + 2 : lines.index("\\par\\endgroup")]:
        inner = re.fullmatch(r"\\noindent ?(.*)\\par", line)[1]
        seen.below.append(unescaped(inner))
    return seen


def _latex_cells(line: str) -> Iterator[tuple[str, int]]:
    body = re.sub(r" \\\\\*?$", "", line)
    for cell in body.split(" & "):
        merged = re.fullmatch(r"\\multicolumn\{(\d+)\}\{.*?\\relax\}(?:@\{\})?\}\{\\bfseries (.*)\}", cell)
        yield (unescaped(merged[2]), int(merged[1])) if merged else (unescaped(cell), 1)
