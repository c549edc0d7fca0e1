"""The descriptor and the dictionary say what the models say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spineevidence.datapackage import BEGIN, END, format_datapackage, format_dictionary, main, with_dictionary
from spineevidence.errors import InputError
from spineevidence.models import TABLES

PACKAGE = json.loads(format_datapackage())
RESOURCES: dict[str, Any] = {resource["name"]: resource for resource in PACKAGE["resources"]}


def field(table: str, name: str) -> Any:
    return next(one for one in RESOURCES[table]["schema"]["fields"] if one["name"] == name)


def test_every_file_and_column_is_described_in_its_order() -> None:
    assert list(RESOURCES) == list(TABLES)
    for name, model in TABLES.items():
        fields = RESOURCES[name]["schema"]["fields"]
        assert [one["name"] for one in fields] == list(model.columns)
        assert all(one["description"] for one in fields), name
        assert RESOURCES[name]["path"] == model.file
        assert RESOURCES[name]["schema"]["primaryKey"] == list(model.key)


def test_types_and_constraints() -> None:
    assert field("outcomes", "value")["type"] == "number"
    assert field("outcomes", "p_value")["type"] == "string"
    assert field("outcomes", "n") | {"description": ""} == {
        "name": "n",
        "type": "integer",
        "description": "",
        "constraints": {"minimum": 1},
    }
    assert field("outcomes", "sd")["constraints"] == {"minimum": 0}
    assert field("claims", "share")["constraints"] == {"minimum": 0, "maximum": 100}
    assert field("outcomes", "locator")["constraints"] == {"required": True}
    assert field("outcomes", "unit")["constraints"] == {"enum": ["days", "weeks", "months", "years"]}
    assert "rct" in field("studies", "design")["constraints"]["enum"]


def test_keys_point_to_other_files() -> None:
    keys = RESOURCES["outcomes"]["schema"]["foreignKeys"]
    assert {"fields": ["study_id"], "reference": {"resource": "studies", "fields": ["study_id"]}} in keys
    assert {
        "fields": ["study_id", "arm"],
        "reference": {"resource": "arms", "fields": ["study_id", "arm"]},
    } in keys
    assert not any("versus" in key["fields"] for key in keys)
    assert "foreignKeys" not in RESOURCES["measures"]["schema"]


def test_the_dictionary_has_a_line_for_each_column() -> None:
    text = format_dictionary()
    for model in TABLES.values():
        section = text.partition(f"### {model.file}\n")[2].partition("\n### ")[0]
        assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == list(
            model.columns
        )
        assert all(line.count("|") == 4 for line in section.splitlines() if line.startswith("|"))


def test_the_section_is_renewed_and_the_rest_kept() -> None:
    readme = f"before\n{BEGIN}\noutdated text\n{END}\nafter\n"
    renewed = with_dictionary(readme)
    assert renewed.startswith(f"before\n{BEGIN}\n")
    assert renewed.endswith(f"{END}\nafter\n")
    assert format_dictionary() in renewed
    assert "outdated text" not in renewed
    assert with_dictionary(renewed) == renewed


@pytest.mark.parametrize("readme", ["", f"{BEGIN}\ntext behind it\n", f"text\n{END}\n"])
def test_a_readme_without_both_marks_is_not_touched(tmp_path: Path, readme: str) -> None:
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    with pytest.raises(InputError, match="lacks the mark"):
        main(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == readme


def test_command(data: Path) -> None:
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    (data / "datapackage.json").unlink()
    readme = (data / "README.md").read_text(encoding="utf-8")
    (data / "README.md").write_text(readme.replace("| `study_id` |", "| `old_name` |"), encoding="utf-8")
    command = [sys.executable, "-m", "spineevidence.datapackage"]
    subprocess.run([*command, str(data)], check=True)
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before
    wrong = subprocess.run(command, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "usage" in wrong.stderr
