"""The risk of bias of studies as people judged it: domain by domain, by whom and why, and never guessed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from spineevidence.biastools import OVERALL, BiasTool, bias_tool, bias_tools, names_of, tool_names
from spineevidence.effectsizes import SAME_TIME, SHOWN_ROWS, notes_below
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of, html_table, listed, time_in_words

NOT_ASSESSED = "not assessed"
COLUMNS = (
    "study_id",
    "measure_id",
    "months",
    "design",
    "blinding",
    "tool",
    "domain",
    "judgement",
    "assessor",
    "support",
    "citekey",
    "line",
)


@dataclass(frozen=True, slots=True)
class BiasRow:
    """One row of risk_of_bias.csv.

    Attributes
    ----------
    study_id : str
        The study.
    measure_id : str
        The measure judged; empty for all of them.
    months : float or None
        The time judged; None for all of them.
    tool, domain, judgement : str
        In the words of the tool, with its version.
    support, assessor, citekey : str
        What the judgement rests on, who made it, where it is found.
    line : int
        Line of the file.
    """

    study_id: str
    measure_id: str
    months: float | None
    tool: str
    domain: str
    judgement: str
    support: str
    assessor: str
    citekey: str
    line: int

    def specificity(self, measure_id: str, months: float | None) -> int | None:
        """Return how closely the row speaks of a result; None if it is about another one."""
        if self.measure_id not in ("", measure_id):
            return None
        if self.months is not None and (months is None or abs(self.months - months) >= SAME_TIME):
            return None
        return 2 * bool(self.measure_id) + (self.months is not None)


@dataclass(frozen=True, slots=True)
class DomainBias:
    """What was judged of one domain.

    Attributes
    ----------
    domain : str
        By its published name, or "overall".
    rows : tuple of BiasRow
        Every assessor's judgement; empty if nobody made one.
    """

    domain: str
    rows: tuple[BiasRow, ...]

    @property
    def judgement(self) -> str:
        """The judgement, if there is one and its assessors agree; else empty."""
        distinct = {row.judgement for row in self.rows}
        return distinct.pop() if len(distinct) == 1 else ""

    @property
    def disagree(self) -> bool:
        """Whether assessors judged differently."""
        return len({row.judgement for row in self.rows}) > 1

    @property
    def words(self) -> str:
        """The judgement in words: who said what, where assessors disagree."""
        if self.disagree:
            return "disagreement: " + ", ".join(f"{row.judgement} ({row.assessor})" for row in self.rows)
        return self.judgement or NOT_ASSESSED


@dataclass(frozen=True, slots=True)
class StudyBias:
    """The risk of bias of a study, or of one of its results, by one tool.

    Attributes
    ----------
    study_id : str
        The study.
    measure_id : str
        The measure; empty for the study as a whole.
    months : float or None
        The time; None for all.
    design, blinding : str
        As in studies.csv: known without any judgement.
    tool : str
        The tool with its version; empty if nobody judged.
    domains : tuple of DomainBias
        In the order of the tool; applicability, where the tool has it, last.
    overall : DomainBias
        What rows say of the whole; never derived from the domains.
    notes : tuple of str
        What a reader must know.
    """

    study_id: str
    measure_id: str
    months: float | None
    design: str
    blinding: str
    tool: str
    domains: tuple[DomainBias, ...]
    overall: DomainBias
    notes: tuple[str, ...]

    @property
    def assessed(self) -> bool:
        """Whether anybody judged anything."""
        return any(domain.rows for domain in (*self.domains, self.overall))

    @property
    def concerns(self) -> str:
        """The study, or the result, in words."""
        parts = [part for part in (self.measure_id, self.months) if part not in ("", None)]
        said = [time_in_words(part) if isinstance(part, float) else str(part) for part in parts]
        return " at ".join(said) if said else "the study"


@dataclass(frozen=True, slots=True, repr=False)
class RiskOfBiasAssessment:
    """The risk of bias of studies, as judged.

    Attributes
    ----------
    studies : tuple of StudyBias
        Every study (or result, or tool) once; those that nobody judged too.
    notes : tuple of str
        What a reader must know.
    """

    studies: tuple[StudyBias, ...]
    notes: tuple[str, ...]

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that were used."""
        return tuple(sorted({study.tool for study in self.studies if study.assessed}))

    def __repr__(self) -> str:
        studies = {study.study_id for study in self.studies}
        done = {study.study_id for study in self.studies if study.assessed}
        by = f" by {', '.join(self.tools)}" if self.tools else ""
        of = count_of(len(studies), "study", "studies")
        return f"<RiskOfBiasAssessment: {len(done)} of {of} assessed{by}>"

    def _repr_html_(self) -> str:
        in_order = sorted(self.studies, key=lambda study: not study.assessed)
        rows = [_cells(study) for study in in_order[:SHOWN_ROWS]]
        caption = repr(self)[1:-1]
        if len(in_order) > SHOWN_ROWS:
            caption += f", the first {SHOWN_ROWS} shown"
        head = ("Study", "Of", "Design", "Blinding", "Tool", "Domains", "Overall")
        return notes_below(html_table(caption, head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return every judgement.

        Returns
        -------
        DataFrame
            A row per study (or result), tool, domain and assessor: ``study_id``, ``measure_id``, ``months``
            (NaN for all times), ``design``, ``blinding``, ``tool``, ``domain``, ``judgement`` ("not assessed"
            where nobody judged), ``assessor``, ``support``, ``citekey`` and ``line`` of risk_of_bias.csv.
            ``measure_id`` and ``months`` say of what the judgement is asked; a row of the whole study speaks
            for its results.
        """
        frame = pd.DataFrame([row for study in self.studies for row in _rows(study)], columns=list(COLUMNS))
        return frame.astype({"months": "float64", "line": "Int64"})


def _rows(study: StudyBias) -> Iterator[tuple[object, ...]]:
    known = (study.study_id, study.measure_id, study.months, study.design, study.blinding, study.tool)
    for domain in (*study.domains, study.overall):
        for row in domain.rows:
            said = (row.judgement, row.assessor, row.support, row.citekey, row.line)
            yield (*known, domain.domain, *said)
        if not domain.rows:
            yield (*known, domain.domain, NOT_ASSESSED, "", "", "", pd.NA)


def _cells(study: StudyBias) -> tuple[str, ...]:
    domains = "; ".join(f"{domain.domain}: {domain.words}" for domain in study.domains if domain.rows)
    known = (study.study_id, study.concerns, study.design, study.blinding, study.tool or "none")
    return (*known, domains or NOT_ASSESSED, study.overall.words)


def risk_of_bias(
    evidence: Evidence,
    *,
    tool: str | None = None,
    study: str | None = None,
    measure: str | None = None,
    months: float | None = None,
) -> RiskOfBiasAssessment:
    """Return the risk of bias of studies, or of their results, as people judged it.

    Nothing is derived: a study that nobody judged is "not assessed", assessors who disagree stand side by
    side, and there is an overall judgement only if a row says overall.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    tool : str, optional
        Judgements by this tool only, such as ``"rob2_2019"``.
    study : str, optional
        This study only.
    measure : str, optional
        Of results on this measure: for each domain the most specific row speaks (measure and time, then
        measure, then time, then the study). Without it, every study and each result that rows name.
    months : float, optional
        Of results at this time.

    Returns
    -------
    RiskOfBiasAssessment
        With design and blinding of each study beside.

    Raises
    ------
    UnknownNameError
        If a tool, study or measure is not known.
    InputError
        If `months` is no time.

    References
    ----------
    .. [1] Sterne JAC et al. (2019), RoB 2. https://doi.org/10.1136/bmj.l4898
    .. [2] Sterne JAC et al. (2016), ROBINS-I. https://doi.org/10.1136/bmj.i4919

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> risk_of_bias(load_evidence(), study="freeman2005").to_frame().loc[0, "judgement"]
    'not assessed'
    """
    chosen = None if tool is None else _known_tool(tool)
    studies = evidence.tables["studies"]
    names = studies.text("study_id").tolist()
    if study is not None and study not in names:
        raise UnknownNameError("study", study, names)
    if measure is not None and measure not in evidence.measure_records():
        raise UnknownNameError("measure", measure, sorted(evidence.measure_records()))
    if months is not None and not months >= 0:
        raise InputError(f"months must be a time of 0 or more; found {months}")
    rows: dict[str, list[BiasRow]] = {name: [] for name in names}
    for row in bias_rows(evidence):
        if chosen is None or row.tool == chosen.tool:
            rows[row.study_id].append(row)
    tools = bias_tools()
    asked = None if measure is None and months is None else (measure or "", months)
    facts = zip(names, studies.text("design").tolist(), studies.text("blinding").tolist(), strict=True)
    found = tuple(
        one
        for name, design, blinding in facts
        if study in (None, name)
        for tool_of in _tools_of(rows[name], chosen, tools)
        for one in _by_tool(_Known(name, design, blinding), tool_of, rows[name], asked)
    )
    return RiskOfBiasAssessment(found, tuple(_notes(found)))


def _known_tool(name: str) -> BiasTool:
    found = bias_tool(name)
    if found is None:
        raise UnknownNameError("tool", name, tuple(tool_names()))
    return found


def bias_rows(evidence: Evidence) -> tuple[BiasRow, ...]:
    """Return every judgement of risk_of_bias.csv, with the full name of its tool."""
    table = evidence.tables["risk_of_bias"]
    if not len(table):
        return ()
    tools = tool_names()
    texts = ("study_id", "measure_id", "tool", "domain", "judgement", "support", "assessor", "citekey")
    columns = [table.text(name).tolist() for name in texts]
    return tuple(
        BiasRow(
            study_id=study,
            measure_id=measure,
            months=None if math.isnan(time) else float(time),
            tool=tools[tool],
            domain=domain,
            judgement=judgement,
            support=support,
            assessor=assessor,
            citekey=citekey,
            line=int(line),
        )
        for study, measure, tool, domain, judgement, support, assessor, citekey, time, line in zip(
            *columns, table.months().tolist(), table.lines.tolist(), strict=True
        )
    )


def speaking(
    rows: Sequence[BiasRow], domain: str, *, measure_id: str = "", months: float | None = None
) -> DomainBias:
    """Return what rows of one study and tool say of a domain of a result: the most specific ones speak.

    Parameters
    ----------
    rows : sequence of BiasRow
        Of one study and one tool.
    domain : str
        By its published name, or "overall".
    measure_id : str, optional
        The measure of the result; without it, the study as a whole.
    months : float, optional
        Its time.

    Examples
    --------
    >>> row = BiasRow("a", "", None, "rob2_2019", "overall", "High", "Table 1", "AB", "a2001", 2)
    >>> speaking([row], "overall", measure_id="vas_pain_0_10", months=6.0).judgement
    'High'
    """
    ranked = [
        (specificity, row)
        for row in rows
        if row.domain == domain and (specificity := row.specificity(measure_id, months)) is not None
    ]
    closest = max((specificity for specificity, _ in ranked), default=0)
    return DomainBias(domain, tuple(row for specificity, row in ranked if specificity == closest))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a study without any judgement."""

    study_id: str
    design: str
    blinding: str


def _tools_of(
    rows: Sequence[BiasRow], chosen: BiasTool | None, tools: Mapping[str, BiasTool]
) -> tuple[BiasTool | None, ...]:
    """Return the tools by which a study was judged, else the one asked for."""
    used = {row.tool for row in rows}
    return tuple(tool for name, tool in tools.items() if name in used) or (chosen,)


def _by_tool(
    study: _Known, tool: BiasTool | None, rows: Sequence[BiasRow], asked: tuple[str, float | None] | None
) -> Iterator[StudyBias]:
    """Yield the study, or each of its results that rows name, as one tool judges it."""
    own = [row for row in rows if tool is not None and row.tool == tool.tool]
    units = [asked] if asked else list(dict.fromkeys((row.measure_id, row.months) for row in own))
    for measure_id, months in units or [("", None)]:
        words = (*tool.domains, *tool.applicability) if tool else ()
        domains = tuple(
            speaking(own, domain, measure_id=measure_id, months=months) for domain in names_of(words)
        )
        overall = speaking(own, OVERALL, measure_id=measure_id, months=months)
        yield StudyBias(
            study_id=study.study_id,
            measure_id=measure_id,
            months=months,
            design=study.design,
            blinding=study.blinding,
            tool=tool.tool if tool else "",
            domains=domains,
            overall=overall,
            notes=tuple(_study_notes(tool, study.design, domains, overall)) if tool and own else (),
        )


def _study_notes(
    tool: BiasTool, design: str, domains: Sequence[DomainBias], overall: DomainBias
) -> Iterator[str]:
    if tool.designs and design not in tool.designs:
        yield f"OTHER_DESIGN: {tool.name} was not made for the design {design}"
    apart = [domain.domain for domain in (*domains, overall) if domain.disagree]
    if apart:
        yield f"DISAGREEMENT: assessors differ on {listed(apart)}; their judgements are not merged"
    if tool.overall_at_least_worst:
        for row in overall.rows:
            yield from _too_good(tool, row, domains)


def _too_good(tool: BiasTool, overall: BiasRow, domains: Sequence[DomainBias]) -> Iterator[str]:
    """Note an overall judgement that is better than the same assessor's worst domain."""
    rank = tool.rank(overall.judgement)
    own = [
        (place, row)
        for domain in domains
        for row in domain.rows
        if row.assessor == overall.assessor and (place := tool.rank(row.judgement)) is not None
    ]
    worst = max(own, key=lambda ranked: ranked[0], default=None)
    if rank is not None and worst is not None and rank < worst[0]:
        yield (
            f"OVERALL_TOO_GOOD: overall {overall.judgement} by {overall.assessor}, but {worst[1].domain}: "
            f"{worst[1].judgement}; {tool.name} has the overall judgement at least as bad as the worst domain"
        )


def _notes(studies: Sequence[StudyBias]) -> Iterator[str]:
    names = dict.fromkeys(study.study_id for study in studies)
    done = {study.study_id for study in studies if study.assessed}
    without = len(names) - len(done)
    if without:
        yield f"NOT_ASSESSED: {without} of {count_of(len(names), 'study', 'studies')}; nothing is guessed"
    for study in studies:
        of = "" if study.concerns == "the study" else f", {study.concerns}"
        for note in study.notes:
            yield f"{study.study_id}{of}: {note}"
