"""The funnel plot: what is drawn, where, and that the text says the same; no pixels."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.plots.described import figure_files
from spineevidence.plots.funnel import funnel_plot, funnel_text
from spineevidence.pooling.pool import pool
from spineevidence.pooling.smallstudy import trim_and_fill

BCG = json.loads(
    (Path(__file__).parent / "oracles" / "meta" / "rma_uni__bcg_logRR.json").read_text(encoding="utf-8")
)["inputs"]
VACCINE = EffectSizes(yi=BCG["yi"], vi=BCG["vi"], measure="RR")
THREE = EffectSizes(yi=[1.3, 0.4, 2.9], vi=[0.25, 0.16, 4.9], measure="MD", estimand="contrast")
FILLED = trim_and_fill(VACCINE, side="right")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


def line(ax: Axes, label: str) -> Line2D:
    (found,) = (item for item in ax.lines if item.get_label() == label)
    return found


def test_points_stand_at_effect_and_standard_error_with_zero_on_top() -> None:
    ax = funnel_plot(pool(VACCINE))
    points = line(ax, "study")
    assert points.get_xdata() == pytest.approx(VACCINE.yi)
    assert points.get_ydata() == pytest.approx(VACCINE.sei)
    bottom, top = ax.get_ylim()
    assert top == 0 < VACCINE.sei.max() < bottom


def test_limits_open_from_the_pooled_effect() -> None:
    found = pool(VACCINE)
    ax = funnel_plot(found)
    left, middle, right = line(ax, "95 % pseudo-limits").get_xdata()
    deepest = ax.get_ylim()[0]
    assert middle == found.b
    assert right - middle == pytest.approx(1.959963984540054 * deepest)
    assert middle - left == pytest.approx(right - middle)
    assert list(line(ax, "pooled (REML)").get_xdata()) == [found.b, found.b]


def test_studies_outside_the_limits_are_counted() -> None:
    even = EffectSizes(yi=[0.0, 0.0, 5.0, -0.1], vi=[0.01, 0.01, 1.0, 0.01])
    words = funnel_text(pool(even, method="EE"))
    assert words[1].endswith("0 of 4 to the left and 1 to the right of the 95 % pseudo-limits.")


def test_filled_studies_are_hollow() -> None:
    ax = funnel_plot(VACCINE, filled=FILLED)
    hollow = line(ax, "filled in")
    assert hollow.get_xdata() == pytest.approx(FILLED.filled_yi)
    assert hollow.get_ydata() == pytest.approx(np.sqrt(FILLED.filled_vi))
    assert same_color(hollow.get_markerfacecolor(), "white")
    assert list(line(ax, "with those filled in").get_xdata()) == [FILLED.b, FILLED.b]
    words = funnel_text(VACCINE, filled=FILLED)
    assert (
        f"Trim and fill: 1 study filled in on the right, effect with them {math.exp(FILLED.b):.2f}." in words
    )
    assert words[-1].startswith("- filled in: ")


def test_contours_are_about_no_effect_and_counted() -> None:
    ax = funnel_plot(VACCINE, contours=True)
    assert [patch.get_label() for patch in ax.patches] == ["p 0.01 to 0.05", "p 0.05 to 0.10", "p over 0.10"]
    deepest = ax.get_ylim()[0]
    assert ax.patches[1].get_xy()[:, 0].max() == pytest.approx(1.959963984540054 * deepest)
    away = np.abs(VACCINE.yi / VACCINE.sei)
    below = int((away > 1.959963984540054).sum())
    assert any(f", {below} below 0.05," in words for words in funnel_text(VACCINE, contours=True))
    assert funnel_plot(VACCINE).patches[:] == []


def test_few_studies_are_said_to_tell_nothing() -> None:
    assert any("fewer than 10 studies" in words for words in funnel_text(THREE))
    assert any(text.get_text().startswith("Fewer than 10 studies") for text in funnel_plot(THREE).texts)
    assert not any("fewer than 10" in words for words in funnel_text(VACCINE))
    one = funnel_plot(EffectSizes(yi=[1.3], vi=[0.25]))
    assert len(line(one, "study").get_xdata()) == 1


def test_the_text_has_every_study_and_is_attached() -> None:
    ax = funnel_plot(VACCINE)
    words = funnel_text(VACCINE)
    assert ax.get_label() == "\n".join(words)
    assert "- study 1: 0.41, standard error 0.571" in words
    assert sum(words_.startswith("- study") for words_ in words) == len(VACCINE)
    assert words[0].startswith("Funnel plot of 13 studies: risk ratio (log scale) against standard error")


def test_every_text_lies_within_the_figure() -> None:
    change = EffectSizes(yi=VACCINE.yi, vi=VACCINE.vi, measure="OR", estimand="change")
    for ax in (
        funnel_plot(change, filled=trim_and_fill(change), contours=True),
        funnel_plot(THREE),
    ):
        figure = ax.figure
        assert isinstance(figure, Figure)
        figure.canvas.draw()
        legend = ax.get_legend()
        boxes = [text.get_window_extent() for text in [*ax.texts, ax.xaxis.label, ax.yaxis.label]]
        boxes += [legend.get_window_extent(), ax.get_tightbbox()]
        for box in boxes:
            assert figure.bbox.x0 <= box.x0
            assert box.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= box.y0
            assert box.y1 <= figure.bbox.y1


def test_files_are_the_same_each_time() -> None:
    first, second = (
        figure_files(funnel_plot(THREE).figure, name="funnel", title="Three studies") for _ in range(2)
    )
    assert first == second
    assert b"Fewer" not in first["funnel.txt"]
    assert b"fewer than 10 studies" in first["funnel.svg"]


def test_axes_that_are_given_are_used() -> None:
    figure = Figure()
    ax = figure.add_subplot()
    assert funnel_plot(THREE, ax=ax) is ax
    assert figure.axes == [ax]


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(InputError, match="of the studies that were pooled"):
        funnel_plot(THREE, filled=FILLED)
    shifted = EffectSizes(yi=VACCINE.yi, vi=VACCINE.vi * 2, measure="RR")
    with pytest.raises(InputError, match="of the studies that were pooled"):
        funnel_plot(shifted, filled=FILLED)
    with pytest.raises(InputError, match="estimable"):
        funnel_plot(EffectSizes(yi=[1.0, math.nan], vi=[0.1, math.nan], undefined=True))
