"""The comparator's printed risk or mean beside an effect, where a report prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spineevidence.curves import NATURAL_RANGES, Curve
from spineevidence.effects import as_effect_sizes
from spineevidence.formatting import number, time_in_words
from spineevidence.lineage import Effect
from spineevidence.lines import CurveDurations
from spineevidence.tables.parts import Cell, cell
from spineevidence.tables.printed import Printed

NOT_PRINTED = "not printed"
OF_MEANS = ("mean", "median")
OF_SHARES = ("percent", "events")

ByStudy = Mapping[str, Sequence[Printed]]


@dataclass(frozen=True, slots=True)
class ComparatorFigure:
    """What one report prints of a comparator arm at a visit.

    Attributes
    ----------
    printed : Printed
        The result.
    value : float or None
        On the scale of the effect, in points or percent; None where it is printed on another one, or is the
        share of patients who fared badly beside a difference of those who fared well.
    text : str
        As printed, with its measure where it is on no scale of the effect; the share of printed events in
        percent.
    """

    printed: Printed
    value: float | None
    text: str


def comparator_figures(curve: CurveDurations, window: str, results: ByStudy) -> tuple[ComparatorFigure, ...]:
    """Return what reports print of the comparator arms behind the effects of a window.

    Parameters
    ----------
    curve : CurveDurations
        The scale with its effects.
    window : str
        Label of the follow-up window.
    results : mapping of str to sequence of Printed
        The results of each study.

    Returns
    -------
    tuple of ComparatorFigure
        At most one for each effect: of its comparator arm, its measure and its visit. A result whose scale
        was assumed, or that is of a part of the patients, does not count.
    """
    effects = as_effect_sizes(curve.asked, curve.derived).at(window).lineage
    wanted = OF_SHARES if curve.asked.curve.kind == "RD" else OF_MEANS
    found = []
    for effect in effects:
        fitting = [one for one in results[effect.study_id] if _of_comparator(one, effect, wanted)]
        if len({one.result.arm.arm for one in fitting}) == 1:
            best = min(
                fitting,
                key=lambda one: (
                    one.result.line not in effect.lines,
                    wanted.index(one.result.statistic),
                    one.result.line,
                ),
            )
            figure = _figure(curve.asked.curve, best)
            found += [figure] if figure is not None else []
    return tuple(found)


def comparator_cell(figures: Sequence[ComparatorFigure], k: int, names: Mapping[str, Cell]) -> Cell:
    """Return the printed figures as one cell: the only one, or their range.

    Parameters
    ----------
    figures : sequence of ComparatorFigure
        Of one window.
    k : int
        Studies of the window.
    names : mapping of str to Cell
        How each study is named.
    """
    if not figures:
        return cell(NOT_PRINTED)
    told = [
        f"{names[one.printed.result.study_id].text}, {one.printed.result.measure.name}, {one.text} at "
        f"{time_in_words(one.printed.result.months or 0.0)} (line {one.printed.result.line})"
        for one in figures
    ]
    note = f"Printed of the comparator arm: {'; '.join(told)}."
    if len(figures) < k:
        note += f" Not printed in {k - len(figures)} of {k} studies."
    if len(figures) == 1:
        return cell(figures[0].text, notes=note)
    values = [(one.value, one.text) for one in figures if one.value is not None]
    if len(values) < len(figures):
        return cell("on several measures", notes=note)
    low, high = (chosen[1].partition(" (")[0] for chosen in (min(values), max(values)))
    return cell(low if low == high else f"{low} to {high}", notes=note)


def _of_comparator(one: Printed, effect: Effect, wanted: Sequence[str]) -> bool:
    result = one.result
    return (
        not result.is_contrast
        and result.statistic in wanted
        and result.arm.arm in effect.versus.split(" + ")
        and result.measure.measure_id == effect.measure_id
        and result.months == effect.months
        and result.role == "visit"
        and not result.subgroup
        and not result.doubtful_words
    )


def _figure(curve: Curve, one: Printed) -> ComparatorFigure | None:
    result = one.result
    value, text = result.value, one.texts["value"]
    if value is None:
        return None
    if result.statistic in OF_SHARES:
        return _share(one, value)
    words = f"median {text}" if result.statistic == "median" else text
    limits = (result.measure.minimum, result.measure.maximum)
    if limits == NATURAL_RANGES.get(curve.name):
        return ComparatorFigure(one, value, words)
    return ComparatorFigure(one, None, f"{words} on {result.measure.name}")


def _share(one: Printed, value: float) -> ComparatorFigure:
    """Return a share of patients; that of those who fared badly says so, and is never turned round."""
    result, text = one.result, one.texts["value"]
    share: float | None = value
    words = f"{text} %"
    if result.statistic == "events":
        n = result.n or result.arm.n
        share = None if n is None else 100 * value / n
        words = f"{text} events" if share is None else f"{number(share, 0)} % ({text} of {n})"
    if result.measure.better == "lower":
        return ComparatorFigure(one, None, f"{words}, {result.measure.name}")
    return ComparatorFigure(one, share, words)
