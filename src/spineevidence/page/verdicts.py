"""Claims of patient material with their verdicts, as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spineevidence.bibliography import Reference
from spineevidence.judgements import Deciding, Judgement
from spineevidence.models import COMPARATOR_CLASSES, Procedure
from spineevidence.page.anchors import anchor
from spineevidence.page.filters import About, about
from spineevidence.page.trails import PrintedTrail, Sources, printed_trail
from spineevidence.verdicts.reasons import REASONS, STRENGTHS
from spineevidence.verdicts.sentences import WORDS
from spineevidence.wording import COMPARATORS


@dataclass(frozen=True, slots=True)
class GroundView:
    """A result that a verdict rests on, with its printed rows."""

    deciding: Deciding
    printed: tuple[PrintedTrail, ...]


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    """What one comparator class says of a claim."""

    comparator: str
    verdict: str
    words: str
    reason: str
    strength: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with its verdict.

    Attributes
    ----------
    id : str
        Its place in the page.
    found : Judgement
        The claim and its verdict.
    procedure : str
        What it is about, in words.
    words, why : str
        Verdict and reason in words.
    rank : int
        Order of the strength, the strongest first.
    source : Reference or None
        The patient material, where the bibliography holds it.
    classes : tuple of ClassVerdict
        What each comparator class says.
    grounds : tuple of GroundView
        What decided it.
    about : About
        For the filters.
    """

    id: str
    found: Judgement
    procedure: str
    words: str
    why: str
    rank: int
    source: Reference | None
    classes: tuple[ClassVerdict, ...]
    grounds: tuple[GroundView, ...]
    about: About


def claim_views(
    judgements: Iterable[Judgement], procedures: Mapping[str, Procedure], sources: Sources
) -> tuple[ClaimView, ...]:
    """Return every claim with its verdict and the printed rows behind it.

    Parameters
    ----------
    judgements : iterable of Judgement
        The verdicts.
    procedures : mapping of str to Procedure
        Procedures and controls by their id.
    sources : Sources
        Printed rows and reports.
    """
    return tuple(_claim(found, procedures, sources) for found in judgements)


def _claim(found: Judgement, procedures: Mapping[str, Procedure], sources: Sources) -> ClaimView:
    claim = found.claim
    record, control = procedures.get(claim.procedure_id), procedures.get(claim.comparator)
    compared = claim.comparator if control is None else control.comparator_class
    return ClaimView(
        id=anchor("claim", claim.claim_id),
        found=found,
        procedure="any procedure" if record is None else record.name,
        words=WORDS[found.verdict],
        why=REASONS[found.reason],
        rank=len(STRENGTHS) if found.strength is None else STRENGTHS.index(found.strength),
        source=sources.references.get(claim.citekey),
        classes=tuple(
            ClassVerdict(
                comparator=COMPARATORS[line.comparator],
                verdict=line.found.verdict,
                words=WORDS[line.found.verdict],
                reason=line.found.reason,
                strength=line.strength or "",
                sentence=" ".join((line.sentence, *line.beside)),
            )
            for line in found.lines
        ),
        grounds=tuple(
            GroundView(one, tuple(printed_trail(row, sources) for row in one.lines))
            for one in found.decided_by
        ),
        about=about(
            procedures=[claim.procedure_id] if claim.procedure_id else [],
            comparators=[compared] if compared in COMPARATOR_CLASSES else [],
            conditions=[claim.condition] if claim.condition else [],
        ),
    )
