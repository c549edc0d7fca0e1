"""Tiny evidence bases: a few results, everything they point to, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from planting import BUNDLED
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.models import TABLES

Row = dict[str, str]
ArmOf = tuple[str, str] | tuple[str, str, str]  # procedure, n, description

PROCEDURES: tuple[Row, ...] = (
    {"procedure_id": "heat", "name": "Disc heat", "abbreviation": "DH", "role": "therapeutic"},
    {"procedure_id": "cool", "name": "Disc cool", "abbreviation": "", "role": "therapeutic"},
    {"procedure_id": "look", "name": "Disc look", "abbreviation": "", "role": "diagnostic"},
    {"procedure_id": "sham", "name": "Sham", "role": "control", "comparator_class": "placebo"},
    {"procedure_id": "saline", "name": "Saline", "role": "control", "comparator_class": "placebo"},
    {"procedure_id": "numbing", "name": "Numbing", "role": "control", "comparator_class": "active_placebo"},
    {"procedure_id": "care", "name": "Care", "role": "control", "comparator_class": "usual_care"},
    {"procedure_id": "pills", "name": "Pills", "role": "control", "comparator_class": "usual_care"},
    {"procedure_id": "surgery", "name": "Surgery", "role": "control", "comparator_class": "active"},
)
ARMS: Mapping[str, ArmOf] = {
    "t": ("heat", "30"),
    "u": ("cool", "30"),
    "s": ("sham", "30"),
    "c": ("care", "30"),
    "o": ("surgery", "30"),
}


def row(measure: str = "nrs_pain_0_10", months: float | str = 3, **cells: str | float) -> Row:
    """One result of arm "t" of the study "trial", unless said otherwise."""
    texts = {name: str(cell) for name, cell in cells.items()}
    time = {} if months == "" else {"time": str(months), "unit": "months"}
    start = {"study_id": "trial", "arm": "t", "measure_id": measure, "statistic": "mean", **time}
    return start | {"citekey": "src", "locator": "Table 1", "basis": "full_text"} | texts


def contrast(value: float | str, low: float | str = "", high: float | str = "", **cells: str | float) -> Row:
    """A mean difference of arm "t" minus arm "s" with its interval."""
    start: dict[str, str | float] = {"versus": "s", "statistic": "mean_difference"}
    numbers = {"value": value, "ci_low": low, "ci_high": high}
    months = cells.pop("months", 3)
    measure = str(cells.pop("measure", "nrs_pain_0_10"))
    return row(measure, months, **(start | numbers | cells))


def finding(word: str, months: float | str = 3, **cells: str | float) -> Row:
    """A finding without a number, of arm "t" against arm "s" unless said otherwise."""
    measure = str(cells.pop("measure", "nrs_pain_0_10"))
    return row(measure, months, **({"versus": "s", "statistic": "finding_only", "finding": word} | cells))


def tiny(
    folder: Path,
    rows: Sequence[Row],
    *,
    arms: Mapping[str, ArmOf] | None = None,
    studies: Mapping[str, Row] | None = None,
    procedures: Sequence[Row] = PROCEDURES,
    bias: Sequence[Row] = (),
    certainty: Sequence[Row] | None = None,
) -> Evidence:
    """Write an evidence base with these results and load it."""
    plant(folder, rows, arms=arms, studies=studies, procedures=procedures, bias=bias, certainty=certainty)
    return load_evidence(folder)


def plant(
    folder: Path,
    rows: Sequence[Row],
    *,
    arms: Mapping[str, ArmOf] | None = None,
    studies: Mapping[str, Row] | None = None,
    procedures: Sequence[Row] = PROCEDURES,
    bias: Sequence[Row] = (),
    certainty: Sequence[Row] | None = None,
) -> None:
    """Write the files; arms are the same in every study, studies are double-blind trials of back pain.

    Without judgements of the certainty their file is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = dict(ARMS) | dict(arms or {})
    used = sorted({(r["study_id"], side) for r in rows for side in (r["arm"], r.get("versus", "")) if side})
    plain = {"citekeys": "src", "design": "rct", "blinding": "double", "condition": "chronic_low_back_pain"}
    _write(folder, "outcomes", rows)
    _write(folder, "arms", [_arm(study, arm, known[arm]) for study, arm in used])
    names = sorted({r["study_id"] for r in rows})
    _write(folder, "studies", [{"study_id": s, **plain, **(studies or {}).get(s, {})} for s in names])
    _write(folder, "procedures", [{"family": one["role"], **one} for one in procedures])
    with (BUNDLED / "measures.csv").open(encoding="utf-8", newline="") as file:
        _write(folder, "measures", [one | {"threshold_citekeys": ""} for one in csv.DictReader(file)])
    _write(folder, "claims", [])
    _write(folder, "risk_of_bias", bias)
    if certainty is not None:
        _write(folder, "certainty", certainty)
    text = "@article{src,\n  author = {Doe, Jane},\n  title = {A trial},\n  year = {2001}\n}\n"
    (folder / "references.bib").write_text(text, encoding="utf-8")


def _arm(study: str, arm: str, of: ArmOf) -> Row:
    procedure, n, *said = of
    description = said[0] if said else "as allocated"
    return {"study_id": study, "arm": arm, "procedure_id": procedure, "description": description, "n": n}


def _write(folder: Path, table: str, rows: Sequence[Row]) -> None:
    columns = list(TABLES[table].columns)
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
