"""Every defect of the files is found in one run, with its place, and nothing on disk changes."""

from __future__ import annotations

import csv
import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from planting import BUNDLED, Base, cells_of, text_of
from spineevidence.errors import DataError, Problem
from spineevidence.evidence import check, load_evidence
from spineevidence.files import read_files
from spineevidence.models import TABLES


class Expected(NamedTuple):
    file: str
    line: int
    column: int
    fragment: str
    hint: str = ""


Plant = Callable[[Base], Expected]


def cell(file: str, column: str, text: str, fragment: str, hint: str = "", **wanted: object) -> Plant:
    """A defect that is a text in one cell of the first row that fits."""

    def plant(base: Base) -> Expected:
        line = base.find(file, **wanted)
        base.put(file, line, **{column: text})
        return Expected(file, *base.place(file, line, column), fragment, hint)

    return plant


def outcome(column: str, text: str, fragment: str, hint: str = "", **wanted: object) -> Plant:
    return cell("outcomes.csv", column, text, fragment, hint, **wanted)


def cells(file: str, blamed: str, texts: dict[str, str], fragment: str, **wanted: object) -> Plant:
    """A defect that takes several cells of a row; one is blamed."""

    def plant(base: Base) -> Expected:
        line = base.find(file, **wanted)
        base.put(file, line, **texts)
        return Expected(file, *base.place(file, line, blamed), fragment)

    return plant


PAIN: dict[str, object] = {"measure_id": "vas_pain_0_10"}
CONTRAST: dict[str, object] = {"statistic": "mean_difference", "ci_low": True, "ci_high": True}

