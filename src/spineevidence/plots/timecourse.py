"""Effect over time: the windows of a joint model, the studies behind them, and a curve where one fits."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from spineevidence.duration import DurationOfBenefit
from spineevidence.formatting import trimmed
from spineevidence.longitudinal.course import TimeCourse
from spineevidence.plots.courselayout import (
    CourseLayout,
    StudyPath,
    WindowMark,
    course_layout,
    layout_lines,
)
from spineevidence.plots.described import describe
from spineevidence.plots.durations import LEGEND, MARKERS, TICKS, position
from spineevidence.plots.effectaxis import MEASURES, MOST_TICKS, SIDE_MARGIN, STEPS, ratio_ticks
from spineevidence.wording import state_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

BLACK, DARK, GREY, PALE = "#000000", "#444444", "#767676", "#BDBDBD"
CURVE, BAND, THRESHOLD = "#8F3F71", "#CC79A7", "#A66F00"
SUPPORTED, THIN = 0.30, 0.12  # opacity of the band, and of it where support is thin
SIZE = 8.0  # points, of every word but the title
LEFT, PANEL, RIGHT = 1.0, 5.3, 1.35  # inches across
HIGH, EDGE = 3.4, 0.12  # inches: the panel, and around everything
LINE = 12.0  # points a line of words
AXIS = 33.0  # points below the panel for ticks and label
ENTRIES, ENTRY = 3, 13.6  # columns of the legend; points a line of it
TITLE = 16.0  # points a line of the title
WORDS, TITLES = 15.8, 10.7  # characters that fit on an inch of a line
REACH = (0.75, 3.0)  # spreads of the estimates, or half widths of intervals, drawn beyond them
NEAR = 11.0  # points: labels of one line each are moved apart where they are nearer
ASIDE = 18  # characters of a label on a line
WIDTHS = (0.6, 2.2)  # points: the thinnest and the widest line of a study
SIZES = (2.5, 5.5)  # points: the smallest and the largest marker of a study


def time_course_plot(
    course: TimeCourse | DurationOfBenefit,
    *,
    delta: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw an effect over time: studies, windows with their intervals, and the curve where it fits.

    Parameters
    ----------
    course : TimeCourse or DurationOfBenefit
        Several studies at several times: of `spineevidence.pool_over_time`, or a duration that rests on one.
    delta : float, optional
        Smallest difference that matters, in the units of the effects (risk differences as fractions,
        logarithms of ratios). Of a `DurationOfBenefit` its own without it; else windows are not judged, and
        no curve is drawn.
    title : str, optional
        In place of one made of what was asked. Of a change it goes on to say that there is no control.
    ax : Axes, optional
        Where to draw the panel; words stand around it. Without it a figure is made.

    Returns
    -------
    Axes
        The panel: ``log2(1 + months)`` against the units of the effects, ending at the last visit. Its text
        equivalent is its label.

    Raises
    ------
    InputError
        If it is no course of several studies at several times, or `delta` is not above 0.

    Notes
    -----
    Nothing is drawn beyond the last visit. Windows are not joined: a line through them would show another
    mix of studies as a fade. The curve, ``b0 + b1 log2 t`` with the pointwise band of the joint model, is
    drawn between the first and the last visit, and left out where `TimeCourse.duration` reads no time off it
    (fewer than three windows, or a misfit).

    Examples
    --------
    >>> from spineevidence import duration_of_benefit, load_evidence
    >>> lasting = duration_of_benefit(
    ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
    >>> time_course_plot(lasting).get_xlabel()
    'months since the procedure (log scale)'
    """
    layout = course_layout(course, delta=delta, title=title)
    return draw_course(_new_axes(layout) if ax is None else ax, layout)


def draw_course_figure(
    figure: Figure,
    course: TimeCourse | DurationOfBenefit,
    *,
    delta: float | None = None,
    title: str | None = None,
) -> Axes:
    """Draw `time_course_plot` as the only panel of a figure, whose size is set to what it needs."""
    layout = course_layout(course, delta=delta, title=title)
    return draw_course(_axes_in(figure, layout), layout)


def time_course_text(
    course: TimeCourse | DurationOfBenefit, *, delta: float | None = None, title: str | None = None
) -> list[str]:
    """Return the text equivalent of `time_course_plot`: the same numbers, a line each.

    Parameters
    ----------
    course, delta, title
        As in `time_course_plot`.

    Returns
    -------
    list of str
        The answer, the caption, windows, curve and studies.

    Examples
    --------
    >>> from spineevidence import duration_of_benefit, load_evidence
    >>> lasting = duration_of_benefit(
    ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
    >>> print(time_course_text(lasting)[-1])
    No data beyond 24 months.
    """
    return layout_lines(course_layout(course, delta=delta, title=title))


