"""The figure: what is drawn, where and in which order; no pixels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from planting import BUNDLED
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lanes import lane_groups
from spineevidence.plots.durations import (
    BLUE,
    GREY,
    LEGEND,
    MARKERS,
    ORANGE,
    draw_figure,
    draw_lanes,
    duration_plot,
    position,
)
from spineevidence.stepwise import STATES
from spineevidence.summary import summary_lines
from tiny import contrast, finding, row, tiny


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


def drawn(base: Evidence, *, change: bool = False) -> Axes:
    ax = Figure().add_subplot()
    groups = lane_groups(summary_lines(base), change=change)
    return draw_lanes(ax, groups, (), domain="pain", change=change)


def bars(ax: Axes, colour: str) -> list[Rectangle]:
    return [patch for box in ax.containers for patch in box if same_color(patch.get_edgecolor(), colour)]


def span(bar: Rectangle) -> tuple[float, float]:
    return bar.get_x(), bar.get_x() + bar.get_width()


def markers(ax: Axes, shape: str) -> list[Line2D]:
    return [line for line in ax.lines if line.get_marker() == shape]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


COURSE = [
    contrast(-1.9, -2.7, -1.1, months=1),
    contrast(-1.6, -2.4, -0.8, months=6),
    contrast(-0.1, -0.9, 0.7, months=12),
    contrast(-0.1, -0.8, 0.6, months=24),
]


@pytest.mark.parametrize(("months", "place"), [(0, 0.0), (1, 1.0), (3, 2.0), (7, 3.0)])
def test_the_axis_is_log2_of_one_plus_months(months: float, place: float) -> None:
    assert position(months) == place


def test_the_bars_of_a_lane(tmp_path: Path) -> None:
    ax = drawn(tiny(tmp_path, COURSE))
    (shown,) = bars(ax, BLUE)
    (excluded,) = bars(ax, ORANGE)
    (lost,) = bars(ax, GREY)
    assert span(shown) == pytest.approx((position(1), position(6)))
    assert span(lost) == pytest.approx((position(6), position(12)))
    assert span(excluded) == pytest.approx((position(12), position(24)))
    assert lost.get_hatch() == "////"
    assert excluded.get_facecolor()[3] == 0
    assert ax.get_xlim()[1] == pytest.approx(position(24) * 1.02)


def test_before_the_first_visit_there_is_only_a_dotted_line(tmp_path: Path) -> None:
    ax = drawn(tiny(tmp_path, COURSE))
    (dotted,) = (line for line in ax.lines if line.get_linestyle() == ":")
    assert list(dotted.get_xdata()) == [0, position(1)]
    assert same_color(dotted.get_color(), BLUE)
    unclear = drawn(tiny(tmp_path / "unclear", [contrast(-1, -2.5, 0.5)]))
    (dotted,) = (line for line in unclear.lines if line.get_linestyle() == ":")
    assert same_color(dotted.get_color(), GREY)


def test_an_arrow_only_where_the_benefit_is_shown_to_the_end(tmp_path: Path) -> None:
    assert len(markers(drawn(tiny(tmp_path / "a", COURSE[:2])), ">")) == 1
    assert markers(drawn(tiny(tmp_path / "b", COURSE)), ">") == []


def test_visits_stand_at_their_time_with_the_sign_of_their_state(tmp_path: Path) -> None:
    ax = drawn(tiny(tmp_path, COURSE))
    places = {shape: [float(line.get_xdata()[0]) for line in markers(ax, shape)] for shape in ("s", "o", "X")}
    assert places == {
        "s": [position(1)],
        "o": [position(6)],
        "X": [position(12), position(24)],
    }


def test_every_state_has_a_sign_of_its_own_and_an_entry_in_the_legend() -> None:
    assert STATES.keys() < MARKERS.keys()
    signs = [(MARKERS[state][0], MARKERS[state][2], state == "small_benefit") for state, _ in LEGEND[:6]]
    assert len(set(signs)) == len(STATES)
    assert [state for state, _ in LEGEND] == [state for state in MARKERS if state != "claim"]


def test_lanes_of_findings_are_dashed_and_lettered(tmp_path: Path) -> None:
    ax = drawn(
        tiny(tmp_path, [finding("favours_arm", 1), finding("favours_arm", 6), finding("no_difference", 12)])
    )
    (shown,) = bars(ax, BLUE)
    assert shown.get_linestyle() in ("--", "dashed")
    assert span(shown) == pytest.approx((position(1), position(6)))
    assert "R" in texts(ax)
    assert shown.get_height() < bars(drawn(tiny(tmp_path / "n", COURSE)), BLUE)[0].get_height()


def test_lanes_stand_in_order_from_the_top_with_headings(tmp_path: Path) -> None:
    rows = [contrast(-1.6, -2.4, -0.8, months=6), contrast(-1.6, -2.4, -0.8, versus="c", months=12)]
    ax = drawn(tiny(tmp_path, rows))
    heights = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert heights["versus sham or placebo"] == 0
    assert heights["versus usual care"] == 2
    assert "k 1, n 60; max 1.6 points; right censored at horizon" in heights
    low, high = ax.get_ylim()
    assert low > high


def test_panels_of_contrast_and_change_differ_and_share_the_axis(evidence: Evidence) -> None:
    ax = duration_plot(evidence.select(procedure="IDET"))
    above, below = ax.figure.axes
    assert above is ax
    assert above.get_xlim() == below.get_xlim()
    assert above.get_facecolor() != below.get_facecolor()
    assert "uncontrolled" in below.get_title(loc="left")
    assert "claimed in patient material, no evidence" in texts(above)
    assert not any("claim" in text for text in texts(below))


def test_the_legend_of_changes_speaks_of_no_benefit(evidence: Evidence) -> None:
    _, below = duration_plot(evidence.select(procedure="IDET")).figure.axes
    legend = below.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert len(words) == len(LEGEND)
    assert not any("benefit" in word for word in words)


def test_axes_that_are_given_are_used(tmp_path: Path) -> None:
    base = tiny(tmp_path, COURSE)
    figure = Figure()
    ax = figure.add_subplot()
    assert duration_plot(base, ax=ax) is ax
    assert figure.axes == [ax]


def test_without_results_the_panel_says_so(tmp_path: Path) -> None:
    rows = [row(months=months, value=5) for months in (0, 3)]
    ax = drawn(tiny(tmp_path, rows))
    assert texts(ax) == ["no result that says how long"]


def test_dollars_in_names_are_no_mathematics(tmp_path: Path) -> None:
    heat = {"procedure_id": "heat", "name": r"Heat $\frac$", "role": "therapeutic"}
    sham = {"procedure_id": "sham", "name": "Sham", "role": "control", "comparator_class": "placebo"}
    base = tiny(tmp_path, COURSE, procedures=[heat, sham])
    figure = Figure()
    draw_figure(figure, lane_groups(summary_lines(base)), (), (), domain="pain")
    figure.savefig(io.BytesIO(), format="png")
    assert r"Heat $\frac$" in texts(figure.axes[0])


def test_nothing_is_drawn_after_a_lanes_last_follow_up(evidence: Evidence) -> None:
    groups = lane_groups(summary_lines(evidence))
    ax = draw_lanes(Figure().add_subplot(), groups, (), domain="pain", change=False)
    ends: dict[int, float] = {}
    place = -1
    for group in groups:
        place += 1
        for lane in group.lanes:
            place += 1
            ends[place] = position(lane.horizon or 0)
    for bar in (patch for box in ax.containers for patch in box):
        middle = round(bar.get_y() + bar.get_height() / 2)
        least = 0.03  # a bar of one visit has this width
        assert bar.get_x() + bar.get_width() <= ends[middle] + least + 1e-9
