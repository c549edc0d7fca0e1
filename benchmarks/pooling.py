"""Measure the pooling of thousands of groups against PyMARE, statsmodels and metafor.

``python benchmarks/pooling.py [--groups 10000]``. All run by turns, and the median counts; a peer that is not
installed is left out. Peers that take one group at a time run a sample of the groups, and their time is
scaled. REML with Hartung-Knapp everywhere but in statsmodels, which has neither and pools by Paule-Mandel.
Our time counts sorting the rows into groups, that of the peers does not.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spineevidence.pooling.groups import Places, pool_groups
from spineevidence.timing import FloatArray

SEED = 2024
ROUNDS = 5
SAMPLE = 200  # groups of a peer that takes one at a time
SECONDS = 0.1  # bar of 10,000 groups; it grows with their number
SAME = 1e-3  # relative: the peers stop their search at 1e-4 or so
FEW = 0.01  # of the groups may differ by more: a search may stop early, or at the lower of two maxima
MEMORY = 400e6  # bytes: bar of what pooling 100,000 groups may add to the table
GROWTH = (100, 1_000, 10_000, 100_000)

METAFOR = """
suppressMessages(library(metafor))
d <- read.csv(commandArgs(TRUE)[1])
parts <- split(d, d$group)
invisible(rma(yi, vi, data = parts[[1]], test = "knha"))
seconds <- system.time(for (part in parts) {
  tryCatch(rma(yi, vi, data = part, method = "REML", test = "knha"), error = function(e) NULL)
})[["elapsed"]]
cat(seconds)
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """Seconds of ours and of a peer for the same number of groups; `bar` is the least ratio."""

    name: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    bar: float

    @property
    def ratio(self) -> float:
        """How many times the peer takes as long."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def line(self) -> str:
        """What is printed."""
        verdict = "pass" if self.ratio >= self.bar else "FAIL"
        seconds = f"{statistics.median(self.ours):.3f} s against {statistics.median(self.theirs):.3f} s"
        return f"{self.name}: {seconds}, {self.ratio:.0f} x (bar {self.bar:g}) {verdict}"


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds, or bytes, and the most that they may be."""

    name: str
    values: tuple[float, ...]
    bar: float
    unit: str

    @property
    def ratio(self) -> float:
        """The median."""
        return statistics.median(self.values)

    @property
    def line(self) -> str:
        """What is printed."""
        verdict = "pass" if self.ratio <= self.bar else "FAIL"
        scale, unit = (1e6, "MB") if self.unit == "bytes" else (1.0, "s")
        return f"{self.name}: {self.ratio / scale:.3g} {unit} (bar {self.bar / scale:g} {unit}) {verdict}"


def table(groups: int) -> pd.DataFrame:
    """Return groups of 3 to 30 studies, always the same."""
    rng = np.random.default_rng(SEED)
    k = rng.integers(3, 31, groups)
    group = np.repeat(np.arange(groups), k)
    v = 4 / rng.integers(10, 200, group.size)
    tau2 = rng.choice([0.0, 0.02, 0.05, 0.3], groups)[group]
    return pd.DataFrame({"group": group, "yi": rng.normal(0.4, np.sqrt(v + tau2)), "vi": v})


Parts = list[tuple[FloatArray, FloatArray]]


def parts_of(frame: pd.DataFrame) -> Parts:
    """Return effects and variances of each group, which peers that know no groups are given ready."""
    return [(part["yi"].to_numpy(), part["vi"].to_numpy()) for _, part in frame.groupby("group")]


def by_size(parts: Parts) -> tuple[list[Places], Parts]:
    """Return the places of all groups of each size, and their effects and variances side by side."""
    sizes = np.array([y.size for y, _ in parts])
    places = [np.flatnonzero(sizes == k) for k in np.unique(sizes)]
    stacked = [tuple(np.stack([parts[i][side] for i in some], axis=1) for side in (0, 1)) for some in places]
    return places, stacked  # type: ignore[return-value]


