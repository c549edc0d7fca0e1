"""`summary_of_findings`: a summary of findings in the layout of GRADE."""

from __future__ import annotations

from collections.abc import Mapping

from spineevidence.evidence import Evidence
from spineevidence.stepwise import STATES
from spineevidence.tables.chosen import Chosen, Words, chosen_lines
from spineevidence.tables.comparatorarms import ByStudy, comparator_cell, comparator_figures
from spineevidence.tables.fromevidence import Sources, evidence_table, sources_of
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, Span, cell
from spineevidence.tables.printed import Printed, printed_results
from spineevidence.tables.windowrows import (
    RATED_BY,
    certainty_cell,
    effect_cell,
    participants_cell,
    prediction_cell,
    time_cell,
    window_groups,
)
from spineevidence.windowsummary import LineWindow

COLUMNS: tuple[Column, ...] = (
    Column("time", "Time", unit="of the visits"),
    Column("n", "Participants", unit="studies"),
    Column("comparator", "With comparator", unit="mean, or share of patients"),
    Column("effect", "Difference", unit="95 % interval", kind="number"),
    Column("new", "A new study", unit="95 % prediction interval", kind="number"),
    Column("certainty", "Certainty of the evidence", unit="GRADE"),
    Column("statement", "In words"),
)


def summary_of_findings(
    evidence: Evidence,
    *,
    procedure: str | None = None,
    comparator: Words = None,
    domain: Words = None,
) -> Table:
    """Return a summary of findings: outcomes and follow-up windows with effect and certainty.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str, optional
        Any of its names; without it the one of a selection, or all.
    comparator, domain : str or sequence of str, optional
        Comparator classes and domains; without them all. Classes are never merged.

    Returns
    -------
    Table
        A row for each window of `summarize_windows`. The comparator's mean or share is as reports print it,
        never computed from the effect. The certainty is what a person judged; until then "suggested, not
        assessed", and a footnote says what numbers suggest. There is no row after the last result.

    Raises
    ------
    EstimandError
        If changes are asked for: they have no certainty.
    UnknownNameError
        If a name is not known.

    References
    ----------
    .. [1] Guyatt GH et al. (2013), GRADE guidelines 12 and 13, summary of findings tables.
       https://doi.org/10.1016/j.jclinepi.2012.01.012

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> found = summary_of_findings(
    ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
    >>> found.to_frame()[["time", "n", "certainty"]].iloc[0].tolist()
    ['1 week', '78 (1)', 'suggested, not assessed']
    """
    return findings_of(
        sources_of(evidence),
        chosen_lines(evidence, procedure=procedure, comparator=comparator, domain=domain),
    )


def findings_of(sources: Sources, chosen: Chosen) -> Table:
    """Return the summary of findings of lines that are known."""
    evidence, names = sources.evidence, sources.names
    results: dict[str, list[Printed]] = {}
    for one in printed_results(evidence):
        results.setdefault(one.result.study_id, []).append(one)
    return evidence_table(
        sources,
        caption=f"{chosen.of}: summary of findings",
        columns=COLUMNS,
        spans=[Span("Effect", ("comparator", "effect", "new"))],
        rows=[
            Group(Cell(heading), tuple(_row(own, results, names) for own in windows))
            for heading, _, windows in window_groups(evidence, chosen)
        ],
        empty="No controlled result: nothing can be said of an effect.",
        notes=[
            "Above 0 the procedure is better. Nothing is known after the last time of an outcome.",
            RATED_BY,
        ],
        landscape=True,
    )


def _row(own: LineWindow, results: ByStudy, names: Mapping[str, Cell]) -> Row:
    figures = () if own.curve is None else comparator_figures(own.curve, own.window, results)
    return Row(
        (
            time_cell(own),
            participants_cell(own, names),
            comparator_cell(figures, len(own.studies), names),
            effect_cell(own),
            prediction_cell(own),
            certainty_cell(own, reasons=True),
            cell(_statement(own)),
        )
    )


def _statement(own: LineWindow) -> str:
    """Return the result in words: those of GRADE once a person judged, else those of the interval."""
    found = own.certainty
    if found is None:
        return "Size and precision unknown."
    if found.level:
        return found.sentence
    words = STATES[found.state]
    return f"{words[:1].upper()}{words[1:]}."