CELLS: dict[str, Plant] = {
    "number with a decimal comma": outcome(
        "value", "5,4", 'value "5,4" is not a number', "5.4", **PAIN, value=True
    ),
    "number with a true minus": outcome(
        "value", "\N{MINUS SIGN}1.5", "is not a number", "-1.5", statistic="change", **PAIN
    ),
    "word for a number": outcome("sd", "wide", 'sd "wide" is not a number', sd=True),
    "number too large": outcome(
        "value", "1e999", "is not a finite number", statistic="mean", sd=False, **PAIN
    ),
    "outside the vocabulary: statistic": outcome(
        "statistic", "meann", 'statistic "meann" is not one of mean, change, median', "mean", statistic="mean"
    ),
    "outside the vocabulary: unit": outcome(
        "unit", "month", "is not one of days, weeks", "months", unit="months"
    ),
    "outside the vocabulary: design": cell(
        "studies.csv", "design", "RTC", "is not one of rct", "rct", design="rct"
    ),
    "outside the vocabulary: basis": outcome(
        "basis", "abstrct", "is not one of full_text", "abstract", basis="abstract"
    ),
    "outside the vocabulary: claim": cell(
        "claims.csv", "kind", "benefitat", "is not one of", "benefit_at", kind="benefit_at"
    ),
    "mean above the scale": outcome(
        "value", "10.1", "mean 10.1 is outside the scale of vas_pain_0_10", statistic="mean", **PAIN
    ),
    "mean below the scale": outcome("value", "-0.1", "is outside the scale", statistic="mean", **PAIN),
    "median above the scale": outcome(
        "value", "11", "median 11 is outside the scale", statistic="median", measure_id="nrs_pain_0_10"
    ),
    "change larger than the scale": outcome(
        "value", "-10.5", "change -10.5 is larger than the whole scale", statistic="change", **PAIN
    ),
    "difference larger than the scale": cells(
        "outcomes.csv",
        "value",
        {"value": "-10.2", "ci_low": "-12", "ci_high": "-8", "p_value": ""},
        "mean_difference -10.2 is larger than the whole scale",
        statistic="mean_difference",
        **PAIN,
    ),
    "percent above 100": outcome("value", "100.5", "percent 100.5 is outside 0 to 100", statistic="percent"),
    "percent below 0": outcome("value", "-1", "percent -1 is outside 0 to 100", statistic="percent"),
    "risk difference": outcome(
        "value", "-101", "risk difference -101 is outside -100 to 100", statistic="risk_difference"
    ),
    "odds ratio": outcome("value", "0", "odds_ratio 0 is not above 0", statistic="odds_ratio"),
    "risk ratio": outcome("value", "-1.2", "risk_ratio -1.2 is not above 0", statistic="risk_ratio"),
    "hazard ratio": outcome("value", "0.0", "hazard_ratio 0.0 is not above 0", statistic="hazard_ratio"),
    "more events than patients": outcome(
        "value", "99999", "events 99999 is more than n ", statistic="events", n=True
    ),
    "more events than the arm": cells(
        "outcomes.csv",
        "value",
        {"value": "88888", "n": ""},
        "events 88888 is more than the n of the arm",
        statistic="events",
        study_id="alexander1989",
    ),
    "half an event": outcome(
        "value", "3.5", "events 3.5 is not a whole number of patients", statistic="events"
    ),
    "p above 1": outcome("p_value", "1.2", 'p_value "1.2" is a p-value outside 0 to 1', p_value=True),
    "p below 0": outcome("p_value", "-0.01", "is a p-value outside 0 to 1", p_value=True),
    "p with a comma": outcome("p_value", "<0,05", "is not a p-value", "<0.05", p_value="<0.05"),
    "p in words": outcome("p_value", "n.s.", "is not a p-value", p_value=True),
    "n of nobody": outcome("n", "0", "n 0 is below 1", n=True, statistic="mean"),
    "n not whole": outcome("n", "12.5", 'n "12.5" is not a whole number', n=True, statistic="mean"),
    "n of an arm": cell("arms.csv", "n", "-4", 'n "-4" is not a whole number', n=True),
    "n_enrolled of nobody": cell(
        "studies.csv", "n_enrolled", "0", "n_enrolled 0 is below 1", n_enrolled=True
    ),
    "n_enrolled in words": cell(
        "studies.csv", "n_enrolled", "forty", 'n_enrolled "forty" is not a whole number', n_enrolled=True
    ),
    "interval without upper limit": outcome("ci_high", "", "lower limit", **CONTRAST),
    "interval without lower limit": outcome("ci_low", "", "upper limit", **CONTRAST),
    "interval reversed": cells(
        "outcomes.csv",
        "ci_low",
        {"ci_low": "2", "ci_high": "-2"},
        "the interval 2 to -2 is reversed",
        **CONTRAST,
    ),
    "interval without its value": outcome("value", "", "mean_difference has no value", **CONTRAST),
    "interval of a finding": cells(
        "outcomes.csv",
        "value",
        {"ci_low": "1", "ci_high": "2"},
        "the interval 1 to 2 has no value",
        statistic="finding_only",
    ),
    "negative sd": outcome("sd", "-1.1", "sd -1.1 is negative", sd=True),
    "negative se": outcome("se", "-0.3", "se -0.3 is negative", se=True),
    "negative time": outcome("time", "-3", "time -3 is negative", time=True),
    "time without unit": outcome("unit", "", "has no unit", time="12", unit="months"),
    "unit without time": outcome("time", "", 'unit "months" has no time', time="12", unit="months"),
    "value without statistic": outcome("statistic", "", "statistic is empty", statistic="mean"),
    "statistic without value": outcome("value", "", "median has no value", statistic="median"),
    "finding_only with value": outcome(
        "value", "4", 'finding_only has no value, but value is "4"', statistic="finding_only"
    ),
    "finding_only without finding": outcome(
        "finding", "", "finding_only has no finding", statistic="finding_only"
    ),
    "finding of one arm in a contrast": outcome(
        "finding", "improved", "is a finding of one arm", versus=True, finding=True
    ),
    "finding of a contrast in one arm": outcome(
        "finding", "favours_arm", "is a finding of a contrast", versus=False, finding=True
    ),
    "statistic of one arm in a contrast": outcome(
        "statistic", "mean", "mean is of one arm", **CONTRAST, measure_id="vas_pain_0_10"
    ),
    "unknown measure": outcome(
        "measure_id", "vas_pain_010", "is no known measure", "vas_pain_0_10", **PAIN, statistic="mean"
    ),
    "unknown study": cell(
        "outcomes.csv", "study_id", "freman2005", "is no known study", "freeman2005", study_id="freeman2005"
    ),
    "unknown arm": outcome(
        "arm", "idte", 'study "freeman2005" has no arm "idte"', "idet", study_id="freeman2005"
    ),
    "unknown versus": outcome(
        "versus", "shamm", 'has no arm "shamm"', "sham", study_id="freeman2005", versus="sham"
    ),
    "unknown procedure of an arm": cell(
        "arms.csv", "procedure_id", "idett", "is no known procedure", "idet", procedure_id="idet"
    ),
    "unknown procedure of a claim": cell(
        "claims.csv",
        "procedure_id",
        "facet_joint_injektion",
        "is no known procedure",
        "facet_joint_injection",
        procedure_id="facet_joint_injection",
    ),
    "unknown comparator of a claim": cell(
        "claims.csv", "comparator", "placebos", "is no known procedure", "placebo", comparator="any"
    ),
    "unknown condition of a claim": cell(
        "claims.csv",
        "condition",
        "facet_pain",
        "is no known condition",
        "facet_joint_pain",
        condition="facet_joint_pain",
    ),
    "unknown cite key of a result": outcome(
        "citekey", "freeman2006", "is no known cite key", "freeman2005", citekey="freeman2005"
    ),
    "unknown cite key of a study": cell(
        "studies.csv",
        "citekeys",
        "freeman2005;unheard-of",
        '"unheard-of" is no known cite key',
        study_id="freeman2005",
    ),
    "unknown cite key of a procedure": cell(
        "procedures.csv",
        "citekeys",
        "patientinfo_idett",
        "is no known cite key",
        "patientinfo_idet",
        citekeys=lambda text: text == "patientinfo_ipm",
    ),
    "empty locator": outcome("locator", "", "locator is empty", statistic="mean"),
    "blank locator": outcome("locator", "  ", "holds nothing but blanks", statistic="mean"),
    "blank before a name": cell(
        "studies.csv",
        "condition",
        " chronic_low_back_pain",
        "begins or ends with a blank",
        "chronic_low_back_pain",
        condition="chronic_low_back_pain",
    ),
    "semicolon in a name": cell(
        "studies.csv",
        "condition",
        "back_pain;leg_pain",
        "is one name, but holds a semicolon",
        condition="chronic_low_back_pain",
    ),
    "empty item in a list": cell(
        "procedures.csv",
        "synonyms",
        "one name;;another",
        "has an empty item",
        "one name;another",
        synonyms=True,
    ),
    "control without class": cell(
        "procedures.csv", "comparator_class", "", "a control needs a comparator_class", role="control"
    ),
    "class without control": cell(
        "procedures.csv",
        "comparator_class",
        "placebo",
        "only a control has a comparator_class",
        role="therapeutic",
    ),
    "synonym of two procedures": cell(
        "procedures.csv",
        "synonyms",
        "idet",
        'already names the procedure "idet"',
        procedure_id="intradiscal_biacuplasty",
    ),
    "scale upside down": cells(
        "measures.csv",
        "maximum",
        {"minimum": "100"},
        "maximum 100 is not above minimum 100",
        maximum="100",
        minimum="0",
        kind="binary",
    ),
    "claim without time": cells(
        "claims.csv",
        "time",
        {"time": "", "unit": ""},
        "a claim of kind benefit_at needs a time",
        kind="benefit_at",
    ),
    "range without end": cells(
        "claims.csv", "time_high", {"kind": "lasts_between"}, "lasts_between needs", kind="benefit_at"
    ),
    "range upside down": cells(
        "claims.csv",
        "time_high",
        {"kind": "lasts_between", "time": "6", "time_high": "3"},
        "time_high 3 is not after time 6",
        kind="benefit_at",
    ),
    "success rate without share": cells(
        "claims.csv", "share", {"kind": "success_rate"}, "needs a share in percent", kind="benefit_at"
    ),
    "share above 100": cell("claims.csv", "share", "120", "share 120 is above 100", kind="benefit_at"),
    "claim without procedure": cell(
        "claims.csv", "procedure_id", "", "needs a procedure", kind="benefit_at", procedure_id=True
    ),
}


