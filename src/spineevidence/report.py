"""The main job: everything that the evidence says about durations, into one folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from spineevidence.errors import UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.plots.described import PICTURE_FORMATS, PictureFormat
from spineevidence.reporting.manifest import (
    MANIFEST,
    MadePart,
    Manifest,
    digest,
    evidence_digest,
    maker_digest,
    read_manifest,
)
from spineevidence.reporting.parts import PARTS, Material, Part
from spineevidence.saving import save_files

Progress = Callable[[str], None]


def build_report(
    evidence: Evidence,
    out: str | Path,
    *,
    only: Sequence[str] = (),
    formats: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Write the whole report into a folder: a page to browse, texts, tables, figures, and every number.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    out : str or Path
        The folder, made if it does not exist. Its former files are replaced only when all new ones are made.
    only : sequence of str, optional
        Names of parts; the others stay as they are.
    formats : sequence of str, optional
        Of figures: "svg", "png", "pdf"; by default all of them.
    progress : callable, optional
        Told what is made, and what need not be.

    Returns
    -------
    tuple of Path
        The files of the parts asked for and ``manifest.json``, which has the digest of each file and of what
        it was made from. The same evidence gives the same bytes. A part that stands as it was made from the
        same evidence, by the same library, is not made again.

    Raises
    ------
    UnknownNameError
        If a part or a format is not known.
    OSError
        If the folder cannot be written; what stood there is left whole.
    """
    tell = progress or (lambda _: None)
    parts, pictures = _chosen(only), _pictures(formats)
    folder = Path(out)
    material, former = Material(evidence, pictures), read_manifest(folder)
    of_evidence, maker = evidence_digest(evidence), maker_digest()
    contents: dict[str, bytes] = {}
    made = dict(former.parts)
    for part in parts:
        key = digest("\n".join((part.name, of_evidence, maker, *pictures)).encode())
        before = former.parts.get(part.name)
        if before is not None and before.stands(folder, key):
            tell(f"{part.what}: unchanged")
            continue
        tell(part.what)
        files = part.make(material)
        contents |= files
        made[part.name] = MadePart(key, {name: digest(data) for name, data in files.items()})
    manifest = Manifest(of_evidence, made).text().encode()
    gone = sorted(_files(former) - _files(Manifest("", made)))
    save_files(folder, {**contents, MANIFEST: manifest}, without=gone)
    return (*(folder / name for part in parts for name in made[part.name].files), folder / MANIFEST)


def _files(manifest: Manifest) -> set[str]:
    return {name for part in manifest.parts.values() for name in part.files}


def _chosen(only: Sequence[str]) -> tuple[Part, ...]:
    known = [part.name for part in PARTS]
    for name in only:
        if name not in known:
            raise UnknownNameError("part of the report", name, known)
    return tuple(part for part in PARTS if not only or part.name in only)


def _pictures(formats: Sequence[str]) -> tuple[PictureFormat, ...]:
    for name in formats:
        if name not in PICTURE_FORMATS:
            raise UnknownNameError("format", name, list(PICTURE_FORMATS))
    return tuple(form for form in PICTURE_FORMATS if not formats or form in formats)
