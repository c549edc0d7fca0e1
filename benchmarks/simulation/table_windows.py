"""Rows of studies pooled in one window, and of a change of studies between windows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from simulation import mix, windows
from simulation.cells import MANY, USUAL, Cell, Row, Section
from simulation.targets import Target, figure, oracle
from spineevidence.pooling.fits import Test
from spineevidence.pooling.heterogeneity import Method

MIX = 400  # replicates of the figures on the mix of studies


def _window(k: int, tau: float, method: Method, test: Test) -> Cell:
    draw = partial(windows.one_window, k=k, tau=tau, method=method, test=test)
    return Cell(f"one window, k {k}, tau {tau:g}, {method}, {test}", draw, MANY)


def _prior(tau: float, scale: float) -> Cell:
    draw = partial(windows.half_normal_window, k=2, tau=tau, scale=scale)
    return Cell(f"half-normal window, k 2, tau {tau:g}, scale {scale:g}", draw, USUAL)


def _lone(tau: float) -> Cell:
    return Cell(f"lone study, tau {tau:g}", partial(windows.lone_study, tau=tau), MANY)


def sections() -> Iterator[Section]:
    """Yield the sections of pooled windows."""
    yield _moments()
    yield _hartung_knapp()
    yield _few()
    yield _mix()


def _moments() -> Section:
    def target(k: int, tau: float) -> Target:
        if tau != 0.5:
            return figure("0.81 to 0.92", replicates=USUAL)
        if k > 8:
            return figure("0.92", replicates=USUAL)
        return oracle("pooled_window_z", "coverage")

    rows = (
        Row(f"k {k}, tau {tau:g}", (_window(k, tau, "DL", "z"),), "covered", target(k, tau))
        for tau in (0.5, 1.0)
        for k in (2, 3, 5, 8, 15)
    )
    says = "Coverage of the mean effect. No duration rests on it."
    return Section("One window: DerSimonian-Laird with 1.96", says, tuple(rows))


def _hartung_knapp() -> Section:
    floored = {2: "1.00", 3: "1.00", 5: "0.99", 8: "0.97", 15: "0.96"}
    rows = (
        *(
            Row(
                f"k {k}",
                (_window(k, 0.5, "REML", "knha"),),
                "covered",
                figure("0.94 to 0.96", replicates=USUAL),
            )
            for k in floored
        ),
        Row(
            "k 2: half the width, points",
            (_window(2, 0.5, "REML", "knha"),),
            "half-width",
            figure("5.8", replicates=USUAL),
            decimals=2,
        ),
        *(
            Row(
                f"k {k}, floored",
                (_window(k, 0.5, "REML", "adhoc"),),
                "covered",
                figure(share, replicates=USUAL),
            )
            for k, share in floored.items()
        ),
    )
    says = (
        "Coverage of the mean effect at tau 0.5 by REML, as Hartung-Knapp is and with its factor floored at "
        "1 (level 2 from five studies on)."
    )
    return Section("One window: Hartung-Knapp", says, rows)


def _few() -> Section:
    coverage = {(0.5, 0.5): "0.95", (0.5, 1.0): "0.99", (1.0, 0.5): "0.82", (1.0, 1.0): "0.94"}
    rows = (
        *(
            Row(
                f"k 2, tau {tau:g}, scale {scale:g}",
                (_prior(tau, scale),),
                "covered",
                figure(share, replicates=USUAL),
            )
            for (tau, scale), share in coverage.items()
        ),
        *(
            Row(
                f"k 2, tau 0.5, scale {scale:g}: half the width, points",
                (_prior(0.5, scale),),
                "half-width",
                figure(width, replicates=USUAL),
                decimals=2,
            )
            for scale, width in ((0.5, "1.0"), (1.0, "1.45"))
        ),
        *(
            Row(f"k 1, tau {tau:g}", (_lone(tau),), "covered", figure(share, replicates=USUAL))
            for tau, share in ((0.5, "0.83"), (1.0, "0.64"))
        ),
    )
    says = (
        "Coverage of the mean effect by the half-normal model of two studies, and by the interval of a lone "
        "study, which says nothing of other studies."
    )
    return Section("One window: one study or two", says, rows)


def _mix() -> Section:
    cell = (Cell("mix of studies", mix.false_fade, USUAL),)
    case = "composition"
    rows = (
        Row(
            "windows by REML: effect at 24 months less that at 1 month",
            cell,
            "windows",
            oracle(case, "univariate_24_minus_1"),
            decimals=2,
        ),
        Row(
            "windows by REML: said to fade (upper limit of that below 0, 1.96)",
            cell,
            "windows fade",
            oracle(case, "univariate_declares_fade"),
        ),
        Row("joint model by REML: slope", cell, "joint", figure("-0.07", replicates=MIX), decimals=2),
        Row("joint model by REML: said to fade", cell, "joint fades", figure("0.08", replicates=MIX)),
        Row("within studies: slope", cell, "within", figure("0.00", replicates=MIX), decimals=2),
        Row(
            "within studies: said to fade",
            cell,
            "within fades",
            oracle(case, "within_study_slope_one_sided_false_fade_max"),
        ),
        Row("within studies: coverage of the slope", cell, "within covered", figure("0.958", replicates=MIX)),
    )
    says = (
        "The effect is constant in every study. Four early studies (1, 3, 6 months) lie 0.6 above the mean "
        "of 1.5, four late ones (6, 12, 24 months) 0.6 below; tau 0.3, omega 0.1. Slopes are per doubling "
        "of time."
    )
    return Section("A change of studies that looks like a fade", says, rows)
