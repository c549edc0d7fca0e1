"""Differences in points as standard deviations, or in units of the smallest difference that matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spineevidence.curves import Curve
from spineevidence.derivation import P_BOUND, measure_rank, pooled_sd, pooled_sd_step
from spineevidence.effectsizes import EffectSizes
from spineevidence.figures import Figure, combined, figure_of, like_population
from spineevidence.formatting import trimmed
from spineevidence.formulas import conversions, means
from spineevidence.lineage import Effect, Step, put_in
from spineevidence.models import Measure
from spineevidence.results import Result

IMPLIED_BY = ("contrast", "contrast_p", "arms_p")  # unadjusted routes
OF_SCORES = ("mean_difference", "mean", "median")  # what such a route must rest on: scores, not changes
LEAST_FREEDOM = 2
NO_SPREAD = "no SD of scores to standardise by, or no n"


@dataclass(frozen=True, slots=True)
class Spread:
    """The SD of scores by which a difference is divided, and where it stands."""

    sd: float
    words: str
    steps: tuple[Step, ...] = ()
    lines: tuple[int, ...] = ()
    printed: tuple[str, ...] = ()


def on_common_scale(
    effect: Effect, *, curve: Curve, measure: Measure, own: Sequence[Result]
) -> Effect | None:
    """Return an effect in a measure's own unit on a common scale; None where it cannot stand there.

    Parameters
    ----------
    effect : Effect
        In the unit of its measure.
    curve : Curve
        Of kind "SMD" or "MID".
    measure : Measure
        The measure of the effect.
    own : sequence of Result
        All results of the study, where the SD of the scores is looked for.
    """
    if curve.kind == "MID":
        return _in_important_differences(effect, curve, measure)
    spread = next(_spreads(effect, own), None)
    if spread is None or effect.n_arm is None or (effect.versus and effect.n_versus is None):
        return None
    return _standardised(effect, curve, measure, spread)


def _in_important_differences(effect: Effect, curve: Curve, measure: Measure) -> Effect | None:
    unit = measure.delta_between
    if unit is None:
        return None
    one = conversions.mid_units(d=effect.yi, se=effect.sei, mid=unit)
    shown = put_in(unit)
    return _moved(
        effect,
        curve,
        measure,
        EffectSizes(
            yi=one.yi, vi=one.vi, df=effect.df, ci_low=effect.ci_low / unit, ci_high=effect.ci_high / unit
        ),
        derivation=f"{effect.derivation}; divided by {trimmed(unit)}, the smallest important difference",
        formula="d / MID",
        steps=(
            Step("effect", "d / MID", f"{put_in(effect.yi)} / {shown}", effect.yi / unit),
            Step("standard error", "SE / MID", f"{put_in(effect.sei)} / {shown}", effect.sei / unit),
        ),
        notes=(),
    )


def _spreads(effect: Effect, own: Sequence[Result]) -> Iterator[Spread]:
    """Yield SDs of scores in the order of preference: of this visit, implied by the contrast, of baseline."""
    used = [r for r in own if r.line in effect.lines and r.role == "visit" and r.statistic != "finding_only"]
    if not used:
        return
    first = used[0]
    scores = [r for r in own if _scores(r, first)]
    at_visit = [r for r in scores if r.role == "visit" and r.months == effect.months]
    yield from _of_rows(effect, at_visit, first, "scores at this visit")
    if _implies_a_spread(effect, used) and effect.n_arm and effect.n_versus:
        yield _implied(effect, effect.n_arm, effect.n_versus)
    yield from _of_rows(effect, [r for r in scores if r.role == "baseline"], first, "scores at baseline")


def _implies_a_spread(effect: Effect, used: Sequence[Result]) -> bool:
    """Whether the standard error of a difference is that of two groups' scores, and no mere bound."""
    bounded = any(note.startswith(P_BOUND) for note in effect.notes)
    rows = [r.statistic in OF_SCORES and not r.paired for r in used]
    return effect.route in IMPLIED_BY and not bounded and all(rows)


def _scores(result: Result, like: Result) -> bool:
    same = result.measure.measure_id == like.measure.measure_id
    return same and not result.is_contrast and result.statistic in ("mean", "median")


