"""Measure speed and memory as ratios to the peers, in one run: ``python benchmarks/run.py [--rows 1000000]``.

Every measurement runs in a fresh process, ours and theirs by turns, and the median counts. Prints a table in
Markdown and writes all single measurements to ``benchmarks/results/speed.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ("bibtexparser", "numpy", "pandas", "pydantic")
ENTRIES = 5_000
EFFECTS = 1_000_000
GROUPS = 10_000

TIMED = """
import json, resource, sys, time
{before}
start = time.perf_counter()
{work}
seconds = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit]))
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured: our code and, for a ratio, that of a peer; `before` is not counted."""

    name: str
    ours: str
    bar: float
    before: str = ""
    theirs: str = ""
    theirs_before: str = ""
    peer: str = ""
    repeats: int = 7
    memory_bar: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds and peak bytes of one piece of work."""

    name: str
    peer: str
    bar: float
    memory_bar: float
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)

    @property
    def value(self) -> float:
        """The median, over that of the peer where there is one."""
        ours = statistics.median(self.ours)
        return ours / statistics.median(self.theirs) if self.theirs else ours

    def lines(self) -> Iterator[str]:
        """Return a line of the table for each bar."""
        ours = f"{statistics.median(self.ours):.3f} s"
        unit = " x" if self.theirs else " s"
        theirs = f"{statistics.median(self.theirs):.3f} s ({self.peer})" if self.theirs else ""
        yield _row(
            self.name, ours, theirs, f"{self.value:.2f}{unit}", f"{self.bar:g}{unit}", self.value <= self.bar
        )
        if self.memory_bar:
            peak = max(self.peak)
            bar = f"{self.memory_bar / 1e6:.0f} MB"
            yield _row(
                f"{self.name}: peak memory", f"{peak / 1e6:.0f} MB", "", "", bar, peak <= self.memory_bar
            )


def _row(name: str, ours: str, theirs: str, ratio: str, bar: str, passed: bool) -> str:  # noqa: PLR0917
    return f"| {name} | {ours} | {theirs} | {ratio} | {bar} | {'pass' if passed else 'FAIL'} |"


def works(folder: Path, rows: int) -> Iterator[Work]:
    """Return everything that is measured, given a folder with a large evidence base."""
    yield Work(
        "import spineevidence",
        ours="import spineevidence",
        theirs="import pandas, pydantic",
        peer="import pandas and pydantic",
        bar=1.5,
    )
    yield Work(
        "load the bundled evidence, after import",
        before="import spineevidence",
        ours="spineevidence.load_evidence()",
        bar=0.2,
    )
    yield Work(
        "judge every claim of the bundled evidence, after loading",
        before="import spineevidence; evidence = spineevidence.load_evidence(); spineevidence.judge_claims",
        ours="spineevidence.judge_claims(evidence)",
        bar=2.0,
    )
    report = "import spineevidence; evidence = spineevidence.load_evidence()"
    yield Work(
        "the whole report of the bundled evidence",
        before=f"{report}; import tempfile; out = tempfile.mkdtemp(dir={str(folder)!r})",
        ours="spineevidence.build_report(evidence, out)",
        bar=30.0,
        repeats=2,
    )
    yield Work(
        "the whole report when nothing changed",
        before=f"{report}; out = {str(folder / 'report')!r}; spineevidence.build_report(evidence, out)",
        ours="spineevidence.build_report(evidence, out)",
        bar=5.0,
        repeats=2,
    )
    yield Work(
        f"load and check {rows:,} outcome rows and all they point to",
        before="import spineevidence",
        ours=f"spineevidence.load_evidence({str(folder)!r})",
        theirs_before="import pandas",
        theirs=f"pandas.read_csv({str(folder / 'outcomes.csv')!r})",
        peer="pandas.read_csv of outcomes.csv",
        bar=4.0,
        memory_bar=1e9,
        repeats=3,
    )
    bib = folder / "entries" / "references.bib"
    warm = "(p.parent / 'one.bib')"
    path = f"from pathlib import Path; p = Path({str(bib)!r})\n"
    splitter = f"{path}from bibtexparser.splitter import Splitter\n"
    yield Work(
        f"read {ENTRIES:,} BibTeX entries",
        before=f"{path}from spineevidence.bibliography import read_bibliography\nread_bibliography({warm})",
        ours=f"assert len(read_bibliography(p).references) == {ENTRIES}",
        theirs_before=f"{splitter}Splitter({warm}.read_text()).split()",
        theirs=f"assert len(Splitter(p.read_text(encoding='utf-8')).split().entries) == {ENTRIES}",
        peer="bare splitter of bibtexparser",
        bar=1.5,
    )


def _timed(before: str, work: str, bytecode: Path) -> tuple[float, float]:
    script = TIMED.format(before=before, work=work)
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = kept | {"PYTHONPYCACHEPREFIX": str(bytecode)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def measure(work: Work, bytecode: Path) -> Measured:
    """Run both sides by turns, after one run that compiles the modules and warms the disk."""
    measured = Measured(work.name, work.peer, work.bar, work.memory_bar)
    for repeat in range(-1, work.repeats):
        seconds, peak = _timed(work.before, work.ours, bytecode)
        theirs = _timed(work.theirs_before, work.theirs, bytecode)[0] if work.theirs else 0.0
        if repeat < 0:
            continue
        measured.ours.append(seconds)
        measured.peak.append(peak)
        if work.theirs:
            measured.theirs.append(theirs)
    return measured


def _prepare(folder: Path, rows: int) -> None:
    """Make the files in another process: what this one uses would count as memory of those it starts."""
    for target, count in ((folder, rows), (folder / "entries", ENTRIES * 200)):
        subprocess.run([sys.executable, str(HERE / "generate.py"), str(target), str(count)], check=True)
    first = (folder / "entries" / "references.bib").read_text(encoding="utf-8").partition("\n\n")[0]
    (folder / "entries" / "one.bib").write_text(first + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="outcome rows of the large evidence base")
    rows = parser.parse_args().rows
    versions = {name: version(name) for name in PEERS} | {"python": platform.python_version()}
    print("| work | ours | peer | measured | bar | |\n|---|---|---|---|---|---|", flush=True)
    results = []
    with tempfile.TemporaryDirectory() as name:
        _prepare(Path(name), rows)
        for work in works(Path(name), rows):
            measured = measure(work, Path(name) / "bytecode")
            results.append(asdict(measured) | {"value": measured.value})
            print("\n".join(measured.lines()), flush=True)
    import effects  # late: what this process uses would count as memory of those it starts

    compared = effects.compare(EFFECTS)
    results.append(asdict(compared) | {"value": compared.ratio})
    print(f"\n{compared.line}")
    import longitudinal
    import pooling

    for found in (*pooling.growth(), *pooling.compare(GROUPS), *longitudinal.compare()):
        results.append(asdict(found) | {"value": found.ratio})
        print(found.line, flush=True)
    print("\n" + ", ".join(f"{name} {number}" for name, number in versions.items()))
    (HERE / "results").mkdir(exist_ok=True)
    saved = json.dumps({"versions": versions, "results": results}, indent=1) + "\n"
    (HERE / "results" / "speed.json").write_text(saved, encoding="utf-8")


if __name__ == "__main__":
    main()
