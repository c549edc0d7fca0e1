"""Pooling over time: the oracle, durations, what is fragile, and input that is refused."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import meta_longitudinal
import meta_pooling_tables
from spineevidence.effects import effect_sizes
from spineevidence.effectsizes import EffectSizes, t_quantile
from spineevidence.errors import EstimandError, InputError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.formulas.covariances import visit_covariance
from spineevidence.longitudinal.course import TimeCourse, pool_over_time
from spineevidence.longitudinal.multilevel import fit_multilevel
from spineevidence.stepwise import stepwise_duration

FILE = Path(__file__).parent / "oracles" / "o05_longitudinal.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
TRIALS = ("A_six_sham_trials", "B_two_trials", "C_three_trials_null")


@pytest.fixture(scope="module")
def bundled() -> Evidence:
    return load_evidence()


def trials(name: str = TRIALS[0]) -> EffectSizes:
    return meta_pooling_tables.contrasts(CASES[name]["input"]["arms"])


def made(rows: list[tuple[str, float, float, float]], **words: Any) -> EffectSizes:
    """Return effects with lineage from rows of study, months, effect and variance."""
    bare = EffectSizes(yi=[row[2] for row in rows], vi=[row[3] for row in rows])
    lineage = [
        meta_pooling_tables.lineage_of(bare, place, study=row[0], months=row[1], n=(20, 21))
        for place, row in enumerate(rows)
    ]
    return EffectSizes(yi=bare.yi, vi=bare.vi, lineage=lineage, **words)


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize(("engine", "key"), [("half-normal", "saturated_bhn"), ("REML", "saturated_reml")])
def test_windows_meet_the_oracle(name: str, engine: Any, key: str) -> None:
    expected = CASES[name]["expected"]
    found, want = pool_over_time(trials(name), sd_rep=2.5, engine=engine), expected[key]
    assert [window.window for window in found.windows] == expected["windows"]
    assert found.k == expected["k"]
    close: dict[str, Any] = {"abs": 5e-4, "rel": 3e-5}
    for attribute, column in (
        ("estimate", "median"),
        ("estimate", "beta"),
        ("ci_low", "lo"),
        ("ci_high", "hi"),
    ):
        if column in want:
            got = [getattr(window, attribute) for window in found.windows]
            assert got == pytest.approx(want[column], **close)
    if engine == "half-normal":
        assert [window.pi_low for window in found.windows] == pytest.approx(want["pred_lo"], **close)
        assert found.tau == pytest.approx(want["tau_mean"], abs=1e-4)
        assert found.omega == pytest.approx(want["omega_mean"], abs=1e-4)


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize(("engine", "key"), [("half-normal", "duration_bhn"), ("REML", "duration_reml")])
def test_durations_of_the_intervals_meet_the_oracle(name: str, engine: Any, key: str) -> None:
    want = CASES[name]["expected"][key]
    found = pool_over_time(trials(name), sd_rep=2.5, engine=engine)
    steps = stepwise_duration(
        months=[window.months for window in found.windows],
        estimate=[window.estimate for window in found.windows],
        ci_low=[window.ci_low for window in found.windows],
        ci_high=[window.ci_high for window in found.windows],
        df=found.freedom,
        delta=1.0,
    )
    assert list(steps.states) == want["states"]
    assert steps.code == want["code"]
    assert (steps.shown_until or 0.0) == want["shown_until"]
    assert steps.important_excluded_from == want["important_excluded_from"]
    assert list(steps.shown_at_adjusted) == want["shown_at_adjusted"]
    own = found.duration(1.0)
    if not own.fragile:
        assert own.steps == dataclasses.replace(steps)


def test_deep_brain_stimulation_is_as_published() -> None:
    """Ishak et al. 2007, 46 cohorts: changes at 3, 6, 12 and (long-term, coded) 24 months."""
    given = CASES["ishak2007"]["input"]
    har = meta_longitudinal.published(given)
    assert har.b.round(1).tolist() == [25.9, 27.5, 28.7, 26.5]
    course = pool_over_time(meta_longitudinal.changes(given), sd_rep=10)
    assert (course.engine, course.k, course.rho) == ("REML", 46, 0.7)
    assert [round(window.estimate, 1) for window in course.windows] == [26.0, 27.2, 28.6, 26.0]
    halves = [window.ci_high - window.estimate for window in course.windows]
    t45 = t_quantile(p=0.975, df=45)
    assert [round(half / t45, 2) for half in halves] == [1.08, 1.07, 1.05, 1.43]
    assert (round(course.tau**2, 1), round(course.omega**2, 1)) == (24.3, 2.1)
    windows = [meta_longitudinal.alone(given, window.months).b for window in course.windows]
    assert [round(one, 1) for one in windows] == [24.9, 27.5, 28.5, 24.1]
    # other studies report late: window by window the late drop is 4.4, with study effects 2.6
    assert round(windows[2] - windows[3], 1) == 4.4
    assert round(course.windows[2].estimate - course.windows[3].estimate, 1) == 2.6
    assert course.duration(20).steps.code == "right_censored_at_horizon"


def test_deep_brain_stimulation_is_a_change_and_never_an_effect() -> None:
    course = pool_over_time(meta_longitudinal.changes(CASES["ishak2007"]["input"]), sd_rep=10)
    assert course.estimand == "change"
    assert any(note.startswith("CHANGE_ONLY: ") for note in course.notes)
    assert "contrast" not in repr(course) + course._repr_html_()


def test_six_trials_say_how_long() -> None:
    found = pool_over_time(trials(), sd_rep=2.5).duration(1.0)
    assert (found.steps.shown_until, found.steps.important_excluded_from) == (3.0, 12.0)
    assert found.fragile == ()
    assert found.crossing is not None
    assert found.crossing.months == pytest.approx(3.2706, rel=1e-3)
    assert found.crossing.high is not None
    assert found.crossing.high < 24
    assert found.new_setting.important_excluded_from in (None, 24.0)


def test_a_fragile_state_takes_the_widest_interval() -> None:
    course = pool_over_time(trials("B_two_trials"), sd_rep=2.5)
    found = course.duration(1.0)
    assert found.fragile == ("1mo", "12mo")
    assert {note.split(":")[0] for note in found.notes} >= {"FRAGILE_PRIOR"}
    for window, low, high in zip(course.windows, found.steps.ci_low, found.steps.ci_high, strict=True):
        widths = [window.ci_high - window.ci_low, *(up - down for _, down, up in window.alternatives)]
        own = max(widths) if window.window in found.fragile else widths[0]
        assert high - low == pytest.approx(own)


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize("engine", ["half-normal", "REML"])
def test_sensitivity_holds_every_assumption_and_changes_nothing(name: str, engine: Any) -> None:
    course = pool_over_time(trials(name), sd_rep=2.5, engine=engine)
    before = course.to_frame()
    found = course.sensitivity().set_index(["assumption", "window"])
    pd.testing.assert_frame_equal(course.to_frame(), before)
    last = ["scale 1"] if engine == "half-normal" else ["half-normal", "CR2"]
    names = list(dict.fromkeys(found.index.get_level_values("assumption")))
    assert names == ["main", "rho 0.5", "rho 0.9", *last]
    assert len(found) == len(names) * len(course.windows)
    for window in course.windows:
        main = found.loc[("main", window.window)]
        assert (main["estimate"], main["ci_low"], main["ci_high"]) == (
            window.estimate,
            window.ci_low,
            window.ci_high,
        )
        for word, low, high in window.alternatives:
            other = found.loc[(word, window.window)]
            assert (other["ci_low"], other["ci_high"]) == (low, high)
    weak = pool_over_time(trials(name), sd_rep=2.5)
    if engine == "REML":
        assert found.loc["half-normal", "ci_low"].tolist() == weak.to_frame()["ci_low"].tolist()
        assert (found.loc["main", "df"] == course.k - 1).all()
    else:
        assert found["df"].isna().all()


@pytest.mark.parametrize("name", CASES)
def test_cluster_robust_windows_are_those_of_the_multilevel_model(name: str) -> None:
    given = CASES[name]["input"]
    rows = meta_longitudinal.Rows(given)
    effects = meta_longitudinal.changes(given) if "rows" in given else trials(name)
    course = pool_over_time(effects, sd_rep=2.5, engine="REML")
    found = course.sensitivity().query("assumption == 'CR2'")
    fit = fit_multilevel(
        yi=rows.y,
        v=visit_covariance(vi=rows.v, months=rows.months, study=rows.names, rho=0.7),
        design=rows.saturated,
        intercepts={"study": rows.names, "visit": np.arange(rows.y.size)},
    )
    want = fit.robust(rows.names)
    assert found["estimate"].tolist() == pytest.approx(want.b, rel=1e-5)
    assert found["df"].tolist() == pytest.approx(want.df, rel=1e-4)
    assert found["ci_low"].tolist() == pytest.approx(want.ci_low, rel=1e-4)
    few = want.df < 4
    assert [("no main result" in note) for note in found["note"]] == few.tolist()


def test_a_window_that_one_study_tells_has_no_cluster_robust_interval() -> None:
    rows = [(f"S{i}", 3.0, 1.0 + 0.1 * i, 0.2) for i in range(9)]
    course = pool_over_time(made([*rows, ("L", 24.0, 0.5, 0.2)]), sd_rep=2.5)
    assert course.tau == course.omega == 0
    found = course.sensitivity().query("assumption == 'CR2' and window == '24mo'").iloc[0]
    assert (found["ci_low"], found["ci_high"]) == (-math.inf, math.inf)
    assert "no main result; one study tells much of this window" in found["note"]


def test_nothing_is_said_beyond_the_horizon() -> None:
    course = pool_over_time(
        made([("A", 1, 2, 0.1), ("A", 20, 1, 0.1), ("B", 1, 2, 0.1), ("B", 19, 1, 0.1)]), sd_rep=2.5
    )
    assert course.windows[-1].window == "24mo"
    assert course.windows[-1].months == 20.0 == course.horizon
    assert course.duration(1.0).steps.horizon == 20.0
    assert course.effect_at(19).window == "24mo"
    for months in (24, 20.1, math.inf, math.nan):
        with pytest.raises(InputError, match="last visit is at 20 months"):
            course.effect_at(months)
    for months in (0, 0.3, 6):
        with pytest.raises(InputError, match="no study has a visit near"):
            course.effect_at(months)


def test_another_mix_of_studies_does_not_look_like_a_fade() -> None:
    rows = [(f"E{i}", t, 2.1, 0.05) for i in range(4) for t in (1, 3, 6)]
    rows += [(f"L{i}", t, 0.9, 0.05) for i in range(4) for t in (6, 12, 24)]
    course = pool_over_time(made(rows), sd_rep=2.5)
    assert course.engine == "REML"
    first, last = course.windows[0], course.windows[-1]
    assert abs(first.estimate - last.estimate) < 0.6  # window by window the difference is 1.2
    assert course.decline is not None
    assert course.decline.slope == pytest.approx(0.0, abs=1e-9)
    assert not course.decline.shown


def test_a_curve_that_misfits_gives_no_time() -> None:
    rows = [(f"S{i}", t, 2.5 if t < 12 else 0.0, 0.02) for i in range(3) for t in (1, 3, 6, 12, 24)]
    course = pool_over_time(made(rows), sd_rep=2.5)
    assert course.line is not None
    assert course.months_until(1.0) is None
    assert any(note.startswith("CURVE_MISFIT: ") for note in course.duration(1.0).notes)


def test_one_study_and_one_window_are_noted() -> None:
    one = pool_over_time(made([("A", 1, 2, 0.1), ("A", 6, 1, 0.1)]), sd_rep=2.5)
    assert any(note.startswith("ONE_STUDY") for note in one.notes)
    assert one.line is None
    single = pool_over_time(made([("A", 6, 2, 0.1), ("B", 6, 1, 0.1)]), sd_rep=2.5)
    assert any(note.startswith("SINGLE_WINDOW") for note in single.notes)
    assert single.decline is None
    assert single.freedom == (math.inf,)
    with pytest.raises(InputError, match="two studies"):
        pool_over_time(one.effects, sd_rep=2.5, engine="REML")
    with pytest.raises(InputError, match="more effects than windows"):
        pool_over_time(made([("A", 1, 2, 0.1), ("B", 6, 1, 0.1)]), sd_rep=2.5, engine="REML")


def test_prior_conflict_is_noted() -> None:
    apart = made([("A", 1, 9, 0.1), ("A", 6, 9, 0.1), ("B", 1, 0, 0.1), ("B", 6, 0, 0.1)])
    assert any(note.startswith("PRIOR_CONFLICT") for note in pool_over_time(apart, sd_rep=2.5).notes)


def test_a_study_speaks_once_in_a_window() -> None:
    twice = made([("A", 5, 2, 0.1), ("A", 6, 1, 0.1), ("B", 6, 1, 0.1), ("B", 12, 1, 0.1)])
    course = pool_over_time(twice, sd_rep=2.5)
    assert len(course.effects) == 3
    assert any(note.startswith("1 effect left out") for note in course.notes)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"sd_rep": 0.0}, "sd_rep must be above 0"),
        ({"scale": -1.0}, "scale must be above 0"),
        ({"level": 1.0}, "level"),
        ({"rho": 1.0}, "rho must lie from 0 to below 1"),
        ({"engine": "bayes"}, "engine"),
    ],
)
def test_numbers_out_of_range_are_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pool_over_time(trials(), **{"sd_rep": 2.5, **words})


def test_effects_that_do_not_belong_together_are_refused() -> None:
    effects = trials("B_two_trials")
    with pytest.raises(InputError, match="no times"):
        pool_over_time(EffectSizes(yi=[1.0], vi=[0.1]), sd_rep=2.5)
    changed = [dataclasses.replace(effects.lineage[0], versus=""), *effects.lineage[1:]]
    with pytest.raises(EstimandError, match="cannot be pooled"):
        pool_over_time(EffectSizes(yi=effects.yi, vi=effects.vi, lineage=changed), sd_rep=2.5)
    scaled = [dataclasses.replace(effects.lineage[0], curve="odi_0_100"), *effects.lineage[1:]]
    with pytest.raises(InputError, match="one scale"):
        pool_over_time(EffectSizes(yi=effects.yi, vi=effects.vi, lineage=scaled), sd_rep=2.5)
    with pytest.raises(InputError, match="no effect"):
        pool_over_time(EffectSizes(yi=[], vi=[]))
    with pytest.raises(InputError, match="takes EffectSizes"):
        pool_over_time([1.0, 2.0])  # type: ignore[arg-type]
    unknown = [dataclasses.replace(effect, curve="own_scale") for effect in effects.lineage]
    with pytest.raises(InputError, match="no representative standard deviation"):
        pool_over_time(EffectSizes(yi=effects.yi, vi=effects.vi, lineage=unknown))


def test_windows_of_other_studies_are_named(bundled: Evidence) -> None:
    effects = effect_sizes(bundled, procedure="idet", comparator="active", domain="pain")
    notes = pool_over_time(effects).duration(1.0).notes
    assert any(note.startswith("MIX: 6mo (fukui2012) and 12mo (kapural2005) share 0") for note in notes)


def test_results_can_be_shown(bundled: Evidence) -> None:
    effects = effect_sizes(bundled, procedure="vertebroplasty", comparator="placebo", domain="pain")
    course = pool_over_time(effects)
    assert repr(course) == "<TimeCourse: MD contrast, 2 studies, 5 windows, half-normal, horizon 24 months>"
    assert course.sd_rep == 2.5
    html = course._repr_html_()
    assert "firanescu2018" in html
    assert "New study" in html
    frame = course.to_frame()
    assert frame["k"].sum() == len(course.effects)
    assert (frame["rho 0.5 low"] < frame["estimate"]).all()
    assert repr(course.duration(1.0)).startswith("<CourseDuration: delta 1, ")


def every_course(bundled: Evidence) -> list[TimeCourse]:
    found = []
    treatments = [record for record in bundled.procedure_records() if not record.is_control]
    for record in treatments:
        for comparator in ("placebo", "usual_care", "active"):
            for domain in ("pain", "disability"):
                effects = effect_sizes(
                    bundled, procedure=record.procedure_id, comparator=comparator, domain=domain
                )
                if len({effect.study_id for effect in effects.lineage}) > 1:
                    found.append(pool_over_time(effects))
    return found


def test_no_course_of_the_bundled_evidence_goes_beyond_its_visits(bundled: Evidence) -> None:
    courses = every_course(bundled)
    assert courses
    for course in courses:
        last = max(effect.months for effect in course.effects.lineage)
        assert course.horizon == last
        assert max(window.months for window in course.windows) <= last
        found = course.duration(course.sd_rep * 0.4)
        times = [found.steps.shown_until, found.steps.important_excluded_from, found.new_setting.horizon]
        if found.crossing is not None:
            times += [found.crossing.months, found.crossing.low, found.crossing.high]
        assert all(time <= last for time in times if time is not None)
        assert np.isfinite([(window.ci_low, window.ci_high) for window in course.windows]).all()
