"""One effect from printed rows: every route, with its formula and the numbers put in."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from spineevidence.curves import Curve
from spineevidence.effectsizes import EffectSizes, t_quantile
from spineevidence.formatting import trimmed
from spineevidence.formulas import conversions, counts, means
from spineevidence.lineage import Effect
from spineevidence.models import DIFFERENCES, Measure
from spineevidence.results import Result

ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "adjusted_contrast": "difference adjusted for baseline, as printed",
        "contrast": "difference between arms, as printed with its interval or standard error",
        "risk_difference": "risk difference as printed with its interval or standard error",
        "pseudo_ancova": "final means, adjusted for the baseline difference from summary figures",
        "final_means": "difference of final means (Welch)",
        "responders": "difference of proportions (Newcombe interval)",
        "changes": "difference of mean changes (Welch)",
        "contrast_p": "difference between arms, its standard error from the p-value",
        "arms_p": "difference of the arms' figures, its standard error from the p-value of the contrast",
        "change": "mean change within the group, as printed",
        "change_p": "mean change within the group, its standard error from the p-value",
        "before_after": "baseline mean minus follow-up mean, correlation assumed",
    }
)
FORMS: Mapping[str, int] = MappingProxyType({name: rank for rank, name in enumerate(ROUTES)})

IMBALANCE = 0.25  # of the baseline SD: beyond it final means are adjusted
ATTRITION = 0.30  # of the allocated patients lost, or
ATTRITION_GAP = 0.15  # this much more in one arm than in the other
R_PAIN = 0.25  # correlation of baseline and follow-up, METHOD 4.2: pain after a procedure
R_OTHER = 0.5
N_UNKNOWN = "N_UNKNOWN: normal quantile"
UNIT = re.compile(r"unit is (\w+)")


@dataclass(frozen=True, slots=True)
class Figure:
    """What is printed of one arm (or of several arms of one procedure put together) at one visit."""

    arm: str
    value: float
    sd: float | None
    se: float | None
    n: int | None
    lines: tuple[int, ...]
    notes: tuple[str, ...]
    allocated: int | None


def figure_of(result: Result) -> Figure | None:
    """Return the mean (or mean change) of an arm with its spread in whatever form it is printed."""
    if result.value is None:
        return None
    n = result.n or result.arm.n
    notes: tuple[str, ...] = ()
    if result.n is None and n is not None:
        notes = (f"N_FROM_ARM: n of {result.arm.arm} is the number allocated ({n})",)
    se = result.se
    if se is None and result.sd is None and result.ci_low is not None and result.ci_high is not None:
        df = n - 1 if n is not None and n > 1 else None
        se = float(conversions.se_from_ci(ci_low=result.ci_low, ci_high=result.ci_high, df=df))
    sd = result.sd
    if sd is None and se is not None and n is not None:
        sd = se * math.sqrt(n)
    if se is None and sd is not None and n is not None:
        se = sd / math.sqrt(n)
    return Figure(result.arm.arm, result.value, sd, se, n, (result.line,), notes, result.arm.n)


def events_of(result: Result) -> Figure | None:
    """Return events and n of an arm; a percentage is turned into the nearest whole number of patients."""
    n = result.n or result.arm.n
    if result.value is None or n is None:
        return None
    notes = (
        [] if result.n is not None else [f"N_FROM_ARM: n of {result.arm.arm} is the number allocated ({n})"]
    )
    events = result.value
    if result.statistic == "percent":
        events = float(math.floor(result.value * n / 100 + 0.5))
        notes.append(f"FROM_PERCENT: {trimmed(result.value)} % of {n} read as {events:.0f} patients")
    if events > n:
        return None
    return Figure(result.arm.arm, events, None, None, n, (result.line,), tuple(notes), result.arm.n)


def combined(figures: Sequence[Figure], *, counts: bool) -> Figure | None:
    """Return several arms of one procedure as one; None if a size or spread is missing."""
    if len(figures) == 1:
        return figures[0]
    sizes = [figure.n for figure in figures if figure.n is not None]
    if len(sizes) < len(figures):
        return None
    total = sum(sizes)
    name = " + ".join(figure.arm for figure in figures)
    lines = tuple(line for figure in figures for line in figure.lines)
    allocated = [figure.allocated for figure in figures if figure.allocated is not None]
    notes = (*(note for figure in figures for note in figure.notes), f"COMBINED_ARMS: {name}")
    whole = sum(allocated) if len(allocated) == len(figures) else None
    if counts:
        return Figure(name, sum(figure.value for figure in figures), None, None, total, lines, notes, whole)
    spreads = [figure.sd for figure in figures if figure.sd is not None]
    if len(spreads) < len(figures):
        return None
    one = conversions.combine_arms(n=sizes, mean=[figure.value for figure in figures], sd=spreads)
    mean, sd = float(one.mean), float(one.sd)
    return Figure(name, mean, sd, sd / math.sqrt(total), total, lines, notes, whole)


def orientation(measure: Measure) -> int:
    """Return 1 where higher values are better, else -1."""
    return 1 if measure.better == "higher" else -1


def effect_from(
    effect: EffectSizes,
    *,
    curve: Curve,
    result: Result,
    route: str,
    arm: Figure,
    versus: Figure | None,
    lines: tuple[int, ...],
    derivation: str,
    notes: tuple[str, ...],
    factor: float = 1.0,
) -> Effect | None:
    """Wrap numbers on the measure's own scale as an effect on the curve; None if the interval excludes it."""
    yi, sei = float(effect.yi[0]) * factor, float(effect.sei[0]) * factor
    low, high = float(effect.ci_low[0]) * factor, float(effect.ci_high[0]) * factor
    if not low <= yi <= high or result.window is None or result.months is None:
        return None
    if factor != 1 and curve.kind == "RD":
        derivation += "; percentage points divided by 100"
    elif factor != 1:
        derivation += f"; times {trimmed(factor, 6)} to {curve.title}"
    every = (
        *notes,
        *arm.notes,
        *(versus.notes if versus else ()),
        *_attrition(arm, versus),
        *_design(result),
    )
    return Effect(
        study_id=result.study_id,
        curve=curve.name,
        measure_id=result.measure.measure_id,
        arm=arm.arm,
        versus=versus.arm if versus else "",
        months=result.months,
        window=result.window.label,
        yi=yi + 0.0,  # never a negative zero
        sei=sei,
        df=float(effect.df[0]),
        ci_low=low,
        ci_high=high,
        n_arm=arm.n,
        n_versus=versus.n if versus else None,
        route=route,
        lines=lines,
        derivation=derivation,
        notes=tuple(dict.fromkeys((*every, *effect.notes))),
        rank=(
            1 if result.analysis == "completers" else 0,
            FORMS[route],
            _measure_rank(curve, result.measure),
        ),
    )