def too_few_commas(base: Base) -> Expected:
    line = base.find("arms.csv")
    base.insert("arms.csv", line, ",,,")
    return Expected("arms.csv", line, 1, "the row has 4 cells; the header has 5 columns")


def surplus_cell(base: Base) -> Expected:
    line = base.find("studies.csv", study_id="freeman2005")
    base.put_line("studies.csv", line, base.line("studies.csv", line) + ",and one more")
    return Expected(
        "studies.csv", line, 1, "the row has 10 cells; the header has 9 columns; a comma inside a cell"
    )


def missing_cell(base: Base) -> Expected:
    line = base.find("procedures.csv", procedure_id="vertebroplasty")
    cells = cells_of(base.line("procedures.csv", line))
    base.put_line("procedures.csv", line, text_of(cells[:-2]))
    return Expected("procedures.csv", line, 1, "the row has 12 cells; the header has 14 columns")


def repeated_row(base: Base) -> Expected:
    line = base.find("outcomes.csv", statistic="mean")
    base.insert("outcomes.csv", line + 5, base.line("outcomes.csv", line))
    return Expected("outcomes.csv", line + 5, 1, f"the row repeats line {line}")


def repeated_key(base: Base) -> Expected:
    line = base.find("outcomes.csv", statistic="mean", time="12", value=True, study_id=lambda s: s > "b")
    row = base.row("outcomes.csv", line)
    other = row | {"time": "12.0", "value": "", "statistic": "mean", "locator": "Table 2"}
    base.insert("outcomes.csv", line + 1, text_of(list((other | {"value": row["value"]}).values())))
    message = "the key (study_id, arm, versus, measure_id, time, unit, statistic, analysis) is that of line "
    return Expected("outcomes.csv", line + 1, 1, f"{message}{line}")


def key_in_other_case(base: Base) -> Expected:
    line = base.find("studies.csv", study_id="freeman2005")
    row = base.row("studies.csv", line) | {"study_id": "Freeman2005"}
    base.insert("studies.csv", line + 1, text_of(list(row.values())))
    return Expected("studies.csv", line + 1, 1, f"the key (study_id) is that of line {line}")


def claim_of_one_id(base: Base) -> Expected:
    line = base.find("claims.csv")
    base.insert("claims.csv", line + 1, base.line("claims.csv", line).replace(",pain,", ",leg_pain,", 1))
    return Expected("claims.csv", line + 1, 1, f"the key (claim_id) is that of line {line}")


def arm_against_itself(base: Base) -> Expected:
    line = base.find("outcomes.csv", versus=True, statistic="finding_only")
    base.put("outcomes.csv", line, versus=base.row("outcomes.csv", line)["arm"])
    return Expected("outcomes.csv", *base.place("outcomes.csv", line, "versus"), "is compared with itself")


def odd_tool(base: Base) -> Expected:
    domain = "Bias due to missing outcome data"
    rows = [f"freeman2005,,,,{tool},{domain},Low,Table 1,A,freeman2005" for tool in ("rob2", "robb2")]
    base.write(
        "risk_of_bias.csv", [base.line("risk_of_bias.csv", 1), *rows, rows[0].replace(domain, "overall")]
    )
    return Expected(
        "risk_of_bias.csv",
        *base.place("risk_of_bias.csv", 3, "tool"),
        'tool "robb2" is no known tool; known: ',
        "rob2_2019",
    )


def unclosed_quote(base: Base) -> Expected:
    line = base.find("studies.csv", note=lambda text: "," in text)
    text = base.line("studies.csv", line)
    base.put_line("studies.csv", line, text[:-1])
    column = len(text) - len(cells_of(text)[-1]) - 1
    return Expected("studies.csv", line, column, "the quotation mark that opens this cell is not closed")


def text_after_quote(base: Base) -> Expected:
    line = base.find("arms.csv", description=lambda text: "," in text)
    place = base.place("arms.csv", line, "description")
    text = base.line("arms.csv", line)
    base.put_line("arms.csv", line, text[: text.rindex('"') + 1] + "x" + text[text.rindex('"') + 1 :])
    return Expected("arms.csv", *place, "text follows the closing quotation mark")


def wrong_byte(base: Base) -> Expected:
    line = base.find("studies.csv", country=True)
    base.put("studies.csv", line, note="Seen in Z\u00fcrich")
    path = base.path("studies.csv")
    column = base.line("studies.csv", line).index("\u00fc") + 1
    path.write_bytes(path.read_bytes().replace("Z\u00fc".encode(), b"Z\xfc"))
    return Expected("studies.csv", line, column, 'byte 0xfc is not UTF-8 (in Windows-1252 it is "\u00fc")')


