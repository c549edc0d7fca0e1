"""Judgements of the risk of bias in the layout of robvis: Study, D1 to Dn, Overall, Weight."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from spineevidence.biastools import OVERALL, BiasTool, Word, bias_tool, names_of, spellings, tool_names
from spineevidence.csvfile import CsvFile, read_csv_file
from spineevidence.effectsizes import notes_below
from spineevidence.errors import DataError, InputError, Problem, UnknownNameError, did_you_mean
from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of, html_table, listed
from spineevidence.models import TABLES, RiskOfBias, cell_text
from spineevidence.riskofbias import DomainBias, RiskOfBiasAssessment, StudyBias

STUDY, WHOLE, WEIGHT = "Study", "Overall", "Weight"
NOTHING = ("", "na", "n/a", "x", "-")
NO_INFORMATION = ("no information", "ni")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RobvisImport:
    """What a file in the layout of robvis holds, as rows of risk_of_bias.csv.

    Attributes
    ----------
    tool : str
        The tool with its version.
    rows : tuple of RiskOfBias
        One for each judgement that could be read.
    weights : mapping of str to float
        The column Weight by study; it is no part of risk_of_bias.csv.
    problems : tuple of Problem
        Every cell that gave no row, with its place: errors, and notes on cells that say nothing.
    notes : tuple of str
        What was read in other words than the file's.
    """

    tool: str
    rows: tuple[RiskOfBias, ...]
    weights: Mapping[str, float]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        studies = {row.study_id for row in self.rows}
        wrong = sum(problem.severity == "error" for problem in self.problems)
        return (
            f"<RobvisImport: {count_of(len(self.rows), 'judgement')} of "
            f"{count_of(len(studies), 'study', 'studies')} by {self.tool}, {count_of(wrong, 'defect')}>"
        )

    def _repr_html_(self) -> str:
        head = ("Study", "Domain", "Judgement")
        rows = [(row.study_id, row.domain, row.judgement) for row in self.rows]
        said = (*self.notes, *(f"{p.line}:{p.column}: {p.message}" for p in self.problems))
        return notes_below(html_table(repr(self)[1:-1], head, rows), said)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows with the columns of risk_of_bias.csv, as texts that can be appended to it."""
        columns = TABLES["risk_of_bias"].columns
        cells = [[cell_text(getattr(row, name)) for name in columns] for row in self.rows]
        return pd.DataFrame(cells, columns=list(columns), dtype="str")


def read_robvis(
    path: str | Path, *, tool: str, assessor: str, citekey: str, evidence: Evidence | None = None
) -> RobvisImport:
    """Read judgements in the layout of robvis.

    Parameters
    ----------
    path : str or Path
        A CSV file: a column Study (ids of studies.csv), one column per domain in the order of the tool (D1,
        D2, ... or the names of the domains), and, where known, Overall and Weight.
    tool : str
        The tool with its version, such as ``"rob2_2019"``: the layout does not say.
    assessor : str
        Who judged: the layout does not say.
    citekey : str
        Where the judgements are found.
    evidence : Evidence, optional
        To check that the studies are known; without it their names are taken as they stand.

    Returns
    -------
    RobvisImport
        Rows of risk_of_bias.csv, and every cell that could not be read.

    Raises
    ------
    DataError
        If the file cannot be read, or its columns are not those of the tool.
    UnknownNameError
        If the tool is not known.
    InputError
        If nobody is named as assessor, or no source.

    Notes
    -----
    The layout holds no support for a judgement; the rows say so. Upper and lower case count as equal, and a
    first letter stands for the only judgement that begins with it, as in robvis.

    References
    ----------
    .. [1] McGuinness LA, Higgins JPT (2021), robvis. https://doi.org/10.1002/jrsm.1411
    """
    chosen = _tool(tool)
    for name, word in (("assessor", assessor), ("citekey", citekey)):
        if not word.strip():
            raise InputError(f"{name} is empty; the layout of robvis does not say it, so it must be given")
    file = Path(path)
    source, found = read_csv_file(file)
    broken = [problem for problem in found if problem.severity == "error"]
    if source is None or broken:
        raise DataError(broken)
    fields, wrong = _fields(source, chosen)
    if wrong:
        raise DataError(wrong)
    known = None if evidence is None else evidence.tables["studies"].text("study_id").tolist()
    reader = _Reader(source, chosen, fields, known)
    cells = tuple(reader.judgements())
    rows = tuple(
        RiskOfBias(
            study_id=study,
            tool=chosen.tool,
            domain=domain,
            judgement=judgement,
            support=f"{file.name}, line {line}: the layout of robvis holds no support",
            assessor=assessor,
            citekey=citekey,
        )
        for study, domain, judgement, line in cells
    )
    problems = tuple(sorted((*found, *reader.problems)))
    return RobvisImport(chosen.tool, rows, MappingProxyType(reader.weights), problems, reader.notes())


