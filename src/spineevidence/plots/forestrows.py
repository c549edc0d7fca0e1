"""The rows of a forest plot: what it shows, and its text equivalent."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from spineevidence.effectsizes import LEVEL, EffectSizes, t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, number, shortened, trimmed
from spineevidence.plots.effectaxis import (
    axis_label,
    captions,
    digits_of,
    is_ratio,
    printed,
    printed_interval,
    printed_p,
)
from spineevidence.pooling.pool import ROUGH, Pooled
from spineevidence.pooling.subgroups import Subgroups
from spineevidence.pooling.windows import PooledWindow
from spineevidence.timing import FloatArray, unknown_word

Order = Literal["as given", "effect", "weight", "year"]
Kind = Literal["heading", "study", "group", "pooled", "new"]

TESTS: Mapping[str, str] = MappingProxyType(
    {
        "z": "normal interval",
        "t": "t interval",
        "knha": "Hartung-Knapp interval",
        "adhoc": "Hartung-Knapp interval with its factor at least 1",
    }
)


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row: a heading, a study, a group's or the pooled effect, or the interval of a new study.

    Attributes
    ----------
    kind : {"heading", "study", "group", "pooled", "new"}
        What it is.
    label : str
        Its name.
    estimate, low, high : float
        Effect and limits, on the scale of pooling; NaN where there is none.
    weight : float
        Percent; NaN where there is none.
    """

    kind: Kind
    label: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    weight: float = math.nan


@dataclass(frozen=True, slots=True)
class Forest:
    """What a forest plot shows, before it is drawn or told.

    Attributes
    ----------
    rows : tuple of ForestRow
        From the top.
    measure, estimand : str
        Of the effects.
    ratio : bool
        Whether they are logarithms, printed as ratios.
    digits : int
        Decimals of differences.
    level : float
        Coverage of every interval.
    delta : float or None
        Smallest difference that matters, on the scale of pooling.
    favours : tuple of str
        What lies to the left and to the right of no effect.
    below : tuple of str
        Heterogeneity, model and tests, a sentence each.
    notes : tuple of str
        Caveats.
    """

    rows: tuple[ForestRow, ...]
    measure: str
    estimand: str
    ratio: bool
    digits: int
    level: float
    delta: float | None
    favours: tuple[str, str]
    below: tuple[str, ...]
    notes: tuple[str, ...]

    def effect(self, row: ForestRow) -> str:
        """Return effect and interval of a row as printed."""
        if row.kind == "heading":
            return ""
        limits = printed_interval(row.low, row.high, ratio=self.ratio, digits=self.digits)
        if row.kind == "new":
            return limits
        return f"{printed(row.estimate, ratio=self.ratio, digits=self.digits)} ({limits})"

    @property
    def head(self) -> str:
        """What stands above effects and intervals."""
        return f"{self.measure or ('Ratio' if self.ratio else 'Effect')} ({trimmed(100 * self.level)} % CI)"

    @property
    def label(self) -> str:
        """What the axis shows."""
        return axis_label(self.measure, self.estimand, ratio=self.ratio, told=any(self.favours))


@dataclass(frozen=True, slots=True)
class _Model:
    """The pooled effect of either kind of result, and the studies behind it."""

    yi: FloatArray
    vi: FloatArray
    studies: tuple[str, ...]
    weights: FloatArray
    name: str
    b: float
    low: float
    high: float
    new: tuple[float, float] | None
    level: float
    measure: str
    estimand: str
    below: tuple[str, ...]
    notes: tuple[str, ...]


