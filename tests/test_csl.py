"""References as CSL-JSON: the types and variables of CSL, every field that was there, the same bytes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import citeproc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import spineevidence as spe
from spineevidence.bibliography import Reference
from spineevidence.csl import TYPES, csl_item, csl_json, page_range

SCHEMA = Path(citeproc.SCHEMA_PATH).parent
NAME_PARTS = {"family", "given", "non-dropping-particle", "suffix", "literal"}


def words(grammar: str) -> set[str]:
    """Return the words in quotation marks of a grammar of CSL."""
    return set(re.findall(r'"([^"]+)"', (SCHEMA / grammar).read_text(encoding="utf-8")))


def reference(kind: str = "article", **fields: str) -> Reference:
    return Reference(key="k", type=kind, fields=tuple((name, f"{{{text}}}") for name, text in fields.items()))


def keeps_the_schema(item: dict[str, object]) -> None:
    """Check an item against the types and variables of CSL 1.0.2 and the shapes of csl-data.json."""
    variables = words("csl-variables.rnc")
    assert set(item) <= variables | {"id", "type"}
    assert item["type"] in words("csl-types.rnc")
    for name, value in item.items():
        if name in ("author", "editor"):
            assert isinstance(value, list)
            assert value
            for person in value:
                assert set(person) <= NAME_PARTS
                assert all(isinstance(part, str) and part for part in person.values())
        elif name in ("issued", "accessed"):
            assert isinstance(value, dict)
            assert set(value) in ({"date-parts"}, {"literal"})
            assert all(1 <= len(date) <= 3 for date in value.get("date-parts", []))
        else:
            assert isinstance(value, str), name


def test_the_bundled_references_keep_the_schema() -> None:
    references = spe.load_evidence().references
    items = json.loads(csl_json(references.values()))
    assert [item["id"] for item in items] == sorted(references)
    for item in items:
        keeps_the_schema(item)


def test_every_field_of_an_article_comes_back() -> None:
    item = csl_item(
        reference(
            author=r"van Kleef, Maarten and {INTRACEPT Group} and Doe, Jr., Ann",
            title=r"{\'E}tude of 10 {kHz}",
            journal=r"PM\&R",
            shortjournal="PM R",
            year="2004",
            month="jul",
            volume="9",
            number="2",
            pages="479--85",
            doi="https://doi.org/10.1/ABC_d",
            pmid="123",
            pmcid="PMC9",
            url=r"https://a.org/x\_y",
            urldate="2024-03-05",
            language="en",
            note="a note",
            issn="1-2",
        )
    )
    assert item == {
        "id": "k",
        "type": "article-journal",
        "author": [
            {"family": "Kleef", "given": "Maarten", "non-dropping-particle": "van"},
            {"literal": "INTRACEPT Group"},
            {"family": "Doe", "given": "Ann", "suffix": "Jr."},
        ],
        "title": "Étude of 10 kHz",
        "container-title": "PM&R",
        "container-title-short": "PM R",
        "volume": "9",
        "page": "479-485",
        "language": "en",
        "ISSN": "1-2",
        "PMCID": "PMC9",
        "note": "a note",
        "issue": "2",
        "DOI": "10.1/abc_d",
        "PMID": "123",
        "URL": "https://a.org/x_y",
        "issued": {"date-parts": [[2004, 7]]},
        "accessed": {"date-parts": [[2024, 3, 5]]},
    }


@pytest.mark.parametrize(
    ("fields", "issued"),
    [
        ({"year": "2004"}, {"date-parts": [[2004]]}),
        ({"date": "2004-07-09"}, {"date-parts": [[2004, 7, 9]]}),
        ({"date": "2004-13"}, {"date-parts": [[2004]]}),
        ({"year": "2004", "date": "2004-07"}, {"date-parts": [[2004, 7]]}),
        ({"year": "2005", "date": "2004-07"}, {"date-parts": [[2005]]}),
        ({"year": "in press"}, {"literal": "in press"}),
        ({"title": "none"}, None),
    ],
)
def test_dates(fields: dict[str, str], issued: object) -> None:
    assert csl_item(reference(**fields)).get("issued") == issued


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("techreport", {"institution": "NICE", "number": "59"}, {"type": "report", "number": "59"}),
        ("phdthesis", {"school": "RUG"}, {"type": "thesis", "genre": "Doctoral dissertation"}),
        ("mastersthesis", {"type": "MSc thesis"}, {"type": "thesis", "genre": "MSc thesis"}),
        ("misc", {"howpublished": "Congress"}, {"type": "document", "publisher": "Congress"}),
        ("misc", {"howpublished": r"\url{https://a.org}"}, {"type": "webpage", "URL": "https://a.org"}),
        (
            "incollection",
            {"booktitle": "B", "editor": "Roe, J."},
            {"type": "chapter", "container-title": "B"},
        ),
        ("odd", {"title": "T"}, {"type": "document"}),
    ],
)
def test_types(kind: str, fields: dict[str, str], expected: dict[str, str]) -> None:
    item = csl_item(reference(kind, **fields))
    assert expected.items() <= item.items()
    keeps_the_schema(item)


def test_every_type_is_one_of_csl() -> None:
    assert set(TYPES.values()) <= words("csl-types.rnc")


@pytest.mark.parametrize(
    ("printed", "full"),
    [
        ("100–7", "100-107"),
        ("S12–5", "S12-15"),
        ("e1", "e1"),
        ("485-479", "485-479"),
        ("–12", "–12"),
        ("1-2-3", "1-2-3"),
    ],
)
def test_page_ranges(printed: str, full: str) -> None:
    assert page_range(printed) == full


@given(st.integers(1, 99_999), st.integers(1, 999))
def test_a_shortened_range_comes_back_in_full(first: int, more: int) -> None:
    low, high = str(first), str(first + more)
    same = (
        next((at for at in range(len(low)) if low[at] != high[at : at + 1]), 0)
        if len(low) == len(high)
        else 0
    )
    assert page_range(f"{low}–{high[same:]}") == f"{low}-{high}"


@given(
    st.sampled_from([*TYPES, "odd"]),
    st.dictionaries(
        st.sampled_from(
            ["author", "editor", "title", "year", "date", "pages", "number", "month", "howpublished"]
        ),
        st.text(max_size=20),
    ),
)
@example(kind="article", fields={"author": r"\quad"})  # a name of white space alone
def test_any_reference_keeps_the_schema(kind: str, fields: dict[str, str]) -> None:
    made = reference(kind, **fields)
    keeps_the_schema(csl_item(made))
    assert json.loads(csl_json([made])) == [csl_item(made)]
