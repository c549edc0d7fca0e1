"""Adapters of the joint model of studies and visits: only words are translated here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import meta_pooling_tables
from spineevidence.effectsizes import EffectSizes, t_quantile
from spineevidence.formulas.covariances import visit_covariance
from spineevidence.longitudinal.course import TimeCourse, pool_over_time
from spineevidence.longitudinal.engines import HalfNormalFit, RestrictedFit, fitted
from spineevidence.longitudinal.inputs import RandomTerm
from spineevidence.longitudinal.multilevel import fit_multilevel
from spineevidence.longitudinal.multilevelfit import MultilevelFit
from spineevidence.longitudinal.trend import Crossing, crossing, fieller
from spineevidence.longitudinal.workingmodel import WorkingModel, working_model
from spineevidence.pooling.pool import Pooled, pool
from spineevidence.stepwise import StepwiseDuration, stepwise_duration
from spineevidence.timing import WINDOWS, FloatArray, window_labels

Case = Mapping[str, Any]
Given = Mapping[str, Any]

SD_OF_PAIN = 2.5  # on a scale from 0 to 10; the scales of the priors in the files are 0.3 and 0.12 times that
LEVEL = 0.95


class Rows:
    """The rows of a case, with both designs."""

    def __init__(self, given: Given) -> None:
        if "rows" in given:
            self.names = [row["study"] for row in given["rows"]]
            self.months, self.y, self.v = (
                np.array([float(row[key]) for row in given["rows"]]) for key in ("months", "d", "v")
            )
        else:
            effects = meta_pooling_tables.contrasts(given["arms"])
            self.names = [effect.study_id for effect in effects.lineage]
            self.months = np.array([effect.months for effect in effects.lineage])
            self.y, self.v = np.array(effects.yi), np.array(effects.vi)
        self.study = np.unique(self.names, return_inverse=True)[1]
        labels = window_labels(self.months)
        self.windows = [window for window in WINDOWS if window.label in set(labels.tolist())]
        self.saturated = np.array([[float(label == w.label) for w in self.windows] for label in labels])
        self.line = np.column_stack([np.ones_like(self.y), np.log2(self.months)])

    def model(self, design: FloatArray, rho: float = 0.7) -> WorkingModel:
        return working_model(y=self.y, v=self.v, months=self.months, study=self.study, design=design, rho=rho)

    def restricted(self, design: FloatArray) -> RestrictedFit:
        found = fitted(self.model(design), engine="REML", scales=(1.0, 1.0), level=LEVEL)
        assert isinstance(found, RestrictedFit)
        return found

    def weak(self, design: FloatArray, scales: tuple[float, float]) -> HalfNormalFit:
        found = fitted(self.model(design), engine="half-normal", scales=scales, level=LEVEL)
        assert isinstance(found, HalfNormalFit)
        return found

    def line_from(self, months: float, rho: float = 0.7) -> MultilevelFit:
        """Return the line in log time as a multilevel model, its intercept the effect at a time."""
        return fit_multilevel(
            yi=self.y,
            v=visit_covariance(vi=self.v, months=self.months, study=self.names, rho=rho),
            design=np.column_stack([np.ones_like(self.y), np.log2(self.months) - np.log2(months)]),
            intercepts={"study": self.names, "visit": np.arange(self.y.size)},
        )


def changes(given: Given) -> EffectSizes:
    """Return the rows of a case as changes within groups, which no comparator stands beside."""
    bare = EffectSizes(yi=[row["d"] for row in given["rows"]], vi=[row["v"] for row in given["rows"]])
    lineage = [
        meta_pooling_tables.lineage_of(bare, place, study=row["study"], months=row["months"], versus="")
        for place, row in enumerate(given["rows"])
    ]
    return EffectSizes(yi=bare.yi, vi=bare.vi, measure="MD", estimand="change", lineage=lineage)


def published(given: Given) -> MultilevelFit:
    """Return the model of the publication: a variance for each occasion (HAR), a mean for each."""
    rows, settings = Rows(given), given["published_HAR"]
    occasion = 1.0 + np.searchsorted(np.unique(rows.months), rows.months)
    return fit_multilevel(
        yi=rows.y,
        v=visit_covariance(vi=rows.v, months=occasion, study=rows.names, rho=settings["phi"], decay="linear"),
        design=rows.saturated,
        terms=[RandomTerm(outer=rows.names, inner=occasion, structure=settings["struct"])],
        method=settings["method"],
    )


def longitudinal(case: Case) -> object:
    if "rows" in case["input"]:
        return _cohorts(case["input"])
    return _trials(case["input"])


def _trials(given: Given) -> object:
    rows, scales = Rows(given), tuple(given["hn_scales"])
    effects = meta_pooling_tables.contrasts(given["arms"])
    strict = pool_over_time(effects, sd_rep=SD_OF_PAIN, engine="REML", rho=given["rho_per_doubling"])
    weak = pool_over_time(effects, sd_rep=SD_OF_PAIN, engine="half-normal", rho=given["rho_per_doubling"])
    assert strict.decline is not None
    decline = strict.decline
    line = rows.restricted(rows.line)
    inside = [window.months for window in strict.windows if strict.start <= window.months <= strict.horizon]
    curve, _, _ = line.band(np.log2(inside))
    each = [window.estimate for window in strict.windows if window.months in inside]
    return {
        "k": strict.k,
        "windows": [window.window for window in strict.windows],
        "n_rows": len(strict.effects),
        "saturated_reml": _restricted(rows.restricted(rows.saturated))
        | {"lo": [window.ci_low for window in strict.windows]}
        | {"hi": [window.ci_high for window in strict.windows]},
        "saturated_bhn": _weak(weak, rows.weak(rows.saturated, scales), given["delta"]),
        "duration_bhn": _duration(weak, given["delta"]),
        "duration_reml": _duration(strict, given["delta"]),
        "trend_reml": _trend(rows, line, strict, given),
        "trend_bhn": _weak_trend(rows.weak(rows.line, scales), weak, given),
        "within_study_slope_per_doubling": {
            "slope": decline.slope,
            "se": decline.se,
            "df": decline.df,
            "lo": decline.low,
            "hi": decline.high,
            "k": decline.k,
        },
        "max_gap_trend_vs_saturated": float(np.abs(curve - each).max()),
    }


def _restricted(found: RestrictedFit) -> dict[str, object]:
    return {
        "tau2": found.found.tau2,
        "omega2": found.found.omega2,
        "logLik": found.found.log_likelihood,
        "beta": found.found.b.tolist(),
        "se": np.sqrt(np.diagonal(found.found.vcov)).tolist(),
    }


def _weak(course: TimeCourse, found: HalfNormalFit, delta: float) -> dict[str, object]:
    each = np.eye(len(course.windows))
    return {
        "scales": list(course.scales),
        "median": [window.estimate for window in course.windows],
        "lo": [window.ci_low for window in course.windows],
        "hi": [window.ci_high for window in course.windows],
        "pred_lo": [window.pi_low for window in course.windows],
        "pred_hi": [window.pi_high for window in course.windows],
        "prob_important": found.posterior.above(each, delta).tolist(),
        "tau_mean": course.tau,
        "omega_mean": course.omega,
    }


def _trend(rows: Rows, line: RestrictedFit, course: TimeCourse, given: Given) -> dict[str, object]:
    critical = float(t_quantile(p=(1 + LEVEL) / 2, df=line.df))
    b, vcov = line.found.b, line.found.vcov
    limits = fieller(b=b, vcov=vcov, threshold=given["delta"], critical=critical)
    found = {word: value for word, value in _restricted(line).items() if word != "se"}
    return found | {
        "V": vcov[np.triu_indices(2)].tolist(),
        "t_range": [course.start, course.horizon],
        "crit": critical,
        "fieller_type": limits.kind,
        "fieller_months": None if limits.kind == "all" else [limits.low, limits.high],
        **_times(crossing(line.band, threshold=given["delta"], start=course.start, horizon=course.horizon)),
        "cr2": [_robust(rows, months) for months in given["cr2_months"]],
    }


def _robust(rows: Rows, months: float) -> dict[str, float]:
    fit = rows.line_from(months)
    robust = fit.robust(rows.names, kind="CR2")
    return {
        "months": months,
        "d": float(fit.b[0]),
        "se_model": float(fit.se[0]),
        "se_cr2": float(robust.se[0]),
        "df_cr2": float(robust.df[0]),
    }


def _weak_trend(line: HalfNormalFit, course: TimeCourse, given: Given) -> dict[str, object]:
    z = np.log2(given["curve_months"])
    probability = line.posterior.above(np.column_stack([np.ones_like(z), z]), given["delta"])
    columns = [given["curve_months"], *line.band(z), probability]
    words = ("months", "median", "lo", "hi", "prob_important")
    times = _times(crossing(line.band, threshold=given["delta"], start=course.start, horizon=course.horizon))
    return times | {
        "curve": [dict(zip(words, map(float, point), strict=True)) for point in zip(*columns, strict=True)]
    }


def _times(found: Crossing) -> dict[str, object]:
    return {"T_point": found.months, "T_lower": found.low, "T_upper": found.high}


def _duration(course: TimeCourse, delta: float) -> object:
    """Return the two runs on the intervals of the model itself, whatever else is fragile."""
    return meta_pooling_tables.stepwise_words(own_steps(course, delta))


def own_steps(course: TimeCourse, delta: float) -> StepwiseDuration:
    """Return the two runs on the main intervals."""
    return stepwise_duration(
        months=[window.months for window in course.windows],
        estimate=[window.estimate for window in course.windows],
        ci_low=[window.ci_low for window in course.windows],
        ci_high=[window.ci_high for window in course.windows],
        df=course.freedom,
        delta=delta,
    )


def _cohorts(given: Given) -> object:
    rows = Rows(given)
    course = pool_over_time(changes(given), sd_rep=SD_OF_PAIN, engine="REML", rho=given["rho_per_doubling"])
    line = rows.restricted(rows.line)
    robust = rows.line_from(1.0).robust(rows.names, kind="CR2")
    trend = {word: value for word, value in _restricted(line).items() if word != "se"}
    har = published(given)
    return {
        "univariate_hksj": [_alone(given, window.months) for window in course.windows],
        "trend": trend
        | {"V": line.found.vcov[np.triu_indices(2)].tolist()}
        | {"cr2_V": robust.vcov[np.triu_indices(2)].tolist(), "cr2_df": robust.df.tolist()},
        "saturated": _restricted(rows.restricted(rows.saturated)),
        "duration_delta20": _duration(course, given["delta"]),
        "published_HAR_rho097": {
            "beta": har.b.tolist(),
            "se": har.se.tolist(),
            "tau2": har.components[0].tau2.tolist(),
            "rho": float(har.components[0].rho[0]),
        },
    }


def alone(given: Given, months: float) -> Pooled:
    """Return the visits at one time pooled by themselves: Hartung-Knapp without a floor."""
    there = [row for row in given["rows"] if row["months"] == months]
    return pool(EffectSizes(yi=[row["d"] for row in there], vi=[row["v"] for row in there]), test="knha")


def _alone(given: Given, months: float) -> dict[str, object]:
    found = alone(given, months)
    return {
        "months": months,
        "k": found.k,
        "d": found.b,
        "lo": found.ci_low,
        "hi": found.ci_high,
        "tau2": found.tau2,
        "pi": [found.pi_low, found.pi_high],
    }


LONGITUDINAL: dict[str, Callable[[Case], object]] = {"o05_longitudinal": longitudinal}
