"""Every printed result with what it is linked to, and the comparisons and lines of evidence it belongs to."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from spineevidence.evidence import Evidence
from spineevidence.formatting import time_in_words, trimmed
from spineevidence.models import (
    COMPARATOR_CLASSES,
    CONTROLLED,
    FINDINGS_OF_A_CONTRAST,
    OF_ONE_ARM,
    RANDOMISED,
    Measure,
    Printed,
    Procedure,
)
from spineevidence.timing import Window, window_of

CHANGE = "change"
LINES: tuple[str, ...] = (*COMPARATOR_CLASSES, CHANGE)

Role = Literal[
    "visit",
    "baseline",
    "baseline_difference",
    "first_day",
    "no_time",
    "beyond_windows",
    "mean_follow_up",
]
ROLES: Mapping[Role, str] = MappingProxyType(
    {
        "visit": "a follow-up visit",
        "baseline": "baseline value",
        "baseline_difference": "difference at time 0",
        "first_day": "first-day result",
        "no_time": "no time stated",
        "beyond_windows": "later than 180 months",
        "mean_follow_up": "mean or median follow-up and no visit",
    }
)
OUTSIDE_ALLOCATION = re.compile(
    r"not randomised|after crossover|and crossover|uncontrolled|whole series|all device types", re.IGNORECASE
)
ADJUSTED = re.compile(r"\badjusted\b|ANCOVA|least-squares", re.IGNORECASE)
NOT_ADJUSTED = re.compile(
    r"\bunadjusted\b|\bnot adjusted\b|\bp(-values?)? adjusted\b|\badjusted (p\b|for multiple)", re.IGNORECASE
)
PAIRED = re.compile(r"\bpaired\b", re.IGNORECASE)
DIGITS_OF_MONTHS = 9  # 2 weeks and 14 days are one visit, though their months differ in the last binary digit


@dataclass(frozen=True, slots=True)
class Side:
    """One arm of a result.

    Attributes
    ----------
    arm : str
        Its name within the study.
    procedure : Procedure
        What it was given.
    n : int or None
        Participants allocated.
    description : str
        What it was given, in the words of arms.csv.
    as_allocated : bool
        False for arms that are no part of the comparison as it was set up; their description says "not
        randomised", "after crossover", "and crossover", "uncontrolled", "whole series" or "all device types".
    """

    arm: str
    procedure: Procedure
    n: int | None
    description: str
    as_allocated: bool


@dataclass(frozen=True, slots=True)
class Result:
    """A row of outcomes.csv with everything it points to.

    Attributes
    ----------
    line : int
        Its line in outcomes.csv.
    study_id, design, blinding, condition : str
        Of its study.
    enrolled : int or None
        Participants of its study.
    study_note : str
        What studies.csv says beside.
    arm : Side
        The arm it is about.
    versus : Side or None
        The arm it is compared with.
    measure : Measure
        What was measured.
    months : float or None
        Time since the procedure.
    window : Window or None
        The follow-up window of that time.
    statistic, analysis, finding, citekey, note, locator, basis : str
        As printed; report, place and what was read.
    odd : tuple of str
        What is odd but possible about it.
    half_unit : float
        Half a unit of the last printed digit of the value: what rounding may have changed.
    value, sd, se, ci_low, ci_high, p : float or None
        Numbers as printed.
    p_is_bound : bool
        Whether only "p < x" is printed.
    n : int or None
        Participants analysed, if the row prints them.
    """

    line: int
    study_id: str
    design: str
    blinding: str
    condition: str
    enrolled: int | None
    study_note: str
    arm: Side
    versus: Side | None
    measure: Measure
    months: float | None
    window: Window | None
    statistic: str
    value: float | None
    sd: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    p_is_bound: bool
    n: int | None
    analysis: str
    finding: str
    citekey: str
    note: str
    locator: str
    basis: str
    odd: tuple[str, ...] = ()
    half_unit: float = 0.0

    @property
    def cited(self) -> str:
        """The row as printed, with its line, its report and the place in it."""
        sides = self.arm.arm + (f" minus {self.versus.arm}" if self.versus else "")
        when = "no time" if self.months is None else time_in_words(self.months) if self.months else "baseline"
        parts = [f"{self.statistic.replace('_', ' ')} {'' if self.value is None else trimmed(self.value, 6)}"]
        parts += [f"SD {trimmed(self.sd, 6)}"] if self.sd is not None else []
        parts += [f"SE {trimmed(self.se, 6)}"] if self.se is not None else []
        if self.ci_low is not None and self.ci_high is not None:
            parts.append(f"95 % CI {trimmed(self.ci_low, 6)} to {trimmed(self.ci_high, 6)}")
        if self.p is not None:
            parts.append(f"p {'<' if self.p_is_bound else '='} {trimmed(self.p, 6)}")
        parts += [f"n {self.n}"] if self.n is not None else []
        numbers = ", ".join(part.strip() for part in parts)
        where = f"{self.locator}, {self.citekey} ({self.basis.replace('_', ' ')})"
        return f"line {self.line}, {sides}, {self.measure.measure_id}, {when}: {numbers}; {where}"

    @property
    def scale_assumed(self) -> bool:
        """Whether the scale was not printed."""
        return self.note.startswith("scale assumed")

    @property
    def sign_inferred(self) -> bool:
        """Whether the direction of the subtraction was not printed."""
        return self.note.startswith(("sign inferred", "scale assumed; sign inferred"))

    @property
    def adjusted(self) -> bool:
        """Whether a contrast is adjusted for baseline."""
        return ADJUSTED.search(self.note) is not None and NOT_ADJUSTED.search(self.note) is None

    @property
    def randomised(self) -> bool:
        """Whether the study was randomised."""
        return self.design in RANDOMISED

    @property
    def population(self) -> str:
        """Whom the analysis is of; a report that names no analysis means the patients as randomised."""
        return "" if self.analysis == "itt" else self.analysis

    @property
    def doubtful_words(self) -> tuple[str, ...]:
        """The doubts for which it may enter only when asked for by name."""
        doubts = {"scale assumed": self.scale_assumed, "sign inferred": self.sign_inferred}
        return tuple(words for words, holds in doubts.items() if holds)

    @property
    def subgroup(self) -> bool:
        """Whether patients were chosen or sorted by what happened after allocation."""
        return self.analysis in ("as_treated", "responders")

    @property
    def paired(self) -> bool:
        """Whether it is the contrast of a crossover trial that compares patients with themselves."""
        return self.design == "crossover_rct" and self.is_contrast and PAIRED.search(self.note) is not None

    @property
    def lost_to_crossover(self) -> bool:
        """Whether it is of a crossover trial, neither of its first period nor paired."""
        return self.design == "crossover_rct" and "first period" not in self.note and not self.paired

    @property
    def role(self) -> Role:
        """What its time makes of it: only a visit can say how long anything lasts."""
        if self.months is None:
            return "no_time"
        if self.months == 0:
            return self._role_at_zero()
        if self.note.startswith(("mean follow-up", "median follow-up")):
            return "mean_follow_up"
        return "visit" if self.window is not None else "beyond_windows"

    def _role_at_zero(self) -> Role:
        if self.note.startswith("reported at"):
            return "first_day"
        if self.versus is not None:
            return "baseline_difference"
        of_a_score = self.statistic in ("mean", "median") and self.measure.kind == "continuous"
        return "baseline" if of_a_score and self.measure.unit != "percent" else "first_day"

    @property
    def vote(self) -> str:
        """The finding that counts as a vote, or an empty string.

        A direction needs no scale, but a direction that rests on an inferred sign is none.
        """
        if self.subgroup or (self.sign_inferred and self.finding.startswith("favours_")):
            return ""
        return self.finding

    @property
    def is_contrast(self) -> bool:
        """Whether it compares two arms."""
        return self.versus is not None


@dataclass(frozen=True, slots=True)
class Membership:
    """That a result speaks for a procedure on one line of evidence.

    Attributes
    ----------
    procedure_id : str
        The procedure.
    comparator : str
        A comparator class.
    sign : int
        1 if the procedure is the arm, -1 if it is the versus.
    """

    procedure_id: str
    comparator: str
    sign: int


def memberships(arm: Procedure, versus: Procedure) -> tuple[Membership, ...]:
    """Return the lines of evidence to which a contrast of two procedures belongs.

    A contrast with a control belongs to the procedure's line of that control's class; a contrast of two
    procedures to both, with the sign turned round for the second, as class active; a procedure against itself
    and two controls to none.
    """
    if arm.procedure_id == versus.procedure_id or (arm.is_control and versus.is_control):
        return ()
    if versus.is_control:
        return (Membership(arm.procedure_id, _class_of(versus), 1),)
    if arm.is_control:
        return (Membership(versus.procedure_id, _class_of(arm), -1),)
    return (
        Membership(arm.procedure_id, "active", 1),
        Membership(versus.procedure_id, "active", -1),
    )


def _class_of(control: Procedure) -> str:
    return control.comparator_class or "active"


def results_of(evidence: Evidence) -> tuple[Result, ...]:
    """Return every result of the evidence with what it points to, in the order of the file."""
    return tuple(_linked(evidence))


def _linked(evidence: Evidence) -> Iterator[Result]:
    outcomes = evidence.tables["outcomes"]
    measures = evidence.measure_records()
    sides = _sides(evidence)
    studies = evidence.tables["studies"]
    facts = {
        study: (design, blinding, condition, note, None if math.isnan(enrolled) else int(enrolled))
        for study, design, blinding, condition, note, enrolled in zip(
            *(studies.text(name) for name in ("study_id", "design", "blinding", "condition", "note")),
            studies.number("n_enrolled").tolist(),
            strict=True,
        )
    }
    odd = evidence.odd_results()
    half_units = {text: _half_unit(text) for text in set(outcomes.text("value").tolist())}
    words = ("study_id", "arm", "versus", "measure_id", "statistic", "p_value", "analysis", "finding")
    texts = [
        outcomes.text(name).tolist() for name in (*words, "citekey", "note", "locator", "basis", "value")
    ]
    names = ("value", "sd", "se", "ci_low", "ci_high", "p_value", "n")
    numbers = [outcomes.number(name).tolist() for name in names]
    for line, months, row, values in zip(
        outcomes.lines.tolist(),
        outcomes.months().tolist(),
        zip(*texts, strict=True),
        zip(*numbers, strict=True),
        strict=True,
    ):
        study, arm, versus, measure, statistic, p_value, analysis, finding, *source = row
        value, sd, se, low, high, p, n = (_or_none(number) for number in values)
        design, blinding, condition, about, enrolled = facts[study]
        yield Result(
            line=line,
            study_id=study,
            design=design,
            blinding=blinding,
            condition=condition,
            enrolled=enrolled,
            study_note=about,
            arm=sides[study, arm],
            versus=sides[study, versus] if versus else None,
            measure=measures[measure],
            months=None if math.isnan(months) else round(months, DIGITS_OF_MONTHS),
            window=None if math.isnan(months) else window_of(months),
            statistic=statistic,
            value=value,
            sd=sd,
            se=se,
            ci_low=low,
            ci_high=high,
            p=p,
            p_is_bound=p_value.startswith("<"),
            n=None if n is None else int(n),
            analysis=analysis,
            finding=finding,
            citekey=source[0],
            note=source[1],
            locator=source[2],
            basis=source[3],
            odd=odd.get(line, ()),
            half_unit=half_units[source[4]],
        )


def _half_unit(text: str) -> float:
    return 0.5 * 10.0 ** -Printed(text).decimals if text else 0.0


def _sides(evidence: Evidence) -> dict[tuple[str, str], Side]:
    arms = evidence.tables["arms"]
    procedures = {record.procedure_id: record for record in evidence.procedure_records()}
    columns = [arms.text(name).tolist() for name in ("study_id", "arm", "procedure_id", "description")]
    return {
        (study, arm): Side(
            arm=arm,
            procedure=procedures[procedure],
            n=None if math.isnan(n) else int(n),
            description=description,
            as_allocated=OUTSIDE_ALLOCATION.search(description) is None,
        )
        for study, arm, procedure, description, n in zip(*columns, arms.number("n").tolist(), strict=True)
    }


def _or_none(number: float) -> float | None:
    return None if math.isnan(number) else number


def on_line(result: Result, procedure_id: str, comparator: str, *, trial_arms: bool = False) -> int:
    """Return 1 or -1 (the procedure is the versus) if a result lies on a line of evidence, else 0.

    Parameters
    ----------
    result : Result
        A contrast, or a result of one arm.
    procedure_id : str
        The procedure.
    comparator : str
        A comparator class, or "change" for results of single arms of studies that were not randomised.
    trial_arms : bool
        Whether the single arms of randomised trials count as change too.
    """
    if comparator == CHANGE:
        own = not result.is_contrast and result.arm.procedure.procedure_id == procedure_id
        return int(own and (trial_arms or not result.randomised))
    if result.versus is None or not (result.arm.as_allocated and result.versus.as_allocated):
        return 0
    for membership in memberships(result.arm.procedure, result.versus.procedure):
        if (membership.procedure_id, membership.comparator) == (procedure_id, comparator):
            return membership.sign
    return 0


def lines_of(results: tuple[Result, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return every (procedure, comparator, domain) on which there is any result, sorted."""
    found: set[tuple[str, str, str]] = set()
    by_study: dict[str, list[Result]] = {}
    for result in results:
        by_study.setdefault(result.study_id, []).append(result)
        found |= {(*line, result.measure.domain) for line in _lines_of_one(result)}
    for own in by_study.values():
        found |= set(_lines_of_pairs(own))
    return tuple(sorted(found, key=lambda line: (line[0], LINES.index(line[1]), line[2])))


