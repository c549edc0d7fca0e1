"""`evidence_profile`: a GRADE evidence profile, domain by domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of
from spineevidence.grading import WORDS, agreed
from spineevidence.models import LOWERING, RANDOMISED
from spineevidence.tables.chosen import Chosen, Words, chosen_lines
from spineevidence.tables.fromevidence import Sources, citations_of, evidence_table, sources_of
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, Span, cell
from spineevidence.tables.windowrows import (
    RATED_BY,
    certainty_cell,
    effect_cell,
    hint_reason,
    levels_in_words,
    time_cell,
    window_groups,
)
from spineevidence.windowsummary import LineWindow

HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        "risk_of_bias": "Risk of bias",
        "inconsistency": "Inconsistency",
        "indirectness": "Indirectness",
        "imprecision": "Imprecision",
        "publication_bias": "Publication bias",
    }
)
COLUMNS: tuple[Column, ...] = (
    Column("time", "Time"),
    Column("k", "Studies", kind="number"),
    Column("design", "Design"),
    *(Column(domain, HEADINGS[domain]) for domain in LOWERING),
    Column("other", "Other"),
    Column("n", "Participants", kind="number"),
    Column("effect", "Effect", unit="95 % interval", kind="number"),
    Column("certainty", "Certainty"),
)


def evidence_profile(
    evidence: Evidence,
    *,
    procedure: str | None = None,
    comparator: Words = None,
    domain: Words = None,
) -> Table:
    """Return a GRADE evidence profile: for each window every domain with its reason.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str, optional
        Any of its names; without it the one of a selection, or all.
    comparator, domain : str or sequence of str, optional
        Comparator classes and domains; without them all.

    Returns
    -------
    Table
        A row for each window. What a person judged says "judged", what numbers suggest "suggested", with the
        reason as a footnote. Of findings without numbers no domain is rated.

    Raises
    ------
    EstimandError
        If changes are asked for: they have no certainty.
    UnknownNameError
        If a name is not known.

    References
    ----------
    .. [1] Guyatt G et al. (2011), GRADE guidelines 1, evidence profiles.
       https://doi.org/10.1016/j.jclinepi.2010.04.026

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> found = evidence_profile(
    ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
    >>> found.to_frame()["publication_bias"].iloc[0]
    'cannot tell'
    """
    return profile_of(
        sources_of(evidence),
        chosen_lines(evidence, procedure=procedure, comparator=comparator, domain=domain),
    )


def profile_of(sources: Sources, chosen: Chosen) -> Table:
    """Return the evidence profile of lines that are known."""
    evidence, names = sources.evidence, sources.names
    table = evidence.tables["studies"]
    designs = dict(zip(table.text("study_id").tolist(), table.text("design").tolist(), strict=True))
    return evidence_table(
        sources,
        caption=f"{chosen.of}: evidence profile",
        columns=COLUMNS,
        spans=[Span("Certainty assessment", ("k", "design", *LOWERING, "other"))],
        rows=[
            Group(Cell(heading), tuple(_row(own, designs, names) for own in windows))
            for heading, _, windows in window_groups(evidence, chosen)
        ],
        empty="No controlled result: nothing can be rated.",
        notes=[
            "Above 0 the procedure is better. RCT: randomised controlled trial.",
            RATED_BY,
        ],
        landscape=True,
    )


def _row(own: LineWindow, designs: Mapping[str, str], names: Mapping[str, Cell]) -> Row:
    found = own.certainty
    cells = {
        "time": time_cell(own),
        "k": cell(str(len(own.studies)), cites=citations_of(names, own.studies)),
        "design": cell(_design(own, designs), notes=[] if found is None else [_start(own)]),
        **{domain: cell("not rated") for domain in LOWERING},
        "other": cell("; ".join(_raised(own)) or "none"),
        "n": cell("not stated" if found is None or found.n is None else str(found.n)),
        "effect": effect_cell(own),
        "certainty": certainty_cell(own, reasons=False),
    }
    if found is not None:
        cells |= {hint.domain: cell(levels_in_words(hint), notes=hint_reason(hint)) for hint in found.hints}
    return Row(cells)


def _design(own: LineWindow, designs: Mapping[str, str]) -> str:
    counts = Counter("RCT" if designs[study] in RANDOMISED else "not RCT" for study in own.studies)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {words}" for words, count in sorted(counts.items(), reverse=True))


def _start(own: LineWindow) -> str:
    found = own.certainty
    if found is None:
        return ""
    judged = agreed(found.start_judgements)
    by = f" Judged {'; '.join(one.words for one in found.start_judgements)}." if judged else ""
    return f"Starts at {found.start}: {found.start_reason}{by}"


def _raised(own: LineWindow) -> Iterator[str]:
    for domain, judgements in own.certainty.raised if own.certainty is not None else ():
        yield f"{WORDS[domain]} {agreed(judgements) or 'disputed'} ({count_of(len(judgements), 'assessor')})"
