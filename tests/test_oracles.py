"""Every case of the oracle files, through the adapters, within the tolerance that the file was printed to."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import meta_intervalcensored
import meta_multilevel
import meta_pooling_core
import meta_pooling_models

FOLDER = Path(__file__).parent / "oracles"
META = FOLDER / "meta"

CASES_OF_FAMILY = {
    "aggregate": 8,
    "combine_arms": 1,
    "conv_fivenum": 27,
    "conv_wald": 10,
    "escalc_2x2": 256,
    "escalc_from_stat": 6,
    "escalc_mean": 69,
    "escalc_prepost": 12,
    "escalc_rate": 12,
    "escalc_single": 16,
    "interval_cens": 23,
    "mh_peto": 128,
    "reml_hard": 32,
    "rma_mv": 47,
    "rma_uni": 1120,
    "transf": 10,
    "vcalc": 3,
}
ITERATIVE = ("reml_hard", "rma_uni")  # estimates of iterations: each quantity has its own tolerance
CLOSED_FORM = 1e-10  # relative: both sides compute the same formula in double precision
CLOSED_FORM_FLOOR = 1e-12  # absolute

CASES_IN_FILE = {
    "o01_states": 13,
    "o02_conversions": 38,
    "o03_single_study": 13,
    "o04_windows": 3,
    "o05_longitudinal": 4,
    "o06_findings": 5,
    "o07_verdicts": 22,
    "o08_turnbull": 3,
}

EXACT = 0.0  # nothing but words
SIX_DECIMALS = 1e-5  # the expected numbers are printed with six decimals
FOUR_DECIMALS = 1e-4  # limits in the input are rounded to four decimals, a crossing inherits that
TOLERANCES = {
    "o01_states": EXACT,
    "o02_conversions": SIX_DECIMALS,
    "o03_single_study": FOUR_DECIMALS,
    "o04_windows": FOUR_DECIMALS,
    "o05_longitudinal": SIX_DECIMALS,
    "o06_findings": SIX_DECIMALS,
    "o07_verdicts": EXACT,
    "o08_turnbull": SIX_DECIMALS,
}
TOLERANCES_OF_PARTS = {"o05_longitudinal": {"published_HAR_rho097": FOUR_DECIMALS}}  # printed with four
LAST_DIGIT = 1e-6  # absolute floor: half a unit of the sixth decimal, and room for its rounding


def _load_adapters() -> ModuleType:
    spec = importlib.util.spec_from_file_location("oracle_adapters", FOLDER / "adapters.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ORACLE = _load_adapters()


def _cases() -> list[tuple[str, dict[str, Any]]]:
    return [
        (stem, case)
        for stem in sorted(CASES_IN_FILE)
        for case in json.loads((FOLDER / f"{stem}.json").read_text(encoding="utf-8"))["cases"]
    ]


def _meta_cases() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return every case of the families of closed formulas, with the columns it refers to."""
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(META.glob("*.json"))}
    return [(stem, file["inputs"], case) for stem, file in files.items() for case in file["cases"]]