def _measure_rank(curve: Curve, measure: Measure) -> int:
    return [own.measure_id for own in curve.measures].index(measure.measure_id)


def _attrition(arm: Figure, versus: Figure | None) -> Iterator[str]:
    lost = [
        (side.arm, 1 - side.n / side.allocated)
        for side in (arm, versus)
        if side is not None and side.n is not None and side.allocated
    ]
    shares = [share for _, share in lost]
    gap = len(shares) == 2 and abs(shares[0] - shares[1]) > ATTRITION_GAP
    if any(share > ATTRITION for share in shares) or gap:
        yield "ATTRITION: not analysed " + ", ".join(f"{share:.0%} of {name}" for name, share in lost)


def _design(result: Result) -> Iterator[str]:
    if result.versus is not None and result.blinding == "none":
        yield "UNBLINDED"
    if result.versus is not None and not result.randomised:
        yield f"NOT_RANDOMISED: {result.design}"
    if result.design == "crossover_rct":
        yield "CROSSOVER: first period only"
    if "doubtful" in result.note:
        yield f"DOUBTFUL: {result.note}"
    if result.scale_assumed:
        yield "SCALE_ASSUMED: the scale is not printed"
    unit = UNIT.search(result.note)
    if unit is not None:
        yield f"UNIT: {unit[1]} are counted, not patients"
    if result.sign_inferred:
        yield "SIGN_INFERRED: the direction of the subtraction is not printed"


