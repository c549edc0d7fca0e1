"""One effect from printed rows: every route, with its formula and the numbers put in."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from spineevidence.curves import Curve
from spineevidence.effectsizes import EffectSizes, t_quantile
from spineevidence.figures import Figure, figure_of, interval_step, odd_notes
from spineevidence.formatting import trimmed
from spineevidence.formulas import conversions, means, ratios
from spineevidence.lineage import Effect, Step, put_in
from spineevidence.models import DIFFERENCES, Measure
from spineevidence.results import Result

ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "adjusted_contrast": "difference adjusted for baseline, as printed",
        "contrast": "difference between arms, as printed with its interval or standard error",
        "risk_difference": "risk difference as printed with its interval or standard error",
        "ratio": "risk or odds ratio as printed with its interval or p-value",
        "pseudo_ancova": "final means, adjusted for the baseline difference from summary figures",
        "final_means": "difference of final means (Welch)",
        "responders": "events of both arms (risk difference: Newcombe interval)",
        "changes": "difference of mean changes (Welch)",
        "contrast_p": "difference between arms, its standard error from the p-value",
        "arms_p": "difference of the arms' figures, its standard error from the p-value of the contrast",
        "change": "mean change within the group, as printed",
        "change_p": "mean change within the group, its standard error from the p-value",
        "before_after": "baseline mean minus follow-up mean, correlation assumed",
    }
)
FORMS: Mapping[str, int] = MappingProxyType({name: rank for rank, name in enumerate(ROUTES)})
PRINTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"MD": DIFFERENCES, "RD": ("risk_difference",), "SMD": ("smd",), "MID": ()}
)
PRINTED_RATIO: Mapping[str, str] = MappingProxyType({"RR": "risk_ratio", "OR": "odds_ratio"})

IMBALANCE = 0.25  # of the baseline SD: beyond it final means are adjusted
ATTRITION = 0.30  # of the allocated patients lost, or
ATTRITION_GAP = 0.15  # this much more in one arm than in the other
ROUNDING_SHARE = 0.2  # of a difference: beyond it a standard error from its p-value is known roughly
LARGE_SMD = 3.0  # standard deviations: beyond it an SE was probably taken for an SD
R_PAIN = 0.25  # correlation of baseline and follow-up, METHOD 4.2: pain after a procedure
R_OTHER = 0.5
P_BOUND = "P_BOUND"
N_UNKNOWN = "N_UNKNOWN: normal quantile"
UNIT = re.compile(r"unit is (\w+)")


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
    formula: str = "",
    steps: tuple[Step, ...] = (),
    printed: tuple[str, ...] = (),
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
        *(_large(effect, arm, versus) if curve.kind == "MD" and route != "adjusted_contrast" else ()),
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
            len(FORMS) if any(note.startswith(P_BOUND) for note in notes) else FORMS[route],
            measure_rank(curve, result.measure),
        ),
        formula=formula or ROUTES[route],
        steps=(*arm.steps, *(versus.steps if versus else ()), *steps, *_scaled(effect, factor)),
        printed=printed or (*arm.printed, *(versus.printed if versus else ())),
    )


def _scaled(effect: EffectSizes, factor: float) -> Iterator[Step]:
    if factor != 1:
        yi, sei, shown = float(effect.yi[0]), float(effect.sei[0]), put_in(factor)
        yield Step("effect", "d x factor", f"{put_in(yi)} x {shown}", yi * factor)
        yield Step("standard error", "SE x factor", f"{put_in(sei)} x {shown}", sei * factor)


def measure_rank(curve: Curve, measure: Measure) -> int:
    """Return the place of a measure in the order in which a curve prefers them."""
    return [own.measure_id for own in curve.measures].index(measure.measure_id)


def _large(effect: EffectSizes, arm: Figure, versus: Figure | None) -> Iterator[str]:
    if versus is None or arm.n is None or versus.n is None:
        return
    spread = float(effect.sei[0]) / math.sqrt(1 / arm.n + 1 / versus.n)
    size = abs(float(effect.yi[0])) / spread
    if size > LARGE_SMD:
        yield f"LARGE_SMD: {trimmed(size, 1)} standard deviations; an SE may have been taken for an SD"


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
        yield "CROSSOVER: paired" if result.paired else "CROSSOVER: first period only"
    if result.design == "cluster_rct":
        yield "CLUSTER: groups were randomised; the variance is that of single patients unless adjusted"
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
    sizes: list[int | None] = [result.arm.n, result.versus.n]
    notes = [
        () if side.n is None else (f"N_FROM_ARM: n of {side.arm} is the number allocated ({side.n})",)
        for side in (result.arm, result.versus)
    ]
    split = None if result.paired else _split(result.n, *sizes)
    if split is not None:
        sizes = list(split)
        notes = [(f"N_SPLIT: {result.n} analysed, shared between the arms as they were allocated",), ()]
    first, second = (
        Figure(
            arm=side.arm,
            value=math.nan,
            sd=None,
            se=None,
            n=size,
            lines=(),
            notes=note,
            allocated=side.n,
        )
        for side, size, note in zip((result.arm, result.versus), sizes, notes, strict=True)
    )
    return first, second


def _split(n: int | None, first: int | None, second: int | None) -> tuple[int, int] | None:
    """Return the patients of both arms where a contrast prints their sum, in proportion to the allocated."""
    if n is None or first is None or second is None or n < 2 or n > first + second:
        return None
    share = min(max(round(n * first / (first + second)), 1), n - 1)
    return share, n - share


def _freedom(arm: Figure, versus: Figure) -> float | None:
    if arm.n is None or versus.n is None or arm.n + versus.n < 3:
        return None
    return float(arm.n + versus.n - 2)


def _freedom_of_row(result: Result, arm: Figure, versus: Figure) -> float | None:
    if result.paired:
        return float(result.n - 1) if result.n is not None and result.n > 1 else None
    return float(result.n - 2) if result.n is not None and result.n > 2 else _freedom(arm, versus)


def from_contrast_row(result: Result, *, curve: Curve, sign: int) -> Effect | None:
    """Return the effect of a printed contrast, or None if it gives no standard error on this curve."""
    if curve.kind in PRINTED_RATIO:
        return _from_ratio_row(result, curve, sign)
    if result.statistic not in PRINTED[curve.kind] or result.value is None:
        return None
    arm, versus = _sizes(result)
    df = _freedom_of_row(result, arm, versus) if curve.kind == "MD" else None
    turn = sign * orientation(result.measure)
    found = _printed_contrast(result, turn=turn, df=df)
    if found is None:
        return None
    sides = (arm, versus) if sign > 0 else (versus, arm)
    route = _contrast_route(result, curve, found.by_p)
    return effect_from(
        found.effect,
        curve=curve,
        result=result,
        route=route,
        arm=sides[0],
        versus=sides[1],
        lines=(result.line,),
        derivation=f"{_shown(result)}; {_turned(turn)}; {found.how}",
        notes=(*found.notes, *odd_notes(result)),
        factor=curve.factor(result.measure),
        formula=f"{ROUTES[route]}; {found.formula}",
        steps=(Step("d", *_sign_of(turn, float(result.value)), float(result.value) * turn), *found.steps),
        printed=(result.cited,),
    )


def _turned(turn: int) -> str:
    return f"sign {'turned' if turn < 0 else 'kept'}: benefit is positive"


def _sign_of(turn: int, value: float) -> tuple[str, str]:
    return ("-1 x printed", f"-1 x {put_in(value)}") if turn < 0 else ("printed", put_in(value))


def _contrast_route(result: Result, curve: Curve, by_p: bool) -> str:
    if by_p:
        return "contrast_p"
    if curve.kind == "RD":
        return "risk_difference"
    return "adjusted_contrast" if result.adjusted else "contrast"


def _shown(result: Result) -> str:
    limits = ""
    if result.ci_low is not None and result.ci_high is not None:
        limits = f" ({trimmed(result.ci_low)} to {trimmed(result.ci_high)})"
    return f"{result.statistic} {trimmed(result.value or 0.0)}{limits} printed on line {result.line}"


@dataclass(frozen=True, slots=True)
class _Spread:
    """A difference with the standard error that was found for it, and how."""

    effect: EffectSizes
    how: str
    formula: str
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    by_p: bool = False


def _printed_contrast(result: Result, *, turn: int, df: float | None) -> _Spread | None:
    value = float(result.value or 0.0) * turn
    notes = () if df is not None or result.statistic in ("risk_difference", "smd") else (N_UNKNOWN,)
    if result.ci_low is not None and result.ci_high is not None:
        low, high = sorted((result.ci_low * turn, result.ci_high * turn))
        se = float(conversions.se_from_ci(ci_low=low, ci_high=high, df=df)) if high > low else 0.0
        if not low <= value <= high or se == 0:
            return None
        quantile = trimmed(float(t_quantile(p=0.975, df=df or math.inf)), 3)
        return _Spread(
            EffectSizes(yi=value, vi=se**2, df=df, ci_low=low, ci_high=high),
            f"standard error = width / (2 x {quantile}) = {trimmed(se)}",
            "standard error from the interval",
            (interval_step("SE", low, high, df, se),),
            notes,
        )
    if result.se:
        return _Spread(
            EffectSizes(yi=value, vi=result.se**2, df=df),
            f"standard error {trimmed(result.se)} printed",
            "standard error as printed",
            notes=notes,
        )
    return _by_p(value, result, df, notes, rounding=result.half_unit)


def _by_p(
    value: float, result: Result, df: float | None, notes: tuple[str, ...], *, rounding: float
) -> _Spread | None:
    if result.p is None or not 0 < result.p < 1 or value == 0:
        return None
    se = float(conversions.se_from_p(estimate=value, p=result.p, df=df))
    if result.p_is_bound:
        notes = (
            *notes,
            f"{P_BOUND}: only p < {trimmed(result.p, 6)} is printed; the standard error is at most this",
        )
    if rounding > ROUNDING_SHARE * abs(value):
        notes = (
            *notes,
            f"ROUNDED: {trimmed(value, 6)} may be {trimmed(rounding, 6)} off by rounding, its standard error "
            f"by {rounding / abs(value):.0%}",
        )
    sign = "<" if result.p_is_bound else "="
    tail = put_in(1 - result.p / 2)
    symbol = f"z({tail})" if df is None else f"t({tail}, {trimmed(df, 2)})"
    quantile = abs(value) / se
    return _Spread(
        EffectSizes(yi=value, vi=se**2, df=df),
        f"standard error from p {sign} {trimmed(result.p, 6)}: |{trimmed(value)}| / t = {trimmed(se)}",
        "standard error from the p-value",
        (Step("SE", f"|d| / {symbol}", f"{put_in(abs(value))} / {put_in(quantile)}", se),),
        notes,
        by_p=True,
    )


def _from_ratio_row(result: Result, curve: Curve, sign: int) -> Effect | None:
    """Return a printed ratio as its logarithm, turned so that benefit is positive."""
    if result.statistic != PRINTED_RATIO[curve.kind] or result.value is None:
        return None
    found = _log_ratio(result, curve)
    if found is None:
        return None
    turn = sign * orientation(result.measure)
    yi, low, high = (
        turn * float(part[0]) for part in (found.effect.yi, found.effect.ci_low, found.effect.ci_high)
    )
    arm, versus = _sizes(result)
    sides = (arm, versus) if sign > 0 else (versus, arm)
    adjusted = ("ADJUSTED: the printed ratio is adjusted",) if result.adjusted else ()
    return effect_from(
        EffectSizes(yi=yi, vi=found.effect.vi, ci_low=min(low, high), ci_high=max(low, high)),
        curve=curve,
        result=result,
        route="ratio",
        arm=sides[0],
        versus=sides[1],
        lines=(result.line,),
        derivation=f"{_shown(result)}; log; {_turned(turn)}; {found.how}",
        notes=(*found.notes, *adjusted, *odd_notes(result)),
        formula=f"log of the printed ratio; {found.formula}",
        steps=(
            Step("log ratio", "log(ratio)", f"log({put_in(result.value)})", turn * yi),
            *found.steps,
            Step("effect", *_sign_of(turn, turn * yi), yi),
        ),
        printed=(result.cited,),
    )


def _log_ratio(result: Result, curve: Curve) -> _Spread | None:
    """Return a printed ratio's logarithm with its standard error, from the interval or else from p."""
    value, low, high = result.value or 0.0, result.ci_low, result.ci_high
    if low is not None and high is not None:
        if not 0 < low <= value <= high or low == high:
            return None
        one = ratios.ratio_from_interval(ratio=value, ci_low=low, ci_high=high, measure=curve.kind)
        se = float(one.sei[0])
        quantile = float(t_quantile(p=0.975, df=math.inf))
        numbers = f"(log({put_in(high)}) - log({put_in(low)})) / (2 x {put_in(quantile)})"
        return _Spread(
            EffectSizes(yi=one.yi, vi=one.vi, ci_low=math.log(low), ci_high=math.log(high)),
            f"standard error = log width / (2 x 1.96) = {trimmed(se)}",
            "standard error from the interval",
            (Step("SE", "(log U - log L) / (2 x 1.96)", numbers, se),),
            tuple(one.notes),
        )
    if value <= 0 or value == 1:
        return None
    rounding = result.half_unit / value  # of the logarithm
    return _by_p(math.log(value), result, None, (), rounding=rounding)


