"""The report of made-up results: what its tables say, its verdicts, LaTeX, the same bytes."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from stages import report
from stages.claims.schema import load_study
from stages.evaluation.results import load_results
from stages.readings.storage import save_readings
from stages.reporting import figures
from stages.runtime.errors import PipelineError
from stages.runtime.files import write_json
from stages.statistics.comparisons import difference, holm
from stages.statistics.intervals import t_interval, wilson_interval
from stages.tables.latex import escape, latex_table
from stages.tables.questions import pairs_of
from tests.helpers import ROOT, tree
from tests.made_up import DOCUMENT, made_up, write_results

CLAIMS = ROOT / "study" / "course-report.yaml"
QUESTIONS = {question.id: question for question in load_study(CLAIMS).questions}
RUN = {
    "normalize": {"accuracy": 40.0},
    "hog": {"accuracy": 30.0},
    "pca": {"accuracy": 46.0},
    "hog-standardize": {"accuracy": 33.0},
    "hog-tuned": {"accuracy": 31.0},
    "linear": {"accuracy": 44.0},
    "128": {"accuracy": 55.0, "train": 80.0},
    "128-l1": {"accuracy": 54.5, "zeros": 3.0, "near_zero": 70.0, "pruning_cost": 9.0, "loss": 2.0},
    "128-l2": {"accuracy": 55.0, "train": 80.0},
}


def write_report(folder, dataset="photos", run=RUN, document=DOCUMENT, script=None):
    """Write made-up results and their report; return the page."""
    names = [f"{dataset}-{name}" for name in run]
    document = document | {"experiments": {n: document["experiments"][n] for n in names}}
    results = [
        made_up(f"{dataset}-{name}", **values, document=document) for name, values in run.items()
    ]
    write_results(folder / "evaluations", results)
    params = folder / "params.yaml"
    params.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    forensics = folder / "forensics.npz"
    save_readings(forensics, [])
    card = folder / "card.json"
    card.write_text('{"parts": {"a": {"x": 1}}}')
    pictures = folder / "reports" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    (folder / "reports" / "mistakes.csv").write_text("picture,class,answer,confidence,networks\n")
    for name in ("sheet", "preprocessing", "mistakes", "pairs"):
        Image.new("RGB", (20, 20)).save(pictures / f"{name}.png")
    write_json(folder / "shown.json", {"sheet": {"rows": [[0, 1], [2]], "columns": 10}})
    (folder / "code.txt").write_text("module stages.report 00\npackage numpy 2.0\n")
    if script is None:  # the real one takes seconds to make
        script = folder / "no-script.js"
        script.write_text("")
    # Made-up results are of 1,000 pictures, the lists of near-duplicates of real test batches.
    report.main(
        dataset,
        folder / "evaluations",
        forensics,
        card,
        folder / "shown.json",
        folder / "code.txt",
        script,
        folder / "reports",
        params,
        CLAIMS,
        near_duplicates=folder,
    )
    return (folder / "reports" / "report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos")
    write_report(path)
    return path


@pytest.fixture
def page(folder):
    return (folder / "reports" / "report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def results():
    return {name: made_up(f"photos-{name}", **values) for name, values in RUN.items()}


def read_table(folder, name):
    return pd.read_csv(folder / "reports" / "tables" / f"{name}.csv").set_index("experiment")


# ---------------------------------------------------------------- tables


def test_accuracies_and_intervals_are_those_put_in(folder, results):
    table = read_table(folder, "preprocessing-accuracy")
    for name in ("normalize", "hog", "pca"):
        values = 100 * results[name].correct.mean(axis=1)
        row = table.loc[name]
        assert row["accuracy_mean"] == pytest.approx(values.mean())
        assert row["accuracy_sd"] == pytest.approx(values.std(ddof=1), rel=1e-4)
        ends = row["accuracy_low"], row["accuracy_high"]
        assert ends == pytest.approx(t_interval(values), abs=1e-5)
        n_right = round(values.mean() / 100 * 1000)  # of 1,000 made-up pictures
        ends = row["pictures_low"] / 100, row["pictures_high"] / 100
        assert ends == pytest.approx(wilson_interval(n_right, 1000), abs=1e-5)


def test_differences_and_p_values_are_those_of_the_statistics(folder, results):
    table = read_table(folder, "preprocessing-accuracy")
    baseline, p = results["normalize"], []
    for name in ("hog", "pca"):
        first, second = baseline.runs("accuracy"), results[name].runs("accuracy")
        # made_up gives every experiment 3,072 features, so runs of a seed share their draws.
        found = difference(first, second, paired=True)
        columns = ["difference", "difference_low", "difference_high", "p", "p_better"]
        expected = [found.mean, found.low, found.high, found.p, found.p_better]
        assert table.loc[name, columns].tolist() == pytest.approx(expected, abs=1e-5)
        assert table.loc[name, "correlation"] == pytest.approx(found.correlation, abs=1e-5)
        p.append(found.p)
    assert table.loc[["hog", "pca"], "p_holm"].tolist() == pytest.approx(holm(p), abs=1e-5)


def test_the_page_shows_what_the_table_has(page, folder):
    row = read_table(folder, "preprocessing-accuracy").loc["pca"]
    cells = [
        "pca",
        f"{row['accuracy_mean']:.2f} ± {row['accuracy_sd']:.2f}",
        f"[{row['accuracy_low']:.2f}, {row['accuracy_high']:.2f}]",
        f"[{row['pictures_low']:.2f}, {row['pictures_high']:.2f}]",
        f"+{row['difference']:.2f} [+{row['difference_low']:.2f}, +{row['difference_high']:.2f}]",
        f"{row['p_better']:.2f}",
        f"{row['correlation']:.2f}".replace("-", "\N{MINUS SIGN}"),
    ]
    assert f"| {' | '.join(cells)} |" in page


def test_a_baseline_comes_first_and_alone_it_is_left_out(page, folder):
    order = list(read_table(folder, "preprocessing-accuracy").index)
    # normalize-standardize was not run: its group has no differences.
    assert order == ["normalize", "hog", "pca", "hog-standardize", "hog-tuned"]
    alone = pairs_of(QUESTIONS["depth"], [made_up("photos-linear")])
    assert alone == []
    empty = r"^\| hog-standardize (\| [^|]+){3}(\|  ){4}\|$"
    assert re.search(empty, page, re.MULTILINE)


def test_a_question_without_experiments_has_no_table(page, folder):
    assert "## Does an activation function help?" in page  # 128 was run
    assert "## Does depth help?" in page
    names = {path.stem for path in (folder / "reports" / "tables").glob("*-accuracy.csv")}
    # "beyond" is asked of CIFAR-10 alone.
    assert names == {f"{key}-accuracy" for key in QUESTIONS if key != "beyond"}


def test_only_what_was_run_is_asked(tmp_path):
    page = write_report(tmp_path, run={"normalize": {}, "hog": {}})
    assert "## Does preprocessing help?" in page
    for title in ("depth", "activation", "penalty"):
        assert f"{title} " not in "".join(re.findall(r"^## .*$", page, re.MULTILINE))
    assert not list((tmp_path / "reports" / "tables").glob("depth*"))


def test_zero_weights_and_chosen_values_are_shown_where_they_matter(page):
    headers = [line for line in page.splitlines() if "| NLL |" in line]
    assert ["zero weights" in line for line in headers] == [False, False, False, True]
    assert ["chosen" in line for line in headers] == [True, False, False, True]
    assert re.search(r"^\| hog-tuned \|.*\| learning rate 0\.001 \|$", page, re.MULTILINE)
    assert re.search(r"^\| 128-l2 \|.*\| alpha 0\.0001 \|$", page, re.MULTILINE)
    weights = r"\| 3\.00 ± 0\.00 \| 70\.00 ± 0\.00 \| [0-9.]+ ± [0-9.]+ \|  \|$"
    assert re.search(rf"^\| 128-l1 \|.*{weights}", page, re.MULTILINE)
    assert "never on the test batch" in page


def test_nothing_is_said_of_choosing_where_nothing_was_chosen(tmp_path):
    page = write_report(tmp_path, run={"linear": {}, "128": {"accuracy": 60.0}})
    assert "## Searches" not in page
    assert "Dashed" not in page


# ---------------------------------------------------------------- the page


def test_the_verdicts_are_on_the_page_and_in_the_table(page, folder):
    claims = pd.read_csv(folder / "reports" / "tables" / "claims.csv").set_index("claim")
    verdicts = {re.findall(r"“(.*)”", name)[0]: row["verdict"] for name, row in claims.iterrows()}
    fell = "After each kind of preprocessing the accuracy falls"
    assert verdicts[f"{fell} (HOG)"] == "holds"
    assert verdicts[f"{fell} (PCA)"] == "does not hold"
    # Half of the weights are near zero, but the network needs them.
    assert verdicts["L1 regularisation produces a sparse model"] == "does not hold"
    assert verdicts["Without regularisation: 52% (100epoch)"] == "undecided"
    for name, row in claims.iterrows():
        assert f"| {name} | {row['verdict']} | {row['measured']} | {row['holds if']} |" in page


def test_another_result_gives_another_verdict(tmp_path):
    page = write_report(tmp_path, run=RUN | {"pca": {"accuracy": 34.0}})
    (line,) = [
        line for line in page.splitlines() if line.startswith("| “After") and "(PCA)" in line
    ]
    assert "| holds |" in line


def test_no_value_is_missing(page, folder):
    for path in (folder / "reports").rglob("*"):
        if path.suffix in {".md", ".tex"}:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\b(nan|None|inf|undefined)\b|\{\{|\{%", text), path
    assert not re.search(r"\n\n\n\n", page)


def test_every_table_has_one_width(page):
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_every_link_leads_to_a_file_that_was_written(page, folder):
    links = set(re.findall(r"\]\(([^)]+)\)", page))
    files = {path for path in tree(folder / "reports") if "." in path}
    pictures = {link for link in links if link.startswith("pictures/")}
    assert pictures == {f"pictures/{name}.png" for name in ("preprocessing", "mistakes", "pairs")}
    assert links - pictures <= files
    written = {path for path in files if path.startswith(("tables/", "figures/"))}
    # The overview's LaTeX and that of the classes are there, but need no link.
    unlinked = {"tables/experiments.tex", "tables/classes.tex", "index.html"}
    unlinked |= {path for path in written if path.startswith("figures/") and path.endswith(".csv")}
    unlinked |= {"figures/cost.svg"}  # which the report has with the points' names
    assert written - links <= unlinked


def test_pictures_that_may_not_be_passed_on_are_not_linked(tmp_path):
    page = write_report(tmp_path, "cifar10", {"linear": {}, "128": {}})
    assert "](pictures/" not in page
    assert "dvc repro gallery@cifar10" in page
    assert "reports/cifar10/pictures/" in page


def test_the_best_experiment_is_drawn(page):
    assert "`photos-128`, 55" in page or "`photos-128-l2`, 55" in page


def test_seconds_and_paths_are_not_in_it(folder):
    for path in (folder / "reports").rglob("*"):
        if path.is_file() and path.suffix != ".png":
            text = path.read_bytes()
            assert str(folder).encode() not in text
            assert b"seconds" not in text


def test_two_runs_write_the_same_bytes(folder, tmp_path):
    write_report(tmp_path)
    for path in tree(folder / "reports"):
        first, second = folder / "reports" / path, tmp_path / "reports" / path
        if first.is_file():
            assert first.read_bytes() == second.read_bytes(), path
    for path in (tmp_path / "reports").rglob("*.png"):
        assert b"Software" not in path.read_bytes()


def test_what_other_experiments_left_changes_nothing(folder, tmp_path):
    write_report(tmp_path)
    (tmp_path / "evaluations" / "photos-gone.json").write_text("{}")
    (tmp_path / "evaluations" / ".DS_Store").mkdir()
    others = DOCUMENT | {"datasets": DOCUMENT["datasets"] | {"mine": {"source": "digits"}}}
    write_report(tmp_path, document=others)
    for name in ("report.md", "index.html"):
        found = (tmp_path / "reports" / name).read_bytes()
        assert found == (folder / "reports" / name).read_bytes()


def test_results_that_are_missing_are_asked_for(tmp_path):
    with pytest.raises(PipelineError, match="is missing: run 'dvc repro'"):
        load_results(DOCUMENT, "photos", tmp_path)
    with pytest.raises(PipelineError, match="has dataset 'none'"):
        load_results(DOCUMENT, "none", tmp_path)


# ---------------------------------------------------------------- a quick look


def test_a_quick_study_says_so_and_decides_less(tmp_path):
    document = DOCUMENT | {"quick": {"enabled": True, "epochs": 5, "seeds": 3}}
    page = write_report(tmp_path, document=document)
    assert page.startswith(
        f"# photos: the course report's claims, and {len(RUN)} experiments, a quick look"
    )
    assert "**A quick look, not the study: at most 5 epochs and 3 seeds" in page
    assert "run with 3 seeds" in page
    assert "quick look" not in write_report(tmp_path)


# ---------------------------------------------------------------- one seed


def test_one_seed_gives_a_report_without_spreads(tmp_path):
    document = DOCUMENT | {"defaults": DOCUMENT["defaults"] | {"seeds": [0]}}
    page = write_report(tmp_path, run={"normalize": {}, "hog": {}}, document=document)
    numbers = page.partition("## Does preprocessing help?")[2].partition("How to read")[0]
    assert "| hog |" in numbers
    assert "±" not in numbers
    assert not re.search(r"\b(nan|None)\b", page)
    assert re.search(r"^\| hog \| [0-9.]+ \|  \| \[[0-9., ]+\] (\|  ){4}\|$", page, re.MULTILINE)


# ---------------------------------------------------------------- LaTeX


def test_every_latex_table_is_balanced_and_escaped(folder):
    files = list((folder / "reports" / "tables").glob("*.tex"))
    assert len(files) == 2 * (len(QUESTIONS) - 1) + 11
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(r"\begin{tabular}{")
        assert text.endswith("\\end{tabular}\n")
        assert text.isascii(), path
        bare = re.sub(r"\\.", "", text)
        assert bare.count("{") == bare.count("}")
        assert bare.count("$") % 2 == 0
        assert not re.search(r"[%#_^~]", bare)
        assert "rule" not in re.sub(r"\w+ ?rule", "", text)  # of booktabs
        layout = re.match(r"\\begin\{tabular\}\{((?:l|p\{[^}]*\})+)\}", text)
        n_columns = len(re.findall(r"l(?!inewidth)|p\{[^}]*\}", layout[1]))
        rows = [line for line in text.splitlines() if line.endswith(r"\\")]
        for row in rows:
            assert len(re.findall(r"(?<!\\)&", row)) == n_columns - 1, path


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("50 % & more", r"50 \% \& more"),
        ("a_b #1 {x} $", r"a\_b \#1 \{x\} \$"),
        ("\\ ~ ^", r"\textbackslash{} \textasciitilde{} \textasciicircum{}"),
        ("1 ± 2", r"1 $\pm$ 2"),
        ("\N{MINUS SIGN}3", "$-$3"),
        ("<0.001", "$<$0.001"),
        ("[1, 2]", "{[1, 2]}"),
    ],
)
def test_escape(text, escaped):
    assert escape(text) == escaped


def test_latex_table():
    table = pd.DataFrame({"a_b": ["x", "y"], "c": ["1 %", "w" * 41]})
    assert latex_table(table).splitlines() == [
        r"\begin{tabular}{lp{0.2\linewidth}}",
        r"\hline",
        r"a\_b & c \\",
        r"\hline",
        r"x & 1 \% \\",
        "y & " + "w" * 41 + r" \\",
        r"\hline",
        r"\end{tabular}",
    ]


# ---------------------------------------------------------------- figures


def test_a_montage_has_every_picture_in_its_place():
    pictures = np.arange(5)[:, None, None, None] / 10 * np.ones((5, 32, 32, 3))
    sheet = figures.montage(pictures, 3)
    assert sheet.shape == (2 * 32 + figures.GAP, 3 * 32 + 2 * figures.GAP, 3)
    assert sheet[0, 0, 0] == 0.0
    assert sheet[0, 34, 0] == 0.1
    assert sheet[34, 34, 0] == 0.4
    assert sheet[34, 68, 0] == 1.0  # no sixth picture
    assert sheet[0, 33, 0] == 1.0  # a gap


def test_only_weights_on_pixels_are_drawn(results):
    assert figures.has_pixel_weights(results["linear"])
    assert not figures.has_pixel_weights(results["hog"])


def test_the_page_says_in_how_many_experiments_a_temperature_pays(folder):
    tables = folder / "reports" / "tables"
    table = pd.read_csv(tables / "calibration.csv")
    short = pd.read_csv(tables / "calibration-in-short.csv").set_index("answers")
    assert set(short["experiments"]) == {len(table)}
    lower = table["ensemble_calibrated_loss"] < table["ensemble_loss"]
    assert short.loc["ensemble", "lower_loss"] == lower.sum() == 0  # made up so
    assert short.loc["network", "lower_loss"] == len(table)
    page = (folder / "reports" / "report.md").read_text(encoding="utf-8")
    assert f"0 of {len(table)} experiments" in page
    assert "10.0 → 4.0" in page
    assert "were chosen among candidates" in page  # of the values that were tried


def test_the_answers_are_those_of_the_intervals(folder):
    answers = pd.read_csv(folder / "reports" / "tables" / "answers.csv")
    accuracy = pd.read_csv(folder / "reports" / "tables" / "preprocessing-accuracy.csv")
    accuracy = accuracy.set_index("experiment")
    asked = answers[answers["question"] == "Does preprocessing help?"].set_index("experiment")
    assert set(asked.index) == set(accuracy.index[accuracy["difference"].notna()])
    for name, row in asked.iterrows():
        assert row["difference"] == pytest.approx(accuracy.loc[name, "difference"])
        assert np.isnan(row["more_seeds"]) == (row["low"] > 0 or row["high"] < 0)
    page = (folder / "reports" / "report.md").read_text(encoding="utf-8")
    lines = page.partition("## In short")[2].partition("\n## ")[0].splitlines()
    found = {line.split(" | ")[1]: line.split(" | ")[-1] for line in lines if " | " in line}
    assert found["hog"] == "worse |"
    assert found["pca"] == "better |"
    assert found["128-l2"].startswith(("the same", "undecided"))
