"""Rows of the joint model: coverage, how much it tells, and the curve in log time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from simulation import joint, windows
from simulation.cells import LONG, USUAL, Cell, Row, Section
from simulation.studies import RHO, TAU
from simulation.table_single import ANY, IMPORTANT
from simulation.targets import Target, at_least, figure, oracle
from spineevidence.longitudinal.engines import Engine

ALL = (2, 3, 5, 8, 15)
FEW = (2, 3, 5, 8)
FALLING = ("exponential", "loglinear", "plateau")
OTHERS = ("loglinear", "plateau", "null")


def _saturated(
    k: int,
    engine: Engine,
    course: str = "exponential",
    *,
    tau: float = TAU,
    scale: float = joint.SCALES[0],
    df: joint.Freedom = "k - 1",
) -> Cell:
    scales = (scale, joint.SCALES[1])
    draw = partial(joint.saturated, k=k, engine=engine, course=course, tau=tau, scales=scales, df=df)
    assumed = df if engine == "REML" else f"scale {scale:g}"
    replicates = _theirs(k) if engine == "half-normal" else USUAL
    return Cell(f"joint, {engine}, {assumed}, {course}, k {k}, tau {tau:g}", draw, replicates)


def _shipped(k: int) -> Cell:
    return Cell(f"pool_over_time, k {k}", partial(joint.as_shipped, k=k, course="exponential"), LONG)


def _windows(course: str, k: int) -> Cell:
    draw = partial(windows.durations_over_windows, course=course, k=k)
    return Cell(f"windows, {course}, k {k}", draw, USUAL)


def _curve(course: str, k: int, rho: float = RHO, df: joint.Freedom = "k - 1") -> Cell:
    draw = partial(joint.curve, course=course, k=k, rho=rho, df=df)
    return Cell(f"curve, {course}, k {k}, rho {rho:g}, {df}", draw, USUAL)


def _theirs(k: int) -> int:
    """Return the replicates of the figures of the half-normal engine."""
    return {8: 1_000, 15: 500}.get(k, USUAL)


def sections() -> Iterator[Section]:
    """Yield the sections of the joint model."""
    yield _coverage()
    yield _durations()
    yield _telling()
    yield _null()
    yield _curves()


def _coverage() -> Section:
    def by_prior(k: int) -> Target:
        if k in FEW:
            return oracle("saturated_bhn", "coverage", f"k={k}")
        return figure("0.99" if k == 1 else "0.95", replicates=_theirs(k))

    def by_likelihood(k: int) -> Target:
        if k < 5:
            return figure("1.00", replicates=USUAL)
        return oracle("saturated_reml_tk1", "coverage", f"k={k}")

    def row(setting: str, cell: Cell, target: Target) -> Row:
        return Row(setting, (cell,), "covered", target)

    wide = {2: "0.91", 3: "0.91", 5: "0.93", 8: "0.93"}
    rows = (
        *(row(f"half-normal, k {k}", _saturated(k, "half-normal"), by_prior(k)) for k in (1, *ALL)),
        *(row(f"half-normal, k 5, {of}", _saturated(5, "half-normal", of), by_prior(5)) for of in OTHERS),
        *(
            row(
                f"half-normal, k {k}, tau 1",
                _saturated(k, "half-normal", tau=1.0),
                figure(share, replicates=_theirs(k)),
            )
            for k, share in wide.items()
        ),
        *(
            row(
                f"half-normal, k {k}, tau 1, scale 1.0",
                _saturated(k, "half-normal", tau=1.0, scale=1.0),
                figure("0.94 to 0.95", replicates=_theirs(k)),
            )
            for k in FEW
        ),
        *(row(f"REML, t(k-1), k {k}", _saturated(k, "REML"), by_likelihood(k)) for k in ALL),
        *(row(f"REML, t(k-1), k 5, {of}", _saturated(5, "REML", of), by_likelihood(5)) for of in OTHERS),
        *(
            row(
                f"REML, 1.96, k {k}",
                _saturated(k, "REML", df="normal"),
                figure("0.92 to 0.94", replicates=USUAL),
            )
            for k in ALL
        ),
    )
    says = (
        "Share of windows whose interval holds the mean effect, averaged over data sets; exponential "
        "course unless said."
    )
    return Section("The joint model: coverage of the windows", says, rows)


def _durations() -> Section:
    rows = (
        *(
            Row(
                f"half-normal, k {k}: {IMPORTANT}",
                tuple(_saturated(k, "half-normal", course) for course in FALLING),
                "duration",
                oracle("saturated_bhn", "stepwise_T_min"),
            )
            for k in FEW
        ),
        *(
            Row(
                f"half-normal, k {k}, null too: {ANY}",
                tuple(_saturated(k, "half-normal", course) for course in (*FALLING, "null")),
                "pair",
                at_least(0.95),
            )
            for k in FEW
        ),
        *(
            Row(
                f"half-normal, k {k}, tau 1, exponential: {IMPORTANT}",
                (_saturated(k, "half-normal", tau=1.0),),
                "duration",
                figure("0.965 to 1.000", replicates=_theirs(k)),
            )
            for k in FEW
        ),
        *(
            Row(
                f"REML, t(k-1), k {k}: {IMPORTANT}",
                tuple(_saturated(k, "REML", course) for course in FALLING),
                "duration",
                oracle("saturated_reml_tk1", "stepwise_T_min"),
            )
            for k in (5, 8, 15)
        ),
        *(
            Row(f"`pool_over_time`, k {k}, exponential: {words}", (_shipped(k),), column, at_least(0.95))
            for column, words in (("covered", IMPORTANT), ("pair", ANY))
            for k in (1, 2, 3, 8)
        ),
    )
    says = (
        "Share of data sets of which both statements are true: the lowest of exponential, loglinear and "
        "plateau unless said. `pool_over_time` is what `duration_of_benefit` rests on: half-normal up to "
        "seven studies, REML from eight on, and the widest interval where a window is fragile."
    )
    return Section("The joint model: coverage of the duration", says, rows)


def _telling() -> Section:
    lower = {
        "windows": "0.21 0.14 0.15 0.37 0.75",
        "REML": "0.00 0.03 0.29 0.60 0.92",
        "half-normal": "0.15 0.25 0.47 0.71 0.91",
    }
    both = {"windows": "0.03 0.04 0.13", "REML": "0.00 0.15 0.51", "half-normal": "0.06 0.27 0.65"}

    def cell(by: str, course: str, k: int) -> Cell:
        if by == "windows":
            return _windows(course, k)
        return _saturated(k, "REML" if by == "REML" else "half-normal", course)

    def name(by: str) -> str:
        return "windows by REML, floored Hartung-Knapp" if by == "windows" else f"joint model, {by}"

    rows = (
        *(
            Row(
                f"{name(by)}, k {k}: lower",
                (cell(by, "exponential", k),),
                "lower",
                figure(share, replicates=_theirs(k) if by == "half-normal" else USUAL),
            )
            for by, shares in lower.items()
            for k, share in zip(ALL, shares.split(), strict=True)
        ),
        *(
            Row(
                f"{name(by)}, k {k}: both",
                (cell(by, "loglinear", k),),
                "both",
                figure(share, replicates=_theirs(k) if by == "half-normal" else USUAL),
            )
            for by, shares in both.items()
            for k, share in zip((3, 5, 8), shares.split(), strict=True)
        ),
    )
    says = "Share of data sets with a lower bound (exponential course), and with both (loglinear)."
    return Section("Several studies: how much they tell", says, rows)


def _null() -> Section:
    excluded = {2: "0.27", 3: "0.40", 5: "0.61", 8: "0.79"}
    rows = (
        Row(
            f"k {k}: important benefit {words}",
            (_saturated(k, "half-normal", "null"),),
            column,
            figure(share if column == "upper" else "0.00", replicates=_theirs(k)),
        )
        for column, words in (("upper", "excluded"), ("lower", "shown"))
        for k, share in excluded.items()
    )
    says = "Share of data sets, half-normal: an important benefit rightly excluded, and wrongly shown."
    return Section("Several studies of a procedure without effect", says, tuple(rows))


def _curves() -> Section:
    by_t = {3: "1.000", 5: "0.975", 8: "0.957", 15: "0.933"}
    plateau = (_curve("plateau", 8),)
    rows = (
        *(
            Row(
                f"exponential, k {k}",
                (_curve("exponential", k),),
                "crossing",
                figure(share, replicates=USUAL),
            )
            for k, share in by_t.items()
        ),
        *(
            Row(
                f"exponential, k {k}, 1.96",
                (_curve("exponential", k, df="normal"),),
                "crossing",
                figure("0.906 to 0.919", replicates=USUAL),
            )
            for k in by_t
        ),
        Row("plateau, k 8", plateau, "crossing", figure("0.945", replicates=USUAL)),
        Row(
            "plateau, k 8: the effect at 6 months, read off the curve",
            plateau,
            "effect at 6 months",
            figure("0.72", replicates=USUAL),
        ),
        *(
            Row(
                f"loglinear, k 8, rho taken for {rho:g} (true 0.7)",
                (_curve("loglinear", 8, rho),),
                "crossing",
                figure(share, replicates=USUAL),
            )
            for rho, share in ((0.0, "0.948"), (0.5, "0.947"), (0.9, "0.965"))
        ),
    )
    says = (
        "Coverage of the time at which the effect falls below delta; REML, t(k-1) unless said, no curve "
        "being suppressed for its misfit. The curve has the right shape for the loglinear course alone: it "
        "serves that time, and no effect is read off it."
    )
    return Section("The curve in log time", says, rows)
