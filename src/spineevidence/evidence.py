"""The evidence base as linked tables: load, check, select, look up, write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import pandas as pd

from spineevidence.bibliography import Reference
from spineevidence.citations import ReferenceList, reference_list
from spineevidence.errors import DataError, Problem, UnknownNameError
from spineevidence.files import Files, no_rows, read_files, write_files
from spineevidence.formatting import count_of, html_table
from spineevidence.models import (
    COMPARATOR_CLASSES,
    TABLES,
    Arm,
    BoolArray,
    Claim,
    Measure,
    Outcome,
    Procedure,
    Record,
    Study,
    cell_text,
)
from spineevidence.table import Table

Wanted = str | Sequence[str] | None
PART_OF_A_LINE = "of the certainty left out: they are of whole lines of evidence, and this is a part"
ODD_RESULT = re.compile(r"outcomes\.csv:(\d+):\d+: (.*)", re.DOTALL)
T = TypeVar("T", bound=Record)


class ProcedureProfile(Procedure):
    """A procedure with the articles that state its attributes and what the evidence holds of it."""

    articles: tuple[Reference, ...]
    n_studies: int
    n_results: int
    see_also: tuple[str, ...]

    def __repr__(self) -> str:
        """Return one line."""
        short = f" ({self.abbreviation})" if self.abbreviation else ""
        return f"Procedure: {self.name}{short}, {self.role}, {count_of(self.n_studies, 'study', 'studies')}"

    def __str__(self) -> str:
        """Return a line per attribute."""
        return "\n".join(f"{label}: {text}" for label, text in self._lines())

    def _repr_html_(self) -> str:
        return html_table(self.name, ("attribute", "stated"), self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        stated = [article.short for article in self.articles]
        lines = [
            ("name", self.name + (f" ({self.abbreviation})" if self.abbreviation else "")),
            ("also called", "; ".join(self.synonyms)),
            ("role", self.role),
            ("family", self.family),
            ("target", self.target),
            ("mechanism", self.mechanism),
            ("indications", "; ".join(self.indications)),
            ("contraindications", "; ".join(self.contraindications)),
            ("used since", self.used_since),
            ("note", self.note),
            ("compared as", cell_text(self.comparator_class)),
            ("stated by", "; ".join(stated) if stated else "no article: attributes of common knowledge"),
            (
                "evidence",
                f"{count_of(self.n_studies, 'study', 'studies')}, {count_of(self.n_results, 'result')}",
            ),
            ("see also (same family)", "; ".join(self.see_also)),
        ]
        return [(label, text) for label, text in lines if text]


class StudyProfile(Study):
    """A study with its reports, arms and results."""

    reports: tuple[Reference, ...]
    arms: tuple[Arm, ...]
    results: tuple[Outcome, ...]

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"Study {self.study_id}: {self.design}, {self.condition}, "
            f"{count_of(len(self.arms), 'arm')}, {count_of(len(self.results), 'result')}"
        )

    def __str__(self) -> str:
        """Return a line per attribute."""
        return "\n".join(f"{label}: {text}" for label, text in self._lines())

    def _repr_html_(self) -> str:
        return html_table(self.study_id, ("attribute", "stated"), self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            ("study", self.study_id),
            ("reports", "; ".join(report.short for report in self.reports)),
            ("design", self.design),
            ("blinding", self.blinding),
            ("condition", self.condition),
            ("country", self.country),
            ("registry", self.registry_id),
            ("enrolled", cell_text(self.n_enrolled)),
            ("note", self.note),
        ]
        lines += [
            (f"arm {arm.arm}", f"{arm.procedure_id}, n {cell_text(arm.n) or 'not stated'}; {arm.description}")
            for arm in self.arms
        ]
        lines.append(("results", str(len(self.results))))
        return [(label, text) for label, text in lines if text]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evidence:
    """An evidence base: immutable, every key resolved.

    Attributes
    ----------
    tables : mapping of str to Table
        The rows of each file, as printed; without those of an optional file that is missing (`table` gives
        one without rows).
    references : mapping of str to Reference
        The bibliography by cite key.
    notes : tuple of str
        What is odd but possible in the files, with its place.
    focus : tuple of str
        Ids of the procedures it was selected for; empty for a whole base.
    """

    tables: Mapping[str, Table]
    references: Mapping[str, Reference]
    notes: tuple[str, ...] = ()
    focus: tuple[str, ...] = ()

    @property
    def procedures(self) -> pd.DataFrame:
        """Procedures and controls, a row each (a copy)."""
        return self.tables["procedures"].frame()

    @property
    def measures(self) -> pd.DataFrame:
        """Outcome measures, a row each (a copy)."""
        return self.tables["measures"].frame()

    @property
    def studies(self) -> pd.DataFrame:
        """Studies, a row each (a copy)."""
        return self.tables["studies"].frame()

    @property
    def arms(self) -> pd.DataFrame:
        """Arms of studies, a row each (a copy)."""
        return self.tables["arms"].frame()

    @property
    def outcomes(self) -> pd.DataFrame:
        """Results as printed, a row each (a copy), with `months` and the `line` of outcomes.csv."""
        return self.tables["outcomes"].frame()

    @property
    def claims(self) -> pd.DataFrame:
        """Claims of patient material, a row each (a copy)."""
        return self.tables["claims"].frame()

    @property
    def risk_of_bias(self) -> pd.DataFrame:
        """Judgements of the risk of bias, a row each (a copy)."""
        return self.tables["risk_of_bias"].frame()

    @property
    def certainty(self) -> pd.DataFrame:
        """Judgements of the certainty of evidence, a row each (a copy); without rows if nobody judged."""
        return self.table("certainty").frame()

    def table(self, name: str) -> Table:
        """Return a table by its name; without rows if its file may be missing, and is."""
        return self.tables[name] if name in self.tables else no_rows(TABLES[name])

    def __repr__(self) -> str:
        """Return one line of counts."""
        controls = int(self.tables["procedures"].among("role", ("control",)).sum())
        return (
            f"Evidence: {count_of(len(self.tables['procedures']) - controls, 'procedure')}, "
            f"{count_of(controls, 'control')}, {count_of(len(self.tables['studies']), 'study', 'studies')}, "
            f"{count_of(len(self.tables['outcomes']), 'result')}"
        )

    def _repr_html_(self) -> str:
        rows = [(name, str(len(table))) for name, table in self.tables.items()]
        rows += [("references", str(len(self.references))), ("notes", str(len(self.notes)))]
        return html_table(repr(self), ("table", "rows"), rows)

    def procedure(self, name: str) -> ProcedureProfile:
        """Look up a procedure or control by its id, name, abbreviation or a synonym.

        Raises
        ------
        UnknownNameError
            With the nearest known name.
        """
        found = self.procedure_record(name)
        arms = self.tables["arms"]
        own = arms.among("procedure_id", (found.procedure_id,))
        held = set(zip(arms.text("study_id")[own], arms.text("arm")[own], strict=True))
        outcomes = self.tables["outcomes"]
        studies = outcomes.text("study_id")
        results = sum(
            (study, arm) in held or (study, versus) in held
            for study, arm, versus in zip(studies, outcomes.text("arm"), outcomes.text("versus"), strict=True)
        )
        kin = tuple(
            other.procedure_id
            for other in self.procedure_records()
            if other.family == found.family and other.procedure_id != found.procedure_id
        )
        return ProcedureProfile(
            **dict(found),
            articles=tuple(self.references[key] for key in found.citekeys),
            n_studies=len({study for study, _ in held}),
            n_results=results,
            see_also=() if found.is_control else kin,
        )

    def study(self, name: str) -> StudyProfile:
        """Look up a study by its id.

        Raises
        ------
        UnknownNameError
            With the nearest known name.
        """
        record = self._study_record(name)
        arms = _of_study(self.tables["arms"], name, Arm)
        results = _of_study(self.tables["outcomes"], name, Outcome)
        reports = tuple(self.references[key] for key in record.citekeys)
        return StudyProfile(**dict(record), reports=reports, arms=arms, results=results)

    def _study_record(self, name: str) -> Study:
        for row in np.flatnonzero(self.tables["studies"].among("study_id", (name,))).tolist():
            return _as(self.tables["studies"].record(row), Study)
        raise UnknownNameError("study", name, self.tables["studies"].text("study_id").tolist())

    def cite(self, keys: str | Iterable[str], *, style: str | Path = "vancouver") -> ReferenceList:
        """Return references as a list in a citation style, with how each is cited in a text.

        Parameters
        ----------
        keys : str or iterable of str
            Cite keys in order of appearance over the whole text.
        style : str or Path
            "vancouver", "apa", "ama" or a ``.csl`` file; see `reference_list`.

        Raises
        ------
        UnknownNameError
            If a key or a style is unknown, with the nearest known one.
        InputError
            If the file of the style cannot be used.

        Examples
        --------
        >>> print(load_evidence().cite("spijkerhuiges2015", style="ama"))
        1. Spijker-Huiges A. Radiculopathy and Radiating Low Back Pain in General Practice. Doctoral
        dissertation. Rijksuniversiteit Groningen; 2015.
        """
        return reference_list(self.references, keys, style=style)

    def procedure_records(self) -> tuple[Procedure, ...]:
        """Return every procedure and control as a record, in the author's order."""
        table = self.tables["procedures"]
        return tuple(_as(table.record(row), Procedure) for row in range(len(table)))

    def measure_records(self) -> dict[str, Measure]:
        """Return every measure as a record, by its id."""
        table = self.tables["measures"]
        records = (_as(table.record(row), Measure) for row in range(len(table)))
        return {record.measure_id: record for record in records}

    def claim_records(self) -> tuple[Claim, ...]:
        """Return every claim as a record, in the order of the file."""
        table = self.tables["claims"]
        return tuple(_as(table.record(row), Claim) for row in range(len(table)))

    def odd_results(self) -> dict[int, tuple[str, ...]]:
        """Return what is odd but possible in outcomes.csv, by line."""
        found: dict[int, tuple[str, ...]] = {}
        for note in self.notes:
            place = ODD_RESULT.match(note)
            if place is not None:
                line = int(place[1])
                found[line] = (*found.get(line, ()), place[2])
        return found

    def procedure_record(self, name: str) -> Procedure:
        """Return the record of a procedure or control by its id, name, abbreviation or a synonym.

        Raises
        ------
        UnknownNameError
            With the nearest known name.
        """
        wanted = name.strip().casefold()
        records = self.procedure_records()
        for record in records:
            if wanted in (known.casefold() for known in record.names):
                return record
        raise UnknownNameError("procedure", name, [known for record in records for known in record.names])

    def select(
        self,
        *,
        procedure: Wanted = None,
        condition: Wanted = None,
        comparator: Wanted = None,
        domain: Wanted = None,
        measure: Wanted = None,
        design: Wanted = None,
        study: Wanted = None,
    ) -> Evidence:
        """Return the part of the evidence that fits every condition given; several words mean any of them.

        Studies are kept whole: all arms of a study that has one of the procedure, so that contrasts stay
        readable. `domain` and `measure` keep the results concerned and the studies that have any.

        Parameters
        ----------
        procedure : str or sequence of str
            An id, name, abbreviation or synonym.
        condition, design, study : str or sequence of str
            As in studies.csv.
        comparator : str or sequence of str
            A class (placebo, active_placebo, usual_care, active) or a control by any of its names.
        domain, measure : str or sequence of str
            As in measures.csv.

        Raises
        ------
        UnknownNameError
            With the nearest known name.
        """
        keep = np.ones(len(self.tables["studies"]), dtype=bool)
        for column, wanted in (("condition", condition), ("design", design), ("study_id", study)):
            keep &= self._studies_with(column, wanted)
        asked = self._procedure_ids(procedure)
        if asked is not None:
            keep &= self._studies_of(asked)
        if comparator is not None:
            keep &= self._studies_of(self._control_ids(comparator))
        measures = self._measure_ids(domain, measure)
        parted = any(one is not None for one in (condition, design, study, measure))
        whole = () if parted else _whole_classes(comparator)
        return self._narrowed(keep, asked, measures, condition, whole=whole)

    def _studies_with(self, column: str, wanted: Wanted) -> BoolArray:
        table = self.tables["studies"]
        if wanted is None:
            return np.ones(len(table), dtype=bool)
        known = set(table.columns[column].texts)
        for word in _words(wanted):
            if word not in known:
                raise UnknownNameError(column.removesuffix("_id"), word, sorted(known))
        return table.among(column, _words(wanted))

    def _procedure_ids(self, wanted: Wanted) -> tuple[str, ...] | None:
        if wanted is None:
            return None
        return tuple(self.procedure_record(word).procedure_id for word in _words(wanted))

    def _control_ids(self, wanted: str | Sequence[str]) -> tuple[str, ...]:
        records = self.procedure_records()
        found: list[str] = []
        for word in _words(wanted):
            if word in COMPARATOR_CLASSES:
                found += [record.procedure_id for record in records if record.comparator_class == word]
                continue
            try:
                found.append(self.procedure_record(word).procedure_id)
            except UnknownNameError:
                names = [name for record in records for name in record.names]
                raise UnknownNameError("comparator", word, [*COMPARATOR_CLASSES, *names]) from None
        return tuple(found)

    def _studies_of(self, procedures: Iterable[str]) -> BoolArray:
        arms = self.tables["arms"]
        held = set(arms.text("study_id")[arms.among("procedure_id", tuple(procedures))])
        return self.tables["studies"].among("study_id", held)

    def _measure_ids(self, domain: Wanted, measure: Wanted) -> set[str] | None:
        if domain is None and measure is None:
            return None
        table = self.tables["measures"]
        keep = np.ones(len(table), dtype=bool)
        for column, wanted in (("domain", domain), ("measure_id", measure)):
            if wanted is not None:
                known = set(table.columns[column].texts)
                for word in _words(wanted):
                    if word not in known:
                        raise UnknownNameError(column.removesuffix("_id"), word, sorted(known))
                keep &= table.among(column, _words(wanted))
        return set(table.text("measure_id")[keep])

    def _narrowed(
        self,
        keep: BoolArray,
        asked: tuple[str, ...] | None,
        measures: set[str] | None,
        condition: Wanted,
        *,
        whole: tuple[str, ...],
    ) -> Evidence:
        tables = dict(self.tables)
        kept = set(tables["studies"].text("study_id")[keep])
        outcomes = tables["outcomes"].among("study_id", kept)
        if measures is not None:
            outcomes &= tables["outcomes"].among("measure_id", measures)
            kept &= set(tables["outcomes"].text("study_id")[outcomes])
        tables["outcomes"] = tables["outcomes"].take(outcomes)
        for name in ("studies", "arms", "risk_of_bias"):
            tables[name] = tables[name].take(tables[name].among("study_id", kept))
        tables["claims"] = tables["claims"].take(
            self._claims_kept(asked, measures, condition, tables["studies"])
        )
        notes = self.notes
        if "certainty" in tables:
            concerned = self._certainty_on(asked, measures)
            kept_whole = concerned & self.tables["certainty"].among("comparator", whole)
            tables["certainty"] = tables["certainty"].take(kept_whole)
            lost = int(concerned.sum() - kept_whole.sum())
            notes = (*notes, f"{count_of(lost, 'judgement')} {PART_OF_A_LINE}") if lost else notes
        _narrow_lists(tables, asked or ())
        cited = _cited(tables)
        references = {key: value for key, value in self.references.items() if key in cited}
        return Evidence(MappingProxyType(tables), MappingProxyType(references), notes, asked or self.focus)

    def _certainty_on(self, asked: tuple[str, ...] | None, measures: set[str] | None) -> BoolArray:
        """Return which judgements of the certainty are of the procedures and domains asked for."""
        judged = self.tables["certainty"]
        keep = np.ones(len(judged), dtype=bool)
        if asked is not None:
            keep &= judged.among("procedure_id", asked)
        if measures is not None:
            table = self.tables["measures"]
            keep &= judged.among("domain", set(table.text("domain")[table.among("measure_id", measures)]))
        return keep

    def _claims_kept(
        self, asked: tuple[str, ...] | None, measures: set[str] | None, condition: Wanted, studies: Table
    ) -> BoolArray:
        claims = self.tables["claims"]
        keep = claims.among("condition", {"", *studies.columns["condition"].texts})
        if asked is not None:
            keep &= claims.among("procedure_id", asked)
        if measures is not None:
            table = self.tables["measures"]
            domains = set(table.text("domain")[table.among("measure_id", measures)])
            keep &= claims.among("domain", domains)
        if condition is not None:
            keep &= claims.among("condition", _words(condition))
        return keep


