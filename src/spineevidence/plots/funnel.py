"""Funnel plot: effects against their standard errors, to see whether small studies differ from large ones."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spineevidence.effectsizes import EffectSizes, t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, number, trimmed
from spineevidence.plots.described import describe
from spineevidence.plots.effectaxis import (
    SIDE_MARGIN,
    axis_label,
    captions,
    digits_of,
    is_ratio,
    printed,
    set_effect_axis,
)
from spineevidence.pooling.pool import Pooled, pool
from spineevidence.pooling.smallstudy import CAUSES, ENOUGH, FEW_NOTE, TrimAndFill
from spineevidence.timing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, DARK, GREY = "#0072B2", "#E69F00", "#222222", "#767676"
CONTOURS = (  # p of no effect, from outside in; the inmost is the darkest
    (0.01, "#EFEFEF", "p 0.01 to 0.05"),
    (0.05, "#DCDCDC", "p 0.05 to 0.10"),
    (0.10, "#C8C8C8", "p over 0.10"),
)
WIDTH, PANEL = 6.4, 3.2  # inches of a new figure, and of the height of its panel
ACROSS = (0.12, 0.84)  # left end and width of the panel, in widths of the figure
TOP, TITLE, EDGE = 0.6, 0.3, 0.15  # inches for the legend, for a title above it, and at the bottom
CAPTIONS, LABEL_PAD, WORDS, LINE = 20.0, 17.0, 54.0, 11.5  # points below the axis
DEEPER = 1.06  # largest standard errors at which the panel ends
WIDEST = 92  # characters of a line below the panel


@dataclass(frozen=True, slots=True)
class Funnel:
    """What a funnel plot shows, before it is drawn or told.

    Attributes
    ----------
    studies : tuple of str
        Names.
    yi, sei : ndarray, shape (k,)
        Effects and standard errors.
    b : float
        The pooled effect, from which the limits open.
    model : str
        Its method.
    level : float
        Coverage of the pseudo-limits.
    measure, estimand : str
        Of the effects.
    ratio : bool
        Whether they are logarithms, printed as ratios.
    filled : TrimAndFill or None
        Studies filled in.
    contours : bool
        Whether regions of significance are shown.
    favours : tuple of str
        What lies to the left and to the right of no effect.
    """

    studies: tuple[str, ...]
    yi: FloatArray
    sei: FloatArray
    b: float
    model: str
    level: float
    measure: str
    estimand: str
    ratio: bool
    filled: TrimAndFill | None
    contours: bool
    favours: tuple[str, str]

    @property
    def quantile(self) -> float:
        """Standard errors from the pooled effect to the pseudo-limits."""
        return float(t_quantile(p=(1 + self.level) / 2, df=math.inf))

    @property
    def deepest(self) -> float:
        """The largest standard error of a study, with those filled in."""
        filled = [] if self.filled is None else list(np.sqrt(self.filled.filled_vi))
        return float(max([*self.sei, *filled]))

    @property
    def outside(self) -> tuple[int, int]:
        """Studies to the left and to the right of the pseudo-limits."""
        away = (self.yi - self.b) / self.sei
        return int((away < -self.quantile).sum()), int((away > self.quantile).sum())

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader must know."""
        few = (f"{FEW_NOTE}; do not read this plot as evidence for or against missing studies",)
        return (*(few if self.yi.size < ENOUGH else ()), CAUSES)

    def effect(self, value: float) -> str:
        """Return an effect as printed."""
        return printed(value, ratio=self.ratio, digits=digits_of(self.sei))


