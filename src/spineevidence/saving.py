"""Files that appear whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def save_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write several files so that an interruption leaves the former ones whole.

    All are written into a folder beside their places first and then moved, each in one step; if anything
    fails on the way, what stood there before is put back. Other files in the folder are left alone.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    contents : mapping of str to bytes
        File names and contents.

    Raises
    ------
    OSError
        If the folder or a file in it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as name:
        new, former = Path(name, "new"), Path(name, "former")
        new.mkdir()
        former.mkdir()
        for file, data in contents.items():
            (new / file).write_bytes(data)
            if (folder / file).exists():
                shutil.copy2(folder / file, former / file)
        moved: list[str] = []
        try:
            for file in contents:
                moved.append(file)
                (new / file).replace(folder / file)
        except BaseException:
            _put_back(folder, former, moved)
            raise


def _put_back(folder: Path, former: Path, files: Iterable[str]) -> None:
    for file in files:
        if (former / file).exists():
            (former / file).replace(folder / file)
        else:
            (folder / file).unlink(missing_ok=True)
