"""What became of every printed result: an effect, by which route, or none, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from spineevidence.curves import Curve, Kind, curve_for, curves_of
from spineevidence.derivation import ROUTES
from spineevidence.effects import Derived, Question, by_procedure, by_study, derive
from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of, html_table
from spineevidence.lineage import Effect
from spineevidence.results import CHANGE, ROLES, Result, lines_of, results_of

MEAN_DIFFERENCE_ROUTES = ("adjusted_contrast", "contrast", "final_means", "pseudo_ancova")
CONTRAST, RATIO = "contrast", "ratio"


@dataclass(frozen=True, slots=True)
class RouteCount:
    """How many effects were derived by a route, and from how many results.

    Attributes
    ----------
    estimand : str
        "contrast" or "change".
    route : str
        See `spineevidence.derivation.ROUTES`.
    words : str
        The same in words.
    effects : int
        Comparisons of two arms (or changes of one) on one measure at one visit, each counted once.
    results : int
        Printed results that went into them and into none counted before.
    """

    estimand: str
    route: str
    words: str
    effects: int
    results: int


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many results became no effect, and why."""

    reason: str
    results: int


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """What became of every printed result of an evidence base.

    Attributes
    ----------
    results : int
        Printed results in all; each stands in one row of `routes` or of `reasons`.
    routes : tuple of RouteCount
        Effects, in the order in which routes are preferred; contrasts first.
    reasons : tuple of ReasonCount
        Results without effect, the most frequent reason first.
    standardised : int
        Contrasts that can also stand on a common scale, as standardised mean differences.
    """

    results: int
    routes: tuple[RouteCount, ...]
    reasons: tuple[ReasonCount, ...]
    standardised: int

    @property
    def contrasts(self) -> int:
        """Contrasts with a standard error, usable for pooling."""
        return sum(count.effects for count in self.routes if count.estimand == CONTRAST)

    @property
    def mean_differences(self) -> int:
        """Contrasts that mean differences alone would give: printed ones, and final means with spreads."""
        return sum(
            count.effects
            for count in self.routes
            if count.estimand == CONTRAST and count.route in MEAN_DIFFERENCE_ROUTES
        )

    @property
    def used(self) -> int:
        """Results that went into effects."""
        return sum(count.results for count in self.routes)

    def to_frame(self) -> pd.DataFrame:
        """Return a row per route and per reason: estimand, route, words, effects, results."""
        rows = [
            (count.estimand, count.route, count.words, count.effects, count.results) for count in self.routes
        ]
        rows += [("none", "", count.reason, 0, count.results) for count in self.reasons]
        return pd.DataFrame(rows, columns=["estimand", "route", "words", "effects", "results"])

    def __str__(self) -> str:
        lines = [self._headline(), "", "effects  results  route"]
        lines += [
            f"{count.effects:7d}  {count.results:7d}  {count.estimand}: {count.words}"
            for count in self.routes
        ]
        lines += ["", "results without effect, and why"]
        lines += [f"{count.results:7d}  {count.reason}" for count in self.reasons]
        return "\n".join(lines)

    def _headline(self) -> str:
        changes = sum(count.effects for count in self.routes if count.estimand == CHANGE)
        share = "no mean difference among them"
        if self.mean_differences:
            times = self.contrasts / self.mean_differences
            share = f"{times:.1f} times the {self.mean_differences} that mean differences alone would give"
        return (
            f"{count_of(self.results, 'printed result')}: {self.used} went into "
            f"{count_of(self.contrasts, 'contrast')} and {count_of(changes, 'change')}, "
            f"{self.results - self.used} into none. Contrasts: {share}; {self.standardised} of them can be "
            "standardised."
        )

    def __repr__(self) -> str:
        return f"<Account: {self._headline()}>"

    def _repr_html_(self) -> str:
        routes = html_table(
            self._headline(),
            ("Route", "Estimand", "Effects", "Results"),
            ((c.words, c.estimand, str(c.effects), str(c.results)) for c in self.routes),
        )
        reasons = html_table(
            "Results without effect, and why",
            ("Reason", "Results"),
            ((count.reason, str(count.results)) for count in self.reasons),
        )
        return routes + reasons


def account_of_effects(evidence: Evidence) -> Account:
    """Return what became of every printed result: which route led to an effect, or why there is none.

    Every comparison of the evidence is asked for: each procedure, comparator class and change, on natural
    scales, on other measures in their own unit, and on binary measures as risk differences.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.

    Returns
    -------
    Account
        Each result is counted once: with the first route that used it, else with its reason.

    Examples
    --------
    >>> import spineevidence as spe
    >>> account = spe.account_of_effects(spe.load_evidence().select(procedure="IDET"))
    >>> account.used + sum(count.results for count in account.reasons) == account.results
    True
    """
    results = results_of(evidence)
    studies = by_study(results)
    routes, excluded = _accounted(evidence, results, studies)
    return Account(
        results=len(results),
        routes=routes,
        reasons=_counted(excluded),
        standardised=len(_standardised(evidence, results, studies)),
    )


@dataclass(frozen=True, slots=True)
class Excluded:
    """A printed result that became no effect of any comparison, and why."""

    result: Result
    reason: str