def _sizes(result: Result) -> tuple[Figure, Figure]:
    """Return both sides of a contrast row without figures of their own."""
    if result.versus is None:
        raise TypeError("a contrast was expected")
    sides = [
        Figure(
            side.arm,
            math.nan,
            None,
            None,
            side.n,
            (),
            () if side.n is None else (f"N_FROM_ARM: n of {side.arm} is the number allocated ({side.n})",),
            side.n,
        )
        for side in (result.arm, result.versus)
    ]
    return sides[0], sides[1]


def _freedom(arm: Figure, versus: Figure) -> float | None:
    if arm.n is None or versus.n is None or arm.n + versus.n < 3:
        return None
    return float(arm.n + versus.n - 2)


def _freedom_of_row(result: Result, arm: Figure, versus: Figure) -> float | None:
    return float(result.n - 2) if result.n is not None and result.n > 2 else _freedom(arm, versus)


def from_contrast_row(result: Result, *, curve: Curve, sign: int) -> Effect | None:
    """Return the effect of a printed contrast, or None if it gives no standard error on this curve."""
    wanted = DIFFERENCES if curve.kind == "MD" else ("risk_difference",)
    if result.statistic not in wanted or result.value is None:
        return None
    arm, versus = _sizes(result)
    df = _freedom_of_row(result, arm, versus) if curve.kind == "MD" else None
    turn = sign * orientation(result.measure)
    found = _printed_contrast(result, turn=turn, df=df)
    if found is None:
        return None
    effect, how, notes = found
    route = _contrast_route(result, curve, how)
    sides = (arm, versus) if sign > 0 else (versus, arm)
    return effect_from(
        effect,
        curve=curve,
        result=result,
        route=route,
        arm=sides[0],
        versus=sides[1],
        lines=(result.line,),
        derivation=f"{_shown(result)}; sign {'turned' if turn < 0 else 'kept'}: benefit is positive; {how}",
        notes=notes,
        factor=curve.factor(result.measure),
    )


def _contrast_route(result: Result, curve: Curve, how: str) -> str:
    if how.startswith("standard error from p"):
        return "contrast_p"
    if curve.kind == "RD":
        return "risk_difference"
    return "adjusted_contrast" if result.adjusted else "contrast"


def _shown(result: Result) -> str:
    limits = ""
    if result.ci_low is not None and result.ci_high is not None:
        limits = f" ({trimmed(result.ci_low)} to {trimmed(result.ci_high)})"
    return f"{result.statistic} {trimmed(result.value or 0.0)}{limits} printed on line {result.line}"


def _printed_contrast(
    result: Result, *, turn: int, df: float | None
) -> tuple[EffectSizes, str, tuple[str, ...]] | None:
    value = float(result.value or 0.0) * turn
    notes = () if df is not None or result.statistic == "risk_difference" else (N_UNKNOWN,)
    if result.ci_low is not None and result.ci_high is not None:
        low, high = sorted((result.ci_low * turn, result.ci_high * turn))
        se = float(conversions.se_from_ci(ci_low=low, ci_high=high, df=df)) if high > low else 0.0
        if not low <= value <= high or se == 0:
            return None
        effect = EffectSizes(yi=value, vi=se**2, df=df, ci_low=low, ci_high=high)
        quantile = trimmed(float(t_quantile(p=0.975, df=df or math.inf)), 3)
        return effect, f"standard error = width / (2 x {quantile}) = {trimmed(se)}", notes
    if result.se:
        return (
            EffectSizes(yi=value, vi=result.se**2, df=df),
            f"standard error {trimmed(result.se)} printed",
            notes,
        )
    return _by_p(value, result, df, notes)


