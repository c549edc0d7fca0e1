"""The files of an evidence base: read them, find every defect with its place, write them canonically."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from spineevidence.bibliography import Bibliography, Reference, format_bibliography, read_bibliography
from spineevidence.checks import Finding, Known, check_table, typed_table
from spineevidence.csvfile import Column, CsvFile, format_csv, read_csv_file
from spineevidence.errors import Problem, did_you_mean
from spineevidence.models import TABLES, TableModel
from spineevidence.saving import save_files
from spineevidence.table import Table

BIBLIOGRAPHY = "references.bib"
DATAPACKAGE = "datapackage.json"

_BIBTEX_KEY = re.compile(r"@\w*[ \t]*[{(]\s*([^\s,={}\"]+)")


@dataclass(frozen=True, slots=True, eq=False)
class Files:
    """Everything that was read from a folder, and all that is wrong or odd with it.

    Attributes
    ----------
    folder : Path
        The folder.
    tables : mapping of str to Table
        The files that could be read; rows of a wrong form are not in them, but in `problems`. A file that may
        be missing, and is, is not among them.
    references : mapping of str to Reference
        The bibliography by cite key.
    problems : tuple of Problem
        Errors and notes, sorted by file, line and column.
    """

    folder: Path
    tables: Mapping[str, Table]
    references: Mapping[str, Reference]
    problems: tuple[Problem, ...]


def read_files(folder: Path, *, claims: Path | None = None) -> Files:
    """Read a folder and find every defect of every file in one run; nothing on disk is changed.

    Parameters
    ----------
    folder : Path
        Holds ``references.bib`` and the CSV files.
    claims : Path, optional
        A file of claims in place of the folder's. The material it cites need not stand in the bibliography.

    Returns
    -------
    Files
        What was read and every problem; nothing is raised for defects of the files.
    """
    wrong = _no_folder(folder)
    if wrong:
        message = f"{wrong}; an evidence base is a folder with {BIBLIOGRAPHY} and CSV files"
        return Files(folder, MappingProxyType({}), MappingProxyType({}), (Problem(folder, 1, 1, message),))
    bibliography = read_bibliography(folder / BIBLIOGRAPHY)
    problems = list(bibliography.problems)
    sources: dict[str, CsvFile] = {}
    tables: dict[str, Table] = {}
    findings: dict[str, list[Finding]] = {}
    for name, model in TABLES.items():
        path = claims if name == "claims" and claims is not None else folder / model.file
        if model.optional and not os.path.lexists(path):
            continue
        source, found = read_csv_file(path)
        problems += found
        if source is None:
            continue
        problems += _header_problems(model, source)
        if set(source.header) & set(model.columns):
            sources[name] = source
            tables[name], findings[name] = typed_table(model, source)
    known = Known(tables, sources, _cite_keys(bibliography, folder / BIBLIOGRAPHY))
    lenient = Known(tables, sources, None)
    for name, source in sources.items():
        by = lenient if name == "claims" and claims is not None else known
        findings[name] += check_table(tables[name], by, frozenset(source.header))
        problems += _located(source, findings[name])
    in_order = tuple(sorted(problems, key=_reading_order))
    return Files(folder, MappingProxyType(tables), bibliography.references, in_order)


def _no_folder(folder: Path) -> str:
    """Return what keeps a path from being a folder that can be read, or nothing."""
    try:
        if folder.is_dir():
            return ""
        return "is no folder" if folder.exists() else "there is no such folder"
    except OSError as error:
        return f"the folder cannot be read: {error.strerror}"


def _cite_keys(bibliography: Bibliography, path: Path) -> frozenset[str] | None:
    """Return the keys that may be cited, also of entries with defects; None if the file tells none."""
    keys = set(bibliography.references)
    if any(problem.severity == "error" for problem in bibliography.problems):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        keys.update(_BIBTEX_KEY.findall(text))
    return frozenset(keys) or None


def _reading_order(problem: Problem) -> tuple[str, int, int, str]:
    return str(problem.path), problem.line, problem.column, problem.message


def _header_problems(model: TableModel, source: CsvFile) -> Iterator[Problem]:
    missing = [name for name in model.columns if name not in source.header]
    if len(missing) == len(model.columns):
        message = f"the first line names no column of {model.file}; expected {','.join(model.columns)}"
        yield Problem(source.path, source.header_line, 1, message)
        return
    wrong: dict[int, tuple[str, str]] = {}
    for position, name in enumerate(source.header):
        if name in source.header[:position]:
            wrong[position] = (f'column "{name}" stands twice', "")
        elif name not in model.columns:
            wrong[position] = (f'unknown column "{name}"', did_you_mean(name, missing or model.columns))
    places = source.places((-1, position) for position in wrong)
    for (message, hint), place in zip(wrong.values(), places, strict=True):
        yield Problem(source.path, *place, message, hint)
    for name in missing:
        yield Problem(source.path, source.header_line, 1, f'column "{name}" is missing')


def _located(source: CsvFile, findings: list[Finding]) -> Iterator[Problem]:
    fields = {name: position for position, name in reversed(list(enumerate(source.header)))}
    wanted = [(found.row, fields.get(found.column, 0)) for found in findings]
    for found, place in zip(findings, source.places(wanted), strict=True):
        yield Problem(source.path, *place, found.message, found.hint, found.severity)


def canonical_order(table: Table) -> NDArray[np.intp]:
    """Return the rows in the order in which they are written, shape (rows,).

    Procedures and measures keep the author's order; outcomes stand by study, measure, time, comparison, arm,
    statistic and analysis; everything else by its key.
    """
    model = table.model
    if model.keeps_order:
        return np.arange(len(table))
    if model.name == "outcomes":
        text = ("versus", "arm", "statistic", "analysis")
        months = np.where(np.isnan(table.months()), np.inf, table.months())
        keys = [
            _ranks(table, "study_id"),
            _ranks(table, "measure_id"),
            months,
            *(_ranks(table, name) for name in text),
        ]
    else:
        keys = [_ranks(table, name) for name in model.key]
    order: NDArray[np.intp] = np.lexsort(keys[::-1])
    return order


def _ranks(table: Table, column: str) -> NDArray[np.int64]:
    cells = table.columns[column]
    ranks = np.empty(len(cells.texts), dtype=np.int64)
    ranks[np.argsort(cells.texts, kind="stable")] = np.arange(len(cells.texts))
    return ranks[cells.codes] if len(table) else np.empty(0, dtype=np.int64)


def format_files(tables: Mapping[str, Table], references: Mapping[str, Reference]) -> dict[str, bytes]:
    """Return every file of an evidence base in canonical form, by file name.

    What was loaded from canonical files gives the same bytes; an optional file that was missing is not made.
    """
    from spineevidence.datapackage import format_datapackage  # a command too: runpy warns if it is loaded

    contents: dict[str, bytes] = {BIBLIOGRAPHY: format_bibliography(references.values()).encode()}
    for name in present(tables):
        model = TABLES[name]
        table = tables[name].take(canonical_order(tables[name]))
        cells = {column: table.text(column) for column in model.columns}
        contents[model.file] = format_csv(cells).encode()
    contents[DATAPACKAGE] = format_datapackage(present(tables)).encode()
    return contents


def present(tables: Mapping[str, Table]) -> tuple[str, ...]:
    """Return the names of the tables that are written: all but the optional ones that are missing."""
    return tuple(name for name, model in TABLES.items() if name in tables or not model.optional)


def write_files(folder: Path, tables: Mapping[str, Table], references: Mapping[str, Reference]) -> None:
    """Write an evidence base canonically; the former files stay whole until all new ones are written.

    An optional file of another evidence base that stands in the folder is replaced by one without rows, as
    its judgements are not about this one.
    """
    replaced = {
        name: no_rows(model)
        for name, model in TABLES.items()
        if model.optional and name not in tables and (folder / model.file).exists()
    }
    save_files(folder, format_files({**tables, **replaced}, references))


def no_rows(model: TableModel) -> Table:
    """Return a table without rows."""
    empty = Column.from_cells([])
    return Table(
        model,
        MappingProxyType(dict.fromkeys(model.columns, empty)),
        MappingProxyType({name: np.empty(0) for name in model.number_columns}),
        np.empty(0, dtype=np.int64),
    )
