"""LaTeX to plain text: what can be decoded is, everything else stays as printed."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.macrospec import LatexContextDb

FIRST_PLACEHOLDER = 0x100000  # the last private plane: no title has characters from there

_DELIMITER = re.compile(r'(?<!\\)[{}"]')
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.|\Z)|[%&#]|\$(?=[^\s$])(?:[^$\\]|\\.)*(?<=\S)\$(?!\d)|\$", re.DOTALL)
_MACRO = re.compile(r"\\([A-Za-z]+|.|\Z)", re.DOTALL)
_ACCENTS = frozenset("'\"`^~=.uvHckrdb")
_LITERALS = frozenset("%&#$_{}")
_LIGATURES = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", " "))


def plain(latex: str) -> str:
    """Return LaTeX as plain text; what cannot be decoded stays as printed."""
    if "\\" not in latex and "$" not in latex:
        text = re.sub("[{}]", "", latex)
        for ligature, character in _LIGATURES:
            text = text.replace(ligature, character)
        return " ".join(text.split())
    from pylatexenc.latex2text import LatexNodes2Text, get_default_latex_context_db
    from pylatexenc.latexwalker import LatexWalkerError

    if max(latex) >= chr(FIRST_PLACEHOLDER):
        return latex
    context = get_default_latex_context_db()
    try:
        prepared, kept = _with_placeholders(latex, context)
        text = LatexNodes2Text(latex_context=context).latex_to_text(prepared)
    except (LatexWalkerError, RecursionError, ValueError):
        return latex
    text = " ".join(text.split())
    for number, original in enumerate(kept):
        text = text.replace(chr(FIRST_PLACEHOLDER + number), original)
    return text


def closing(text: str, opening: int, stop: int = sys.maxsize) -> int:
    """Return the place after the brace or quotation mark that closes the one at `opening`, or -1."""
    quoted = text[opening] == '"'
    depth = 0 if quoted else 1
    for match in _DELIMITER.finditer(text, opening + 1, stop):
        if match[0] == '"':
            if quoted and depth == 0:
                return match.end()
            continue
        depth += 1 if match[0] == "{" else -1
        if depth < 0:
            return -1
        if depth == 0 and not quoted:
            return match.end()
    return -1


def _with_placeholders(latex: str, context: LatexContextDb) -> tuple[str, list[str]]:
    """Escape the signs that BibTeX files use as text, and put aside the macros that would get lost."""
    prepared: list[str] = []
    kept: list[str] = []
    at = 0
    while token := _TOKEN.search(latex, at):
        prepared.append(latex[at : token.start()])
        found, at = token[0], token.end()
        if found in "%&#$":
            prepared.append(f"\\{found}")
        elif all(_is_decodable(context, macro) for macro in _MACRO.finditer(latex, token.start(), at)):
            prepared.append(found)
        else:
            if found[0] == "\\":
                at = _after_arguments(latex, at)
            prepared.append(chr(FIRST_PLACEHOLDER + len(kept)))
            kept.append(latex[token.start() : at])
    prepared.append(latex[at:])
    return "".join(prepared), kept


def _is_decodable(context: LatexContextDb, macro: re.Match[str]) -> bool:
    """Whether pylatexenc turns a macro into the same characters always, and loses none."""
    name = macro[1]
    if name in _ACCENTS:
        return macro.string[macro.end() :].lstrip(" ")[:1] not in {"", "}"}
    spec = context.get_macro_spec(name)
    if spec is None or name in {"today", "-"}:
        return name in _LITERALS
    shown = spec.simplify_repl
    if isinstance(shown, str):
        return bool(shown) and "<" not in shown
    return name in _LITERALS or (shown is None and not spec.discard)


def _after_arguments(latex: str, at: int) -> int:
    while latex[at : at + 1] == "{":
        end = closing(latex, at)
        if end < 0:
            break
        at = end
    return at
