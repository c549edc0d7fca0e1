"""Forest plot: every study with its interval, then the pooled effect and where a new study may lie."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from spineevidence.effectsizes import EffectSizes
from spineevidence.formatting import number, shortened, trimmed
from spineevidence.plots.described import describe
from spineevidence.plots.effectaxis import SIDE_MARGIN, printed, set_effect_axis
from spineevidence.plots.forestrows import Forest, ForestRow, Order, forest_lines, forest_of
from spineevidence.pooling.pool import Pooled
from spineevidence.pooling.subgroups import Subgroups
from spineevidence.pooling.windows import PooledWindow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Side = Literal["left", "right"]

BLUE, SKY, ORANGE, DARK, GREY = "#0072B2", "#56B4E9", "#E69F00", "#222222", "#767676"
LONGEST_NAME = 46  # characters of a study's name in the figure; the text has all
SIZE = 8.5  # points, of the rows
SMALL = 8.0  # points, below and above them
ROW = 0.23  # inches a row
PANEL = 3.3  # inches of the panel
EDGE = 0.15  # inches around everything
TOP = 0.42  # inches above the rows, for the headings
LINE = 12.0  # points a line below the axis
CAPTIONS, LABEL_PAD, WORDS = 20.0, 17.0, 54.0  # points below the axis, of its ticks, of the axis
GAP, CLEAR = 10.0, 14.0  # points between columns, and to the right of the panel, where arrows end
SQUARE = (2.5, 9.5)  # points: the smallest and the largest square
REACH = (0.75, 3.0)  # spreads of the effects, or half widths of intervals, drawn beyond the effects


def forest_plot(
    pooled: Pooled | PooledWindow,
    *,
    labels: Sequence[str] | None = None,
    order: Order = "as given",
    effects: EffectSizes | None = None,
    groups: Sequence[str] | None = None,
    subgroups: Subgroups | None = None,
    delta: float | None = None,
    ratio: bool | None = None,
    favours: tuple[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw every study with its interval, the pooled effect as a diamond, and the prediction interval.

    Parameters
    ----------
    pooled : Pooled or PooledWindow
        Several studies as one estimate. One study is drawn by itself, without a diamond.
    labels : sequence of str, optional
        Names of the studies, in the order in which they were pooled; their own without it.
    order : {"as given", "effect", "weight", "year"}
        Of the rows: largest effect first, largest weight first, or oldest first by the year in the name.
    effects : EffectSizes, optional
        The effects that were pooled, for the studies' own intervals (as printed, or by their own degrees of
        freedom). Without them the intervals of the studies are normal, from the variances.
    groups : sequence of str, optional
        The group of each study, in the order in which they were pooled.
    subgroups : Subgroups, optional
        The pooled effect of each of these groups, and the test between them.
    delta : float, optional
        Smallest difference that matters, in the units of the effects (a logarithm for ratios).
    ratio : bool, optional
        Whether the effects are logarithms and are printed as ratios; by their measure without it.
    favours : (str, str), optional
        What lies to the left and to the right of no effect. Without it from the estimand, as effects are
        benefit-positive.
    ax : Axes, optional
        Where to draw the panel; the columns of words stand beside it. Without it a figure is made.

    Returns
    -------
    Axes
        The panel, in the units of the effects (logarithms for ratios). Its text equivalent is its label, and
        stands in the files of `spineevidence.plots.described.figure_files`.

    Raises
    ------
    InputError
        If names, groups or effects are not those of the studies, or a word is unknown.

    References
    ----------
    .. [1] Lewis S, Clarke M (2001). Forest plots. BMJ 322:1479-1480.
       https://doi.org/10.1136/bmj.322.7300.1479
    .. [2] Cochrane Handbook, section 10.2.1. https://training.cochrane.org/handbook/current/chapter-10

    Examples
    --------
    >>> from spineevidence.pooling.pool import pool
    >>> three = pool(EffectSizes(yi=[1.2, 0.4, 0.9], vi=[0.2, 0.1, 0.3], measure="MD", estimand="contrast"))
    >>> forest_plot(three).get_xlabel()
    'mean difference'
    """
    forest = forest_of(
        pooled,
        labels=labels,
        order=order,
        effects=effects,
        groups=groups,
        subgroups=subgroups,
        delta=delta,
        ratio=ratio,
        favours=favours,
    )
    return draw_forest(_new_axes(forest) if ax is None else ax, forest)


def _rows_down(rows: Sequence[ForestRow]) -> list[float]:
    """Return the place of each row, in rows from the top, with half a row before each part."""
    down = 0.0
    places: list[float] = []
    for row in rows:
        if places and row.kind in {"heading", "pooled"}:
            down += 0.5
        places.append(down)
        down += 1.0
    return places


