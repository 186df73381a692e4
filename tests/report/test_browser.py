"""The page in a browser: sorting, searching, keyboard, contrast, paper; nothing leaves the disk."""

from __future__ import annotations

import re
import shutil
import subprocess
import time

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.report import make_report
from tests.report.conftest import NASTY, classes, quick

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="pages are opened by playwright, of the extra 'browser'"
)

pytestmark = [
    pytest.mark.long,
    # playwright's own event loop leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

RATIOS = """
() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const one of document.querySelectorAll("main *, header *")) {
    const own = Array.from(one.childNodes).some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || one.closest("svg") || one.closest("script")) continue;
    const [a, b] = [light(numbers(getComputedStyle(one).color)), light(behind(one))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.tagName, one.className]);
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-gpu"]
            )
        except sync_api.Error as error:
            pytest.skip(
                f"no Chromium: `playwright install chromium` ({str(error).splitlines()[0]})"
            )
        yield started
        started.close()


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Page of 1,000 features, some without a direction, and with p and q."""
    rng = np.random.default_rng(0)
    X, y = classes(90, names=[f"motif {i}" for i in range(1000)])
    X.iloc[:, :20] += 3 * (np.arange(90) % 3)[:, None]
    X.iloc[:, 500:] = rng.poisson(0.1, size=(90, 500))
    selector = DeepLIFFTSelector(quick(null_features=True), step=None, random_state=0).fit(X, y)
    path = tmp_path_factory.mktemp("wide") / "page.html"
    selector.report(path, X, y)
    return path


@pytest.fixture
def opened(browser, wide):
    """Open the page; at the end nothing was asked of a network, and nothing went wrong."""
    context = browser.new_context(offline=True)
    view = context.new_page()
    asked, wrong = [], []
    view.on("request", lambda request: asked.append(request.url))
    view.on("console", lambda message: wrong.append(message.text))
    view.on("pageerror", lambda error: wrong.append(str(error)))
    view.goto(wide.as_uri())
    yield view
    assert {url for url in asked if not url.startswith("data:")} == {wide.as_uri()}
    assert wrong == []
    context.close()


def column(view, name):
    """Header, and its cells from top to bottom."""
    headers = view.locator("#features thead th").all_inner_texts()
    at = [text.split(" \n")[0].strip() for text in headers].index(name)
    cells = view.evaluate(
        "at => Array.from(document.querySelectorAll('#features tbody tr'))"
        ".map(row => row.cells[at].dataset.v ?? row.cells[at].textContent)",
        at,
    )
    return view.locator("#features thead th").nth(at), cells


def test_a_thousand_rows_are_sorted_by_the_keyboard(opened):
    header, before = column(opened, "importance")
    assert len(before) == 1000
    header.locator("button").focus()
    began = time.perf_counter()
    opened.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert time.perf_counter() - began < 5
    found = [float(value) for value in column(opened, "importance")[1]]
    assert found == sorted(found, reverse=True)
    opened.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "ascending"
    found = [float(value) for value in column(opened, "importance")[1]]
    assert found == sorted(found)
    # One column at a time is sorted by.
    sorts = opened.locator("#features th[aria-sort]").evaluate_all(
        "all => all.map(one => one.ariaSort)"
    )
    assert sorted(set(sorts)) == ["ascending", "none"]


def test_names_are_sorted_as_people_count(opened):
    header, _ = column(opened, "feature")
    header.locator("button").click()
    names = column(opened, "feature")[1]
    assert names[:3] == ["motif 0", "motif 1", "motif 2"]
    assert names[-1] == "motif 999"


def test_searching_hides_the_others_and_says_so(opened):
    opened.get_by_role("searchbox", name="Search").fill("MOTIF 99")
    assert (
        opened.get_by_role("status").inner_text() == "19 of 1,000 shown"
    )  # 99, 199, ... and 990 to 998
    assert opened.locator("#features tbody tr:visible").count() == 19
    opened.get_by_role("searchbox").fill("")
    assert opened.locator("#features tbody tr:visible").count() == 1000


def test_tab_reaches_what_can_be_done(opened):
    reached = set()
    for _ in range(40):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.tagName + document.activeElement.id"))
    assert {"A", "SUMMARY", "INPUTsearch", "BUTTON", "DIV"} <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out(browser, wide, scheme):
    view = browser.new_page(color_scheme=scheme)
    view.goto(wide.as_uri())
    view.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    ratios = view.evaluate(RATIOS)
    view.close()
    assert len(ratios) > 1000
    assert min(ratios)[0] >= 4.5, min(ratios)


def test_narrow_windows_scroll_nothing_but_tables(browser, wide):
    view = browser.new_page(viewport={"width": 360, "height": 700})
    view.goto(wide.as_uri())
    assert view.evaluate("document.documentElement.scrollWidth") <= 360
    view.close()


def test_paper_has_every_row_and_no_buttons(opened):
    opened.emulate_media(media="print")
    assert not opened.locator("#tools").is_visible()
    assert not opened.locator("nav").is_visible()
    height = opened.evaluate(
        "document.querySelector('.scroll').clientHeight - document.querySelector('#features')"
        ".clientHeight"
    )
    assert height >= 0
    pdf = opened.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 20


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pages are read by poppler-utils")
def test_every_printed_page_has_its_header_and_nothing_is_closed(opened, tmp_path):
    before = opened.locator("details[open]").count()
    opened.pdf(path=tmp_path / "page.pdf", format="A4")
    assert opened.locator("details[open]").count() == before
    printed = ["pdftotext", "-layout", tmp_path / "page.pdf", "-"]
    said = subprocess.run(printed, capture_output=True, text=True, check=True).stdout
    rows = re.compile(r"^\f? *(\d[\d,]*) +motif ", re.MULTILINE)
    pages = [page for page in said.split("\f") if len(rows.findall(page)) > 10]
    assert len(pages) >= 10
    assert all(re.search(r"importance +95 % interval", page) for page in pages)
    assert "Clear: " in said  # of the checks that found nothing
    assert {int(rank.replace(",", "")) for rank in rows.findall(said)} == set(range(1, 1001))


def test_the_page_is_whole_without_scripts(browser, wide):
    context = browser.new_context(java_script_enabled=False)
    view = context.new_page()
    view.goto(wide.as_uri())
    assert view.locator("#features tbody tr:visible").count() == 1000
    assert not view.locator("#tools").is_visible()
    assert view.locator("th button").count() == 0
    context.close()


def test_names_do_nothing(browser, tmp_path):
    X, y = classes(names=NASTY)
    y = y.map({"low": "<img src=x onerror=alert(1)>", "middle": "=1+1", "top": "plain"})
    selector = DeepLIFFTSelector(quick(), random_state=0).fit(X, y)
    path = tmp_path / "page.html"
    path.write_text(make_report(selector, X, pd.Series(y, name="<script>")).html, encoding="utf-8")
    view = browser.new_page()
    said = []
    view.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    view.goto(path.as_uri())
    view.mouse.move(200, 600)
    assert said == []
    assert "<script>alert(1)</script>" in view.locator("#features").inner_text()
    view.close()
