"""Durability lanes: how far each line of evidence shows a benefit, excludes one, or cannot tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from spineevidence.evidence import Evidence
from spineevidence.lanes import Lane, LaneGroup, claim_lanes, lane_groups
from spineevidence.summary import summary_lines
from spineevidence.wording import state_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

BLUE, GREY, ORANGE, VERMILLION, SKY, PURPLE = "#0072B2", "#767676", "#E69F00", "#D55E00", "#56B4E9", "#CC79A7"
PALE_BLUE = "#BBD9EA"  # findings without numbers
TICKS = (
    (0, "0"),
    (7 / 30.4375, "1 wk"),
    (1, "1"),
    (3, "3"),
    (6, "6"),
    (12, "12 mo"),
    (24, "2 y"),
    (60, "5 y"),
    (120, "10 y"),
)
MARKERS: Mapping[str, tuple[str, str, bool]] = MappingProxyType(
    {
        "important_benefit": ("s", BLUE, True),
        "benefit": ("o", BLUE, True),
        "small_benefit": ("o", SKY, True),
        "inconclusive": ("o", GREY, False),
        "no_important_benefit": ("X", ORANGE, True),
        "harm": ("v", VERMILLION, True),
        "reported_benefit": ("o", PALE_BLUE, True),
        "reported_none": ("x", "#A66F00", False),
        "reported_conflict": ("D", GREY, False),
        "claim": ("d", PURPLE, True),
    }
)
LEGEND = (
    ("important_benefit", "important benefit shown"),
    ("benefit", "benefit shown"),
    ("small_benefit", "benefit smaller than important"),
    ("inconclusive", "cannot tell"),
    ("no_important_benefit", "important benefit excluded"),
    ("harm", "worse"),
    ("reported_benefit", "R: reported better"),
    ("reported_none", "R: reported no difference or worse"),
    ("reported_conflict", "R: reports disagree"),
)
ROW = 0.24  # inches a lane
TOP, BETWEEN, BOTTOM = 1.2, 1.5, 0.5  # inches above, between and below the panels
LEFT, WIDTH, RIGHT = 3.5, 6.2, 4.6  # inches for names, lanes and margin
NAMES = (LEFT - 0.1) / WIDTH  # where names begin, in widths of the panel
BESIDE = 5  # points from the last follow-up to the arrow of an open end
NARROWEST = 0.03  # units of the axis: a bar of one visit
FEW = 25  # lanes; only so few leave room for words inside the panel


def position(months: float) -> float:
    """Return where a time stands on the axis: log2 of 1 + months.

    >>> position(0), position(3)
    (0.0, 2.0)
    """
    return float(np.log2(1 + months))


def duration_plot(
    evidence: Evidence,
    *,
    domain: str = "pain",
    change: bool = False,
    claims: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how long the benefit of each procedure is shown, excluded or unknown.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection such as ``evidence.select(procedure="IDET")``.
    domain : str
        A domain of which durations are said: pain, leg_pain, disability, global or work.
    change : bool
        Draw changes within groups in place of contrasts; only where `ax` is given.
    claims : bool, optional
        Draw the claims of patient material beside the contrasts; by default for one or two procedures.
    ax : Axes, optional
        Where to draw one panel. Without it a figure is made with the contrasts and, in a panel of its own
        below (``ax.figure.axes[1]``), the uncontrolled changes.

    Returns
    -------
    Axes
        The panel; of a new figure the panel of contrasts.
    """
    lines = summary_lines(evidence)
    beside = _claims(evidence, domain, claims)
    if ax is not None:
        groups = lane_groups(lines, domain=domain, change=change)
        return draw_lanes(ax, groups, () if change else beside, domain=domain, change=change)
    from matplotlib import pyplot

    figure = pyplot.figure()
    contrasts = lane_groups(lines, domain=domain)
    changes = lane_groups(lines, domain=domain, change=True)
    draw_figure(figure, contrasts, changes, beside, domain=domain)
    return figure.axes[0]


def _claims(evidence: Evidence, domain: str, wanted: bool | None) -> tuple[Lane, ...]:
    few = 1 <= len(evidence.focus) <= 2
    return claim_lanes(evidence, domain=domain) if wanted or (wanted is None and few) else ()