def _limits(forest: Forest) -> tuple[float, float]:
    """Return the ends of the axis: all effects and no effect lie inside, very wide intervals do not."""
    drawn = [row for row in forest.rows if row.kind != "heading"]
    effects = [row.estimate for row in drawn if row.kind != "new"]
    core = [0.0, *effects, *([] if forest.delta is None else [forest.delta])]
    half = float(np.median([(row.high - row.low) / 2 for row in drawn if row.kind == "study"]))
    reach = max(REACH[0] * (max(core) - min(core)), REACH[1] * half)
    low = max(min([*core, *(row.low for row in drawn)]), min(core) - reach)
    high = min(max([*core, *(row.high for row in drawn)]), max(core) + reach)
    margin = SIDE_MARGIN * (high - low)
    return low - margin, high + margin


def _width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(weight="bold" if bold else "normal")
    return float(TextPath((0, 0), text.replace("$", "S"), size=size, prop=font).get_extents().x1)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths in points of the columns of words: names to the left, effects and weights to the right."""

    names: float
    effects: float
    weights: float

    @property
    def right(self) -> float:
        return CLEAR + self.effects + GAP + self.weights

    @property
    def left(self) -> float:
        return self.names + GAP


def _columns(forest: Forest) -> _Columns:
    names = [_width(_name(row), SIZE, bold=row.kind != "study") for row in forest.rows]
    effects = [_width(forest.effect(row), SIZE, bold=row.kind in {"group", "pooled"}) for row in forest.rows]
    return _Columns(
        names=max([*names, 60.0]),
        effects=max([*effects, _width(forest.head, SIZE, bold=True)]),
        weights=_width("Weight", SIZE, bold=True),
    )


def _name(row: ForestRow) -> str:
    return ("   " if row.kind == "new" else "") + shortened(row.label, LONGEST_NAME)


def _wrapped(forest: Forest, width: float) -> list[str]:
    """Return the words below the axis on lines of a width in points."""
    characters = max(int(width / (0.53 * SMALL)), 30)
    together = [
        re.sub(r" ([=<]) ", "\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", words) for words in forest.below
    ]
    lines = [line for words in together for line in textwrap.wrap(words, characters)]
    return [line.replace("tau2", "τ²").replace("I2", "I²") for line in lines]


def _new_axes(forest: Forest) -> Axes:
    """Return axes in a new figure that has room for every row and column."""
    from matplotlib import pyplot

    columns = _columns(forest)
    left, right = EDGE + columns.left / 72, EDGE + columns.right / 72
    across = left + PANEL + right
    lines = len(_wrapped(forest, 72 * (across - 2 * EDGE)))
    rows = (_rows_down(forest.rows)[-1] + 1.4) * ROW
    bottom = EDGE + (WORDS + lines * LINE) / 72
    top = TOP + (0.22 if forest.estimand == "change" else 0.0)
    down = top + rows + bottom
    figure = pyplot.figure(figsize=(across, down))
    return figure.add_axes((left / across, bottom / down, PANEL / across, rows / down))


def draw_forest(ax: Axes, forest: Forest) -> Axes:
    """Draw the rows on axes, and the columns of words beside them."""
    places = _rows_down(forest.rows)
    low, high = _limits(forest)
    heaviest = np.nanmax([row.weight for row in forest.rows if row.kind == "study"])
    set_effect_axis(ax, low, high, ratio=forest.ratio)
    ax.set_ylim(places[-1] + 0.7, -0.7)
    ax.set_yticks([])
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.axvline(0, color=DARK, linewidth=0.9, zorder=1)
    for place, row in zip(places, forest.rows, strict=True):
        if row.kind == "heading":
            continue
        _draw_row(ax, place, row, float(heaviest))
        _arrows(ax, place, row, (low, high))
        if row.kind == "pooled":
            ax.plot([row.estimate] * 2, [-0.6, place], color=GREY, linewidth=0.8, linestyle="--", zorder=0.5)
    if forest.delta is not None:
        _delta_line(ax, forest, forest.delta)
    if forest.estimand == "change":
        ax.set_facecolor("#F4F1EA")
        ax.set_title(
            "uncontrolled: change from before to after", fontsize=9, fontweight="bold", loc="left", pad=20
        )
    _write_columns(ax, forest, places)
    _write_below(ax, forest)
    describe(ax, forest_lines(forest))
    return ax


def _draw_row(ax: Axes, place: float, row: ForestRow, heaviest: float) -> None:
    if row.kind == "study":
        size = max(SQUARE[1] * math.sqrt(row.weight / heaviest), SQUARE[0])
        ax.plot(
            row.estimate,
            place,
            marker="s",
            markersize=size,
            color=SKY,
            markeredgecolor=BLUE,
            zorder=3,
            linestyle="none",
            clip_on=False,
        )
        ax.plot([row.low, row.high], [place, place], color=DARK, linewidth=1.1, zorder=4)
        ax.plot([row.estimate] * 2, [place - 0.13, place + 0.13], color=DARK, linewidth=1.1, zorder=4)
    elif row.kind == "new":
        ax.barh(
            place,
            row.high - row.low,
            left=row.low,
            height=0.22,
            facecolor=ORANGE,
            edgecolor=DARK,
            linewidth=0.7,
            zorder=3,
        )
    else:
        face = BLUE if row.kind == "pooled" else "white"
        tall = 0.36 if row.kind == "pooled" else 0.3
        ax.fill(
            [row.low, row.estimate, row.high, row.estimate],
            [place, place - tall, place, place + tall],
            facecolor=face,
            edgecolor=DARK,
            linewidth=0.9,
            zorder=3,
        )


def _arrows(ax: Axes, place: float, row: ForestRow, limits: tuple[float, float]) -> None:
    """Point to where an interval goes on beyond the panel."""
    for end, side, shape in ((row.low, limits[0], "<"), (row.high, limits[1], ">")):
        if (end < side) if shape == "<" else (end > side):
            ax.plot(side, place, marker=shape, markersize=5, color=DARK, clip_on=False, zorder=5)


def _delta_line(ax: Axes, forest: Forest, delta: float) -> None:
    ax.axvline(delta, color=ORANGE, linewidth=1.2, linestyle=":", zorder=1)
    matters = printed(delta, ratio=forest.ratio, digits=max(forest.digits, 1))
    matters = trimmed(float(matters)) if not forest.ratio else matters
    ax.annotate(
        f"delta {matters}",
        (delta, 1),
        xycoords=ax.get_xaxis_transform(),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=SMALL,
        color="#8A5F00",
    )


def _write(
    ax: Axes,
    text: str,
    side: float,
    shift: float,
    row: float | None,
    *,
    align: Side,
    bold: bool = False,
) -> None:
    """Write beside the panel, so many points from its edge; above it if there is no row."""
    at = (side, 1.0) if row is None else (side, row)
    ax.annotate(
        text,
        at,
        xycoords="axes fraction" if row is None else ax.get_yaxis_transform(),
        xytext=(shift, 3 if row is None else 0),
        textcoords="offset points",
        ha=align,
        va="bottom" if row is None else "center",
        fontsize=SIZE,
        fontweight="bold" if bold else "normal",
        parse_math=False,
        annotation_clip=False,
    )


def _write_columns(ax: Axes, forest: Forest, places: Sequence[float]) -> None:
    columns = _columns(forest)
    effects, weights = CLEAR + columns.effects, columns.right
    _write(ax, "Study", 0, -columns.left, None, align="left", bold=True)
    _write(ax, forest.head, 1, effects, None, align="right", bold=True)
    _write(ax, "Weight", 1, weights, None, align="right", bold=True)
    for place, row in zip(places, forest.rows, strict=True):
        bold = row.kind in {"heading", "group", "pooled"}
        _write(ax, _name(row).strip(), 0, -columns.left, place, align="left", bold=bold)
        _write(ax, forest.effect(row), 1, effects, place, align="right", bold=bold)
        if not math.isnan(row.weight):
            _write(ax, f"{number(row.weight, 1)} %", 1, weights, place, align="right")


def _write_below(ax: Axes, forest: Forest) -> None:
    columns = _columns(forest)
    left, right = forest.favours
    if left:
        _below(ax, f"← {left}", down=CAPTIONS)
    if right:
        _below(ax, f"{right} →", down=CAPTIONS, align="right")
    ax.set_xlabel(forest.label, fontsize=SMALL, labelpad=LABEL_PAD)
    panel = 72 * ax.bbox.width / ax.figure.dpi
    width = columns.left + panel + columns.right
    for line, words in enumerate(_wrapped(forest, width)):
        _below(ax, words, down=WORDS + line * LINE, shift=-columns.left)


def _below(ax: Axes, text: str, *, down: float, shift: float = 0.0, align: Side = "left") -> None:
    ax.annotate(
        text,
        (float(align == "right"), 0),
        xycoords="axes fraction",
        xytext=(shift, -down),
        textcoords="offset points",
        ha=align,
        va="top",
        fontsize=SMALL,
        parse_math=False,
        annotation_clip=False,
    )
