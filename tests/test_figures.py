"""Figures of one arm in every printed form; medians become means only where that is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from spineevidence.effects import effect_sizes
from spineevidence.figures import Figure, extremes_of, figure_of, quartiles_of
from spineevidence.formulas.medians import mean_sd_from_median
from spineevidence.results import results_of
from tiny import row, tiny


def figure(folder: Path, **cells: str | float) -> Figure | None:
    (result,) = results_of(tiny(folder, [row(statistic="median", **cells)]))
    return figure_of(result)


def test_a_median_with_quartiles_becomes_a_mean_with_a_note(tmp_path: Path) -> None:
    found = figure(tmp_path, value=4.5, note="IQR 3-6", n=40)
    expected = mean_sd_from_median(median=4.5, q1=3, q3=6, n=40)
    assert found is not None
    assert (found.value, found.sd) == (float(expected.mean), float(expected.sd))
    assert found.se == pytest.approx(float(expected.sd) / 40**0.5)
    assert any(note.startswith("MEDIAN_CONVERTED:") for note in found.notes)
    # Luo 2018, equation 11, and Wan 2014, equation 16, by hand: w = 0.70975; 3 / (2 x 0.6542)
    assert found.value == pytest.approx(0.70975 * 4.5 + 0.29025 * 4.5)
    assert found.sd == pytest.approx(3 / (2 * 0.655), rel=0.02)


def test_a_median_with_its_range(tmp_path: Path) -> None:
    found = figure(tmp_path, value=4, note="range 0 to 9", n=30)
    expected = mean_sd_from_median(median=4, minimum=0, maximum=9, n=30)
    assert found is not None
    assert (found.value, found.sd) == (float(expected.mean), float(expected.sd))


def test_quartiles_and_range_are_used_together(tmp_path: Path) -> None:
    found = figure(tmp_path, value=4, note="IQR 3-5; range 0-9", n=30)
    expected = mean_sd_from_median(median=4, q1=3, q3=5, minimum=0, maximum=9, n=30)
    assert found is not None
    assert (found.value, found.sd) == (float(expected.mean), float(expected.sd))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"value": 4, "n": 30}, "a median alone"),
        ({"value": 1, "n": 30, "note": "IQR 1-3"}, "the median is a quartile"),
        ({"value": 1, "n": 30, "note": "IQR 1-1"}, "no spread"),
        ({"value": 4, "n": 4, "note": "IQR 3-5"}, "too few patients"),
        ({"value": 2, "n": 30, "note": "IQR 1.8-9"}, "skewed, and too few for quantile estimation"),
        ({"value": 2, "n": 200, "note": "range 0-30"}, "skewed, and no quartiles"),
        ({"value": 4, "n": 30, "note": "IQR 3-5; range 3.5-9"}, "quartile below the smallest value"),
    ],
)
def test_medians_that_give_no_mean(tmp_path: Path, cells: dict[str, str | float], why: str) -> None:
    assert figure(tmp_path, **cells) is None, why


@pytest.mark.parametrize("note", ["IQR 1-5.5", "IQR 1-5.5; range 0-10"])
def test_a_skewed_median_of_many_patients_is_estimated_from_its_quartiles(tmp_path: Path, note: str) -> None:
    found = figure(tmp_path, value=2, note=note, n=200)
    expected = mean_sd_from_median(median=2, q1=1, q3=5.5, n=200, method="quantile_estimation", scale=(0, 10))
    assert found is not None
    assert (found.value, found.sd) == (float(expected.mean), float(expected.sd))
    assert 2.5 < found.value < 4  # of a right-skewed distribution the mean lies above the median
    assert found.sd < 4  # and within the scale


def test_medians_of_two_arms_make_a_contrast(tmp_path: Path) -> None:
    rows = [
        row(arm=arm, statistic="median", value=value, note=note, n=40)
        for arm, value, note in (("t", 3, "IQR 2-4"), ("s", 5, "IQR 3.5-6.5"))
    ]
    effects = effect_sizes(tiny(tmp_path, rows), procedure="heat", comparator="placebo", domain="pain")
    assert len(effects) == 1
    assert effects.yi[0] == pytest.approx(2)
    assert sum(note.startswith("MEDIAN_CONVERTED") for note in effects.lineage[0].notes) >= 1


def test_what_rounding_may_have_changed(tmp_path: Path) -> None:
    results = results_of(tiny(tmp_path, [row(value="4.0", sd=2), row(value="4", sd=2, months=6)]))
    assert [figure_of(result).rounding for result in results] == [0.05, 0.5]


@pytest.mark.parametrize(
    ("note", "quartiles", "extremes"),
    [
        ("IQR 2-5 (not 95% CI)", (2, 5), None),
        ("interquartile range 2 to 5", (2, 5), None),
        ("leg pain; range 0-9", None, (0, 9)),
        ("follow-up range 3-6 months", None, None),
        ("age IQR 30-50", None, None),
    ],
)
def test_what_a_note_prints_of_the_scores(
    tmp_path: Path,
    note: str,
    quartiles: tuple[float, float] | None,
    extremes: tuple[float, float] | None,
) -> None:
    (result,) = results_of(tiny(tmp_path, [row(statistic="median", value=4, n=30, note=note)]))
    assert (quartiles_of(result), extremes_of(result)) == (quartiles, extremes)
