"""The data dictionary and the Frictionless descriptor of an evidence base, generated from the models.

``python -m spineevidence.datapackage FOLDER`` writes both into a folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from spineevidence.errors import InputError
from spineevidence.models import TABLES, PValue, TableModel, cell_type, markers_of, points_to
from spineevidence.saving import save_files

BEGIN = "<!-- dictionary: generated, do not edit below -->"
END = "<!-- dictionary: end -->"
SCHEMA_TYPES: Mapping[str, str] = MappingProxyType(
    {"Printed": "number", "PValue": "string", "int": "integer", "str": "string", "tuple": "string"}
)


def format_datapackage(names: Iterable[str] = TABLES) -> str:
    """Return the text of ``datapackage.json`` (Frictionless Data Package v1).

    Parameters
    ----------
    names : iterable of str, optional
        The tables whose files are there: a package may name no file that is missing.

    References
    ----------
    .. [1] https://specs.frictionlessdata.io/data-package/
    """
    package = {
        "profile": "tabular-data-package",
        "name": "spineevidence",
        "title": "Published evidence on interventional procedures for back pain",
        "licenses": [{"name": "MIT", "title": "MIT License"}],
        "resources": [_resource(TABLES[name]) for name in names],
    }
    return json.dumps(package, indent=1, ensure_ascii=False) + "\n"


def _resource(model: TableModel) -> dict[str, Any]:
    keys = [key for name in model.columns if (key := _foreign_key(model, name))]
    schema: dict[str, Any] = {
        "fields": [_field(model, name) for name in model.columns],
        "missingValues": [""],
        "primaryKey": list(model.key),
    }
    if keys:
        schema["foreignKeys"] = keys
    return {
        "name": model.name,
        "path": model.file,
        "profile": "tabular-data-resource",
        "title": f"One row is {model.title}",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
        "schema": schema,
    }


def _field(model: TableModel, name: str) -> dict[str, Any]:
    kind = cell_type(model.record, name)
    field = model.record.model_fields[name]
    described: dict[str, Any] = {
        "name": name,
        "type": SCHEMA_TYPES[kind.__name__],
        "description": description_of(model, name),
    }
    constraints: dict[str, Any] = {}
    if field.is_required():
        constraints["required"] = True
    if words := vocabulary(field.annotation):
        constraints["enum"] = list(words)
    if kind is not tuple:
        for mark in markers_of(model.record, name):
            for part in mark.metadata if isinstance(mark, FieldInfo) else (mark,):
                if isinstance(part, Ge):
                    constraints["minimum"] = part.ge
                if isinstance(part, Le):
                    constraints["maximum"] = part.le
    if constraints:
        described["constraints"] = constraints
    return described


def _foreign_key(model: TableModel, name: str) -> dict[str, Any] | None:
    pointer = points_to(model.record, name)
    single = pointer is not None and cell_type(model.record, name) is not tuple
    if pointer is None or not single or pointer.also or pointer.table not in TABLES:
        return None
    if pointer.column not in TABLES[pointer.table].key:
        return None
    if pointer.within and not model.record.model_fields[name].is_required():
        return None  # Frictionless would look for a pair with an empty half
    outer = [pointer.within] if pointer.within else []
    return {
        "fields": [*outer, name],
        "reference": {"resource": pointer.table, "fields": [*outer, pointer.column]},
    }


def vocabulary(annotation: Any) -> tuple[str, ...]:
    """Return the words that a closed vocabulary allows, or nothing."""
    if get_origin(annotation) is Literal:
        return tuple(get_args(annotation))
    return next((words for part in get_args(annotation) if (words := vocabulary(part))), ())


def description_of(model: TableModel, name: str) -> str:
    """Return what a column holds, in words."""
    return next(
        (
            mark.description
            for mark in (model.record.model_fields[name], *markers_of(model.record, name))
            if isinstance(mark, FieldInfo) and mark.description
        ),
        "",
    )


def format_dictionary() -> str:
    """Return the data dictionary as Markdown: a table per file, a line per column."""
    return "\n".join(line for model in TABLES.values() for line in _dictionary_of(model))


def _dictionary_of(model: TableModel) -> list[str]:
    lines = [
        f"### {model.file}",
        "",
        f"One row is {model.title}. Key: {', '.join(f'`{name}`' for name in model.key)}."
        + (" The file may be missing." if model.optional else ""),
        "",
        "| column | cells | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {_cells_in_words(model, name)} | {description_of(model, name)} |"
        for name in model.columns
    ]
    return [*lines, ""]


def _cells_in_words(model: TableModel, name: str) -> str:
    field = model.record.model_fields[name]
    kind = cell_type(model.record, name)
    pointer = points_to(model.record, name)
    if words := vocabulary(field.annotation):
        cells = ", ".join(f"`{word}`" for word in words)
    elif kind is tuple:
        cells = "list with `;`"
    elif kind is PValue:
        cells = "p-value"
    else:
        cells = {"Printed": "number", "int": "whole number", "str": "text"}[kind.__name__]
    if pointer is not None:
        where = "references.bib" if pointer.table == "references" else f"{pointer.table}.csv"
        cells += f" (from {where})"
    return cells if field.is_required() else f"{cells}; may be empty"


def with_dictionary(readme: str) -> str:
    """Return the text of a README with the dictionary between its two marks renewed.

    Raises
    ------
    InputError
        If a mark is missing: what stands behind the dictionary must not get lost.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f'the README lacks the mark "{END if begin else BEGIN}" of the data dictionary')
    return f"{before}{BEGIN}\n\n{format_dictionary()}\n{END}{after}"


def main(folder: Path) -> None:
    """Write ``datapackage.json`` and the dictionary inside ``README.md`` of a folder."""
    readme = with_dictionary((folder / "README.md").read_text(encoding="utf-8"))
    names = [name for name, model in TABLES.items() if not model.optional or (folder / model.file).exists()]
    save_files(folder, {"datapackage.json": format_datapackage(names).encode(), "README.md": readme.encode()})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m spineevidence.datapackage FOLDER")
    main(Path(sys.argv[1]))
