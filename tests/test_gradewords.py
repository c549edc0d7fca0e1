"""Certainty in words, after GRADE guidance 26: moderate is probably, low is may, very low is uncertain."""

from __future__ import annotations

import pytest

from spineevidence.errors import UnknownNameError
from spineevidence.gradewords import informative_statement
from spineevidence.models import GRADE_LEVELS
from spineevidence.stepwise import STATES

TABLE = {
    ("high", "important_benefit"): "X improves pain",
    ("moderate", "important_benefit"): "X probably improves pain",
    ("low", "important_benefit"): "X may improve pain",
    ("high", "benefit"): "X improves pain, by how much is uncertain",
    ("low", "benefit"): "X may improve pain, by how much is uncertain",
    ("high", "small_benefit"): "X improves pain slightly, by less than an important difference",
    ("moderate", "small_benefit"): "X probably improves pain slightly, by less than an important difference",
    ("low", "small_benefit"): "X may improve pain slightly, by less than an important difference",
    ("high", "no_important_benefit"): "X results in no important improvement in pain",
    ("moderate", "no_important_benefit"): "X probably results in no important improvement in pain",
    ("low", "no_important_benefit"): "X may result in no important improvement in pain",
    ("high", "harm"): "X worsens pain",
    ("moderate", "harm"): "X probably worsens pain",
    ("low", "harm"): "X may worsen pain",
    ("high", "inconclusive"): "Whether X improves pain cannot be told from the evidence",
    ("low", "inconclusive"): "Whether X improves pain cannot be told from the evidence",
    ("very low", "important_benefit"): "The evidence is very uncertain about the effect of X on pain",
    ("very low", "no_important_benefit"): "The evidence is very uncertain about the effect of X on pain",
    ("very low", "inconclusive"): "The evidence is very uncertain about the effect of X on pain",
}


@pytest.mark.parametrize(("level", "state"), TABLE)
def test_statements(level: str, state: str) -> None:
    assert informative_statement(level, state, procedure="X", outcome="pain") == TABLE[level, state]


@pytest.mark.parametrize("state", STATES)
def test_each_level_has_its_own_word(state: str) -> None:
    said = {
        level: informative_statement(level, state, procedure="X", outcome="pain") for level in GRADE_LEVELS
    }
    assert "very uncertain" in said["very low"]
    if state != "inconclusive":
        assert " probably " in said["moderate"]
        assert " may " in said["low"]
        assert not {"probably", "may"} & set(said["high"].split())
        assert len(set(said.values())) == len(GRADE_LEVELS)


@pytest.mark.parametrize("level", GRADE_LEVELS)
def test_not_shown_is_never_turned_into_none(level: str) -> None:
    said = informative_statement(level, "inconclusive", procedure="X", outcome="pain")
    assert "no " not in said
    assert "difference" not in said


def test_unknown_words_are_refused() -> None:
    with pytest.raises(UnknownNameError, match='did you mean "very low"'):
        informative_statement("very_low", "harm", procedure="X", outcome="pain")
    with pytest.raises(UnknownNameError, match='did you mean "benefit"'):
        informative_statement("low", "benefits", procedure="X", outcome="pain")