def draw_course(ax: Axes, layout: CourseLayout) -> Axes:
    """Draw a layout on axes, with its words around them."""
    ax.set_xlim(0, position(layout.horizon))
    _value_axis(ax, layout)
    _time_axis(ax, layout)
    _lines(ax, layout)
    _curve(ax, layout)
    most = max((study.n or 0 for study in layout.studies), default=0)
    for study in layout.studies:
        _study(ax, study, most)
    for window in layout.windows:
        _window(ax, window)
    _crossing(ax, layout)
    _strip(ax, layout)
    _around(ax, layout)
    describe(ax, layout_lines(layout))
    return ax


def _limits(layout: CourseLayout) -> tuple[float, float]:
    """Return the ends of the axis: estimates and no difference lie inside, very wide intervals do not."""
    core = [
        0.0,
        *([] if layout.delta is None else [layout.delta]),
        *(window.estimate for window in layout.windows),
        *(estimate for study in layout.studies for estimate in study.estimates),
    ]
    half = float(np.median([(window.high - window.low) / 2 for window in layout.windows]))
    reach = max(REACH[0] * (max(core) - min(core)), REACH[1] * half)
    low = max(min([*core, *(window.low for window in layout.windows), *_new(layout)]), min(core) - reach)
    high = min(max([*core, *(window.high for window in layout.windows), *_new(layout)]), max(core) + reach)
    margin = SIDE_MARGIN * (high - low)
    return low - margin, high + margin


def _new(layout: CourseLayout) -> list[float]:
    return [end for window in layout.windows for end in (window.new_low, window.new_high)]


def _value_axis(ax: Axes, layout: CourseLayout) -> None:
    from matplotlib.ticker import MaxNLocator

    low, high = _limits(layout)
    ax.set_ylim(low, high)
    if layout.ratio:
        places = ratio_ticks(low, high)
        labels = [f"{math.exp(place):.6g}" for place in places]
    else:
        found = MaxNLocator(MOST_TICKS, steps=STEPS).tick_values(low, high)
        places = [float(place) for place in found if low <= place <= high]
        labels = [trimmed(100 * place if layout.points else place, 6) for place in places]
    ax.set_yticks(places, labels, fontsize=SIZE)
    ax.set_ylabel(_value_label(layout), fontsize=SIZE, parse_math=False)


def _value_label(layout: CourseLayout) -> str:
    kind = "change from before" if layout.change else MEASURES.get(layout.measure, layout.measure or "effect")
    unit = " (percentage points)" if layout.points else " (log scale)" if layout.ratio else ""
    scale = f"{layout.scale.title}, " if layout.scale.title else ""
    return f"{kind}{unit}\n{scale}up is better"


def _time_axis(ax: Axes, layout: CourseLayout) -> None:
    ticks = [(position(months), label) for months, label in TICKS if months <= layout.horizon]
    ax.set_xticks([place for place, _ in ticks], [label for _, label in ticks], fontsize=SIZE)
    ax.set_xlabel("months since the procedure (log scale)", fontsize=SIZE, labelpad=3)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.grid(axis="x", color="#E4E4E4", linewidth=0.6)
    ax.set_axisbelow(True)
    if layout.change:
        ax.set_facecolor("#F4F1EA")


def _lines(ax: Axes, layout: CourseLayout) -> None:
    """Draw no difference, the threshold and the horizon, each with its label outside the panel."""
    end = position(layout.horizon)
    ax.plot([0, end], [0, 0], color=DARK, linewidth=0.9, zorder=1, label="_zero")
    ax.plot(
        [end, end],
        ax.get_ylim(),
        color=GREY,
        linewidth=1.0,
        linestyle="--",
        zorder=1,
        clip_on=False,
        label="_horizon",
    )
    zero = "no change" if layout.change else "no difference"
    apart = 0.0
    if layout.delta is not None:
        ax.plot([0, end], [layout.delta] * 2, color=THRESHOLD, linewidth=1.4, linestyle=":", zorder=1)
        low, high = ax.get_ylim()
        points = 72 * ax.bbox.height / ax.figure.dpi * layout.delta / (high - low)
        words = textwrap.wrap(f"delta {layout.threshold}", ASIDE)
        apart = max(NEAR * (len(words) + 1) / 2 - points, 0.0) / 2
        _aside(ax, "\n".join(words), layout.delta, shift=apart)
    _aside(ax, zero, 0.0, shift=-apart)
    _note(ax, layout.beyond, (1, 1), (0, 3), align="right", rise="bottom")


def _aside(ax: Axes, text: str, height: float, *, shift: float) -> None:
    """Write to the right of the panel at a height."""
    ax.annotate(
        text,
        (1, height),
        xycoords=ax.get_yaxis_transform(),
        xytext=(9, shift),
        textcoords="offset points",
        va="center",
        fontsize=SIZE,
        parse_math=False,
        annotation_clip=False,
    )


