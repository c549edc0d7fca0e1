"""The methods section: golden texts, numbers, citations, words for changes, and the bibliography."""

from __future__ import annotations

import dataclasses
import os
import platform
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spineevidence as spe
from spineevidence.bibliography import format_bibliography, read_bibliography
from spineevidence.citations import reference_list
from spineevidence.derivation import ROUTES
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formatting import time_in_words, trimmed
from spineevidence.lineage import Effect, LeftOut, keyword
from spineevidence.methods import known_references, methods_text, numbered
from spineevidence.pooling.heterogeneity import Method
from spineevidence.provenance import ASSUMPTIONS
from spineevidence.stepwise import IMPRECISION
from tiny import contrast, finding, row, tiny

HERE = Path(__file__).parent
SOURCE = HERE.parent / "src" / "spineevidence"
GOLDEN = HERE / "methods_texts.txt"
WITHOUT_DOI = {"hedges1985", "hsu1999", "hunter1990", "sato1989"}
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w)")
CITED = re.compile(r"\[\d+(?:, \d+)*\]")
MODELS = re.compile(r"(?:random|mixed)-effects")  # names of models, not of what was estimated

WINDOW_OF = {1.0: "1mo", 3.0: "3mo", 6.0: "6mo", 12.0: "12mo", 24.0: "24mo"}


def one(study: str, months: float, yi: float, vi: float, **words: Any) -> Effect:
    """Return one effect with lineage."""
    half = 1.96 * vi**0.5
    start: dict[str, Any] = {
        "study_id": study,
        "curve": "pain_0_10",
        "measure_id": "nrs",
        "arm": "t",
        "versus": "s",
        "months": months,
        "window": WINDOW_OF[months],
        "yi": yi,
        "sei": vi**0.5,
        "df": np.inf,
        "ci_low": yi - half,
        "ci_high": yi + half,
        "n_arm": 20,
        "n_versus": 21,
        "route": "contrast",
        "lines": (2,),
        "derivation": "",
        "notes": (),
        "rank": (0, 0, 0),
    }
    return Effect(**(start | words))


def gathered(lineage: Sequence[Effect], **words: Any) -> EffectSizes:
    """Return effects with lineage."""
    start: dict[str, Any] = {"measure": "MD", "estimand": "contrast"}
    return EffectSizes(
        yi=[effect.yi for effect in lineage],
        vi=[effect.sei**2 for effect in lineage],
        lineage=lineage,
        **(start | words),
    )


LEFT_OUT = (
    LeftOut("finding only, no number", "north", 7),
    LeftOut("finding only, no number", "south", 9),
    LeftOut("scale assumed", "south", 8),
)
TWO = gathered(
    [
        one("north", 1.0, 1.9, 0.12, route="final_means"),
        one("north", 6.0, 1.4, 0.11, route="final_means", notes=("N_FROM_ARM: n of t", "N_FROM_ARM: n of s")),
        one("north", 12.0, 0.6, 0.13, route="adjusted_contrast"),
        one("south", 1.0, 1.5, 0.21, route="pseudo_ancova", notes=("IMPUTED_R: taken as 0.25",)),
        one("south", 12.0, 0.4, 0.22, notes=("P_BOUND: p < 0.01",)),
    ],
    left_out=LEFT_OUT,
)
CHANGES = gathered(
    [dataclasses.replace(effect, versus="", n_versus=None, route="before_after") for effect in TWO.lineage],
    estimand="change",
    left_out=LEFT_OUT,
)
MANY = gathered(
    [
        one(f"study{place}", months, 1.5 - 0.03 * months + 0.1 * (place % 3), 0.05 + 0.01 * place)
        for place in range(8)
        for months in (1.0, 6.0, 24.0)
    ]
)
EVERY_ROUTE = gathered(
    [
        one("north", 1.0, 1.0, 0.1, route=route, formula=formula, notes=notes)
        for route, formula, notes in [
            *((route, "", ()) for route in ROUTES if route != "responders"),
            ("responders", "events of both arms; Newcombe interval", ()),
            ("responders", "events of both arms; log risk ratio", ()),
            ("responders", "events of both arms; log odds ratio", ()),
            *(("contrast", "", (f"{word}: {within}",)) for word, within, _ in ASSUMPTIONS),
        ]
    ],
    measure="MID",
)
BARE = EffectSizes(
    yi=[0.1, 0.4, 0.45, 0.9, 1.1], vi=[0.02, 0.03, 0.025, 0.031, 0.04], measure="SMD", estimand="contrast"
)
STANDARDISED_CHANGES = EffectSizes(yi=[0.5, 0.9], vi=[0.1, 0.2], measure="SMD", estimand="change")
COUNTS: Mapping[str, list[int]] = {
    "events1": [0, 6, 3],
    "n1": [123, 306, 231],
    "events2": [11, 29, 11],
    "n2": [139, 303, 220],
}
STUDIES = {
    "cohort": {"design": "prospective_cohort", "blinding": "unclear"},
    "other": {"design": "prospective_cohort", "blinding": "unclear"},
}


