"""The summary as Markdown: what is known of every procedure, and until when."""

from __future__ import annotations

from collections.abc import Sequence

from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.summary import NO_DURATION, NO_TREATMENT, LineSummary, pooled_windows
from spineevidence.tables.fromevidence import one_line
from spineevidence.tables.markdown import escaped
from spineevidence.wording import COMPARATORS


def summary_text(evidence: Evidence, lines: Sequence[LineSummary]) -> str:
    """Return the summary as Markdown: a section for each procedure, a line for each comparator and domain."""
    parts = [
        "# How long does relief last?",
        "",
        f"{evidence!r}.",
        "",
        "Contrasts compare a procedure with a class of comparators; classes are never merged. Changes within "
        "single groups are no effect. From two studies on durations are told of all together, by the joint "
        'model, and then study by study. Lines headed "pooled" check this window by window (two to four '
        "studies by the half-normal model, more by REML with Hartung and Knapp's interval). Findings without "
        "numbers are counted by window. Nothing is said beyond the last follow-up.",
        "",
    ]
    names = {line.procedure.procedure_id: line.procedure for line in lines}
    for record in evidence.procedure_records():
        if record.procedure_id in names:
            own = [line for line in lines if line.procedure.procedure_id == record.procedure_id]
            parts += _procedure_section(evidence, own)
    return "\n".join(parts)


def _procedure_section(evidence: Evidence, lines: Sequence[LineSummary]) -> list[str]:
    procedure = lines[0].procedure
    short = f" ({procedure.abbreviation})" if procedure.abbreviation else ""
    parts = [f"## {escaped(one_line(procedure.name + short))}", ""]
    if procedure.note:
        parts += [f"{escaped(one_line(procedure.note))}.", ""]
    for line in lines:
        if line.says_how_long:
            parts += _line_item(line)
    listed = [line for line in lines if not line.says_how_long]
    if listed:
        parts += ["", "Listed without a duration of benefit:", ""]
        parts += [_listed_item(line) for line in listed]
    parts += ["", f"Not compared at all with: {_never(lines)}.", ""]
    kin = evidence.procedure(procedure.procedure_id).see_also
    if kin:
        parts += [f"See also (same family, evidence of their own): {escaped(one_line(', '.join(kin)))}.", ""]
    return parts


def _line_item(line: LineSummary) -> list[str]:
    against = "change" if line.comparator == "change" else f"versus {COMPARATORS[line.comparator]}"
    size = f"{count_of(line.k, 'study', 'studies')}, n {line.n if line.n is not None else 'not stated'}"
    domain = line.domain.replace("_", " ")
    item = [f"- **{domain}, {against}** ({size}; {line.status}): {escaped(one_line(line.sentence))}"]
    item += [f"  - pooled: {escaped(one_line(words))}" for words in pooled_windows(line)]
    reasons: dict[str, int] = {}
    for row in line.left_out:
        reasons[row.reason] = reasons.get(row.reason, 0) + 1
    if reasons:
        said = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        item.append(f"  - rows whose numbers say nothing of a duration: {escaped(said)}")
    return item


def _listed_item(line: LineSummary) -> str:
    against = "change" if line.comparator == "change" else f"versus {COMPARATORS[line.comparator]}"
    found = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in line.findings)
    size = f"{count_of(line.k, 'study', 'studies')}, n {line.n if line.n is not None else 'not stated'}"
    quoted = (
        f". {escaped(one_line(line.sentence))}" if line.sentence not in (NO_DURATION, NO_TREATMENT) else ""
    )
    return f"- {line.domain.replace('_', ' ')}, {against}: {size}; {found or 'no finding stated'}{quoted}"


def _never(lines: Sequence[LineSummary]) -> str:
    compared = {line.comparator for line in lines}
    missing = [COMPARATORS[name] for name in COMPARATOR_CLASSES if name not in compared]
    return ", ".join(missing) or "none of the four classes is missing"
