"""What narrows a duration: only responders treated, treatment repeated, patients sorted after allocation."""

from __future__ import annotations

from pathlib import Path

import pytest

from spineevidence.cautions import cautions
from spineevidence.duration import duration_of_benefit
from spineevidence.effects import by_study
from spineevidence.evidence import Evidence
from spineevidence.results import results_of
from tiny import contrast, row, tiny


def said(base: Evidence, domain: str = "pain") -> list[str]:
    studies = by_study(results_of(base))
    return list(cautions(studies, sorted(studies), domain=domain))


def with_note(folder: Path, note: str) -> Evidence:
    return tiny(folder, [contrast(-1, -2, -0.2)], studies={"trial": {"note": note}})


@pytest.mark.parametrize(
    "note",
    [
        "Responders (>50% relief) to diagnostic lidocaine facet injection",
        "three separate positive facet blocks required",
        "Selection by response to intra-articular injection",
        "84 implanted after positive test",
        "Single diagnostic block",
        "controlled comparative blocks",
    ],
)
def test_studies_of_responders_to_a_test_are_named_with_their_words(tmp_path: Path, note: str) -> None:
    assert said(with_note(tmp_path, f"Sham-controlled; {note}; 40 patients")) == [
        f"ENRICHED: trial: “{note}”"
    ]


@pytest.mark.parametrize(
    "note",
    [
        "Up to three epidural injections",
        "repeat injections allowed",
        "blocks repeated as needed",
        "Intra-articular injection, biweekly, up to three",
        "half were still having repeat injections",
    ],
)
def test_repeated_treatment_is_named_with_its_words(tmp_path: Path, note: str) -> None:
    assert said(with_note(tmp_path, note)) == [f"RETREATMENT: trial: “{note}”"]


@pytest.mark.parametrize(
    "note",
    [
        "",
        "Follow-up to 6 months",
        "non-responders could cross over",
        "repeated-measures model, all 300 included",
        "responder = 2-point or 30 percent fall in VAS",
        "repeat lumbosacral decompression",
        "up to 36 months; one injection",
    ],
)
def test_other_words_are_no_caution(tmp_path: Path, note: str) -> None:
    assert said(with_note(tmp_path, note)) == []


def test_words_of_arms_and_rows_count_too_and_semicolons_in_brackets_do_not_part(tmp_path: Path) -> None:
    arms = {"t": ("heat", "30", "heat, repeated as needed")}
    rows = [contrast(-1, -2, -0.2, note="after diagnostic block (A good; B poor)")]
    assert said(tiny(tmp_path, rows, arms=arms)) == [
        "ENRICHED: trial: “after diagnostic block (A good; B poor)”",
        "RETREATMENT: trial: “heat, repeated as needed”",
    ]


def test_rows_of_patients_sorted_after_allocation_are_counted_in_their_domain(tmp_path: Path) -> None:
    rows = [
        contrast(-1, -2, -0.2),
        row(value=3, sd=2, analysis="as_treated"),
        row(value=3, sd=2, analysis="responders", months=6),
        row("odi_0_100", value=30, sd=9, analysis="as_treated"),
    ]
    base = tiny(tmp_path, rows)
    assert said(base) == ["AS_TREATED: trial: 2 rows of patients sorted after allocation set aside"]
    found = duration_of_benefit(base, procedure="heat", comparator="placebo", domain="pain")
    assert said(base)[0] in found.notes
    assert said(base, "leg_pain") == []
