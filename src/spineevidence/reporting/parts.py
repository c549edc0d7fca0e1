"""What a report consists of: its parts, each a set of files made from the same material."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd

from spineevidence.bibliography import format_bibliography
from spineevidence.citations import reference_list
from spineevidence.claims import judge_claims
from spineevidence.duration import DurationOfBenefit, duration_on
from spineevidence.effects import by_study
from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of
from spineevidence.judgements import Judgements
from spineevidence.lanes import claim_lanes, lane_groups
from spineevidence.page.document import render_page
from spineevidence.plots.described import PictureFormat
from spineevidence.reporting.methodspage import methods_page
from spineevidence.reporting.numbers import numbers_json, numbers_of
from spineevidence.reporting.pictures import course_files, durations_files
from spineevidence.reporting.summarytext import summary_text
from spineevidence.results import results_of
from spineevidence.summary import LineSummary, summary_frame, summary_lines
from spineevidence.tables.csvtable import harmless
from spineevidence.tables.model import FORMATS
from spineevidence.tables.named import all_tables
from spineevidence.windowsummary import windows_frame


class Material:
    """Evidence, and what several parts need of it, each made when it is first needed.

    Attributes
    ----------
    evidence : Evidence
        A whole base, or a selection.
    pictures : tuple of {"svg", "png", "pdf"}
        Formats of figures.
    tables : tuple of {"docx", "tex", "html", "md", "csv"}
        Formats of tables.
    """

    def __init__(
        self, evidence: Evidence, pictures: Sequence[PictureFormat], tables: Sequence[str] = FORMATS
    ) -> None:
        self.evidence = evidence
        self.pictures = tuple(pictures)
        self.tables = tuple(tables)

    @cached_property
    def lines(self) -> tuple[LineSummary, ...]:
        """Every line of evidence."""
        return summary_lines(self.evidence)

    @cached_property
    def judged(self) -> Judgements:
        """Every claim with its verdict."""
        return judge_claims(self.evidence)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Every window of every contrast."""
        return windows_frame(self.evidence, self.lines, self.judged)

    @cached_property
    def together(self) -> tuple[tuple[str, DurationOfBenefit], ...]:
        """Lines that several studies at several times tell together, after the name of the procedure."""
        studies = by_study(results_of(self.evidence))
        return tuple(
            (line.procedure.name, duration_on(curve, studies, votes=line.votes))
            for line in self.lines
            for curve in line.curves
            if curve.together is not None and curve.together.course is not None
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the report.

    Attributes
    ----------
    name : str
        By which it is asked for.
    what : str
        What is told while it is made.
    make : callable
        Gives its files, name and bytes.
    kind : {"", "pictures", "tables"}
        Whose formats it is made in.
    """

    name: str
    what: str
    make: Callable[[Material], dict[str, bytes]]
    kind: Literal["", "pictures", "tables"] = ""

    def formats(self, material: Material) -> tuple[str, ...]:
        """Return the formats it is made in, as far as they can be chosen."""
        return {"": (), "pictures": tuple(material.pictures), "tables": material.tables}[self.kind]


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV in which no cell is read as a formula."""
    safe = frame.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    return safe.to_csv(index=False, lineterminator="\n", float_format="%.4f")


def _summary(material: Material) -> dict[str, bytes]:
    return {
        "summary.md": summary_text(material.evidence, material.lines).encode(),
        "summary.csv": csv_text(summary_frame(material.lines)).encode(),
        "windows.csv": csv_text(material.windows).encode(),
    }


def _verdicts(material: Material) -> dict[str, bytes]:
    told = [f"{one.claim.claim_id}: {one.claim.statement}\n{one}\n" for one in material.judged]
    return {
        "verdicts.csv": csv_text(material.judged.to_frame()).encode(),
        "verdicts.txt": "\n".join(told).encode(),
    }


def _durations(material: Material) -> dict[str, bytes]:
    claims = claim_lanes(material.evidence) if material.evidence.focus else ()
    contrasts, changes = lane_groups(material.lines), lane_groups(material.lines, change=True)
    return durations_files(contrasts, changes, claims, material.pictures)


def _courses(material: Material) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for procedure, found in material.together:
        files |= course_files(found, procedure, material.pictures)
    return files


def _tables(material: Material) -> dict[str, bytes]:
    return {
        f"tables/{name}.{form}": table.to_bytes(f"{name}.{form}")
        for name, table in all_tables(material.evidence, material.lines, tuple(material.judged))
        for form in material.tables
    }


def _page(material: Material) -> dict[str, bytes]:
    return {"index.html": render_page(material.evidence, material.lines).encode()}


def _numbers(material: Material) -> dict[str, bytes]:
    return {"numbers.json": numbers_json(numbers_of(material.lines, material.windows)).encode()}


def _methods(material: Material) -> dict[str, bytes]:
    return {"methods.md": methods_page(material.together).encode()}


def _references(material: Material) -> dict[str, bytes]:
    references = material.evidence.references
    listed = reference_list(references, sorted(references))
    return {
        "references.md": f"# References\n\n{listed.markdown()}\n".encode(),
        "references.bib": format_bibliography(listed.references).encode(),
        "references.json": listed.to_csl_json().encode(),
    }


def _problems(material: Material) -> dict[str, bytes]:
    problems = material.evidence.notes
    head = (
        f"{count_of(len(problems), 'finding')} that {'is' if len(problems) == 1 else 'are'} odd but possible"
    )
    text = "\n".join([f"{head}; nothing was changed or left out for it.", *problems])
    return {"problems.txt": f"{text}\n".encode()}


PARTS: tuple[Part, ...] = (
    Part("summary", "durations of every procedure", _summary),
    Part("verdicts", "verdicts on claims", _verdicts),
    Part("durations", "figure of durations", _durations, "pictures"),
    Part("courses", "figures of effects over time", _courses, "pictures"),
    Part("tables", "evidence tables", _tables, "tables"),
    Part("page", "page to browse", _page),
    Part("numbers", "every number with what it rests on", _numbers),
    Part("methods", "methods", _methods),
    Part("references", "references", _references),
    Part("problems", "what is odd but possible", _problems),
)
