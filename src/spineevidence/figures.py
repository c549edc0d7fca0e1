"""What is printed of one arm at one visit: mean, spread and size, or events and size, in whatever form."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from spineevidence.effectsizes import t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import trimmed
from spineevidence.formulas import conversions, medians
from spineevidence.lineage import Step, put_in
from spineevidence.results import Result

NUMBER = r"(-?\d+(?:\.\d+)?)"
QUARTILES = re.compile(rf"(?:^|; )(?:IQR|interquartile range) {NUMBER}(?:-| to ){NUMBER}")
LEAST_OF_A_MEDIAN = 5  # patients; Shi's test is made for no fewer
LEAST_OF_A_SKEWED_MEDIAN = 50  # from here on quantile estimation is closer than a normal formula
EXTREMES = re.compile(rf"(?:^|; )range {NUMBER}(?:-| to ){NUMBER}")


@dataclass(frozen=True, slots=True)
class Figure:
    """What is printed of one arm (or of several arms of one procedure put together) at one visit.

    Attributes
    ----------
    arm : str
        The arm; several are joined by " + ".
    value : float
        Mean, mean change, or number of patients with the event.
    sd, se : float or None
        Spread of the patients, and standard error of the mean.
    n : int or None
        Patients analysed.
    lines : tuple of int
        Lines of outcomes.csv.
    notes : tuple of str
        What was assumed.
    allocated : int or None
        Patients allocated.
    steps : tuple of Step
        How spread or events were derived.
    printed : tuple of str
        The rows as printed.
    rounding : float
        Half a unit of the last printed digit of the value.
    """

    arm: str
    value: float
    sd: float | None
    se: float | None
    n: int | None
    lines: tuple[int, ...]
    notes: tuple[str, ...]
    allocated: int | None
    steps: tuple[Step, ...] = ()
    printed: tuple[str, ...] = ()
    rounding: float = 0.0


def figure_of(result: Result) -> Figure | None:
    """Return the mean (or mean change) of an arm with its spread in whatever form it is printed."""
    if result.value is None:
        return None
    if result.statistic == "median":
        return _from_median(result)
    n = result.n or result.arm.n
    no_steps: tuple[Step, ...] = ()
    se, steps = result.se, no_steps
    if se is None and result.sd is None and result.ci_low is not None and result.ci_high is not None:
        se, steps = _se_of_interval(result.arm.arm, result.ci_low, result.ci_high, n)
    sd = result.sd
    if sd is None and se is not None and n is not None:
        sd = se * math.sqrt(n)
    if se is None and sd is not None and n is not None:
        se = sd / math.sqrt(n)
    return Figure(
        arm=result.arm.arm,
        value=result.value,
        sd=sd,
        se=se,
        n=n,
        lines=(result.line,),
        notes=_n_note(result, n),
        allocated=result.arm.n,
        steps=steps,
        printed=(result.cited,),
        rounding=result.half_unit,
    )


def like_population(rows: Sequence[Result], population: str) -> Result | None:
    """Return the row of the same population (see `Result.population`), else as randomised, else the first."""
    for wanted in (population, ""):
        for row in rows:
            if row.population == wanted:
                return row
    return rows[0] if rows else None


def _n_note(result: Result, n: int | None) -> tuple[str, ...]:
    if result.n is None and n is not None:
        return (f"N_FROM_ARM: n of {result.arm.arm} is the number allocated ({n})", *odd_notes(result))
    return odd_notes(result)


def odd_notes(result: Result) -> tuple[str, ...]:
    """Return what is odd about a printed row, as notes."""
    return tuple(f"ODD: line {result.line}: {message}" for message in result.odd)


def _se_of_interval(arm: str, low: float, high: float, n: int | None) -> tuple[float, tuple[Step, ...]]:
    df = n - 1 if n is not None and n > 1 else None
    se = float(conversions.se_from_ci(ci_low=low, ci_high=high, df=df))
    return se, (interval_step(f"SE of {arm}", low, high, df, se),)


def interval_step(name: str, low: float, high: float, df: float | None, se: float) -> Step:
    """Return the step from an interval to its standard error."""
    quantile = float(t_quantile(p=0.975, df=math.inf if df is None else df))
    symbol = "1.96" if df is None else f"t(0.975, {trimmed(df, 2)})"
    return Step(
        name,
        f"(U - L) / (2 x {symbol})",
        f"({put_in(high)} - {put_in(low)}) / (2 x {put_in(quantile)})",
        se,
    )


def quartiles_of(result: Result) -> tuple[float, float] | None:
    """Return the quartiles that the note of a row prints ("IQR 2-5"), or None."""
    found = QUARTILES.search(result.note)
    return None if found is None else (float(found[1]), float(found[2]))


def extremes_of(result: Result) -> tuple[float, float] | None:
    """Return the lowest and highest value that the note of a row prints ("range 0-9"), or None."""
    found = EXTREMES.search(result.note)
    return None if found is None else (float(found[1]), float(found[2]))


def _from_median(result: Result) -> Figure | None:
    """Return the mean and SD behind a median with quartiles or range; None where nothing sensible fits.

    Where Shi's test finds skewness a normal formula would mislead: large groups are then estimated from their
    quantiles, small ones not at all.
    """
    n = result.n or result.arm.n
    limits = quartiles_of(result) or extremes_of(result)
    if n is None or n < LEAST_OF_A_MEDIAN or limits is None or result.value is None:
        return None
    low, high = limits
    if not low < result.value < high:
        return None  # a median on its own quartile: there is no spread on one side to convert
    found = _mean_and_sd(result, n)
    if found is None:
        return None
    mean, sd = float(found.mean), float(found.sd)
    return Figure(
        arm=result.arm.arm,
        value=mean,
        sd=sd,
        se=sd / math.sqrt(n),
        n=n,
        lines=(result.line,),
        notes=(*found.notes, *_n_note(result, n)),
        allocated=result.arm.n,
        steps=_median_steps(result, n, mean, sd) if found.distribution == ("normal",) else (),
        printed=(result.cited,),
        rounding=result.half_unit,
    )


def _mean_and_sd(result: Result, n: int) -> medians.FromMedian | None:
    """Return Luo's estimate; of a skewed group the fit to its quartiles, if it is large and its scale known.

    A range is left out of that fit: with it the SD would come out too large.
    """
    scale = (result.measure.minimum, result.measure.maximum)
    q1, q3 = quartiles_of(result) or (None, None)
    low, high = extremes_of(result) or (None, None)
    median = result.value or 0.0
    try:
        found = medians.mean_sd_from_median(n=n, median=median, q1=q1, q3=q3, minimum=low, maximum=high)
        if bool(found.skewed):
            if q1 is None or n < LEAST_OF_A_SKEWED_MEDIAN or scale[0] is None or scale[1] is None:
                return None
            limits = (float(scale[0]), float(scale[1]))
            found = medians.mean_sd_from_median(
                n=n, median=median, q1=q1, q3=q3, method="quantile_estimation", scale=limits
            )
    except InputError:
        return None  # quartiles, range and median that contradict each other
    return found if math.isfinite(float(found.mean)) and float(found.sd) > 0 else None


def _median_steps(result: Result, n: int, mean: float, sd: float) -> tuple[Step, ...]:
    """Return Luo's mean and Wan's SD from quartiles alone, or from a range alone."""
    spread, ends = quartiles_of(result), extremes_of(result)
    limits = spread or ends
    if limits is None or (spread is not None and ends is not None):
        return ()
    low, high = limits
    weight = f"(0.7 + 0.39 / {n})" if spread else f"(4 / (4 + {n}^0.75))"
    middle = f"({put_in(low)} + {put_in(high)}) / 2"
    width = (high - low) / sd
    name = result.arm.arm
    return (
        Step(
            f"mean of {name}",
            "w (low + high) / 2 + (1 - w) median",
            f"{weight} x {middle} + (1 - {weight}) x {put_in(result.value or 0.0)}",
            mean,
        ),
        Step(
            f"SD of {name}",
            "(high - low) / normal width",
            f"({put_in(high)} - {put_in(low)}) / {put_in(width)}",
            sd,
        ),
    )


def events_of(result: Result) -> Figure | None:
    """Return events and n of an arm; a percentage is turned into the nearest whole number of patients."""
    n = result.n or result.arm.n
    if result.value is None or n is None:
        return None
    notes, steps = list(_n_note(result, n)), []
    events = result.value
    if result.statistic == "percent":
        events = float(math.floor(result.value * n / 100 + 0.5))
        notes.append(f"FROM_PERCENT: {trimmed(result.value)} % of {n} read as {events:.0f} patients")
        steps.append(
            Step(
                f"events of {result.arm.arm}",
                "round(percent x n / 100)",
                f"round({put_in(result.value)} x {n} / 100)",
                events,
            )
        )
    if events > n:
        return None
    return Figure(
        arm=result.arm.arm,
        value=events,
        sd=None,
        se=None,
        n=n,
        lines=(result.line,),
        notes=tuple(notes),
        allocated=result.arm.n,
        steps=tuple(steps),
        printed=(result.cited,),
    )


def combined(figures: Sequence[Figure], *, counts: bool) -> Figure | None:
    """Return several arms of one procedure as one; None if a size or spread is missing."""
    if len(figures) == 1:
        return figures[0]
    sizes = [figure.n for figure in figures if figure.n is not None]
    if len(sizes) < len(figures):
        return None
    name = " + ".join(figure.arm for figure in figures)
    allocated = [figure.allocated for figure in figures if figure.allocated is not None]
    numbers = _added(figures, sizes, name) if counts else _as_one_group(figures, sizes, name)
    if numbers is None:
        return None
    value, sd, steps = numbers
    return Figure(
        arm=name,
        value=value,
        sd=sd,
        se=None if sd is None else sd / math.sqrt(sum(sizes)),
        n=sum(sizes),
        lines=tuple(line for figure in figures for line in figure.lines),
        notes=(*(note for figure in figures for note in figure.notes), f"COMBINED_ARMS: {name}"),
        allocated=sum(allocated) if len(allocated) == len(figures) else None,
        steps=(*(step for figure in figures for step in figure.steps), *steps),
        printed=tuple(row for figure in figures for row in figure.printed),
    )


def _added(
    figures: Sequence[Figure], sizes: Sequence[int], name: str
) -> tuple[float, float | None, tuple[Step, ...]]:
    events = sum(figure.value for figure in figures)
    shown = " + ".join(put_in(figure.value) for figure in figures)
    whole = Step(f"n of {name}", "sum of n", " + ".join(map(str, sizes)), float(sum(sizes)))
    return events, None, (Step(f"events of {name}", "sum of events", shown, events), whole)


def _as_one_group(
    figures: Sequence[Figure], sizes: Sequence[int], name: str
) -> tuple[float, float | None, tuple[Step, ...]] | None:
    spreads = [figure.sd for figure in figures if figure.sd is not None]
    if len(spreads) < len(figures):
        return None
    one = conversions.combine_arms(n=sizes, mean=[figure.value for figure in figures], sd=spreads)
    mean, sd, total = float(one.mean), float(one.sd), sum(sizes)
    terms = [
        f"{n - 1} x {put_in(s)}^2 + {n} x ({put_in(figure.value)} - {put_in(mean)})^2"
        for n, s, figure in zip(sizes, spreads, figures, strict=True)
    ]
    weighted = " + ".join(f"{n} x {put_in(f.value)}" for n, f in zip(sizes, figures, strict=True))
    steps = (
        Step(f"mean of {name}", "sum(n m) / N", f"({weighted}) / {total}", mean),
        Step(
            f"SD of {name}",
            "sqrt(sum((n - 1) s^2 + n (m - mean)^2) / (N - 1))",
            f"sqrt(({' + '.join(terms)}) / {total - 1})",
            sd,
        ),
    )
    return mean, sd, steps