def from_means(
    arm: Figure,
    versus: Figure,
    result: Result,
    *,
    curve: Curve,
    route: str,
    baseline: tuple[Figure, Figure] | None,
    r: Correlation | None = None,
) -> Effect | None:
    """Return the difference of two arms' means (or mean changes), adjusted if the arms began unlike."""
    if arm.se is None or versus.se is None or arm.se + versus.se == 0:
        return None
    if route == "final_means" and baseline is not None:
        adjusted = _adjusted(arm, versus, baseline, result, curve=curve, r=r or assumed_correlation(curve))
        if adjusted is not None:
            return adjusted
    better = result.measure.better
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
        how, formula = f"{shown}; Welch, df {trimmed(float(effect.df[0]), 1)}", "Welch"
        steps = (*_difference_step(arm, versus, result), *_welch_steps(arm, versus, effect))
    else:
        turn = orientation(result.measure)
        effect = EffectSizes(yi=turn * (arm.value - versus.value), vi=arm.se**2 + versus.se**2)
        notes = (*notes, N_UNKNOWN)
        how, formula = f"{shown}; standard errors added in squares", "standard errors added in squares"
        numbers = f"sqrt({put_in(arm.se)}^2 + {put_in(versus.se)}^2)"
        added = Step("SE", "sqrt(SE1^2 + SE2^2)", numbers, float(effect.sei[0]))
        steps = (*_difference_step(arm, versus, result), added)
    return effect_from(
        effect,
        curve=curve,
        result=result,
        route=route,
        arm=arm,
        versus=versus,
        lines=(*arm.lines, *versus.lines),
        derivation=how,
        notes=notes,
        factor=curve.factor(result.measure),
        formula=f"{ROUTES[route]}; {formula}" if formula != "Welch" else ROUTES[route],
        steps=steps,
    )


