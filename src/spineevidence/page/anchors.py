"""Places in the page: names from the data as identifiers that can neither clash nor break out of markup."""

from __future__ import annotations

import re

_ELSE = re.compile(r"[^A-Za-z0-9_-]")


def token(name: str) -> str:
    """Return a name as a word of ASCII letters, digits, "_" and "-"; other characters by their number.

    >>> token("kemler2000"), token("<=2wk"), token("a.b")
    ('kemler2000', '.3c..3d.2wk', 'a.2e.b')
    """
    return _ELSE.sub(lambda found: f".{ord(found[0]):x}.", name)


def anchor(kind: str, *names: str | int) -> str:
    """Return the identifier of a place: different names never give the same.

    >>> anchor("line", "idet", "placebo", "pain"), anchor("row", 852)
    ('line:idet:placebo:pain', 'row:852')
    """
    return ":".join((kind, *(token(str(name)) for name in names)))