def _lines_of_one(result: Result) -> Iterator[tuple[str, str]]:
    if result.versus is not None:
        if result.arm.as_allocated and result.versus.as_allocated:
            for membership in memberships(result.arm.procedure, result.versus.procedure):
                yield membership.procedure_id, membership.comparator
    elif not result.randomised and not result.arm.procedure.is_control:
        yield result.arm.procedure.procedure_id, CHANGE


def _lines_of_pairs(own: list[Result]) -> Iterator[tuple[str, str, str]]:
    """Lines on which two arms of a study print the same measure at the same time."""
    if own[0].design not in CONTROLLED:
        return
    single = [result for result in own if not result.is_contrast and result.statistic in OF_ONE_ARM]
    for first in single:
        for second in single:
            if _comparable(first, second):
                for membership in memberships(first.arm.procedure, second.arm.procedure):
                    yield membership.procedure_id, membership.comparator, first.measure.domain


def _comparable(first: Result, second: Result) -> bool:
    return (
        first.arm.arm != second.arm.arm
        and first.arm.as_allocated
        and second.arm.as_allocated
        and first.measure.measure_id == second.measure.measure_id
        and first.months == second.months
        and first.population == second.population
        and first.role in ("visit", "mean_follow_up", "no_time")
    )


def turned(finding: str, sign: int) -> str:
    """Return a finding of a contrast as seen from the procedure's side.

    >>> turned("favours_arm", -1), turned("no_difference", -1)
    ('favours_versus', 'no_difference')
    """
    if sign > 0 or finding not in FINDINGS_OF_A_CONTRAST:
        return finding
    return {"favours_arm": "favours_versus", "favours_versus": "favours_arm"}.get(finding, finding)