def excluded_results(evidence: Evidence) -> tuple[Excluded, ...]:
    """Return every printed result that became no effect, with its reason, in the order of the file.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.

    Returns
    -------
    tuple of Excluded
        As many for each reason as `account_of_effects` counts.
    """
    results = results_of(evidence)
    return _accounted(evidence, results, by_study(results))[1]


def _accounted(
    evidence: Evidence, results: Sequence[Result], studies: dict[str, list[Result]]
) -> tuple[tuple[RouteCount, ...], tuple[Excluded, ...]]:
    """Return the routes to effects, and the results that no route used."""
    asked = list(_questions(evidence, results))
    own = by_procedure(studies)
    derived = [derive(question, own[question.procedure_id]) for question in asked]
    ratios = [derive(question, own[question.procedure_id]) for question in _as_ratios(asked)]
    routes, used = _routes([*_effects(derived), *(one for one in _effects(ratios) if one.route == RATIO)])
    said = {row.line: row.reason for one in reversed(derived) for row in one.left_out}
    return routes, tuple(
        Excluded(result, said.get(result.line) or _why_not_asked(result))
        for result in results
        if result.line not in used
    )


def _questions(evidence: Evidence, results: Sequence[Result]) -> Iterator[Question]:
    curves = {domain: _curves_of_all_measures(evidence, domain) for domain in _domains(evidence)}
    for procedure, comparator, domain in lines_of(tuple(results)):
        for curve in curves[domain]:
            yield Question(procedure, comparator, curve)


def _as_ratios(asked: Iterable[Question]) -> Iterator[Question]:
    """Yield the questions about binary measures again, for what is printed as a ratio alone."""
    kinds: tuple[Kind, ...] = ("RR", "OR")
    for question in asked:
        if question.curve.kind == "RD":
            for kind in kinds:
                yield replace(question, curve=replace(question.curve, kind=kind))


def _effects(derived: Iterable[Derived]) -> Iterator[Effect]:
    return (effect for one in derived for effect in one.effects)


def _domains(evidence: Evidence) -> list[str]:
    return sorted({measure.domain for measure in evidence.measure_records().values()})


def _curves_of_all_measures(evidence: Evidence, domain: str) -> tuple[Curve, ...]:
    """Return the curves of a domain, and one for each measure that stands on none of them."""
    curves = curves_of(evidence, domain)
    placed = {measure.measure_id for curve in curves for measure in curve.measures}
    others = [
        curve_for(evidence, domain=None, measure=measure.measure_id)
        for measure in evidence.measure_records().values()
        if measure.domain == domain and measure.kind != "duration" and measure.measure_id not in placed
    ]
    return (*curves, *others)


Key = tuple[str, tuple[str, ...], str, float]


def _key(effect: Effect) -> Key:
    """Return what an effect compares: a contrast of two procedures lies on two lines and counts once."""
    return effect.study_id, tuple(sorted((effect.arm, effect.versus))), effect.measure_id, effect.months


def _routes(effects: Iterable[Effect]) -> tuple[tuple[RouteCount, ...], set[int]]:
    """Count each comparison with the first route that gives it, each result with the first that uses it."""
    found: dict[tuple[str, str], set[Key]] = {}
    lines: dict[tuple[str, str], set[int]] = {}
    first: dict[Key, str] = {}
    for effect in effects:
        kind = (CONTRAST if effect.versus else CHANGE, effect.route)
        lines.setdefault(kind, set()).update(effect.lines)
        if first.setdefault(_key(effect), effect.route) == effect.route:
            found.setdefault(kind, set()).add(_key(effect))
    used: set[int] = set()
    counts = []
    for estimand in (CONTRAST, CHANGE):
        for route, words in ROUTES.items():
            own = lines.get((estimand, route), set()) - used
            effects_of_route = len(found.get((estimand, route), ()))
            if own or effects_of_route:
                counts.append(RouteCount(estimand, route, words, effects_of_route, len(own)))
                used |= own
    return tuple(counts), used


def _counted(excluded: Iterable[Excluded]) -> tuple[ReasonCount, ...]:
    counts = Counter(one.reason for one in excluded)
    return tuple(
        ReasonCount(reason, count)
        for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def _why_not_asked(result: Result) -> str:
    """Return why a result lies on no line of evidence, or is needed by none."""
    if result.measure.kind == "duration":
        return "itself a duration"
    if result.role == "baseline":
        return "baseline value that no effect needs"
    if result.role != "visit":
        return ROLES[result.role]
    if result.statistic == "finding_only":
        return "finding only, no number"
    if result.is_contrast:
        return "compares two controls, or a procedure with itself"
    return "one arm of a trial whose other arm is not printed with it"


def _standardised(
    evidence: Evidence, results: Sequence[Result], studies: dict[str, list[Result]]
) -> set[Key]:
    curves = {}
    for domain in _domains(evidence):
        records = [m for m in evidence.measure_records().values() if m.domain == domain]
        if any(m.kind == "continuous" and m.unit != "percent" for m in records):
            curves[domain] = curve_for(evidence, domain=domain, measure=None, scale="smd")
    found: set[Key] = set()
    for procedure, comparator, domain in lines_of(tuple(results)):
        if comparator != CHANGE and domain in curves:
            asked = Question(procedure, comparator, curves[domain])
            for measure in asked.curve.measures:
                only = replace(asked, curve=replace(asked.curve, measures=(measure,)))
                found |= {_key(effect) for effect in derive(only, studies).effects}
    return found