def forest_text(
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
) -> list[str]:
    """Return the text equivalent of `forest_plot`: the same rows with the same numbers, a line each.

    Parameters
    ----------
    pooled, labels, order, effects, groups, subgroups, delta, ratio, favours
        As in `forest_plot`.

    Returns
    -------
    list of str
        Caption, rows, heterogeneity and caveats.

    Examples
    --------
    >>> from spineevidence.pooling.pool import pool
    >>> three = pool(EffectSizes(yi=[1.2, 0.4, 0.9], vi=[0.2, 0.1, 0.3], measure="MD", estimand="contrast"))
    >>> for line in forest_text(three)[:3]:
    ...     print(line)
    Forest plot of 3 studies: mean difference, 95 % intervals; favours comparator < 0 < favours procedure.
    - study 1: 1.20 (0.32 to 2.08), weight 29.8 %
    - study 2: 0.40 (-0.22 to 1.02), weight 48.8 %
    """
    return forest_lines(
        forest_of(
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
    )


def forest_of(
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
) -> Forest:
    """Return the rows of a forest plot, to draw or to tell.

    Parameters
    ----------
    pooled, labels, order, effects, groups, subgroups, delta, ratio, favours
        As in `forest_plot`.

    Returns
    -------
    Forest
        Rows in their order, and the words around them.
    """
    model = _model(pooled)
    k = model.yi.size
    if order not in {"as given", "effect", "weight", "year"}:
        raise InputError(unknown_word("order", order, ("as given", "effect", "weight", "year")))
    if delta is not None and not math.isfinite(delta):
        raise InputError(f"delta must be a number; found {delta:g}; leave it out to draw no line")
    names = _names(model, labels)
    if effects is not None:
        model = replace(model, measure=effects.measure, estimand=effects.estimand)
    low, high, how = _own_intervals(model, effects)
    studies = [
        ForestRow("study", name, *map(float, numbers))
        for name, *numbers in zip(names, model.yi, low, high, model.weights, strict=True)
    ]
    places = _places(studies, order)
    members = _members(groups, subgroups, k)
    rows = [*_study_rows(studies, places, members, subgroups, model.level)]
    if k > 1:
        rows.append(ForestRow("pooled", model.name, model.b, model.low, model.high))
    if model.new is not None:
        rows.append(
            ForestRow(
                "new",
                f"Prediction interval{' (rough)' if k < ROUGH else ''}",
                low=model.new[0],
                high=model.new[1],
            )
        )
    logs = is_ratio(model.measure, ratio)
    between = [] if subgroups is None else [_between_words(subgroups)]
    return Forest(
        rows=tuple(rows),
        measure=model.measure,
        estimand=model.estimand,
        ratio=logs,
        digits=digits_of(np.sqrt(model.vi)),
        level=model.level,
        delta=delta,
        favours=captions(model.estimand, favours),
        below=(*model.below, *between, how),
        notes=model.notes,
    )


def _model(pooled: Pooled | PooledWindow) -> _Model:
    if isinstance(pooled, Pooled):
        return _of_pooled(pooled)
    if not isinstance(pooled, PooledWindow):
        raise InputError(
            f"a forest plot takes what pool or pool_window returns, not {type(pooled).__name__}; pool first"
        )
    if pooled.reml is None:
        return _of_one(pooled)
    used = _of_pooled(pooled.reml)
    new = None
    if pooled.pi_low is not None and pooled.pi_high is not None:
        new = (pooled.pi_low, pooled.pi_high)
    where = f"{pooled.window}: " if pooled.window else ""
    weak = pooled.half_normal
    if pooled.model != "half-normal" or weak is None:
        return replace(used, name=f"{where}{used.name}", new=new, notes=pooled.notes)
    parts = 1 / (used.vi + weak.tau[:, None] ** 2)
    weights = 100 * weak.weights @ (parts / parts.sum(axis=1, keepdims=True)) / weak.weights.sum()
    heterogeneity = (
        f"Heterogeneity: tau {number(weak.tau_median, 2)} ({number(weak.tau_low, 2)} to "
        f"{number(weak.tau_high, 2)}); {_q_words(pooled.reml)}."
    )
    prior = f"Half-normal prior of tau with scale {trimmed(weak.scale)}; posterior medians and intervals."
    return replace(
        used,
        weights=weights,
        name=f"{where}Pooled (half-normal prior)",
        b=pooled.estimate,
        low=pooled.ci_low,
        high=pooled.ci_high,
        new=new,
        below=(heterogeneity, prior),
        notes=pooled.notes,
    )


def _of_pooled(pooled: Pooled) -> _Model:
    new = None
    if pooled.pi_low is not None and pooled.pi_high is not None:
        new = (pooled.pi_low, pooled.pi_high)
    return _Model(
        yi=pooled.yi,
        vi=pooled.vi,
        studies=pooled.studies,
        weights=pooled.weights,
        name=f"Pooled ({'common effect' if pooled.method == 'EE' else pooled.method})",
        b=pooled.b,
        low=pooled.ci_low,
        high=pooled.ci_high,
        new=new,
        level=pooled.level,
        measure=pooled.measure,
        estimand=pooled.estimand,
        below=tuple(_model_words(pooled)),
        notes=pooled.notes,
    )


def _of_one(window: PooledWindow) -> _Model:
    """Return the only study of a window, whose interval is its own."""
    half = (window.ci_high - window.ci_low) / 2
    error = half / float(t_quantile(p=(1 + window.level) / 2, df=window.df))
    return _Model(
        yi=np.array([window.estimate]),
        vi=np.array([error**2]),
        studies=window.studies or ("1",),
        weights=np.array([100.0]),
        name="",
        b=window.estimate,
        low=window.ci_low,
        high=window.ci_high,
        new=None,
        level=window.level,
        measure="",
        estimand="",
        below=("One study: nothing is pooled.",),
        notes=window.notes,
    )


def _model_words(pooled: Pooled) -> Iterator[str]:
    if pooled.k == 1:
        yield "One study: nothing is pooled."
        return
    tau2 = "" if pooled.method == "EE" else f"tau2 {pooled.tau2:.3g}, "
    yield f"Heterogeneity: {tau2}I2 {number(pooled.i2, 0)} %, {_q_words(pooled)}."
    symbol = "z" if math.isinf(pooled.df) else f"t({trimmed(pooled.df)})"
    model = "common effect" if pooled.method == "EE" else f"random effects by {pooled.method}"
    test = f"{symbol} = {number(pooled.statistic, 2)}, {printed_p(pooled.p)}"
    yield f"Model: {model}, {TESTS[pooled.test]}; no effect: {test}."


def _q_words(pooled: Pooled) -> str:
    return f"Q {number(pooled.q, 2)} (df {trimmed(pooled.q_df)}, {printed_p(pooled.q_p)})"


def _between_words(found: Subgroups) -> str:
    kind = "Q" if len(found.df_between) == 1 else "F"
    freedom = ", ".join(map(str, found.df_between))
    shared = "tau2 of each" if found.heterogeneity == "separate" else "one tau2"
    return (
        f"Between groups: {kind}({freedom}) = {number(found.q_between, 2)}, {printed_p(found.p_between)} "
        f"({shared}; {found.method}, {found.test})."
    )


def _names(model: _Model, labels: Sequence[str] | None) -> list[str]:
    if labels is None:
        return [f"study {name}" if name.isdigit() else name for name in model.studies]
    if isinstance(labels, str) or len(labels) != model.yi.size:
        found = 1 if isinstance(labels, str) else len(labels)
        raise InputError(
            f"one label per study is needed; {count_of(model.yi.size, 'study', 'studies')}, "
            f"found {count_of(found, 'label')}; give them in the order of `pooled.studies`"
        )
    return [str(label) for label in labels]


def _own_intervals(model: _Model, effects: EffectSizes | None) -> tuple[FloatArray, FloatArray, str]:
    """Return the studies' intervals, and how they were made."""
    tail = (1 + model.level) / 2
    if effects is None:
        if model.yi.size == 1:
            return np.array([model.low]), np.array([model.high]), "Interval: the study's own."
        half = float(t_quantile(p=tail, df=math.inf)) * np.sqrt(model.vi)
        return model.yi - half, model.yi + half, "Intervals of studies: normal, from their variances."
    alike = model.yi.size == 1 or np.array_equal(effects.vi, model.vi)
    if not (alike and np.array_equal(effects.yi, model.yi)):
        raise InputError(
            "effects must be those that were pooled, in the same order; give the same object to pool "
            "and to forest_plot"
        )
    if model.level == LEVEL:
        return effects.ci_low, effects.ci_high, "Intervals of studies: their own."
    half = t_quantile(p=tail, df=effects.df) * effects.sei
    return model.yi - half, model.yi + half, "Intervals of studies: from their standard errors."


def _places(studies: Sequence[ForestRow], order: Order) -> list[int]:
    """Return the order of the rows."""
    places = list(range(len(studies)))
    if order == "effect":
        return sorted(places, key=lambda place: -studies[place].estimate)
    if order == "weight":
        return sorted(places, key=lambda place: -studies[place].weight)
    if order == "year":
        return sorted(places, key=lambda place: _year(studies[place].label))
    return places


def _year(label: str) -> int:
    found = re.findall(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)", label)
    if not found:
        raise InputError(f'no year in the name "{shortened(label, 60)}"; give labels such as "Pauza 2004"')
    return int(found[-1])


def _members(groups: Sequence[str] | None, subgroups: Subgroups | None, k: int) -> list[str]:
    if groups is None:
        if subgroups is not None:
            raise InputError("give also the group of each study, as groups=[...]")
        return []
    if isinstance(groups, str) or len(groups) != k:
        raise InputError(f"one group per study is needed ({k}); give them in the order of `pooled.studies`")
    members = [str(group) for group in groups]
    if subgroups is not None:
        found = {group: members.count(group) for group in dict.fromkeys(members)}
        known = dict(zip(subgroups.groups, map(int, subgroups.k), strict=True))
        if found != known:
            raise InputError(
                f"groups must be those of the subgroups; found {_sizes(found)}, pooled were {_sizes(known)}; "
                "give the same groups to both"
            )
    return members


def _sizes(groups: Mapping[str, int]) -> str:
    return ", ".join(f"{group} {count}" for group, count in groups.items())


def _study_rows(
    studies: Sequence[ForestRow],
    places: Sequence[int],
    members: Sequence[str],
    found: Subgroups | None,
    level: float,
) -> Iterator[ForestRow]:
    if not members:
        yield from (studies[place] for place in places)
        return
    if found is not None and found.level != level:
        raise InputError(
            f"subgroups have {trimmed(100 * found.level)} % intervals, the studies together "
            f"{trimmed(100 * level)} %; pool both at one level"
        )
    order = dict.fromkeys(members) if found is None else found.groups
    for group in order:
        yield ForestRow("heading", group)
        yield from (studies[place] for place in places if members[place] == group)
        if found is not None:
            at = found.groups.index(group)
            name = f"{group}: {count_of(int(found.k[at]), 'study', 'studies')}"
            yield ForestRow(
                "group", name, float(found.b[at]), float(found.ci_low[at]), float(found.ci_high[at])
            )


def forest_lines(forest: Forest) -> list[str]:
    """Return the rows in words, with what stands around them."""
    count = sum(row.kind == "study" for row in forest.rows)
    change = "; changes within one group, which no comparator tells from the natural course"
    left, right = forest.favours
    none = "1" if forest.ratio else "0"
    sides = f"; {left} < {none} < {right}" if left or right else ""
    lines = [
        f"Forest plot of {count_of(count, 'study', 'studies')}: {forest.label}, "
        f"{trimmed(100 * forest.level)} % intervals{sides}{change if forest.estimand == 'change' else ''}."
    ]
    for row in forest.rows:
        if row.kind == "heading":
            lines.append(f"{row.label}:")
            continue
        weight = "" if math.isnan(row.weight) else f", weight {number(row.weight, 1)} %"
        lines.append(f"- {row.label}: {forest.effect(row)}{weight}")
    if forest.delta is not None:
        matters = printed(forest.delta, ratio=forest.ratio, digits=max(forest.digits, 1))
        lines.append(f"Smallest difference that matters: {matters}.")
    return [*lines, *forest.below, *(f"Note: {note}" for note in forest.notes)]
