"""Every evidence table by its name, for the command line and for a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from urllib.parse import quote

from spineevidence.errors import InputError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.judgements import Judgement
from spineevidence.results import CHANGE
from spineevidence.summary import LineSummary
from spineevidence.tables.characteristics import characteristics_of, study_characteristics
from spineevidence.tables.chosen import chosen_changes, chosen_lines
from spineevidence.tables.durationtable import durations_of, durations_table
from spineevidence.tables.effectrows import effects_of, effects_table
from spineevidence.tables.excluded import excluded_of, excluded_rows
from spineevidence.tables.fromevidence import Sources, sources_of
from spineevidence.tables.model import Table
from spineevidence.tables.printed import outcomes_by_time, outcomes_of
from spineevidence.tables.profile import evidence_profile, profile_of
from spineevidence.tables.summaryoffindings import findings_of, summary_of_findings
from spineevidence.tables.verdicttable import claim_verdicts, verdicts_of

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "studies": "characteristics of the studies",
        "outcomes": "results as printed",
        "effects": "effects derived from them",
        "findings": "summary of findings",
        "profile": "evidence profile",
        "durations": "how long a benefit is shown",
        "changes": "changes over time in single groups",
        "verdicts": "claims of patient material",
        "excluded": "results that became no effect",
    }
)
OF_ONE_PROCEDURE = ("outcomes", "findings", "profile")
NO_PROCEDURE = "+none"  # no name of a procedure becomes this one
LONGEST_NAME = 100  # characters; file systems allow 255 bytes, and scale, class and ending stand beside it


def named_table(
    evidence: Evidence, name: str, *, procedure: str | None = None, comparator: str | None = None
) -> Table:
    """Return the evidence table of that name.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    name : str
        One of `NAMES`.
    procedure : str, optional
        Any of its names.
    comparator : str, optional
        A comparator class. Changes have none.

    Raises
    ------
    InputError
        If changes or claims are asked for with a comparator.
    UnknownNameError
        If a name is not known.
    """
    if name not in NAMES:
        raise UnknownNameError("table", name, tuple(NAMES))
    if comparator is not None and name in ("changes", "verdicts"):
        raise InputError(
            f'the table "{name}" cannot be of one comparator class; found "{comparator}"; leave it out'
        )
    if name in ("studies", "outcomes", "excluded", "verdicts"):
        part = evidence
        if procedure is not None or comparator is not None:
            part = evidence.select(procedure=procedure, comparator=comparator)
        return _OF_EVIDENCE[name](part)
    if name == "changes":
        return durations_table(evidence, procedure=procedure, estimand=CHANGE)
    return _OF_LINES[name](evidence, procedure=procedure, comparator=comparator)


_OF_EVIDENCE: Mapping[str, Callable[[Evidence], Table]] = MappingProxyType(
    {
        "studies": study_characteristics,
        "outcomes": outcomes_by_time,
        "excluded": excluded_rows,
        "verdicts": claim_verdicts,
    }
)
_OF_LINES: Mapping[str, Callable[..., Table]] = MappingProxyType(
    {
        "effects": effects_table,
        "findings": summary_of_findings,
        "profile": evidence_profile,
        "durations": durations_table,
    }
)


_OF_SOURCES: Mapping[str, Callable[[Sources], Table]] = MappingProxyType(
    {"studies": characteristics_of, "excluded": excluded_of}
)


def all_tables(
    evidence: Evidence,
    lines: Sequence[LineSummary],
    judged: Sequence[Judgement],
    *,
    names: Sequence[str] = tuple(NAMES),
) -> Iterator[tuple[str, Table]]:
    """Yield every table of an evidence base with the name of its file, without ending.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    lines : sequence of LineSummary
        Its lines of evidence.
    judged : sequence of Judgement
        Its claims.
    names : sequence of str
        Which tables; see `NAMES`.

    Yields
    ------
    str
        Such as "durations", or "findings/vertebroplasty": printed results, findings and profiles have a
        file for each procedure.
    Table
        The table.
    """
    sources = sources_of(evidence, references=True)
    chosen = chosen_lines(evidence, procedure=None, comparator=None, domain=None, lines=lines)
    changes = chosen_changes(evidence, procedure=None, domain=None, lines=lines)
    for name in (known for known in NAMES if known in names):
        if name == "outcomes":
            yield from _outcomes(sources)
        elif name in OF_ONE_PROCEDURE:
            yield from _by_procedure(sources, name, chosen.lines)
        elif name == "effects":
            yield name, effects_of(sources, chosen)
        elif name == "durations":
            yield name, durations_of(sources, chosen)
        elif name == "changes":
            yield name, durations_of(sources, changes)
        elif name == "verdicts":
            yield name, verdicts_of(sources, judged)
        else:
            yield name, _OF_SOURCES[name](sources)


def _by_procedure(sources: Sources, name: str, lines: Sequence[LineSummary]) -> Iterator[tuple[str, Table]]:
    build = findings_of if name == "findings" else profile_of
    for procedure in dict.fromkeys(line.procedure.procedure_id for line in lines):
        own = chosen_lines(sources.evidence, procedure=procedure, comparator=None, domain=None, lines=lines)
        yield f"{name}/{file_name(procedure)}", build(sources, own)


def _outcomes(sources: Sources) -> Iterator[tuple[str, Table]]:
    """Yield the printed results of the studies of each procedure, and of studies without any."""
    evidence = sources.evidence
    arms, wanted = evidence.tables["arms"], set(evidence.focus)
    given = set(arms.text("procedure_id").tolist())
    records = [record for record in evidence.procedure_records() if not record.is_control]
    for record in records:
        if record.procedure_id in given and (not wanted or record.procedure_id in wanted):
            part = evidence.select(procedure=record.procedure_id)
            yield f"outcomes/{file_name(record.procedure_id)}", outcomes_of(replace(sources, evidence=part))
    treated = arms.among("procedure_id", [record.procedure_id for record in records])
    rest = sorted(
        set(evidence.tables["studies"].text("study_id").tolist()) - set(arms.text("study_id")[treated])
    )
    if rest:
        part = evidence.select(study=rest)
        yield f"outcomes/{NO_PROCEDURE}", outcomes_of(replace(sources, evidence=part))


def file_name(procedure_id: str) -> str:
    """Return the id of a procedure as a file name, another for every other id.

    A long one is cut, and a digest of the whole stands after it.

    >>> file_name("heat_1"), file_name("heat/cool"), len(file_name("heat" * 100))
    ('heat_1', 'heat%2Fcool', 97)
    """
    name = quote(procedure_id, safe="")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 20]}+{sha256(procedure_id.encode()).hexdigest()[:16]}"
