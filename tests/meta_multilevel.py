"""Adapters of the oracle cases of multilevel and longitudinal models; only words change."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pandas as pd

from meta_pooling_models import plain
from spineevidence.longitudinal import multilevel as multilevel_module
from spineevidence.longitudinal.climbing import Peak
from spineevidence.longitudinal.fitting import box, reach
from spineevidence.longitudinal.inputs import RandomTerm
from spineevidence.longitudinal.marginal import Model, derivatives
from spineevidence.longitudinal.multilevel import fit_multilevel
from spineevidence.longitudinal.multilevelfit import MultilevelFit

Case = Mapping[str, Any]
Inputs = Mapping[str, Any]

OF_FIT = {  # word of the file -> attribute
    "k": "k",
    "b": "b",
    "se": "se",
    "stat": "statistic",
    "pval": "p",
    "ci_lb": "ci_low",
    "ci_ub": "ci_high",
    "vcov": "vcov",
    "sigma2": "sigma2",
    "logLik": "loglik",
    "deviance": "deviance",
    "AIC": "aic",
    "BIC": "bic",
    "n_par": "n_par",
    "Q": "q",
    "Q_df": "q_df",
    "Q_p": "q_p",
}
PREDICTED = {
    "pred": "pred",
    "pred_se": "se",
    "pred_lb": "ci_low",
    "pred_ub": "ci_high",
    "pred_pi_lb": "pi_low",
    "pred_pi_ub": "pi_high",
}
ROBUST = {"se": "se", "df": "df", "p": "p"}
TERM = "term"
TERM_OF_FILE = "~INNER | OUTER"
OF_FUNCTION: Mapping[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    "log({})": np.log,
    "I({}^2)": np.square,
    "I(1/{})": np.reciprocal,
}


def column(name: str, data: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return a column of the design from its name in R."""
    if name == "intrcpt":
        return np.ones(len(data))
    if ":" in name:
        left, right = name.split(":")
        return column(left, data) * column(right, data)
    if name in data:
        return data[name].to_numpy(dtype=float)
    for variable in data:
        for pattern, function in OF_FUNCTION.items():
            if name == pattern.format(variable):
                return function(data[variable].to_numpy(dtype=float))
        for prefix in (f"factor({variable})", str(variable)):
            if name.startswith(prefix):
                found = data[variable].map(_printed) == name.removeprefix(prefix)
                assert found.any()
                return found.to_numpy(dtype=float)
    raise AssertionError(name)


def _printed(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)


LOWER_MAXIMUM = {  # of synthetic_long_1: the file has the maximum of its one start, and one is higher
    "HCS_REML",
    "HAR_ML",
    "HCS_ML",
}


def fitted_at_the_maximum_of_the_file(inputs: Inputs, case: Case) -> MultilevelFit:
    """Return the fit at the maximum that lies where the file has it, and not at a higher one."""
    place = np.r_[np.sqrt(case["expected"]["tau2"]), case["expected"]["rho"]]

    def there(model: Model) -> list[Peak]:
        return [reach(lambda at: derivatives(model, at), box(model), place)]

    with patch.object(multilevel_module, "maxima", there):
        return fitted(inputs, case)


def fitted(inputs: Inputs, case: Case) -> MultilevelFit:
    settings = case["settings"]
    data = pd.DataFrame(inputs["data"])
    known = inputs.get(settings["V"], "diag(vi)")
    order = settings["coef_order"]
    random = settings.get("random")
    terms = []
    if random:
        outer, inner = data[random["outer"]], data[random["inner"]]
        levels = settings["inner_levels"]
        terms.append(
            RandomTerm(outer=outer, inner=inner, structure=random["struct"], name=TERM, levels=levels)
        )
    intercepts = settings.get("random_intercepts", {})
    assert list(intercepts) == settings.get("sigma2_order", [])
    return fit_multilevel(
        yi=data["yi"],
        v=data["vi"] if known == "diag(vi)" else known,
        design=np.column_stack([column(name, data) for name in order]),
        names=order,
        intercepts={name: data[columns] for name, columns in intercepts.items()},
        terms=terms,
        method=settings["method"],
        test=settings["test"],
        freedom=settings.get("dfs", "contain"),
        level=settings["level"] / 100,
    )


def multilevel(inputs: Inputs, case: Case) -> object:
    settings, expected = case["settings"], case["expected"]
    lower = case["id"] in LOWER_MAXIMUM
    fit = (fitted_at_the_maximum_of_the_file if lower else fitted)(inputs, case)
    found: dict[str, object] = {
        word: plain(getattr(fit, name)) for word, name in OF_FIT.items() if word in expected
    }
    if "tau2" in expected:
        (component,) = fit.components
        found["tau2"] = plain(component.tau2)
        found |= {"rho": plain(component.rho)} if "rho" in expected else {}
    if "df" in expected:
        found["df"] = plain(np.unique(fit.df))
    wald = fit.wald(settings["QM_tests"])
    found |= {"QM": wald.statistic, "QM_df": list(wald.df), "QM_p": wald.p}
    if "newX" in settings:
        new = fit.predict(settings["newX"], levels=settings.get("newX_inner_levels"))
        found |= {word: plain(new[name].to_numpy()) for word, name in PREDICTED.items() if word in expected}
    if "blup" in expected:
        found["blup"] = _blups(fit, settings["blup_levels"])
    if "cluster" in settings:
        found |= _robust(fit, inputs["data"][settings["cluster"]], expected)
    if "profile_ci" in settings:
        found["profile_ci"] = _profiles(fit, settings["profile_level"] / 100)
    return found


