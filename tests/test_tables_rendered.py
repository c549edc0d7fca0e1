"""Tables as they are printed by LibreOffice and by TeX, where these are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from spineevidence.tables.model import Table
from spineevidence.tables.parts import Column, cell
from tableexample import summary_of_findings

ENGINES = ("pdflatex", "lualatex")
STYLES = ("booktabs.sty", "geometry.sty", "iftex.sty", "lmodern.sty", "longtable.sty")

ONLY_TEXT = [
    "\\input{secret} \\write18{x}", "100 % & more", "a_b ^ c ~ d", "#1 $x$ {y}", "[1em] * x",
    "<b> | >> << \"a\" 'b'", "-- --- ,, '' `` ?` !`", "−1.2 ± 0.5 × 10⁻³ ≤ ≥ µ °", "⊕⊕◯◯", "αβτχ²",
    "é ł ß ž Ő", "½ € ™ † … “x” ‘y’ „z", "plain - hyphen --0.5 1,,2", "n" * 300,
]  # fmt: skip


def needs(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if not missing and shutil.which("kpsewhich") and "soffice" not in tools:
        found = subprocess.run(
            ["kpsewhich", "-all", *STYLES], capture_output=True, text=True, check=False
        ).stdout
        missing = [style for style in STYLES if style not in found]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def printed(folder: Path, name: str) -> str:
    """Return the words of a PDF file without any white space."""
    ran = subprocess.run(
        ["pdftotext", "-raw", f"{name}.pdf", "-"], cwd=folder, capture_output=True, check=True
    )
    return re.sub(r"\s", "", ran.stdout.decode())


def typeset(table: Table, folder: Path, engine: str) -> str:
    """Return what TeX printed; a missing character or any error fails."""
    table.write(folder / "table.tex")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"]
    for _ in range(2):  # longtable needs a second run for its widths
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout[-2000:]
    log = (folder / "table.log").read_text(encoding="utf-8", errors="replace")
    assert not re.findall("Missing character.*|Overfull .*", log)
    return printed(folder, "table")


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("engine", ENGINES)
def test_tex_prints_the_example(tmp_path: Path, engine: str) -> None:
    needs(engine, "pdftotext")
    words = typeset(summary_of_findings(), tmp_path, engine)
    for text in (
        "−1.2(−2.0to−0.4)c",
        "120(2)[1,2]",
        "verylowd,e",
        "Mediumterm(6to12months)f",
        "NNT7(95%CI3to56)",
    ):
        assert text in words
    assert "1.SecondC.Anothertrialofheating&sham." in words


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", ONLY_TEXT)
def test_tex_prints_every_sign_and_carries_nothing_out(tmp_path: Path, engine: str, text: str) -> None:
    needs(engine, "pdftotext")
    (tmp_path / "secret.tex").write_text("SECRET")
    table = Table.build(
        caption=cell(text, notes="k"),
        columns=[Column("a", "First"), Column("b", "Second", kind="number")],
        rows=[[text, "x"], ["[x", text]],
        footnotes={"k": text},
        landscape=False,
    )
    words = typeset(table, tmp_path, engine)
    assert "SECRET" not in words
    alike = {"◯": "", "\u20dd": "", "²": "2", "⁻³": "−3", "\u00b5": "μ", "…": "..."}
    for sign, plain in alike.items():
        text, words = text.replace(sign, plain), words.replace(sign, plain)
    assert words.count(squeezed(text)) >= 4


def test_libreoffice_prints_the_word_table(tmp_path: Path) -> None:
    needs("soffice", "pdftotext")
    summary_of_findings().write(tmp_path / "table.docx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "table.docx"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=300)
    words = printed(tmp_path, "table")
    assert words.startswith("Table1.Heatingofdiscsagainstsham:summaryoffindings")
    for text in (
        "−1.2(−2.0to−0.4)",
        "120(2)[1,2]",
        "⊕⊕◯◯",
        "NNT7(95%CI3to56)",
        "cThesmallestimportantdifference",
    ):
        assert text in words