def _difference_step(arm: Figure, versus: Figure, result: Result) -> tuple[Step, ...]:
    first, second = (versus, arm) if orientation(result.measure) < 0 else (arm, versus)
    numbers = f"{put_in(first.value)} - {put_in(second.value)}"
    return (Step("d", f"{first.arm} - {second.arm}", numbers, first.value - second.value),)


def _welch_steps(arm: Figure, versus: Figure, effect: EffectSizes) -> tuple[Step, ...]:
    s1, s2, n1, n2 = arm.sd or 0.0, versus.sd or 0.0, arm.n or 0, versus.n or 0
    first, second = f"{put_in(s1)}^2 / {n1}", f"{put_in(s2)}^2 / {n2}"
    parts = f"(({first})^2 / {n1 - 1} + ({second})^2 / {n2 - 1})"
    return (
        Step("SE", "sqrt(s1^2 / n1 + s2^2 / n2)", f"sqrt({first} + {second})", float(effect.sei[0])),
        Step(
            "df",
            "(v1 + v2)^2 / (v1^2 / (n1 - 1) + v2^2 / (n2 - 1))",
            f"({first} + {second})^2 / {parts}",
            float(effect.df[0]),
        ),
    )


def _mean_text(figure: Figure) -> str:
    spread = f", SD {trimmed(figure.sd)}" if figure.sd is not None else f", SE {trimmed(figure.se or 0.0)}"
    size = f", n {figure.n}" if figure.n is not None else ""
    return f"{figure.arm} {trimmed(figure.value)}{spread}{size}"


