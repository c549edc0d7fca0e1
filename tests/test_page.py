"""The page to browse: whole, linked, silent on the network; text never code; nothing beyond the horizon."""

from __future__ import annotations

import hashlib
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planting import BUNDLED
from spineevidence.citations import reference_list
from spineevidence.claims import judge_claims
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lanes import VOTE_STATES
from spineevidence.page.anchors import anchor, token
from spineevidence.page.document import Contents, build_page, contents_of, render_page
from spineevidence.page.marks import Mark, marks_of
from spineevidence.report import build_report
from spineevidence.results import CHANGE
from spineevidence.stepwise import CHANGE_STATES, STATES
from spineevidence.summary import LineSummary, summary_lines
from spineevidence.timing import find_window
from tiny import PROCEDURES, Row, contrast, finding, plant, row, tiny

VOID = {"meta", "link", "input", "br", "rect", "circle", "path", "use"}
LOADING = {"src", "srcset", "poster", "data", "action", "formaction", "background", "manifest", "ping"}
COHORT: dict[str, Row] = {"cohort": {"design": "prospective_cohort"}}
RIGHT_TO_LEFT, ASTRAL = "\u202egnihton\u202c", "\U0001f9b4"
HOSTILE = f"""<script>alert("x")</script> & 'q' {{{{ 7*7 }}}} {RIGHT_TO_LEFT} {ASTRAL}"""
LONG = "w" * 300


@dataclass
class Node:
    """An element with what stands in it."""

    tag: str
    attributes: dict[str, str]
    parent: Node | None
    children: list[Node | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Node]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += [child for child in reversed(node.children) if isinstance(child, Node)]

    @property
    def text(self) -> str:
        """What a reader sees, spaces single."""
        parts: list[str] = []
        waiting: list[Node | str] = [self]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                parts.append(part)
            else:
                waiting += reversed(part.children)
        return " ".join(" ".join(parts).split())

    @property
    def above(self) -> Iterator[Node]:
        """Every element that it stands in."""
        if self.parent is not None:
            yield self.parent
            yield from self.parent.above

    def has(self, name: str) -> bool:
        """Whether it is of a class."""
        return name in self.attributes.get("class", "").split()


