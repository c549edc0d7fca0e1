"""Which lines of evidence a table is about, how its caption names them, and how effects look in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spineevidence.curves import Curve
from spineevidence.effects import the_procedure
from spineevidence.errors import EstimandError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.formatting import interval, listed, number
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.results import CHANGE
from spineevidence.summary import LineSummary, summary_lines
from spineevidence.wording import COMPARATORS

Words = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Lines of evidence that a table is about.

    Attributes
    ----------
    lines : tuple of LineSummary
        In the order of procedures, comparator classes and domains.
    procedure : str
        Name of the only procedure asked for; empty for several.
    comparators, domains : tuple of str
        Those asked for; empty for all.
    """

    lines: tuple[LineSummary, ...]
    procedure: str
    comparators: tuple[str, ...]
    domains: tuple[str, ...]

    @property
    def of(self) -> str:
        """What was asked for, in words."""
        against = listed([COMPARATORS[name] for name in self.comparators], "or")
        parts = (
            self.procedure or "All procedures",
            f" against {against}" if against and CHANGE not in self.comparators else "",
            f", {listed([name.replace('_', ' ') for name in self.domains])}" if self.domains else "",
        )
        return "".join(parts)

    def heading(self, line: LineSummary) -> str:
        """Return of a line what the caption does not say: procedure, comparator class."""
        against = "" if len(self.comparators) == 1 else f"against {COMPARATORS[line.comparator]}"
        name = "" if self.procedure else line.procedure.name
        return " ".join(filter(None, (name, against)))


def chosen_lines(
    evidence: Evidence,
    *,
    procedure: str | None,
    comparator: Words,
    domain: Words,
    lines: Sequence[LineSummary] | None = None,
) -> Chosen:
    """Return the contrasts that say how long, of what was asked for.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str or None
        Any of its names; None for the one of a selection, or all.
    comparator, domain : str, sequence of str or None
        Comparator classes and domains; None for all.
    lines : sequence of LineSummary, optional
        Of the same evidence, where they are known already.

    Raises
    ------
    EstimandError
        If changes are asked for: they never stand among contrasts.
    UnknownNameError
        If a name is not known.
    """
    wanted = as_words(comparator)
    if CHANGE in wanted:
        raise EstimandError("a change without a comparator is no effect; it has no place among contrasts")
    return _chosen(
        evidence,
        procedure=procedure,
        classes=wanted or COMPARATOR_CLASSES,
        asked=wanted,
        domain=domain,
        lines=lines,
    )


def chosen_changes(
    evidence: Evidence,
    *,
    procedure: str | None,
    domain: Words,
    lines: Sequence[LineSummary] | None = None,
) -> Chosen:
    """Return the same of changes within single groups, which are no effects."""
    only = (CHANGE,)
    return _chosen(evidence, procedure=procedure, classes=only, asked=only, domain=domain, lines=lines)


def _chosen(
    evidence: Evidence,
    *,
    procedure: str | None,
    classes: Sequence[str],
    asked: Sequence[str],
    domain: Words,
    lines: Sequence[LineSummary] | None,
) -> Chosen:
    for name in asked:
        if name not in COMPARATORS:
            raise UnknownNameError("comparator class", name, COMPARATOR_CLASSES)
    domains = as_words(domain)
    known = sorted({measure.domain for measure in evidence.measure_records().values()})
    for name in domains:
        if name not in known:
            raise UnknownNameError("domain", name, known)
    only = _only(evidence, procedure)
    if lines is None:
        lines = summary_lines(evidence if not only else replace(evidence, focus=(only,)))
    return Chosen(
        tuple(
            line
            for line in lines
            if line.says_how_long
            and line.comparator in classes
            and (not domains or line.domain in domains)
            and (not only or line.procedure.procedure_id == only)
        ),
        evidence.procedure_record(only).name if only else "",
        tuple(asked),
        domains,
    )


def _only(evidence: Evidence, procedure: str | None) -> str:
    if procedure is not None:
        return the_procedure(evidence, procedure)
    return evidence.focus[0] if len(evidence.focus) == 1 else ""


def as_words(given: Words) -> tuple[str, ...]:
    """Return one word or several as a tuple."""
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)


def unit_of(curve: Curve) -> str:
    """Return the unit in which effects on a scale are printed."""
    return "percentage points" if curve.kind == "RD" else "points"


def figure(curve: Curve, value: float) -> str:
    """Return a number of a scale as it is printed: points with two decimals, whole percentage points."""
    return number(100 * value, 0) if curve.kind == "RD" else number(value, 2)


def figures(curve: Curve, low: float, high: float) -> str:
    """Return an interval in the same way."""
    return interval(100 * low, 100 * high, 0) if curve.kind == "RD" else interval(low, high, 2)