def null_character(base: Base) -> Expected:
    line = base.find("arms.csv", study_id="freeman2005")
    text = base.line("arms.csv", line)
    base.put_line("arms.csv", line, text[:4] + "\0" + text[4:])
    return Expected("arms.csv", line, 5, "a NUL character")


def empty_file(base: Base) -> Expected:
    base.path("claims.csv").write_bytes(b"")
    return Expected("claims.csv", 1, 1, "the file is empty")


def only_blanks(base: Base) -> Expected:
    base.path("claims.csv").write_bytes("\N{NO-BREAK SPACE}\n \n".encode())
    return Expected("claims.csv", 1, 1, "the file is empty")


def missing_file(base: Base) -> Expected:
    base.path("measures.csv").unlink()
    return Expected("measures.csv", 1, 1, "the file is missing")


def folder_for_a_file(base: Base) -> Expected:
    base.path("claims.csv").unlink()
    base.path("claims.csv").mkdir()
    return Expected("claims.csv", 1, 1, "the file cannot be read")


def utf_16(base: Base) -> Expected:
    path = base.path("studies.csv")
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    return Expected("studies.csv", 1, 1, "the file is UTF-16; save it as UTF-8")


def other_delimiter(base: Base) -> Expected:
    base.write("arms.csv", [line.replace(",", ";") for line in base.lines("arms.csv")])
    return Expected("arms.csv", 1, 1, "the first line names no column of arms.csv; expected study_id,arm,")


def missing_column(base: Base) -> Expected:
    position = base.header("studies.csv").index("study_id")
    rows = [cells_of(line) for line in base.lines("studies.csv")]
    base.write("studies.csv", [text_of(row[:position] + row[position + 1 :]) for row in rows])
    return Expected("studies.csv", 1, 1, 'column "study_id" is missing')


def surplus_column(base: Base) -> Expected:
    base.write(
        "outcomes.csv",
        [line + (",remark" if n == 0 else ",") for n, line in enumerate(base.lines("outcomes.csv"))],
    )
    column = len(base.line("outcomes.csv", 1)) - len("remark") + 1
    return Expected("outcomes.csv", 1, column, 'unknown column "remark"')


def column_twice(base: Base) -> Expected:
    base.write(
        "arms.csv", [line + (",n" if n == 0 else ",") for n, line in enumerate(base.lines("arms.csv"))]
    )
    return Expected("arms.csv", 1, len(base.line("arms.csv", 1)), 'column "n" stands twice')


def header_without_a_name(base: Base) -> Expected:
    base.put_line("arms.csv", 1, "study_id,arm,procedure_id,description")
    return Expected("arms.csv", 1, 1, "the header has 4 columns; every row has 5 cells")


def entry_with_open_brace(base: Base) -> Expected:
    line = base.entry("freeman2005")
    base.put_line("references.bib", line + 1, base.line("references.bib", line + 1).replace("},", ","))
    return Expected("references.bib", line, 1, "malformed")


def entry_without_key(base: Base) -> Expected:
    line = base.entry("freeman2005")
    base.insert("references.bib", line, "@article{, title = {T}, author = {A}, year = {2001}}")
    return Expected("references.bib", line, 1, "key")


def empty_entry(base: Base) -> Expected:
    line = base.entry("freeman2005")
    base.insert("references.bib", line, "@article{nothing2001,}")
    return Expected("references.bib", line, 1, "neither a title nor a note")


def entry_twice(base: Base) -> Expected:
    line = base.entry("freeman2005")
    base.insert("references.bib", line, "@misc{FREEMAN2005, title = {T}, author = {A}, year = {2001}}")
    return Expected("references.bib", line + 1, 1, "duplicate key")


def doi_twice(base: Base) -> Expected:
    line, other = base.entry("freeman2005"), base.entry("pauza2004")
    lines = base.lines("references.bib")
    at = next(n for n in range(line, line + 12) if lines[n].strip().startswith("doi"))
    doi = lines[at].partition("{")[2].partition("}")[0]
    source = next(n for n in range(other, other + 12) if lines[n].strip().startswith("doi"))
    base.put_line("references.bib", source + 1, f"  doi = {{https://doi.org/{doi.upper()}}},")
    return Expected("references.bib", other, 1, "duplicate DOI")


def stray_text(base: Base) -> Expected:
    line = base.entry("freeman2005")
    base.insert("references.bib", line, "  see also the report of 2003")
    return Expected("references.bib", line, 3, "text outside an entry")


def wrong_byte_in_bibliography(base: Base) -> Expected:
    line = base.entry("freeman2005")
    path = base.path("references.bib")
    text = base.line("references.bib", line + 1)
    path.write_bytes(
        path.read_bytes().replace(text.encode(), text.encode()[:-2] + b"\xe9" + text.encode()[-2:])
    )
    return Expected("references.bib", line + 1, len(text) - 1, "0xE9")


def missing_bibliography(base: Base) -> Expected:
    base.path("references.bib").unlink()
    return Expected("references.bib", 1, 1, "the file is missing")


def misspelt_column(base: Base) -> Expected:
    base.put_line("outcomes.csv", 1, base.line("outcomes.csv", 1).replace("citekey", "citkey"))
    column = base.line("outcomes.csv", 1).index("citkey") + 1
    return Expected("outcomes.csv", 1, column, 'unknown column "citkey"', "citekey")


