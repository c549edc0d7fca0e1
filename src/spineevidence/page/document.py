"""`build_page`: the whole evidence base as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from spineevidence.citations import reference_list
from spineevidence.claims import judge_claims
from spineevidence.effects import by_study
from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.page.anchors import anchor, token
from spineevidence.page.filters import Choice, choices
from spineevidence.page.maps import DomainMap, evidence_maps
from spineevidence.page.marks import full_words
from spineevidence.page.procedures import ProcedureView, procedure_views
from spineevidence.page.studies import StudyView, study_views
from spineevidence.page.trails import Sources, window_name, window_words
from spineevidence.page.verdicts import ClaimView, claim_views
from spineevidence.results import CHANGE, Result, results_of
from spineevidence.stepwise import STATES
from spineevidence.summary import LineSummary, summary_lines
from spineevidence.timing import WINDOWS
from spineevidence.verdicts.sentences import WORDS
from spineevidence.wording import COMPARATORS, REPORTED_STATES

TEMPLATE, STYLE, SCRIPT = "page.html.jinja", "page.css", "page.js"


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that the page shows, in the order of its parts.

    Attributes
    ----------
    evidence : Evidence
        For the counts and the references.
    maps : tuple of DomainMap
        The evidence map of each domain.
    procedures : tuple of ProcedureView
        Procedures with durations, and changes apart.
    claims : tuple of ClaimView
        Claims with verdicts.
    studies : tuple of StudyView
        Studies with their rows.
    """

    evidence: Evidence
    maps: tuple[DomainMap, ...]
    procedures: tuple[ProcedureView, ...]
    claims: tuple[ClaimView, ...]
    studies: tuple[StudyView, ...]

    @property
    def counts(self) -> tuple[tuple[int, str], ...]:
        """How much of what there is, exactly."""
        tables = self.evidence.tables
        controls = int(tables["procedures"].among("role", ("control",)).sum())
        trails = [
            trail
            for procedure in self.procedures
            for line in procedure.lines
            for window in line.windows
            for trail in window.effects
        ]
        contrasts = len({trail.id for trail in trails if not trail.change})
        counted = (
            (len(tables["procedures"]) - controls, "procedure", ""),
            (controls, "control", ""),
            (len(self.studies), "study", "studies"),
            (len(tables["outcomes"]), "printed result", ""),
            (len(self.evidence.references), "reference", ""),
            (len(self.claims), "claim", ""),
            (contrasts, "contrast on a line", "contrasts on lines"),
            (len({trail.id for trail in trails if trail.change}), "uncontrolled change", ""),
        )
        return tuple((count, count_of(count, *words).split(" ", 1)[1]) for count, *words in counted)

    @property
    def procedure_choices(self) -> tuple[Choice, ...]:
        """Procedures to filter by."""
        return choices((one.profile.procedure_id, one.profile.name) for one in self.procedures)

    @property
    def comparator_choices(self) -> tuple[Choice, ...]:
        """Comparator classes to filter by, and changes."""
        return choices((name, COMPARATORS[name]) for name in (*COMPARATOR_CLASSES, CHANGE))

    @property
    def condition_choices(self) -> tuple[Choice, ...]:
        """Conditions to filter by."""
        names = sorted({one.study.condition for one in self.studies})
        return choices((name, name.replace("_", " ")) for name in names)


def build_page(evidence: Evidence) -> str:
    """Return the evidence as a page to browse: one file, which loads nothing and sends nothing.

    From every number a way leads down to the studies, the derivation, the printed row and its report.
    Durations never speak beyond the last follow-up, and changes without a control group stand apart.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.

    Returns
    -------
    str
        HTML. The same evidence gives the same text; it holds no date.

    Examples
    --------
    >>> from spineevidence import load_evidence
    >>> page = build_page(load_evidence().select(procedure="IDET"))
    >>> page.startswith("<!doctype html>"), "Horizon 6 months (2 studies)" in page
    (True, True)
    """
    return render_page(evidence, summary_lines(evidence))


def render_page(evidence: Evidence, lines: Sequence[LineSummary]) -> str:
    """Return the page of an evidence base whose lines are known already.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    lines : sequence of LineSummary
        Its lines of evidence, from `summary_lines`.
    """
    return _rendered(contents_of(evidence, lines))


def contents_of(evidence: Evidence, lines: Sequence[LineSummary]) -> Contents:
    """Return everything that the page of an evidence base shows."""
    results = results_of(evidence)
    studies: dict[str, list[Result]] = by_study(results)
    sources = Sources({result.line: result for result in results}, evidence.references)
    procedures = procedure_views(evidence, lines, studies, sources)
    known = {record.procedure_id: record for record in evidence.procedure_records()}
    views = [line for procedure in procedures for line in procedure.lines]
    return Contents(
        evidence=evidence,
        maps=evidence_maps(procedures),
        procedures=procedures,
        claims=claim_views(judge_claims(evidence), known, sources),
        studies=study_views(evidence, studies, views, sources),
    )


def _rendered(contents: Contents) -> str:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files("spineevidence.page")
    parts = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in (TEMPLATE, STYLE, SCRIPT)}
    environment = Environment(
        autoescape=True,
        loader=DictLoader(parts),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"spaced": _spaced, "window_name": window_name}
    environment.globals |= {"anchor": anchor, "token": token, "count_of": count_of, "full_words": full_words}
    page = environment.get_template(TEMPLATE).render(
        contents=contents,
        prints=_printed(contents.evidence),
        style=parts[STYLE],
        script=parts[SCRIPT],
        style_hash=_hash(parts[STYLE]),
        script_hash=_hash(parts[SCRIPT]),
        windows=[(window, window_words(window)) for window in WINDOWS],
        states=tuple(STATES),
        reported_states=tuple(REPORTED_STATES),
        verdicts=WORDS,
    )
    return f"{page.strip()}\n"


def _printed(evidence: Evidence) -> dict[str, str]:
    """Return every reference as a list of references prints it, without its number."""
    listed = reference_list(evidence.references, list(evidence.references))
    return {entry.key: entry.text() for entry in listed.entries}


def _spaced(text: str) -> str:
    return text.replace("_", " ")


def _hash(text: str) -> str:
    """Return the digest by which a browser knows the one style, or script, that the page may hold."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