def _of_rows(effect: Effect, rows: Sequence[Result], first: Result, words: str) -> Iterator[Spread]:
    sides = [_side(name, rows, first.population) for name in (effect.arm, effect.versus) if name]
    known = [side for side in sides if side is not None and side.sd]
    if len(known) < len(sides):
        return
    lines = tuple(line for side in known for line in side.lines)
    printed = tuple(row for side in known for row in side.printed)
    if len(known) == 1:
        yield Spread(known[0].sd or math.nan, words, (), lines, printed)
        return
    sd = pooled_sd(*known)
    if sd:
        yield Spread(sd, words, (pooled_sd_step(known[0], known[1], sd),), lines, printed)


def _side(name: str, rows: Sequence[Result], population: str) -> Figure | None:
    """Return the scores of an arm (or several) in the population of the effect, else as randomised."""
    figures = []
    for arm in name.split(" + "):
        own = [row for row in rows if row.arm.arm == arm]
        chosen = like_population(own, population)
        figure = None if chosen is None else figure_of(chosen)
        if figure is None:
            return None
        figures.append(figure)
    return combined(figures, counts=False)


def _implied(effect: Effect, n1: int, n2: int) -> Spread:
    """Return the SD that both arms must share for the standard error of their difference."""
    sd = effect.sei / math.sqrt(1 / n1 + 1 / n2)
    numbers = f"{put_in(effect.sei)} / sqrt(1 / {n1} + 1 / {n2})"
    step = Step("SD of both arms", "SE / sqrt(1/n1 + 1/n2)", numbers, sd)
    return Spread(sd, "both arms, from the standard error of their difference", (step,))


def _standardised(effect: Effect, curve: Curve, measure: Measure, spread: Spread) -> Effect | None:
    n1, n2 = effect.n_arm or 0, effect.n_versus or 0
    d, error = effect.yi / spread.sd, effect.sei / spread.sd
    df = n1 + n2 - 2 if effect.versus else n1 - 1
    if df < LEAST_FREEDOM:
        return None  # there is no factor J
    factor = float(means.factor_from_df(df=df))
    g = factor * d
    size = n1 + n2 if effect.versus else n1
    pooled = effect.route == "final_means"
    base = 1 / n1 + 1 / n2 if pooled else error**2
    variance = base + g**2 / (2 * size)
    shown = put_in(g)
    first = f"1 / {n1} + 1 / {n2}" if pooled else f"({put_in(effect.sei)} / {put_in(spread.sd)})^2"
    symbol = "1/n1 + 1/n2" if pooled else "(SE / SD)^2"
    return _moved(
        effect,
        curve,
        measure,
        EffectSizes(yi=g, vi=variance),
        derivation=f"{effect.derivation}; divided by SD {trimmed(spread.sd)} ({spread.words}), Hedges' J",
        formula="Hedges' g" if effect.versus else "standardised mean change",
        steps=(
            *spread.steps,
            Step("g", f"J({df}) d / SD", f"{put_in(factor)} x {put_in(effect.yi)} / {put_in(spread.sd)}", g),
            Step(
                "standard error",
                f"sqrt({symbol} + g^2 / (2 N))",
                f"sqrt({first} + {shown}^2 / (2 x {size}))",
                math.sqrt(variance),
            ),
        ),
        notes=(f"STANDARDISED_BY: SD {trimmed(spread.sd)} of {spread.words}",),
        lines=spread.lines,
        printed=spread.printed,
    )


def _moved(
    effect: Effect,
    curve: Curve,
    measure: Measure,
    numbers: EffectSizes,
    *,
    derivation: str,
    formula: str,
    steps: tuple[Step, ...],
    notes: tuple[str, ...],
    lines: tuple[int, ...] = (),
    printed: tuple[str, ...] = (),
) -> Effect:
    return replace(
        effect,
        curve=curve.name,
        yi=float(numbers.yi[0]) + 0.0,
        sei=float(numbers.sei[0]),
        df=float(numbers.df[0]),
        ci_low=float(numbers.ci_low[0]),
        ci_high=float(numbers.ci_high[0]),
        lines=tuple(dict.fromkeys((*effect.lines, *lines))),
        derivation=derivation,
        notes=(*notes, *effect.notes),
        rank=(*effect.rank[:2], measure_rank(curve, measure)),
        formula=f"{effect.formula}; {formula}",
        steps=(*effect.steps, *steps),
        printed=tuple(dict.fromkeys((*effect.printed, *printed))),
    )
