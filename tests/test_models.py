"""Records made by hand have to keep the rules that the files are checked by."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from spineevidence.models import (
    OF_A_CONTRAST,
    OF_ONE_ARM,
    RATIOS,
    TABLES,
    Arm,
    Claim,
    Measure,
    Outcome,
    Printed,
    Procedure,
    PValue,
    Record,
    RiskOfBias,
    Statistic,
    Study,
    cell_text,
    cell_type,
    points_to,
)

OUTCOME = {
    "study_id": "a2001",
    "arm": "idet",
    "measure_id": "vas",
    "statistic": "mean",
    "value": "4.0",
    "citekey": "a2001",
    "locator": "Table 1",
    "basis": "abstract",
}
CLAIM = {
    "claim_id": "c1",
    "citekey": "leaflet",
    "procedure_id": "idet",
    "comparator": "any",
    "domain": "pain",
    "kind": "benefit_at",
    "time": "6",
    "unit": "months",
    "statement": "It helps",
    "locator": "page 1",
}
PROCEDURE = {"procedure_id": "idet", "name": "N", "family": "f", "role": "therapeutic"}
MEASURE = {
    "measure_id": "vas",
    "name": "Pain",
    "domain": "pain",
    "kind": "continuous",
    "better": "lower",
    "definition": "Visual analogue scale",
}
STUDY = {"study_id": "a2001", "citekeys": "a2001", "design": "rct", "blinding": "double", "condition": "pain"}
BIAS = {
    "study_id": "a2001",
    "tool": "rob2_2019",
    "domain": "overall",
    "judgement": "Low",
    "support": "registered",
    "assessor": "AB",
    "citekey": "a2001",
}


def made(record: type[Record], given: dict[str, Any], **changed: Any) -> Record:
    return record(**{name: value for name, value in (given | changed).items() if value is not None})


@pytest.mark.parametrize(
    ("record", "cells"),
    [
        (Outcome, OUTCOME),
        (Claim, CLAIM),
        (Procedure, PROCEDURE),
        (Measure, MEASURE),
        (Study, STUDY),
        (RiskOfBias, BIAS),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_sound_records(record: type[Record], cells: dict[str, Any]) -> None:
    one = made(record, cells)
    assert one == made(record, cells)
    assert hash(one) == hash(made(record, cells))
    assert all(cell_text(getattr(one, name)) == text for name, text in cells.items())
    assert repr(one).startswith(f"{record.__name__}(")
    assert "0x" not in repr(one)
    with pytest.raises(ValidationError):
        one.note = "other"
    with pytest.raises(ValidationError):
        made(record, cells, surplus="x")
    for name in cells:
        if record.model_fields[name].is_required():
            with pytest.raises(ValidationError):
                made(record, cells, **{name: None})


BROKEN: list[tuple[type[Record], dict[str, Any], dict[str, Any], str]] = [
    (Outcome, OUTCOME, {"versus": "idet", "statistic": "smd"}, "compared with itself"),
    (Outcome, OUTCOME, {"time": "6"}, "has no unit"),
    (Outcome, OUTCOME, {"unit": "days"}, "has no time"),
    (Outcome, OUTCOME, {"statistic": "finding_only", "finding": "improved"}, "has no value, but"),
    (Outcome, OUTCOME, {"value": None}, "mean has no value"),
    (Outcome, OUTCOME, {"statistic": None}, "statistic"),
    (Outcome, OUTCOME, {"statistic": "finding_only", "value": None}, "has no finding"),
    (Outcome, OUTCOME, {"versus": "sham", "statistic": "smd", "finding": "worsened"}, "finding of one arm"),
    (Outcome, OUTCOME, {"finding": "favours_arm"}, "finding of a contrast"),
    (Outcome, OUTCOME, {"statistic": "smd"}, "compares two arms"),
    (Outcome, OUTCOME, {"versus": "sham"}, "is of one arm"),
    (Outcome, OUTCOME, {"ci_low": "1"}, "no upper limit"),
    (Outcome, OUTCOME, {"ci_high": "1"}, "no lower limit"),
    (Outcome, OUTCOME, {"ci_low": "5", "ci_high": "3"}, "reversed"),
    (Outcome, OUTCOME, {"statistic": "percent", "value": "101"}, "outside 0 to 100"),
    (
        Outcome,
        OUTCOME,
        {"statistic": "risk_difference", "versus": "b", "value": "-100.1"},
        "outside -100 to 100",
    ),
    (Outcome, OUTCOME, {"statistic": "risk_ratio", "versus": "b", "value": "0"}, "not above 0"),
    (Outcome, OUTCOME, {"statistic": "events", "value": "2.5"}, "not a whole number of patients"),
    (Outcome, OUTCOME, {"statistic": "events", "value": "-1"}, "not a whole number of patients"),
    (Outcome, OUTCOME, {"statistic": "events", "value": "9", "n": "8"}, "more than n 8"),
    (Outcome, OUTCOME, {"sd": "-1"}, "greater than or equal to 0"),
    (Outcome, OUTCOME, {"n": "0"}, "greater than or equal to 1"),
    (Outcome, OUTCOME, {"n": "1.0"}, "not a whole number"),
    (Outcome, OUTCOME, {"n": 1.5}, "integer"),
    (Outcome, OUTCOME, {"value": "four"}, "not a number"),
    (Outcome, OUTCOME, {"value": float("nan")}, "not a finite number"),
    (Outcome, OUTCOME, {"value": float("inf")}, "not a finite number"),
    (Outcome, OUTCOME, {"value": True}, "not a number"),
    (Outcome, OUTCOME, {"p_value": "1.01"}, "outside 0 to 1"),
    (Outcome, OUTCOME, {"p_value": ">0.05"}, "not a p-value"),
    (Outcome, OUTCOME, {"locator": " "}, "pattern"),
    (Outcome, OUTCOME, {"study_id": "a;b"}, "pattern"),
    (Claim, CLAIM, {"time": None, "unit": None}, "needs a time"),
    (Claim, CLAIM, {"unit": None}, "has no unit"),
    (Claim, CLAIM, {"kind": "wanes", "time": None}, "has no time"),
    (Claim, CLAIM, {"kind": "lasts_between"}, "needs a time and a time_high"),
    (Claim, CLAIM, {"kind": "lasts_between", "time_high": "6"}, "not after"),
    (Claim, CLAIM, {"kind": "success_rate"}, "needs a share"),
    (Claim, CLAIM, {"share": "101"}, "less than or equal to 100"),
    (Claim, CLAIM, {"procedure_id": None}, "needs a procedure"),
    (Procedure, PROCEDURE, {"role": "control"}, "needs a comparator_class"),
    (Procedure, PROCEDURE, {"comparator_class": "placebo"}, "only a control"),
    (Measure, MEASURE, {"minimum": "5", "maximum": "5"}, "not above minimum"),
    (Measure, MEASURE, {"natural_scale": "pain_0_10"}, "needs a continuous measure"),
    (RiskOfBias, BIAS, {"tool": "rob3"}, "is no known tool"),
    (RiskOfBias, BIAS, {"time": "6"}, "has no unit"),
    (Study, STUDY, {"citekeys": "a;;b"}, "pattern"),
    (Study, STUDY, {"citekeys": ()}, "at least 1"),
]


@pytest.mark.parametrize(("record", "cells", "changed", "message"), BROKEN, ids=lambda part: str(part)[:40])
def test_broken_records(
    record: type[Record], cells: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        made(record, cells, **changed)


@pytest.mark.parametrize("kind", ["wanes", "none_at_any_time", "lasts_longer", "safe"])
def test_claims_that_may_lack_a_time(kind: str) -> None:
    made(Claim, CLAIM, kind=kind, time=None, unit=None)
    made(Claim, CLAIM, kind="success_rate", share="80", time=None, unit=None)


@pytest.mark.parametrize("kind", ["lasts_longer", "safe"])
def test_claims_that_may_lack_a_procedure(kind: str) -> None:
    made(Claim, CLAIM, kind=kind, procedure_id=None)


def test_all_rules_of_a_record_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        made(Outcome, OUTCOME, time="6", ci_low="1", finding="favours_arm")
    assert all(message in str(caught.value) for message in ("no unit", "no upper limit", "of a contrast"))


def test_every_statistic_is_of_one_arm_or_of_a_contrast() -> None:
    assert sorted((*OF_ONE_ARM, *OF_A_CONTRAST, "finding_only")) == sorted(get_args(Statistic))
    assert set(RATIOS) < set(OF_A_CONTRAST)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6))
def test_printed_numbers_keep_their_text(number: Any) -> None:
    text = f"{number:f}"
    assert cell_text(Printed(text)) == text
    assert Printed(text) == float(text)
    assert Printed(text).decimals == 3


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", "1,0", "nan", "inf", "0x1", "1_000", "\u0661", "--1", "."]
)
def test_texts_that_are_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        Printed(text)


def test_numbers_given_as_numbers_get_their_shortest_text() -> None:
    assert [Printed(value).text for value in (61.0, 0.1, -2)] == ["61", "0.1", "-2"]
    assert (PValue("<0.05").is_bound, PValue("0.05").is_bound, PValue(0.05).text) == (True, False, "0.05")


def test_whole_scores_are_known_from_the_words() -> None:
    measure = made(Measure, MEASURE, name="Pain (Numeric Rating Scale)")
    assert isinstance(measure, Measure)
    assert measure.counts_whole_items
    assert not Measure.counts_whole_items_by("Pain", "Visual analogue scale")


def test_kinds_of_columns() -> None:
    assert TABLES["outcomes"].whole_columns == ("n",)
    assert TABLES["procedures"].list_columns == ("synonyms", "indications", "contraindications", "citekeys")
    assert TABLES["measures"].list_columns == ("thresholds_shown", "threshold_citekeys")
    assert set(TABLES["outcomes"].number_columns) == {
        "time",
        "value",
        "sd",
        "se",
        "ci_low",
        "ci_high",
        "p_value",
        "n",
    }
    assert cell_type(Outcome, "unit") is str
    assert cell_type(Outcome, "p_value") is PValue
    pointer = points_to(Outcome, "versus")
    assert pointer is not None
    assert (pointer.table, pointer.column, pointer.within) == ("arms", "arm", "study_id")
    assert points_to(Outcome, "value") is None


def test_records_hold_numbers_as_numbers() -> None:
    one = made(Outcome, OUTCOME, n="12", sd="2.50")
    assert isinstance(one, Outcome)
    assert isinstance(one.value, float)
    assert (one.value, one.n, np.sqrt(one.sd or 0) > 1) == (4.0, 12, True)
    assert made(Arm, {"study_id": "a", "arm": "b", "procedure_id": "c"}, n=None)
    assert Procedure(**PROCEDURE, synonyms="A; B").names == ("idet", "N", "A", "B")