def pooled_sd(first: Figure, second: Figure) -> float | None:
    """Return the SD that two arms share, or None where a size or a spread is missing."""
    if first.sd is None or second.sd is None or first.n is None or second.n is None:
        return None
    freedom = first.n + second.n - 2
    if freedom < 1:
        return None
    return math.sqrt(((first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2) / freedom)


def pooled_sd_step(first: Figure, second: Figure, sd: float) -> Step:
    """Return the step to the SD that two arms share."""
    n1, n2 = first.n or 0, second.n or 0
    squares = f"{n1 - 1} x {put_in(first.sd or 0.0)}^2 + {n2 - 1} x {put_in(second.sd or 0.0)}^2"
    return Step(
        "pooled SD",
        "sqrt(((n1 - 1) s1^2 + (n2 - 1) s2^2) / (n1 + n2 - 2))",
        f"sqrt(({squares}) / {n1 + n2 - 2})",
        sd,
    )


def _imbalance(baseline: tuple[Figure, Figure]) -> float | None:
    """Return the baseline difference in units of the pooled baseline SD."""
    first, second = baseline
    pooled = pooled_sd(first, second)
    return (first.value - second.value) / pooled if pooled else None


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
    arm: Figure,
    versus: Figure,
    baseline: tuple[Figure, Figure],
    result: Result,
    *,
    curve: Curve,
    r: Correlation,
) -> Effect | None:
    share = _imbalance(baseline)
    spreads = (arm.sd, versus.sd, baseline[0].sd, baseline[1].sd)
    if share is None or abs(share) <= IMBALANCE or None in spreads or not all(spreads):
        return None
    if arm.n is None or versus.n is None or min(arm.n, versus.n) < 2:
        return None
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
        r=r.value,
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
            r.note,
        ),
        factor=curve.factor(result.measure),
        steps=_ancova_steps(arm, versus, baseline, found=found, r=r.value, result=result),
        printed=(*arm.printed, *versus.printed, *before1.printed, *before2.printed),
    )


