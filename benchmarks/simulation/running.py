"""Replicates of every cell on all cores; the numbers do not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache

import numpy as np

from simulation.cells import Cell
from simulation.statements import Columns
from simulation.table import cells

SEED = 20_260_101
CHUNK = 200  # replicates drawn at a time: part of what fixes the random numbers


def chunk(cell: Cell, place: int, replicates: int) -> Columns:
    """Return one chunk of a cell; its random numbers follow from the cell's name and the chunk's place."""
    sequence = np.random.SeedSequence(SEED, spawn_key=(zlib.crc32(cell.name.encode()), place))
    return cell.draw(np.random.default_rng(sequence), replicates)


def chunks(replicates: int) -> list[int]:
    """Return the sizes of the chunks of a cell: 450 replicates make 200, 200 and 50."""
    whole, rest = divmod(replicates, CHUNK)
    return [CHUNK] * whole + [rest] * (rest > 0)


def together(parts: Iterable[Columns]) -> Columns:
    """Return the columns of several chunks, one after another."""
    listed = list(parts)
    return {name: np.concatenate([part[name] for part in listed]) for name in listed[0]}


def run(wanted: Iterable[Cell], *, most: int | None, workers: int) -> Iterator[tuple[Cell, Columns, float]]:
    """Yield every cell in turn, with its columns and the seconds of work.

    Parameters
    ----------
    wanted : iterable of Cell
        Of those of `cells`.
    most : int or None
        Replicates of a cell at most.
    workers : int
        Processes.
    """
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [(cell, list(_submitted(pool, cell, most))) for cell in wanted]
        for cell, futures in waiting:
            done = [future.result() for future in futures]
            yield cell, together(columns for columns, _ in done), sum(seconds for _, seconds in done)


def _submitted(
    pool: ProcessPoolExecutor, cell: Cell, most: int | None
) -> Iterator[Future[tuple[Columns, float]]]:
    sizes = chunks(cell.replicates if most is None else min(cell.replicates, most))
    for place, size in enumerate(sizes):
        yield pool.submit(_timed, cell.name, place, size)


def _timed(name: str, place: int, replicates: int) -> tuple[Columns, float]:
    start = time.perf_counter()
    found = chunk(_cells()[name], place, replicates)
    return found, time.perf_counter() - start


@cache
def _cells() -> dict[str, Cell]:
    return cells()