def funnel_plot(
    pooled: Pooled | EffectSizes,
    *,
    filled: TrimAndFill | None = None,
    contours: bool = False,
    ratio: bool | None = None,
    favours: tuple[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw effects against their standard errors, the pooled effect and its pseudo-limits.

    Parameters
    ----------
    pooled : Pooled or EffectSizes
        Several studies as one estimate, or effects to be pooled by `spineevidence.pooling.pool.pool`.
    filled : TrimAndFill, optional
        Of the same studies: those filled in as hollow circles, and the effect with them.
    contours : bool
        Shade where a study would have p below 0.10, 0.05 and 0.01 for no effect.
    ratio : bool, optional
        Whether the effects are logarithms and are printed as ratios; by their measure without it.
    favours : (str, str), optional
        What lies to the left and to the right of no effect. Without it from the estimand, as effects are
        benefit-positive.
    ax : Axes, optional
        Where to draw. Without it a figure is made.

    Returns
    -------
    Axes
        The panel, in the units of the effects (logarithms for ratios), standard error 0 on top. Its text
        equivalent is its label.

    Raises
    ------
    InputError
        If effects cannot be pooled, or `filled` is of other studies.

    Notes
    -----
    The pseudo-limits are ``b -+ z * standard error``, as if all studies had one true effect; with
    heterogeneity more studies than 1 in 20 lie outside. ``metafor::funnel`` draws the same by default.

    References
    ----------
    .. [1] Sterne JAC et al. (2011). https://doi.org/10.1136/bmj.d4002
    .. [2] Peters JL et al. (2008), contours. https://doi.org/10.1016/j.jclinepi.2007.11.010

    Examples
    --------
    >>> few = EffectSizes(yi=[0.1, 0.2, 0.5, 0.9], vi=[0.01, 0.02, 0.05, 0.08], measure="SMD")
    >>> funnel_plot(few).get_ylabel()
    'standard error'
    """
    funnel = funnel_of(pooled, filled=filled, contours=contours, ratio=ratio, favours=favours)
    return draw_funnel(_new_axes(funnel) if ax is None else ax, funnel)


def funnel_text(
    pooled: Pooled | EffectSizes,
    *,
    filled: TrimAndFill | None = None,
    contours: bool = False,
    ratio: bool | None = None,
    favours: tuple[str, str] | None = None,
) -> list[str]:
    """Return the text equivalent of `funnel_plot`: the same numbers, a line each.

    Parameters
    ----------
    pooled, filled, contours, ratio, favours
        As in `funnel_plot`.

    Returns
    -------
    list of str
        Caption, caveats and studies, the most precise first.

    Examples
    --------
    >>> few = EffectSizes(yi=[0.1, 0.2, 0.5, 0.9], vi=[0.01, 0.02, 0.05, 0.08], measure="SMD")
    >>> print(funnel_text(few)[-1])
    - study 4: 0.90, standard error 0.283
    """
    return funnel_lines(funnel_of(pooled, filled=filled, contours=contours, ratio=ratio, favours=favours))


def funnel_of(
    pooled: Pooled | EffectSizes,
    *,
    filled: TrimAndFill | None = None,
    contours: bool = False,
    ratio: bool | None = None,
    favours: tuple[str, str] | None = None,
) -> Funnel:
    """Return what a funnel plot shows, to draw or to tell.

    Parameters
    ----------
    pooled, filled, contours, ratio, favours
        As in `funnel_plot`.

    Returns
    -------
    Funnel
        Points, limits and caveats.
    """
    if not isinstance(pooled, Pooled):
        pooled = pool(pooled)
    if filled is not None:
        _check_filled(pooled, filled)
    names = tuple(f"study {name}" if name.isdigit() else name for name in pooled.studies)
    return Funnel(
        studies=names,
        yi=pooled.yi,
        sei=np.sqrt(pooled.vi),
        b=pooled.b,
        model="common effect" if pooled.method == "EE" else pooled.method,
        level=pooled.level,
        measure=pooled.measure,
        estimand=pooled.estimand,
        ratio=is_ratio(pooled.measure, ratio),
        filled=filled,
        contours=contours,
        favours=captions(pooled.estimand, favours),
    )


def _check_filled(pooled: Pooled, filled: TrimAndFill) -> None:
    observed = filled.k - filled.k0
    if observed != pooled.k:
        raise InputError(
            f"filled must be of the studies that were pooled ({pooled.k}); found {observed}; "
            "give the same effects to both"
        )
    if not np.isin(filled.filled_vi, pooled.vi).all():
        raise InputError("filled must be of the studies that were pooled; give the same effects to both")


def funnel_lines(funnel: Funnel) -> list[str]:
    """Return the points, the limits and the caveats in words."""
    left, right = funnel.favours
    none = "1" if funnel.ratio else "0"
    sides = f"; {left} < {none} < {right}" if left or right else ""
    label = axis_label(funnel.measure, funnel.estimand, ratio=funnel.ratio, told=any(funnel.favours))
    order = np.argsort(funnel.sei, kind="stable")
    return [
        f"Funnel plot of {count_of(funnel.yi.size, 'study', 'studies')}: {label} against standard error"
        f"{' of its logarithm' if funnel.ratio else ''}{sides}.",
        *_model_words(funnel),
        *(f"Note: {caveat}." for caveat in funnel.caveats),
        *(
            f"- {funnel.studies[place]}: {funnel.effect(funnel.yi[place])}, "
            f"standard error {number(funnel.sei[place], 3)}"
            for place in order
        ),
        *_filled_words(funnel),
    ]


def _model_words(funnel: Funnel) -> Iterator[str]:
    left, right = funnel.outside
    yield (
        f"Pooled ({funnel.model}) {funnel.effect(funnel.b)}; {left} of {funnel.yi.size} to the left and "
        f"{right} to the right of the {trimmed(100 * funnel.level)} % pseudo-limits."
    )
    if funnel.filled is not None:
        filled = count_of(funnel.filled.k0, "study", "studies")
        yield (
            f"Trim and fill: {filled} filled in on the {funnel.filled.side}, "
            f"effect with them {funnel.effect(funnel.filled.b)}."
        )
    if funnel.contours:
        away = np.abs(funnel.yi / funnel.sei)
        counts = ", ".join(
            f"{int((away > t_quantile(p=1 - p / 2, df=math.inf)).sum())} below {p:.2f}"
            for p, _, _ in CONTOURS
        )
        yield f"p of single studies for no effect: {counts}."


def _filled_words(funnel: Funnel) -> Iterator[str]:
    if funnel.filled is not None:
        for value, variance in zip(funnel.filled.filled_yi, funnel.filled.filled_vi, strict=True):
            yield f"- filled in: {funnel.effect(value)}, standard error {number(math.sqrt(variance), 3)}"


def _new_axes(funnel: Funnel) -> Axes:
    """Return axes in a new figure that has room for every line below them."""
    from matplotlib import pyplot

    bottom = (WORDS + len(_lines_below(funnel)) * LINE) / 72 + EDGE
    down = TOP + (TITLE if funnel.estimand == "change" else 0.0) + PANEL + bottom
    figure = pyplot.figure(figsize=(WIDTH, down))
    return figure.add_axes((ACROSS[0], bottom / down, ACROSS[1], PANEL / down))


def _lines_below(funnel: Funnel) -> list[str]:
    said = [*_model_words(funnel), *(f"{caveat[0].upper()}{caveat[1:]}." for caveat in funnel.caveats)]
    return [line for words in said for line in textwrap.wrap(words, WIDEST)]


def draw_funnel(ax: Axes, funnel: Funnel) -> Axes:
    """Draw studies, limits and caveats on axes."""
    deepest = DEEPER * funnel.deepest
    reach = funnel.quantile * deepest
    filled = [] if funnel.filled is None else list(funnel.filled.filled_yi)
    low = min([0.0, funnel.b - reach, *funnel.yi, *filled])
    high = max([0.0, funnel.b + reach, *funnel.yi, *filled])
    margin = SIDE_MARGIN * (high - low)
    set_effect_axis(ax, low - margin, high + margin, ratio=funnel.ratio)
    ax.set_ylim(deepest, 0)
    ax.tick_params(axis="y", labelsize=8)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if funnel.contours:
        _contours(ax, deepest, low - margin, high + margin)
    _lines(ax, funnel, deepest)
    _points(ax, funnel)
    _words(ax, funnel)
    describe(ax, funnel_lines(funnel))
    return ax


def _contours(ax: Axes, deepest: float, low: float, high: float) -> None:
    """Shade from outside in: beyond the last line p is below 0.01."""
    for p, shade, words in CONTOURS:
        half = float(t_quantile(p=1 - p / 2, df=math.inf)) * deepest
        corners = ([0, -half, half], [0, deepest, deepest])
        ax.fill(*corners, facecolor=shade, edgecolor="none", zorder=0, label=words)
    ax.set_xlim(low, high)


def _lines(ax: Axes, funnel: Funnel, deepest: float) -> None:
    reach = funnel.quantile * deepest
    ax.axvline(0, color=DARK, linewidth=0.9, zorder=1)
    ax.plot(
        [funnel.b] * 2, [0, deepest], color=BLUE, linewidth=1.3, zorder=1.5, label=f"pooled ({funnel.model})"
    )
    ax.plot(
        [funnel.b - reach, funnel.b, funnel.b + reach],
        [deepest, 0, deepest],
        color=BLUE,
        linewidth=1.0,
        linestyle="--",
        zorder=1.5,
        label=f"{trimmed(100 * funnel.level)} % pseudo-limits",
    )
    if funnel.filled is not None and funnel.filled.k0:
        ax.plot(
            [funnel.filled.b] * 2,
            [0, deepest],
            color="#A66F00",
            linewidth=1.3,
            linestyle=":",
            zorder=1.5,
            label="with those filled in",
        )


def _points(ax: Axes, funnel: Funnel) -> None:
    ax.plot(
        funnel.yi,
        funnel.sei,
        linestyle="none",
        marker="o",
        markersize=5.5,
        color=BLUE,
        markeredgecolor="white",
        markeredgewidth=0.6,
        clip_on=False,
        zorder=4,
        label="study",
    )
    if funnel.filled is not None and funnel.filled.k0:
        ax.plot(
            funnel.filled.filled_yi,
            np.sqrt(funnel.filled.filled_vi),
            linestyle="none",
            marker="o",
            markersize=6,
            markerfacecolor="white",
            markeredgecolor=DARK,
            markeredgewidth=1.2,
            clip_on=False,
            zorder=3,
            label="filled in",
        )


def _words(ax: Axes, funnel: Funnel) -> None:
    label = axis_label(funnel.measure, funnel.estimand, ratio=funnel.ratio, told=any(funnel.favours))
    left, right = funnel.favours
    for text, side in ((f"← {left}" if left else "", "left"), (f"{right} →" if right else "", "right")):
        _below(ax, text, down=CAPTIONS, right=side == "right")
    ax.set_xlabel(label, fontsize=8, labelpad=LABEL_PAD if left or right else 4)
    ax.set_ylabel(f"standard error{' (of the logarithm)' if funnel.ratio else ''}", fontsize=8)
    ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.01), ncols=4, fontsize=8, frameon=False, columnspacing=1.2
    )
    if funnel.estimand == "change":
        ax.set_facecolor("#F4F1EA")
        ax.set_title(
            "uncontrolled: change from before to after", fontsize=9, fontweight="bold", loc="left", pad=44
        )
    for place, words in enumerate(_lines_below(funnel)):
        _below(ax, words, down=WORDS + LINE * place)


def _below(ax: Axes, text: str, *, down: float, right: bool = False) -> None:
    ax.annotate(
        text,
        (float(right), 0),
        xycoords="axes fraction",
        xytext=(0, -down),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        fontsize=8,
        parse_math=False,
        annotation_clip=False,
    )
