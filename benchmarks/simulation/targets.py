"""What each row is expected to give, and whether it does."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ORACLE = Path(__file__).resolve().parents[2] / "tests" / "oracles" / "simulation" / "o09_simulation.json"
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case["expected"] for case in json.loads(ORACLE.read_text(encoding="utf-8"))["cases"]
}
ERRORS = 3.0  # standard errors by which two simulations may differ


@dataclass(frozen=True, slots=True)
class Target:
    """From where to where the result has to lie.

    Attributes
    ----------
    low, high : float
        In units of the result.
    text : str
        As told to the reader.
    replicates : int or None
        Of the other simulation, whose error counts too; None for a range that counts as it stands.
    source : str
        Place in the oracle; empty for figures and promises.
    """

    low: float
    high: float
    text: str
    replicates: int | None = None
    source: str = ""

    def met(self, value: float, spread: float, se: float) -> bool:
        """Return whether a result agrees: `spread` of one replicate, standard error `se`."""
        theirs = 0.0 if self.replicates is None else spread / math.sqrt(self.replicates)
        slack = 0.0 if self.replicates is None else ERRORS * math.hypot(se, theirs)
        return self.low - slack <= value <= self.high + slack


def oracle(case: str, *keys: str) -> Target:
    """Return a range of the oracle; a single number is the least or, by its name, the largest."""
    source = "/".join((case, *keys))
    found: Any = CASES[case]
    for key in keys:
        found = found[key]
    if isinstance(found, list):
        low, high = (float(limit) for limit in found)
        return Target(low, high, f"{low:g} to {high:g}", source=source)
    value = float(found)
    if keys[-1].endswith("_max"):
        return Target(-math.inf, value, f"at most {value:g}", source=source)
    if keys[-1].endswith("_min"):
        return Target(value, math.inf, f"at least {value:g}", source=source)
    return Target(value, value, f"{value:g}", source=source)


def figure(printed: str, *, replicates: int) -> Target:
    """Return a printed figure, or two with "to" between, rounded as they are."""
    ends = printed.split(" to ")
    half = 0.5 * 10.0 ** -len(ends[0].partition(".")[2])
    return Target(float(ends[0]) - half, float(ends[-1]) + half, printed, replicates)


def at_least(value: float) -> Target:
    """Return what is promised whatever any simulation says."""
    return Target(value, math.inf, f"at least {value:g}")
