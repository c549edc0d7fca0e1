"""What reports say of patients and treatment that narrows a duration, quoted with its keyword."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from spineevidence.formatting import count_of
from spineevidence.results import Result

# Only patients who had answered to a test, a block or an injection were treated.
ENRICHED = re.compile(
    r"respon(ders|se)\b[^;]*\b(diagnostic|injection|block)|diagnostic (block|anaesthesia)|comparative blocks"
    r"|positive[^;]*\b(blocks?|test|discogram)\b",
    re.IGNORECASE,
)
# The treatment could be given more than once, so that its last application is not its first.
RETREATMENT = re.compile(
    r"\brepeat(ed)?\b[^;]*\b(injections?|blocks?|procedures?)\b|\brepeated\b[^;]*\bas needed\b"
    r"|\bup to (two|three|four|five|six|\d)\b[^;]*\b(injections?|blocks?)\b"
    r"|\binjections?\b[^;]*\b(weekly|biweekly)\b",
    re.IGNORECASE,
)


PARTS = re.compile(r";(?![^()]*\))")  # semicolons outside parentheses


def cautions(
    studies: Mapping[str, Sequence[Result]], concerned: Sequence[str], *, domain: str
) -> Iterator[str]:
    """Yield what the studies of a line say that narrows whom, or what, their durations are of.

    Parameters
    ----------
    studies : mapping of str to sequence of Result
        Results by study.
    concerned : sequence of str
        The studies of the line.
    domain : str
        What was measured.

    Yields
    ------
    str
        ``ENRICHED``: only those who had answered to a test were treated; ``RETREATMENT``: the treatment
        could be repeated, so that a duration is of a programme and not of one application; ``AS_TREATED``:
        rows of patients sorted after allocation, which enter nothing. Each names the study; the first two
        quote the words they rest on.
    """
    for study in concerned:
        rows = studies[study]
        said = _said(rows)
        for keyword, pattern in (("ENRICHED", ENRICHED), ("RETREATMENT", RETREATMENT)):
            found = next((text for text in said if pattern.search(text)), None)
            if found is not None:
                yield f"{keyword}: {study}: “{found}”"
        count = sum(row.subgroup for row in rows if row.measure.domain == domain)
        if count:
            rows_of = count_of(count, "row")
            yield f"AS_TREATED: {study}: {rows_of} of patients sorted after allocation set aside"


def _said(rows: Sequence[Result]) -> list[str]:
    """Return the sentences of a study, its arms and its rows, each once."""
    texts = [rows[0].study_note]
    texts += [side.description for row in rows for side in (row.arm, row.versus) if side is not None]
    texts += [row.note for row in rows]
    parts = [part.strip(" .") for text in texts for part in PARTS.split(text)]
    return list(dict.fromkeys(part for part in parts if part))