def _ancova_steps(
    arm: Figure,
    versus: Figure,
    baseline: tuple[Figure, Figure],
    *,
    found: means.PseudoAncova,
    r: float,
    result: Result,
) -> tuple[Step, ...]:
    """Return the adjustment with the spreads of both arms pooled, at baseline (b) and follow-up (f)."""
    before1, before2 = baseline
    n1, n2 = arm.n or 0, versus.n or 0
    at_start = pooled_sd(replace(before1, n=n1), replace(before2, n=n2)) or math.nan
    at_end = pooled_sd(arm, versus) or math.nan
    gap = f"({put_in(before1.value)} - {put_in(before2.value)})"
    slope = float(found.slope)
    turn = orientation(result.measure)
    sign = "-1 x " if turn < 0 else ""
    leverage = f"{gap}^2 / ({n1 + n2 - 2} x {put_in(at_start)}^2)"
    return (
        replace(pooled_sd_step(replace(before1, n=n1), replace(before2, n=n2), at_start), name="SD b"),
        replace(pooled_sd_step(arm, versus, at_end), name="SD f"),
        Step("slope", "r SDf / SDb", f"{put_in(r)} x {put_in(at_end)} / {put_in(at_start)}", slope),
        Step(
            "d",
            f"{sign}((f1 - f2) - slope (b1 - b2))",
            f"{sign}(({put_in(arm.value)} - {put_in(versus.value)}) - {put_in(slope)} x {gap})",
            float(found.effect.yi[0]),
        ),
        Step(
            "SE",
            "SDf sqrt(1 - r^2) sqrt(1/n1 + 1/n2 + (b1 - b2)^2 / ((n1 + n2 - 2) SDb^2))",
            f"{put_in(at_end)} x sqrt(1 - {put_in(r)}^2) x sqrt(1 / {n1} + 1 / {n2} + {leverage})",
            float(found.effect.sei[0]),
        ),
    )


