"""`durations_table`: how long, class by class; changes within groups in a table of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from spineevidence.duration import DurationOfBenefit, duration_on
from spineevidence.effects import by_study
from spineevidence.errors import EstimandError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.formatting import time_in_words
from spineevidence.lines import count_votes, vote_times, without_numbers
from spineevidence.results import CHANGE, Result, results_of
from spineevidence.stepwise import CODES
from spineevidence.summary import LineSummary
from spineevidence.tables.chosen import Chosen, Words, as_words, chosen_changes, chosen_lines
from spineevidence.tables.fromevidence import Sources, citations_of, evidence_table, sources_of
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, Span, cell
from spineevidence.timing import find_window
from spineevidence.together import ENGINE_WORDS, MODEL_WORDS
from spineevidence.wording import COMPARATORS, REPORTED_ONLY, UNCONTROLLED, reported_sentence

ESTIMANDS = ("contrast", CHANGE)
BOUNDS = ("shown", "important", "excluded")
HEADINGS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "contrast": (
            "Benefit",
            "shown until",
            "important, shown until",
            "important, excluded from",
        ),
        CHANGE: (
            "Better than before",
            "shown until",
            "importantly, shown until",
            "importantly, excluded from",
        ),
    }
)
APART = "Comparator classes are never merged."
LEVELS = (
    "Level 3: joint model of several studies and times; 2: several studies, one window; 1: single studies; "
    "0: findings without numbers, whose size and precision are unknown."
)
FRAGILE = "Where another assumption gives another state; checked where several studies are put together."
LAST = "With numbers or, at level 0, with a finding. Nothing is known after it."


def durations_table(
    evidence: Evidence,
    *,
    procedure: str | None = None,
    comparator: Words = None,
    domain: Words = None,
    estimand: str = "contrast",
) -> Table:
    """Return how long each procedure is shown to help, or of changes, how long patients were better.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str, optional
        Any of its names; without it the one of a selection, or all.
    comparator, domain : str or sequence of str, optional
        Comparator classes and domains; without them all. Changes have no comparator.
    estimand : {"contrast", "change"}
        Contrasts between arms, or changes within single groups: never in one table.

    Returns
    -------
    Table
        A row for each procedure and scale, grouped by comparator class, with the bounds of
        `duration_of_benefit`. Several studies that cannot be pooled have no bound together; a footnote has
        the sentence of each.

    Raises
    ------
    EstimandError
        If a comparator is given for changes, or changes as a comparator.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> shown = durations_table(
    ...     load_evidence(), procedure="SCS", comparator="usual_care", domain="leg_pain")
    >>> shown.to_frame()[["line", "shown", "excluded", "horizon"]].values.tolist()
    [['responders (leg pain)', '24 months', 'not excluded', '24 months']]
    """
    if estimand not in ESTIMANDS:
        raise UnknownNameError("estimand", estimand, ESTIMANDS)
    if estimand == CHANGE:
        if as_words(comparator):
            raise EstimandError("a change within one group has no comparator; leave comparator= out")
        return durations_of(
            sources_of(evidence), chosen_changes(evidence, procedure=procedure, domain=domain)
        )
    return durations_of(
        sources_of(evidence),
        chosen_lines(evidence, procedure=procedure, comparator=comparator, domain=domain),
    )


def durations_of(sources: Sources, chosen: Chosen) -> Table:
    """Return the table of lines that are known: all contrasts, or all changes."""
    estimand = CHANGE if CHANGE in chosen.comparators else "contrast"
    over, *under = HEADINGS[estimand]
    evidence, names = sources.evidence, sources.names
    studies = by_study(results_of(evidence))
    groups: dict[str, list[Row]] = {}
    for line in chosen.lines:
        for found in line_durations(line, studies):
            groups.setdefault(line.comparator, []).append(_row(chosen, line, found, names))
    title = "changes over time in single groups" if estimand == CHANGE else "how long a benefit is shown"
    return evidence_table(
        sources,
        caption=f"{chosen.of}: {title}",
        columns=[
            Column("line", "Outcome" if chosen.procedure else "Procedure and outcome"),
            *(Column(key, words) for key, words in zip(BOUNDS, under, strict=True)),
            Column("horizon", "Last follow-up", notes=(LAST,)),
            Column("k", "Studies"),
            Column("n", "n", kind="number"),
            Column("level", "Level and model"),
            Column("code", "In short"),
            Column("fragile", "Fragile at", notes=(FRAGILE,)),
        ],
        spans=[Span(over, BOUNDS)],
        rows=[Group(Cell(_class(name)), tuple(groups[name])) for name in COMPARATORS if name in groups],
        empty="No result that says how long.",
        notes=[UNCONTROLLED if estimand == CHANGE else APART, LEVELS],
        landscape=True,
    )


def _class(comparator: str) -> str:
    words = COMPARATORS[comparator]
    return words[:1].upper() + words[1:] if comparator == CHANGE else f"Against {words}"


def line_durations(line: LineSummary, studies: Mapping[str, list[Result]]) -> Iterator[DurationOfBenefit]:
    """Yield the duration on each scale with numbers; of findings alone the one that they give.

    Parameters
    ----------
    line : LineSummary
        What is known on a line of evidence.
    studies : mapping of str to list of Result
        The results of each study.
    """
    with_numbers = [curve for curve in line.curves if curve.studies]
    for curve in with_numbers or (line.curves[:1] if line.votes else ()):
        yield duration_on(curve, studies, votes=line.votes)


def _row(
    chosen: Chosen,
    line: LineSummary,
    found: DurationOfBenefit,
    names: Mapping[str, Cell],
) -> Row:
    who = [study.study_id for study in found.studies] or sorted({vote.study_id for vote in line.votes})
    scale = next(curve.asked.curve for curve in line.curves if curve.asked.curve.name == found.curve)
    outcome = scale.title if found.studies else line.domain.replace("_", " ")
    name = "" if chosen.procedure else f"{line.procedure.name}, "
    return Row(
        (
            cell(f"{name}{outcome}", notes=list(_notes(line, found))),
            _bound(found, found.shown_until, "not shown"),
            _bound(found, found.important_shown_until, "not shown"),
            _bound(found, found.important_excluded_from, "not excluded"),
            cell("–" if found.horizon is None else time_in_words(found.horizon)),
            cell(str(found.k), cites=citations_of(names, who)),
            cell("not stated" if found.n is None else str(found.n)),
            cell(_level(found)),
            cell(_in_short(line, found)),
            cell(_fragile(found)),
        )
    )


def _bound(found: DurationOfBenefit, months: float | None, none: str) -> Cell:
    if found.steps is None:
        return cell("–" if found.level == 0 else "not pooled")
    return cell(none if months is None else time_in_words(months))


def _level(found: DurationOfBenefit) -> str:
    if found.level is None:
        return "none"
    if found.together is not None:
        words = ENGINE_WORDS if found.level == 3 else MODEL_WORDS
        return f"{found.level}: {words[found.together.engine]}"
    alone = "one study" if found.k == 1 else "study by study"
    return f"{found.level}: {alone if found.level else 'findings'}"


def _in_short(line: LineSummary, found: DurationOfBenefit) -> str:
    if found.steps is not None:
        words = CODES[found.steps.code]
        words = words.replace("benefit", "improvement") if found.estimand == CHANGE else words
        return f"{words[:1].upper()}{words[1:]}."
    if found.level == 0:
        return _reported(line, change=found.estimand == CHANGE)
    return "Several studies, not pooled."


def _fragile(found: DurationOfBenefit) -> str:
    together = found.together
    if together is None:
        return "–"
    last = found.horizon or 0.0
    times = [time_in_words(min(find_window(label).nominal, last)) for label in together.fragile]
    return ", ".join(times) or "none"


def _notes(line: LineSummary, found: DurationOfBenefit) -> Iterator[str]:
    """Yield the answers of single studies where none holds for all, and findings beside the numbers."""
    if found.steps is None:
        yield from (f"{study.study_id}: {study.sentence}" for study in found.studies)
    if found.studies:
        reported = _reported(line, change=found.estimand == CHANGE)
        if reported:
            yield f"Beside the numbers: {reported[:1].lower()}{reported[1:]}"


def _reported(line: LineSummary, *, change: bool) -> str:
    """Return what studies reported without numbers; empty if nothing."""
    unnumbered = without_numbers(line.curves, line.votes)
    rest = count_votes(unnumbered)
    if rest is None:
        return ""
    said = reported_sentence(rest, change=change, times=vote_times(unnumbered))
    return said.removesuffix(UNCONTROLLED if change else REPORTED_ONLY).strip()
