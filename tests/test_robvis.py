"""The layout of robvis: what goes out comes back, and no cell is lost in silence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spineevidence.biastools import BiasTool, bias_tools, names_of
from spineevidence.errors import DataError, InputError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.models import TABLES
from spineevidence.riskofbias import BiasRow, RiskOfBiasAssessment, StudyBias, risk_of_bias, speaking
from spineevidence.robvis import RobvisImport, read_robvis, to_robvis
from tiny import Row, contrast, tiny

TOOLS = bias_tools()
HEADER = "Study,D1,D2,D3,D4,D5,Overall"


def read(
    folder: Path, text: str, *, tool: str = "rob2_2019", evidence: Evidence | None = None
) -> RobvisImport:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read_robvis(path, tool=tool, assessor="AB", citekey="src", evidence=evidence)


def base(folder: Path, *bias: Row) -> Evidence:
    results = [contrast("-1", "-2", "0", study_id=study) for study in ("first", "second")]
    return tiny(folder, results, bias=bias)


def test_a_table_becomes_rows_of_our_file(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER},Weight\nfirst,Low,Some concerns,High,Low,Low,High,33.3\n")
    assert [row.judgement for row in found.rows] == ["Low", "Some concerns", "High", "Low", "Low", "High"]
    assert [row.domain for row in found.rows] == [*names_of(TOOLS["rob2_2019"].domains), "overall"]
    assert {(row.study_id, row.tool, row.assessor, row.citekey) for row in found.rows} == {
        ("first", "rob2_2019", "AB", "src")
    }
    assert found.rows[0].support == "table.csv, line 2: the layout of robvis holds no support"
    assert dict(found.weights) == {"first": 33.3}
    assert (found.problems, found.notes) == ((), ())
    assert tuple(found.to_frame().columns) == TABLES["risk_of_bias"].columns
    assert repr(found) == "<RobvisImport: 6 judgements of 1 study by rob2_2019, 0 defects>"
    assert "Some concerns" in found._repr_html_()


def test_tables_of_its_own_example_files_are_read(tmp_path: Path) -> None:
    """The forms in which the examples of robvis stand: numbered rows, R's names, other words."""
    numbered = '"","Study","D1","D2","D3","D4","D5","D6","D7","Overall"\n"1","s","Moderate","Critical",'
    found = read(
        tmp_path, numbered + '"Low","Low","NI","Moderate","Moderate","Critical"\n', tool="robins_i_2016"
    )
    assert [row.judgement for row in found.rows][4] == "No information"
    assert found.notes == ('"NI" read as "No information" of ROBINS-I in 1 cell',)
    names = (
        "Study,Random.sequence.generation,Allocation.concealment,Blinding.of.participants.and.personnel,"
        "Blinding.of.outcome.assessment,Incomplete.outcome.data,Selective.reporting,Other.sources.of.bias,Overall"
    )
    found = read(
        tmp_path, f"{names}\ns,Low,Unclear,Low,Low,High,Low,No information,High\n", tool="cochrane_2011"
    )
    assert [row.judgement for row in found.rows] == ["Low", "Unclear", "Low", "Low", "High", "Low", "High"]
    (note,) = found.problems
    assert (note.severity, note.line, note.column) == ("note", 2, 32)
    assert note.message == '"No information" is no judgement of RoB 1: Other sources of bias is not assessed'
    found = read(tmp_path, "Study,D1,D2,D3,D4,Overall\ns,Some concerns,Low,High,Low,Low\n", tool="quadas2")
    assert found.rows[0].judgement == "Unclear"
    assert found.notes == ('"Some concerns" read as "Unclear" of QUADAS-2 in 1 cell',)


