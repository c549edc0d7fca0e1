"""Files appear whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spineevidence.saving import save_files

FORMER = {"a.csv": b"old a\n", "b.csv": b"old b\n", "notes.txt": b"kept\n"}
NEW = {"a.csv": b"new a\n", "b.csv": b"new b\n", "c.csv": b"new c\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in FORMER.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() if path.is_file() else b"a folder" for path in folder.iterdir()}


def interrupt(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, calls: set[int]) -> Callable[[], int]:
    """Raise KeyboardInterrupt at these calls of a function."""
    original = getattr(owner, name)
    count = 0

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count in calls:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, interrupted)
    return lambda: count


def test_all_files_are_written_and_others_left_alone(folder: Path) -> None:
    save_files(folder, NEW)
    assert contents(folder) == FORMER | NEW


def test_a_folder_is_made(tmp_path: Path) -> None:
    save_files(tmp_path / "new" / "folder", NEW)
    assert contents(tmp_path / "new" / "folder") == NEW


@pytest.mark.parametrize("step", range(1, 4))
@pytest.mark.parametrize(("owner", "name"), [(Path, "replace"), (Path, "write_bytes"), (shutil, "copy2")])
def test_an_interruption_at_any_step_leaves_the_former_files_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, step: int
) -> None:
    if name == "copy2" and step > 2:
        pytest.skip("only two files were there before")
    calls = interrupt(monkeypatch, owner, name, {step})
    with pytest.raises(KeyboardInterrupt):
        save_files(folder, NEW)
    assert calls() >= step
    assert contents(folder) == FORMER


@pytest.mark.parametrize("second", range(3, 6))
def test_a_second_interruption_leaves_each_file_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, second: int
) -> None:
    interrupt(monkeypatch, Path, "replace", {3, second + 1})
    with pytest.raises(KeyboardInterrupt):
        save_files(folder, NEW)
    after = contents(folder)
    assert after.keys() <= FORMER.keys() | NEW.keys()
    assert all(data in (FORMER.get(name), NEW.get(name)) for name, data in after.items())
    assert after.keys() >= FORMER.keys()


def test_a_folder_in_the_place_of_a_file(folder: Path) -> None:
    (folder / "c.csv").mkdir()
    with pytest.raises(OSError, match=r"c\.csv"):
        save_files(folder, NEW)
    assert contents(folder) == FORMER | {"c.csv": b"a folder"}


def test_a_file_in_the_place_of_the_folder(folder: Path) -> None:
    with pytest.raises(OSError, match=r"notes\.txt"):
        save_files(folder / "notes.txt", NEW)
    assert contents(folder) == FORMER


def test_a_file_in_a_folder_below_is_written_and_put_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_files(folder, {"below/x.csv": b"x\n"})
    assert (folder / "below" / "x.csv").read_bytes() == b"x\n"
    interrupt(monkeypatch, Path, "replace", {2})
    with pytest.raises(KeyboardInterrupt):
        save_files(folder, {"below/x.csv": b"new x\n", "below/deep/y.csv": b"y\n"})
    assert (folder / "below" / "x.csv").read_bytes() == b"x\n"
    assert not (folder / "below" / "deep" / "y.csv").exists()