def _without_notes(effect: EffectSizes) -> EffectSizes:
    """Return the same numbers without notes, where the caller says the same in its own."""
    return replace(effect, notes=())


@dataclass(frozen=True, slots=True)
class Correlation:
    """The correlation of baseline and follow-up scores, and where it comes from, as a note."""

    value: float
    note: str


def assumed_correlation(curve: Curve, given: float | None = None) -> Correlation:
    """Return the correlation of baseline and follow-up that is taken where none can be computed."""
    usual = R_PAIN if curve.domain in ("pain", "leg_pain") else R_OTHER
    r = usual if given is None else given
    return Correlation(r, f"IMPUTED_R: correlation of baseline and follow-up taken as {trimmed(r)}")


def computed_correlation(triples: Sequence[tuple[Figure, Figure, Figure]]) -> Correlation | None:
    """Return the mean correlation of arms of which baseline, follow-up and change all print an SD."""
    found = []
    for before, after, change in triples:
        if not (before.sd and after.sd and change.sd):
            return None
        r = (before.sd**2 + after.sd**2 - change.sd**2) / (2 * before.sd * after.sd)
        if not -1 < r < 1:
            return None
        found.append(r)
    if not found:
        return None
    mean = sum(found) / len(found)
    return Correlation(
        mean, f"R_COMPUTED: correlation {trimmed(mean)} from the SDs of baseline, follow-up and change"
    )