def test_case_and_first_letters_are_read_and_said(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\nfirst,l,S,HIGH,low risk,Low,h\n")
    assert [row.judgement for row in found.rows] == ["Low", "Some concerns", "High", "Low", "Low", "High"]
    assert found.notes == (
        '"S" read as "Some concerns" of RoB 2 in 1 cell',
        '"h" read as "High" of RoB 2 in 1 cell',
        '"l" read as "Low" of RoB 2 in 1 cell',
        '"low risk" read as "Low" of RoB 2 in 1 cell',
    )


def test_a_letter_that_may_mean_two_judgements_is_none(tmp_path: Path) -> None:
    found = read(tmp_path, "Study,D1,D2,D3,D4,D5,D6\ns,L,M,S,C,Low,Low\n", tool="robins_i_2025")
    assert [row.judgement for row in found.rows] == ["Moderate", "Serious", "Critical", "Low", "Low"]
    assert [(one.line, one.column) for one in found.problems] == [(2, 3)]


def test_every_cell_that_gives_no_row_is_listed_with_its_place(tmp_path: Path) -> None:
    lines = (
        f"{HEADER},Weight",
        "first,Low,Hihg,,NA,Low,Low,x",
        "frist,Low,Low,Low,Low,Low,Low,1",
        ",,,,,,,",
        "first,Low,Low,Low,Low,Low,Low,1",
        "second,Low,Low,Low,Low,Low,Low,-2",
    )
    text = "\n".join([*lines, ""])
    found = read(tmp_path, text, evidence=base(tmp_path / "data"))
    said = [(one.line, one.column, one.severity, one.hint) for one in found.problems]
    assert said == [
        (2, 11, "error", "High"),
        (2, 16, "note", ""),
        (2, 17, "note", ""),
        (3, 1, "error", "first"),
        (4, 1, "error", ""),
        (5, 1, "error", ""),
        (6, 32, "error", ""),
    ]
    assert {row.study_id for row in found.rows} == {"first", "second"}
    assert len(found.rows) == 3 + 6
    assert dict(found.weights) == {}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("Study,D1,D2,D3,D4,D5,D6,Overall\n", (1, 22), "which has 5"),
        ("Study,D1,D2,D3,D4,Overall\n", (1, 1), "no column for Bias in selection of the reported result"),
        ("D1,D2,D3,D4,D5,Overall\n", (1, 1), "no column for Study"),
        ("Study,D1,D1,D2,D3,D4,D5\n", (1, 10), "a second time"),
        ("Study,D1,Missing outcome data,D2,D3,D4,D5\n", (1, 34), "a second time"),
        (f"{HEADER}\nfirst,Low\n", (2, 1), "the row has 2 cells"),
        ("", (1, 1), "the file is empty"),
    ],
)
def test_a_table_of_another_form_is_refused(
    text: str, place: tuple[int, int], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == place
    assert message in problem.message


def test_what_the_layout_does_not_say_has_to_be_given(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="rob2"):
        read(tmp_path, f"{HEADER}\n", tool="rob 2")
    with pytest.raises(InputError, match="assessor is empty"):
        read_robvis(tmp_path / "table.csv", tool="rob2", assessor=" ", citekey="src")
    with pytest.raises(DataError, match="missing"):
        read_robvis(tmp_path / "none.csv", tool="rob2", assessor="AB", citekey="src")


def judged(domain: str, judgement: str, **cells: str) -> Row:
    start = {"study_id": "first", "tool": "rob2_2019", "domain": domain, "judgement": judgement}
    return start | {"support": "Table 1", "assessor": "AB", "citekey": "src"} | cells


def test_writing_leaves_unjudged_cells_empty_and_unjudged_studies_out(tmp_path: Path) -> None:
    evidence = base(tmp_path, judged("Bias due to missing outcome data", "High"))
    frame = to_robvis(risk_of_bias(evidence))
    assert frame.columns.tolist() == ["Study", "D1", "D2", "D3", "D4", "D5", "Overall", "Weight"]
    assert frame.values.tolist() == [["first", "", "", "High", "", "", "", 1.0]]
    weighed = to_robvis(risk_of_bias(evidence), weights={"first": 0.25})
    assert weighed["Weight"].tolist() == [0.25]


def test_what_has_no_room_in_the_layout_is_refused(tmp_path: Path) -> None:
    both = risk_of_bias(
        base(tmp_path / "a", judged("overall", "High"), judged("overall", "Low", assessor="CD"))
    )
    with pytest.raises(InputError, match=r"disagreement: High \(AB\), Low \(CD\)"):
        to_robvis(both)
    assert to_robvis(both, assessor="CD")["Overall"].tolist() == ["Low"]
    evidence = base(
        tmp_path / "b", judged("overall", "High"), judged("overall", "Low", measure_id="odi_0_100")
    )
    with pytest.raises(InputError, match="first: several results"):
        to_robvis(risk_of_bias(evidence))
    assert to_robvis(risk_of_bias(evidence, measure="odi_0_100"))["Overall"].tolist() == ["Low"]
    with pytest.raises(InputError, match="weights lack first"):
        to_robvis(risk_of_bias(evidence, measure="odi_0_100"), weights={})
    with pytest.raises(InputError, match="tools used here: none"):
        to_robvis(risk_of_bias(base(tmp_path / "c")))
    other = judged("Selective reporting", "Low", tool="cochrane_2011")
    two = risk_of_bias(base(tmp_path / "d", judged("overall", "High"), other))
    with pytest.raises(InputError, match="cochrane_2011 and rob2_2019"):
        to_robvis(two)
    assert to_robvis(two, tool="cochrane_2011")["D6"].tolist() == ["Low"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[BiasTool, RiskOfBiasAssessment]:
    tool = draw(st.sampled_from(list(TOOLS.values())))
    domains = (*names_of(tool.domains), "overall")
    studies = []
    for name in draw(st.lists(st.sampled_from(["a2001", "b2002", "c2003"]), min_size=1, unique=True)):
        chosen = draw(
            st.dictionaries(
                st.sampled_from(domains), st.sampled_from(names_of(tool.judgement_words)), min_size=1
            )
        )
        rows = [
            BiasRow(name, "", None, tool.tool, domain, judgement, "x", "AB", "src", 2)
            for domain, judgement in chosen.items()
        ]
        asked = [speaking(rows, domain) for domain in domains]
        studies.append(StudyBias(name, "", None, "rct", "none", tool.tool, tuple(asked[:-1]), asked[-1], ()))
    return tool, RiskOfBiasAssessment(tuple(studies), ())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(tables())
def test_what_goes_out_comes_back(tmp_path: Path, made: tuple[BiasTool, RiskOfBiasAssessment]) -> None:
    tool, assessment = made
    frame = to_robvis(assessment)
    again = read(tmp_path, frame.to_csv(index=False, lineterminator="\n"), tool=tool.tool)
    sent = {
        (study.study_id, domain.domain, domain.judgement)
        for study in assessment.studies
        for domain in (*study.domains, study.overall)
        if domain.rows
    }
    assert {(row.study_id, row.domain, row.judgement) for row in again.rows} == sent
    assert all(problem.severity == "note" for problem in again.problems)
    empty = int((frame.drop(columns="Weight") == "").to_numpy().sum())
    assert len(again.problems) == empty
    assert isinstance(frame, pd.DataFrame)
