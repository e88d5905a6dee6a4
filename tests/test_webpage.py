"""The page of a report, without a browser: what is on it, and that it needs nothing else."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from stages.claims.rules import Drawn
from stages.params.loading import read_params
from stages.runtime.plugins import find_plugin, plugin_names
from stages.tables.base import Table
from stages.webpage import charts
from stages.webpage.flow import edges, stages_of
from stages.webpage.intervals import MARGIN, WIDTH, _interval_svg
from stages.webpage.manner import embedded
from stages.webpage.markdown import to_html
from stages.webpage.network import network_html
from stages.webpage.overview import render_overview
from stages.webpage.tables import html_table
from tests.helpers import ROOT
from tests.made_up import made_up
from tests.test_report import RUN, write_report

LARGEST = 4e6  # bytes of a page
MEASURES = {"training loss": "net_loss", "test loss": "test_loss", "test accuracy": "test_accuracy"}


class Page(HTMLParser):
    """Collects what tests ask of a page: tables, links, anchors, sources, texts."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.links, self.sources, self.anchors = {}, [], [], set()
        self.tags, self.texts, self._rows, self._cell = [], [], None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        self.anchors |= {attributes["id"]} if "id" in attributes else set()
        self.links += [attributes["href"]] if tag == "a" else []
        self.sources += [attributes["src"]] if "src" in attributes else []
        if tag == "table":
            self._rows = []
            self.tables.setdefault(attributes.get("data-csv", ""), []).append(self._rows)
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._cell = ""

    def handle_endtag(self, tag):
        if tag in {"td", "th"} and self._cell is not None:
            self._rows[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data):
        self.texts.append(data)
        if self._cell is not None:
            self._cell += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("page")
    write_report(path)
    return path / "reports"


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def cells_of(folder, name):
    """Return what a table must show, from its CSV and by its own module."""
    numbers = pd.read_csv(folder / "tables" / f"{name}.csv", keep_default_na=False, na_values=[""])
    for module in plugin_names(Table):
        table = find_plugin(Table, module, "tables")()
        try:
            cells = table.cells(numbers)
        except (KeyError, TypeError, ValueError):
            continue
        shown = cells.astype(object).where(cells.notna(), "").astype(str)
        yield [[*cells.columns], *shown.to_numpy().tolist()]


def test_every_table_shows_what_its_csv_has(page, folder):
    named = {name: tables for name, tables in page.tables.items() if name}
    files = {path.stem for path in (folder / "tables").glob("*.csv")}
    # The list of all tries is for a program; classes of the best alone are shown.
    assert files - set(named) <= {"candidates", "classes", "forensics"}
    for name, (rows, *others) in named.items():
        assert not others
        if name == "claims":  # with a column of drawings, and without the remarks
            wanted = pd.read_csv(folder / "tables" / "claims.csv", keep_default_na=False)
            wanted = wanted.drop(columns=["remarks", "a teacher would say"])
            assert [row[:2] + row[3:] for row in rows[1:]] == wanted.to_numpy().tolist()
            continue
        assert any(rows == cells for cells in cells_of(folder, name)), name


def test_every_chart_has_the_numbers_of_its_csv(text, folder):
    found = re.findall(
        r'id="figure-([\w-]+)".*?<script type="application/json">(.*?)</script>', text, re.DOTALL
    )
    assert {name for name, _ in found} == {p.stem for p in (folder / "figures").glob("*.csv")}
    for name, described in found:
        described = json.loads(described)
        own = re.findall(r'"values": ?"(.*?)"', json.dumps(described))
        tables = [
            pd.read_csv(io.StringIO(json.loads(f'"{values}"')), dtype={"experiment": str})
            for values in own
        ]
        csv = pd.read_csv(folder / "figures" / f"{name}.csv", dtype={"experiment": str})
        if name.startswith("accuracies"):
            (means, *_), seeds = tables, tables[-1]
            merged = seeds.merge(means, on="experiment", suffixes=("_of_seed", "_mean"))
            pd.testing.assert_frame_equal(csv, merged)
        elif name.startswith("curves"):
            panels = pd.concat({f"{t}": t for t in tables}).drop_duplicates()
            columns = list(csv.columns)
            pd.testing.assert_frame_equal(
                panels.sort_values(columns[:3])[columns].reset_index(drop=True),
                csv.sort_values(columns[:3]).reset_index(drop=True),
            )
        else:
            assert any(csv.equals(table) for table in tables), name


