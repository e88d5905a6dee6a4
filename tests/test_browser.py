"""The page in a real browser: Debian's Chromium, or any that CHROMIUM names."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from stages.params.loading import read_params
from stages.webpage.overview import render_overview
from tests.helpers import ROOT
from tests.test_report import write_report

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="there is no Chromium: install Debian's, or set CHROMIUM"
)
# It would ask its maker for updates, and, as root, needs to be told to run at all.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 300_000  # milliseconds, far more than any machine's load makes of it
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return the address of a page with all that a page can have."""
    from stages.script import main  # noqa: PLC0415 - slow, and not needed where nothing is tested

    path = tmp_path_factory.mktemp("browser")
    write_report(path)
    script = path / "script.js"
    main(script, path / "plots.html")
    write_report(path, script=script)
    reports = path / "reports"
    (reports / "index-of-all.html").write_text(
        render_overview(ROOT / "reports", read_params(ROOT / "dvc.yaml")), encoding="utf-8"
    )
    return f"file://{reports}"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens a page and lists what it asks for and complains of."""
    pages = []

    def opened(name="index.html", **options):
        page = browser.new_page(**options)
        page.set_default_timeout(PATIENCE)
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(name if name.startswith("file:") else f"{address}/{name}")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()


def draw_all(page):
    """Scroll through a page, and wait until every chart is one that answers."""
    for figure in page.query_selector_all("figure.chart"):
        deadline = time.monotonic() + PATIENCE / 1000
        while not figure.query_selector(".vega-embed svg"):
            assert time.monotonic() < deadline, figure.inner_html()[:200]
            # One by one, or it is not seen; again, as those above grow when they are drawn.
            figure.evaluate("figure => figure.scrollIntoView()")
            page.wait_for_timeout(50)


COMMITTED = [page.relative_to(ROOT).as_posix() for page in (ROOT / "reports").rglob("index.html")]


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_pages_open_alone(open_page, tmp_path, name):
    shutil.copy(ROOT / name, tmp_path)  # as someone has it who was sent that file only
    page = open_page(f"file://{tmp_path}/index.html")
    draw_all(page)
    assert [url for url in page.asked if not url.startswith("data:")] == [page.url]
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_from_the_file_system_and_asks_for_nothing(open_page, address, scheme):
    page = open_page(color_scheme=scheme)
    draw_all(page)
    asked = [url for url in page.asked if not url.startswith("data:")]
    assert asked == [f"{address}/index.html"]
    assert page.complaints == []


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("index.html", "light", 1600),
        ("index.html", "dark", 800),
        ("index.html", "light", 360),
        ("index-of-all.html", "light", 360),
        ("index-of-all.html", "dark", 1600),
    ],
)
def test_axe_finds_nothing_serious(open_page, name, scheme, width):
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    page = open_page(name, color_scheme=scheme, viewport={"width": width, "height": 900})
    draw_all(page)
    found = Axe().run(page).response["violations"]
    serious = {
        one["id"]: one["nodes"][0]["html"][:200] for one in found if one["impact"] in SERIOUS
    }
    assert serious == {}


@pytest.mark.parametrize("name", ["index.html", "index-of-all.html"])
@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_is_wider_than_the_window_and_nothing_blank(open_page, tmp_path, name, width):
    page = open_page(name, viewport={"width": width, "height": 900})
    draw_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    with Image.open(tmp_path / "page.png") as picture:
        pixels = np.asarray(picture.convert("L")).astype(float)
    bands = [band.std() for band in np.array_split(pixels, max(1, len(pixels) // 1500))]
    assert min(bands) > 5


def column(page, name, number):
    cells = page.query_selector_all(f"table[data-csv='{name}'] tbody tr td:nth-child({number})")
    return [cell.inner_text() for cell in cells]


def test_tables_sort_by_mouse_and_keyboard(open_page):
    page = open_page()
    before = column(page, "leaderboard", 1)
    heads = page.query_selector_all("table[data-csv='leaderboard'] th button")
    heads[1].click()
    numbers = [float(cell.split()[0]) for cell in column(page, "leaderboard", 2)]
    assert numbers == sorted(numbers)
    heads[1].focus()
    page.keyboard.press("Enter")
    numbers = [float(cell.split()[0]) for cell in column(page, "leaderboard", 2)]
    assert numbers == sorted(numbers, reverse=True)
    assert sorted(column(page, "leaderboard", 1)) == sorted(before)
    assert page.query_selector("th[aria-sort='descending']") is not None


def test_tables_filter(open_page):
    page = open_page()
    rows = "table[data-csv='claims'] tbody tr"
    page.locator("label.filter:has(+ .wide table[data-csv='claims']) input").fill("overflow")
    shown = page.locator(f"{rows}:visible").all_inner_texts()
    assert 0 < len(shown) < page.locator(rows).count()
    assert all("overflow" in text for text in shown)


def test_a_picture_tells_what_the_network_thinks(open_page):
    page = open_page()
    picture = page.locator(".sheet button").first
    picture.focus()
    assert page.locator("#thinks").inner_text() == picture.get_attribute("aria-label")
    page.locator(".sheet button").nth(1).hover()
    assert page.locator("#thinks").inner_text().startswith("Test picture 1, ")


def test_a_chart_tells_the_number_under_the_mouse(open_page):
    page = open_page()
    draw_all(page)
    page.locator("#figure-confusion .mark-rect path").first.hover(position={"x": 3, "y": 3})
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "percent" in page.locator("#vg-tooltip-element").inner_text()


def test_without_scripts_every_number_and_drawing_is_there(open_page):
    plain = open_page(java_script_enabled=False)
    scripted = open_page()
    draw_all(scripted)
    count = plain.locator("figure.chart svg").count() + plain.locator("figure.chart img").count()
    assert count == scripted.locator("figure.chart").count()
    tables = plain.locator("table.data").count()
    assert tables == scripted.locator("table.data").count() > 10


def test_the_numbers_in_the_browser_are_those_of_the_csv(open_page, address):
    page = open_page()
    folder = Path(address.removeprefix("file://"))
    table = pd.read_csv(folder / "tables" / "leaderboard.csv")
    for row in table.to_dict("records"):
        (line,) = [
            line
            for line in page.locator("table[data-csv='leaderboard'] tbody tr").all_inner_texts()
            if line.split()[0] == row["experiment"]
        ]
        assert f"{row['accuracy_mean']:.2f} ± {row['accuracy_sd']:.2f}" in line
        assert f"{row['ensemble']:.2f}" in line


def test_printed_tables_are_not_cut(open_page, tmp_path):
    page = open_page(viewport={"width": 700, "height": 1000})  # A4 with its margins
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[...document.querySelectorAll('table.data')].filter(table => table.offsetParent"
        " && table.scrollWidth > document.documentElement.clientWidth)"
        ".map(table => table.dataset.csv + table.scrollWidth)"
    )
    assert wide == []
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "page.pdf").read_bytes())) > 3
