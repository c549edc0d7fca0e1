"""`study_characteristics`: who was studied, how, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from spineevidence.errors import UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.formatting import shortened, time_in_words
from spineevidence.models import Procedure, Study
from spineevidence.results import results_of
from spineevidence.tables.fromevidence import Sources, evidence_table, said, sources_of, stacked
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, cell
from spineevidence.wording import COMPARATORS

By = Literal["design", "procedure"]
GROUPINGS: tuple[str, ...] = ("design", "procedure")
DESCRIBED = 60  # characters of what a report says of an arm
DESIGNS: Mapping[str, str] = MappingProxyType(
    {
        "rct": "Randomised trials",
        "crossover_rct": "Randomised crossover trials",
        "cluster_rct": "Cluster-randomised trials",
        "nonrandomised_controlled": "Controlled studies that were not randomised",
        "prospective_cohort": "Prospective cohorts",
        "retrospective_cohort": "Retrospective cohorts",
        "case_series": "Case series",
        "registry": "Registries",
    }
)
COLUMNS: tuple[Column, ...] = (
    Column("study", "Study"),
    Column("design", "Design"),
    Column("blinding", "Blinding"),
    Column("condition", "Condition"),
    Column("country", "Country"),
    Column("enrolled", "Enrolled", kind="number"),
    Column("arms", "Arms", unit="allocated"),
    Column("comparators", "Compared with"),
    Column("measures", "Measures"),
    Column("times", "Follow-up"),
)


def study_characteristics(evidence: Evidence, *, by: By = "design") -> Table:
    """Return a table of the studies: design, patients, arms, measures and follow-up.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    by : {"design", "procedure"}
        What the rows are grouped by. A study of two procedures stands under both.

    Returns
    -------
    Table
        A row for each study, with its reports cited. Times are those of printed results after the start.

    Raises
    ------
    UnknownNameError
        If `by` is neither word.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> trials = load_evidence().select(procedure="IDET", design="rct")
    >>> study_characteristics(trials).to_frame()["study"].tolist()
    ['Freeman et al. 2005', 'Pauza et al. 2004']
    """
    if by not in GROUPINGS:
        raise UnknownNameError("grouping of studies", by, GROUPINGS)
    return characteristics_of(sources_of(evidence), by=by)


def characteristics_of(sources: Sources, *, by: By = "design") -> Table:
    """Return the table where the names of studies are known."""
    evidence = sources.evidence
    rows = _rows(sources)
    columns = tuple(column for column in COLUMNS if by != "design" or column.key != "design")
    keys = [column.key for column in columns]
    return evidence_table(
        sources,
        caption="Characteristics of the studies",
        columns=columns,
        rows=[
            Group(Cell(heading), tuple(Row({key: rows[study][key] for key in keys}) for study in studies))
            for heading, studies in (_by_design(evidence) if by == "design" else _by_procedure(evidence))
        ],
        empty="No study in this selection.",
        notes=["Arms: what was given, with the participants allocated."],
        landscape=True,
    )


def _rows(sources: Sources) -> dict[str, dict[str, Cell]]:
    evidence = sources.evidence
    measures: dict[str, dict[str, None]] = {}
    times: dict[str, set[float]] = {}
    for result in results_of(evidence):
        measures.setdefault(result.study_id, {})[result.measure.name] = None
        if result.months:
            times.setdefault(result.study_id, set()).add(result.months)
    arms = _arms(evidence)
    table = evidence.tables["studies"]
    found = {}
    for place in range(len(table)):
        study = table.record(place)
        if isinstance(study, Study):
            own = arms.get(study.study_id, [])
            found[study.study_id] = {
                "study": sources.names[study.study_id],
                "design": cell(said(study.design)),
                "blinding": cell(said(study.blinding)),
                "condition": cell(said(study.condition)),
                "country": cell(study.country or "not stated"),
                "enrolled": cell("not stated" if study.n_enrolled is None else str(study.n_enrolled)),
                "arms": cell(stacked(words for words, _ in own)),
                "comparators": cell(stacked(_compared([procedure for _, procedure in own]))),
                "measures": cell("; ".join(measures.get(study.study_id, ())) or "none"),
                "times": cell(_times(times.get(study.study_id, set()))),
            }
    return found


def _arms(evidence: Evidence) -> dict[str, list[tuple[str, Procedure]]]:
    """Return the arms of each study in words, with what was given."""
    procedures = {record.procedure_id: record for record in evidence.procedure_records()}
    table = evidence.tables["arms"]
    columns = (table.text(name).tolist() for name in ("study_id", "procedure_id", "description", "n"))
    found: dict[str, list[tuple[str, Procedure]]] = {}
    for study, given, description, n in zip(*columns, strict=True):
        procedure = procedures[given]
        name = procedure.abbreviation or procedure.name
        told = _cut(description)
        words = f"{name}, n {n or 'not stated'}{f': {told}' if told else ''}"
        found.setdefault(study, []).append((words, procedure))
    return found


def _cut(description: str) -> str:
    """Return a description that ends with a whole word where it is too long."""
    told = shortened(description, DESCRIBED)
    whole, _, _ = told.rpartition(" ")
    return f"{whole}…" if told.endswith("…") and whole else told


def _compared(procedures: Sequence[Procedure]) -> Iterator[str]:
    """Yield the classes of comparators among the arms; several procedures are each other's."""
    treated = {procedure.procedure_id for procedure in procedures if not procedure.is_control}
    classes = [procedure.comparator_class for procedure in procedures if procedure.comparator_class]
    if treated:
        yield from dict.fromkeys(COMPARATORS[name] for name in classes)
    given = [procedure for procedure in procedures if not procedure.is_control]
    if len(treated) > 1:
        yield "another procedure"
    elif len(given) > 1 and not classes:
        yield "the same procedure, given otherwise"
    elif not (treated and classes):
        yield "nothing"


def _times(months: set[float]) -> str:
    ordered = dict.fromkeys(time_in_words(when) for when in sorted(months))
    return ", ".join(ordered) or "none stated"


def _by_design(evidence: Evidence) -> Iterator[tuple[str, list[str]]]:
    table = evidence.tables["studies"]
    studies = list(zip(table.text("study_id").tolist(), table.text("design").tolist(), strict=True))
    for design, words in DESIGNS.items():
        own = [study for study, found in studies if found == design]
        if own:
            yield words, own


def _by_procedure(evidence: Evidence) -> Iterator[tuple[str, list[str]]]:
    arms = evidence.tables["arms"]
    given = list(zip(arms.text("study_id").tolist(), arms.text("procedure_id").tolist(), strict=True))
    held = {study: {what for other, what in given if other == study} for study, _ in given}
    order = evidence.tables["studies"].text("study_id").tolist()
    wanted = set(evidence.focus)
    records = evidence.procedure_records()
    for record in records:
        own = [study for study in order if record.procedure_id in held.get(study, ())]
        if own and not record.is_control and (not wanted or record.procedure_id in wanted):
            yield record.name, own
    controls = {record.procedure_id for record in records if record.is_control}
    rest = [study for study in order if held.get(study, set()) <= controls]
    if rest:
        yield "No procedure", rest