def draw_figure(
    figure: Figure,
    contrasts: Sequence[LaneGroup],
    changes: Sequence[LaneGroup],
    claims: Sequence[Lane],
    *,
    domain: str,
) -> None:
    """Draw both panels into an empty figure and give it the height that its lanes need."""
    rows = [_rows(contrasts, claims), _rows(changes, ())]
    heights = [max(1, count) * ROW for count in rows]
    down = sum(heights) + TOP + BETWEEN + BOTTOM
    across = LEFT + WIDTH + RIGHT
    figure.set_size_inches(across, down)
    grid = figure.add_gridspec(
        2,
        1,
        height_ratios=heights,
        left=LEFT / across,
        right=(LEFT + WIDTH) / across,
        top=1 - TOP / down,
        bottom=BOTTOM / down,
        hspace=2 * BETWEEN / sum(heights),
    )
    end = _end(contrasts, changes, claims)
    above = draw_lanes(figure.add_subplot(grid[0]), contrasts, claims, domain=domain, change=False, end=end)
    below = draw_lanes(figure.add_subplot(grid[1]), changes, (), domain=domain, change=True, end=end)
    _legend(above, LEGEND, ticks_between=rows[0] > FEW)
    if changes:
        words = tuple((state, state_in_words(state, change=True)) for state, _ in LEGEND)
        _legend(below, words, ticks_between=rows[1] > FEW)
    below.set_xlabel("time since the procedure (log scale)", fontsize=9)


def _rows(groups: Sequence[LaneGroup], claims: Sequence[Lane]) -> int:
    return sum(len(group.lanes) + 1 for group in groups) + (len(claims) + 1 if claims else 0)


def _end(*parts: Sequence[LaneGroup] | Sequence[Lane]) -> float:
    """Return the largest horizon, where the axis ends."""
    found = [0.0]
    for part in parts:
        for item in part:
            lanes = item.lanes if isinstance(item, LaneGroup) else (item,)
            found += [lane.horizon or 0.0 for lane in lanes]
    return max(found)


def draw_lanes(
    ax: Axes,
    groups: Sequence[LaneGroup],
    claims: Sequence[Lane],
    *,
    domain: str,
    change: bool,
    end: float | None = None,
) -> Axes:
    """Draw lanes on axes: the first at the top, a heading above each group."""
    ax.set_facecolor("#F4F1EA" if change else "white")
    last = end if end is not None else _end(groups, claims)
    few = _rows(groups, claims) <= FEW
    row = 0
    labels: list[tuple[int, str, str]] = []
    for group in groups:
        labels.append((row, group.title, "heading"))
        row += 1
        for lane in group.lanes:
            _draw_lane(ax, row, lane)
            if few and lane.horizon is not None and lane.horizon < last:
                _nothing_later(ax, row, lane, lane.horizon)
            labels.append((row, lane.label, lane.kind))
            row += 1
    if claims:
        labels.append((row, "claimed in patient material, no evidence", "heading"))
        row += 1
        for lane in claims:
            _draw_lane(ax, row, lane)
            labels.append((row, lane.label, "claim"))
            row += 1
    if not row:
        ax.text(0.5, 0.5, "no result that says how long", ha="center", va="center", transform=ax.transAxes)
        row = 1
    _label_rows(ax, labels)
    _axis(ax, last, row)
    title = (
        "uncontrolled: change from before to after, no effect" if change else "contrasts with a comparator"
    )
    ax.set_title(
        f"{domain.replace('_', ' ').capitalize()}, {title}", loc="left", fontsize=11, fontweight="bold"
    )
    return ax


def _axis(ax: Axes, last: float, rows: int) -> None:
    ticks = [(position(months), label) for months, label in TICKS if months <= last]
    ax.set_xticks([place for place, _ in ticks], [label for _, label in ticks], fontsize=9)
    ax.set_xlim(0, position(last) * 1.02 or 1.0)
    ax.set_ylim(rows - 0.4, -0.7)
    ax.set_yticks([])
    ax.tick_params(labeltop=rows > FEW)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def _label_rows(ax: Axes, labels: Sequence[tuple[int, str, str]]) -> None:
    along = ax.get_yaxis_transform()
    for row, text, kind in labels:
        if kind == "heading":
            ax.axhspan(row - 0.5, row + 0.5, color="#E3E8ED", zorder=0)
            _words(ax, along, -NAMES, row, text, size=9, weight="bold")
            continue
        shift, size = (0.03 - NAMES, 8.0) if kind == "study" else (-NAMES, 8.5)
        _words(ax, along, shift, row, text, size=size, style="italic" if kind == "claim" else "normal")


def _words(
    ax: Axes,
    along: Transform,
    across: float,
    row: int,
    text: str,
    *,
    size: float = 8.0,
    weight: str = "normal",
    style: str = "normal",
) -> None:
    """Write a text of the data beside the panel; dollar signs in it are no mathematics."""
    ax.text(
        across,
        row,
        text,
        transform=along,
        fontsize=size,
        fontweight=weight,
        fontstyle=style,
        va="center",
        ha="left",
        parse_math=False,
    )