def evidence(folder: Path) -> dict[str, object]:
    """Return durations on tiny evidence: pooled, alone, by votes, of a change."""
    course = [
        contrast(-1.9, -2.7, -1.1, months=1),
        contrast(-1.6, -2.4, -0.8, months=6),
        contrast(-0.1, -0.9, 0.7, months=12),
        finding("no_difference", 24),
    ]
    second = contrast(-0.1, -0.6, 0.4, months=6, study_id="two")
    same = contrast(-0.5, -1.2, 0.2, months=5.5, study_id="three")
    change = [
        row(value="7", sd="1.5", n="30", months=0, study_id="cohort"),
        row(value="3", sd="2", n="30", months=6, study_id="cohort"),
        row(value="6", sd="1.5", n="30", months=0, study_id="other"),
        row(value="4", sd="2", n="30", months=6, study_id="other"),
    ]
    placebo: dict[str, Any] = {"procedure": "heat", "comparator": "placebo", "domain": "pain"}
    several = spe.duration_of_benefit(tiny(folder / "several", [*course, second]), **placebo)
    window = spe.duration_of_benefit(tiny(folder / "window", [second, same]), **placebo)
    return {
        "duration, several studies": several,
        "duration, one window": window,
        "duration, one study": spe.duration_of_benefit(tiny(folder / "one", course), **placebo),
        "duration, findings": spe.duration_of_benefit(tiny(folder / "votes", course[3:]), **placebo),
        "duration, nothing": spe.duration_of_benefit(
            tiny(folder / "nothing", course), procedure="cool", comparator="placebo", domain="pain"
        ),
        "duration, change": spe.duration_of_benefit(
            tiny(folder / "change", change, studies=STUDIES),
            procedure="heat",
            estimand="change",
            domain="pain",
        ),
        "together, joint model": several.together,
        "together, one window": window.together,
    }


