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
from spineevidence.tables.model import FORMATS

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
        Of figures ("svg", "png", "pdf") and of tables ("docx", "tex", "html", "md", "csv"). Where none of a
        kind is named all of that kind are made.
    progress : callable, optional
        Told what is made, what need not be, and which parts that were not asked for tell of other evidence.

    Returns
    -------
    tuple of Path
        The files of the parts asked for and ``manifest.json``, which has the digest of each file and, for
        each part, of the evidence that it was made from. The same evidence gives the same bytes. A part that
        stands as it was made from the same evidence, by the same library, is not made again.

    Raises
    ------
    UnknownNameError
        If a part or a format is not known.
    OSError
        If the folder cannot be written; what stood there is left whole.
    """
    tell = progress or (lambda _: None)
    parts, (pictures, tables) = _chosen(only), _formats(formats)
    folder = Path(out)
    material, former = Material(evidence, pictures, tables), read_manifest(folder)
    of_evidence, maker = evidence_digest(evidence), maker_digest()
    contents: dict[str, bytes] = {}
    made = dict(former.parts)
    for part in parts:
        key = digest("\n".join((part.name, of_evidence, maker, *part.formats(material))).encode())
        before = former.parts.get(part.name)
        if before is not None and before.stands(folder, key):
            tell(f"{part.what}: unchanged")
            continue
        tell(part.what)
        files = part.make(material)
        contents |= files
        digests = {name: digest(data) for name, data in files.items()}
        made[part.name] = MadePart(key, digests, of_evidence)
    for part in PARTS:
        if part.name in made and made[part.name].evidence != of_evidence:
            tell(f"{part.what}: left as it is, made from other evidence")
    manifest = Manifest(made)
    gone = sorted(_files(former) - _files(manifest))
    save_files(folder, {**contents, MANIFEST: manifest.text().encode()}, without=gone)
    return (*(folder / name for part in parts for name in made[part.name].files), folder / MANIFEST)


def _files(manifest: Manifest) -> set[str]:
    return {name for part in manifest.parts.values() for name in part.files}


def _chosen(only: Sequence[str]) -> tuple[Part, ...]:
    known = [part.name for part in PARTS]
    for name in only:
        if name not in known:
            raise UnknownNameError("part of the report", name, known)
    return tuple(part for part in PARTS if not only or part.name in only)


def _formats(formats: Sequence[str]) -> tuple[tuple[PictureFormat, ...], tuple[str, ...]]:
    """Return the formats of figures and of tables."""
    known = (*PICTURE_FORMATS, *FORMATS)
    for name in formats:
        if name not in known:
            raise UnknownNameError("format", name, list(known))
    pictures = tuple(form for form in PICTURE_FORMATS if form in formats)
    tables = tuple(form for form in FORMATS if form in formats)
    return pictures or PICTURE_FORMATS, tables or tuple(FORMATS)
