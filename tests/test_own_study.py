"""From a folder of pictures to its report, and back: `make study`."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

from tests.project import Project


@pytest.fixture
def project(least: Project, tmp_path):
    return least.copy(tmp_path / "project")


@pytest.fixture
def pictures(project: Project):
    """Draw thirty pictures of each of two classes, of several kinds and sizes."""
    folder = project.path.parent / "my pictures"
    generator = np.random.default_rng(0)
    for name, colour in (("clay", (190, 90, 60)), ("sky", (90, 140, 220))):
        (folder / name).mkdir(parents=True)
        for number in range(30):
            height, width = generator.integers(40, 90, 2)
            pixels = np.array(colour) + generator.normal(0, 20, (height, width, 3))
            picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            ending = ("png", "jpg", "webp")[number % 3]
            picture.save(folder / name / f"{number}.{ending}")
    return folder


def test_from_a_folder_to_a_report_and_back(project: Project, pictures):
    before = (project.path / "params.yaml").read_text()
    project.run("python", "-m", "stages.study", "add", "mine", str(pictures))
    result = project.run("python", "-m", "stages.study", "run", "mine")
    assert result.stdout == "reports/mine/index.html\n"
    report = (project.path / "reports" / "mine" / "report.md").read_text()
    sections = re.findall(r"^## (.*)$", report, re.MULTILINE)
    assert sections.index("Your pictures") < sections.index("In short")
    assert sections.index("In short") < sections.index("Does preprocessing help?")
    assert "20 JPEG, 20 PNG, 20 WEBP" in report
    assert "| all | 48 | 12 |" in report
    assert str(pictures) not in report
    assert "37.79" not in report  # the course's own numbers are about its own data
    metrics = project.path / "reports" / "mine" / "metrics" / "mine-normalize.json"
    assert json.loads(metrics.read_text())["accuracy"] > 0.9
    assert project.repro("report@mine") == set()

    # What photos and its stages are is not touched.
    assert project.repro("report@photos") <= {"report@photos", "gallery@photos", "check"}

    # Another name for a picture is read, and changes nothing behind it.
    (pictures / "sky" / "4.jpg").rename(pictures / "sky" / "evening.jpg")
    assert project.repro("report@mine") == {"fetch@mine"}
    (pictures / "sky" / "evening.jpg").unlink()
    ran = project.repro("report@mine")
    assert {"fetch@mine", "preprocess@mine-normalize", "train@mine-normalize", "report@mine"} <= ran

    answers = project.run(
        "python", "-m", "stages.predict", "mine-normalize", str(pictures), "--format", "csv"
    ).stdout.splitlines()[1:]
    right = [line.split("/")[-2] == line.split(",")[1] for line in answers]
    assert np.mean(right) > 0.9

    project.run("python", "-m", "stages.study", "remove", "mine")
    assert (project.path / "params.yaml").read_text() == before
