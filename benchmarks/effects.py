"""Measure a million standardised mean differences against the bare NumPy expression of the same formula.

Both run by turns in one process, and the median counts: ``python benchmarks/effects.py [--rows 1000000]``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from spineevidence import hedges_g
from spineevidence.timing import FloatArray

BAR = 1.5
ROUNDS = 9
SEED = 2024
CLOSED_FORM = 1e-12  # the same arithmetic, with log-gamma once per number of degrees of freedom


@dataclass(frozen=True, slots=True)
class Compared:
    """Seconds of our function and of the bare expression, by turns."""

    name: str
    ours: tuple[float, ...]
    bare: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of ours over that of the bare expression."""
        return statistics.median(self.ours) / statistics.median(self.bare)

    @property
    def line(self) -> str:
        """What is printed."""
        verdict = "pass" if self.ratio <= BAR else "FAIL"
        return f"{self.name}: {self.ratio:.2f} x of the bare expression (bar {BAR:g}) {verdict}"


def two_arms(rows: int) -> dict[str, FloatArray]:
    """Return arms of 5 to 300 patients, always the same."""
    rng = np.random.default_rng(SEED)
    arms: dict[str, FloatArray] = {}
    for arm in ("1", "2"):
        arms[f"m{arm}"] = rng.normal(40, 10, rows)
        arms[f"sd{arm}"] = rng.uniform(5, 20, rows)
        arms[f"n{arm}"] = rng.integers(5, 301, rows).astype(np.float64)
    return arms


def bare_smd(
    *, m1: FloatArray, sd1: FloatArray, n1: FloatArray, m2: FloatArray, sd2: FloatArray, n2: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return effects and variances of unchecked arrays."""
    df = n1 + n2 - 2
    factor = np.exp(gammaln(df / 2) - np.log(df / 2) / 2 - gammaln((df - 1) / 2))
    g = factor * (m1 - m2) / np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def compare(rows: int) -> Compared:
    """Run both by turns, after a first run that counts for nothing and must agree."""
    arms = two_arms(rows)
    effect, (yi, vi) = hedges_g(**arms), bare_smd(**arms)
    np.testing.assert_allclose(effect.yi, yi, rtol=CLOSED_FORM)
    np.testing.assert_allclose(effect.vi, vi, rtol=CLOSED_FORM)
    seconds = [(_timed(lambda: hedges_g(**arms)), _timed(lambda: bare_smd(**arms))) for _ in range(ROUNDS)]
    ours, bare = zip(*seconds, strict=True)
    return Compared(f"{rows:,} SMDs", ours, bare)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="standardised mean differences")
    print(compare(parser.parse_args().rows).line)


if __name__ == "__main__":
    main()