FORM: tuple[Plant, ...] = (
    too_few_commas,
    surplus_cell,
    missing_cell,
    repeated_row,
    repeated_key,
    key_in_other_case,
    claim_of_one_id,
    arm_against_itself,
    odd_tool,
    unclosed_quote,
    text_after_quote,
    wrong_byte,
    null_character,
    empty_file,
    only_blanks,
    missing_file,
    folder_for_a_file,
    utf_16,
    other_delimiter,
    missing_column,
    surplus_column,
    column_twice,
    header_without_a_name,
    entry_with_open_brace,
    entry_without_key,
    empty_entry,
    entry_twice,
    doi_twice,
    stray_text,
    wrong_byte_in_bibliography,
    missing_bibliography,
)
DEFECTS = CELLS | {plant.__name__.replace("_", " "): plant for plant in FORM}


def errors_of(folder: Path) -> list[Problem]:
    return [problem for problem in check(folder) if problem.severity == "error"]


def fits(problem: Problem, expected: Expected) -> bool:
    return (
        (problem.path.name, problem.line, problem.column) == expected[:3]
        and expected.fragment in problem.message
        and problem.hint == expected.hint
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


def test_the_bundled_evidence_has_no_defect(data: Path) -> None:
    assert errors_of(data) == []


@pytest.mark.parametrize("plant", DEFECTS.values(), ids=DEFECTS)
def test_each_kind_of_defect_is_found_alone_and_in_its_place(base: Base, plant: Plant) -> None:
    expected = plant(base)
    before = digests(base.folder)
    errors = errors_of(base.folder)
    assert [error for error in errors if fits(error, expected)] == errors, errors
    assert len(errors) == 1
    assert digests(base.folder) == before
    hint = f' (did you mean "{expected.hint}"?)' if expected.hint else ""
    assert str(errors[0]) == (
        f"{base.path(expected.file)}:{expected.line}:{expected.column}: {errors[0].message}{hint}"
    )


def test_loading_raises_every_defect_in_one_error(base: Base) -> None:
    expected = [CELLS["negative sd"](base), stray_text(base), surplus_cell(base)]
    with pytest.raises(DataError) as caught:
        load_evidence(base.folder)
    assert caught.value.problems == tuple(errors_of(base.folder))
    for one in expected:
        assert f"{one.file}:{one.line}:{one.column}: " in str(caught.value)


SCATTERED: tuple[tuple[str, str, str, str, str, dict[str, object]], ...] = (
    ("outcomes.csv", "value", "5,4", "is not a number", "5.4", {"statistic": "mean"}),
    ("outcomes.csv", "statistic", "chnge", "is not one of", "change", {"statistic": "change"}),
    ("outcomes.csv", "unit", "", "has no unit", "", {"time": True, "statistic": "percent"}),
    ("outcomes.csv", "p_value", "1.2", "outside 0 to 1", "", {"p_value": True}),
    ("outcomes.csv", "n", "0", "n 0 is below 1", "", {"n": True, "statistic": "mean"}),
    ("outcomes.csv", "ci_high", "", "no upper limit", "", {"ci_high": True}),
    ("outcomes.csv", "sd", "-2", "sd -2 is negative", "", {"sd": True}),
    ("outcomes.csv", "arm", "nobody", "has no arm", "", {"versus": False}),
    ("outcomes.csv", "measure_id", "vas", "is no known measure", "", {"statistic": "finding_only"}),
    ("outcomes.csv", "citekey", "unheard-of", "is no known cite key", "", {"statistic": "finding_only"}),
    ("outcomes.csv", "value", "99999", "is more than n", "", {"statistic": "events", "n": True}),
    ("studies.csv", "design", "rtc", "is not one of", "rct", {"design": "rct"}),
    ("studies.csv", "n_enrolled", "ten", "is not a whole number", "", {"n_enrolled": True}),
    ("arms.csv", "procedure_id", "shamm", "is no known procedure", "sham", {"procedure_id": "sham"}),
    ("procedures.csv", "role", "control", "needs a comparator_class", "", {"role": "therapeutic"}),
    ("measures.csv", "domain", "pian", "is not one of", "pain", {"domain": "pain"}),
    ("claims.csv", "share", "120", "share 120 is above 100", "", {"kind": "benefit_at"}),
)


@pytest.mark.parametrize("seed", range(4))
def test_twenty_defects(base: Base, seed: int) -> None:
    """Twenty defects of different kinds, in random rows of all files, are all found in one run."""
    rng = random.Random(seed)
    expected = [stray_text(base), odd_tool(base)]
    used: set[tuple[str, int]] = set()
    for file, column, text, fragment, hint, wanted in SCATTERED:
        lines = [line for line in base.find_all(file, **wanted) if (file, line) not in used]
        line = rng.choice(lines)
        used.add((file, line))
        base.put(file, line, **{column: text})
        blamed = "comparator_class" if column == "role" else column
        expected.append(Expected(file, *base.place(file, line, blamed), fragment, hint))
    expected.append(unclosed_quote(base))
    errors = errors_of(base.folder)
    assert len(expected) == len(errors) == 20, [str(error) for error in errors]
    for one in expected:
        assert sum(fits(error, one) for error in errors) == 1, one
    assert errors == sorted(errors, key=lambda e: (str(e.path), e.line, e.column, e.message))


def test_one_run_shows_defects_of_the_form_and_of_the_cells_of_one_file(base: Base) -> None:
    expected = [surplus_cell(base)]
    line = base.find("studies.csv", study_id=lambda study: study > "k", design="rct")
    base.put("studies.csv", line, design="rtc")
    expected.append(
        Expected("studies.csv", *base.place("studies.csv", line, "design"), "is not one of", "rct")
    )
    expected.append(wrong_byte(base))
    errors = errors_of(base.folder)
    assert len(errors) == 3
    assert all(any(fits(error, one) for error in errors) for one in expected)


def test_an_arm_that_no_row_of_arms_has_is_found_even_if_the_study_has_none_at_all(base: Base) -> None:
    study = base.row("arms.csv", base.find("arms.csv"))["study_id"]
    base.write("arms.csv", [line for line in base.lines("arms.csv") if not line.startswith(f"{study},")])
    errors = errors_of(base.folder)
    lines = [line for line in range(2, 60) if base.row("outcomes.csv", line)["study_id"] == study]
    assert {error.line for error in errors} == set(lines)
    assert all("its arms: none" in error.message for error in errors)


def test_an_unknown_study_in_arms_is_reported_there_only(base: Base) -> None:
    line = base.find("arms.csv", study_id="freeman2005")
    base.put("arms.csv", line, study_id="freman2005")
    [error] = errors_of(base.folder)
    assert fits(error, Expected("arms.csv", line, 1, "is no known study", "freeman2005"))


def test_a_file_that_is_missing_says_nothing_about_the_others(base: Base) -> None:
    for file in ("procedures.csv", "studies.csv", "references.bib"):
        base.path(file).unlink()
    assert [(error.path.name, error.message) for error in errors_of(base.folder)] == [
        ("procedures.csv", "the file is missing"),
        ("references.bib", "the file is missing"),
        ("studies.csv", "the file is missing"),
    ]


def test_empty_folder(tmp_path: Path) -> None:
    errors = errors_of(tmp_path)
    assert {error.message for error in errors} == {"the file is missing"}
    assert {error.path.name for error in errors} == {
        "arms.csv",
        "claims.csv",
        "measures.csv",
        "outcomes.csv",
        "procedures.csv",
        "references.bib",
        "risk_of_bias.csv",
        "studies.csv",
    }
    with pytest.raises(DataError, match="8 defects found"):
        load_evidence(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    [error] = errors_of(tmp_path / "nowhere")
    assert "there is no such folder" in error.message
    (tmp_path / "file").touch()
    [error] = errors_of(tmp_path / "file")
    assert "is no folder" in error.message


def test_files_without_permission(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    errors = errors_of(data)
    assert len(errors) == 9
    assert all("Permission denied" in error.message for error in errors)


def test_folder_that_cannot_be_looked_into(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", refuse)
    [error] = errors_of(data)
    assert error.path == data
    assert "the folder cannot be read: Permission denied" in error.message


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read everything")
def test_folder_without_permission(data: Path) -> None:
    data.chmod(0)
    try:
        errors = errors_of(data)
    finally:
        data.chmod(0o755)
    assert errors
    assert all("Permission denied" in error.message for error in errors)


def notes_of(folder: Path) -> list[Problem]:
    return [problem for problem in check(folder) if problem.severity == "note"]


def test_byte_order_mark_and_line_ends_of_windows_are_read_with_a_note(base: Base) -> None:
    before = read_files(base.folder)
    path = base.path("outcomes.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    after = read_files(base.folder)
    new = [problem for problem in after.problems if problem not in before.problems]
    assert [(note.line, note.column, note.severity) for note in new] == [(1, 1, "note"), (1, 1, "note")]
    assert "CR LF" in new[0].message
    assert "byte-order mark" in new[1].message
    assert set(before.problems) <= set(after.problems)
    assert after.tables["outcomes"].frame().equals(before.tables["outcomes"].frame())


def test_line_ends_of_old_macs(base: Base) -> None:
    path = base.path("arms.csv")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r"))
    assert [note.message for note in notes_of(base.folder) if note.path == path] == [
        "lines end with CR; they are read as LF"
    ]
    assert errors_of(base.folder) == []


def test_blank_lines_are_passed_over_with_a_note_and_lines_stay_right(base: Base) -> None:
    line = base.find("arms.csv", study_id="freeman2005")
    base.put("arms.csv", line, n="-4")
    place = base.place("arms.csv", line, "n")
    base.insert("arms.csv", line, "")
    base.insert("arms.csv", 1, "   ")
    problems = [problem for problem in check(base.folder) if problem.path.name == "arms.csv"]
    assert [(problem.line, problem.column, problem.severity) for problem in problems] == [
        (1, 1, "note"),
        (line + 1, 1, "note"),
        (line + 2, place[1], "error"),
    ]


def test_a_file_with_every_cell_in_quotation_marks_is_accepted(base: Base) -> None:
    before = read_files(base.folder)
    path = base.path("outcomes.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows(cells_of(line) for line in Base(BUNDLED).lines("outcomes.csv"))
    after = read_files(base.folder)
    assert after.tables["outcomes"].frame().equals(before.tables["outcomes"].frame())
    assert [problem.message for problem in after.problems] == [problem.message for problem in before.problems]
    odd = next(problem for problem in after.problems if problem.path == path)
    text = path.read_text(encoding="utf-8").splitlines()[odd.line - 1]
    assert text[odd.column - 2] == ","
    assert text[odd.column - 1] == '"'


def test_cells_with_line_breaks_keep_the_lines_of_all_rows(base: Base) -> None:
    line = base.find("studies.csv", study_id="freeman2005")
    base.put("studies.csv", line, note="first\nsecond")
    base.put_line("studies.csv", line + 3, base.line("studies.csv", line + 3).replace(",", ",,", 1))
    [error] = errors_of(base.folder)
    assert (error.line, error.column) == (line + 3, 1)
    table = read_files(base.folder).tables["studies"]
    row = table.lines.tolist().index(line)
    assert table.text("note")[row] == "first\nsecond"
    assert table.lines[row + 1] == line + 2


class Odd(NamedTuple):
    blamed: str
    texts: dict[str, str]
    fragment: str
    wanted: dict[str, object]


ODD: dict[str, Odd] = {
    "SD like SE": Odd(
        "sd", {"sd": "0.3", "n": "60"}, "may be a standard error", {"statistic": "mean", **PAIN}
    ),
    "SD beyond the scale": Odd(
        "sd",
        {"value": "9", "sd": "3.3", "n": "30"},
        "SD 3.3 is more than scores of nrs_pain_0_10 with the mean 9 can have",
        {"statistic": "mean", "measure_id": "nrs_pain_0_10"},
    ),
    "p against interval": Odd(
        "p_value",
        {"value": "1", "ci_low": "0.5", "ci_high": "1.5", "p_value": "0.40"},
        "p 0.40 and the interval 0.5 to 1.5 disagree about 0.05",
        CONTRAST,
    ),
    "p against the interval of a ratio": Odd(
        "p_value",
        {"value": "1.1", "ci_low": "0.5", "ci_high": "1.5", "p_value": "<0.001"},
        "disagree about 0.05",
        {"statistic": "risk_ratio"},
    ),
    "n above the arm's": Odd(
        "n",
        {"n": "99999"},
        'n 99999 is more than the n of the arm "hf10"',
        {"study_id": "alkaisy2014", "statistic": "mean"},
    ),
    "percentage of nobody": Odd(
        "value",
        {"value": "33", "n": "10"},
        "no whole number of 10 patients is 33 percent",
        {"statistic": "percent"},
    ),
    "mean of no whole items": Odd(
        "value",
        {"value": "5.55", "n": "10"},
        "no 10 whole-number scores of nrs_pain_0_10 have the mean 5.55",
        {"statistic": "mean", "measure_id": "nrs_pain_0_10"},
    ),
    "value outside its interval": Odd(
        "value",
        {"value": "3", "ci_low": "1", "ci_high": "2", "p_value": ""},
        "lies outside its interval",
        CONTRAST,
    ),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_is_odd_but_possible_is_a_note(base: Base, odd: Odd) -> None:
    before = {note.message for note in notes_of(base.folder)}
    line = base.find("outcomes.csv", **odd.wanted)
    base.put("outcomes.csv", line, **odd.texts)
    new = [note for note in notes_of(base.folder) if note.line == line and note.message not in before]
    place = base.place("outcomes.csv", line, odd.blamed)
    assert [(note.line, note.column) for note in new if odd.fragment in note.message] == [place], new
    evidence = load_evidence(base.folder)
    assert any(
        f"outcomes.csv:{place[0]}:{place[1]}: " in note and odd.fragment in note for note in evidence.notes
    )


def test_a_contrast_at_odds_with_its_arms_is_a_note(base: Base) -> None:
    line = base.find("outcomes.csv", study_id="freeman2005", statistic="mean", arm="idet")
    own = base.row("outcomes.csv", line)
    sham = next(
        base.row("outcomes.csv", other)
        for other in base.find_all("outcomes.csv", study_id="freeman2005", statistic="mean", arm="sham")
        if base.row("outcomes.csv", other)["time"] == own["time"]
    )
    gap = float(own["value"]) - float(sham["value"])
    rest = dict.fromkeys(("sd", "se", "p_value", "n", "finding"), "")
    limits = {"ci_low": f"{gap + 8:.1f}", "ci_high": f"{gap + 12:.1f}"}
    contrast = (
        own
        | rest
        | limits
        | {
            "versus": "sham",
            "statistic": "mean_difference",
            "value": f"{gap + 10:.1f}",
        }
    )
    base.insert("outcomes.csv", line + 1, text_of(list(contrast.values())))
    new = [note for note in notes_of(base.folder) if note.line == line + 1]
    [note] = new
    assert (note.line, note.column) == base.place("outcomes.csv", line + 1, "value")
    assert f'({gap:.4g} against "sham")' in note.message
    base.put(
        "outcomes.csv", line + 1, value=f"{gap + 1:.1f}", ci_low=f"{gap - 1:.1f}", ci_high=f"{gap + 3:.1f}"
    )
    assert [note for note in notes_of(base.folder) if note.line == line + 1] == []


def test_200_000_rows(tmp_path: Path) -> None:
    rows = 200_000
    big = Base(tmp_path)
    small = Base(BUNDLED)
    for file in (
        "procedures.csv",
        "measures.csv",
        "claims.csv",
        "risk_of_bias.csv",
        "references.bib",
        "studies.csv",
    ):
        big.path(file).write_bytes(small.path(file).read_bytes())
    big.path("arms.csv").write_bytes(small.path("arms.csv").read_bytes())
    header, *lines = small.lines("outcomes.csv")
    times = -(-rows // len(lines))
    at = [cells_of(line) for line in lines]
    time, unit, note = (small.header("outcomes.csv").index(name) for name in ("time", "unit", "note"))
    made = [header]
    for copy in range(times):
        for cells in at:
            shifted = [*cells]
            shifted[time], shifted[unit] = str(copy * 1000 + float(cells[time] or 0)), cells[unit] or "days"
            shifted[note] = f"{cells[note]}, copy {copy}"
            made.append(text_of(shifted))
    big.write("outcomes.csv", made[: rows + 1])
    assert errors_of(tmp_path) == []
    expected = []
    planted = [*made[: rows + 1]]
    for line, column, text, fragment in (
        (2, "basis", "hearsay", "is not one of"),
        (77_777, "arm", "nobody", "has no arm"),
        (123_456, "time", "-1", "is negative"),
        (199_999, "locator", "", "locator is empty"),
        (rows + 1, "citekey", "unheard-of", "is no known cite key"),
    ):
        position = small.header("outcomes.csv").index(column)
        cells = cells_of(planted[line - 1])
        cells[position] = text
        planted[line - 1] = text_of(cells)
        expected.append(Expected("outcomes.csv", line, len(text_of(cells[:position])) + 2, fragment))
    big.write("outcomes.csv", planted)
    errors = errors_of(tmp_path)
    assert len(errors) == len(expected)
    assert all(fits(error, one) for error, one in zip(errors, expected, strict=True)), errors


def test_a_whole_column_of_wrong_words_is_reported_row_by_row(base: Base) -> None:
    lines = base.lines("arms.csv")
    rows = [cells_of(line) for line in lines[1:]]
    base.write("arms.csv", [lines[0], *(text_of([*row[:4], f"about {n}"]) for n, row in enumerate(rows))])
    errors = errors_of(base.folder)
    assert [error.line for error in errors] == list(range(2, len(lines) + 1))
    with pytest.raises(DataError, match=r"and \d+ more: all of them are in `.problems`"):
        load_evidence(base.folder)


GRADE = "procedure_id,comparator,domain,curve,window,grade_domain,judgement,reason,assessor,citekey"
RATED = "idet,placebo,pain,pain_0_10,6mo,overall,low,few patients,AB,"


def certainty(column: str, text: str, fragment: str, hint: str = "") -> tuple[dict[str, str], str, str, str]:
    return {column: text}, column, fragment, hint


BAD_CERTAINTY = [
    certainty("procedure_id", "idte", 'procedure_id "idte" is no known procedure', "idet"),
    certainty("comparator", "sham", 'comparator "sham" is not one of placebo'),
    certainty("domain", "leg_pain", 'the curve "pain_0_10" is not of the domain leg_pain'),
    certainty("curve", "pain_0_100", 'curve "pain_0_100" is no known measure', "pain_0_10"),
    certainty("curve", "disability_responders", "is not of the domain pain"),
    certainty("window", "6 mo", 'window "6 mo" is not one of <=2wk, 1mo', "6mo"),
    certainty("grade_domain", "bias", 'grade_domain "bias" is not one of start, risk_of_bias'),
    certainty("judgement", "-1", '"-1" is no judgement of overall; known: high, moderate, low, very low'),
    certainty("judgement", "Low", "is no judgement of overall", "low"),
    certainty("grade_domain", "imprecision", '"low" is no judgement of imprecision; known: 0, -1, -2, -3'),
    certainty("grade_domain", "large_effect", '"low" is no judgement of large_effect; known: 0, 1, 2'),
    certainty("reason", "", "reason is empty"),
    certainty("reason", " ", "reason"),
    certainty("assessor", "", "assessor is empty"),
    certainty("citekey", "nobody1999", 'citekey "nobody1999" is no known cite key', "nordby1993"),
]


@pytest.mark.parametrize(("cells", "column", "fragment", "hint"), BAD_CERTAINTY, ids=str)
def test_bad_judgements_of_the_certainty_are_found_with_their_place(
    cells: dict[str, str], column: str, fragment: str, hint: str, base: Base
) -> None:
    row = dict(zip(GRADE.split(","), RATED.split(","), strict=True)) | cells
    blamed = "judgement" if column == "grade_domain" and "is no judgement" in fragment else column
    blamed = "curve" if "is not of the domain" in fragment else blamed
    base.write("certainty.csv", [GRADE, RATED.replace("AB", "CD"), text_of(list(row.values()))])
    problems = errors_of(base.folder)
    assert [(one.line, one.column) for one in problems] == [base.place("certainty.csv", 3, blamed)]
    assert fragment in problems[0].message
    assert problems[0].hint == hint


def test_a_judgement_stands_once_for_each_assessor(base: Base) -> None:
    other = RATED.replace("low,", "high,")
    base.write("certainty.csv", [GRADE, RATED, other])
    (problem,) = errors_of(base.folder)
    assert (
        "the key (procedure_id, comparator, domain, curve, window, grade_domain, assessor)" in problem.message
    )
    base.write("certainty.csv", [GRADE, RATED, other.replace("AB", "CD")])
    assert errors_of(base.folder) == []


def test_the_file_of_the_certainty_may_be_missing_but_not_broken(base: Base) -> None:
    base.path("certainty.csv").unlink()
    files = read_files(base.folder)
    assert not [problem for problem in files.problems if problem.severity == "error"]
    assert "certainty" not in files.tables
    base.path("certainty.csv").write_bytes(b"")
    (problem,) = errors_of(base.folder)
    assert "the file is empty" in problem.message
    base.path("certainty.csv").unlink()
    base.path("certainty.csv").mkdir()
    (problem,) = errors_of(base.folder)
    assert "cannot be read" in problem.message
    base.path("certainty.csv").rmdir()
    base.path("certainty.csv").symlink_to("nowhere.csv")
    (problem,) = errors_of(base.folder)
    assert "the file is missing" in problem.message


@pytest.mark.parametrize("name", [name for name, model in TABLES.items() if not model.optional])
def test_no_other_file_may_be_missing(name: str, base: Base) -> None:
    base.path(f"{name}.csv").unlink()
    assert any("the file is missing" in problem.message for problem in errors_of(base.folder))