def _by_p(
    value: float, result: Result, df: float | None, notes: tuple[str, ...]
) -> tuple[EffectSizes, str, tuple[str, ...]] | None:
    if result.p is None or not 0 < result.p < 1 or value == 0:
        return None
    se = float(conversions.se_from_p(estimate=value, p=result.p, df=df))
    if result.p_is_bound:
        notes = (
            *notes,
            f"P_BOUND: only p < {trimmed(result.p, 6)} is printed; the standard error is at most this",
        )
    sign = "<" if result.p_is_bound else "="
    how = f"standard error from p {sign} {trimmed(result.p, 6)}: |{trimmed(value)}| / t = {trimmed(se)}"
    return EffectSizes(yi=value, vi=se**2, df=df), how, notes


def from_means(
    arm: Figure,
    versus: Figure,
    result: Result,
    *,
    curve: Curve,
    route: str,
    baseline: tuple[Figure, Figure] | None,
) -> Effect | None:
    """Return the difference of two arms' means (or mean changes), adjusted if the arms began unlike."""
    if arm.se is None or versus.se is None or arm.se + versus.se == 0:
        return None
    if route == "final_means" and baseline is not None:
        adjusted = _adjusted(arm, versus, baseline, result, curve)
        if adjusted is not None:
            return adjusted
    better = result.measure.better
    lines = (*arm.lines, *versus.lines)
    notes = _unlike(arm, baseline) if route == "final_means" else ()
    shown = f"({_mean_text(arm)}) minus ({_mean_text(versus)}), {better} is better"
    if None not in (arm.n, versus.n, arm.sd, versus.sd) and min(arm.n or 0, versus.n or 0) > 1:
        effect = means.mean_difference(
            m1=arm.value,
            sd1=arm.sd or 0.0,
            n1=arm.n or 0,
            m2=versus.value,
            sd2=versus.sd or 0.0,
            n2=versus.n or 0,
            better=better,
        )
        how = f"{shown}; Welch, df {trimmed(float(effect.df[0]), 1)}"
    else:
        turn = orientation(result.measure)
        effect = EffectSizes(yi=turn * (arm.value - versus.value), vi=arm.se**2 + versus.se**2)
        notes = (*notes, N_UNKNOWN)
        how = f"{shown}; standard errors added in squares"
    return effect_from(
        effect,
        curve=curve,
        result=result,
        route=route,
        arm=arm,
        versus=versus,
        lines=lines,
        derivation=how,
        notes=notes,
        factor=curve.factor(result.measure),
    )


def _mean_text(figure: Figure) -> str:
    spread = f", SD {trimmed(figure.sd)}" if figure.sd is not None else f", SE {trimmed(figure.se or 0.0)}"
    size = f", n {figure.n}" if figure.n is not None else ""
    return f"{figure.arm} {trimmed(figure.value)}{spread}{size}"


