"""One effect from two arms' events: a risk difference, or the logarithm of a risk or odds ratio."""

from __future__ import annotations

from dataclasses import dataclass

from spineevidence.curves import Curve
from spineevidence.derivation import effect_from, orientation
from spineevidence.effectsizes import EffectSizes
from spineevidence.figures import Figure
from spineevidence.formulas import counts
from spineevidence.lineage import Effect, Step, put_in
from spineevidence.results import Result


@dataclass(frozen=True, slots=True)
class _Cells:
    """A fourfold table in print: events and others of each arm, with 1/2 in each cell where it was added."""

    a: str
    b: str
    n1: str
    c: str
    d: str
    n2: str
    sign: str


def from_events(arm: Figure, versus: Figure, result: Result, *, curve: Curve) -> Effect | None:
    """Return the risk difference of two arms' responders, or the logarithm of their risk or odds ratio."""
    if arm.n is None or versus.n is None:
        return None
    compared = {"RR": counts.risk_ratio, "OR": counts.odds_ratio}.get(curve.kind, counts.risk_difference)
    effect = compared(
        events1=arm.value, n1=arm.n, events2=versus.value, n2=versus.n, better=result.measure.better
    )
    if not effect.defined[0]:
        return None
    words = {"RR": "log risk ratio", "OR": "log odds ratio"}.get(curve.kind, "Newcombe interval")
    return effect_from(
        effect,
        curve=curve,
        result=result,
        route="responders",
        arm=arm,
        versus=versus,
        lines=(*arm.lines, *versus.lines),
        derivation=(
            f"{arm.value:.0f}/{arm.n} ({arm.arm}) against {versus.value:.0f}/{versus.n} ({versus.arm}), "
            f"{result.measure.better} is better; {words}"
        ),
        notes=(),
        formula=f"events of both arms; {words}",
        steps=_steps(arm, versus, effect, result, curve),
    )


def _steps(
    arm: Figure, versus: Figure, effect: EffectSizes, result: Result, curve: Curve
) -> tuple[Step, ...]:
    cells = _cells(arm, versus, result, curve)
    yi, sei = float(effect.yi[0]), float(effect.sei[0])
    if curve.kind == "RR":
        return _ratio_of_risks(cells, yi, sei)
    if curve.kind == "OR":
        return _ratio_of_odds(cells, yi, sei)
    return (*_difference(arm, versus, cells, yi, sei), *_newcombe(arm, versus, effect, cells))


def _cells(arm: Figure, versus: Figure, result: Result, curve: Curve) -> _Cells:
    e1, n1, e2, n2 = arm.value, arm.n or 0, versus.value, versus.n or 0
    a_cell_is_zero = 0 in (e1, e2, n1 - e1, n2 - e2)
    no_variance = e1 in (0, n1) and e2 in (0, n2)
    half = 0.5 if (no_variance if curve.kind == "RD" else a_cell_is_zero) else 0.0
    return _Cells(
        a=put_in(e1 + half),
        b=put_in(n1 - e1 + half),
        n1=put_in(n1 + 2 * half),
        c=put_in(e2 + half),
        d=put_in(n2 - e2 + half),
        n2=put_in(n2 + 2 * half),
        sign="-1 x " if orientation(result.measure) < 0 else "",
    )


def _ratio_of_risks(c: _Cells, yi: float, sei: float) -> tuple[Step, ...]:
    ratio = f"{c.sign}log(({c.a} / {c.n1}) / ({c.c} / {c.n2}))"
    error = f"sqrt(1 / {c.a} - 1 / {c.n1} + 1 / {c.c} - 1 / {c.n2})"
    return (
        Step("log RR", f"{c.sign}log((a / n1) / (c / n2))", ratio, yi),
        Step("SE", "sqrt(1/a - 1/n1 + 1/c - 1/n2)", error, sei),
    )


def _ratio_of_odds(c: _Cells, yi: float, sei: float) -> tuple[Step, ...]:
    ratio = f"{c.sign}log({c.a} x {c.d} / ({c.b} x {c.c}))"
    error = f"sqrt(1 / {c.a} + 1 / {c.b} + 1 / {c.c} + 1 / {c.d})"
    return (
        Step("log OR", f"{c.sign}log(a d / (b c))", ratio, yi),
        Step("SE", "sqrt(1/a + 1/b + 1/c + 1/d)", error, sei),
    )


def _difference(arm: Figure, versus: Figure, c: _Cells, yi: float, sei: float) -> tuple[Step, ...]:
    shares = f"{c.sign}({put_in(arm.value)} / {arm.n} - {put_in(versus.value)} / {versus.n})"
    error = f"sqrt({c.a} x {c.b} / {c.n1}^3 + {c.c} x {c.d} / {c.n2}^3)"
    return (
        Step("RD", f"{c.sign}(a / n1 - c / n2)", shares, yi),
        Step("SE", "sqrt(a b / n1^3 + c d / n2^3)", error, sei),
    )


def _newcombe(arm: Figure, versus: Figure, effect: EffectSizes, c: _Cells) -> tuple[Step, ...]:
    """Return the limits from Wilson's limits (l, u) of both shares."""
    p1, p2 = f"{put_in(arm.value)} / {arm.n}", f"{put_in(versus.value)} / {versus.n}"
    low1, high1 = counts.wilson_interval(events=arm.value, n=arm.n or 0)
    low2, high2 = counts.wilson_interval(events=versus.value, n=versus.n or 0)
    down = ("sqrt((p1 - l1)^2 + (u2 - p2)^2)", _root(p1, float(low1), float(high2), p2))
    up = ("sqrt((u1 - p1)^2 + (p2 - l2)^2)", _root(put_in(float(high1)), p1, p2, float(low2)))
    below, above = (down, up) if not c.sign else (up, down)
    yi = put_in(float(effect.yi[0]))
    return (
        Step("lower limit", f"RD - {below[0]}", f"{yi} - {below[1]}", float(effect.ci_low[0])),
        Step("upper limit", f"RD + {above[0]}", f"{yi} + {above[1]}", float(effect.ci_high[0])),
    )


def _root(*parts: str | float) -> str:
    one, two, three, four = (part if isinstance(part, str) else put_in(part) for part in parts)
    return f"sqrt(({one} - {two})^2 + ({three} - {four})^2)"