def _blups(fit: MultilevelFit, levels: Mapping[str, list[str]] | str) -> dict[str, dict[str, list[float]]]:
    wanted = json.loads(levels) if isinstance(levels, str) else levels
    table = fit.blups()
    found = {}
    for term, labels in wanted.items():
        rows = table[table["term"] == (TERM if term == TERM_OF_FILE else term.removeprefix("S"))]
        named = {
            _label(group, level): i
            for i, (group, level) in enumerate(zip(rows["group"], rows["level"], strict=True))
        }
        place = [named[label] for label in labels]
        assert len(place) == len(rows)
        found[term] = {
            "est": rows["blup"].to_numpy()[place].tolist(),
            "se": rows["se"].to_numpy()[place].tolist(),
        }
    return found


def _label(group: object, level: object) -> str:
    words = " ".join(map(str, group)) if isinstance(group, tuple) else str(group)
    return words if level is None else f"{level} | {words}"


def _robust(fit: MultilevelFit, cluster: list[Any], expected: Case) -> dict[str, object]:
    found = {}
    for kind in ("CR0", "CR1", "CR1p", "CR2", "metafor"):
        table = fit.robust(cluster, kind=kind)
        for word, name in ROBUST.items():
            key = f"robust_{kind}_{word}"
            if key in expected:
                values = getattr(table, name)
                one = kind == "metafor" and word == "df"
                found[key] = plain(np.unique(values) if one else values)
    return found


def _profiles(fit: MultilevelFit, level: float) -> list[dict[str, float]]:
    intervals = [fit.profile_interval(str(name), level=level) for name in fit.components_frame().index]
    return [{"est": one.estimate, "lb": one.low, "ub": one.high} for one in intervals]


FAMILIES: dict[str, Callable[[Inputs, Case], object]] = {"rma_mv": multilevel}

COMPONENTS = ("tau2", "sigma2", "rho")
EXACT = 1e-7  # of estimates, errors and statistics: both sides end where the gradient is 0
LOOSE = 1e-4  # the same where the likelihood is flat and the file's search stopped early
TINY_P = 1e-300  # below it nothing is compared


def misses(found: Any, case: Case) -> list[str]:
    """Return where numbers differ from the file by more than its README says they are known."""
    expected, settings = case["expected"], case["settings"]
    if found.keys() != expected.keys():
        return [f"{case['id']}: words {sorted(set(found) ^ set(expected))}"]
    if settings["boundary"]:
        return list(_misses_at_bound(found, case))
    exact = "optimiser_gap" in (case.get("peers") or {}) or settings["method"] == "EE"
    wrong = []
    for word, wanted in expected.items():
        relative, floor = _tolerance(word, expected, exact=exact)
        for have, want in _pairs(found[word], wanted):
            if word.endswith(("pval", "_p")):
                close = have <= TINY_P or _same_p(have, want, relative)
            else:
                close = abs(have - want) <= relative * abs(want) + floor
            if not close:
                wrong.append(f"{case['id']} {word}: {have!r}, expected {want!r}")
    return wrong


def _misses_at_bound(found: Any, case: Case) -> Iterator[str]:
    expected = case["expected"]
    if found["logLik"] < expected["logLik"] - 1e-3:
        yield f"{case['id']} logLik: {found['logLik']}, expected {expected['logLik']} or more"
    for have, want, se in zip(found["b"], expected["b"], expected["se"], strict=True):
        if abs(have - want) > 1e-2 * se:
            yield f"{case['id']} b: {have}, expected {want}"


def _pairs(found: Any, expected: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            yield from _pairs(found[key], value)
    elif isinstance(expected, list):
        for one, other in zip(found, expected, strict=True):
            yield from _pairs(one, other)
    else:
        yield found, expected


def _same_p(have: float, want: float, relative: float) -> bool:
    """Whether p-values agree: as p falls with exp(-t^2 / 2), its relative error is 2 |log p| that of t."""
    return want > 0 and abs(math.log(have / want)) <= relative * (1 + 2 * abs(math.log(want)))


def _tolerance(word: str, expected: Case, *, exact: bool) -> tuple[float, float]:
    """Return a relative and an absolute tolerance; for a p-value that of its statistic."""
    close = EXACT if exact else LOOSE
    if word == "profile_ci":
        return 1e-5, 0.0
    if word in {"logLik", "deviance", "AIC", "BIC"}:
        return 0.0, (2e-8 if exact else 2e-6) / (2 if word == "logLik" else 1)
    if word in {"k", "n_par", "Q_df", "QM_df", "df", "Q", "Q_p"}:
        return EXACT, 0.0
    if word.startswith("robust") or word in {*COMPONENTS, "pval", "QM", "QM_p"}:
        return 10 * close, 0.0
    return close, close * max(expected["se"])
