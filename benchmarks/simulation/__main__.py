"""Simulate all settings on all cores and write ``docs/methods/simulation.md``: ``make simulation``.

With ``--replicates`` or ``--only`` the table is printed and no page is written.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from simulation.page import HEAD, disagreeing, line, page
from simulation.running import run
from simulation.table import cells, sections
from spineevidence.saving import save_files

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods" / "simulation.md"


def main() -> None:
    """Run, tell the progress, print what does not agree."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--replicates", type=int, help="of each setting, at most")
    parser.add_argument("--only", default="", help="settings whose name holds this")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args()
    wanted = [cell for cell in cells().values() if asked.only in cell.name]
    if not wanted:
        sys.exit(f'no setting holds "{asked.only}" in its name; see benchmarks/simulation/cells.py')
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")  # of each process: there is one for every core
    columns, start = {}, time.perf_counter()
    for done, (cell, own, seconds) in enumerate(
        run(wanted, most=asked.replicates, workers=asked.workers), start=1
    ):
        columns[cell.name] = own
        spent = time.perf_counter() - start
        print(
            f"{done}/{len(wanted)} after {spent:.0f} s: {cell.name}: {seconds:.1f} s of work", file=sys.stderr
        )
    if asked.replicates is None and not asked.only:
        save_files(PAGE.parent, {PAGE.name: page(sections(), columns).encode()})
        print(f"{PAGE.name} written")
        for title, setting in disagreeing(sections(), columns):
            print(f"does not agree: {title}: {setting}")
        return
    print(HEAD)
    for section in sections():
        for row in section.rows:
            if all(cell.name in columns for cell in row.cells):
                print(line(row, columns))


if __name__ == "__main__":
    main()
