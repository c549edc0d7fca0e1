"""Measure models over time against metafor, and the joint model against its bar.

``python benchmarks/longitudinal.py``. Ours and the peer run by turns, and the median counts; without R and
metafor the comparison is left out, and that is said. Both sides fit the same data by REML and must agree: the
log-likelihood of ours may not be lower.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pooling import Compared, Measured, timed
from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas.covariances import visit_covariance
from spineevidence.lineage import Effect
from spineevidence.longitudinal.course import pool_over_time
from spineevidence.longitudinal.engines import fitted
from spineevidence.longitudinal.inputs import RandomTerm
from spineevidence.longitudinal.multilevel import fit_multilevel
from spineevidence.longitudinal.multilevelfit import MultilevelFit
from spineevidence.longitudinal.workingmodel import working_model
from spineevidence.timing import FloatArray, window_of

SEED = 2024
ROUNDS = 5
STUDIES, TIMES = 46, (3.0, 6.0, 12.0, 24.0)
FEW_STUDIES, WINDOWS = 8, (1.0, 3.0, 6.0, 12.0, 24.0)
TIMES_AS_FAST = 10
ONE_FIT = 0.05  # seconds of a half-normal fit with the effects and intervals of its windows
WHOLE = 0.5  # seconds of pool_over_time: four such fits, the curve and the notes
LOWER = 1e-4  # log-likelihood: metafor stops its search early
LEVEL, SD_REP = 0.95, 2.5
SCALES = (0.3 * SD_REP, 0.12 * SD_REP)

METAFOR = """
if (!suppressMessages(requireNamespace("metafor", quietly = TRUE))) quit(status = 3)
suppressMessages(library(metafor))
arguments <- commandArgs(TRUE)
d <- read.csv(arguments[1])
V <- as.matrix(read.csv(arguments[2], header = FALSE))
structure <- arguments[3]
fit <- function() rma.mv(
  yi, V, mods = ~ 0 + factor(months), random = ~ months | study, struct = structure, data = d
)
invisible(fit())
seconds <- system.time(found <- fit())[["elapsed"]]
cat(as.numeric(logLik(found)), seconds)
"""
NO_METAFOR = 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A comparison that was not made, and why."""

    name: str
    why: str

    @property
    def ratio(self) -> None:
        """Nothing was measured."""
        return None

    @property
    def line(self) -> str:
        """What is printed."""
        return f"{self.name}: left out, {self.why}"


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Effects of studies at visits."""

    study: list[str]
    months: FloatArray
    yi: FloatArray
    vi: FloatArray

    @property
    def windows(self) -> FloatArray:
        """One column for each time."""
        return np.asarray(self.months[:, None] == np.unique(self.months), dtype=np.float64)


def visits(studies: int, times: tuple[float, ...]) -> Visits:
    """Return every study at every time, always the same, with heterogeneity and correlated errors."""
    rng = np.random.default_rng(SEED)
    study = [f"S{i:02}" for i in range(studies) for _ in times]
    months = np.tile(times, studies)
    vi = np.repeat(rng.uniform(0.05, 0.3, studies), len(times)) * rng.uniform(0.8, 1.5, months.size)
    errors = np.linalg.cholesky(visit_covariance(vi=vi, months=months, study=study)) @ rng.standard_normal(
        months.size
    )
    of_study = np.repeat(rng.normal(0, 0.5, studies), len(times))
    yi = 2 - 0.4 * np.log2(months) + of_study + rng.normal(0, 0.2, months.size) + errors
    return Visits(study, months, yi, vi)


def multilevel(data: Visits, v: FloatArray, structure: str) -> MultilevelFit:
    """Return our fit, a mean for each time."""
    term = RandomTerm(outer=data.study, inner=data.months, structure=structure, name="visits")
    return fit_multilevel(yi=data.yi, v=v, design=data.windows, terms=[term])


def against_metafor() -> Iterator[Compared | Measured | LeftOut]:
    """Yield our time of each structure, beside that of metafor where it is installed."""
    data = visits(STUDIES, TIMES)
    v = visit_covariance(vi=data.vi, months=data.months, study=data.study)
    for structure in ("CAR", "HAR"):
        name = f"fit_multilevel {structure}, {STUDIES} studies at {len(TIMES)} times"
        height = multilevel(data, v, structure).loglik
        turns = []
        for _ in range(ROUNDS):
            ours = timed(lambda word=structure: multilevel(data, v, word))
            found = metafor(data, v, structure)
            if isinstance(found, str):
                yield LeftOut(f"{name} against metafor", found)
                break
            if height < found[0] - LOWER:
                raise SystemExit(f"{name}: log-likelihood {height}, that of metafor {found[0]}")
            turns.append((ours, found[1]))
        else:
            yield Compared(
                f"{name} against metafor's rma.mv",
                tuple(ours for ours, _ in turns),
                tuple(theirs for _, theirs in turns),
                TIMES_AS_FAST,
            )


def metafor(data: Visits, v: FloatArray, structure: str) -> tuple[float, float] | str:
    """Return log-likelihood and seconds of metafor, without the start of R; or why there are none."""
    if not shutil.which("Rscript"):
        return "R is not installed"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "fit.R").write_text(METAFOR, encoding="utf-8")
        rows = pd.DataFrame({"study": data.study, "months": data.months, "yi": data.yi})
        rows.to_csv(folder / "data.csv", index=False)
        pd.DataFrame(v).to_csv(folder / "v.csv", index=False, header=False)
        files = [str(folder / file) for file in ("fit.R", "data.csv", "v.csv")]
        done = subprocess.run(["Rscript", *files, structure], capture_output=True, text=True, check=False)
    if done.returncode == NO_METAFOR:
        return "metafor is not installed"
    if done.returncode:
        raise SystemExit(done.stderr)
    height, seconds = map(float, done.stdout.split())
    return height, seconds


def joint() -> Iterator[Measured]:
    """Yield seconds of one fit of the joint model with half-normal priors, and of all that is asked of it."""
    data = visits(FEW_STUDIES, WINDOWS)
    effects = with_lineage(data)
    each = np.eye(len(WINDOWS))
    study = np.unique(data.study, return_inverse=True)[1]

    def one_fit() -> object:
        model = working_model(
            y=data.yi, v=data.vi, months=data.months, study=study, design=data.windows, rho=0.7
        )
        return fitted(model, engine="half-normal", scales=SCALES, level=LEVEL).at(each)

    def whole() -> object:
        return pool_over_time(effects, engine="half-normal", sd_rep=SD_REP)

    size = f"{FEW_STUDIES} studies x {len(WINDOWS)} windows"
    for name, work, bar in (
        (f"joint model, half-normal, {size}, one fit", one_fit, ONE_FIT),
        (f"pool_over_time with all its other assumptions, {size}", whole, WHOLE),
    ):
        work()
        yield Measured(name, tuple(timed(work) for _ in range(ROUNDS)), bar, "seconds")


def with_lineage(data: Visits) -> EffectSizes:
    """Return the effects with the study and time of each."""
    bare = EffectSizes(yi=data.yi, vi=data.vi)
    lineage = [
        Effect(
            study_id=study,
            curve="pain",
            measure_id="pain",
            arm="procedure",
            versus="sham",
            months=float(months),
            window="" if (place := window_of(months)) is None else place.label,
            yi=float(bare.yi[row]),
            sei=float(bare.sei[row]),
            df=float(bare.df[row]),
            ci_low=float(bare.ci_low[row]),
            ci_high=float(bare.ci_high[row]),
            n_arm=None,
            n_versus=None,
            route="made",
            lines=(row + 2,),
            derivation="",
            notes=(),
            rank=(0, 0, 0),
        )
        for row, (study, months) in enumerate(zip(data.study, data.months, strict=True))
    ]
    return EffectSizes(yi=data.yi, vi=data.vi, measure="MD", estimand="contrast", lineage=lineage)


def compare() -> Iterator[Compared | Measured | LeftOut]:
    """Yield every measurement."""
    yield from joint()
    yield from against_metafor()


def main() -> None:
    """Measure and print."""
    for found in compare():
        print(found.line, flush=True)


if __name__ == "__main__":
    main()