def _curve(ax: Axes, layout: CourseLayout) -> None:
    curve = layout.curve
    if curve is None:
        return
    x = np.array([position(float(months)) for months in curve.months])
    last = int(np.flatnonzero(curve.supported)[-1]) if curve.supported.any() else 0
    for part, opacity, style in ((slice(0, last + 1), SUPPORTED, "-"), (slice(last, None), THIN, "--")):
        if x[part].size < 2:
            continue
        ax.fill_between(
            x[part], curve.low[part], curve.high[part], color=BAND, alpha=opacity, linewidth=0, zorder=0.5
        )
        ax.plot(
            x[part],
            curve.middle[part],
            color=CURVE,
            linewidth=1.8,
            linestyle=style,
            zorder=2.5,
            label="_curve",
        )


def _share(study: StudyPath, most: int) -> float:
    return math.sqrt(study.n / most) if study.n and most else 0.0


def _study(ax: Axes, study: StudyPath, most: int) -> None:
    share = _share(study, most)
    ax.plot(
        [position(months) for months in study.months],
        study.estimates,
        color=PALE,
        linewidth=WIDTHS[0] + share * (WIDTHS[1] - WIDTHS[0]),
        marker="o",
        markersize=SIZES[0] + share * (SIZES[1] - SIZES[0]),
        markerfacecolor="white" if study.open_label else PALE,
        markeredgecolor=GREY if study.open_label else PALE,
        zorder=2,
        clip_on=False,
        label=study.study_id if not study.study_id.startswith("_") else f" {study.study_id}",
    )


def _window(ax: Axes, window: WindowMark) -> None:
    x = position(window.months)
    bottom, top = ax.get_ylim()
    for low, high, width in ((window.new_low, window.new_high, 0.8), (window.low, window.high, 2.2)):
        ends = [max(low, bottom), min(high, top)]
        ax.plot([x, x], ends, color=BLACK, linewidth=width, zorder=4, solid_capstyle="butt", clip_on=False)
    for beyond, end, shape in ((window.new_low < bottom, bottom, "v"), (window.new_high > top, top, "^")):
        if beyond:
            ax.plot(x, end, marker=shape, color=BLACK, markersize=4, zorder=4, clip_on=False)
    ax.add_line(_sign(window.state, [x], [window.estimate], size=8.0))


def _sign(state: str, x: list[float], y: list[float], *, size: float, label: str = "") -> Line2D:
    """Return the marker of a state; a small black diamond where no threshold says which."""
    from matplotlib.lines import Line2D

    shape, colour, filled = MARKERS[state] if state else ("D", BLACK, True)
    return Line2D(
        x,
        y,
        linestyle="none",
        marker=shape,
        markersize=size if state else 0.75 * size,
        markerfacecolor=colour if filled else "white",
        markerfacecoloralt="white",
        markeredgecolor=BLACK if filled else colour,
        markeredgewidth=0.8 if filled else 1.6,
        fillstyle="left" if state == "small_benefit" else "full",
        zorder=5,
        clip_on=False,
        label=label or "_window",
    )


def _crossing(ax: Axes, layout: CourseLayout) -> None:
    """Mark the time at which the curve falls below the threshold, and its interval, on that line."""
    found = layout.crossing
    if found is None or not found.months or layout.delta is None:
        return
    low = position(found.low or found.start)
    high = position(found.horizon if found.high is None else found.high)
    height = [layout.delta] * 2
    ax.plot([low, high], height, color=CURVE, linewidth=1.6, zorder=3.5, label="_crossing interval")
    ends = [place for place, known in ((low, found.low), (high, found.high)) if known]
    marks = (("_crossing limits", ends, 9, 1.6), ("_crossing", [position(found.months)], 16, 2.6))
    for label, places, size, width in marks:
        ax.plot(
            places,
            [layout.delta] * len(places),
            color=CURVE,
            linestyle="none",
            marker="|",
            markersize=size,
            markeredgewidth=width,
            zorder=3.5,
            clip_on=False,
            label=label,
        )


def _rows(layout: CourseLayout) -> list[tuple[str, list[str]]]:
    """Return the rows of the strip below the axis, a cell for each window."""
    rows = [
        ("studies", [str(window.k) for window in layout.windows]),
        ("participants", ["?" if window.n is None else str(window.n) for window in layout.windows]),
    ]
    if any(window.fragile for window in layout.windows):
        rows.append(("fragile", ["yes" if window.fragile else "no" for window in layout.windows]))
    return rows