def made() -> dict[str, object]:
    """Return a result of every other kind."""
    course = spe.pool_over_time(TWO)
    long = spe.pool_over_time(MANY)
    lone = spe.stepwise_duration(
        months=[1, 6, 12],
        estimate=[1.9, 0.4, 0.1],
        ci_low=[1.1, -2, -0.5],
        ci_high=[2.7, 2.8, 0.7],
        delta=1.0,
    )
    return {
        "effects": TWO,
        "effects, every route": EVERY_ROUTE,
        "effects, changes": CHANGES,
        "effects, bare": BARE,
        "effects, none": EffectSizes(yi=[], vi=[], estimand="contrast", left_out=LEFT_OUT),
        "effects, standardised changes": STANDARDISED_CHANGES,
        "pool": spe.pool(BARE),
        "pool, z": spe.pool(BARE, method="PM", test="z", level=0.9),
        "pool, t": spe.pool(BARE, method="DL", test="t"),
        "pool, common": spe.pool(BARE, method="EE", test="z"),
        "pool, changes": spe.pool(CHANGES.at("12mo"), test="knha"),
        "pool, one study": spe.pool(TWO.at("6mo")),
        "half-normal": spe.pool_half_normal(TWO.at("12mo"), scale=0.75),
        "window": spe.pool_window(TWO.at("12mo"), sd_rep=2.5),
        "window, many": spe.pool_window(MANY.at("6mo"), sd_rep=2.5),
        "window, bare study": spe.pool_window(EffectSizes(yi=1.0, vi=0.2), sd_rep=2.5),
        "windows": spe.pool_windows(TWO, sd_rep=2.5, delta=1.0),
        "windows, changes": spe.pool_windows(CHANGES, sd_rep=2.5, delta=2.0),
        "course": course,
        "course, REML": long,
        "course, changes": spe.pool_over_time(CHANGES),
        "course, duration": long.duration(1.0),
        "course, duration of changes": spe.pool_over_time(CHANGES).duration(2.0),
        "stepwise": lone,
        "regression": spe.meta_regression(BARE, moderators={"dose": [1, 2, 3, 4, 5]}),
        "regression, words": spe.meta_regression(
            BARE, moderators={"design": ["a", "b", "a", "b", "b"]}, method="ML", test="z"
        ),
        "regression, common": spe.meta_regression(
            BARE, moderators={"dose": [1, 2, 3, 4, 5]}, method="EE", test="t"
        ),
        "regression, changes": spe.meta_regression(
            EffectSizes(yi=BARE.yi, vi=BARE.vi, measure="MD", estimand="change"),
            moderators={"dose": [1, 2, 3, 4, 5]},
            method="HE",
        ),
        "subgroups": spe.subgroups(BARE, by=["a", "a", "b", "b", "b"]),
        "subgroups, common": spe.subgroups(
            BARE, by=["a", "a", "b", "b", "b"], heterogeneity="common", method="SJ", test="knha"
        ),
        "Mantel-Haenszel": spe.mantel_haenszel(**COUNTS),
        "Mantel-Haenszel, RD": spe.mantel_haenszel(**COUNTS, measure="RD"),
        "Mantel-Haenszel, RR": spe.mantel_haenszel(**COUNTS, measure="RR"),
        "rates": spe.mantel_haenszel_rates(
            events1=[9, 8, 3], time1=[413, 263, 487], events2=[19, 19, 13], time2=[398, 245, 435]
        ),
        "Peto": spe.peto(**COUNTS),
        "Egger": spe.egger_test(BARE),
        "Egger, mixed": spe.egger_test(BARE, model="mixed", test="knha", predictor="vi"),
        "rank test": spe.rank_test(BARE),
        "trim and fill": spe.trim_and_fill(BARE, estimator="R0", side="left"),
        "selection": spe.selection_model(
            EffectSizes(yi=[0.1, 0.2, 0.5, 0.9, 0.3, 0.05], vi=[0.01, 0.02, 0.02, 0.08, 0.05, 0.04])
        ),
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return made() | evidence(tmp_path_factory.mktemp("tiny"))


def golden() -> dict[str, str]:
    blocks = GOLDEN.read_text(encoding="utf-8").strip().split("\n\n")
    return dict(block.removeprefix("## ").split("\n", 1) for block in blocks)  # type: ignore[misc]


def software(text: str) -> tuple[str, str]:
    """Return a text without its last sentence, and that sentence without its citations."""
    body, mark, rest = text.rpartition("Computations were made with ")
    return body.strip(), CITED.sub("[]", mark + rest)


def test_there_is_a_golden_text_for_every_kind_of_result(results: dict[str, object]) -> None:
    assert sorted(golden()) == sorted(results)


def test_texts_are_the_golden_ones(results: dict[str, object]) -> None:
    found = {name: software(methods_text(result).text)[0] for name, result in results.items()}
    assert found == golden()


def test_the_software_is_told_with_its_versions(results: dict[str, object]) -> None:
    expected = (
        f"Computations were made with spineevidence {version('spineevidence')}, NumPy {np.__version__} [] "
        f"and SciPy {version('scipy')} [] in Python {platform.python_version()}."
    )
    assert {software(methods_text(result).text)[1] for result in results.values()} == {expected}


def numbers_of(thing: object) -> Iterator[str]:
    """Yield every number that a result holds, as it may be printed."""
    if isinstance(thing, str):
        yield from NUMBER.findall(thing)
    elif isinstance(thing, int | float | np.number):
        yield from printed(float(thing))
    elif isinstance(thing, np.ndarray) and thing.dtype.kind == "i":
        yield from map(str, thing.tolist())
    elif isinstance(thing, tuple):
        yield from map(str, counted(thing))
        for part in thing:
            yield from numbers_of(part)
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            yield from numbers_of(getattr(thing, field.name))
        if isinstance(thing, EffectSizes):
            yield str(len(thing))


def printed(value: float) -> Iterator[str]:
    """Yield a number as it is printed: plain, in percent, and as a time."""
    if np.isfinite(value):
        yield trimmed(value)
        yield trimmed(100 * value)
        if value > 0:
            yield from NUMBER.findall(time_in_words(value))


def counted(things: tuple[object, ...]) -> Iterator[int]:
    """Yield how often effects share a route, a formula, an assumption, and rows a reason."""
    effects = [thing for thing in things if isinstance(thing, Effect)]
    studies = [thing for thing in things if type(thing).__name__ == "StudyDuration"]
    windows = [thing for thing in things if type(thing).__name__ == "PooledWindow"]
    effects += [effect for study in studies for effect in study.effects]
    effects += [effect for window in windows for effect in window.effects.lineage]
    yield len(things)
    yield len(effects)
    yield len({effect.study_id for effect in effects})
    yield from Counter((effect.route, effect.formula) for effect in effects).values()
    yield from Counter(effect.route for effect in effects).values()
    words = Counter(word for effect in effects for word in {keyword(note) for note in effect.notes})
    yield from words.values()
    yield from Counter(thing.reason for thing in things if isinstance(thing, LeftOut)).values()


def strange_numbers(result: object) -> set[str]:
    """Return the numbers of a text that its result does not hold."""
    body, _ = software(methods_text(result).text)
    held = {*numbers_of(result), trimmed(IMPRECISION)}
    return set(NUMBER.findall(CITED.sub("", body))) - held


def test_every_number_in_a_text_is_in_its_result(results: dict[str, object]) -> None:
    assert {name: strange for name, result in results.items() if (strange := strange_numbers(result))} == {}


def test_a_number_from_elsewhere_is_found() -> None:
    other = dataclasses.replace(spe.pool_half_normal(BARE, scale=0.3137), notes=())
    body, _ = software(methods_text(other).text)
    assert "with scale 0.3137," in body
    assert "0.3137" not in set(numbers_of(dataclasses.replace(other, scale=0.7)))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=3, max_size=9, unique_by=lambda one: one[0]
    ),
    method=st.sampled_from(get_args(Method)),
    test=st.sampled_from(["z", "t", "knha", "adhoc"]),
    level=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    estimand=st.sampled_from(["contrast", "change", ""]),
)
def test_pooled_texts_hold_no_other_numbers(
    rows: list[tuple[float, float]], method: Method, test: Any, level: float, estimand: str
) -> None:
    yi, vi = ([one[place] for one in rows] for place in (0, 1))
    found = spe.pool(EffectSizes(yi=yi, vi=vi, estimand=estimand), method=method, test=test, level=level)
    assert strange_numbers(found) == set()
    told = MODELS.sub("", methods_text(found).text)
    assert ("effect" in told) is (estimand == "contrast")


