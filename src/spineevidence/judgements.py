"""A claim with its verdict, the reason, and everything it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from spineevidence.effectsizes import notes_below
from spineevidence.errors import UnknownNameError
from spineevidence.formatting import count_of, html_table
from spineevidence.models import Claim
from spineevidence.results import CHANGE
from spineevidence.statements import EXPERIENCE
from spineevidence.verdicts.kinds import Verdict
from spineevidence.verdicts.reasons import Reason, Strength, Word
from spineevidence.verdicts.sentences import WORDS
from spineevidence.wording import COMPARATORS


@dataclass(frozen=True, slots=True)
class Deciding:
    """One result that a verdict rests on.

    Attributes
    ----------
    study_id : str
        The study.
    window : str
        Label of the follow-up window.
    said : str
        Its effect with interval, or what it reported.
    lines : tuple of int
        Lines of outcomes.csv.
    notes : tuple of str
        Caveats of its derivation, each with its keyword.
    """

    study_id: str
    window: str
    said: str
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.study_id} {self.window}: {self.said}"


@dataclass(frozen=True, slots=True)
class LineJudgement:
    """What one comparator class says of a claim.

    Attributes
    ----------
    comparator : str
        The class.
    found : Verdict
        Verdict, reason and steps.
    strength : str or None
        Of the evidence; None where untested.
    sentence : str
        The same in words.
    decided_by : tuple of Deciding
        The results it rests on.
    beside : tuple of str
        Results on other scales, or of studies that were not randomised, which did not enter.
    """

    comparator: str
    found: Verdict
    strength: Strength | None
    sentence: str
    decided_by: tuple[Deciding, ...]
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """The verdict at another threshold."""

    delta: float
    words: str
    verdict: Word
    reason: Reason


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Judgement:
    """A claim with its verdict, the reason, and everything it rests on.

    Attributes
    ----------
    claim : Claim
        The claim.
    asked : str
        What it says, in words.
    verdict : {"supported", "contradicted", "mixed", "untested", "not_checkable"}
        The answer.
    reason : str
        Its code; see the glossary.
    strength : {"strong", "moderate", "weak", "reported"} or None
        Of the evidence behind it; None where untested or not checkable.
    sentence : str
        Verdict and reason in words.
    lines : tuple of LineJudgement
        Every comparator class by itself; empty for claims about patients' own experience.
    decided_by : tuple of Deciding
        The results it rests on.
    change : str
        What was reported without a control group: no effect, and never part of the verdict.
    delta : float or None
        The threshold used, on the scale `delta_scale`; None without numbers.
    delta_scale : str
        That scale in words.
    thresholds : tuple of AtThreshold
        The verdict at each threshold that is shown for the measure.
    would_change : str
        What would change the verdict.
    notes : tuple of str
        Caveats, each with its keyword.
    """

    claim: Claim
    asked: str
    verdict: Word
    reason: Reason
    strength: Strength | None
    sentence: str
    lines: tuple[LineJudgement, ...]
    decided_by: tuple[Deciding, ...]
    change: str
    delta: float | None
    delta_scale: str
    thresholds: tuple[AtThreshold, ...]
    would_change: str
    notes: tuple[str, ...]

    @property
    def threshold_dependent(self) -> bool:
        """Whether another of the shown thresholds gives another verdict."""
        return len({found.verdict for found in self.thresholds}) > 1

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Judgement: {self.claim.claim_id}: {WORDS[self.verdict]}, {self.reason}>"

    def __str__(self) -> str:
        """Return the whole answer, a line for each part."""
        return "\n".join(self._parts())

    def _parts(self) -> Iterator[str]:
        strength = f" Evidence: {self.strength}." if self.strength else ""
        yield f"{self.asked}. {self.sentence}{strength}"
        for line in self.lines:
            yield "  " + " ".join((line.sentence, *line.beside))
        if self.change:
            yield f"  {self.change}"
        yield f"  {self.would_change}"
        for note in self.notes:
            yield f"  {note}"

    def _repr_html_(self) -> str:
        rows = [
            (
                COMPARATORS[line.comparator],
                WORDS[line.found.verdict],
                line.found.reason,
                line.strength or "",
                " ".join((line.sentence.partition(". ")[2], *line.beside)),
            )
            for line in self.lines
        ]
        strength = f" Evidence: {self.strength}." if self.strength else ""
        caption = f"{self.asked}. {self.sentence}{strength}"
        head = ("against", "verdict", "reason", "evidence", "what it rests on")
        table = html_table(caption, head, rows)
        shown = table if rows else table.replace("<thead>", "<thead hidden>")
        return notes_below(shown, [text for text in (self.change, self.would_change, *self.notes) if text])

    def to_frame(self) -> pd.DataFrame:
        """Return a row for the claim, one for each comparator class, and one for change beside.

        Returns
        -------
        DataFrame
            See `Judgements.to_frame`.
        """
        return pd.DataFrame(list(self._rows()), columns=list(COLUMNS))

    def _rows(self) -> Iterator[dict[str, object]]:
        start: dict[str, object] = {
            "claim_id": self.claim.claim_id,
            "citekey": self.claim.citekey,
            "procedure_id": self.claim.procedure_id,
            "domain": self.claim.domain,
            "kind": self.claim.kind,
            "claim": self.asked,
        }
        shown = "; ".join(f"{at.words}: {WORDS[at.verdict]}, {at.reason}" for at in self.thresholds)
        yield start | {
            "row": "claim",
            "comparator": self.claim.comparator if self.claim.kind not in EXPERIENCE else CHANGE,
            "verdict": self.verdict,
            "reason": self.reason,
            "strength": self.strength or "",
            "sentence": self.sentence,
            **_traced(self.decided_by),
            "threshold_dependent": self.threshold_dependent,
            "thresholds": shown,
            "would_change": self.would_change,
        }
        blank = {"threshold_dependent": False, "thresholds": "", "would_change": ""}
        for line in self.lines:
            yield start | {
                "row": "comparator class",
                "comparator": line.comparator,
                "verdict": line.found.verdict,
                "reason": line.found.reason,
                "strength": line.strength or "",
                "sentence": " ".join((line.sentence, *line.beside)),
                **_traced(line.decided_by),
                **blank,
            }
        if self.change and self.claim.kind not in EXPERIENCE:
            yield start | {
                "row": "change, not an effect",
                "comparator": CHANGE,
                "verdict": "",
                "reason": "",
                "strength": "",
                "sentence": self.change,
                **_traced(()),
                **blank,
            }


COLUMNS: tuple[str, ...] = (
    "claim_id",
    "citekey",
    "procedure_id",
    "domain",
    "kind",
    "claim",
    "row",
    "comparator",
    "verdict",
    "reason",
    "strength",
    "sentence",
    "decided_by",
    "lines",
    "threshold_dependent",
    "thresholds",
    "would_change",
)


def _traced(decided_by: Sequence[Deciding]) -> dict[str, object]:
    lines = sorted({line for result in decided_by for line in result.lines})
    return {"decided_by": "; ".join(map(str, decided_by)), "lines": ";".join(map(str, lines))}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Judgements:
    """Several claims with their verdicts, in the order of the claims.

    Attributes
    ----------
    judgements : tuple of Judgement
        One for each claim.
    """

    judgements: tuple[Judgement, ...]

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self.judgements)

    def __len__(self) -> int:
        return len(self.judgements)

    def __getitem__(self, claim_id: str) -> Judgement:
        """Return the judgement of the claim of that id."""
        for found in self.judgements:
            if found.claim.claim_id == claim_id:
                return found
        raise UnknownNameError("claim", claim_id, [found.claim.claim_id for found in self.judgements])

    def __repr__(self) -> str:
        counts = Counter(found.verdict for found in self.judgements)
        said = [f"{counts[word]} {words}" for word, words in WORDS.items() if counts[word]]
        head = count_of(len(self), "claim")
        return f"<Judgements: {head}{': ' if said else ''}{', '.join(said)}>"

    def _repr_html_(self) -> str:
        rows = [
            (
                found.claim.claim_id,
                found.claim.statement,
                found.asked,
                WORDS[found.verdict],
                found.reason,
                found.strength or "",
                found.sentence,
            )
            for found in self.judgements
        ]
        head = ("claim", "what it says", "what was checked", "verdict", "reason", "evidence", "in words")
        return html_table(repr(self).strip("<>"), head, rows)

    def to_frame(self) -> pd.DataFrame:
        """Return every claim with every comparator class.

        Returns
        -------
        DataFrame
            For each claim a row with its verdict (``row`` is "claim"), one for each comparator class, and one
            for reported change, which is no effect. Columns: ``claim_id``, ``citekey``, ``procedure_id``,
            ``domain``, ``kind``, ``claim`` (in words), ``row``, ``comparator``, ``verdict``, ``reason``,
            ``strength``, ``sentence``, ``decided_by``, ``lines`` (of outcomes.csv, joined by ";"),
            ``threshold_dependent``, ``thresholds``, ``would_change``.
        """
        return pd.DataFrame(
            [row for found in self.judgements for row in found._rows()], columns=list(COLUMNS)
        )