def pymare(parts: Parts) -> list[FloatArray]:
    """Return the estimates of PyMARE; each part holds one group, or all groups of a size side by side."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    found = []
    for y, v in parts:
        fitted = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(Dataset(y=y, v=v))
        found.append(fitted.summary().get_fe_stats()["est"][0])
    return found


def statsmodels(parts: Parts) -> list[float]:
    """Return the estimates of statsmodels by Paule-Mandel, one group at a time."""
    from statsmodels.stats.meta_analysis import combine_effects

    return [float(combine_effects(y, v, method_re="iterated", use_t=True).mean_effect_re) for y, v in parts]


def metafor_seconds(frame: pd.DataFrame) -> float:
    """Return the seconds of metafor's loop, without the start of R."""
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder) / "loop.R", Path(folder) / "data.csv"
        script.write_text(METAFOR, encoding="utf-8")
        frame.to_csv(data, index=False)
        done = subprocess.run(["Rscript", str(script), str(data)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def compare(groups: int) -> Iterator[Compared | Measured]:
    """Yield every comparison, after a first run that counts for nothing and must agree."""
    frame = table(groups)
    sample = frame[frame["group"] < SAMPLE]
    scale = groups / SAMPLE
    pooled = pool_groups(frame, by="group")["b"].to_numpy()

    def ours() -> object:
        return pool_groups(frame, by="group")

    seconds = tuple(timed(ours) for _ in range(ROUNDS))
    yield Measured(f"{groups:,} groups", seconds, SECONDS * max(groups, 10_000) / 10_000, "seconds")
    parts = parts_of(sample)
    if importlib.util.find_spec("pymare"):
        single = [(y[:, None], v[:, None]) for y, v in parts]
        _agree(np.concatenate(pymare(single)), pooled[:SAMPLE])
        turns = _turns(ours, lambda: pymare(single))
        yield _scaled("PyMARE, one group at a time (scaled)", turns, scale, 100)
        places, stacked = by_size(parts_of(frame))
        _agree(np.concatenate(pymare(stacked)), pooled[np.concatenate(places)])
        turns = _turns(ours, lambda: pymare(stacked))
        yield _scaled("PyMARE, all groups of a size at a time, sorted before", turns, 1, 2)
    if importlib.util.find_spec("statsmodels"):
        moments = pool_groups(sample, by="group", method="PM")["b"].to_numpy()
        _agree(np.array(statsmodels(parts)), moments)
        turns = _turns(ours, lambda: statsmodels(parts))
        yield _scaled("statsmodels, one group at a time (scaled)", turns, scale, 10)
    if shutil.which("Rscript"):
        turns = [(timed(ours), metafor_seconds(sample)) for _ in range(ROUNDS)]
        yield _scaled("metafor, one group at a time (scaled)", turns, scale, 300)


def _turns(ours: Callable[[], object], theirs: Callable[[], object]) -> list[tuple[float, float]]:
    return [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]


def _scaled(name: str, turns: list[tuple[float, float]], scale: float, bar: float) -> Compared:
    return Compared(name, tuple(a for a, _ in turns), tuple(b * scale for _, b in turns), bar)


def growth() -> Iterator[Measured]:
    """Yield seconds per number of groups, and the memory that the largest adds."""
    for groups in GROWTH[:-1]:
        frame = table(groups)
        seconds = tuple(timed(lambda data=frame: pool_groups(data, by="group")) for _ in range(ROUNDS))
        yield Measured(
            f"growth, {groups:,} groups", seconds, 2 * SECONDS * max(groups, 1_000) / 10_000, "seconds"
        )
    frame = table(GROWTH[-1])
    seconds = tuple(timed(lambda: pool_groups(frame, by="group")) for _ in range(3))
    yield Measured(f"growth, {GROWTH[-1]:,} groups", seconds, 2 * SECONDS * 10, "seconds")
    yield Measured(f"{GROWTH[-1]:,} groups: peak memory added", (_peak(frame),), MEMORY, "bytes")


def _peak(frame: pd.DataFrame) -> float:
    """Return the bytes that pooling adds at most."""
    tracemalloc.start()
    pool_groups(frame, by="group")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak)


def _agree(theirs: FloatArray, ours: FloatArray) -> None:
    """Stop where a peer gives other numbers in more than a few groups, where its search may have stopped."""
    apart = np.abs(theirs - ours) > SAME * (1 + np.abs(ours))
    if apart.mean() > FEW:
        raise SystemExit(f"{apart.sum()} of {apart.size} groups differ from the peer's")


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=10_000, help="groups of 3 to 30 studies")
    for found in (*growth(), *compare(parser.parse_args().groups)):
        print(found.line, flush=True)


if __name__ == "__main__":
    main()
