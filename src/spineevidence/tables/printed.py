"""`outcomes_by_time`: results of arms and contrasts as printed, with every digit of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from spineevidence.errors import UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.formatting import time_in_words
from spineevidence.results import Result, results_of
from spineevidence.tables.fromevidence import Sources, evidence_table, one_line, said, sources_of, stacked
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Column, Group, Row, cell
from spineevidence.timing import WINDOWS

Times = Literal["windows", "printed"]
TIMES: tuple[str, ...] = ("windows", "printed")
WINDOW_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "<=2wk": "To 2 wk",
        **{window.label: f"{int(window.nominal)} mo" for window in WINDOWS[1:]},
    }
)
BASELINE, LATER, NO_TIME = "Baseline", "Over 180 mo", "No time"
ANALYSES: Mapping[str, str] = MappingProxyType(
    {
        "itt": "Analysed as randomised.",
        "completers": "Completers only.",
        "as_treated": "Analysed as treated, not as allocated.",
        "responders": "Responders only.",
    }
)
ABOUT = "Columns are follow-up windows about so many months (mo) or up to 2 weeks (wk) after the procedure."
SCALE = "The report does not print the scale; it was assumed."
SIGN = "The report does not print which arm was subtracted; the sign was inferred."
MEAN_TIME = "At the mean or median follow-up; no visit."
FIRST_DAY = "On the day of the procedure."
STATISTICS: Mapping[str, str] = MappingProxyType(
    {
        "mean": "",
        "percent": "",
        "finding_only": "",
        "mean_difference": "difference",
        "change_difference": "difference of changes",
        "odds_ratio": "OR",
        "risk_ratio": "RR",
        "risk_difference": "risk difference",
        "hazard_ratio": "HR",
        "smd": "SMD",
    }
)
NUMBERS = ("value", "sd", "se", "ci_low", "ci_high", "p_value", "n", "time", "unit")


@dataclass(frozen=True, slots=True)
class Printed:
    """A result with the texts of its numbers as the report prints them."""

    result: Result
    texts: Mapping[str, str]

    @property
    def time(self) -> str:
        """When, in the unit of the report."""
        number, unit = self.texts["time"], self.texts["unit"]
        return f"{number} {unit[:-1] if number == '1' else unit}" if number else ""

    @property
    def figure(self) -> str:
        """The number with all that is printed beside it, or the finding."""
        texts, result = self.texts, self.result
        unit = " %" if result.statistic == "percent" else ""
        name = STATISTICS.get(result.statistic, said(result.statistic))
        number = f"{name} {texts['value']}{unit}".strip() if texts["value"] else ""
        beside = [f"{words} {texts[key]}" for key, words in (("sd", "SD"), ("se", "SE")) if texts[key]]
        if texts["ci_low"]:
            beside.append(f"95 % CI {texts['ci_low']} to {texts['ci_high']}")
        if texts["p_value"]:
            p = texts["p_value"]
            beside.append(f"p {p if p.startswith('<') else f'= {p}'}")
        if texts["n"]:
            beside.append(f"n {texts['n']}")
        numbers = f"{number} ({', '.join(beside)})" if number and beside else number or ", ".join(beside)
        return "; ".join(filter(None, (numbers, self.finding)))

    @property
    def finding(self) -> str:
        """What the report concludes, with the name of the arm it favours."""
        result = self.result
        names = {"favours_arm": result.arm.arm, "favours_versus": result.versus.arm if result.versus else ""}
        if result.finding in names:
            return f"favours {names[result.finding]}"
        return result.finding.replace("_", " ")


def printed_results(evidence: Evidence) -> tuple[Printed, ...]:
    """Return every result with its printed texts, in the order of the file."""
    table = evidence.tables["outcomes"]
    texts = zip(*(table.text(name).tolist() for name in NUMBERS), strict=True)
    return tuple(
        Printed(result, dict(zip(NUMBERS, row, strict=True)))
        for result, row in zip(results_of(evidence), texts, strict=True)
    )


def outcomes_by_time(evidence: Evidence, *, times: Times = "windows") -> Table:
    """Return the results of arms and contrasts as printed, side by side over time.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection: of a procedure and a domain it fits a page.
    times : {"windows", "printed"}
        A column for each follow-up window, or for each time that a report prints.

    Returns
    -------
    Table
        A row for each study, measure and arm or contrast (first arm minus second), with the places in the
        reports. Numbers keep their digits, and the time of each stands with it. Nothing is converted.

    Raises
    ------
    UnknownNameError
        If `times` is neither word.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> idet = load_evidence().select(procedure="IDET", study="pauza2004", domain="pain")
    >>> outcomes_by_time(idet).to_frame()[["arm", "6mo"]].values.tolist()[0]
    ['idet', '6 months: change -24 (n 32)']
    """
    if times not in TIMES:
        raise UnknownNameError("kind of columns", times, TIMES)
    return outcomes_of(sources_of(evidence), times=times)


def outcomes_of(sources: Sources, *, times: Times = "windows") -> Table:
    """Return the table where the names of studies are known."""
    results = printed_results(sources.evidence)
    columns = _columns(results, times)
    names = sources.names
    groups: dict[str, dict[tuple[str, str, str], list[Printed]]] = {}
    for one in results:
        side = one.result.versus.arm if one.result.versus else ""
        key = (one.result.measure.measure_id, one.result.arm.arm, side)
        groups.setdefault(one.result.study_id, {}).setdefault(key, []).append(one)
    focus = sources.evidence.focus
    name = sources.evidence.procedure_record(focus[0]).name if len(focus) == 1 else ""
    return evidence_table(
        sources,
        caption=f"{name}: results as printed" if name else "Results as printed",
        columns=[
            Column("measure", "Measure"),
            Column("arm", "Arm or contrast"),
            *(Column(key, words) for key, words in columns.items()),
            Column("source", "Place", unit="what was read"),
        ],
        rows=[
            Group(names[study], tuple(_row(own, columns, times) for own in rows.values()))
            for study, rows in sorted(groups.items(), key=lambda one: names[one[0]].text)
        ],
        empty="No result in this selection.",
        notes=[
            "Numbers have the digits of the report. Contrasts are the first arm minus the second.",
            "CI: confidence interval; HR, OR, RR: hazard, odds and risk ratio; n: participants analysed; SD, "
            "SE: standard deviation and error; SMD: standardised mean difference.",
            *([ABOUT] if times == "windows" else []),
        ],
        landscape=True,
    )


def _columns(results: Sequence[Printed], times: Times) -> dict[str, str]:
    """Return keys and headings of the columns that hold anything, in order of time."""
    if times == "windows":
        order = {BASELINE: BASELINE, **WINDOW_WORDS, LATER: LATER, NO_TIME: NO_TIME}
    else:
        months = sorted({one.result.months for one in results if one.result.months})
        order = {
            BASELINE: BASELINE,
            **{time_in_words(when): time_in_words(when) for when in months},
            NO_TIME: NO_TIME,
        }
    held = {_column(one, times) for one in results}
    return {key: words for key, words in order.items() if key in held}


def _column(one: Printed, times: Times) -> str:
    months = one.result.months
    if months is None:
        return NO_TIME
    if months == 0:
        return BASELINE
    if times == "printed":
        return time_in_words(months)
    return one.result.window.label if one.result.window else LATER


def _row(own: Sequence[Printed], columns: Mapping[str, str], times: Times) -> Row:
    first = own[0].result
    versus = f" minus {first.versus.arm}" if first.versus else ""
    cells = [cell(first.measure.name), cell(f"{first.arm.arm}{versus}")]
    for key in columns:
        here = [one for one in own if _column(one, times) == key]
        cells.append(
            cell(
                stacked(_timed(one) if times == "windows" else one.figure for one in here),
                notes=dict.fromkeys(note for one in here for note in _doubts(one.result)),
            )
        )
    places = dict.fromkeys(f"{one.result.locator} ({said(one.result.basis)})" for one in own)
    cites = dict.fromkeys(one.result.citekey for one in own)
    return Row((*cells, cell("; ".join(map(one_line, places)), cites=cites)))


def _timed(one: Printed) -> str:
    return f"{one.time}: {one.figure}" if one.result.months else one.figure


def _doubts(result: Result) -> Iterator[str]:
    """Yield what a reader has to know of a number beside it."""
    if result.analysis in ANALYSES:
        yield ANALYSES[result.analysis]
    if result.scale_assumed:
        yield SCALE
    if result.sign_inferred:
        yield SIGN
    if result.role == "mean_follow_up":
        yield MEAN_TIME
    if result.role == "first_day":
        yield FIRST_DAY
    for odd in result.odd:
        yield f"Odd but possible: {odd}."
