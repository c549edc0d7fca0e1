"""Files that appear whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from spineevidence.errors import InputError


def save_files(folder: Path, contents: Mapping[str, bytes], *, without: Sequence[str] = ()) -> None:
    """Write several files so that an interruption leaves the former ones whole.

    All are written into a folder beside their places first and then moved, each in one step; if anything
    fails on the way, what stood there before is put back. Other files in the folder are left alone.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    contents : mapping of str to bytes
        File names, or paths below the folder with "/", and contents.
    without : sequence of str
        Files that are taken away, if they are there.

    Raises
    ------
    InputError
        If a path leads out of the folder.
    OSError
        If the folder or a file in it cannot be written.
    """
    for name in (*contents, *without):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise InputError(f'"{name}" is no place within a folder; give a file name, or a path below it')
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as name:
        new, former = Path(name, "new"), Path(name, "former")
        for file, data in contents.items():
            _room_for(new / file).write_bytes(data)
        for file in (*contents, *without):
            if (folder / file).exists():
                shutil.copy2(folder / file, _room_for(former / file))
        moved: list[str] = []
        try:
            for file in contents:
                moved.append(file)
                (new / file).replace(_room_for(folder / file))
            for file in without:
                moved.append(file)
                _take_away(folder / file)
        except BaseException:
            _put_back(folder, former, moved)
            raise


def _room_for(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _put_back(folder: Path, former: Path, files: Iterable[str]) -> None:
    for file in files:
        if (former / file).exists():
            (former / file).replace(folder / file)
        else:
            _take_away(folder / file)


def _take_away(path: Path) -> None:
    """Remove a file if it is there; below what is no folder there is none."""
    if path.exists():
        path.unlink()
