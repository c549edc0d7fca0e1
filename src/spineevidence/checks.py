"""Every check of an evidence base, column by column: types, keys, pointers, rules and oddities."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from spineevidence.csvfile import Column, CsvFile
from spineevidence.errors import did_you_mean
from spineevidence.models import (
    NUMBER,
    TABLES,
    BoolArray,
    FloatArray,
    Measure,
    PointsTo,
    Printed,
    Record,
    Rule,
    TableModel,
    points_to,
)
from spineevidence.plausibility import ODDITIES, OF_THE_ARMS, at_odds_with_arms
from spineevidence.table import Rows, Table

SUGGESTIONS = 50  # comparing one word with 50,000 names takes 0.1 s: after so many words, no more hints


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect or oddity of a cell, before its place in the file is looked up."""

    row: int
    column: str
    message: str
    hint: str = ""
    severity: Literal["error", "note"] = "error"


class Known:
    """The names that other tables may point to.

    Parameters
    ----------
    tables, sources : mapping of str to Table, of str to CsvFile
        The files that could be read.
    references : frozenset of str or None
        The cite keys; None if the bibliography could not be read.
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        sources: Mapping[str, CsvFile],
        references: frozenset[str] | None,
    ) -> None:
        self.tables = tables
        self._sources = sources
        self._references = references
        self._hints: dict[tuple[str, str], str] = {}

    def names(self, pointer: PointsTo) -> frozenset[str] | None:
        """Return the texts a pointing cell may hold; None where the other file cannot say.

        A name with a blank too many, or on a row that could not be read, is a defect of the other file only.
        """
        if pointer.table == "references":
            return self._references
        if not self._has(pointer.table, pointer.column):
            return None
        texts = self.tables[pointer.table].columns[pointer.column].texts.tolist()
        guessed = frozenset().union(*self._sources[pointer.table].unreadable)
        return frozenset(texts).union(map(str.strip, texts), guessed, pointer.also) - {""}

    def pairs(self, pointer: PointsTo) -> tuple[Mapping[str, list[str]], frozenset[str]] | None:
        """Return the names (such as arms) of each known owner (such as a study), and those without one.

        The latter stand on rows that could not be read, or whose owner is unknown: a defect of the other file
        only. None where the other files cannot say.
        """
        owner = points_to(TABLES[pointer.table].record, pointer.within)
        owners = self.names(owner) if owner else None
        if owners is None or not self._has(pointer.table, pointer.column, pointer.within):
            return None
        target = self.tables[pointer.table]
        found: dict[str, list[str]] = {name: [] for name in owners}
        strays = set().union(*self._sources[pointer.table].unreadable)
        for outer, inner in zip(target.text(pointer.within), target.text(pointer.column), strict=True):
            if outer.strip() in found:
                found[outer.strip()].append(inner.strip())
            else:
                strays.add(inner.strip())
        return found, frozenset(strays)

    def _has(self, table: str, *columns: str) -> bool:
        return table in self._sources and set(columns) <= set(self._sources[table].header)

    def hint(self, word: str, kind: str, names: Sequence[str] | frozenset[str]) -> str:
        """Return the nearest name, as long as not too many words have been looked up."""
        asked = (kind, word)
        if asked not in self._hints:
            if len(self._hints) >= SUGGESTIONS:
                return ""
            self._hints[asked] = did_you_mean(word, sorted(names))
        return self._hints[asked]


def typed_table(model: TableModel, source: CsvFile) -> tuple[Table, list[Finding]]:
    """Read the columns of a file by the types of its records.

    Returns
    -------
    Table
        All rows; a number that cannot be read is nan.
    list of Finding
        Every cell that is not of its type.
    """
    columns: dict[str, Column] = {}
    numbers: dict[str, FloatArray] = {}
    findings: list[Finding] = []
    for name in model.columns:
        if name not in source.header:
            columns[name] = Column.filled("", source.rows)
            numbers |= {name: np.array([np.nan])} if name in model.number_columns else {}
            continue
        column = source.columns[source.header.index(name)]
        columns[name] = column
        values, wrong = _read_texts(model.record, name, column.texts.tolist())
        if name in model.number_columns:
            numbers[name] = values
        findings += _wrong_cells(column, name, wrong)
    table = Table(model, MappingProxyType(columns), MappingProxyType(numbers), source.lines)
    return table, findings


def _read_texts(
    record: type[Record], name: str, texts: list[str]
) -> tuple[FloatArray, Mapping[int, tuple[str, str]]]:
    """Return the numbers of the texts (nan if none) and, by position, message and hint of the wrong ones."""
    wrong: dict[int, tuple[str, str]] = {}
    good = [position for position, text in enumerate(texts) if text]
    if record.model_fields[name].is_required():
        wrong |= {position: (f"{name} is empty", "") for position, text in enumerate(texts) if not text}
    adapter = _adapter(record, name)
    try:
        values = adapter.validate_python([texts[position] for position in good])
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            position = good[int(error["loc"][0])]
            if position not in wrong:
                hint = _hint(texts[position], error, adapter) if len(wrong) < SUGGESTIONS else ""
                wrong[position] = (_explained(name, texts[position], error), hint)
        good = [position for position in good if position not in wrong]
        values = adapter.validate_python([texts[position] for position in good])
    numbers = np.full(len(texts), np.nan)
    if values and isinstance(values[0], int | float):
        numbers[good] = np.asarray(values, dtype=float)
    return numbers, wrong


def _adapter(record: type[Record], name: str) -> TypeAdapter[list[Any]]:
    field = record.model_fields[name]
    annotation: Any = field.annotation
    for mark in field.metadata:
        annotation = Annotated[annotation, mark]
    return TypeAdapter(list[annotation])


def _explained(name: str, text: str, error: ErrorDetails) -> str:
    """Return our words for what pydantic found."""
    kind = error["type"]
    limits = error.get("ctx", {})
    if kind == "literal_error":
        return f'{name} "{text}" is not one of {", ".join(_vocabulary(limits["expected"]))}'
    if kind == "greater_than_equal":
        below = "is negative" if limits["ge"] == 0 else f"is below {limits['ge']}"
        return f"{name} {text} {below}"
    if kind == "less_than_equal":
        return f"{name} {text} is above {limits['le']}"
    if kind == "string_pattern_mismatch":
        return f'{name} "{text}" {_misformed(text, limits["pattern"])}'
    if kind == "value_error":
        return f'{name} "{text}" {limits["error"]}'
    return f'{name} "{text}": {error["msg"]}'


def _vocabulary(expected: str) -> list[str]:
    return [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]


def _misformed(text: str, pattern: str) -> str:
    if not text.strip():
        return "holds nothing but blanks"
    if ";" in text:
        empty = any(not part.strip() for part in text.split(";"))
        return "has an empty item between semicolons" if empty else "is one name, but holds a semicolon"
    return "begins or ends with a blank" if text != text.strip() else f"does not match {pattern}"


def _hint(text: str, error: ErrorDetails, adapter: TypeAdapter[list[Any]]) -> str:
    """Return the nearest text that would be valid, or nothing."""
    if error["type"] == "literal_error":
        return did_you_mean(text, _vocabulary(error["ctx"]["expected"]))
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    items = ";".join(part.strip() for part in plain.split(";") if part.strip())
    for candidate in (plain, plain.replace(",", "."), items):
        if candidate and candidate != text:
            try:
                adapter.validate_python([candidate])
            except ValidationError:
                continue
            return candidate
    return ""


def _wrong_cells(column: Column, name: str, wrong: Mapping[int, tuple[str, str]]) -> Iterator[Finding]:
    for row in _rows_with(column, wrong.keys()):
        yield Finding(row, name, *wrong[int(column.codes[row])])


def check_table(table: Table, known: Known, present: frozenset[str]) -> Iterator[Finding]:
    """Find every defect and oddity that takes more than one cell to see.

    Parameters
    ----------
    table : Table
        The rows, typed.
    known : Known
        What they may point to.
    present : frozenset of str
        Columns that stand in the file; checks of the others would only repeat that they are missing.
    """
    if not len(table):
        return
    for name in table.model.columns:
        pointer = points_to(table.model.record, name)
        if pointer is not None and name in present:
            yield from _dangling(table, name, pointer, known)
    if present.issuperset(table.model.key):
        yield from _repeated(table)
    if table.model.name == "procedures":
        yield from _shared_names(table)
    if table.model.name == "claims" and "procedures" in known.tables:
        yield from _wrong_roles(table, known.tables["procedures"])
    cells = TableCells(table, known.tables, present)
    for rule in table.model.record.RULES:
        yield from _broken(rule, cells, "error")
    for rule in ODDITIES.get(table.model.name, ()):
        yield from _broken(rule, cells, "note")
    if table.model.name == "outcomes":
        yield from _contrasts_at_odds(cells, present)


def _dangling(table: Table, name: str, pointer: PointsTo, known: Known) -> Iterator[Finding]:
    if pointer.within:
        yield from _dangling_within(table, name, pointer, known)
        return
    names = known.names(pointer)
    if names is None:
        return
    column = table.columns[name]
    is_list = name in table.model.list_columns
    missing: dict[int, list[str]] = {}
    for code, text in enumerate(column.texts.tolist()):
        words = text.split(";") if is_list else (text,)
        absent = [word.strip() for word in words if word.strip() and word.strip() not in names]
        if absent:
            missing[code] = absent
    what = _WHAT.get((pointer.table, pointer.column), pointer.column)
    for row in _rows_with(column, missing):
        for word in missing[int(column.codes[row])]:
            yield Finding(row, name, f'{name} "{word}" is no known {what}', known.hint(word, what, names))


_WHAT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("references", "key"): "cite key",
        ("procedures", "procedure_id"): "procedure",
        ("measures", "measure_id"): "measure",
        ("studies", "study_id"): "study",
    }
)


def _rows_with(column: Column, codes: Collection[int]) -> list[int]:
    """Return the rows whose text is one of those with the given codes."""
    if not codes:
        return []
    wanted = np.zeros(len(column.texts), dtype=bool)
    wanted[list(codes)] = True
    rows: list[int] = np.flatnonzero(wanted[column.codes]).tolist()
    return rows


def _dangling_within(table: Table, name: str, pointer: PointsTo, known: Known) -> Iterator[Finding]:
    """Find names (such as of an arm) that no row of the other table has for their owner (such as a study)."""
    known_pairs = known.pairs(pointer)
    if known_pairs is None:
        return
    pairs, strays = known_pairs
    first, inverse = _distinct_pairs(table, pointer.within, name)
    wrong: dict[int, Finding] = {}
    owners, texts = table.text_at(pointer.within, first), table.text_at(name, first)
    for position, (owner, text) in enumerate(zip(map(str.strip, owners), map(str.strip, texts), strict=True)):
        if text and owner in pairs and text not in pairs[owner] and text not in strays:
            listed = ", ".join(pairs[owner]) or "none"
            hint = known.hint(text, owner, pairs[owner])
            message = f'study "{owner}" has no arm "{text}"; its arms: {listed}'
            wrong[position] = Finding(int(first[position]), name, message, hint)
    if wrong:
        for row in np.flatnonzero(np.isin(inverse, list(wrong))).tolist():
            yield replace(wrong[int(inverse[row])], row=row)


def _distinct_pairs(table: Table, outer: str, inner: str) -> tuple[Rows, Rows]:
    """Return the first row of each distinct pair of texts, and for each row the position of its pair."""
    width = max(len(table.columns[inner].texts), 1)
    joint = table.columns[outer].codes.astype(np.int64) * width + table.columns[inner].codes
    positions, distinct = pd.factorize(joint)
    first = np.empty(len(distinct), dtype=np.intp)
    first[positions[::-1]] = np.arange(len(joint))[::-1]
    return first, positions


def _repeated(table: Table) -> Iterator[Finding]:
    """Find rows whose key stands on an earlier row, upper and lower case counted as equal."""
    key = _joint_codes(table, table.model.key)
    repeated = pd.Series(key).duplicated().to_numpy() & table.filled(table.model.key[0])
    if not repeated.any():
        return
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    names = ", ".join(table.model.key)
    for row in np.flatnonzero(repeated).tolist():
        earlier = int(first[inverse[row]])
        line = int(table.lines[earlier])
        same = all(column.codes[row] == column.codes[earlier] for column in table.columns.values())
        message = f"the row repeats line {line}" if same else f"the key ({names}) is that of line {line}"
        yield Finding(row, table.model.key[0], message)


def _joint_codes(table: Table, names: Sequence[str]) -> NDArray[np.int64]:
    """Return codes that are equal for rows equal in all the columns, shape (rows,)."""
    joint = np.zeros(len(table), dtype=np.int64)
    size = 1
    for name in names:
        codes, count = _folded_codes(table, name)
        if size * count >= 2**62:
            positions, distinct = pd.factorize(joint)
            joint, size = positions.astype(np.int64), len(distinct)
        joint = joint * count + codes
        size *= count
    return joint


def _folded_codes(table: Table, name: str) -> tuple[NDArray[np.int64], int]:
    """Return codes that are equal for texts equal but for case, or for numbers equal but for digits."""
    column = table.columns[name]
    texts = column.texts.tolist()
    numbers = table.numbers.get(name)
    folded = [
        text.casefold() if numbers is None or np.isnan(numbers[i]) else repr(float(numbers[i]))
        for i, text in enumerate(texts)
    ]
    codes, distinct = pd.factorize(np.array(folded, dtype=object))
    return codes.astype(np.int64)[column.codes], max(len(distinct), 1)


def _shared_names(table: Table) -> Iterator[Finding]:
    """Find names by which two procedures would answer the same look-up."""
    owners: dict[str, str] = {}
    for row in range(len(table)):
        own = str(table.columns["procedure_id"].texts[table.columns["procedure_id"].codes[row]])
        for column in ("procedure_id", "name", "abbreviation", "synonyms"):
            cell = str(table.columns[column].texts[table.columns[column].codes[row]])
            for word in filter(None, (part.strip() for part in cell.split(";"))):
                owner = owners.setdefault(word.casefold(), own)
                if owner != own:
                    yield Finding(row, column, f'"{word}" already names the procedure "{owner}"')


def _wrong_roles(claims: Table, procedures: Table) -> Iterator[Finding]:
    """Find claims about a control, and claims that compare with what is none.

    A procedure whose role and class contradict each other is a defect of the other file only.
    """
    names, classed = procedures.text("procedure_id"), procedures.filled("comparator_class")
    control = procedures.among("role", ("control",))
    controls = set(names[control & classed])
    treatments = set(names[~control & procedures.filled("role") & ~classed])
    wrong = (
        ("procedure_id", controls, "is a control; a claim is about a procedure"),
        ("comparator", treatments, "is no control; use any, a comparator class or a control"),
    )
    for name, words, message in wrong:
        cells = claims.text(name)
        for row in np.flatnonzero(claims.among(name, words)).tolist():
            yield Finding(row, name, f'{name} "{cells[row]}" {message}')


def _broken(rule: Rule, cells: TableCells, severity: Literal["error", "note"]) -> Iterator[Finding]:
    table = cells.table
    cells.missing.clear()
    rows = np.flatnonzero(rule.broken(cells)).tolist()
    if cells.missing:
        return
    suggest = _Suggestions(rule)
    for row in rows:
        texts = {name: column.texts[column.codes[row]] for name, column in table.columns.items()}
        known, hint = suggest(texts)
        message = rule.message.format(**texts) + (f"; known: {', '.join(known)}" if known else "")
        yield Finding(row, rule.column, message, hint, severity=severity)


class _Suggestions:
    """The words that would be right in the place of a wrong one, each set of them made once."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._spelt: dict[str, Mapping[str, str]] = {}
        self._hints: dict[tuple[str, str], str] = {}

    def __call__(self, texts: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
        """Return the words that are right, and the nearest one."""
        if self._rule.words is None:
            return (), ""
        given, word = texts.get(self._rule.given, ""), texts[self._rule.column]
        if given not in self._spelt:
            self._spelt[given] = self._rule.words(given)
        spelt = self._spelt[given]
        known = tuple(dict.fromkeys(spelt.values()))
        if (given, word) not in self._hints and len(self._hints) < SUGGESTIONS:
            begun = sum(name.startswith(word) for name in known)  # several versions: none is meant
            self._hints[given, word] = "" if begun > 1 else spelt.get(did_you_mean(word, spelt), "")
        return known, self._hints.get((given, word), "")


class TableCells:
    """The rows of a table as `Rule` sees them, with columns of other tables joined on.

    What is asked of a column that the file lacks is kept in `missing`: an answer that rests on it is none.
    """

    def __init__(self, table: Table, tables: Mapping[str, Table], present: frozenset[str]) -> None:
        self.table = table
        self.missing: set[str] = set()
        self._tables = tables
        self._present = present
        self._cache: dict[str, FloatArray] = {}

    def _ask(self, *columns: str) -> None:
        self.missing.update(column for column in columns if "." not in column and column not in self._present)

    def number(self, column: str) -> FloatArray:
        """Return numbers of a column, of this table or (``"measures.minimum"``) of the row it points to."""
        self._ask(column)
        if column not in self._cache:
            self._cache[column] = self._joined(column) if "." in column else self.table.number(column)
        return self._cache[column]

    def filled(self, column: str) -> BoolArray:
        """Return which cells hold anything."""
        self._ask(column)
        return self.table.filled(column)

    def among(self, column: str, words: tuple[str, ...]) -> BoolArray:
        """Return which cells hold one of the words."""
        self._ask(column)
        return self.table.among(column, words)

    def equal(self, left: str, right: str) -> BoolArray:
        """Return where two columns hold the same text."""
        self._ask(left, right)
        first, second = self.table.columns[left], self.table.columns[right]
        numbers = {text: code for code, text in enumerate(second.texts.tolist())}
        translated = np.array([numbers.get(text, -1) for text in first.texts.tolist()], dtype=np.int64)
        same: BoolArray = translated[first.codes] == second.codes
        return same

    def decimals(self, column: str) -> FloatArray:
        """Return the digits printed behind the decimal point of each number."""
        self._ask(column)
        cells = self.table.columns[column]
        digits = [
            float(Printed(text).decimals) if NUMBER.fullmatch(text) else 0.0 for text in cells.texts.tolist()
        ]
        return np.array(digits)[cells.codes]

    def _joined(self, column: str) -> FloatArray:
        name, _, wanted = column.partition(".")
        if name not in self._tables:
            return np.full(len(self.table), np.nan)
        return _JOINS[name](self.table, self._tables[name], wanted)


def _from_measure(table: Table, measures: Table, wanted: str) -> FloatArray:
    if wanted == "whole_items":
        values = np.array([_counts_whole_items(measures, row) for row in range(len(measures))], dtype=float)
    else:
        values = measures.number(wanted)
    by_name = dict(zip(measures.text("measure_id"), values.tolist(), strict=True))
    cells = table.columns["measure_id"]
    here: FloatArray = np.array([by_name.get(text, np.nan) for text in cells.texts], dtype=float)[cells.codes]
    return here


def _counts_whole_items(measures: Table, row: int) -> bool:
    name, definition = (
        measures.columns[c].texts[measures.columns[c].codes[row]] for c in ("name", "definition")
    )
    return Measure.counts_whole_items_by(name, definition)


def _from_arm(table: Table, arms: Table, wanted: str) -> FloatArray:
    names = zip(arms.text("study_id"), arms.text("arm"), strict=True)
    values = dict(zip(names, arms.number(wanted).tolist(), strict=True))
    first, inverse = _distinct_pairs(table, "study_id", "arm")
    pairs = zip(table.text_at("study_id", first), table.text_at("arm", first), strict=True)
    found = np.array([values.get(pair, np.nan) for pair in pairs], dtype=float)
    here: FloatArray = found[inverse]
    return here


_JOINS: Mapping[str, Callable[[Table, Table, str], FloatArray]] = MappingProxyType(
    {"measures": _from_measure, "arms": _from_arm}
)


SAME_RESULT = ("study_id", "measure_id", "time", "unit", "analysis")


def _contrasts_at_odds(cells: TableCells, present: frozenset[str]) -> Iterator[Finding]:
    """Find printed differences that are far from that of the printed figures of their arms."""
    table = cells.table
    if not present.issuperset((*SAME_RESULT, "arm", "versus", "statistic", "value", "ci_low", "ci_high")):
        return
    same = pd.factorize(_joint_codes(table, SAME_RESULT))[0]
    for statistic, of_arm in OF_THE_ARMS.items():
        rows = np.flatnonzero(table.among("statistic", (statistic,)))
        if not len(rows):
            continue
        figures = _figures_of(table, of_arm, same)
        own, other = (figures(rows, side) for side in ("arm", "versus"))
        half = (cells.number("ci_high") - cells.number("ci_low"))[rows] / 2
        scale = (cells.number("measures.maximum") - cells.number("measures.minimum"))[rows]
        printed = table.number("value")[rows]
        odd = at_odds_with_arms(printed=printed, from_arms=own - other, half_width=half, scale=scale)
        texts = zip(table.text_at("value", rows[odd]), table.text_at("versus", rows[odd]), strict=True)
        for row, gap, (value, versus) in zip(rows[odd].tolist(), (own - other)[odd], texts, strict=True):
            from_arms = f'that of the arms\' own figures ({gap:.4g} against "{versus}")'
            message = f"{statistic} {value} is far from {from_arms}"
            yield Finding(row, "value", message, severity="note")


def _figures_of(table: Table, statistic: str, same: Rows) -> Callable[[Rows, str], FloatArray]:
    """Return a look-up, by contrast rows and side, of the figures printed of the arms; nan where none is."""
    arms = table.columns["arm"]
    width = len(arms.texts)
    rows = np.flatnonzero(table.among("statistic", (statistic,)))
    figures = pd.Series(table.number("value")[rows], index=same[rows] * width + arms.codes[rows])
    figures = figures[~figures.index.duplicated()]

    def look_up(contrasts: Rows, side: str) -> FloatArray:
        cells = table.columns[side]
        as_arm = pd.Index(arms.texts).get_indexer(pd.Index(cells.texts))[cells.codes[contrasts]]
        keys = np.where(as_arm < 0, -1, same[contrasts] * width + as_arm)
        return np.asarray(figures.reindex(keys), dtype=np.float64)

    return look_up