def test_another_estimator_gives_another_sentence_and_source() -> None:
    texts, sources = {}, {}
    for method in get_args(Method):
        told = methods_text(spe.pool(BARE, method=method, test="z"))
        texts[method], sources[method] = software(told.text)[0], told.citations
    assert len(set(texts.values())) == len(texts) == 11
    del sources["PMM"]  # a variant of "PM", from the same source
    assert len(set(sources.values())) == len(sources)
    assert "viechtbauer2005" in sources["REML"]
    assert "paule1982" in sources["PM"]


def test_another_test_gives_another_sentence() -> None:
    texts = {test: methods_text(spe.pool(BARE, test=test)) for test in ("z", "t", "knha", "adhoc")}
    assert len({told.text for told in texts.values()}) == 4
    assert "rover2015" in texts["adhoc"].citations
    assert "rover2015" not in texts["knha"].citations
    assert "knapp2003" not in texts["t"].citations


def test_changes_are_never_called_effects(results: dict[str, object]) -> None:
    changes = {name for name in results if "change" in name}
    assert len(changes) == 8
    for name in changes:
        told = MODELS.sub("", methods_text(results[name]).text).lower()
        assert "change" in told or "duration of" in name
        assert not re.search("effect|benefit", told), name


def test_every_source_is_cited_by_some_method_and_none_is_missing(results: dict[str, object]) -> None:
    every = [spe.pool(BARE, method=method, test="z") for method in get_args(Method)]
    cited = {key for result in (*results.values(), *every) for key in methods_text(result).citations}
    assert cited == set(known_references())
    keys = {
        key
        for name in ("methodwords", "provenance", "methods")
        for key in re.findall(r"@([a-z]+\d{4})\b", (SOURCE / f"{name}.py").read_text(encoding="utf-8"))
    }
    assert keys == cited


def test_no_citation_is_left_without_a_number(results: dict[str, object]) -> None:
    for result in results.values():
        told = methods_text(result)
        assert "@" not in told.text
        numbers = [int(number) for group in CITED.findall(told.text) for number in re.findall(r"\d+", group)]
        assert list(dict.fromkeys(numbers)) == list(range(1, len(told.citations) + 1))
        assert len(told.references) == len(told.citations) == len(set(told.citations))


