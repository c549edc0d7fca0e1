"""The page in a browser: filters, sorting, the way down, keyboard, phone, print, and no request at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.evidence import load_evidence
from spineevidence.page.document import build_page
from tiny import PROCEDURES, Row, contrast, finding, row, tiny

playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: pip install '.[browser]'"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path: apt-get install chromium")

Open = Callable[..., "playwright.Page"]
WINDOW = "window:radiofrequency_ablation:usual_care:pain:3mo"
ALL_OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
WIDTHS = "[document.documentElement.scrollWidth, window.innerWidth]"


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    chosen = load_evidence(BUNDLED).select(procedure=["radiofrequency_ablation", "idet"])
    file = tmp_path_factory.mktemp("page") / "index.html"
    file.write_text(build_page(chosen), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def open_page(browser: playwright.Browser, address: str) -> Iterator[Open]:
    """Open a page that fails the test on any request, message or error."""
    wrong: list[str] = []
    contexts = []

    def opened(place: str = "", *, at: str = address, **options: object) -> playwright.Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", lambda request: request.url.partition("#")[0] != at and wrong.append(request.url))
        page.goto(f"{at}{place}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def place(page: playwright.Page, name: str) -> playwright.Locator:
    return page.locator(f'[id="{name}"]')


def shown(page: playwright.Page, kind: str) -> int:
    return page.locator(f"[data-item={kind}]:not([hidden])").count()


def test_the_whole_page_asks_for_nothing(open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(build_page(load_evidence(BUNDLED)), encoding="utf-8")
    page = open_page(at=file.as_uri())
    assert page.locator("#controls").is_visible()
    assert shown(page, "study") == 243
    page.set_viewport_size({"width": 360, "height": 740})
    width, available = page.evaluate(WIDTHS)
    assert width <= available


def test_filters_narrow_every_part_and_stay_in_the_address(open_page: Open) -> None:
    page = open_page()
    before = shown(page, "line"), shown(page, "claim"), shown(page, "study")
    page.select_option("#filter-procedure", "idet")
    page.select_option("#filter-comparator", "placebo")
    after = shown(page, "line"), shown(page, "claim"), shown(page, "study")
    assert all(0 < few < many for few, many in zip(after, before, strict=True))
    assert page.locator(".procedure:visible h3").all_inner_texts() == [
        "Intradiscal electrothermal therapy (IDET)"
    ]
    assert page.locator(".map:visible tbody:visible").count() == 1
    assert page.locator(".domain:not([hidden]) h3").all_inner_texts() == ["Pain", "Disability", "Global"]
    assert not page.locator(".class.uncontrolled:visible").count()
    assert page.locator("#status").inner_text() == (
        f"Shown: {after[0]} of {before[0]} lines, {after[1]} of {before[1]} claims, "
        f"{after[2]} of {before[2]} studies."
    )
    assert page.url.endswith("#?procedure=idet&comparator=placebo")
    page.reload()
    assert (shown(page, "line"), shown(page, "claim"), shown(page, "study")) == after
    page.click("#filter-reset")
    assert (shown(page, "line"), shown(page, "claim"), shown(page, "study")) == before


def test_conditions_and_words_filter_too(open_page: Open) -> None:
    page = open_page()
    page.select_option("#filter-condition", "facet_joint_pain")
    conditions = page.locator("[data-item=study]:not([hidden]) td[data-label=Condition]").all_inner_texts()
    assert set(conditions) == {"facet joint pain"}
    page.select_option("#filter-condition", "")
    page.fill("#filter-text", "Pauza sham")
    names = page.locator("[data-item=study]:not([hidden]) th[data-label=Study]").all_inner_texts()
    assert "pauza2004" in names
    assert len(names) < 20
    page.fill("#filter-text", "no such words anywhere")
    assert not page.locator(".procedure:visible, [data-item=claim]:visible, .map:visible").count()


def test_tables_are_sorted_by_mouse_and_keyboard(open_page: Open) -> None:
    page = open_page()
    heads = page.locator("[data-sortable=studies] thead th")
    enrolled = heads.nth(4)
    enrolled.locator("button").click()
    assert enrolled.get_attribute("aria-sort") == "ascending"
    cells = "[data-sortable=studies] td[data-label=Enrolled]"
    sizes = [int(cell.get_attribute("data-sort")) for cell in page.locator(cells).all()]
    assert sizes == sorted(sizes)
    page.keyboard.press("Enter")
    assert enrolled.get_attribute("aria-sort") == "descending"
    sizes = [int(cell.get_attribute("data-sort")) for cell in page.locator(cells).all()]
    assert sizes == sorted(sizes, reverse=True)
    assert page.url.endswith("#?studies=4.down")
    page.reload()
    assert page.locator("[data-sortable=studies] thead th").nth(4).get_attribute("aria-sort") == "descending"
    strengths = page.locator("[data-sortable=claims] thead th").nth(3)
    strengths.locator("button").click()
    ranks = [
        int(cell.get_attribute("data-sort"))
        for cell in page.locator("[data-sortable=claims] td[data-label=Evidence]").all()
    ]
    assert ranks == sorted(ranks)
    assert page.locator("[data-sortable=claims] thead th[aria-sort]").count() == 1


def test_from_a_pooled_number_down_to_the_row_and_its_reference(open_page: Open) -> None:
    page = open_page()
    cell = page.locator(f'.map a.mark[href="#{WINDOW}"]').first
    cell.click()
    window = place(page, WINDOW)
    assert window.get_attribute("open") is not None
    assert "studies" in window.locator("> p", has_text="Joint model").inner_text()
    effect = window.locator("details.effect").first
    effect.locator("> summary").click()
    assert effect.locator(".steps li").first.is_visible()
    printed = effect.locator("details.printed").first
    printed.locator("> summary").click()
    links = printed.locator("a[href^='#']")
    line, report = (links.nth(n).get_attribute("href") for n in (0, 1))
    assert printed.locator("dd").last.is_visible()
    links.nth(0).click()
    found = place(page, line[1:])
    assert found.is_visible()
    assert found.locator("th").inner_text() == line.partition(":")[2]
    found.locator(f'a[href="{report}"]').click()
    assert place(page, report[1:]).is_visible()
    assert page.url.endswith(report)
    page.go_back()
    assert page.url.endswith(line)
    found.locator('a[href^="#effect:"]').first.click()
    assert page.locator("details.effect.reached").first.is_visible()


def test_a_link_to_what_is_filtered_out_clears_the_filters(open_page: Open) -> None:
    page = open_page("#?procedure=idet")
    assert not place(page, "procedure:radiofrequency_ablation").is_visible()
    page.evaluate(f"location.hash = '{WINDOW}?procedure=idet'")
    page.wait_for_function("document.getElementById('filter-procedure').value === ''")
    assert place(page, WINDOW).is_visible()
    assert page.locator("#status").inner_text().startswith("The filters were cleared")
    assert page.url.endswith(f"#{WINDOW}")


def test_a_strange_address_does_no_harm(open_page: Open) -> None:
    page = open_page("#nowhere?procedure=<script>&studies=99.up&claims=x&words=%22%3E%3Cimg%20src=x%3E")
    assert page.locator("#filter-procedure").input_value() == ""
    assert page.locator("#filter-text").input_value() == '"><img src=x>'
    assert page.locator("img").count() == 0


def test_everything_is_done_by_keyboard(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    cell = page.locator(f'.map a.mark[href="#{WINDOW}"]').first
    cell.focus()
    page.keyboard.press("Enter")
    window = place(page, WINDOW)
    assert window.get_attribute("open") is not None
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.parentElement.className") == "effect":
            break
    page.keyboard.press("Enter")
    assert window.locator("details.effect[open]").count() == 1
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_phone_needs_no_sideways_scrolling(open_page: Open) -> None:
    page = open_page(viewport={"width": 360, "height": 740})
    page.evaluate(ALL_OPEN)
    width, available = page.evaluate(WIDTHS)
    assert width <= available == 360
    assert page.locator(".map").first.evaluate("map => map.parentElement.scrollWidth") > 360


def test_long_and_strange_names_need_no_sideways_scrolling(open_page: Open, tmp_path: Path) -> None:
    long: list[Row] = [dict(one) for one in PROCEDURES]
    long[0] |= {"name": "w" * 300, "abbreviation": "\u202eabc", "note": "<script>alert(1)</script>" * 9}
    rows = [
        contrast(-1, -2, 0, months=6, locator="l" * 300, study_id="s" * 200),
        finding("no_difference", 12, note="\U0001f9b4" * 200),
        row(statistic="change", value=-2.0, sd=2.0, n=30, study_id="cohort"),
    ]
    base = tiny(tmp_path, rows, procedures=long, studies={"cohort": {"design": "prospective_cohort"}})
    file = tmp_path / "index.html"
    file.write_text(build_page(base), encoding="utf-8")
    page = open_page(at=file.as_uri(), viewport={"width": 360, "height": 740})
    page.evaluate(ALL_OPEN)
    width, available = page.evaluate(WIDTHS)
    assert width <= available == 360


def test_without_a_script_the_page_is_complete(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert not page.locator("#controls").is_visible()
    assert page.locator("[data-item][hidden]").count() == 0
    window = place(page, WINDOW)
    window.locator("> summary").click()
    assert window.locator("details.effect").first.is_visible()


def test_print_opens_the_grounds_and_says_what_was_filtered(open_page: Open) -> None:
    page = open_page("#?comparator=placebo")
    page.emulate_media(media="print")
    assert not page.locator(".field:visible, #filter-reset:visible").count()
    assert page.locator("#status").inner_text().startswith("Shown: ")
    assert not page.locator("nav").is_visible()
    assert page.locator(".grounds .facts").first.is_visible()
    assert page.locator(".domain:not([hidden]) .scroll:not([hidden]) .map").last.is_visible()
    assert not page.locator(".window .effect").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(browser: playwright.Browser, address: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    page.evaluate(ALL_OPEN.replace("'details'", "'.domain, #procedures details, #claims details'"))
    found = axe.Axe().run(page).response
    context.close()
    assert len(found["passes"]) > 30
    wrong = [(one["id"], one["impact"], one["nodes"][0]["target"]) for one in found["violations"]]
    assert wrong == []