def to_robvis(
    assessment: RiskOfBiasAssessment,
    *,
    tool: str | None = None,
    assessor: str | None = None,
    weights: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return judgements in the layout of robvis.

    Parameters
    ----------
    assessment : RiskOfBiasAssessment
        One row per study: of several results ask for one, by ``risk_of_bias(measure=..., months=...)``.
    tool : str, optional
        Needed where several were used.
    assessor : str, optional
        Needed where assessors disagree: the layout has room for one judgement.
    weights : mapping of str to float, optional
        By study; without them 1, as robvis advises where none are known.

    Returns
    -------
    DataFrame
        ``Study``, ``D1`` to ``Dn``, ``Overall`` and ``Weight``, texts but for the weight; a cell is empty
        where nobody judged. Studies that nobody judged with the tool have no row.

    Raises
    ------
    InputError
        If the tool or the assessor is not clear, a study stands for several results, or a weight is missing.
    """
    chosen = _tool(tool) if tool is not None else _only_tool(assessment)
    studies = [study for study in assessment.studies if study.tool == chosen.tool and study.assessed]
    several = [name for name, count in Counter(s.study_id for s in studies).items() if count > 1]
    if several:
        raise InputError(
            f"{listed(several)}: several results were judged, and the layout has one row per study; ask for "
            "one result with risk_of_bias(measure=..., months=...)"
        )
    missing = [study.study_id for study in studies if weights is not None and study.study_id not in weights]
    if missing:
        raise InputError(f"weights lack {listed(missing)}; give one for every study, or none")
    columns = [STUDY, *(f"D{place}" for place in range(1, len(chosen.domains) + 1)), WHOLE, WEIGHT]
    rows = [
        [
            study.study_id,
            *_texts(study, len(chosen.domains), assessor),
            1.0 if weights is None else float(weights[study.study_id]),
        ]
        for study in studies
    ]
    return pd.DataFrame(rows, columns=columns)


def _texts(study: StudyBias, count: int, assessor: str | None) -> Iterator[str]:
    for domain in (*study.domains[:count], study.overall):
        rows = tuple(row for row in domain.rows if assessor in (None, row.assessor))
        one = DomainBias(domain.domain, rows)
        if one.disagree:
            raise InputError(
                f"{study.study_id}, {domain.domain}: {one.words}; say whose judgement to take with assessor="
            )
        yield one.judgement


def _tool(name: str) -> BiasTool:
    found = bias_tool(name)
    if found is None:
        raise UnknownNameError("tool", name, tuple(tool_names()))
    return found


def _only_tool(assessment: RiskOfBiasAssessment) -> BiasTool:
    if len(assessment.tools) != 1:
        found = listed(assessment.tools) or "none"
        raise InputError(f"say which tool: tool=...; tools used here: {found}")
    return _tool(assessment.tools[0])


def _fields(source: CsvFile, tool: BiasTool) -> tuple[dict[str, int], list[Problem]]:
    """Return the column of each domain, the whole, the study and the weight, and what is wrong with them."""
    wanted = {f"d{place}": word.name for place, word in enumerate(tool.domains, start=1)}
    wanted |= {_plain(name): word for name, word in spellings(tool.domains).items()}
    wanted |= {name.casefold(): name for name in (STUDY, WEIGHT)} | {WHOLE.casefold(): OVERALL}
    fields: dict[str, int] = {}
    problems = []
    for position, name in enumerate(source.header):
        if not name.strip() and position == 0:
            continue  # R writes the numbers of rows under an empty name
        meaning = wanted.get(_plain(name))
        (place,) = source.places([(-1, position)])
        if meaning is None:
            hint = did_you_mean(name, (STUDY, WHOLE, WEIGHT, *names_of(tool.domains)))
            message = (
                f'column "{name}" is no domain of {tool.name} {tool.version}, which has {len(tool.domains)}'
            )
            problems.append(Problem(source.path, *place, message, hint))
        elif meaning in fields:
            problems.append(
                Problem(source.path, *place, f'column "{name}" stands for "{meaning}" a second time')
            )
        else:
            fields[meaning] = position
    missing = [name for name in (STUDY, *names_of(tool.domains)) if name not in fields]
    if missing:
        message = f"no column for {listed(missing)} ({tool.name} {tool.version})"
        problems.append(Problem(source.path, source.header_line, 1, message))
    return fields, problems


def _plain(text: str) -> str:
    """Return a heading as it was before R put dots for blanks."""
    return " ".join(text.replace(".", " ").casefold().split())


class _Reader:
    """The cells of one file, one after another, with what is found on the way."""

    def __init__(
        self, source: CsvFile, tool: BiasTool, fields: Mapping[str, int], known: Sequence[str] | None
    ) -> None:
        self.problems: list[Problem] = []
        self.weights: dict[str, float] = {}
        self._source = source
        self._tool = tool
        self._fields = fields
        self._known = known
        self._judgements = _with_initials(tool.judgement_words)
        self._read_as: Counter[tuple[str, str]] = Counter()

    def judgements(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield study, domain, judgement and line of each cell that holds a judgement."""
        texts = {name: self._source.columns[at].cells().tolist() for name, at in self._fields.items()}
        first: dict[str, int] = {}
        for row in range(self._source.rows):
            line = int(self._source.lines[row])
            study = texts[STUDY][row].strip()
            if not self._is_study(study, row, first):
                continue
            first[study.casefold()] = line
            self._weigh(study, texts.get(WEIGHT, [""] * self._source.rows)[row], row)
            for domain in (*names_of(self._tool.domains), OVERALL):
                if domain in texts:
                    judgement = self._judgement(texts[domain][row], domain, row)
                    if judgement:
                        yield study, domain, judgement, line

    def notes(self) -> tuple[str, ...]:
        """Return which words were read as others."""
        return tuple(
            f'"{text}" read as "{judgement}" of {self._tool.name} in {count_of(count, "cell")}'
            for (text, judgement), count in sorted(self._read_as.items())
        )

    def _is_study(self, study: str, row: int, first: Mapping[str, int]) -> bool:
        if not study:
            self._report(row, STUDY, "the study is not named")
        elif study.casefold() in first:
            self._report(row, STUDY, f'"{study}" stands on line {first[study.casefold()]} already')
        elif self._known is not None and study not in self._known:
            self._report(row, STUDY, f'"{study}" is no known study', did_you_mean(study, self._known))
        else:
            return True
        return False

    def _weigh(self, study: str, text: str, row: int) -> None:
        if text.strip().casefold() in NOTHING:
            return
        try:
            weight = float(text)
        except ValueError:
            weight = math.nan
        if math.isfinite(weight) and weight >= 0:
            self.weights[study] = weight
        else:
            self._report(row, WEIGHT, f'weight "{text}" is no number of 0 or more')

    def _judgement(self, text: str, domain: str, row: int) -> str:
        plain = " ".join(text.split()).casefold()
        found = self._judgements.get(plain, "")
        if found:
            if plain != found.casefold():
                self._read_as[text.strip(), found] += 1
        elif plain in NOTHING or plain in NO_INFORMATION:
            said = f'"{text.strip()}"' if plain else "an empty cell"
            message = f"{said} is no judgement of {self._tool.name}: {domain} is not assessed"
            self._report(row, domain, message, note=True)
        else:
            names = spellings(self._tool.judgement_words)
            known = ", ".join(dict.fromkeys(names.values()))
            message = f'"{text}" is no judgement of {self._tool.name}; known: {known}'
            self._report(row, domain, message, names.get(did_you_mean(text, names), ""))
        return found

    def _report(self, row: int, field: str, message: str, hint: str = "", *, note: bool = False) -> None:
        (place,) = self._source.places([(row, self._fields[field])])
        self.problems.append(Problem(self._source.path, *place, message, hint, "note" if note else "error"))


def _with_initials(words: Sequence[Word]) -> dict[str, str]:
    """Return every spelling of a judgement in lower case, and first letters that stand for one only."""
    found = {spelling.casefold(): name for spelling, name in spellings(tuple(words)).items()}
    letters = Counter(word.name[0].casefold() for word in words)
    return {
        **{word.name[0].casefold(): word.name for word in words if letters[word.name[0].casefold()] == 1},
        **found,
    }