def differences(
    found: object,
    expected: object,
    tolerance: float,
    place: str = "",
    *,
    floor: float = LAST_DIGIT,
    parts: Mapping[str, float] | None = None,
) -> Iterator[str]:
    """Yield every place where two nested results differ; `parts` have tolerances of their own."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if found.keys() != expected.keys():
            yield f"{place}: keys {sorted(found)}, expected {sorted(expected)}"
            return
        for key, value in expected.items():
            own = (parts or {}).get(key, tolerance)
            yield from differences(found[key], value, own, f"{place}.{key}", floor=floor, parts=parts)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(found) != len(expected):
            yield f"{place}: {len(found)} entries, expected {len(expected)}"
            return
        for i, value in enumerate(expected):
            yield from differences(found[i], value, tolerance, f"{place}[{i}]", floor=floor, parts=parts)
    elif (
        isinstance(expected, float | int)
        and not isinstance(expected, bool)
        and isinstance(found, int | float)
    ):
        if not abs(found - expected) <= tolerance * abs(expected) + floor:
            yield f"{place}: {found!r}, expected {expected!r}"
    elif found != expected:
        yield f"{place}: {found!r}, expected {expected!r}"


def _reason(name: str) -> str | None:
    return next((why for pattern, why in ORACLE.UNSUPPORTED.items() if fnmatch(name, pattern)), None)


@pytest.mark.parametrize(
    ("stem", "case"), _cases(), ids=lambda part: part if isinstance(part, str) else part["id"]
)
def test_case_is_reproduced(stem: str, case: dict[str, Any]) -> None:
    why = _reason(f"{stem}/{case['id']}")
    if why is not None:
        pytest.skip(why)
    found = ORACLE.ADAPTERS[stem](case)
    parts = TOLERANCES_OF_PARTS.get(stem)
    assert list(differences(found, case["expected"], TOLERANCES[stem], case["id"], parts=parts)) == []


@pytest.mark.parametrize(
    ("stem", "inputs", "case"),
    _meta_cases(),
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_closed_formula_is_reproduced(stem: str, inputs: dict[str, Any], case: dict[str, Any]) -> None:
    name = f"{stem}/{case['id']}"
    why = _reason(name)
    if why is not None:
        pytest.skip(why)
    family = stem.partition("__")[0]
    found = ORACLE.ADAPTERS[family](inputs, case)
    if family == "rma_mv":
        assert meta_multilevel.misses(found, case) == []
        return
    if family in ITERATIVE:
        assert _pooling_differences(found, case, inputs) == []
        return
    if family == "interval_cens":
        assert meta_intervalcensored.misses(found, case["expected"], name) == []
        return
    wrong = differences(found, case["expected"], CLOSED_FORM, name, floor=CLOSED_FORM_FLOOR)
    assert list(wrong) == []


def _pooling_differences(found: Any, case: dict[str, Any], inputs: dict[str, Any]) -> list[str]:
    """Return where an estimate differs by more than the accuracy of the file (see its README)."""
    alone = meta_pooling_core.CASES.fullmatch(case["id"]) or case["id"] in ("REML", "ML")
    if alone:
        return list(meta_pooling_core.pooling_differences(found, case["expected"], inputs))
    return meta_pooling_models.misses(found, case, inputs["vi"])


@pytest.mark.parametrize("family", sorted(CASES_OF_FAMILY))
def test_the_families_have_not_shrunk(family: str) -> None:
    names = [f"{stem}/{case['id']}" for stem, _, case in _meta_cases() if stem.startswith(f"{family}__")]
    assert len(names) == len(set(names)) == CASES_OF_FAMILY[family]


@pytest.mark.parametrize("stem", sorted(CASES_IN_FILE))
def test_the_grid_has_not_shrunk(stem: str) -> None:
    cases = [case["id"] for name, case in _cases() if name == stem]
    assert len(cases) >= CASES_IN_FILE[stem]
    assert len(set(cases)) == len(cases)


def test_every_oracle_file_has_an_adapter_and_a_tolerance() -> None:
    stems = {path.stem for path in FOLDER.glob("*.json")}
    assert stems == set(TOLERANCES) == set(CASES_IN_FILE)
    assert stems <= set(ORACLE.ADAPTERS)


def test_every_family_of_closed_formulas_has_an_adapter() -> None:
    families = {stem.partition("__")[0] for stem, _, _ in _meta_cases()}
    assert families == set(CASES_OF_FAMILY)
    assert families <= set(ORACLE.ADAPTERS)


def test_every_function_of_the_conversions_has_an_adapter() -> None:
    used = {case["function"] for stem, case in _cases() if stem == "o02_conversions"}
    assert used == set(ORACLE.CONVERSIONS)


def test_unsupported_cases_exist_and_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{stem}/{case['id']}" for stem, case in _cases()]
    names += [f"{stem}/{case['id']}" for stem, _, case in _meta_cases()]
    unused = [pattern for pattern in ORACLE.UNSUPPORTED if not any(fnmatch(name, pattern) for name in names)]
    assert unused == []
    count = sum(_reason(name) is not None for name in names)
    with capsys.disabled():
        print(f"\noracle cases that are not supported: {count} of {len(names)}")


def test_the_comparison_sees_a_difference() -> None:
    assert list(differences({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}, FOUR_DECIMALS))
    assert list(differences({"a": None}, {"a": 1.0}, FOUR_DECIMALS))
    assert list(differences(float("nan"), 1.0, FOUR_DECIMALS))
    assert list(differences({}, {"a": 1.0}, FOUR_DECIMALS))
    assert not list(differences({"a": 1}, {"a": 1.0}, FOUR_DECIMALS))
