"""The data files of the tools for the risk of bias say what their sources say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from spineevidence.biastools import FOLDER, bias_tool, bias_tools, names_of, spellings, tool_names
from spineevidence.models import Design

TOOLS = bias_tools()
FILES = sorted((Path(__file__).parents[1] / "src" / "spineevidence" / FOLDER).iterdir())

# Cochrane Handbook 6.3, chapter 8 (RoB 2); the tables of PMC6969993 (ROBINS-I); Handbook 5.1.0, 8.5.1
# (RoB 1); the table of PMC7494014 (QUADAS-2); the page of ROBINS-I V2, by which one of the seven domains
# was dropped.
PUBLISHED = {
    "rob2_2019": (5, ("Low", "Some concerns", "High")),
    "robins_i_2016": (7, ("Low", "Moderate", "Serious", "Critical")),
    "robins_i_2025": (
        6,
        (
            "Low",
            "Low (except for concerns about uncontrolled confounding)",
            "Moderate",
            "Serious",
            "Critical",
        ),
    ),
    "cochrane_2011": (7, ("Low", "Unclear", "High")),
    "quadas2_2011": (4, ("Low", "Unclear", "High")),
}


def test_every_file_is_a_tool_of_its_name() -> None:
    assert [path.stem for path in FILES] == list(TOOLS) == sorted(PUBLISHED)
    for path in FILES:
        assert path.suffix == ".json"
        assert json.loads(path.read_text(encoding="utf-8"))["tool"] == path.stem


@pytest.mark.parametrize("name", PUBLISHED)
def test_domains_and_judgements_are_those_published(name: str) -> None:
    tool = TOOLS[name]
    count, judgements = PUBLISHED[name]
    assert len(tool.domains) == count
    assert names_of(tool.judgements) == judgements
    assert [tool.rank(judgement) for judgement in judgements] == list(range(len(judgements)))


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.tool)
def test_a_reader_can_follow_the_source(tool: object) -> None:
    assert tool.source.startswith("https://")
    assert "not opened" in tool.read or "title page" in tool.read
    assert tool.tool.endswith(f"_{tool.version}")
    assert set(tool.designs) <= set(get_args(Design))


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.tool)
def test_no_spelling_stands_for_two_words(tool: object) -> None:
    for words in (tool.domain_words, tool.judgement_words):
        every = [spelling.casefold() for word in words for spelling in {word.name, *word.also}]
        if words is tool.judgement_words:
            assert len(set(every)) == len(every)
        assert len(set(names_of(words))) == len(words)
        assert set(spellings(words).values()) == set(names_of(words))


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.tool)
def test_bands_never_get_better_as_judgements_get_worse(tool: object) -> None:
    order = ["low", "some", "high"]
    bands = [order.index(tool.band(word.name)) for word in tool.judgements]
    assert bands == sorted(bands)
    assert {bands[0], bands[-1]} == {0, 2}
    assert all(tool.band(word.name) is None and tool.rank(word.name) is None for word in tool.no_judgement)


def test_a_tool_with_two_versions_is_never_meant_without_its_year() -> None:
    assert bias_tool("robins_i") is None
    assert bias_tool("rob2") == TOOLS["rob2_2019"]
    assert tool_names()["quadas2"] == "quadas2_2011"
    owners = [name for tool in TOOLS.values() for name in tool.names]
    assert len(set(owners)) == len(owners)


def test_the_second_version_of_robins_i_has_no_domain_of_deviations() -> None:
    dropped = "Bias due to deviations from intended interventions"
    assert dropped in names_of(TOOLS["robins_i_2016"].domains)
    assert dropped not in names_of(TOOLS["robins_i_2025"].domains)
