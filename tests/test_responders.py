"""Binary measures as risk differences, risk ratios and odds ratios, from counts and as printed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from spineevidence.effects import effect_sizes
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import counts
from tiny import Row, row, tiny

RESPONSE = "pain_relief_50pct"


def events(treated: float, control: float, measure: str = RESPONSE, **cells: str | float) -> list[Row]:
    return [
        row(measure, statistic="events", arm=arm, value=value, **cells)
        for arm, value in (("t", treated), ("s", control))
    ]


def ratio(value: float | str, low: float | str = "", high: float | str = "", **cells: str | float) -> Row:
    start: dict[str, str | float] = {"versus": "s", "statistic": "risk_ratio", "value": value}
    return row(RESPONSE, **(start | {"ci_low": low, "ci_high": high} | cells))


def asked(folder: Path, rows: list[Row], responders: str = "rr", measure: str = RESPONSE) -> EffectSizes:
    return effect_sizes(
        tiny(folder, rows), procedure="heat", comparator="placebo", measure=measure, responders=responders
    )


@pytest.mark.parametrize(("responders", "formula"), [("rr", counts.risk_ratio), ("or", counts.odds_ratio)])
@pytest.mark.parametrize(("treated", "control"), [(20, 9), (20, 0)])
def test_ratios_of_counts(
    tmp_path: Path, responders: str, formula: object, treated: int, control: int
) -> None:
    found = asked(tmp_path, events(treated, control), responders)
    expected = formula(events1=treated, n1=30, events2=control, n2=30)
    assert (found.yi[0], found.sei[0]) == (expected.yi[0], pytest.approx(expected.sei[0]))
    assert found.measure == responders.upper()
    assert any("0.5" in note or "1/2" in note for note in found.lineage[0].notes) == (control == 0)


def test_an_event_that_nobody_wants_turns_the_sign(tmp_path: Path) -> None:
    found = asked(tmp_path, events(3, 9, "serious_adverse_event"), measure="serious_adverse_event")
    assert found.yi[0] == pytest.approx(math.log(9 / 3))


def test_a_printed_ratio_speaks_before_the_counts(tmp_path: Path) -> None:
    found = asked(tmp_path, [*events(20, 9), ratio(2.0, 1.25, 3.2, note="adjusted")])
    (effect,) = found.lineage
    assert effect.route == "ratio"
    assert (effect.yi, effect.ci_low, effect.ci_high) == pytest.approx(
        (math.log(2), math.log(1.25), math.log(3.2))
    )
    assert effect.sei == pytest.approx(math.log(3.2 / 1.25) / (2 * 1.959964), rel=1e-6)
    assert "ADJUSTED: the printed ratio is adjusted" in effect.notes
    assert any(note.startswith("ALSO_PRINTED") for note in effect.notes)


def test_a_printed_ratio_turns_with_the_side(tmp_path: Path) -> None:
    found = asked(tmp_path, [ratio(0.5, 0.25, 1.0, arm="s", versus="t")])
    assert (found.yi[0], found.ci_low[0]) == pytest.approx((math.log(2), 0))


def test_a_ratio_with_its_p_value(tmp_path: Path) -> None:
    found = asked(tmp_path, [ratio("1.90", p_value="0.02")])
    assert found.sei[0] == pytest.approx(math.log(1.9) / 2.3263479)
    assert not any(note.startswith("ROUNDED") for note in found.lineage[0].notes)


def test_a_ratio_close_to_one_warns_of_its_rounding(tmp_path: Path) -> None:
    found = asked(tmp_path, [ratio("1.02", p_value="0.88")])
    assert any(note.startswith("ROUNDED: ") and "25%" in note for note in found.lineage[0].notes)


def test_a_bound_of_p_is_named(tmp_path: Path) -> None:
    found = asked(tmp_path, [ratio("1.90", p_value="<0.001")])
    assert any(note.startswith("P_BOUND") for note in found.lineage[0].notes)


@pytest.mark.parametrize("row_of", [ratio(1.0, p_value="0.9"), ratio(2.0), ratio(5.0, 1.1, 3.2)])
def test_ratios_that_give_no_standard_error(tmp_path: Path, row_of: Row) -> None:
    found = asked(tmp_path, [row_of])
    assert len(found) == 0
    assert found.notes == ("1 row left out (trial): no standard error can be derived",)


def test_an_interval_off_the_middle_is_said(tmp_path: Path) -> None:
    found = asked(tmp_path, [ratio(2.9, 1.25, 3.2)])
    assert any("not in the middle" in note for note in found.lineage[0].notes)


def test_risk_differences_leave_ratios_out_by_name(tmp_path: Path) -> None:
    found = asked(tmp_path, [ratio(2.0, 1.25, 3.2)], "rd")
    assert found.notes == ("1 row left out (trial): risk ratio, not a risk difference",)


def test_a_typo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='did you mean "rr"'):
        asked(tmp_path, events(20, 9), "r")
