"""A row per window of every contrast: numbers of the line, certainty, and claims about that time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planting import BUNDLED
from spineevidence.certainty import certainty_of
from spineevidence.claims import judge_claims
from spineevidence.duration import duration_of_benefit
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.stepwise import STATES, benefit_state
from spineevidence.summary import summarize
from spineevidence.timing import WINDOWS
from spineevidence.windowsummary import COLUMNS, summarize_windows
from tiny import contrast, finding, row, tiny

ORDER = [window.label for window in WINDOWS]


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


@pytest.fixture(scope="module")
def frame(evidence: Evidence) -> pd.DataFrame:
    return summarize_windows(evidence)


def test_every_contrast_with_numbers_or_findings_has_its_windows(
    evidence: Evidence, frame: pd.DataFrame
) -> None:
    lines = summarize(evidence)
    timed = lines[lines["horizon_months"].notna() & lines["comparator"].ne("change")]
    keys = ["procedure_id", "comparator", "domain"]
    assert set(map(tuple, frame[keys].to_numpy())) == set(map(tuple, timed[keys].to_numpy()))
    assert tuple(frame.columns) == COLUMNS
    for _, line in timed.iterrows():
        own = frame[(frame[keys] == line[keys]).all(axis=1)]
        assert set(own["window"]) == {label for label in ORDER if line[label]}
        assert set(own["duration"]) == {line["sentence"]}
        assert set(own["left_out"]) == {line["left_out"]}


def test_a_state_is_that_of_the_interval_beside_it(frame: pd.DataFrame) -> None:
    numbers = frame[frame["estimate"].notna()]
    assert len(numbers) > 100
    assert set(numbers["state"]) <= set(STATES)
    for line in numbers.itertuples():
        assert benefit_state(ci_low=line.ci_low, ci_high=line.ci_high, delta=line.delta) == line.state
        assert line.ci_low <= line.estimate <= line.ci_high
        assert line.k == len(line.studies.split(";"))


def test_numbers_are_those_of_the_certainty_and_of_the_duration(
    evidence: Evidence, frame: pd.DataFrame
) -> None:
    asked = {"procedure": "vertebroplasty", "comparator": "placebo", "domain": "pain"}
    own = frame.query("procedure_id == 'vertebroplasty' and comparator == 'placebo'")
    own = own[own["curve"] == "pain_0_10"]
    rated = certainty_of(evidence, **asked)
    assert own["sentence"].tolist() == [window.sentence for window in rated.windows]
    together = duration_of_benefit(evidence, **asked).together
    assert together is not None
    assert np.allclose(own["ci_low"], together.steps.ci_low)
    assert set(own["model"]) == {"joint model, half-normal priors"}
    assert set(own["certainty"]) == {"suggested, not assessed"}
    assert own["suggested"].str.contains("risk of bias: cannot be judged").all()


def test_claims_stand_at_their_time_with_the_verdict_of_the_class(
    evidence: Evidence, frame: pd.DataFrame
) -> None:
    own = frame.query(
        "procedure_id == 'epidural_steroid_injection' and domain == 'pain' and window == '12mo'"
    )
    lasting = judge_claims(evidence)["esi-lasting"]
    for line in lasting.lines:
        said = own.loc[own["comparator"] == line.comparator, "claims"]
        assert not said.empty
        assert said.str.contains(
            f"esi-lasting: {line.found.verdict} ({line.found.reason})", regex=False
        ).all()


def test_models_are_named_and_findings_alone_have_no_effect(tmp_path: Path) -> None:
    rows = [
        contrast(-1.5, -2.5, -0.5, months=6),
        contrast(-1.1, -2.0, -0.2, months=6, study_id="two"),
        contrast(-20, -30, -10, months=6, measure="odi_0_100"),
        finding("no_difference", 12, study_id="three"),
        row("nrs_pain_0_10", 6, study_id="cohort", value=3, sd=2),
    ]
    cohort = {"cohort": {"design": "prospective_cohort", "blinding": "none"}}
    found = summarize_windows(tiny(tmp_path, rows, studies=cohort))
    assert found[["domain", "curve", "window", "k", "model"]].to_numpy().tolist() == [
        ["disability", "odi_0_100", "6mo", 1, "one study"],
        ["pain", "pain_0_10", "6mo", 2, "half-normal prior"],
        ["pain", "", "12mo", 1, "reported findings"],
    ]
    alone = found[found["model"] == "reported findings"].iloc[0]
    assert np.isnan(alone["estimate"])
    assert (alone["reported"], alone["certainty"]) == ("1 no difference", "not rated")
    assert alone["sentence"].endswith("size and precision unknown.")
    assert "change" not in set(found["comparator"])


def test_many_studies_in_one_window_are_pooled_by_restricted_likelihood(tmp_path: Path) -> None:
    rows = [contrast(-1 - 0.1 * i, -2 - 0.1 * i, -0.1 * i, months=6, study_id=f"s{i}") for i in range(6)]
    (found,) = summarize_windows(tiny(tmp_path, rows)).to_dict("records")
    assert (found["k"], found["model"], found["n"]) == (6, "restricted likelihood", 360)
    assert found["pi_low"] <= found["ci_low"]
