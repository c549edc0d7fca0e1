"""Rows of one study: the two runs, the rules they are to replace, change in one group, verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from simulation import single
from simulation.cells import MANY, Cell, Row, Section
from simulation.studies import RHO
from simulation.targets import CASES, Target, at_least, figure, oracle

PER_ARM = (20, 50, 100, 200)
IMPORTANT = "`important_shown_until`, `important_excluded_from`"
ANY = "`shown_until`, `important_excluded_from`"
COURSES = ("exponential", "loglinear", "plateau", "constant", "null", "hump")
TURNBULL = 400


def _study(course: str, n: int, rho: float = RHO) -> Cell:
    draw = partial(single.stepwise, course=course, n=n, rho=rho)
    return Cell(f"one study, {course}, n {n}, rho {rho:g}", draw, MANY)


def _sizes(course: str) -> tuple[Cell, ...]:
    return tuple(_study(course, n) for n in PER_ARM)


def sections() -> Iterator[Section]:
    """Yield the sections of one study."""
    yield _last_significant()
    yield _coverage()
    yield _worst_case()
    yield _telling()
    yield _turnbull()
    yield _uncontrolled()
    yield _verdicts()


def _last_significant() -> Section:
    exponential = {20: "3", 50: "6", 100: "12", 200: "12"}

    def target(course: str, n: int) -> Target:
        if course == "loglinear":
            return oracle("naive", "median_by_n", str(n))
        return figure(exponential[n], replicates=MANY)

    rows = (
        Row(
            f"{course}, {n} in each arm",
            (_study(course, n),),
            "last significant",
            target(course, n),
            "median",
            0,
        )
        for course in ("loglinear", "exponential")
        for n in PER_ARM
    )
    says = (
        "Median, in months. The truth is 4.7 months (loglinear) and 9 (exponential), whatever the size of "
        "the study: the rule measures the size."
    )
    return Section("The last significant visit as a duration", says, tuple(rows))


def _coverage() -> Section:
    def target(course: str) -> Target:
        if course == "loglinear":
            return oracle("naive", "stepwise_coverage_min")
        return figure("0.988 to 1.000", replicates=MANY)

    important = (Row(f"{of}: {IMPORTANT}", _sizes(of), "covered", target(of)) for of in COURSES)
    headline = (Row(f"{of}: {ANY}", _sizes(of), "pair", at_least(0.95)) for of in COURSES)
    says = (
        "Share of studies of which both statements are true: the lowest of 20, 50, 100 and 200 in each arm."
    )
    return Section("One study: coverage of the duration", says, (*important, *headline))


def _worst_case() -> Section:
    below, above = _study("just below delta", 50, 0.3), _study("just above delta", 50, 0.3)
    any_visit = "any visit in place of a run"
    rows = (
        Row("just below, 50 in each arm, rho 0.3", (below,), "covered", oracle("edge", "stepwise_below")),
        Row("just above, 50 in each arm, rho 0.3", (above,), "covered", oracle("edge", "stepwise_above")),
        *(
            Row(
                f"just {side}, rho 0.7: lowest of 20 to 200 in each arm",
                _sizes(f"just {side} delta"),
                "covered",
                figure("0.971 to 0.975", replicates=MANY),
            )
            for side in ("below", "above")
        ),
        Row(
            f"{any_visit}, just below, 50 in each arm, rho 0.3",
            (below,),
            "any visit",
            oracle("edge", "any_visit_rule_below"),
        ),
        Row(
            f"{any_visit}, just below, 50 in each arm, rho 0.7",
            (_study("just below delta", 50),),
            "any visit",
            figure("0.889 to 0.947", replicates=MANY),
        ),
        *(Row(f"{any_visit}, hump, {n} in each arm", (_study("hump", n),), "any visit") for n in PER_ARM),
    )
    says = (
        "The effect is delta at every visit, but for 1e-9, so that each run stands on its edge: 0.975 by "
        "design. With 20 in each arm the backward run falls short of that by about half a point (0.969, "
        "just above): it passes over visits too imprecise to exclude anything, and their standard errors "
        "are estimates themselves. Without a run, the last visit with an important benefit and the first "
        "that excludes one bound the duration; a delayed onset (hump) then misleads."
    )
    return Section("One study: the worst case", says, rows)


def _telling() -> Section:
    known = {50: ("0.38", "0.20", "0.06"), 100: ("0.65", "0.41", "0.24"), 200: ("0.91", "0.69", "0.62")}
    rows = (
        Row(f"{n} in each arm: {name}", (_study("exponential", n),), name, figure(share, replicates=MANY))
        for n, shares in known.items()
        for name, share in zip(("lower", "upper", "both"), shares, strict=True)
    )
    says = (
        "Share of studies with a lower bound (`important_shown_until`), an upper one "
        "(`important_excluded_from`) and both; exponential course, visits at 1, 3, 6, 12 and 24 months."
    )
    return Section("One study: how much it tells", says, tuple(rows))


def _turnbull() -> Section:
    usual = {
        ("loglinear", 20): "(1, 3]",
        ("loglinear", 50): "(3, 6]",
        ("loglinear", 100): "(6, 12]",
        ("loglinear", 200): "(6, 12]",
        ("exponential", 200): "(12, 24]",
    }

    def cell(course: str, n: int) -> Cell:
        draw = partial(single.median_of_last_significant, course=course, n=n)
        return Cell(f"turnbull, {course}, n {n}", draw, TURNBULL)

    rows = (
        Row(f"{course}, {n} in each arm: in {place}", (cell(course, n),), place, Target(0.5, 1.0, "most"))
        for (course, n), place in usual.items()
    )
    says = (
        "Each study enters with its last significant visit and the next one. Share of medians in the "
        "interval expected: it moves with the size of the studies. The truth is 4.7 months (loglinear) and "
        "9 (exponential)."
    )
    return Section("Turnbull's median over eight studies", says, tuple(rows))


def _uncontrolled() -> Section:
    cell = Cell("uncontrolled", partial(single.uncontrolled, n=50, fall=2.0, r=0.4), MANY)
    target = oracle("uncontrolled", "share_with_change_lo_above_0")
    says = "50 patients, no specific effect, all improve by 2.0 points; scores correlate by 0.4."
    row = Row("lower limit of the change above 0", (cell,), "improved", target)
    return Section("Change in one group", says, (row,))


def _verdicts() -> Section:
    def cell(truth: float, se: float) -> Cell:
        return Cell(f"verdict, {truth:g}, {se:g}", partial(single.verdicts, truth=truth, se=se), MANY)

    rows = (
        Row(
            f"true effect {truth:g}, standard error {se:g}: {verdict}",
            (cell(truth, se),),
            verdict,
            oracle("verdict", f"true {truth:g}, se {se:g}", verdict),
        )
        for truth, se in ((0.0, 0.4), (1.0, 0.4), (0.5, 0.25))
        for verdict in CASES["verdict"][f"true {truth:g}, se {se:g}"]
    )
    says = (
        "By its state: a benefit or important benefit supports, no important benefit or harm contradicts, a "
        "small benefit is mixed, and what cannot tell is untested."
    )
    return Section("The verdict of one estimate", says, tuple(rows))
