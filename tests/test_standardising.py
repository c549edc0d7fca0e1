"""Common scales: what a difference is divided by, where that stands, and what cannot be divided."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from spineevidence.effects import effect_sizes
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import means
from spineevidence.formulas.teststatistics import smd_from_t
from spineevidence.lineage import Effect
from spineevidence.standardising import NO_SPREAD
from tiny import Row, contrast, row, tiny


def two(treated: float, control: float, *, measure: str = "nrs_pain_0_10", **cells: str | float) -> list[Row]:
    return [row(measure, arm=arm, value=value, **cells) for arm, value in (("t", treated), ("s", control))]


def asked(folder: Path, rows: list[Row], scale: str = "smd", **more: object) -> EffectSizes:
    words: dict[str, object] = {"procedure": "heat", "comparator": "placebo", "domain": "pain"} | more
    return effect_sizes(tiny(folder, rows), scale=scale, **words)


def only(effects: EffectSizes) -> Effect:
    assert len(effects) == 1, effects
    return effects.lineage[0]


def test_final_means_give_hedges_g(tmp_path: Path) -> None:
    effect = only(asked(tmp_path, [row(value=4, sd=2), row(arm="s", value=5.5, sd=3)]))
    expected = means.hedges_g(m1=4, sd1=2, n1=30, m2=5.5, sd2=3, n2=30, better="lower")
    assert (effect.yi, effect.sei) == pytest.approx((float(expected.yi[0]), float(expected.sei[0])))
    assert effect.route == "final_means"
    assert effect.notes[0].startswith("STANDARDISED_BY: SD 2.5495 of scores at this visit")


def test_an_adjusted_difference_is_divided_by_the_sd_of_scores(tmp_path: Path) -> None:
    rows = [*two(4, 5, sd=2), contrast(-1.2, -1.9, -0.5, note="adjusted")]
    effect = only(asked(tmp_path, rows))
    factor = float(means.factor_from_df(df=58))
    assert effect.route == "adjusted_contrast"
    assert effect.yi == pytest.approx(factor * 1.2 / 2)
    se = 1.4 / (2 * 2.0017174841452356)
    assert effect.sei == pytest.approx(math.sqrt((se / 2) ** 2 + effect.yi**2 / 120))


def test_an_unadjusted_difference_implies_its_sd(tmp_path: Path) -> None:
    effect = only(asked(tmp_path, [contrast(-1.5, -2.5, -0.5)]))
    t = 1.5 / (2 / (2 * 2.0017174841452356))
    expected = smd_from_t(t=t, n1=30, n2=30)
    assert effect.yi == pytest.approx(float(expected.yi[0]))
    assert effect.sei == pytest.approx(float(expected.sei[0]))


def test_an_adjusted_difference_without_any_sd_stays_out(tmp_path: Path) -> None:
    effects = asked(tmp_path, [contrast(-1.2, -1.9, -0.5, note="adjusted")])
    assert len(effects) == 0
    assert effects.notes == (f"1 row left out (trial): {NO_SPREAD}",)


def test_the_sd_of_changes_is_never_used(tmp_path: Path) -> None:
    changes = two(-3, -2, statistic="change", sd=1)
    assert len(asked(tmp_path / "alone", changes)) == 0
    effect = only(asked(tmp_path / "with", [*changes, *two(6, 6, months=0, sd=2)]))
    assert effect.yi == pytest.approx(float(means.factor_from_df(df=58)) * 1 / 2)
    assert effect.notes[0].startswith("STANDARDISED_BY: SD 2 of scores at baseline")


def test_any_instrument_of_the_domain_counts(tmp_path: Path) -> None:
    rows = [*two(60, 50, measure="sf36_bp", sd=20), *two(40, 50, measure="vas_pain_0_100", sd=20, months=6)]
    effects = asked(tmp_path, rows)
    assert [effect.measure_id for effect in effects.lineage] == ["sf36_bp", "vas_pain_0_100"]
    assert effects.yi[0] == pytest.approx(effects.yi[1])  # higher is better on the one, lower on the other
    assert effects.measure == "SMD"


def test_a_fall_in_percent_is_a_change_and_no_score(tmp_path: Path) -> None:
    effects = asked(tmp_path, two(40, 30, measure="pain_reduction_percent", sd=20))
    assert len(effects) == 0
    assert (
        len(
            asked(
                tmp_path / "one",
                two(40, 30, measure="pain_reduction_percent", sd=20),
                domain=None,
                measure="pain_reduction_percent",
            )
        )
        == 1
    )


def test_the_preferred_instrument_speaks_and_the_other_is_named(tmp_path: Path) -> None:
    effect = only(asked(tmp_path, [*two(4, 5, sd=2), *two(60, 50, measure="sf36_bp", sd=20)]))
    assert effect.measure_id == "nrs_pain_0_10"
    assert any(note.startswith("ALSO_PRINTED: t against s on sf36_bp") for note in effect.notes)


def test_a_change_within_one_group(tmp_path: Path) -> None:
    rows = [row(months=0, value=7, sd=2, n=25), row(statistic="change", value=-3, se=0.5, n=25)]
    studies = {"trial": {"design": "prospective_cohort"}}
    effects = effect_sizes(
        tiny(tmp_path, rows, studies=studies), procedure="heat", estimand="change", domain="pain", scale="smd"
    )
    effect = only(effects)
    assert effect.yi == pytest.approx(float(means.factor_from_df(df=24)) * 3 / 2)
    assert effect.sei == pytest.approx(math.sqrt(0.25**2 + effect.yi**2 / 50))


def test_a_printed_standardised_difference_is_taken(tmp_path: Path) -> None:
    printed = row(versus="s", statistic="smd", value=-0.6, ci_low=-1.0, ci_high=-0.2)
    effect = only(asked(tmp_path, [printed]))
    assert (effect.yi, effect.ci_low, effect.ci_high) == (0.6, 0.2, 1.0)
    natural = asked(tmp_path / "natural", [printed], scale="natural")
    assert natural.notes == ("1 row left out (trial): smd, not on a natural scale",)


@pytest.mark.parametrize(
    ("measure", "difference", "expected"),
    [("odi_0_100", 8, 0.8), ("rmdq_0_24", 3, 1.5), ("rmdq_0_23", 3, 1.5), ("vas_pain_0_100", 15, 1.5)],
)
def test_units_of_the_smallest_important_difference(
    tmp_path: Path, measure: str, difference: float, expected: float
) -> None:
    """METHOD 4.6: 10 points of ODI, 2 of RMDQ, 1 of pain on 0-10 and so 10 on 0-100."""
    domain = "pain" if "pain" in measure else "disability"
    effects = asked(tmp_path, two(8, 8 + difference, measure=measure, sd=4), scale="mid", domain=domain)
    effect = only(effects)
    assert effect.yi == pytest.approx(expected)
    assert (effect.ci_high - effect.yi) / effect.sei == pytest.approx(2.0017174841452356)
    assert effects.measure == "MID"


def test_scales_that_cannot_be_had(tmp_path: Path) -> None:
    rows = two(4, 5, sd=2)
    with pytest.raises(InputError, match='did you mean "smd"'):
        asked(tmp_path / "a", rows, scale="smdd")
    with pytest.raises(InputError, match="is a scale already"):
        asked(tmp_path / "b", rows, domain=None, curve="pain_0_10")
    with pytest.raises(InputError, match="a common scale needs continuous scores"):
        asked(tmp_path / "c", rows, domain=None, measure="pain_relief_50pct")
    with pytest.raises(InputError, match='no measure of "function" can be put on the scale "mid"'):
        asked(tmp_path / "d", rows, scale="mid", domain="function")
    with pytest.raises(InputError, match="give one of domain=, measure= and curve="):
        asked(tmp_path / "e", rows, scale="natural", curve="pain_0_10")


def test_a_difference_of_changes_implies_no_sd_of_scores(tmp_path: Path) -> None:
    printed = asked(tmp_path / "row", [contrast(-1.5, -2.5, -0.5, statistic="change_difference")])
    assert printed.notes == (f"1 row left out (trial): {NO_SPREAD}",)
    tested = row(versus="s", statistic="finding_only", finding="favours_arm", p_value="0.01")
    assert len(asked(tmp_path / "arms", [*two(-3, -1.5, statistic="change"), tested])) == 0
    assert len(asked(tmp_path / "scores", [*two(4, 5.5), tested])) == 1


def test_a_bound_of_p_implies_no_sd(tmp_path: Path) -> None:
    """With it g would be the same for a difference of 1.5 and of 9."""
    for value in (-1.5, -9):
        effects = asked(tmp_path / str(value), [contrast(value, p_value="<0.05")])
        assert effects.notes == (f"1 row left out (trial): {NO_SPREAD}",)
    exact = asked(tmp_path / "exact", [contrast(-1.5, p_value="0.05")])
    assert len(exact) == 1


def test_the_sd_is_that_of_the_visit_and_its_population(tmp_path: Path) -> None:
    """The baseline names no analysis, the visit does: its spread is still the one to divide by."""
    rows = [
        row(months=0, value=6, sd=1.5),
        row(months=0, arm="s", value=7, sd=1.5),
        *two(4, 5.5, sd=2.5, analysis="itt"),
        *two(3, 5, sd=1, analysis="completers"),
    ]
    effect = only(asked(tmp_path, rows))
    assert effect.route == "pseudo_ancova"
    assert effect.notes[0].startswith("STANDARDISED_BY: SD 2.5 of scores at this visit")


def test_pairs_imply_no_sd_of_scores(tmp_path: Path) -> None:
    studies = {"trial": {"design": "crossover_rct"}}
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, note="paired")], studies=studies)
    effects = effect_sizes(base, procedure="heat", comparator="placebo", domain="pain", scale="smd")
    assert len(effects) == 0


def test_groups_too_small_for_the_correction_stay_out(tmp_path: Path) -> None:
    rows = [
        row(months=0, value=7, sd=2, n=2, study_id="tiny"),
        row(statistic="change", value=-3, se=0.5, n=2, study_id="tiny"),
        row(months=0, value=7, sd=2, n=25),
        row(statistic="change", value=-3, se=0.5, n=25),
    ]
    cohort = {"design": "prospective_cohort"}
    base = tiny(tmp_path, rows, studies={"trial": cohort, "tiny": cohort})
    effects = effect_sizes(base, procedure="heat", estimand="change", domain="pain", scale="smd")
    assert [effect.study_id for effect in effects.lineage] == ["trial"]
    assert effects.notes == (f"1 row left out (tiny): {NO_SPREAD}",)
