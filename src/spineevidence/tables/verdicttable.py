"""`claim_verdicts`: claims of patient material with what the evidence says of each."""

from __future__ import annotations

from collections.abc import Sequence

from spineevidence.claims import judge_claims
from spineevidence.evidence import Evidence
from spineevidence.judgements import Judgement
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.tables.fromevidence import Sources, evidence_table, sources_of
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, Span, cell
from spineevidence.verdicts.sentences import WORDS, thresholds_words
from spineevidence.wording import COMPARATORS

COLUMNS: tuple[Column, ...] = (
    Column("claim", "Claim as checked"),
    *(Column(name, COMPARATORS[name]) for name in COMPARATOR_CLASSES),
    Column("verdict", "Verdict"),
    Column("reason", "Reason"),
    Column("strength", "Evidence"),
    Column("change", "What would change it"),
)


def claim_verdicts(evidence: Evidence) -> Table:
    """Return every claim of the evidence base with its verdict, class by class and over all.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.

    Returns
    -------
    Table
        A row for each claim, grouped by procedure, with the patient material cited. A claim about a time
        after the last result is untested, never contradicted. A footnote marks verdicts that depend on the
        threshold.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> idet = claim_verdicts(load_evidence().select(procedure="IDET"))
    >>> sorted(set(idet.to_frame()["verdict"]))
    ['mixed', 'supported', 'untested']
    """
    return verdicts_of(sources_of(evidence), tuple(judge_claims(evidence)))


def verdicts_of(sources: Sources, judged: Sequence[Judgement]) -> Table:
    """Return the table of claims that are judged."""
    names = {record.procedure_id: record.name for record in sources.evidence.procedure_records()}
    groups: dict[str, list[Judgement]] = {}
    for found in judged:
        groups.setdefault(names.get(found.claim.procedure_id, "No single procedure"), []).append(found)
    return evidence_table(
        sources,
        caption="Claims of patient material and what the evidence says of them",
        columns=COLUMNS,
        spans=[Span("Against", COMPARATOR_CLASSES)],
        rows=[Group(Cell(name), tuple(map(_row, own))) for name, own in sorted(groups.items())],
        empty="No claim in this selection.",
        notes=["Evidence: its strength, where a verdict rests on any."],
        landscape=True,
    )


def _row(found: Judgement) -> Row:
    lines = {line.comparator: line.found.verdict for line in found.lines}
    depends = thresholds_words([(at.words, at.verdict) for at in found.thresholds])
    _, _, reason = found.sentence.removesuffix(f" {depends}").partition(": ")
    change = found.would_change.removeprefix("What would change it: ").removesuffix(".")
    return Row(
        (
            cell(found.asked, cites=found.claim.citekey),
            *(cell(WORDS[lines[name]] if name in lines else "–") for name in COMPARATOR_CLASSES),
            cell(WORDS[found.verdict], notes=depends or ()),
            cell(reason[:1].upper() + reason[1:]),
            cell(found.strength or "–"),
            cell(f"{change[:1].upper()}{change[1:]}."),
        )
    )