class Parser(HTMLParser):
    """Build a tree; an element closed in the wrong place is an error."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("#", {}, None)
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        node = Node(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.children.append(Node(tag, {name: value or "" for name, value in attrs}, self.at))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.at.tag, f"</{tag}> closes <{self.at.tag}> after {self.at.text[-80:]!r}"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def tree(page: str) -> Node:
    parser = Parser()
    parser.feed(page)
    parser.close()
    assert parser.at is parser.root
    return parser.root


def by_id(root: Node, place: str) -> Node:
    (found,) = (node for node in root if node.attributes.get("id") == place)
    return found


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


@pytest.fixture(scope="module")
def lines(evidence: Evidence) -> tuple[LineSummary, ...]:
    return summary_lines(evidence)


@pytest.fixture(scope="module")
def page(evidence: Evidence, lines: tuple[LineSummary, ...]) -> str:
    return render_page(evidence, lines)


@pytest.fixture(scope="module")
def root(page: str) -> Node:
    return tree(page)


@pytest.fixture(scope="module")
def contents(evidence: Evidence, lines: tuple[LineSummary, ...]) -> Contents:
    return contents_of(evidence, lines)


def hostile(folder: Path) -> Evidence:
    """Return evidence in which every free text tries to be code."""
    rows = [
        contrast(-1.6, -2.4, -0.8, months=6, locator=HOSTILE, note=HOSTILE),
        contrast(-1.5, -2.3, -0.7, months=6, study_id="<b>", locator=LONG),
        contrast(-0.2, -1.2, 0.8, months=12, study_id=ASTRAL, note=RIGHT_TO_LEFT),
        finding("no_difference", 24, study_id="s.1", note="javascript:alert(1)"),
        row(statistic="change", value=-2.0, sd=2.0, n=30, study_id="cohort", note=HOSTILE),
    ]
    procedures = [dict(one) for one in PROCEDURES]
    procedures[0] |= {"name": HOSTILE, "abbreviation": RIGHT_TO_LEFT, "note": HOSTILE, "target": LONG}
    procedures[3] |= {"name": LONG}
    plant(
        folder,
        rows,
        studies=COHORT | {"trial": {"note": HOSTILE, "country": LONG}},
        procedures=procedures,
        arms={"t": ("heat", "30", HOSTILE)},
    )
    title = HOSTILE.replace("{", "").replace("}", "").replace("&", r"\&")
    entry = (
        "@article{src,\n  author = {<i>Doe</i>, Jane},\n"
        f"  title = {{{title}}},\n  year = {{2001}},\n  url = {{javascript:alert(1)}}\n}}\n"
    )
    (folder / "references.bib").write_text(entry, encoding="utf-8")
    claims = (
        "claim_id,citekey,procedure_id,comparator,domain,kind,time,time_high,unit,share,measure_id,condition,"
        "wording,statement,interpretation,locator\n"
        "<i>,src,heat,any,pain,benefit_at,6,,months,,,,<u>,<script>alert(1)</script>,<s>,</table>\n"
    )
    (folder / "claims.csv").write_text(claims, encoding="utf-8")
    return load_evidence(folder)


def test_every_identifier_is_of_one_place_and_every_link_leads_to_one(root: Node) -> None:
    places = [node.attributes["id"] for node in root if "id" in node.attributes]
    assert len(places) == len(set(places)) > 3000
    assert not [place for place in places if re.search(r"[^A-Za-z0-9_.:-]", place)]
    links = [node.attributes["href"] for node in root if node.attributes.get("href", "").startswith("#")]
    assert {link[1:] for link in links} - set(places) == set()
    named = [
        name
        for node in root
        for attribute in ("aria-labelledby", "for")
        for name in node.attributes.get(attribute, "").split()
    ]
    assert set(named) - set(places) == set()


def test_nothing_is_loaded_and_nothing_runs_but_the_one_script(page: str, root: Node) -> None:
    for node in root:
        assert not LOADING & set(node.attributes), node.tag
        assert not [name for name in node.attributes if name.startswith("on") or name == "style"]
        if node.tag == "link":
            assert node.attributes == {"rel": "icon", "href": "data:,"}
        elif node.tag == "a":
            assert re.match(r"#|https?://", node.attributes["href"])
        assert node.tag not in {"img", "iframe", "object", "embed", "base", "video", "audio", "font"}
    assert sum(node.tag == "script" for node in root) == 1
    assert sum(node.tag == "style" for node in root) == 1
    (style,) = (node.text for node in root if node.tag == "style")
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in page


def test_the_script_holds_nothing_of_the_data(tmp_path: Path, page: str) -> None:
    other = build_page(tiny(tmp_path, [contrast(-1, -2, 0)]))
    scripts = [re.search(r"<script>(.*)</script>", text, re.DOTALL) for text in (page, other)]
    assert scripts[0] is not None
    assert scripts[1] is not None
    assert scripts[0][1] == scripts[1][1]
    assert not re.search(r"fetch|XMLHttpRequest|sendBeacon|localStorage|cookie|innerHTML|eval", scripts[0][1])


def test_the_same_evidence_gives_the_same_bytes(evidence: Evidence) -> None:
    chosen = evidence.select(procedure="vertebroplasty")
    code = (
        "from spineevidence import build_page, load_evidence; import hashlib; "
        'page = build_page(load_evidence().select(procedure="vertebroplasty")); '
        "print(hashlib.sha256(page.encode()).hexdigest())"
    )
    here = hashlib.sha256(build_page(chosen).encode()).hexdigest()
    assert hashlib.sha256(build_page(chosen).encode()).hexdigest() == here
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"},
    )
    assert ran.stdout.strip() == here


def test_the_page_is_not_too_large(page: str) -> None:
    assert len(page.encode()) < 6_000_000


def test_language_title_landmarks_and_headings(root: Node) -> None:
    tags = [node.tag for node in root]
    assert next(node for node in root if node.tag == "html").attributes == {"lang": "en"}
    assert tags.count("title") == tags.count("main") == tags.count("h1") == tags.count("header") == 1
    assert {"nav", "footer"} <= set(tags)
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    first = next(node for node in root if node.tag == "a")
    assert first.attributes == {"class": "skip", "href": "#content"}


def test_every_table_has_a_caption_and_scopes(root: Node) -> None:
    tables = [node for node in root if node.tag == "table"]
    assert len(tables) > 200
    for table in tables:
        assert [node for node in table if node.tag == "caption" and node.text]
        assert all(node.attributes.get("scope") for node in table if node.tag == "th")


def test_controls_have_labels_and_wait_for_the_script(root: Node) -> None:
    controls = by_id(root, "controls")
    assert "hidden" in controls.attributes
    labelled = {node.attributes["for"] for node in controls if node.tag == "label"}
    fields = {node.attributes["id"] for node in controls if node.tag in {"select", "input"}}
    assert labelled == fields
    assert len(fields) == 4
    outside = [node for node in root if node.tag == "button" and controls not in node.above]
    assert outside
    assert all("disabled" in node.attributes for node in outside)
    hidden = [node for node in root if "hidden" in node.attributes]
    assert hidden == [controls]


def test_every_sentence_of_a_duration_is_in_the_place_of_its_line(
    root: Node, lines: tuple[LineSummary, ...]
) -> None:
    places = {node.attributes["id"]: node for node in root if "id" in node.attributes}
    for line in lines:
        place = places[anchor("line", line.procedure.procedure_id, line.comparator, line.domain)]
        assert line.sentence in place.text
        for study in (study for curve in line.curves for study in curve.studies):
            assert all(note in place.text for note in study.notes)


def test_every_verdict_is_in_the_place_of_its_claim(root: Node, evidence: Evidence) -> None:
    judgements = judge_claims(evidence)
    assert len(judgements) == 32
    for found in judgements:
        text = by_id(root, anchor("claim", found.claim.claim_id)).text
        said = (found.claim.statement, found.sentence, found.reason, found.asked, found.change)
        assert all(part in text for part in said)
        assert all(line.sentence in text for line in found.lines)
        assert all(ground.said in text for ground in found.decided_by)
        assert all(note in text for note in found.notes)


def test_every_printed_row_is_in_the_page_as_it_stands_in_the_file(root: Node, evidence: Evidence) -> None:
    rows = {node.attributes["id"]: node for node in root if node.attributes.get("id", "").startswith("row:")}
    table = evidence.tables["outcomes"]
    assert len(rows) == len(table)
    columns = ("value", "sd", "se", "ci_low", "ci_high", "p_value", "n", "citekey", "locator", "note")
    cells = {name: table.text(name) for name in columns}
    for position, line in enumerate(table.lines.tolist()):
        text = rows[anchor("row", line)].text
        for name in columns:
            assert " ".join(cells[name][position].split()) in text, (line, name)


def test_from_every_effect_a_way_leads_down_to_rows_and_reports(root: Node, contents: Contents) -> None:
    places = {node.attributes["id"]: node for node in root if "id" in node.attributes}
    trails = [
        (window, trail)
        for procedure in contents.procedures
        for line in procedure.lines
        for window in line.windows
        for trail in window.effects
    ]
    assert len(trails) == 215
    references = contents.evidence.references
    prints = {entry.key: entry.text() for entry in reference_list(references, list(references)).entries}
    for window, trail in trails:
        place = places[trail.id]
        assert places[window.id] in place.above
        text = place.text
        assert trail.outcome in text
        assert all(str(step) in text for step in trail.effect.steps)
        links = {node.attributes.get("href") for node in place if node.tag == "a"}
        for one in trail.printed:
            assert one.row.cited in text
            assert {f"#{anchor('row', one.row.line)}", f"#{anchor('ref', one.reference.key)}"} <= links
            assert prints[one.reference.key] in text


def test_no_mark_lies_beyond_the_horizon(contents: Contents) -> None:
    seen = 0
    for procedure in contents.procedures:
        for view in procedure.lines:
            for window in view.windows:
                assert view.line.horizon is not None
                assert find_window(window.label).low < view.line.horizon
                for trail in window.effects:
                    assert trail.effect.months <= view.line.horizon * (1 + 1e-9)
                seen += 1
    assert seen > 300


def test_the_map_says_what_the_lines_say(root: Node, contents: Contents) -> None:
    """Each cell has the marks of its window; a cell without any says that there are no data."""
    seen = 0
    for one in contents.maps:
        for block in (*one.contrasts, *one.changes):
            for map_row in block.rows:
                marks = marks_of(map_row.view.line)
                for cell in map_row.cells:
                    assert cell.marks == tuple(mark for mark in marks if mark.window == cell.window)
                    seen += len(cell.marks)
    drawn = [node for node in root if node.tag == "a" and node.has("mark")]
    assert len(drawn) == seen > 300
    rows = [node for node in root if node.attributes.get("data-item") == "map"]
    for drawn_row in rows:
        cells = [node for node in drawn_row if node.tag == "td"]
        assert len(cells) == 8 + 3
        for cell in cells[:8]:
            marked = [node for node in cell if node.has("mark")]
            assert bool(marked) != ("no data" in cell.text)


def test_changes_never_stand_under_contrasts(root: Node, contents: Contents) -> None:
    places = {node.attributes["id"]: node for node in root if "id" in node.attributes}
    for procedure in contents.procedures:
        for group in procedure.contrasts:
            assert not any(view.change for view in (*group.lines, *group.listed))
        if procedure.changes:
            views = (*procedure.changes.lines, *procedure.changes.listed)
            assert all(view.change for view in views)
            for view in views:
                assert any(node.has("uncontrolled") for node in places[view.id].above)
    for one in contents.maps:
        assert not any(map_row.view.change for block in one.contrasts for map_row in block.rows)
        assert all(map_row.view.change for block in one.changes for map_row in block.rows)
    for node in root:
        if node.has("of-change") and not any(up.has("legend") for up in node.above):
            assert any(up.has("uncontrolled") for up in node.above)


def test_no_word_of_effect_stands_in_a_derivation_of_a_change(contents: Contents) -> None:
    changes = [
        (window, trail)
        for procedure in contents.procedures
        for view in procedure.lines
        for window in view.windows
        for trail in window.effects
        if trail.change
    ]
    assert changes
    for window, trail in changes:
        said = " ".join(
            (trail.outcome, trail.state_words, *window.estimates, *(m.words for m in window.marks))
        )
        assert not re.search(r"\b(effect|benefit|relief|works)\b", said)


def test_counts_are_exact(root: Node, evidence: Evidence) -> None:
    (counts,) = (node.text for node in root if node.has("counts"))
    for said in ("procedures 29", "controls 10", "studies 243", "printed results 1459", "claims 32"):
        assert said in counts
    assert f"references {len(evidence.references)}" in counts


def test_every_state_has_a_shape_and_a_class_of_its_own(page: str, root: Node) -> None:
    shapes = {
        node.attributes["id"]: str([(one.tag, one.attributes) for one in node][1:])
        for node in root
        if node.tag == "symbol"
    }
    states = [*STATES, *VOTE_STATES.values()]
    drawn = [shapes[f"shape-{state}"] for state in states]
    assert len(set(drawn)) == len(states)
    assert all(f".s-{state}" in page for state in states)


def test_text_is_never_markup(tmp_path: Path) -> None:
    evidence = hostile(tmp_path)
    page = build_page(evidence)
    root = tree(page)
    assert sum(node.tag == "script" for node in root) == 1
    assert not [node for node in root if node.tag in {"b", "i", "s", "u"}]
    assert "49" not in next(node for node in root if node.has("procedure")).text.split("{{")[0]
    assert not [node for node in root if "javascript:" in node.attributes.get("href", "")]
    heading = next(
        node for node in root if node.tag == "h3" and node.has("") is False and "alert" in node.text
    )
    assert " ".join(HOSTILE.split()) in heading.text
    assert [node for node in heading if node.tag == "bdi" and RIGHT_TO_LEFT in node.text]
    text = root.text
    for said in (" ".join(HOSTILE.split()), LONG, ASTRAL, RIGHT_TO_LEFT, "javascript:alert(1)", "</table>"):
        assert said in text
    places = [node.attributes["id"] for node in root if "id" in node.attributes]
    assert len(places) == len(set(places))
    links = {node.attributes["href"][1:] for node in root if node.attributes.get("href", "").startswith("#")}
    assert links <= set(places)


def test_two_studies_pooled_lead_down_to_both(tmp_path: Path) -> None:
    rows = [contrast(-1.6, -2.1, -1.1, months=6), contrast(-1.5, -2.0, -1.0, months=6, study_id="two")]
    root = tree(build_page(tiny(tmp_path, rows)))
    window = by_id(root, "window:heat:placebo:pain:6mo")
    assert "2 studies, trial and two" in window.text
    assert "half-normal prior" in window.text
    effects = [node for node in window if node.has("effect")]
    assert len(effects) == 2
    assert all("line" in node.text and "Doe J. A trial. 2001." in node.text for node in effects)


def test_studies_that_contradict_each_other_are_struck(tmp_path: Path) -> None:
    rows = [contrast(-2, -2.6, -1.4, months=6), contrast(0, -0.4, 0.4, months=6, study_id="two")]
    (line,) = summary_lines(tiny(tmp_path, rows))
    (mark,) = marks_of(line)
    assert mark.conflict
    assert mark.k == 2
    assert mark.words.endswith("studies contradict each other")


def test_a_state_that_hangs_on_an_assumption_is_marked_as_fragile(
    root: Node, lines: tuple[LineSummary, ...]
) -> None:
    """Of chemonucleolysis at 6 months the mean excludes 0, but not under every assumption."""
    (line,) = (
        one
        for one in lines
        if (one.procedure.procedure_id, one.comparator, one.domain)
        == ("chemonucleolysis", "placebo", "global")
    )
    (mark,) = (mark for mark in marks_of(line) if mark.window == "6mo")
    assert (mark.state, mark.fragile) == ("inconclusive", True)
    text = by_id(root, "window:chemonucleolysis:placebo:global:6mo").text
    assert "28 (3 to 52) percentage points; fragile, under another assumption 28 (-1 to 56)" in text


def test_findings_alone_are_marked_as_reported(tmp_path: Path) -> None:
    (line,) = summary_lines(tiny(tmp_path, [finding("favours_arm", 3), finding("no_difference", 12)]))
    marks = marks_of(line)
    assert [(mark.window, mark.state, mark.k, mark.reported) for mark in marks] == [
        ("3mo", "reported_benefit", 1, True),
        ("12mo", "reported_none", 1, True),
    ]


def test_a_change_is_marked_in_words_of_change(tmp_path: Path) -> None:
    rows = [row(statistic="change", value=-3.0, sd=1.0, n=50, study_id="cohort")]
    (line,) = summary_lines(tiny(tmp_path, rows, studies=COHORT))
    (mark,) = marks_of(line)
    assert line.comparator == CHANGE
    assert mark == Mark(
        "3mo",
        "important_benefit",
        1,
        True,
        False,
        False,
        f"{CHANGE_STATES['important_benefit']}, 1 study, pain 0-10",
    )


def test_evidence_without_results_still_gives_a_page(tmp_path: Path) -> None:
    plant(tmp_path, [contrast(-1, -2, 0)])
    empty = load_evidence(tmp_path).select(domain="pain", procedure="cool")
    root = tree(build_page(empty))
    assert "0 studies" in root.text


def test_the_report_holds_the_page(tmp_path: Path) -> None:
    base = tiny(tmp_path / "data", [contrast(-1.6, -2.4, -0.8, months=6)])
    told: list[str] = []
    build_report(base, tmp_path / "out", progress=told.append)
    assert (tmp_path / "out" / "index.html").read_text(encoding="utf-8") == build_page(base)
    assert "page to browse" in told


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=2, unique=True))
def test_different_names_give_different_places(names: list[str]) -> None:
    one, other = names
    assert token(one) != token(other)
    assert re.fullmatch(r"[A-Za-z0-9_.-]*", token(one), re.ASCII)
    assert anchor("x", one, other) != anchor("x", f"{one}:{other}")