def _narrow_lists(tables: dict[str, Table], asked: tuple[str, ...]) -> None:
    """Keep the procedures and measures that the other tables still speak of."""
    spoken = {*asked, *tables["arms"].columns["procedure_id"].texts}
    spoken |= {
        text for name in ("procedure_id", "comparator") for text in tables["claims"].columns[name].texts
    }
    judged = tables.get("certainty")
    if judged is not None:
        spoken |= set(judged.columns["procedure_id"].texts)
    tables["procedures"] = tables["procedures"].take(tables["procedures"].among("procedure_id", spoken))
    used = {
        text
        for name in ("outcomes", "claims", "risk_of_bias")
        for text in tables[name].columns["measure_id"].texts
    }
    if judged is not None:
        used |= set(judged.columns["curve"].texts)
    tables["measures"] = tables["measures"].take(tables["measures"].among("measure_id", used))


def _cited(tables: Mapping[str, Table]) -> set[str]:
    columns = (
        ("studies", "citekeys"),
        ("outcomes", "citekey"),
        ("claims", "citekey"),
        ("procedures", "citekeys"),
        ("measures", "threshold_citekeys"),
        ("risk_of_bias", "citekey"),
        ("certainty", "citekey"),
    )
    cells = (
        text for table, column in columns if table in tables for text in tables[table].columns[column].texts
    )
    return {key.strip() for cell in cells for key in cell.split(";")}