def test_curves_are_means_over_the_seeds():
    result = made_up("cifar10-128")
    (chart,) = charts.learning_curves([], [result])
    for measure, field in MEASURES.items():
        values = getattr(result.predictions, field) * (100 if "accuracy" in measure else 1)
        drawn = chart.numbers[chart.numbers["measure"] == measure]
        at = drawn["epoch"].to_numpy() - 1
        np.testing.assert_allclose(drawn["mean"], values[:, at].mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(
            drawn["high"] - drawn["mean"], values[:, at].std(axis=0, ddof=1), atol=2e-4
        )
        assert not np.isnan(drawn["mean"]).any()


def test_a_page_is_whole_by_itself(page, text, folder):
    assert len(text.encode()) < LARGEST
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not re.search(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", text)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.anchors, link
        elif not link.startswith("../"):
            assert (folder / link).exists(), link
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert images
    assert all(attributes["alt"] for attributes in images)


def test_it_opens_with_the_answer(text):
    order = ["The best network", "In short", "What the course report claims", "How far it gets"]
    order += ["The pictures", "The network", "Does preprocessing help?", "Learning curves"]
    places = [text.index(f"{part}") for part in order[:1]]
    places += [text.index(f">{part}</h2>") for part in order[1:]]
    assert places == sorted(places)


def test_pictures_that_may_not_be_passed_on_are_not_in_the_page(tmp_path):
    write_report(tmp_path, "cifar10", {"linear": {}, "128": {}})
    reports = tmp_path / "reports"
    figures = {embedded(path) for path in (reports / "figures").glob("*.png")}
    pictures = {embedded(path) for path in (reports / "pictures").glob("*.png")}
    page, whole = (
        (reports / f"{name}.html").read_text(encoding="utf-8") for name in ("index", "pictures")
    )
    assert set(Page(page).sources) == figures
    assert not any(picture in page for picture in pictures)
    assert '<div class="sheet">' not in page
    assert "pictures.html" in page
    assert all(picture in whole for picture in pictures)
    assert set(Page(whole).sources) <= figures | pictures


def test_names_of_any_kind_stay_names():
    hostile = ["<script>alert(1)</script>", 'a"b', "$x$ & y", "|"]
    result = made_up("cifar10-128")
    result.scores["per_class"] = [
        row | {"class": hostile[k % 4] + str(k)} for k, row in enumerate(result.scores["per_class"])
    ]
    chart = charts.confusion(result)
    assert "<script" not in chart.svg
    table = html_table(pd.DataFrame({"class": hostile, "recall %": "50.0"}), "classes")
    assert [row[0] for row in Page(to_html(table)).tables["classes"][0][1:]] == hostile
    assert "<script" not in table


def test_an_interval_is_drawn_where_its_numbers_are():
    svg = _interval_svg(Drawn(mean=2.0, low=1.0, high=3.0, claimed=5.0))
    inner = WIDTH - 2 * MARGIN
    (x1, x2) = re.search(r'class="measured" x1="([\d.]+)" x2="([\d.]+)"', svg).groups()
    assert float(x1) == MARGIN
    assert float(x2) == pytest.approx(MARGIN + inner / 2)
    assert float(re.search(r'cx="([\d.]+)"', svg)[1]) == pytest.approx(MARGIN + inner / 4)
    assert f'class="claimed" x1="{WIDTH - MARGIN}.0"' in svg
    same = _interval_svg(Drawn(1.0, 1.0, 1.0, 1.0))
    assert "nan" not in same


def test_formulas_become_mathml_and_headings_anchors():
    text = "## A heading: $p$\n\n$$\\frac{a}{b}$$\n\n| a | b |\n|---|---|\n| 1 | $5 |\n"
    html = to_html(text)
    assert '<h2 id="a-heading">' in html
    assert html.count("<math") == 2
    assert 'display="block"' in html
    assert html.count('aria-label="table"') == html.count("</table></div>") == 1


def test_the_network_is_drawn_from_its_parameters():
    text = " ".join(Page(network_html(made_up("cifar10-128-l1"))).texts)
    for part in ("3,072 features", "128 hidden units", "ReLU", "10 logits", "L1"):
        assert part in text
    assert "hidden" not in network_html(made_up("cifar10-linear"))


def test_the_flow_is_that_of_dvc_yaml():
    document = read_params(ROOT / "dvc.yaml")
    found = set(edges(stages_of(document)))
    assert found == {
        ("check", "fetch"),
        ("fetch", "preprocess"),
        ("fetch", "forensics"),
        ("fetch", "gallery"),
        ("fetch", "report"),
        ("preprocess", "train"),
        ("preprocess", "evaluate"),
        ("preprocess", "gallery"),
        ("train", "evaluate"),
        ("evaluate", "gallery"),
        ("evaluate", "report"),
        ("gallery", "report"),
        ("forensics", "report"),
        ("script", "report"),
    }


def test_the_overview_has_every_dataset_and_document(folder, tmp_path):
    reports = tmp_path / "reports"
    for name in ("one", "two"):
        (reports / name).parent.mkdir(exist_ok=True)
        (reports / name).symlink_to(folder)
    (reports / "gradcheck.md").write_text("# Gradient check\n\n$x$\n\n![V](gradcheck.png)\n")
    (reports / "gradcheck.png").write_bytes((folder / "pictures" / "sheet.png").read_bytes())
    text = render_overview(reports, read_params(ROOT / "dvc.yaml"))
    page = Page(text)
    assert [row[0] for row in page.tables[""][0][1:]] == ["one", "two"]
    assert "gradient-check" in page.anchors
    assert "<math" in text
    assert page.sources[0].startswith("data:image/png")
    assert {"one/index.html", "two/index.html"} <= set(page.links)
    experiments = pd.read_csv(folder / "tables" / "experiments.csv")
    assert page.tables[""][0][1][1] == str(len(experiments)) == str(len(RUN))