def _draw_lane(ax: Axes, row: int, lane: Lane) -> None:
    height = {"line": 0.46, "study": 0.22, "claim": 0.2}[lane.kind] * (0.7 if lane.reported else 1.0)
    if lane.kind != "claim":
        _bars(ax, row, lane, height)
    for month, state in lane.visits:
        _visit(ax, row, month, state, small=lane.kind == "study")
    if lane.reported and lane.visits:
        ax.text(
            position(lane.visits[0][0]) - 0.07,
            row,
            "R",
            fontsize=8,
            va="center",
            ha="right",
            fontweight="bold",
            bbox={"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.5},
        )
    _words(ax, ax.get_yaxis_transform(), 1.015, row, lane.margin)


def _nothing_later(ax: Axes, row: int, lane: Lane, horizon: float) -> None:
    ax.text(
        position(horizon) + 0.2,
        row,
        "no later result" if lane.nothing_later else "no later result used",
        fontsize=8,
        va="center",
        color="#595959",
        style="italic",
    )


def _bars(ax: Axes, row: int, lane: Lane, height: float) -> None:
    from matplotlib.transforms import ScaledTranslation

    first, horizon = lane.first, lane.horizon
    if first is None or horizon is None:
        return
    dashed = "--" if lane.reported else "-"
    start, end = position(first), position(horizon)
    shown, excluded = lane.shown_until, lane.excluded_from
    unseen = GREY if shown is None else BLUE
    ax.plot([0, start], [row, row], color=unseen, linewidth=1.0, linestyle=":", zorder=1)
    if shown is not None:
        left, width = _visible(start, position(shown))
        face = PALE_BLUE if lane.reported else BLUE
        ax.barh(
            row, width, left=left, height=height, facecolor=face, edgecolor=BLUE, linestyle=dashed, zorder=2
        )
        taper_end = position(excluded) if excluded is not None and excluded > shown else end
        if taper_end > position(shown) and (excluded is None or excluded > shown):
            ax.barh(
                row,
                taper_end - position(shown),
                left=position(shown),
                height=height * 0.6,
                facecolor="white",
                edgecolor=GREY,
                hatch="////",
                linewidth=0.5,
                zorder=1.5,
            )
    elif excluded is None or excluded > first:
        until = position(excluded) if excluded is not None else end
        ax.plot([start, until], [row, row], color=GREY, linewidth=1.2, zorder=1)
    if excluded is not None and lane.last_adequate is not None:
        left, width = _visible(position(excluded), position(lane.last_adequate))
        ax.barh(
            row,
            width,
            left=left,
            height=height,
            facecolor="none",
            edgecolor=ORANGE,
            linewidth=1.6,
            linestyle=dashed,
            zorder=2.5,
        )
    for month in lane.left_out:
        ax.plot(position(month), row, marker=".", color="#999999", markersize=3, zorder=6)
    if lane.open_end:
        beside = ax.transData + ScaledTranslation(BESIDE / 72, 0, ax.figure.dpi_scale_trans)
        ax.plot(end, row, marker=">", color=BLUE, markersize=6, zorder=4, clip_on=False, transform=beside)
    else:
        ax.plot([end, end], [row - 0.28, row + 0.28], color="#444444", linewidth=1.2, zorder=3)


def _visible(start: float, end: float) -> tuple[float, float]:
    """Return left end and width of a bar that can be seen, and ends where it should."""
    width = max(end - start, NARROWEST)
    return end - width, width


def _visit(ax: Axes, row: int, month: float, state: str, *, small: bool) -> None:
    shape, colour, filled = MARKERS[state]
    size = 4.5 if small else 6.0
    half = state == "small_benefit"
    ax.plot(
        position(month),
        row,
        marker=shape,
        markersize=size,
        linestyle="none",
        markeredgecolor="black" if filled else colour,
        markeredgewidth=0.6 if filled else 1.2,
        markerfacecolor=colour if filled else "white",
        fillstyle="left" if half else "full",
        markerfacecoloralt="white",
        zorder=5,
        clip_on=False,
    )


def _legend(ax: Axes, entries: Sequence[tuple[str, str]], *, ticks_between: bool) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for state, text in entries:
        shape, colour, filled = MARKERS[state]
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=shape,
                markersize=6,
                label=text,
                markerfacecolor=colour if filled else "white",
                markeredgecolor="black" if filled else colour,
                markerfacecoloralt="white",
                fillstyle="left" if state == "small_benefit" else "full",
            )
        )
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-NAMES - 0.02, 1.0),
        ncols=5,
        fontsize=8,
        frameon=False,
        borderaxespad=4.2 if ticks_between else 1.8,
        columnspacing=1.2,
        handletextpad=0.3,
    )
