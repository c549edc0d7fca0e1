"""Make an evidence base of any size: the same arguments give the same bytes.

``python benchmarks/generate.py FOLDER [ROWS]`` writes one with 1,000,000 outcome rows, or as many as asked.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from spineevidence.models import TABLES

ROWS = 1_000_000
SEED = 20_040_901
TIMES = (0, 2, 6, 12, 26, 39, 52, 78, 104, 156)  # weeks
MEASURES = (
    ("disability", "disability", 0, 100),
    ("leg_pain", "leg_pain", 0, 100),
    ("pain_rest", "pain", 0, 100),
    ("pain_walking", "pain", 0, 100),
    ("walking", "function", 0, 600),
)
PROCEDURES = tuple(f"procedure_{number:02d}" for number in range(1, 30))
CONDITIONS = ("discogenic_low_back_pain", "facet_joint_pain", "lumbar_radiculopathy", "spinal_stenosis")
ARMS = ("treated", "control")
ROWS_PER_STUDY = len(MEASURES) * len(TIMES) * 4

Row = Mapping[str, object]


def generate(folder: Path, rows: int = ROWS) -> None:
    """Write an evidence base with this many outcome rows into a folder.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    rows : int
        Outcome rows: 200 for each study of two arms, five measures and ten visits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    studies = [f"author{number:06d}" for number in range(-(-rows // ROWS_PER_STUDY))]
    sizes = {study: rng.integers(15, 160, size=2).tolist() for study in studies}
    tables: dict[str, Iterable[Row]] = {
        "procedures": _procedures(),
        "measures": _measures(),
        "studies": _studies(studies, sizes, rng),
        "arms": _arms(studies, sizes, rng),
        "outcomes": _first(_outcomes(studies, sizes, rng), rows),
        "claims": (),
        "risk_of_bias": (),
    }
    for name, records in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, TABLES[name].columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(records)
    (folder / "references.bib").write_text(bibliography(studies), encoding="utf-8")


def bibliography(keys: Iterable[str]) -> str:
    """Return a BibTeX file with an entry for each key, with accents, braces and a DOI."""
    return "\n".join(
        f"@article{{{key},\n"
        f"  author = {{M{{\\'e}}ndez, Ana and van der Berg, J. P. and {{Spine Group {number}}}}},\n"
        f"  title = {{Relief of back pain after a procedure: a randomised trial, part {number}}},\n"
        f"  journal = {{European Spine Journal}},\n"
        f"  year = {{{1990 + number % 35}}},\n"
        f"  volume = {{{number % 60 + 1}}},\n"
        f"  pages = {{{number % 900 + 1}--{number % 900 + 9}}},\n"
        f"  doi = {{10.1000/spine.{number:06d}}},\n"
        f"  pmid = {{{10_000_000 + number}}}\n"
        "}\n"
        for number, key in enumerate(keys)
    )


def _first(rows: Iterator[Row], count: int) -> Iterator[Row]:
    return (row for row, _ in zip(rows, range(count), strict=False))


def _procedures() -> Iterator[Row]:
    yield {
        "procedure_id": "sham",
        "name": "Sham procedure",
        "family": "control",
        "role": "control",
        "comparator_class": "placebo",
    }
    for name in PROCEDURES:
        yield {
            "procedure_id": name,
            "name": name.capitalize(),
            "family": name[:11],
            "role": "therapeutic",
        }


def _measures() -> Iterator[Row]:
    for name, domain, low, high in MEASURES:
        yield {
            "measure_id": name,
            "name": name.capitalize(),
            "domain": domain,
            "kind": "continuous",
            "minimum": low,
            "maximum": high,
            "unit": "points",
            "better": "lower",
            "definition": f"Visual analogue of {name}",
        }


def _studies(studies: list[str], sizes: Mapping[str, list[int]], rng: np.random.Generator) -> Iterator[Row]:
    for study in studies:
        yield {
            "study_id": study,
            "citekeys": study,
            "design": "rct",
            "blinding": "double",
            "condition": CONDITIONS[rng.integers(len(CONDITIONS))],
            "country": "Netherlands",
            "n_enrolled": sum(sizes[study]),
        }


def _arms(studies: list[str], sizes: Mapping[str, list[int]], rng: np.random.Generator) -> Iterator[Row]:
    for study in studies:
        procedures = (PROCEDURES[rng.integers(len(PROCEDURES))], "sham")
        for arm, procedure, size in sorted(zip(ARMS, procedures, sizes[study], strict=True)):
            yield {
                "study_id": study,
                "arm": arm,
                "procedure_id": procedure,
                "description": f"{procedure}, one session, as in {study}",
                "n": size,
            }


def _outcomes(studies: list[str], sizes: Mapping[str, list[int]], rng: np.random.Generator) -> Iterator[Row]:
    for number, study in enumerate(studies):
        for measure, _, _, high in MEASURES:
            unit = high / 100
            before = rng.uniform(55, 75) * unit
            for time in TIMES:
                relief = rng.uniform(5, 30) * unit if time else 0.0
                common = {
                    "study_id": study,
                    "measure_id": measure,
                    "time": time,
                    "unit": "weeks",
                    "citekey": study,
                    "locator": f"Table {number % 5 + 1}, row {number % 23 + 1}",
                    "basis": "abstract" if number % 3 else "full_text",
                }
                yield from _visit(common, before, relief, unit, sizes[study], rng)


def _visit(  # noqa: PLR0917
    common: Row, before: float, relief: float, unit: float, sizes: list[int], rng: np.random.Generator
) -> Iterator[Row]:
    kept = [round(size * rng.uniform(0.8, 1)) for size in sizes]
    treated, control = round(before - relief, 1), round(before - relief / 3, 1)
    half = rng.uniform(3, 9) * unit
    gap = treated - control
    for arm, mean, n in ((ARMS[1], control, kept[1]), (ARMS[0], treated, kept[0])):
        lost = sizes[ARMS.index(arm)] - n
        yield {
            **common,
            "arm": arm,
            "statistic": "mean",
            "value": f"{mean:.1f}",
            "sd": f"{rng.uniform(12, 24) * unit:.1f}",
            "n": n,
            "note": f"{lost} of {lost + n} lost to follow-up; {mean - rng.normal(0, unit):.2f} when imputed",
        }
    yield {
        **common,
        "arm": ARMS[0],
        "statistic": "change",
        "value": f"{-relief:.1f}",
        "p_value": f"{rng.uniform(0.001, 0.05):.3f}",
        "finding": "improved",
    }
    shown = abs(gap) > half
    yield {
        **common,
        "arm": ARMS[0],
        "versus": ARMS[1],
        "statistic": "mean_difference",
        "value": f"{gap:.1f}",
        "ci_low": f"{gap - half:.1f}",
        "ci_high": f"{gap + half:.1f}",
        "p_value": "<0.05" if shown else f"{rng.uniform(0.06, 0.9):.2f}",
        "finding": "favours_arm" if shown else "no_difference",
        "note": "adjusted for baseline, age and site; multiple imputation",
    }


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else ROWS)
