"""`excluded_rows`: printed results that became no effect, and why."""

from __future__ import annotations

from spineevidence.account import excluded_results
from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of
from spineevidence.tables.fromevidence import Sources, evidence_table, sources_of
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, cell
from spineevidence.tables.printed import Printed, printed_results

COLUMNS: tuple[Column, ...] = (
    Column("study", "Study"),
    Column("measure", "Measure"),
    Column("arm", "Arm or contrast"),
    Column("time", "Time"),
    Column("printed", "As printed"),
    Column("line", "Line", unit="outcomes.csv", kind="number"),
)


def excluded_rows(evidence: Evidence) -> Table:
    """Return every printed result that became no effect of any comparison, grouped by the reason.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.

    Returns
    -------
    Table
        A row for each such result, with its line of outcomes.csv; as many for each reason as
        `account_of_effects` counts. A finding without a number is no effect and still counts as a vote.

    Examples
    --------
    >>> import spineevidence as spe
    >>> idet = spe.load_evidence().select(procedure="IDET")
    >>> len(excluded_rows(idet).to_frame()) == sum(
    ...     count.results for count in spe.account_of_effects(idet).reasons)
    True
    """
    return excluded_of(sources_of(evidence))


def excluded_of(sources: Sources) -> Table:
    """Return the table where the names of studies are known."""
    evidence, names = sources.evidence, sources.names
    by_line = {one.result.line: one for one in printed_results(evidence)}
    reasons: dict[str, list[Printed]] = {}
    for excluded in excluded_results(evidence):
        reasons.setdefault(excluded.reason, []).append(by_line[excluded.result.line])
    ordered = sorted(reasons.items(), key=lambda one: (-len(one[1]), one[0]))
    return evidence_table(
        sources,
        caption="Printed results that became no effect, and why",
        columns=COLUMNS,
        rows=[
            Group(
                Cell(f"{reason[:1].upper()}{reason[1:]} ({count_of(len(rows), 'result')})"),
                tuple(_row(one, names[one.result.study_id]) for one in rows),
            )
            for reason, rows in ordered
        ],
        empty="Every result of this selection became an effect, or there is none.",
        notes=["Findings without a number are no effects; they are counted by follow-up window as votes."],
    )


def _row(one: Printed, study: Cell) -> Row:
    result = one.result
    versus = f" minus {result.versus.arm}" if result.versus else ""
    return Row(
        (
            study,
            cell(result.measure.name),
            cell(f"{result.arm.arm}{versus}"),
            cell(one.time or "not stated"),
            cell(one.figure),
            cell(str(result.line)),
        )
    )
