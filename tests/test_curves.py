"""The scales of the evidence: natural ranges, responders, thresholds."""

from __future__ import annotations

import pytest

from planting import BUNDLED
from spineevidence.curves import NATURAL_RANGES, Curve, curve_for, curves_of
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.evidence import Evidence, load_evidence


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


def curve(evidence: Evidence, **words: str) -> Curve:
    given: dict[str, str | None] = {"domain": None, "measure": None, "curve": None}
    return curve_for(evidence, **(given | words))


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("pain", ["pain_0_10", "pain_responders"]),
        ("leg_pain", ["leg_pain_0_10", "leg_pain_responders"]),
        ("disability", ["odi_0_100", "rmdq_0_24", "disability_responders"]),
        ("global", ["global_responders"]),
        ("work", ["work_responders"]),
        ("safety", []),
        ("quality_of_life", []),
    ],
)
def test_curves_of_a_domain(evidence: Evidence, domain: str, names: list[str]) -> None:
    assert [found.name for found in curves_of(evidence, domain)] == names


@pytest.mark.parametrize(
    ("name", "delta", "words"),
    [
        ("pain_0_10", 1.0, "1.0 point"),
        ("leg_pain_0_10", 1.0, "1.0 point"),
        ("odi_0_100", 10.0, "10 points"),
        ("rmdq_0_24", 2.0, "2 points"),
        ("pain_responders", 0.1, "10 percentage points"),
    ],
)
def test_thresholds_between_groups(evidence: Evidence, name: str, delta: float, words: str) -> None:
    """METHOD 4.6: pain 1.0, ODI 10, RMDQ 2, responders 0.10."""
    found = curve(evidence, curve=name)
    assert found.delta == delta
    assert found.in_words(delta) == words


def test_nrs_is_preferred_to_vas_and_0_10_to_0_100(evidence: Evidence) -> None:
    order = [measure.measure_id for measure in curve(evidence, domain="pain").measures]
    assert order == ["nrs_pain_0_10", "vas_pain_0_10", "vas_pain_0_100"]


def test_leg_pain_and_back_pain_never_share_a_curve(evidence: Evidence) -> None:
    pain, leg = (
        {m.measure_id for m in curve(evidence, domain=name).measures} for name in ("pain", "leg_pain")
    )
    assert pain.isdisjoint(leg)


@pytest.mark.parametrize(
    ("measure", "factor"),
    [
        ("nrs_pain_0_10", 1),
        ("vas_pain_0_100", 0.1),
        ("rmdq_0_23", 24 / 23),
        ("odi_0_100", 1),
        ("success", 0.01),
    ],
)
def test_factors(evidence: Evidence, measure: str, factor: float) -> None:
    found = curve(evidence, measure=measure)
    (own,) = found.measures
    assert found.factor(own) == pytest.approx(factor)


def test_every_measure_of_a_natural_scale_is_on_its_curve(evidence: Evidence) -> None:
    for measure in evidence.measure_records().values():
        if measure.natural_scale is not None:
            assert measure in curve(evidence, curve=measure.natural_scale).measures
            assert measure.natural_scale in NATURAL_RANGES


def test_a_measure_without_a_natural_scale_is_its_own_curve(evidence: Evidence) -> None:
    found = curve(evidence, measure="sf36_bp")
    assert (found.name, found.kind, found.delta) == ("sf36_bp", "MD", None)


def test_what_cannot_be_asked(evidence: Evidence) -> None:
    with pytest.raises(InputError, match="say what was measured"):
        curve(evidence)
    with pytest.raises(UnknownNameError, match='did you mean "pain"'):
        curve(evidence, domain="pian")
    with pytest.raises(UnknownNameError, match='did you mean "pain_0_10"'):
        curve(evidence, curve="pain_0_100")
    with pytest.raises(UnknownNameError):
        curve(evidence, measure="vas")
    with pytest.raises(InputError, match="has no curve"):
        curve(evidence, domain="safety")
    with pytest.raises(InputError, match="itself a duration"):
        curve(evidence, measure="duration_of_relief_weeks")


def test_thresholds_shown_are_those_of_the_scale_itself() -> None:
    """1, 2 and 5 of 24 points; 1 of 23 points would stand beside them as 1.04."""
    evidence = load_evidence()
    shown = {
        curve.name: curve.thresholds_shown
        for domain in ("pain", "disability")
        for curve in curves_of(evidence, domain)
    }
    assert shown["rmdq_0_24"] == (1.0, 2.0, 5.0)
    assert shown["pain_0_10"] == (0.5, 1.0, 1.5)
    assert shown["odi_0_100"] == (5.0, 10.0)
    assert shown["pain_responders"] == (0.1,)