def _imbalance(baseline: tuple[Figure, Figure]) -> float | None:
    """Return the baseline difference in units of the pooled baseline SD."""
    first, second = baseline
    if first.sd is None or second.sd is None or first.n is None or second.n is None:
        return None
    freedom = first.n + second.n - 2
    if freedom < 1:
        return None
    pooled = math.sqrt(((first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2) / freedom)
    return (first.value - second.value) / pooled if pooled > 0 else None


def _unlike(arm: Figure, baseline: tuple[Figure, Figure] | None) -> tuple[str, ...]:
    """Return a warning where the arms began unlike and no adjustment is possible."""
    if baseline is None or arm.sd is None:
        return ()
    gap = baseline[0].value - baseline[1].value
    known = _imbalance(baseline)
    share = known if known is not None else gap / arm.sd if arm.sd else 0.0
    if abs(share) <= IMBALANCE:
        return ()
    return (f"BASELINE_IMBALANCE: {trimmed(gap)} at baseline, not adjusted for (its SD or n is not printed)",)


def _adjusted(
    arm: Figure, versus: Figure, baseline: tuple[Figure, Figure], result: Result, curve: Curve
) -> Effect | None:
    share = _imbalance(baseline)
    spreads = (arm.sd, versus.sd, baseline[0].sd, baseline[1].sd)
    if share is None or abs(share) <= IMBALANCE or None in spreads or not all(spreads):
        return None
    if arm.n is None or versus.n is None or min(arm.n, versus.n) < 2:
        return None
    r = assumed_correlation(curve)
    before1, before2 = baseline
    found = means.pseudo_ancova(
        base1=before1.value,
        final1=arm.value,
        sd_base1=before1.sd or 0.0,
        sd_final1=arm.sd or 0.0,
        n1=arm.n,
        base2=before2.value,
        final2=versus.value,
        sd_base2=before2.sd or 0.0,
        sd_final2=versus.sd or 0.0,
        n2=versus.n,
        r=r,
        better=result.measure.better,
    )
    gap = before1.value - before2.value
    return effect_from(
        _without_notes(found.effect),
        curve=curve,
        result=result,
        route="pseudo_ancova",
        arm=arm,
        versus=versus,
        lines=(*arm.lines, *versus.lines, *before1.lines, *before2.lines),
        derivation=(
            f"({_mean_text(arm)}) minus ({_mean_text(versus)}), less {trimmed(float(found.slope))} x the "
            f"baseline difference {trimmed(gap)}, {result.measure.better} is better; "
            f"df {arm.n + versus.n - 3}"
        ),
        notes=(
            f"BASELINE_IMBALANCE: {trimmed(gap)} at baseline ({trimmed(share, 2)} SD), adjusted for",
            f"IMPUTED_R: correlation of baseline and follow-up taken as {r}",
        ),
        factor=curve.factor(result.measure),
    )


def _without_notes(effect: EffectSizes) -> EffectSizes:
    """Return the same numbers without notes, where the caller says the same in its own."""
    return EffectSizes(
        yi=effect.yi,
        vi=effect.vi,
        df=effect.df,
        ci_low=effect.ci_low,
        ci_high=effect.ci_high,
        measure=effect.measure,
    )


def assumed_correlation(curve: Curve) -> float:
    """Return the correlation of baseline and follow-up that is assumed where none can be computed."""
    return R_PAIN if curve.domain in ("pain", "leg_pain") else R_OTHER


def from_arms_and_p(
    arm: Figure, versus: Figure, tested: Result, result: Result, *, curve: Curve
) -> Effect | None:
    """Return the difference of two arms' figures, its standard error from the p-value of their contrast.

    None where an n is missing: a difference that is not printed is not guessed at by a normal quantile.
    """
    value = orientation(result.measure) * (arm.value - versus.value)
    df = _freedom(arm, versus)
    found = None if df is None else _by_p(value, tested, df, ())
    if found is None:
        return None
    effect, how, notes = found
    sides = f"{arm.arm} {trimmed(arm.value)} minus {versus.arm} {trimmed(versus.value)}"
    shown = f"{sides}, {result.measure.better} is better"
    return effect_from(
        effect,
        curve=curve,
        result=result,
        route="arms_p",
        arm=arm,
        versus=versus,
        lines=(*arm.lines, *versus.lines, tested.line),
        derivation=f"{shown}; {how}",
        notes=notes,
        factor=curve.factor(result.measure),
    )


def from_events(arm: Figure, versus: Figure, result: Result, *, curve: Curve) -> Effect | None:
    """Return the difference of two arms' proportions of responders."""
    if arm.n is None or versus.n is None:
        return None
    effect = counts.risk_difference(
        events1=arm.value, n1=arm.n, events2=versus.value, n2=versus.n, better=result.measure.better
    )
    derivation = (
        f"{arm.value:.0f}/{arm.n} ({arm.arm}) against {versus.value:.0f}/{versus.n} ({versus.arm}), "
        f"{result.measure.better} is better; Newcombe interval"
    )
    return effect_from(
        effect,
        curve=curve,
        result=result,
        route="responders",
        arm=arm,
        versus=versus,
        lines=(*arm.lines, *versus.lines),
        derivation=derivation,
        notes=(),
    )


def from_change_row(result: Result, *, curve: Curve) -> Effect | None:
    """Return the change of one group as printed, with any form of spread or the p-value against baseline."""
    figure = figure_of(result)
    if figure is None or result.statistic != "change":
        return None
    turn = orientation(result.measure)
    df = None if figure.n is None or figure.n < 2 else float(figure.n - 1)
    notes: tuple[str, ...] = () if df is not None else (N_UNKNOWN,)
    if figure.se:
        effect, route = EffectSizes(yi=turn * figure.value, vi=figure.se**2, df=df), "change"
        how = f"standard error {trimmed(figure.se)}"
    else:
        found = _by_p(turn * figure.value, result, df, notes)
        if found is None:
            return None
        (effect, how, notes), route = found, "change_p"
    return effect_from(
        effect,
        curve=curve,
        result=result,
        route=route,
        arm=figure,
        versus=None,
        lines=figure.lines,
        derivation=f"change {trimmed(figure.value)}, {result.measure.better} is better; {how}",
        notes=notes,
        factor=curve.factor(result.measure),
    )


def from_before_and_after(before: Result, after: Result, *, curve: Curve) -> Effect | None:
    """Return the change of one group from its baseline and follow-up means."""
    first, second = figure_of(before), figure_of(after)
    if first is None or second is None:
        return None
    found = _change_spread(first, second, after, curve)
    if found is None:
        return None
    effect, how, notes, route = found
    if first.n is not None and second.n is not None and first.n != second.n:
        notes = (*notes, f"N_DIFFERS: {first.n} at baseline, {second.n} at follow-up")
    return effect_from(
        effect,
        curve=curve,
        result=after,
        route=route,
        arm=second,
        versus=None,
        lines=(*first.lines, *second.lines),
        derivation=(
            f"{trimmed(first.value)} at baseline, {trimmed(second.value)} at follow-up, "
            f"{after.measure.better} is better; {how}"
        ),
        notes=notes,
        factor=curve.factor(after.measure),
    )


def _change_spread(
    first: Figure, second: Figure, after: Result, curve: Curve
) -> tuple[EffectSizes, str, tuple[str, ...], str] | None:
    """Prefer an exact p-value of the change, then the SDs with an assumed correlation, then p as a bound."""
    value = orientation(after.measure) * (second.value - first.value)
    df = None if second.n is None or second.n < 2 else float(second.n - 1)
    unknown = () if df is not None else (N_UNKNOWN,)
    by_p = _by_p(value, after, df, unknown)
    if by_p is not None and not after.p_is_bound:
        return (*by_p, "change_p")
    if first.sd and second.sd and second.n and df is not None:
        r = assumed_correlation(curve)
        spread = float(conversions.sd_change(sd_base=first.sd, sd_final=second.sd, r=r))
        se = spread / math.sqrt(second.n)
        how = f"SD of change {trimmed(spread)} from SDs {trimmed(first.sd)} and {trimmed(second.sd)}, r {r}"
        note = f"IMPUTED_R: correlation of baseline and follow-up taken as {r}"
        return EffectSizes(yi=value, vi=se**2, df=df), how, (note,), "before_after"
    return None if by_p is None else (*by_p, "change_p")