def test_the_bibliography_is_sound_and_canonical() -> None:
    path = SOURCE / "methods.bib"
    found = read_bibliography(path)
    assert found.problems == ()
    assert format_bibliography(found.references) == path.read_text(encoding="utf-8")
    assert {key for key, entry in found.references.items() if not entry.doi} == WITHOUT_DOI
    for key, entry in found.references.items():
        assert entry.authors, key
        assert key.endswith(str(entry.year)), key
        assert entry.journal or entry.text("publisher"), key
        assert re.fullmatch(r"10\.\d{4,5}/\S+", entry.doi or "10.1000/none"), key


def test_bibtex_holds_exactly_what_is_cited(results: dict[str, object], tmp_path: Path) -> None:
    for result in results.values():
        told = methods_text(result)
        file = tmp_path / "cited.bib"
        file.write_text(told.to_bibtex(), encoding="utf-8")
        assert list(read_bibliography(file).references) == sorted(told.citations)


def test_it_shows_itself() -> None:
    told = methods_text(BARE)
    assert str(told) == "\n".join([told.text, "", "References", *told.references])
    assert told.references[0] == (
        "1. Hedges LV. Distribution theory for Glass's estimator of effect size and related estimators. "
        "Journal of Educational Statistics. 1981;6(2):107–28. doi:10.3102/10769986006002107"
    )
    assert repr(told) == f"<MethodsText: {len(told.text.split())} words, 3 references>"
    assert told._repr_html_().startswith("<p>5 effects (standardised mean differences [1])")
    assert told._repr_html_().count("<li>") == 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        told.text = ""  # type: ignore[misc]


def test_names_of_the_user_are_escaped() -> None:
    fitted = spe.meta_regression(BARE, moderators={"<b>dose [@none]": [1, 2, 3, 4, 5]})
    told = methods_text(fitted)
    assert "<b>dose [@none]" in told.text
    assert "&lt;b&gt;dose" in told._repr_html_()


def test_notes_tell_what_the_writer_must_add() -> None:
    words = {
        name: [note.partition(":")[0] for note in methods_text(found).notes] for name, found in made().items()
    }
    always = ["NOT_HELD", "SOFTWARE"]
    assert words["effects"] == always
    assert words["pool"] == ["ORIGIN", *always]
    assert words["windows"] == ["THRESHOLD", *always]
    assert words["stepwise"] == ["THRESHOLD", "MODEL", *always]
    assert words["Egger"] == ["ORIGIN", *always]


def test_books_and_chapters_are_printed_too() -> None:
    known = known_references()
    listed = reference_list(known, ["hedges1985", "sterne2005", "walters2019"])
    assert listed.notes == ()
    book, chapter, article = (entry.text() for entry in listed.entries)
    assert (
        book == "Hedges LV, Olkin I. Statistical Methods for Meta-Analysis. San Diego: Academic Press; 1985."
    )
    assert chapter.startswith("Sterne JAC, Egger M. Regression methods to detect publication and other bias")
    assert "Prevention, Assessment and Adjustments. Chichester: Wiley; 2005. p. 99–110." in chapter
    assert "should we assume? Trials. 2019;20:566." in article


def test_sources_are_numbered_by_appearance() -> None:
    known = known_references()
    text, entries = numbered("A [@welch1947]; B [@katz1978; @welch1947]; C [@katz1978].", known)
    assert text == "A [1]; B [1, 2]; C [2]."
    assert [entry.key for entry in entries] == ["welch1947", "katz1978"]


@pytest.mark.parametrize("wrong", [3, None, "pool", [BARE], BARE.to_frame()])
def test_other_things_are_refused(wrong: object) -> None:
    with pytest.raises(InputError, match=f"how {type(wrong).__name__} was made; give EffectSizes, or the"):
        methods_text(wrong)


def test_two_runs_give_the_same_bytes() -> None:
    script = (
        "import test_methods as t, spineevidence as s\n"
        "for r in (t.EVERY_ROUTE, t.TWO, s.pool_over_time(t.TWO)):\n"
        "    m = s.methods_text(r)\n"
        "    print(m, m.to_bibtex(), m._repr_html_(), m.notes)\n"
    )
    path = os.pathsep.join([str(HERE), *sys.path])
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 5000
