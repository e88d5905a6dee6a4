"""The page of all datasets: what came of each, the flow, the gradients, speed and reliability."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from stages.statistics.units import plus_minus
from stages.webpage.flow import flow_svg
from stages.webpage.manner import embedded
from stages.webpage.markdown import to_html
from stages.webpage.skeleton import skeleton
from stages.webpage.tables import html_table

# In this order; those that are missing are left out.
DOCUMENTS = (
    "gradcheck.md",
    "negative-results.md",
    "benchmarks.md",
    "benchmarks-patches.md",
    "reliability.md",
)
HEADING = re.compile(r"^(#+ )", re.MULTILINE)
IMAGE = re.compile(r'<img src="([\w./-]+\.png)"')
FLOW = (
    "One box for each stage of `dvc.yaml`; those over datasets, features or experiments run once "
    "for each. Every stage depends on `code` as well, the digests of the code that it uses."
)
TITLE = "The course report's claims on every dataset"


def render_overview(reports: Path, pipeline: dict[str, Any]) -> str:
    """Return the page of what lies in a folder of reports.

    Parameters
    ----------
    reports : Path
        Has a folder for each dataset, and pages in Markdown.
    pipeline : dict
        The content of dvc.yaml.
    """
    folders = sorted(path.parent for path in reports.glob("*/report.md"))
    links = [(_address(folder), folder.name) for folder in folders]
    parts = [
        f"# {TITLE}",
        html_table(pd.DataFrame([_row(folder) for folder in folders])) if folders else "",
        "Their reports: " + ", ".join(f"[{name}]({address})" for address, name in links),
        "## The flow",
        FLOW,
        flow_svg(pipeline),
    ]
    for name in DOCUMENTS:
        path = reports / name
        if path.exists():
            parts.append(HEADING.sub(r"#\1", path.read_text(encoding="utf-8")))
    body = IMAGE.sub(
        lambda found: f'<img src="{embedded(reports / found[1])}"', to_html("\n\n".join(parts))
    )
    return skeleton(TITLE, body, "", links)


def _address(folder: Path) -> str:
    """Return where a dataset's report is, from here: its page or, of an older run, its text."""
    name = "index.html" if (folder / "index.html").exists() else "report.md"
    return f"{folder.name}/{name}"


def _row(folder: Path) -> dict[str, str]:
    """Return what is said of one dataset, from its own tables."""
    experiments = pd.read_csv(folder / "tables" / "experiments.csv")
    best = experiments.sort_values("accuracy_mean", kind="stable").iloc[-1]
    row = {
        "dataset": folder.name,
        "experiments": str(len(experiments)),
        "best": str(best["experiment"]),
        "accuracy %": plus_minus(best["accuracy_mean"], best["accuracy_sd"], 2),
    }
    claims = folder / "tables" / "claims.csv"
    if claims.exists():
        verdicts = pd.read_csv(claims)["verdict"].str.replace(r" (if|under) .*", "", regex=True)
        row["verdicts"] = ", ".join(f"{n} {v}" for v, n in sorted(verdicts.value_counts().items()))
    return row
