"""Evidence tables hold the numbers of the results they come from, in every format, and nothing else."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

import spineevidence as spe
from spineevidence.account import excluded_results
from spineevidence.effects import by_study
from spineevidence.errors import EstimandError, InputError, UnknownNameError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.formatting import interval, number, time_in_words
from spineevidence.grading import SUGGESTED
from spineevidence.results import CHANGE, results_of
from spineevidence.summary import LineSummary, summary_lines
from spineevidence.tables.chosen import figure, figures
from spineevidence.tables.durationtable import line_durations
from spineevidence.tables.model import FORMATS, Table
from spineevidence.tables.named import NAMES, OF_ONE_PROCEDURE, all_tables, named_table
from spineevidence.tables.printed import printed_results
from spineevidence.verdicts.sentences import WORDS
from spineevidence.windowsummary import line_windows
from tablereading import read_csv, read_html, read_latex, read_markdown, read_word
from tiny import contrast, finding, row, tiny

DAYS = {"day": 1 / 30.4375, "week": 7 / 30.4375, "month": 1.0}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence()


@pytest.fixture(scope="module")
def lines(evidence: Evidence) -> tuple[LineSummary, ...]:
    return summary_lines(evidence)


def cells(table: Table, column: str) -> list[str]:
    return table.to_frame()[column].tolist()


def months(words: str) -> float:
    """Read a time in words back: the last one of a range."""
    count, unit = words.rsplit(" to ", maxsplit=1)[-1].split()
    return float(count) * DAYS[unit.removesuffix("s")]


def footnotes(table: Table) -> str:
    return " | ".join(footnote.text for footnote in table.footnotes)


# ---- studies and printed results


def test_every_study_stands_once_with_its_facts(evidence: Evidence) -> None:
    shown = spe.study_characteristics(evidence)
    frame = shown.to_frame()
    assert len(frame) == len(evidence.studies) == frame["study"].nunique()
    enrolled = evidence.studies["n_enrolled"].dropna()
    assert Counter(cells(shown, "enrolled")) - Counter(["not stated"] * len(frame)) == Counter(
        map(str, enrolled)
    )
    assert sum(text.count("\n") + 1 for text in frame["arms"]) == len(evidence.arms)


def test_studies_by_procedure_stand_under_each(evidence: Evidence) -> None:
    shown = spe.study_characteristics(evidence, by="procedure").to_frame()
    names = {record.procedure_id: record.name for record in evidence.procedure_records()}
    controls = {record.procedure_id for record in evidence.procedure_records() if record.is_control}
    treated = evidence.arms[~evidence.arms["procedure_id"].isin(controls)]
    expected = Counter(
        names[procedure]
        for _, procedure in set(zip(treated["study_id"], treated["procedure_id"], strict=True))
    )
    found = Counter(shown["group"])
    rest = found.pop("No procedure", 0)
    assert found == expected
    assert rest == len(set(evidence.studies["study_id"]) - set(treated["study_id"]))


def test_printed_digits_are_never_rounded_again(evidence: Evidence) -> None:
    shown = spe.outcomes_by_time(evidence)
    frame = shown.to_frame()
    columns = [name for name in frame if name not in ("group", "measure", "arm", "source")]
    said = Counter(line for name in columns for text in frame[name] for line in text.split("\n") if line)
    results = printed_results(evidence)
    assert said.total() == len(results) == len(evidence.outcomes)
    table = evidence.tables["outcomes"]
    for one, value, sd, low in zip(
        results, *(table.text(name).tolist() for name in ("value", "sd", "ci_low")), strict=True
    ):
        assert (value or "") in one.figure
        assert not sd or f"SD {sd}" in one.figure
        assert not low or f"CI {low} to" in one.figure
        where = f"{one.time}: {one.figure}" if one.result.months else one.figure
        assert said[where] > 0


def test_times_as_printed_are_columns(tmp_path: Path) -> None:
    base = tiny(tmp_path, [row(months=3, value="4.20", n=30), row(months=7, value=4, n=29, unit="weeks")])
    frame = spe.outcomes_by_time(base, times="printed").to_frame()
    assert frame["7 weeks"].tolist() == ["4 (n 29)"]
    assert frame["3 months"].tolist() == ["4.20 (n 30)"]


def test_doubts_are_footnotes(tmp_path: Path) -> None:
    base = tiny(
        tmp_path,
        [
            row(value=4, n=30, analysis="completers"),
            row(months=6, value=3, note="scale assumed"),
            contrast(-1, -2, 0, note="sign inferred"),
            row(months=12, value=2, note="mean follow-up"),
        ],
    )
    said = footnotes(spe.outcomes_by_time(base))
    assert all(
        words in said
        for words in ("Completers only.", "scale; it was", "sign was inferred", "mean or median")
    )


# ---- effects


def test_effects_are_those_of_the_library(evidence: Evidence) -> None:
    found = spe.effect_sizes(evidence, procedure="vertebroplasty", comparator="placebo", domain="pain")
    shown = spe.effects_table(evidence, procedure="vertebroplasty", comparator="placebo", domain="pain")
    frame = shown.to_frame()
    frame = frame[frame["group"].str.startswith("Pain 0-10")]
    numbers = zip(found.yi, found.ci_low, found.ci_high, strict=True)
    assert frame["effect"].tolist() == [
        f"{number(value, 2)} ({interval(low, high, 2)})" for value, low, high in numbers
    ]
    assert frame["lines"].tolist() == [", ".join(map(str, effect.lines)) for effect in found.lineage]
    notes = {note for effect in found.lineage for note in effect.notes}
    assert notes <= {footnote.text for footnote in shown.footnotes}


def test_all_effects_of_contrasts_stand_in_one_table(
    evidence: Evidence, lines: tuple[LineSummary, ...]
) -> None:
    count = sum(
        len(curve.derived.effects) for line in lines if line.comparator != CHANGE for curve in line.curves
    )
    assert len(spe.effects_table(evidence).to_frame()) == count


# ---- findings and profile


def test_the_summary_of_findings_has_the_numbers_of_the_windows(evidence: Evidence) -> None:
    windows = spe.summarize_windows(evidence)
    shown = spe.summary_of_findings(evidence).to_frame()
    assert len(shown) == len(windows)
    expected = []
    for window in windows.itertuples():
        if math.isnan(window.estimate):
            expected.append((window.reported, f"not stated ({window.k})", "not rated"))
            continue
        many, digits = (100, 0) if window.curve.endswith("_responders") else (1, 2)
        numbers = [many * value for value in (window.estimate, window.ci_low, window.ci_high)]
        effect = f"{number(numbers[0], digits)} ({interval(*numbers[1:], digits)})"
        size = "not stated" if window.n is None or str(window.n) == "<NA>" else str(window.n)
        expected.append((effect, f"{size} ({window.k})", window.certainty))
    assert list(zip(shown["effect"], shown["n"], shown["certainty"], strict=True)) == expected


def test_no_time_of_a_finding_lies_after_its_last_visit(
    evidence: Evidence, lines: tuple[LineSummary, ...]
) -> None:
    checked = 0
    for procedure in ("vertebroplasty", "ESI", "kyphoplasty", "BoNT"):
        shown = spe.summary_of_findings(evidence, procedure=procedure)
        last = max(
            line.horizon or 0.0
            for line in lines
            if line.procedure.procedure_id == evidence.procedure_record(procedure).procedure_id
            and line.comparator != CHANGE
        )
        for words in cells(shown, "time"):
            assert months(words) <= last * 1.001
            checked += 1
    assert checked > 50


def test_window_times_are_never_after_the_visits(evidence: Evidence, lines: tuple[LineSummary, ...]) -> None:
    for line in lines:
        if line.comparator != CHANGE and line.says_how_long:
            for own in line_windows(evidence, line):
                if own.curve is not None:
                    seen = [e.months for e in own.curve.derived.effects if e.window == own.window]
                    assert own.months <= max(seen) * (1 + 1e-9)


def test_the_profile_has_the_hints_and_their_reasons(evidence: Evidence) -> None:
    asked = {"procedure": "vertebroplasty", "comparator": "placebo", "domain": "pain"}
    found = spe.certainty_of(evidence, **asked)
    shown = spe.evidence_profile(evidence, **asked)
    frame = shown.to_frame()
    frame = frame[frame["group"] == "Pain 0-10, points"].reset_index()
    assert len(frame) == len(found.windows)
    words = {0: "not serious (suggested)", -1: "serious (suggested)", -2: "very serious (suggested)"}
    for place, window in enumerate(found.windows):
        for hint in window.hints:
            cell = frame.loc[place, hint.domain]
            assert cell == ("cannot tell" if hint.suggestion is None else words[hint.suggestion])
            assert hint.reason in footnotes(shown)


def rated(**cells: str) -> dict[str, str]:
    start = {
        "procedure_id": "heat",
        "comparator": "placebo",
        "domain": "pain",
        "curve": "pain_0_10",
        "window": "3mo",
        "grade_domain": "overall",
        "judgement": "low",
        "reason": "small",
        "assessor": "AB",
    }
    return start | cells


def test_a_judgement_stands_in_place_of_the_hint(tmp_path: Path) -> None:
    base = tiny(
        tmp_path,
        [contrast(-1, -2, 0, n=60)],
        certainty=[rated(), rated(grade_domain="imprecision", judgement="-2", reason="too few")],
    )
    shown = spe.summary_of_findings(base, procedure="heat", comparator="placebo")
    assert cells(shown, "certainty") == ["⊕⊕◯◯\nlow"]
    assert "Disc heat may" in cells(shown, "statement")[0] or "cannot be told" in cells(shown, "statement")[0]
    assert "Judged low by AB: small." in footnotes(shown)
    profile = spe.evidence_profile(base, procedure="heat", comparator="placebo")
    assert cells(profile, "imprecision") == ["very serious (judged)"]
    assert "too few" in footnotes(profile)


def test_assessors_who_disagree_give_no_level(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1, -2, 0)], certainty=[rated(), rated(judgement="high", assessor="CD")])
    assert cells(spe.summary_of_findings(base), "certainty") == ["assessors disagree"]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ([row(arm="s", value="4.20", sd=2, n=30)], "4.20"),
        ([row(arm="s", measure="vas_pain_0_100", value="42", sd=20, n=30)], "not printed"),
        ([row(arm="s", value="4.20", note="scale assumed")], "not printed"),
        ([row(arm="s", value="4.20", months=6)], "not printed"),
        ([row(arm="c", value="4.20")], "not printed"),
        ([], "not printed"),
    ],
)
def test_the_comparators_mean_is_the_printed_one(
    tmp_path: Path, printed: list[dict[str, str]], expected: str
) -> None:
    base = tiny(tmp_path, [contrast(-1, -2, 0, n=60), *printed])
    shown = spe.summary_of_findings(base, procedure="heat", comparator="placebo")
    assert cells(shown, "comparator") == [expected]


def test_the_comparators_share_and_the_range_of_several(tmp_path: Path) -> None:
    rows = [
        row("pain_relief_50pct", study_id=study, arm=arm, statistic="events", value=events, n=30)
        for study, numbers in (("a", (20, 6)), ("b", (18, 12)))
        for arm, events in zip("ts", numbers, strict=True)
    ]
    base = tiny(tmp_path, rows)
    shown = spe.summary_of_findings(base, procedure="heat", comparator="placebo", domain="pain")
    assert cells(shown, "comparator") == ["20 % to 40 %"]
    said = footnotes(shown)
    assert "At least 50 percent pain relief, 20 % (6 of 30) at 3 months" in said
    assert "At least 50 percent pain relief, 40 % (12 of 30) at 3 months" in said


def test_a_share_of_failures_is_no_share_of_successes(tmp_path: Path) -> None:
    def shown(*studies: tuple[str, str]) -> Table:
        rows = [
            row(measure, study_id=study, arm=arm, statistic="events", value=events, n=30)
            for study, measure in studies
            for arm, events in (("t", 10), ("s", 18))
        ]
        base = tiny(tmp_path / "".join(study for study, _ in studies), rows)
        return spe.summary_of_findings(base, procedure="heat", comparator="placebo", domain="global")

    failed = shown(("a", "treatment_failure"))
    assert cells(failed, "comparator") == ["60 % (18 of 30), Treatment failure as defined by the study"]
    assert cells(failed, "effect")[0].startswith("27 ")
    both = shown(("a", "treatment_failure"), ("b", "success"))
    assert cells(both, "comparator") == ["on several measures"]
    assert "Treatment failure as defined by the study, 60 % (18 of 30)" in footnotes(both)


def test_a_mean_on_another_scale_says_which(tmp_path: Path) -> None:
    rows = [
        row("vas_pain_0_100", arm=arm, value=value, sd=20, n=30) for arm, value in (("t", 30), ("s", "42.0"))
    ]
    shown = spe.summary_of_findings(tiny(tmp_path, rows), procedure="heat", comparator="placebo")
    assert cells(shown, "comparator") == ["42.0 on Back pain VAS (0-100)"]


# ---- durations


def test_durations_are_those_of_duration_of_benefit(
    evidence: Evidence, lines: tuple[LineSummary, ...]
) -> None:
    shown = spe.durations_table(evidence).to_frame()
    studies = by_study(results_of(evidence))
    found = [
        one
        for line in sorted(
            (line for line in lines if line.comparator != CHANGE and line.says_how_long),
            key=lambda line: ["placebo", "active_placebo", "usual_care", "active"].index(line.comparator),
        )
        for one in line_durations(line, studies)
    ]
    assert len(shown) == len(found)
    for place, one in enumerate(found):
        cell = shown.loc[place]
        assert (cell["k"], cell["n"]) == (str(one.k), "not stated" if one.n is None else str(one.n))
        assert cell["horizon"] == time_in_words(one.horizon)
        assert cell["level"].startswith(f"{one.level}:")
        if one.steps is not None:
            expected = [
                time_in_words(when) if when is not None else words
                for when, words in (
                    (one.shown_until, "not shown"),
                    (one.important_shown_until, "not shown"),
                    (one.important_excluded_from, "not excluded"),
                )
            ]
            assert cell[["shown", "important", "excluded"]].tolist() == expected
            assert all(months(words) <= one.horizon * 1.001 for words in expected if words[0].isdigit())


@pytest.mark.parametrize(
    ("procedure", "comparator", "domain"),
    [("SCS", "usual_care", "leg_pain"), ("vertebroplasty", "placebo", "pain"), ("idet", "placebo", "pain")],
)
def test_a_row_equals_the_answer_asked_for_alone(
    evidence: Evidence, procedure: str, comparator: str, domain: str
) -> None:
    asked = {"procedure": procedure, "comparator": comparator, "domain": domain}
    one = spe.duration_of_benefit(evidence, **asked)
    shown = spe.durations_table(evidence, **asked).to_frame().iloc[0]
    assert (shown["k"], shown["n"]) == (str(one.k), str(one.n))
    assert shown["horizon"] == time_in_words(one.horizon)
    assert (shown["shown"] == "not shown") == (one.steps is not None and one.shown_until is None)


def test_changes_stand_apart_and_are_never_called_a_benefit(evidence: Evidence) -> None:
    shown = spe.durations_table(evidence, estimand="change")
    text = shown.to_bytes("a.md").decode().partition("\n1. ")[0].lower()
    assert "benefit" not in text
    assert "better than before" in text
    assert set(shown.to_frame()["group"]) == {"No comparator (uncontrolled change)"}
    contrasts = spe.durations_table(evidence).to_frame()["group"]
    assert set(contrasts) == {
        f"Against {words}"
        for words in ("sham or placebo", "active placebo", "usual care", "another active treatment")
    }


@pytest.mark.parametrize(
    "ask",
    [
        lambda base: spe.durations_table(base, comparator="change"),
        lambda base: spe.durations_table(base, comparator="placebo", estimand="change"),
        lambda base: spe.summary_of_findings(base, comparator="change"),
        lambda base: spe.evidence_profile(base, comparator=["placebo", "change"]),
        lambda base: spe.effects_table(base, comparator="change"),
    ],
)
def test_changes_among_contrasts_are_refused(evidence: Evidence, ask: object) -> None:
    with pytest.raises(EstimandError):
        ask(evidence)  # type: ignore[operator]


# ---- claims and excluded rows


def test_verdicts_are_those_of_the_claims(evidence: Evidence) -> None:
    judged = spe.judge_claims(evidence)
    shown = spe.claim_verdicts(evidence).to_frame().set_index("claim")
    assert len(shown) == len(judged)
    for one in judged:
        rows = shown.loc[[one.asked]]
        assert WORDS[one.verdict] in rows["verdict"].tolist()
        for line in one.lines:
            assert WORDS[line.found.verdict] in rows[line.comparator].tolist()
        assert (one.strength or "–") in rows["strength"].tolist()


def test_a_verdict_that_depends_on_the_threshold_has_a_footnote(evidence: Evidence) -> None:
    judged = spe.judge_claims(evidence)
    depending = [one for one in judged if one.threshold_dependent]
    shown = spe.claim_verdicts(evidence)
    assert depending
    assert len(shown.footnotes) == len(depending)
    assert all(note.text.startswith("Threshold-dependent: at ") for note in shown.footnotes)


def test_every_excluded_result_stands_once_with_its_reason(evidence: Evidence) -> None:
    part = evidence.select(procedure="vertebroplasty")
    account = spe.account_of_effects(part)
    shown = spe.excluded_rows(part).to_frame()
    assert sorted(map(int, shown["line"])) == sorted(one.result.line for one in excluded_results(part))
    said = Counter(group.rpartition(" (")[0].lower() for group in shown["group"])
    assert said == {count.reason.lower(): count.results for count in account.reasons}
    assert account.used + len(shown) == account.results


# ---- empty, unknown, hostile, twice


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    base = tiny(tmp_path, [row(value=4, n=30)], studies={"trial": {"design": "case_series"}})
    shown = {name: named_table(base, name) for name in NAMES}
    assert cells(shown["verdicts"], "claim") == ["No claim in this selection."]
    assert cells(shown["findings"], "time") == ["No controlled result: nothing can be said of an effect."]
    assert cells(shown["effects"], "study") == ["No effect can be derived."]
    for table in shown.values():
        for ending in FORMATS:
            assert table.to_bytes(f"x.{ending}")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda base: spe.summary_of_findings(base, procedure="vertebro"), "vertebroplasty"),
        (lambda base: spe.durations_table(base, comparator="placebos"), "placebo"),
        (lambda base: spe.effects_table(base, domain="pains"), "pain"),
        (lambda base: spe.durations_table(base, estimand="benefit"), "contrast"),
        (lambda base: spe.study_characteristics(base, by="year"), "design"),
        (lambda base: spe.outcomes_by_time(base, times="years"), "windows"),
        (lambda base: named_table(base, "finding"), "findings"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(evidence: Evidence, ask: object, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        ask(evidence)  # type: ignore[operator]


def test_changes_and_claims_have_no_comparator_class(evidence: Evidence) -> None:
    with pytest.raises(InputError, match="leave it out"):
        named_table(evidence, "changes", comparator="placebo")


HOSTILE = "=1+1 <script>alert(1)</script> \\input{x} | `a` *b* \u202ec\u200b & %_$#^~ 𝟘"


def test_hostile_texts_are_text_in_every_format(tmp_path: Path) -> None:
    procedures = [
        {"procedure_id": "heat", "name": HOSTILE, "abbreviation": "=A1", "role": "therapeutic"},
        {"procedure_id": "sham", "name": "\u200b", "role": "control", "comparator_class": "placebo"},
    ]
    base = tiny(
        tmp_path / "data",
        [
            contrast(-1, -2, 0, n=60, locator=HOSTILE, note=HOSTILE),
            finding("no_difference", 6, locator=HOSTILE),
            row(value=3, arm="t", n=30, locator="@cmd"),
        ],
        arms={"t": ("heat", "30", HOSTILE), "s": ("sham", "30", "\u200b")},
        studies={"trial": {"country": HOSTILE, "condition": "=cmd|' /C calc'!A0"}},
        procedures=procedures,
    )
    judged = tuple(spe.judge_claims(base))
    for _, table in all_tables(base, summary_lines(base), judged):
        rows = len(table.to_frame())
        html = read_html(table.to_bytes("x.html").decode())
        assert "<script" not in table.to_bytes("x.html").decode()
        assert sum(len(one) > 1 for one in html.seen.rows) == rows
        assert sum(len(one) > 1 for one in read_latex(table.to_bytes("x.tex").decode()).rows) == rows
        assert sum(len(one) > 1 for one in read_word(table.to_bytes("x.docx")).rows) == rows
        assert len(read_csv(table.to_bytes("x.csv"))[0]) == rows + 1
        assert len(read_markdown(table.to_bytes("x.md").decode()).rows) >= rows


def test_the_same_evidence_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = [contrast(-1, -2, 0, n=60), finding("favours_arm", 6), row(arm="s", value=4, sd=2, n=30)]
    files = []
    for name in ("one", "two"):
        base = tiny(tmp_path / name, rows)
        tables = all_tables(base, summary_lines(base), tuple(spe.judge_claims(base)))
        files.append(
            {f"{stem}.{end}": table.to_bytes(f"x.{end}") for stem, table in tables for end in FORMATS}
        )
    assert files[0] == files[1]
    assert len(files[0]) == len(NAMES) * len(FORMATS)


def test_printed_results_of_a_report_stand_by_procedure(tmp_path: Path) -> None:
    rows = [
        row(study_id="a", arm="t", value=4),
        row(study_id="b", arm="u", value=5),
        row(study_id="b", arm="t", value=6),
    ]
    rows.append(row(study_id="c", arm="s", value=7))
    base = tiny(tmp_path, rows)
    found = {stem: len(table.to_frame()) for stem, table in all_tables(base, (), (), names=["outcomes"])}
    assert found == {"outcomes/heat": 3, "outcomes/cool": 2, "outcomes/+none": 1}


def test_tables_of_a_report_are_those_of_the_functions(tmp_path: Path) -> None:
    base = tiny(
        tmp_path, [contrast(-1, -2, 0, n=60), row(value=3, n=30, sd=2), row(arm="s", value=4, n=30, sd=2)]
    )
    together = dict(all_tables(base, summary_lines(base), tuple(spe.judge_claims(base))))
    for name in NAMES:
        alone = named_table(base, name, procedure="heat" if name in OF_ONE_PROCEDURE else None)
        stem = f"{name}/heat" if name in OF_ONE_PROCEDURE else name
        assert together[stem] == alone


def test_repeated_footnotes_are_merged(evidence: Evidence) -> None:
    for shown in (spe.summary_of_findings(evidence, procedure="ESI"), spe.effects_table(evidence)):
        texts = [footnote.text for footnote in shown.footnotes]
        assert len(texts) == len(set(texts))


def test_nobody_judged_says_so_everywhere(evidence: Evidence) -> None:
    assert set(cells(spe.summary_of_findings(evidence), "certainty")) == {SUGGESTED, "not rated"}


def test_references_are_numbered_and_those_of_the_evidence(evidence: Evidence) -> None:
    shown = spe.study_characteristics(evidence.select(procedure="IDET", design="rct"))
    listed = spe.reference_list(evidence.references, shown.citations)
    assert shown.references == tuple(" ".join(entry.text().split()) for entry in listed.entries)


def test_numbers_of_a_scale_look_alike(lines: tuple[LineSummary, ...]) -> None:
    curves = {curve.asked.curve.kind: curve.asked.curve for line in lines for curve in line.curves}
    assert (figure(curves["MD"], 1.234), figures(curves["RD"], -0.171, 0.094)) == ("1.23", "-17 to 9")


def test_what_an_arm_was_compared_with(tmp_path: Path) -> None:
    arms = {"t": ("heat", "30", "a" * 50 + " " + "b" * 50), "t2": ("heat", "30"), "u": ("cool", "30")}
    rows = [
        row(study_id="doses", arm="t", value=4),
        row(study_id="doses", arm="t2", value=4),
        row(study_id="two", arm="t", value=4),
        row(study_id="two", arm="u", value=4),
        row(study_id="both", arm="t", value=4),
        row(study_id="both", arm="s", value=4),
        row(study_id="one", arm="t", value=4),
    ]
    shown = spe.study_characteristics(tiny(tmp_path, rows, arms=arms)).to_frame().set_index("study")
    assert shown["comparators"].to_dict() == {
        "Doe 2001 (both)": "sham or placebo",
        "Doe 2001 (doses)": "the same procedure, given otherwise",
        "Doe 2001 (one)": "nothing",
        "Doe 2001 (two)": "another procedure",
    }
    assert shown.loc["Doe 2001 (one)", "arms"] == f"DH, n 30: {'a' * 50}…"
