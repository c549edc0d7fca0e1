"""Derivations step by step: whoever puts the printed numbers into the printed formula gets the effect."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.curves import SCALES, Curve, curve_for, curves_of
from spineevidence.effects import Question, by_study, derive, effect_sizes
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lineage import Effect, Step, explained, keyword, put_in
from spineevidence.results import lines_of, results_of
from tiny import Row, contrast, row, tiny

DIGITS_SHOWN = 1e-6  # relative: ten digits are put in, and some formulas subtract
FUNCTIONS = {"sqrt": math.sqrt, "log": math.log, "exp": math.exp, "round": lambda x: math.floor(x + 0.5)}


def by_hand(step: Step) -> float:
    """Compute what a step prints, as a reader would."""
    assert re.fullmatch(r"[-+*/^x().,0-9e sqrtlogexpund]+", step.numbers), step.numbers
    return float(eval(step.numbers.replace("^", "**").replace(" x ", " * "), {"__builtins__": {}}, FUNCTIONS))


def every_curve(evidence: Evidence, domain: str) -> Iterator[Curve]:
    yield from curves_of(evidence, domain)
    for curve in curves_of(evidence, domain):
        if curve.kind == "RD":
            yield replace(curve, kind="RR")
            yield replace(curve, kind="OR")
    for scale in SCALES[1:]:
        try:
            yield curve_for(evidence, domain=domain, measure=None, scale=scale)
        except InputError:  # the domain has no scores that can stand on it
            continue


@pytest.fixture(scope="module")
def bundled() -> list[Effect]:
    evidence = load_evidence(BUNDLED)
    results = results_of(evidence)
    studies = by_study(results)
    return [
        effect
        for procedure, comparator, domain in lines_of(results)
        for curve in every_curve(evidence, domain)
        for effect in derive(Question(procedure, comparator, curve), studies).effects
    ]


def test_every_step_of_the_bundled_evidence_can_be_recomputed(bundled: list[Effect]) -> None:
    wrong = [
        f"{effect.study_id} {effect.months} {effect.curve}: {step}"
        for effect in bundled
        for step in effect.steps
        if not math.isclose(by_hand(step), step.value, rel_tol=DIGITS_SHOWN, abs_tol=1e-9)
    ]
    assert wrong == []
    assert sum(len(effect.steps) for effect in bundled) > 2000


def test_effect_and_standard_error_are_among_the_steps(bundled: list[Effect]) -> None:
    """A standard error that is printed as such needs no step."""
    for effect in bundled:
        values = [step.value for step in effect.steps]
        assert any(math.isclose(value, effect.yi, rel_tol=1e-9, abs_tol=1e-12) for value in values), effect
        printed = any(f"SE {put_in(effect.sei)}" in line for line in effect.printed)
        found = any(math.isclose(value, effect.sei, rel_tol=1e-9) for value in values)
        assert found or printed, effect


def test_every_effect_names_its_formula_its_rows_and_their_place(bundled: list[Effect]) -> None:
    for effect in bundled:
        assert effect.formula
        assert {int(re.match(r"line (\d+), ", line)[1]) for line in effect.printed} == set(effect.lines)
        assert all(
            re.search(r"; .+, \S+ \((full text|abstract|registry|review)\)$", p) for p in effect.printed
        )


def test_every_keyword_of_a_note_is_in_the_handbook_of_effects(bundled: list[Effect]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "methods" / "effects.md").read_text(encoding="utf-8")
    table = page.partition("## Notes of an effect")[2].partition("## References")[0]
    used = {keyword(note) for effect in bundled for note in effect.notes} - {""}
    assert used - set(re.findall(r"`([A-Z_]+)`", table)) == set()


def test_an_explanation_reads_from_the_printed_row_to_the_interval(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5), contrast(-1, -2, 0, months=6)])
    effects = effect_sizes(base, procedure="heat", comparator="placebo", domain="pain")
    assert str(effects.explain("trial", 3)).splitlines() == [
        "trial, 3 months: t against s, nrs_pain_0_10 (difference between arms, as printed with its interval "
        "or standard error; standard error from the interval)",
        "  printed: line 2, t minus s, nrs_pain_0_10, 3 months: mean difference -1.5, 95 % CI -2.5 to -0.5; "
        "Table 1, src (full text)",
        "  d = -1 x printed = -1 x (-1.5) = 1.5",
        "  SE = (U - L) / (2 x t(0.975, 58)) = (2.5 - 0.5) / (2 x 2.001717484) = 0.499571",
        "  effect 1.5, standard error 0.499571, 95 % interval 1.5 -+ 2.00172 (t(0.975, 58)) x 0.499571 = 0.5 "
        "to 2.5 on pain_0_10; benefit is positive",
        "  note: N_FROM_ARM: n of t is the number allocated (30)",
        "  note: N_FROM_ARM: n of s is the number allocated (30)",
    ]
    assert len(effects.explain().blocks) == 2
    assert repr(effects.explain()) == str(effects.explain())


def test_an_asymmetric_interval_is_shown_without_a_quantile(tmp_path: Path) -> None:
    rows = [
        row("pain_relief_50pct", statistic="events", arm=arm, value=value)
        for arm, value in (("t", 20), ("s", 9))
    ]
    effects = effect_sizes(
        tiny(tmp_path, rows), procedure="heat", comparator="placebo", measure="pain_relief_50pct"
    )
    (block,) = effects.explain().blocks
    limits = f"95 % interval {effects.ci_low[0]:.6g} to {effects.ci_high[0]:.6g} on pain_responders"
    assert any(limits in line for line in block)
    assert [step.name for step in effects.lineage[0].steps] == ["RD", "SE", "lower limit", "upper limit"]


def test_a_change_is_not_explained_as_an_effect(tmp_path: Path) -> None:
    rows = [row(statistic="change", value=-2.0, sd=2.0, n=30)]
    studies: dict[str, Row] = {"trial": {"design": "prospective_cohort"}}
    base = tiny(tmp_path, rows, studies=studies)
    effects = effect_sizes(base, procedure="heat", estimand="change", domain="pain")
    (block,) = effects.explain().blocks
    assert any(line.startswith("change 2, standard error") for line in block)
    assert not any("effect" in line or "benefit" in line for line in block)


def test_an_explanation_is_escaped_in_a_notebook(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, locator="<script>alert(1)</script>")])
    html = effect_sizes(base, procedure="heat", comparator="placebo", domain="pain").explain()._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<li>") == 6


def test_what_cannot_be_explained_is_refused(tmp_path: Path) -> None:
    effects = effect_sizes(
        tiny(tmp_path, [contrast(-1.5, -2.5, -0.5)]), procedure="heat", comparator="placebo", domain="pain"
    )
    with pytest.raises(UnknownNameError, match='did you mean "trial"'):
        effects.explain("trail")
    with pytest.raises(InputError, match="no effect at 4 months; there are some at 3 months"):
        effects.explain("trial", 4)
    with pytest.raises(InputError, match="carry no derivation"):
        EffectSizes(yi=1, vi=1).explain()


def test_no_effect_is_explained_by_what_was_left_out(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1.5, note="no interval")])
    effects = effect_sizes(base, procedure="heat", comparator="placebo", domain="pain")
    assert str(effects.explain()) == ("no effect\n  1 row left out (trial): no standard error can be derived")


def test_keywords_of_notes() -> None:
    effect_notes = ("N_FROM_ARM: n of t", "UNBLINDED", "Adjusted for baseline.", "A note")
    assert [keyword(note) for note in effect_notes] == ["N_FROM_ARM", "UNBLINDED", "", ""]
    assert explained([]).blocks == ()
