"""Every kind of claim, and comparator classes put together: row by row, and properties."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.models import ClaimKind
from spineevidence.timing import WINDOWS, find_window
from spineevidence.verdicts.kinds import (
    DECIDING,
    RULES,
    Assertion,
    LineEvidence,
    Verdict,
    judge_line,
    judge_lines,
)
from spineevidence.verdicts.reasons import REASONS, STRENGTHS
from spineevidence.verdicts.sentences import NO_DIFFERENCE, headline, line_words, would_change
from spineevidence.verdicts.strength import size_to_exclude, strength_of
from spineevidence.verdicts.windows import BEYOND, Ballot, Estimate, WindowEvidence, benefit_in

EFFECTS = {
    "important": (1.9, 1.2, 2.6),
    "benefit": (1.3, 0.1, 2.5),
    "small": (0.5, 0.2, 0.8),
    "none": (0.1, -0.5, 0.7),
    "harm": (-1.4, -2.2, -0.6),
    "unclear": (0.2, -1.2, 1.6),
}
VOTES = {"better": 1, "same": 0, "worse": -1}
LABELS = [window.label for window in WINDOWS]


def window(label: str, what: str) -> WindowEvidence:
    """A window with an effect, a vote, or what there is instead."""
    empty = WindowEvidence(label, find_window(label).nominal, delta=1.0)
    if what in EFFECTS:
        own = Estimate(*EFFECTS[what], study_id="trial")
        return replace(empty, pooled=own, studies=(own,))
    if what in VOTES:
        return replace(empty, ballots=(Ballot("report", VOTES[what]),))
    if what == "uncontrolled":
        return replace(empty, only="uncontrolled")
    return replace(empty, only="other_comparators")


def line(comparator: str = "placebo", **windows: str) -> LineEvidence:
    """A class with what stands at w2 (two weeks), m1, m3, ... months."""
    labels = {"w2": "<=2wk"} | {f"m{label[:-2]}": label for label in LABELS[1:]}
    return LineEvidence(comparator, tuple(window(labels[name], what) for name, what in windows.items()))


AT_6 = {"window": "6mo"}
ROWS: list[tuple[ClaimKind, dict[str, str], LineEvidence, str, str]] = [
    ("benefit_at", AT_6, line(m6="important"), "supported", "IMPORTANT"),
    ("benefit_at", AT_6, line(m3="important"), "untested", "NO_DATA"),
    ("no_benefit_at", AT_6, line(m6="none"), "supported", "IMPORTANT_EXCLUDED"),
    ("no_benefit_at", AT_6, line(m6="benefit"), "contradicted", "BENEFIT_SIZE_UNCERTAIN"),
    ("no_benefit_at", AT_6, line(m6="small"), "mixed", "BELOW_MCID"),
    ("no_benefit_at", AT_6, line(m6="unclear"), "untested", "IMPRECISE"),
    ("no_benefit_at", AT_6, line(m6="same"), "supported", "REPORTED_ONLY"),
    ("small_benefit_at", AT_6, line(m6="small"), "supported", "BELOW_MCID"),
    ("small_benefit_at", AT_6, line(m6="important"), "contradicted", "IMPORTANT"),
    ("small_benefit_at", AT_6, line(m6="none"), "contradicted", "IMPORTANT_EXCLUDED"),
    ("small_benefit_at", AT_6, line(m6="harm"), "contradicted", "HARM"),
    ("small_benefit_at", AT_6, line(m6="benefit"), "untested", "IMPRECISE"),
    ("small_benefit_at", AT_6, line(m6="unclear"), "untested", "IMPRECISE"),
    ("small_benefit_at", AT_6, line(m6="better"), "untested", "REPORTED_ONLY"),
    ("small_benefit_at", AT_6, line(m6="same"), "untested", "REPORTED_ONLY"),
    ("small_benefit_at", AT_6, line(), "untested", "NO_DATA"),
    ("lasts_until", AT_6, line(m3="important"), "untested", "NO_DATA"),
    ("lasts_until", AT_6, line(m6="unclear"), "untested", "IMPRECISE"),
    ("lasts_until", AT_6, line(m3="important", m6="none"), "contradicted", "IMPORTANT_EXCLUDED"),
    ("lasts_until", AT_6, line(m3="important", m6="small"), "mixed", "EARLIER_OR_AT_TIME_MIXED"),
    ("lasts_until", AT_6, line(m3="none", m6="benefit"), "mixed", "EARLIER_OR_AT_TIME_MIXED"),
    ("lasts_until", AT_6, line(m3="unclear", m6="benefit"), "supported", "LOWER_BOUND_ONLY"),
    ("lasts_until", AT_6, line(m6="benefit", m12="benefit"), "contradicted", "LASTS_LONGER"),
    ("lasts_until", AT_6, line(m6="benefit", m24="none"), "supported", "LOSS_SHOWN"),
    ("lasts_until", AT_6, line(m6="benefit", m12="same"), "supported", "LOSS_SHOWN"),
    ("lasts_until", AT_6, line(m6="benefit", m12="small"), "mixed", "AFTER_MIXED"),
    ("lasts_until", AT_6, line(m6="benefit", m12="unclear"), "supported", "LOWER_BOUND_ONLY"),
    ("lasts_until", AT_6, line(m6="benefit", m12="unclear", m24="none"), "supported", "LOWER_BOUND_ONLY"),
    ("lasts_until", AT_6, line(m6="benefit", m12="uncontrolled", m24="none"), "supported", "LOSS_SHOWN"),
    ("lasts_until", AT_6, line(m6="benefit"), "supported", "LOWER_BOUND_ONLY"),
    ("lasts_at_least", AT_6, line(m6="benefit", m12="benefit"), "supported", "LOWER_BOUND_ONLY"),
    ("lasts_at_least", AT_6, line(m6="benefit", m12="none"), "supported", "LOWER_BOUND_ONLY"),
    ("lasts_at_least", AT_6, line(m6="none"), "contradicted", "IMPORTANT_EXCLUDED"),
    ("lasts_at_least", AT_6, line(m1="same", m6="benefit"), "mixed", "EARLIER_OR_AT_TIME_MIXED"),
    ("gone_by", AT_6, line(m3="important", m6="benefit"), "contradicted", "STILL_PRESENT"),
    ("gone_by", AT_6, line(m6="benefit"), "contradicted", "STILL_PRESENT"),
    ("gone_by", AT_6, line(m6="none"), "untested", "NO_EARLY_BENEFIT_SHOWN"),
    ("gone_by", AT_6, line(m3="unclear", m6="none"), "untested", "NO_EARLY_BENEFIT_SHOWN"),
    ("gone_by", AT_6, line(m3="small", m6="none"), "mixed", "EARLY_MIXED"),
    ("gone_by", AT_6, line(m3="small", m6="unclear"), "mixed", "EARLY_MIXED"),
    ("gone_by", AT_6, line(m3="small"), "untested", "NO_DATA"),
    ("gone_by", AT_6, line(m3="small", m6="uncontrolled"), "untested", "UNCONTROLLED_ONLY"),
    ("gone_by", AT_6, line(m3="important", m6="none"), "supported", "IMPORTANT_EXCLUDED"),
    ("gone_by", AT_6, line(m3="important", m6="same"), "supported", "REPORTED_ONLY"),
    ("gone_by", AT_6, line(m3="important", m6="small"), "mixed", "BELOW_MCID"),
    ("gone_by", AT_6, line(m3="important", m6="unclear"), "untested", "IMPRECISE"),
    ("gone_by", AT_6, line(m3="important"), "untested", "NO_DATA"),
    ("onset_by", AT_6, line(m1="none", m3="benefit"), "supported", "BENEFIT_SIZE_UNCERTAIN"),
    ("onset_by", AT_6, line(m1="none", m6="none"), "contradicted", "IMPORTANT_EXCLUDED"),
    ("onset_by", AT_6, line(m1="none", m3="none", m12="unclear"), "contradicted", "IMPORTANT_EXCLUDED"),
    ("onset_by", AT_6, line(m1="none", m3="none"), "untested", "PARTLY_IMPRECISE"),
    ("onset_by", AT_6, line(m1="none", m6="unclear"), "untested", "PARTLY_IMPRECISE"),
    ("onset_by", AT_6, line(m1="unclear"), "untested", "IMPRECISE"),
    ("onset_by", AT_6, line(m1="none", m6="small"), "mixed", "BELOW_MCID"),
    ("onset_by", AT_6, line(m12="benefit"), "untested", "NO_EARLY_VISIT"),
    ("none_at_any_time", {}, line(m1="none", m6="benefit"), "contradicted", "BENEFIT_AT_SOME_TIME"),
    ("none_at_any_time", {}, line(m1="none", m6="small"), "mixed", "SOME_TIME_MIXED"),
    ("none_at_any_time", {}, line(m1="none", m6="same"), "supported", "EXCLUDED_AT_ALL_TESTED"),
    ("none_at_any_time", {}, line(m1="none"), "untested", "PARTLY_IMPRECISE"),
    ("none_at_any_time", {}, line(m1="none", m6="unclear"), "untested", "PARTLY_IMPRECISE"),
    ("none_at_any_time", {}, line(m1="unclear", m6="unclear"), "untested", "IMPRECISE"),
    ("none_at_any_time", {}, line(m1="uncontrolled"), "untested", "UNCONTROLLED_ONLY"),
    ("none_at_any_time", {}, line(), "untested", "NO_DATA"),
    ("no_evidence_at", AT_6, line(m3="benefit"), "supported", "NO_DATA"),
    ("no_evidence_at", AT_6, line(m3="benefit", m12="unclear"), "contradicted", "EVIDENCE_EXISTS"),
    ("no_evidence_at", AT_6, line(m6="same"), "contradicted", "EVIDENCE_EXISTS"),
    ("no_evidence_at", AT_6, line(m6="uncontrolled"), "supported", "NO_DATA"),
    (
        "no_evidence_at",
        AT_6,
        LineEvidence("placebo", controlled=("12mo",)),
        "contradicted",
        "EVIDENCE_EXISTS",
    ),
    ("no_evidence_at", AT_6, LineEvidence("placebo", controlled=("3mo",)), "supported", "NO_DATA"),
    ("wanes", {}, LineEvidence("placebo", decline=(-0.5, -0.1)), "supported", "DECLINE_SHOWN"),
    ("wanes", {}, LineEvidence("placebo", decline=(0.0, 0.4)), "contradicted", "NO_DECLINE"),
    ("wanes", {}, LineEvidence("placebo", decline=(-0.5, 0.1)), "untested", "IMPRECISE"),
    ("wanes", {}, LineEvidence("placebo", followed=True), "untested", "IMPRECISE"),
    ("wanes", {}, line(m1="benefit"), "untested", "NO_DATA"),
]
BETWEEN = {"window": "3mo", "window_high": "12mo"}
ROWS += [
    ("lasts_between", BETWEEN, line(m3="benefit", m24="benefit"), "contradicted", "LASTS_LONGER"),
    ("lasts_between", BETWEEN, line(m3="benefit", m6="none", m24="none"), "supported", "LOSS_SHOWN"),
    ("lasts_between", BETWEEN, line(m3="benefit", m24="small"), "mixed", "AFTER_MIXED"),
    ("lasts_between", BETWEEN, line(m3="benefit", m12="benefit"), "supported", "LOWER_BOUND_ONLY"),
    ("lasts_between", BETWEEN, line(m3="none", m24="none"), "contradicted", "IMPORTANT_EXCLUDED"),
    ("lasts_between", BETWEEN, line(m1="none", m3="benefit"), "mixed", "EARLIER_OR_AT_TIME_MIXED"),
    ("lasts_between", BETWEEN, line(m12="benefit"), "untested", "NO_DATA"),
]


@pytest.mark.parametrize(("kind", "at", "evidence", "verdict", "reason"), ROWS)
def test_every_row_of_every_kind(
    kind: ClaimKind, at: dict[str, str], evidence: LineEvidence, verdict: str, reason: str
) -> None:
    found = judge_line(Assertion(kind, **at), evidence)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert (found.kind, found.comparator) == (kind, "placebo")


def test_every_kind_with_a_rule_has_a_row() -> None:
    assert {row[0] for row in ROWS} == set(RULES)
    assert {row[4] for row in ROWS} <= set(REASONS)


def test_the_glossary_has_every_reason() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")
    table = text.partition("## Reasons of a verdict")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", table, flags=re.MULTILINE))
    assert told == dict(REASONS)


def test_a_kind_without_a_rule_raises() -> None:
    with pytest.raises(InputError, match='no kind of claim with a rule is called "safe"'):
        judge_line(Assertion("safe"), line())


BENEFIT = Assertion("benefit_at", "6mo")
CLASSES = [
    ([line("placebo", m6="none"), line("usual_care", m6="benefit")], "mixed", "COMPARATOR_DEPENDENT"),
    (
        [line("placebo", m6="benefit"), line("usual_care", m6="important")],
        "supported",
        "BENEFIT_SIZE_UNCERTAIN",
    ),
    ([line("placebo", m6="unclear"), line("usual_care", m6="important")], "supported", "UNTESTED_VS_SHAM"),
    ([line("active_placebo", m6="none")], "contradicted", "UNTESTED_VS_SHAM"),
    ([line("placebo", m6="benefit"), line("active", m6="none")], "supported", "BENEFIT_SIZE_UNCERTAIN"),
    ([line("placebo"), line("active", m6="none")], "untested", "ACTIVE_ONLY"),
    ([line("placebo"), line("active", m6="unclear")], "untested", "ACTIVE_ONLY"),
    ([line("placebo"), line("usual_care", m6="unclear")], "untested", "IMPRECISE"),
    ([line("placebo", m6="small"), line("usual_care", m6="benefit")], "mixed", "COMPARATOR_DEPENDENT"),
    ([line(name, m6="uncontrolled") for name in DECIDING], "untested", "UNCONTROLLED_ONLY"),
    ([], "untested", "NO_DATA"),
]


@pytest.mark.parametrize(("lines", "verdict", "reason"), CLASSES)
def test_comparator_classes_put_together(lines: list[LineEvidence], verdict: str, reason: str) -> None:
    found = judge_lines(BENEFIT, lines)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert [own.comparator for own in found.lines] == [own.comparator for own in lines]


def test_no_evidence_is_contradicted_by_any_class_but_active() -> None:
    asked = Assertion("no_evidence_at", "6mo")
    assert judge_lines(asked, [line("active", m12="benefit")]).verdict == "supported"
    assert judge_lines(asked, [line("placebo"), line("usual_care", m12="unclear")]).verdict == "contradicted"


def test_a_claim_that_names_its_comparator_is_judged_on_it_alone() -> None:
    lines = [line("placebo", m6="none"), line("usual_care", m6="important")]
    found = judge_lines(BENEFIT, lines, comparator="usual_care")
    assert (found.verdict, found.reason, len(found.lines)) == ("supported", "IMPORTANT", 2)
    assert judge_lines(BENEFIT, lines, comparator="active").reason == "NO_DATA"
    with pytest.raises(InputError, match='did you mean "placebo"'):
        judge_lines(BENEFIT, lines, comparator="placbo")


whats = st.sampled_from([*EFFECTS, *VOTES, "uncontrolled", "others"])
several = st.dictionaries(st.sampled_from(LABELS), whats, max_size=8)
kinds = st.sampled_from(sorted(RULES))
labels = st.sampled_from([*LABELS, BEYOND])


def made(comparator: str, found: dict[str, str]) -> LineEvidence:
    return LineEvidence(comparator, tuple(window(label, found[label]) for label in LABELS if label in found))


@given(kinds, labels, labels, several)
def test_a_time_after_the_last_result_is_never_contradicted(
    kind: ClaimKind, at: str, high: str, found: dict[str, str]
) -> None:
    evidence = made("usual_care", found)
    asked = Assertion(kind, at, high)
    last = max((own.place for own in evidence.tested), default=-1)
    if kind in ("none_at_any_time", "wanes") or (kind != "none_at_any_time" and last >= _place(at)):
        return
    assert judge_line(asked, evidence).verdict != "contradicted"


def _place(label: str) -> int:
    return len(LABELS) if label == BEYOND else LABELS.index(label)


@given(kinds, labels, several, labels.filter(bool))
def test_an_uncontrolled_result_changes_no_verdict(
    kind: ClaimKind, at: str, found: dict[str, str], where: str
) -> None:
    if found.get(where, "uncontrolled") != "uncontrolled":
        return
    plain = made("placebo", {label: what for label, what in found.items() if label != where})
    more = made("placebo", found | {where: "uncontrolled"})
    asked = Assertion(kind, at, at)
    assert judge_line(asked, plain).verdict == judge_line(asked, more).verdict


@given(kinds, labels, several, several)
def test_the_words_say_the_verdict_and_no_time_after_the_last_result(
    kind: ClaimKind, at: str, first: dict[str, str], second: dict[str, str]
) -> None:
    lines = [made("placebo", first), made("usual_care", second)]
    found = judge_lines(Assertion(kind, at, at), lines)
    assert headline(found).casefold().startswith(found.verdict)
    for own, evidence in zip(found.lines, lines, strict=True):
        words = line_words(own, evidence)
        assert words.partition(": ")[2].startswith(own.verdict)
        assert ("Last usable result" in words) == (evidence.horizon is not None)
        assert all(
            step.evidence.window in {w.window for w in evidence.tested}
            for step in own.steps
            if step.evidence.tested
        )


@given(kinds, labels, several)
def test_the_steps_lead_to_the_verdict_again(kind: ClaimKind, at: str, found: dict[str, str]) -> None:
    """What a verdict shows suffices for it: judged again on its own steps it is the same."""
    evidence = made("placebo", found)
    asked = Assertion(kind, at, at)
    first = judge_line(asked, evidence)
    assert all(benefit_in(step.evidence) == step for step in first.steps)
    if kind in ("onset_by", "no_evidence_at", "gone_by", "wanes"):
        return  # these stop at the step that decides, or need to know how far results reach
    shown = LineEvidence("placebo", tuple(step.evidence for step in first.steps))
    if first.verdict != "untested" and first.reason not in ("BENEFIT_AT_SOME_TIME", "SOME_TIME_MIXED"):
        assert judge_line(asked, shown).verdict == first.verdict


@pytest.mark.parametrize("kind", sorted(RULES))
@pytest.mark.parametrize("votes", [(0,), (0, 0), (0, -1)])
def test_no_difference_is_never_said_without_its_unknown_size(
    kind: ClaimKind, votes: tuple[int, ...]
) -> None:
    ballots = tuple(Ballot(f"r{i}", vote) for i, vote in enumerate(votes))
    windows = tuple(replace(window(label, "same"), ballots=ballots) for label in ("6mo", "12mo"))
    early = window("1mo", "benefit")
    for at in ("1mo", "6mo"):
        evidence = LineEvidence("placebo", (early, *windows))
        found = judge_lines(Assertion(kind, at, at), [evidence])
        words = f"{headline(found)} {line_words(found.lines[0], evidence)}"
        for part in words.split("o difference")[1:]:
            assert "its size is unknown, and an important benefit is not excluded" in part


def test_the_last_row_reads_as_the_method_demands() -> None:
    found = judge_lines(BENEFIT, [line("placebo", m6="same")])
    assert headline(found) == f"Contradicted: {NO_DIFFERENCE}."
    assert NO_DIFFERENCE == (
        "no difference was reported; its size is unknown, and an important benefit is not excluded"
    )
    lost = judge_lines(Assertion("lasts_until", "6mo"), [line("placebo", m6="benefit", m12="same")])
    assert NO_DIFFERENCE in headline(lost)


def trials(
    comparator: str, count: int, *, joint: bool, fragile: bool = False, randomised: bool = True
) -> Verdict:
    own = Estimate(*EFFECTS["important"])
    studies = tuple(replace(own, study_id=f"s{i}") for i in range(count))
    there = replace(
        window("6mo", "important"),
        pooled=own,
        studies=studies,
        joint=joint,
        fragile=fragile,
        randomised=randomised,
    )
    return judge_line(BENEFIT, LineEvidence(comparator, (there,)))


def test_strength() -> None:
    assert strength_of(trials("placebo", 2, joint=True)) == "strong"
    assert strength_of(trials("placebo", 2, joint=True, fragile=True)) == "moderate"
    assert strength_of(trials("placebo", 2, joint=False)) == "moderate"
    assert strength_of(trials("placebo", 1, joint=True)) == "moderate"
    assert strength_of(trials("usual_care", 2, joint=True)) == "moderate"
    assert strength_of(trials("usual_care", 1, joint=False)) == "weak"
    assert strength_of(trials("placebo", 2, joint=True, randomised=False)) == "weak"
    assert strength_of(judge_line(BENEFIT, line(m6="better"))) == "reported"
    assert strength_of(judge_line(BENEFIT, line(m6="unclear"))) is None
    declines = replace(line(m3="unclear", m6="unclear"), decline=(-0.5, -0.1))
    assert strength_of(judge_line(Assertion("wanes"), declines)) == "moderate"
    assert strength_of(judge_line(Assertion("no_evidence_at", "6mo"), line(m6="important"))) is None


def test_the_weakest_window_gives_the_strength() -> None:
    gone = judge_line(Assertion("gone_by", "60mo"), line(m6="important", m24="benefit", m60="same"))
    assert strength_of(gone) == "reported"
    assert STRENGTHS[-1] == "reported"


def test_strength_over_classes() -> None:
    agree = judge_lines(BENEFIT, [line("placebo", m6="important"), line("usual_care", m6="better")])
    assert strength_of(agree) == "moderate"
    differ = judge_lines(BENEFIT, [line("placebo", m6="none"), line("usual_care", m6="better")])
    assert strength_of(differ) == "reported"


def test_sizes_of_the_method() -> None:
    """METHOD section 6: 98 per arm at SD 2.5, 63 at SD 2.0, for delta 1 with 80 % power."""
    assert size_to_exclude(sd=2.5, delta=1.0) == 98
    assert size_to_exclude(sd=2.0, delta=1.0) == 63
    for sd, delta, power in ((0.0, 1.0, 0.8), (2.5, 0.0, 0.8), (2.5, 1.0, 1.0)):
        with pytest.raises(InputError, match="must"):
            size_to_exclude(sd=sd, delta=delta, power=power)


@given(st.floats(0.5, 20), st.floats(0.2, 5))
def test_a_larger_threshold_needs_no_larger_trial(sd: float, delta: float) -> None:
    assert size_to_exclude(sd=sd, delta=2 * delta) <= size_to_exclude(sd=sd, delta=delta)


def test_what_would_change_a_verdict() -> None:
    untested = judge_lines(BENEFIT, [line("placebo", m6="unclear")])
    assert would_change(untested, None, None) == (
        "What would change it: a comparison with sham or placebo at the claimed time."
    )
    said = {
        judge_lines(Assertion(row[0], **row[1]), [row[2]]): would_change(
            judge_lines(Assertion(row[0], **row[1]), [row[2]]), None, None
        )
        for row in ROWS
    }
    assert all(text.startswith("What would change it: ") and text.endswith(".") for text in said.values())


def test_constructed_examples_of_the_method() -> None:
    """METHOD 3.4, example 4: a benefit that ends, one below the threshold, and one that nobody can tell."""
    standard_errors = {"1mo": (1.9, 0.38), "3mo": (1.8, 0.38), "6mo": (1.6, 0.40), "12mo": (0.1, 0.42)}
    lasting = _normal(standard_errors)
    assert judge_line(Assertion("lasts_until", "6mo"), lasting).reason == "LOSS_SHOWN"
    assert judge_line(Assertion("gone_by", "12mo"), lasting).verdict == "supported"
    small = _normal({"1mo": (0.5, 0.15), "3mo": (0.45, 0.15), "6mo": (0.4, 0.15), "12mo": (0.1, 0.15)})
    found = judge_line(Assertion("benefit_at", "3mo"), small)
    assert (found.verdict, found.reason) == ("mixed", "BELOW_MCID")
    wide = _normal({"1mo": (1.0, 1.4), "3mo": (0.8, 1.6)})
    assert judge_line(Assertion("benefit_at", "3mo"), wide).reason == "IMPRECISE"


def _normal(effects: dict[str, tuple[float, float]]) -> LineEvidence:
    windows = []
    for label, (middle, se) in effects.items():
        own = Estimate(middle, middle - 1.96 * se, middle + 1.96 * se, study_id="trial")
        months = find_window(label).nominal
        windows.append(WindowEvidence(label, months, delta=1.0, pooled=own, studies=(own,)))
    return LineEvidence("placebo", tuple(windows))