def _whole_classes(comparator: Wanted) -> tuple[str, ...]:
    """Return the classes of comparators of which a selection keeps every study.

    Another procedure is an active comparator too, so that a selection by active controls is never whole.
    """
    if comparator is None:
        return COMPARATOR_CLASSES
    return tuple(word for word in _words(comparator) if word in COMPARATOR_CLASSES and word != "active")


def _words(wanted: str | Sequence[str]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def _of_study(table: Table, study: str, kind: type[T]) -> tuple[T, ...]:
    rows = np.flatnonzero(table.among("study_id", (study,))).tolist()
    return tuple(_as(table.record(row), kind) for row in rows)


def _as(record: Record, kind: type[T]) -> T:
    if not isinstance(record, kind):
        raise TypeError(f"expected a {kind.__name__}, found a {type(record).__name__}")
    return record


def bundled_data() -> Path:
    """Return the folder of the evidence that comes with the library, installed or in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "data"
    return installed if installed.is_dir() else here.parents[1] / "data"


def load_evidence(path: str | Path | None = None, *, claims: str | Path | None = None) -> Evidence:
    """Load an evidence base.

    Parameters
    ----------
    path : str or Path, optional
        A folder with ``references.bib`` and the CSV files; without it, the bundled release.
    claims : str or Path, optional
        A file of claims, of the form of ``claims.csv``, in place of the folder's. The material it cites need
        not stand in the bibliography.

    Returns
    -------
    Evidence
        Every key resolved; what is odd but possible is in its `notes`.

    Raises
    ------
    DataError
        Every defect of every file, each as ``file:line:column: message``.

    Examples
    --------
    >>> load_evidence()
    Evidence: 29 procedures, 10 controls, 243 studies, 1459 results
    """
    folder = bundled_data() if path is None else Path(path)
    return evidence_of(read_files(folder, claims=None if claims is None else Path(claims)))


def evidence_of(files: Files) -> Evidence:
    """Return what was read as evidence; raises `DataError` with every defect if there is any."""
    errors = [problem for problem in files.problems if problem.severity == "error"]
    if errors:
        raise DataError(errors)
    return Evidence(files.tables, files.references, _notes(files))


def _notes(files: Files) -> tuple[str, ...]:
    return tuple(
        f"{problem.path.name}:{problem.line}:{problem.column}: {problem.message}"
        for problem in files.problems
    )


def check(path: str | Path | None = None) -> tuple[Problem, ...]:
    """Return every defect and oddity of an evidence base as data; defects raise nothing.

    Parameters
    ----------
    path : str or Path, optional
        A folder; without it, the bundled release.

    Returns
    -------
    tuple of Problem
        Sorted by file, line and column; `severity` tells errors from notes.
    """
    return read_files(bundled_data() if path is None else Path(path)).problems


def write_evidence(evidence: Evidence, path: str | Path) -> None:
    """Write an evidence base in canonical form: what was loaded from canonical files gives the same bytes.

    Parameters
    ----------
    evidence : Evidence
        As loaded, or a selection of it.
    path : str or Path
        A folder, made if it does not exist. Files of the same names are replaced only when all are written.

    Raises
    ------
    OSError
        If the folder cannot be written; what stood there is left whole.
    """
    write_files(Path(path), evidence.tables, evidence.references)
