"""Figures: the same whatever the user's settings are, and legible with any names."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib.text import Text
from PIL import Image

from stages.data.samples import Samples
from stages.drawing.canvas import LONGEST, label, new_figure, save
from stages.drawing.labels import place_labels
from stages.pictures import figures as gallery
from stages.pictures.mistakes import Mistake
from stages.reporting import figures
from stages.tables.latex import latex_table
from stages.tables.markdown import markdown_table
from tests.made_up import made_up
from tests.project import Project

NAMES = [
    *("$\\foo$", "US$ 5 to $x", "a|b", "<b>bold</b>", "R&B &amp; &#42;", "_x_", "*y*", "`z`"),
    *("~~no~~", "[a](b)", "![a](b)", "50 % of #1", "{x}^2", "\\|", "\\\\", "猫", "\U0001f408 cat"),
    *("x" * 200, "two\nlines", "<!-- a", "http://a.b/c_d_e"),
]

# ---------------------------------------------------------------- the user's settings

HOSTILE = """
text.usetex: True
axes.grid: True
axes.prop_cycle: cycler('color', ['red'])
font.family: serif
font.size: 25
figure.dpi: 33
savefig.bbox: tight
savefig.facecolor: pink
image.cmap: hot
image.interpolation: bilinear
axes.formatter.use_locale: True
"""


def test_nothing_of_the_users_settings_reaches_a_picture(project: Project):
    stages = ["gallery@photos", "report@photos", "gradcheck"]
    before = {name: content for name, content in project.outputs().items() if "reports" in name}
    assert sum(name.endswith(".png") for name in before) >= 5
    (project.path / "matplotlibrc").write_text(HOSTILE)
    project.dvc(
        *("repro", "--force", "--single-item", *stages),
        MPLBACKEND="module://matplotlib_inline.backend_inline",  # every notebook sets it
        MATPLOTLIBRC=str(project.path / "matplotlibrc"),
        PYTHONSAFEPATH="1",
    )
    after = {name: content for name, content in project.outputs().items() if "reports" in name}
    assert after == before


# ---------------------------------------------------------------- names


@given(name=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=LONGEST))
def test_a_name_is_shown_as_it_is_written(name):
    shown, is_math = Text()._preprocess_math(label(name))
    assert (shown, is_math) == (name, False)


def test_a_long_name_loses_its_middle():
    shown = label("a" * 100 + "b" * 100)
    assert len(shown) <= LONGEST
    assert re.fullmatch("(a+)…(b+)", shown)


def test_what_the_font_does_not_have_is_written_as_its_number():
    assert label("é猫\n") == "éU+732BU+000A"


@pytest.fixture
def kept(monkeypatch):
    """Return the figures that are saved."""
    kept = []
    for module in (figures, gallery):
        monkeypatch.setattr(module, "save", lambda figure, _: kept.append(figure))
    return kept


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def named(n):
    result = made_up("cifar10-normalize")
    numbers = result.scores["per_class"][0]
    per_class = [numbers | {"class": NAMES[k % len(NAMES)]} for k in range(n)]
    counts = np.eye(n, dtype=int).tolist()
    result.scores.update(per_class=per_class, confusion_matrix=counts)
    first = np.zeros((n, 3072), np.int8)
    vars(result)["predictions"] = result.predictions._replace(first_layer=first)
    return result


@pytest.mark.parametrize("n", [10, len(NAMES)])
def test_every_figure_shows_any_class_name(n, kept, tmp_path):
    result = named(n)
    figures.weights(result, tmp_path)
    pictures = np.zeros((n, 8, 8, 3), np.uint8)
    gallery.draw_preprocessing({"binarize": pictures / 255}, NAMES[:n], tmp_path)
    mistakes = [Mistake(k, k, (k + 1) % n, 0.9, 3) for k in range(n)]
    samples = Samples(pictures, np.arange(n), {}, {}, NAMES[:n])
    gallery.draw_mistakes(mistakes, pictures, samples, tmp_path)
    assert len(kept) == 3
    for number, figure in enumerate(kept):
        save(figure, tmp_path / "drawn.png")  # a name that breaks it raises, a warning too
        with Image.open(tmp_path / "drawn.png") as drawn:
            assert max(drawn.size) <= 2000, number
        # "a|b" is short, so that it is whole everywhere.
        assert any("a|b" in text for text in texts(figure))


def test_a_markdown_table_has_every_name_in_its_cell():
    table = pd.DataFrame({"class": NAMES, "recall %": "50.0", NAMES[2]: NAMES[::-1]})
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(markdown_table(table))
    cells = []
    for opening, inline in itertools.pairwise(tokens):
        if opening.type in {"td_open", "th_open"}:
            assert {child.type for child in inline.children} <= {"text", "text_special"}
            cells.append("".join(child.content for child in inline.children))
    found = [cells[start : start + 3] for start in range(0, len(cells), 3)]
    assert found[0] == list(table.columns)
    assert found[1:] == [[" ".join(c.split()) for c in row] for row in table.to_numpy().tolist()]


def test_a_latex_table_has_a_line_for_each_row():
    lines = latex_table(pd.DataFrame({"class": NAMES, "recall %": "50.0"})).splitlines()
    rows = [line for line in lines if line.endswith(r"50.0 \\")]
    assert len(rows) == len(NAMES)
    assert all(len(re.findall(r"(?<!\\)&", row)) == 1 for row in rows)
    assert all(len(re.findall(r"(?<!\\)\$", row)) % 2 == 0 for row in rows)


# ---------------------------------------------------------------- what readers see


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0])
def test_names_of_points_overlap_neither_each_other_nor_points(spread):
    generator = np.random.default_rng(0)
    points = [(x, y) for x, y in 1 + spread * generator.random((12, 2))]
    figure = new_figure(7, 4.5)
    axes = figure.subplots()
    axes.plot(*zip(*points, strict=True), "o", markersize=4)
    axes.margins(0.2)
    names = [f"experiment-{k}" for k in range(12)]
    place_labels(figure, axes, names, points)
    figure.draw_without_rendering()
    assert [text.get_text() for text in axes.texts] == names
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without the line to the point
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    frame = axes.get_window_extent()
    for box in boxes:
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1
        for place in axes.transData.transform(points):
            assert not box.contains(*place)
