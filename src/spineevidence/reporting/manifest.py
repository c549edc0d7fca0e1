"""What a report was made from: so that nothing is made twice, and anybody can check what was made."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from spineevidence.evidence import Evidence
from spineevidence.files import format_files

MANIFEST = "manifest.json"
DRAWN_WITH: tuple[str, ...] = (
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "python-docx",
    "lxml",
    "citeproc-py",
    "jinja2",
)
NOT_INSTALLED = ""


@dataclass(frozen=True, slots=True)
class MadePart:
    """One part of a report as it was made.

    Attributes
    ----------
    key : str
        Digest of everything that it depends on.
    files : mapping of str to str
        Its files with the digest of each.
    evidence : str
        Digest of the evidence that it tells of.
    """

    key: str
    files: Mapping[str, str]
    evidence: str

    def stands(self, folder: Path, key: str) -> bool:
        """Whether it need not be made anew: the same inputs, and every file as it was written."""
        return self.key == key and all(_same(folder / name, wanted) for name, wanted in self.files.items())


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts of a report, by name; each tells of the evidence that it was made from."""

    parts: Mapping[str, MadePart]

    def text(self) -> str:
        """Return it as JSON, the same bytes every time."""
        parts = {
            name: {
                "evidence": part.evidence,
                "key": part.key,
                "files": dict(sorted(part.files.items())),
            }
            for name, part in sorted(self.parts.items())
        }
        return json.dumps({"parts": parts}, indent=1, ensure_ascii=False) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder; an empty one if there is none that can be read."""
    try:
        made = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        parts = {
            str(name): MadePart(
                str(part["key"]),
                {str(file): str(of) for file, of in part["files"].items()},
                str(part["evidence"]),
            )
            for name, part in made["parts"].items()
        }
        return Manifest(parts)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Manifest({})


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal digits.

    >>> digest(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def evidence_digest(evidence: Evidence) -> str:
    """Return a digest of everything that an evidence base, or a selection of one, holds."""
    files = format_files(evidence.tables, evidence.references)
    parts = [f"{name} {digest(data)}" for name, data in sorted(files.items())]
    return digest("\n".join([*parts, *evidence.focus, *evidence.notes]).encode())


def maker_digest() -> str:
    """Return a digest of this library and the versions of what it draws and writes with."""
    home = Path(__file__).resolve().parent.parent
    files = sorted(path for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    parts = [f"{path.relative_to(home).as_posix()} {digest(path.read_bytes())}" for path in files]
    parts += [f"{name} {_version(name)}" for name in DRAWN_WITH]
    parts.append(f"python {platform.python_version()}")
    return digest("\n".join(parts).encode())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return NOT_INSTALLED


def _same(path: Path, wanted: str) -> bool:
    try:
        return digest(path.read_bytes()) == wanted
    except OSError:
        return False
