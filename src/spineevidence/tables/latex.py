r"""A table as LaTeX: booktabs and longtable, all texts escaped, nothing left for TeX to carry out.

Characters that the fonts of pdfLaTeX lack are written as commands that every engine knows, such as
``\ensuremath{\oplus}``. What no such command shows is kept as it is, and a comment asks for LuaLaTeX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from spineevidence.tables.layout import Block, Head, Layout, Words
from spineevidence.tables.parts import Alignment

UNBROKEN = 20  # characters of one word beyond which TeX may break it anywhere

_GREEK = (
    *(("α", "alpha"), ("β", "beta"), ("γ", "gamma"), ("δ", "delta"), ("ε", "varepsilon"), ("ζ", "zeta")),
    *(("η", "eta"), ("θ", "theta"), ("ι", "iota"), ("κ", "kappa"), ("λ", "lambda"), ("μ", "mu"), ("ν", "nu")),
    *(("ξ", "xi"), ("π", "pi"), ("ρ", "rho"), ("σ", "sigma"), ("τ", "tau"), ("υ", "upsilon")),
    *(("φ", "varphi"), ("χ", "chi"), ("ψ", "psi"), ("ω", "omega"), ("Γ", "Gamma"), ("Δ", "Delta")),
    *(("Θ", "Theta"), ("Λ", "Lambda"), ("Ξ", "Xi"), ("Π", "Pi"), ("Σ", "Sigma"), ("Φ", "Phi")),
    *(("Ψ", "Psi"), ("Ω", "Omega")),
)
_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "%": r"\%",
        "_": r"\_",
        "#": r"\#",
        "&": r"\&",
        "$": r"\$",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "|": r"\textbar{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        '"': r"\textquotedbl{}",
        "'": r"\textquotesingle{}",
        "`": r"\textasciigrave{}",
        "[": "{[}",  # a bracket or star that begins a row would belong to the end of the row before
        "]": "{]}",
        "*": "{*}",
        "\n": r"\mbox{}\linebreak{}",
        "\u00a0": "~",
        "\u00ad": r"\-",
        "\u200b": r"\hspace{0pt}",
        "\u2002": r"\enspace{}",
        "\u2003": r"\quad{}",
        "\u2009": r"\,",
        "\u202f": r"\,{}",
        "\u2010": "{-}",
        "\u2011": r"\mbox{-}",
        "\u2013": r"\textendash{}",
        "\u2014": r"\textemdash{}",
        "\u2018": r"\textquoteleft{}",
        "\u2019": r"\textquoteright{}",
        "\u201c": r"\textquotedblleft{}",
        "\u201d": r"\textquotedblright{}",
        "\u201e": r"\quotedblbase{}",
        "\u2020": r"\textdagger{}",
        "\u2021": r"\textdaggerdbl{}",
        "\u2022": r"\textbullet{}",
        "\u2026": r"\textellipsis{}",
        "\u2030": r"\textperthousand{}",
        "\u20ac": r"\texteuro{}",
        "\u2122": r"\texttrademark{}",
        "\u2212": r"\ensuremath{-}",
        "\u00b1": r"\ensuremath{\pm}",
        "\u00d7": r"\ensuremath{\times}",
        "\u00f7": r"\ensuremath{\div}",
        "\u00b5": r"\textmu{}",
        "\u00b0": r"\textdegree{}",
        "\u00b2": r"\textsuperscript{2}",
        "\u00b3": r"\textsuperscript{3}",
        "\u00b9": r"\textsuperscript{1}",
        "\u00bd": r"\textonehalf{}",
        "\u00bc": r"\textonequarter{}",
        "\u00be": r"\textthreequarters{}",
        "\u2264": r"\ensuremath{\leq}",
        "\u2265": r"\ensuremath{\geq}",
        "\u2260": r"\ensuremath{\neq}",
        "\u2248": r"\ensuremath{\approx}",
        "\u221e": r"\ensuremath{\infty}",
        "\u221a": r"\ensuremath{\surd}",
        "\u2211": r"\ensuremath{\sum}",
        "\u2190": r"\ensuremath{\leftarrow}",
        "\u2191": r"\ensuremath{\uparrow}",
        "\u2192": r"\ensuremath{\rightarrow}",
        "\u2193": r"\ensuremath{\downarrow}",
        "\u2194": r"\ensuremath{\leftrightarrow}",
        "\u2295": r"\ensuremath{\oplus}",
        "\u2296": r"\ensuremath{\ominus}",
        "\u2a01": r"\ensuremath{\bigoplus}",
        "\u25cb": r"\ensuremath{\circ}",
        "\u25ef": r"\ensuremath{\bigcirc}",
        "\u25cf": r"\ensuremath{\bullet}",
        **{letter: rf"\ensuremath{{\{name}}}" for letter, name in _GREEK},
        "\u207b": r"\textsuperscript{\ensuremath{-}}",
        "\u207a": r"\textsuperscript{+}",
        **{digit: rf"\textsubscript{{{number}}}" for number, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **{digit: rf"\textsuperscript{{{4 + number}}}" for number, digit in enumerate("⁴⁵⁶⁷⁸⁹")},
    }
)
# Letters of Latin-1 and Latin Extended-A that the T1 fonts hold, so that every engine prints them.
_LATIN = frozenset(
    "¡¢£¤¥§©«®¶»¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)
_PACKAGES = ("array", "booktabs", "longtable", "pdflscape")
_RAGGED: Mapping[Alignment, str] = MappingProxyType(
    {"left": r"\raggedright", "center": r"\centering", "right": r"\raggedleft"}
)


def latex_document(layout: Layout) -> str:
    """Return the table as a document that can be compiled as it stands."""
    packages = [name for name in _PACKAGES if name != "pdflscape"]
    paper = "a4paper,landscape" if layout.landscape else "a4paper"
    lines = [
        *_engine(layout),
        r"\documentclass{article}",
        r"\usepackage{iftex}",
        r"\ifPDFTeX\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{textcomp}\fi",
        r"\usepackage{lmodern}",
        rf"\usepackage[{paper},margin=2.5cm]{{geometry}}",
        rf"\usepackage{{{','.join(packages)}}}",
        r"\begin{document}",
        *_table(layout),
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def latex_part(layout: Layout) -> str:
    r"""Return the table alone, for ``\input``; a comment says which packages it needs."""
    needed = _PACKAGES if layout.landscape else _PACKAGES[:-1]
    lines = [
        *_engine(layout),
        rf"% needs \usepackage[T1]{{fontenc}} with pdfLaTeX, and \usepackage{{{','.join(needed)}}}",
        *([r"\begin{landscape}"] if layout.landscape else []),
        *_table(layout),
        *([r"\end{landscape}"] if layout.landscape else []),
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    r"""Return text that every engine prints as it is.

    >>> print(escaped(r"\input{x} 50% of a_b"))
    \textbackslash{}input\{x\} 50\% of a\_b
    """
    return " ".join(_word(word) for word in text.split(" "))


def _word(word: str) -> str:
    following = f"{word[1:]} "
    shown = [_sign(one, after) for one, after in zip(word, following, strict=False)]
    return r"\allowbreak{}".join(shown) if len(word) > UNBROKEN else "".join(shown)


def _sign(sign: str, after: str) -> str:
    """Return a character, apart from the next where TeX would make one of both: a dash, quotation marks."""
    shown = _COMMANDS.get(sign, sign)
    return rf"{shown}{{\kern0pt}}" if sign == after and sign in "-,<>" else shown


def _engine(layout: Layout) -> Iterator[str]:
    beyond = sorted(
        {
            character
            for text in _all_texts(layout)
            for character in text
            if not (character.isascii() or character in _COMMANDS or character in _LATIN)
        }
    )
    if beyond:
        codes = ", ".join(f"U+{ord(character):04X}" for character in beyond)
        yield f"% compile with lualatex, and a font that has {codes}"


def _all_texts(layout: Layout) -> Iterator[str]:
    yield layout.caption.text
    yield from (head.words.text for line in layout.heads for head in line)
    for block in layout.blocks:
        if block.heading is not None:
            yield block.heading.text
        yield from (words.text for row in block.rows for words in row)
    yield from layout.notes
    yield from (text for _, text in (*layout.footnotes, *layout.references))


def _table(layout: Layout) -> Iterator[str]:
    head = [r"\toprule", *_head(layout), r"\midrule"]
    yield r"\begingroup\footnotesize\renewcommand{\arraystretch}{1.2}"
    yield r"\setlength{\LTleft}{0pt}\setlength{\LTright}{\fill}\setlength{\tabcolsep}{4pt}"
    yield r"\setlength{\LTcapwidth}{\linewidth}"
    columns = (_format(layout, at, 1, where) for at, where in enumerate(layout.alignments))
    yield rf"\begin{{longtable}}{{{''.join(columns)}}}"
    short = escaped(layout.caption.text)
    yield rf"\caption[{{{short}}}]{{\raggedright {_words(layout.caption)}}}\\"
    yield from head
    yield r"\endfirsthead"
    yield from head
    yield r"\endhead"
    yield r"\bottomrule"
    yield r"\endfoot"
    for place, block in enumerate(layout.blocks):
        yield from _block(block, layout, opening=place == 0)
    yield r"\end{longtable}"
    yield r"\raggedright"
    yield from _below(layout)
    yield r"\par\endgroup"


def _head(layout: Layout) -> Iterator[str]:
    """Yield the lines of the head; headings without one above them stand in the lower line."""
    upper, *rest = layout.heads
    columns = range(len(layout.columns))
    if rest:
        over = {head.first: head for head in upper if head.depth < len(layout.heads)}
        covered = {at for head in over.values() for at in range(head.first + 1, head.first + head.columns)}
        yield _ending(
            _head_cell(over[at], layout, "center") if at in over else ""
            for at in columns
            if at not in covered
        )
        yield "".join(
            rf"\cmidrule(lr){{{head.first + 1}-{head.first + head.columns}}}" for head in over.values()
        )
    lowest = {head.first: head for line in layout.heads for head in line if _reaches_down(head, line, layout)}
    yield _ending(_head_cell(lowest[at], layout, layout.alignments[at], "b") for at in columns)


def _reaches_down(head: Head, line: Sequence[Head], layout: Layout) -> bool:
    return line is layout.heads[-1] or head.depth == len(layout.heads)


def _head_cell(head: Head, layout: Layout, where: Alignment, box: str = "p") -> str:
    form = _format(layout, head.first, head.columns, where, box)
    return rf"\multicolumn{{{head.columns}}}{{{form}}}{{\bfseries {_words(head.words)}}}"


def _format(layout: Layout, first: int, columns: int, where: Alignment, box: str = "p") -> str:
    """Return box ("p" aligned at its top, "b" at its bottom), width and alignment of cells."""
    share = sum(layout.shares[first : first + columns])
    left = "@{}" if first == 0 else ""
    right = "@{}" if first + columns == len(layout.columns) else ""
    width = rf"\dimexpr {share:.4f}\linewidth-2\tabcolsep\relax"
    return rf"{left}>{{{_RAGGED[where]}\arraybackslash}}{box}{{{width}}}{right}"


def _block(block: Block, layout: Layout, *, opening: bool) -> Iterator[str]:
    if block.heading is not None:
        if not opening:
            yield r"\addlinespace"
        count = len(layout.columns)
        form = _format(layout, 0, count, "left")
        yield rf"\multicolumn{{{count}}}{{{form}}}{{\bfseries {_words(block.heading)}}} \\*"
    for row in block.rows:
        yield _ending(map(_words, row))


def _ending(cells: Iterator[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def _below(layout: Layout) -> Iterator[str]:
    for note in layout.notes:
        yield rf"\noindent {escaped(note)}\par"
    for mark, text in layout.footnotes:
        yield rf"\noindent\textsuperscript{{{mark}}} {escaped(text)}\par"
    for number, text in layout.references:
        yield rf"\noindent {number}. {escaped(text)}\par"


def _words(words: Words) -> str:
    raised = rf"\textsuperscript{{{words.raised}}}" if words.marks else ""
    return escaped(words.text) + raised + escaped(words.bracketed)
