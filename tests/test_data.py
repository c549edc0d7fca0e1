"""The bundled evidence is canonical, every key resolves, and what is generated is up to date."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.bibliography import read_bibliography
from spineevidence.datapackage import BEGIN, END, format_datapackage, format_dictionary
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.files import format_files
from spineevidence.models import COMPARATOR_CLASSES, TABLES

LISTS = {"synonyms", "indications", "contraindications", "citekeys", "thresholds_shown", "threshold_citekeys"}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


def rows(table: str) -> list[dict[str, str]]:
    with (BUNDLED / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_writing_what_was_loaded_gives_the_same_bytes(evidence: Evidence) -> None:
    made = format_files(evidence.tables, evidence.references)
    assert {"references.bib", "datapackage.json"} < made.keys()
    for name, data in made.items():
        assert (BUNDLED / name).read_bytes() == data, name


def test_every_file_of_the_folder_is_described(evidence: Evidence) -> None:
    made = format_files(evidence.tables, evidence.references)
    assert {path.name for path in BUNDLED.iterdir()} == made.keys() | {"README.md"}


def test_generated_descriptions_are_up_to_date() -> None:
    assert (BUNDLED / "datapackage.json").read_text(encoding="utf-8") == format_datapackage()
    readme = (BUNDLED / "README.md").read_text(encoding="utf-8")
    assert readme.count(BEGIN) == readme.count(END) == 1
    assert readme.partition(BEGIN)[2].partition(END)[0].strip() == format_dictionary().strip()


def test_every_key_resolves() -> None:
    references = set(read_bibliography(BUNDLED / "references.bib").references)
    studies = {row["study_id"] for row in rows("studies")}
    arms = {(row["study_id"], row["arm"]) for row in rows("arms")}
    procedures = {row["procedure_id"] for row in rows("procedures")}
    measures = {row["measure_id"] for row in rows("measures")}
    for table in TABLES:
        for row in rows(table):
            for column in ("citekey", "citekeys", "threshold_citekeys"):
                assert set(filter(None, row.get(column, "").split(";"))) <= references, row
            assert row.get("measure_id", "") in measures | {""}, row
            assert row.get("procedure_id", "") in procedures | {""}, row
            assert row.get("study_id", "") in studies | {""}, row
    for row in rows("outcomes"):
        assert (row["study_id"], row["arm"]) in arms, row
        assert not row["versus"] or (row["study_id"], row["versus"]) in arms, row
    for row in rows("claims"):
        assert row["comparator"] in procedures | {"any", *COMPARATOR_CLASSES}, row


def test_everything_is_spoken_of() -> None:
    """No study without results, no reference that nothing cites."""
    outcomes = rows("outcomes")
    assert {row["study_id"] for row in rows("studies")} == {row["study_id"] for row in outcomes}
    columns = ("citekey", "citekeys", "threshold_citekeys")
    cells = (row.get(column, "") for table in TABLES for row in rows(table) for column in columns)
    cited = {key for cell in cells for key in cell.split(";") if key}
    assert set(read_bibliography(BUNDLED / "references.bib").references) == cited


def test_no_key_and_no_doi_twice() -> None:
    for name, model in TABLES.items():
        keys = Counter(tuple(row[column].casefold() for column in model.key) for row in rows(name))
        assert [key for key, count in keys.items() if count > 1] == []
    references = read_bibliography(BUNDLED / "references.bib").references
    dois = Counter(reference.doi for reference in references.values() if reference.doi)
    assert [doi for doi, count in dois.items() if count > 1] == []
    assert len({key.casefold() for key in references}) == len(references)


def test_every_result_says_where_it_was_read() -> None:
    assert all(row["locator"] and row["basis"] and row["citekey"] for row in rows("outcomes"))


def test_lists_have_no_blanks_around_their_items() -> None:
    for table in TABLES:
        for row in rows(table):
            for column in LISTS & row.keys():
                items = row[column].split(";")
                assert items == [item.strip() for item in items], row


@pytest.mark.parametrize("path", sorted(BUNDLED.iterdir()), ids=lambda path: path.name)
def test_files_are_plain_text(path: Path) -> None:
    data = path.read_bytes()
    assert data.endswith(b"\n")
    assert b"\r" not in data
    assert b"\0" not in data
    assert data.decode("utf-8").isprintable() or "\n" in data.decode("utf-8")


def test_nothing_odd_but_what_is_known(evidence: Evidence) -> None:
    """Each note is of a kind that can stand in a report; a new kind wants a look at the report first."""
    kinds = (
        "no whole number of",
        "whole-number scores",
        "may be a standard error",
        "with the mean 4.4 can have",
        "with the mean 5.2 can have",
        "with the mean 5.3 can have",
        "more than the n of the arm",
    )
    odd = [note for note in evidence.notes if not any(kind in note for kind in kinds)]
    assert all(note.startswith("references.bib") for note in odd), odd
