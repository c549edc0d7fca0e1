"""The forest plot: what is drawn, where, and that the text says the same; no pixels."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.plots.described import description, figure_files
from spineevidence.plots.effectaxis import MOST_TICKS, ratio_ticks
from spineevidence.plots.forest import forest_plot
from spineevidence.plots.forestrows import forest_text
from spineevidence.pooling.pool import pool
from spineevidence.pooling.subgroups import subgroups
from spineevidence.pooling.windows import pool_window

BCG = json.loads(
    (Path(__file__).parent / "oracles" / "meta" / "rma_uni__bcg_logRR.json").read_text(encoding="utf-8")
)["inputs"]
VACCINE = EffectSizes(yi=BCG["yi"], vi=BCG["vi"], measure="RR")
TRIALS = [f"trial {place} {year}" for place, year in enumerate(BCG["year"])]
THREE = EffectSizes(
    yi=[1.3, 0.4, 2.9], vi=[0.25, 0.16, 4.9], df=[30, 58, 9], measure="MD", estimand="contrast"
)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def markers(ax: Axes, shape: str) -> list[Line2D]:
    return [line for line in ax.lines if line.get_marker() == shape]


def names(ax: Axes) -> list[str]:
    """Return the names beside the panel, from the top."""
    found = [text for text in ax.texts if text.get_text() in TRIALS]
    return [text.get_text() for text in sorted(found, key=lambda text: text.xy[1])]


def test_the_pooled_ratio_of_the_bcg_trials() -> None:
    """0.49 (0.34 to 0.70) by REML with a normal interval: Viechtbauer 2010, J Stat Softw 36(3)."""
    words = forest_text(pool(VACCINE, test="z"), labels=TRIALS)
    assert "- Pooled (REML): 0.49 (0.34 to 0.70)" in words
    assert words[1] == "- trial 0 1948: 0.41 (0.13 to 1.26), weight 5.1 %"


def test_squares_lines_and_diamond_stand_at_their_numbers() -> None:
    found = pool(THREE)
    ax = forest_plot(found, effects=THREE)
    squares = markers(ax, "s")
    assert [float(square.get_xdata()[0]) for square in squares] == [1.3, 0.4, 2.9]
    areas = np.array([square.get_markersize() for square in squares]) ** 2
    assert areas[0] / areas[1] == pytest.approx(found.weights[0] / found.weights[1])
    ends = [tuple(line.get_xdata()) for line in ax.lines if line.get_linewidth() == 1.1]
    assert (THREE.ci_low[0], THREE.ci_high[0]) in ends
    diamond = ax.patches[0].get_xy()
    assert diamond[:4, 0].tolist() == [found.ci_low, found.b, found.ci_high, found.b]
    (bar,) = ax.containers[0]
    assert bar.get_x() == found.pi_low
    assert bar.get_x() + bar.get_width() == pytest.approx(found.pi_high)


def test_the_text_and_the_figure_have_the_same_numbers() -> None:
    found = pool(VACCINE)
    ax = forest_plot(found, labels=TRIALS, favours=("favours vaccine", "favours none"))
    words = forest_text(found, labels=TRIALS, favours=("favours vaccine", "favours none"))
    drawn = texts(ax)
    for line in words[1:16]:
        name, _, numbers = line.removeprefix("- ").partition(": ")
        effect, _, weight = numbers.partition(", weight ")
        assert {name, effect} <= set(drawn), line
        assert not weight or weight in drawn
    assert ax.get_label() == "\n".join(words)
    assert "favours vaccine < 1 < favours none" in words[0]
    assert {"← favours vaccine", "favours none →"} <= set(drawn)


def test_every_text_lies_within_the_figure_and_no_two_overlap() -> None:
    long = ["a trial with a very long name that would push every column out of the page", "b", "c"]
    for ax in (
        forest_plot(pool(THREE), labels=long, delta=1.0),
        forest_plot(pool(VACCINE), labels=TRIALS, groups=BCG["alloc"]),
        forest_plot(pool(EffectSizes(yi=[0.3], vi=[0.1], measure="SMD", estimand="change"))),
    ):
        figure = ax.get_figure()
        assert isinstance(figure, Figure)
        figure.canvas.draw()
        found = [*ax.texts, *ax.get_xticklabels(), ax.xaxis.label]
        boxes = [text.get_window_extent() for text in found if text.get_text().strip()]
        whole = figure.bbox
        for box in boxes:
            assert whole.x0 <= box.x0
            assert box.x1 <= whole.x1
            assert whole.y0 <= box.y0
            assert box.y1 <= whole.y1
        for place, box in enumerate(boxes):
            for other in boxes[place + 1 :]:
                across = min(box.x1, other.x1) - max(box.x0, other.x0)
                down = min(box.y1, other.y1) - max(box.y0, other.y0)
                assert across <= 1 or down <= 1


def test_rows_in_each_order() -> None:
    found = pool(VACCINE)
    assert names(forest_plot(found, labels=TRIALS)) == TRIALS
    by_year = names(forest_plot(found, labels=TRIALS, order="year"))
    assert by_year == sorted(TRIALS, key=lambda name: int(name[-4:]))
    by_effect = names(forest_plot(found, labels=TRIALS, order="effect"))
    assert by_effect == [TRIALS[place] for place in np.argsort(-VACCINE.yi, kind="stable")]
    by_weight = names(forest_plot(found, labels=TRIALS, order="weight"))
    assert by_weight == [TRIALS[place] for place in np.argsort(-found.weights, kind="stable")]


def test_ratios_are_printed_on_a_log_axis() -> None:
    ax = forest_plot(pool(VACCINE))
    ticks = {
        label.get_text(): place for label, place in zip(ax.get_xticklabels(), ax.get_xticks(), strict=True)
    }
    assert ticks["1"] == 0
    assert ticks["0.5"] == pytest.approx(math.log(0.5))
    assert "risk ratio (log scale)" in ax.get_xlabel()
    plain = forest_plot(pool(VACCINE), ratio=False)
    assert "-0.89 (-2.01 to 0.23)" in texts(plain)


@given(st.floats(-12, -0.05), st.floats(0.05, 12))
def test_ticks_of_ratios_are_few_inside_and_hold_no_effect(low: float, high: float) -> None:
    places = ratio_ticks(low, high)
    assert all(low <= place <= high for place in places)
    assert min(abs(place) for place in places) < 1e-9
    assert len(places) <= MOST_TICKS + 2
    assert places == sorted(places)


def test_arrows_only_where_an_interval_goes_on() -> None:
    ax = forest_plot(pool(THREE), effects=THREE)
    low, high = ax.get_xlim()
    (arrow,) = markers(ax, ">")
    assert float(arrow.get_xdata()[0]) == high < THREE.ci_high[2]
    assert markers(ax, "<") == []
    assert low < THREE.ci_low[2]
    alike = EffectSizes(yi=[0.1, 0.2, 0.3], vi=[0.1, 0.1, 0.1])
    assert markers(forest_plot(pool(alike, test="z")), ">") == []


def test_one_study_is_not_pooled() -> None:
    one = EffectSizes(yi=[1.3], vi=[0.25], df=[58], measure="MD", estimand="contrast")
    ax = forest_plot(pool(one), delta=1.0)
    assert len(ax.patches) == 0
    words = forest_text(pool(one), delta=1.0)
    assert words[1] == "- study 1: 1.30 (0.30 to 2.30), weight 100.0 %"
    assert "One study: nothing is pooled." in words
    assert "Smallest difference that matters: 1.00." in words
    assert "delta 1" in texts(ax)


def test_windows_are_drawn_by_their_own_model() -> None:
    found = pool_window(THREE, sd_rep=2.5)
    words = forest_text(found, effects=THREE)
    limits = f"{found.estimate:.2f} ({found.ci_low:.2f} to {found.ci_high:.2f})"
    assert f"- Pooled (half-normal prior): {limits}" in words
    weights = [float(line.rpartition("weight ")[2].split()[0]) for line in words if "weight" in line]
    assert sum(weights) == pytest.approx(100, abs=0.2)
    assert np.dot(weights, THREE.yi) / 100 == pytest.approx(found.half_normal.mean, abs=0.01)
    alone = pool_window(EffectSizes(yi=[1.3], vi=[0.25], df=[58]), sd_rep=2.5)
    assert forest_text(alone)[1] == "- study 1: 1.30 (0.30 to 2.30), weight 100.0 %"


def test_groups_with_a_diamond_each_and_the_test_between_them() -> None:
    found = subgroups(VACCINE, by=BCG["alloc"])
    words = forest_text(pool(VACCINE), labels=TRIALS, groups=BCG["alloc"], subgroups=found)
    assert [line for line in words if line.endswith(":")] == ["alternate:", "random:", "systematic:"]
    low, high = np.exp([found.ci_low[1], found.ci_high[1]])
    assert f"- random: 7 studies: {math.exp(found.b[1]):.2f} ({low:.2f} to {high:.2f})" in words
    assert any(line.startswith(f"Between groups: Q(2) = {found.q_between:.2f}") for line in words)
    ax = forest_plot(pool(VACCINE), labels=TRIALS, groups=BCG["alloc"], subgroups=found)
    assert sum(isinstance(patch, Polygon) for patch in ax.patches) == 4


def test_changes_are_marked_as_uncontrolled() -> None:
    change = EffectSizes(yi=[2.0, 3.0, 2.5], vi=[0.1, 0.2, 0.1], measure="MC", estimand="change")
    ax = forest_plot(pool(change))
    assert "uncontrolled" in ax.get_title(loc="left")
    assert ax.get_facecolor() != forest_plot(pool(THREE)).get_facecolor()
    assert "no comparator" in forest_text(pool(change))[0]
    assert {"← worse", "better →"} <= set(texts(ax))


@pytest.mark.parametrize("k", [2, 30, 60])
def test_the_figure_grows_with_the_studies(k: int) -> None:
    rng = np.random.default_rng(k)
    found = pool(EffectSizes(yi=rng.normal(0.4, 0.3, k), vi=rng.uniform(0.01, 0.4, k)))
    ax = forest_plot(found)
    panel = ax.get_position().height * ax.figure.get_figheight()
    rows = ax.get_ylim()[0] - ax.get_ylim()[1]
    assert panel / rows == pytest.approx(0.23, rel=0.02)


def test_axes_that_are_given_are_used_and_dollars_are_no_mathematics() -> None:
    figure = Figure()
    ax = figure.add_subplot()
    assert forest_plot(pool(THREE), labels=["a $x$", r"$\frac$", "c"], ax=ax) is ax
    assert figure.axes == [ax]
    figure.savefig(io.BytesIO(), format="png")


def test_files_are_the_same_each_time_and_carry_the_text() -> None:
    first, second = (
        figure_files(forest_plot(pool(THREE)).figure, name="forest", title="Three studies") for _ in range(2)
    )
    assert first == second
    assert set(first) == {"forest.svg", "forest.png", "forest.txt"}
    assert first["forest.txt"].decode() == "\n".join(forest_text(pool(THREE)))
    assert b"study 2: 0.40" in first["forest.svg"]
    assert description(Figure()) == ""


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"labels": ["a", "b"]}, "one label per study"),
        ({"labels": "abc"}, "one label per study"),
        ({"order": "size"}, "order"),
        ({"order": "year"}, "no year in the name"),
        ({"groups": ["a"]}, "one group per study"),
        ({"effects": VACCINE}, "those that were pooled"),
        ({"delta": math.nan}, "delta must be a number"),
        ({"subgroups": subgroups(THREE, by=["a", "a", "b"])}, "the group of each study"),
        ({"subgroups": subgroups(THREE, by=["a", "a", "b"]), "groups": ["a", "b", "b"]}, "found a 1, b 2"),
        ({"subgroups": subgroups(THREE, by=list("aab"), level=0.9), "groups": list("aab")}, "at one level"),
    ],
)
def test_what_does_not_fit_is_said(asked: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        forest_plot(pool(THREE), **asked)  # type: ignore[arg-type]


def test_only_what_was_pooled_is_drawn() -> None:
    with pytest.raises(InputError, match="pool first"):
        forest_plot(THREE)  # type: ignore[arg-type]