def from_arms_and_p(
    arm: Figure, versus: Figure, tested: Result, result: Result, *, curve: Curve
) -> Effect | None:
    """Return the difference of two arms' figures, its standard error from the p-value of their contrast.

    None where an n is missing: a difference that is not printed is not guessed at by a normal quantile.
    """
    value = orientation(result.measure) * (arm.value - versus.value)
    df = _freedom(arm, versus)
    found = None if df is None else _by_p(value, tested, df, (), rounding=arm.rounding + versus.rounding)
    if found is None:
        return None
    sides = f"{arm.arm} {trimmed(arm.value)} minus {versus.arm} {trimmed(versus.value)}"
    shown = f"{sides}, {result.measure.better} is better"
    return effect_from(
        found.effect,
        curve=curve,
        result=result,
        route="arms_p",
        arm=arm,
        versus=versus,
        lines=(*arm.lines, *versus.lines, tested.line),
        derivation=f"{shown}; {found.how}",
        notes=(*found.notes, *odd_notes(tested)),
        factor=curve.factor(result.measure),
        steps=(*_difference_step(arm, versus, result), *found.steps),
        printed=(*arm.printed, *versus.printed, tested.cited),
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
        sd_steps = () if result.sd is None else (_se_step(figure),)
        effect = EffectSizes(yi=turn * figure.value, vi=figure.se**2, df=df)
        found: _Spread | None = _Spread(
            effect, f"standard error {trimmed(figure.se)}", ROUTES["change"], sd_steps, notes
        )
    else:
        found = _by_p(turn * figure.value, result, df, notes, rounding=result.half_unit)
    if found is None:
        return None
    route = "change_p" if found.by_p else "change"
    return effect_from(
        found.effect,
        curve=curve,
        result=result,
        route=route,
        arm=figure,
        versus=None,
        lines=figure.lines,
        derivation=f"change {trimmed(figure.value)}, {result.measure.better} is better; {found.how}",
        notes=found.notes,
        factor=curve.factor(result.measure),
        steps=(Step("d", *_sign_of(turn, figure.value), turn * figure.value), *found.steps),
    )


def _se_step(figure: Figure) -> Step:
    numbers = f"{put_in(figure.sd or 0.0)} / sqrt({figure.n})"
    return Step("SE", "SD / sqrt(n)", numbers, figure.se or 0.0)


def from_before_and_after(
    before: Result, after: Result, *, curve: Curve, r: Correlation | None = None
) -> Effect | None:
    """Return the change of one group from its baseline and follow-up means."""
    first, second = figure_of(before), figure_of(after)
    if first is None or second is None:
        return None
    found = _change_spread(first, second, after, r or assumed_correlation(curve))
    if found is None:
        return None
    notes = found.notes
    if first.n is not None and second.n is not None and first.n != second.n:
        notes = (*notes, f"N_DIFFERS: {first.n} at baseline, {second.n} at follow-up")
    one, other = (first, second) if orientation(after.measure) < 0 else (second, first)
    numbers = f"{put_in(one.value)} - {put_in(other.value)}"
    words = ("baseline", "follow-up") if one is first else ("follow-up", "baseline")
    return effect_from(
        found.effect,
        curve=curve,
        result=after,
        route="change_p" if found.by_p else "before_after",
        arm=second,
        versus=None,
        lines=(*first.lines, *second.lines),
        derivation=(
            f"{trimmed(first.value)} at baseline, {trimmed(second.value)} at follow-up, "
            f"{after.measure.better} is better; {found.how}"
        ),
        notes=notes,
        factor=curve.factor(after.measure),
        steps=(Step("d", " - ".join(words), numbers, one.value - other.value), *found.steps),
        printed=(*first.printed, *second.printed),
    )


def _change_spread(first: Figure, second: Figure, after: Result, r: Correlation) -> _Spread | None:
    """Prefer an exact p-value of the change, then the SDs with an assumed correlation, then p as a bound."""
    value = orientation(after.measure) * (second.value - first.value)
    df = None if second.n is None or second.n < 2 else float(second.n - 1)
    unknown = () if df is not None else (N_UNKNOWN,)
    by_p = _by_p(value, after, df, unknown, rounding=first.rounding + second.rounding)
    if by_p is not None and not after.p_is_bound:
        return by_p
    if first.sd and second.sd and second.n and df is not None:
        return _by_sds(first, second, value, df, r)
    return by_p


def _by_sds(first: Figure, second: Figure, value: float, df: float, r: Correlation) -> _Spread:
    base, final, n = first.sd or 0.0, second.sd or 0.0, second.n or 1
    spread = float(conversions.sd_change(sd_base=base, sd_final=final, r=r.value))
    se = spread / math.sqrt(n)
    product = f"2 x {put_in(r.value)} x {put_in(base)} x {put_in(final)}"
    return _Spread(
        EffectSizes(yi=value, vi=se**2, df=df),
        f"SD of change {trimmed(spread)} from SDs {trimmed(base)} and {trimmed(final)}, r {trimmed(r.value)}",
        ROUTES["before_after"],
        (
            Step(
                "SD of change",
                "sqrt(SDb^2 + SDf^2 - 2 r SDb SDf)",
                f"sqrt({put_in(base)}^2 + {put_in(final)}^2 - {product})",
                spread,
            ),
            Step("SE", "SD / sqrt(n)", f"{put_in(spread)} / sqrt({n})", se),
        ),
        (r.note,),
    )