def _strip(ax: Axes, layout: CourseLayout) -> None:
    for row, (head, cells) in enumerate(_rows(layout)):
        down = AXIS + row * LINE
        _note(ax, head, (0, 0), (-12, -down), align="right")
        for window, cell in zip(layout.windows, cells, strict=True):
            place = position(window.months) / position(layout.horizon)
            _note(ax, cell, (place, 0), (0, -down), align="center")


def _note(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    shift: tuple[float, float],
    *,
    align: str = "left",
    rise: str = "top",
    size: float = SIZE,
    bold: bool = False,
) -> None:
    """Write so many points from a place of the panel; dollar signs are no mathematics."""
    ax.annotate(
        text,
        at,
        xycoords="axes fraction",
        xytext=shift,
        textcoords="offset points",
        ha=align,
        va=rise,
        fontsize=size,
        fontweight="bold" if bold else "normal",
        parse_math=False,
        annotation_clip=False,
    )


def _handles(layout: CourseLayout) -> Iterator[Line2D]:
    """Yield the entries of the legend: the states that occur, then everything else that is drawn."""
    from matplotlib.lines import Line2D

    words = {state: state_in_words(state, change=True) if layout.change else text for state, text in LEGEND}
    found = {window.state for window in layout.windows}
    for state, text in words.items():
        if state in found:
            yield _sign(state, [], [], size=7.0, label=text)
    if "" in found:
        yield _sign("", [], [], size=7.0, label="mean of a window")
    yield Line2D([], [], color=BLACK, linewidth=2.2, label=f"{trimmed(100 * layout.level)} % interval")
    yield Line2D([], [], color=BLACK, linewidth=0.8, label="new study")
    for blind, text in ((False, "study, width by n"), (True, "study, nobody blinded")):
        if any(study.open_label is blind for study in layout.studies):
            face = "white" if blind else PALE
            edge = GREY if blind else PALE
            yield Line2D(
                [],
                [],
                color=PALE,
                linewidth=1.8,
                marker="o",
                markersize=4.5,
                markerfacecolor=face,
                markeredgecolor=edge,
                label=text,
            )
    if layout.curve is not None:
        yield Line2D([], [], color=CURVE, linewidth=1.8, label="curve and band")
        if not layout.curve.supported.all():
            yield Line2D([], [], color=CURVE, linewidth=1.8, linestyle="--", label="curve, thin support")
    if layout.crossing is not None:
        yield Line2D([], [], color=CURVE, linewidth=1.6, marker="|", markersize=9, label="curve at delta")


def _around(ax: Axes, layout: CourseLayout) -> None:
    """Write legend and title above the panel, and the words below the strip."""
    handles = list(_handles(layout))
    across = ax.bbox.width / ax.figure.dpi
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=((EDGE - LEFT) / across, 1),
        borderaxespad=(LINE + 3) / SIZE,
        ncols=ENTRIES,
        fontsize=SIZE,
        frameon=False,
        columnspacing=1.4,
        handletextpad=0.5,
    )
    start = 72 * (EDGE - LEFT)
    up = LINE + 8 + math.ceil(len(handles) / ENTRIES) * ENTRY
    for row, words in enumerate(reversed(_titles(layout, across))):
        _note(ax, words, (0, 1), (start, up + row * TITLE), rise="bottom", size=10, bold=True)
    down = AXIS + (len(_rows(layout)) + 0.5) * LINE
    for row, words in enumerate(_words(layout, across)):
        _note(ax, words, (0, 0), (start, -down - row * LINE))


def _titles(layout: CourseLayout, panel: float) -> list[str]:
    """Return the title on lines that fit above a panel so many inches wide."""
    return textwrap.wrap(layout.title, int(TITLES * (LEFT + panel + RIGHT)))


def _words(layout: CourseLayout, panel: float) -> list[str]:
    """Return the words below the strip on lines that fit."""
    widest = int(WORDS * (LEFT + panel + RIGHT))
    return [line for words in layout.below for line in textwrap.wrap(words, widest)]


def _new_axes(layout: CourseLayout) -> Axes:
    """Return axes in a new figure."""
    from matplotlib import pyplot

    return _axes_in(pyplot.figure(), layout)


def _axes_in(figure: Figure, layout: CourseLayout) -> Axes:
    """Return axes in a figure, which gets room for everything around them."""
    entries = math.ceil(len(list(_handles(layout))) / ENTRIES) * ENTRY
    titles = len(_titles(layout, PANEL)) * TITLE
    top = EDGE + (LINE + 8 + entries + titles) / 72
    bottom = EDGE + (AXIS + (len(_rows(layout)) + 0.5 + len(_words(layout, PANEL))) * LINE) / 72
    across, down = LEFT + PANEL + RIGHT, top + HIGH + bottom
    figure.set_size_inches(across, down)
    return figure.add_axes((LEFT / across, bottom / down, PANEL / across, HIGH / down))
