"""`make photos`: what it says while it runs, and when DVC or a stage fails."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from stages.follow import display
from stages.follow.display import Display
from stages.follow.events import Course, Started, Step, follow
from stages.follow.mistakes import in_one_line
from stages.runtime.command import progress
from tests.project import ROOT, Project

PATH = "reports/photos/index.html"


def study(project: Project, dataset: str = "photos") -> subprocess.CompletedProcess:
    return project.run("python", "-m", "stages.study", "run", dataset, check=False)


def test_a_log_has_one_line_for_each_stage_that_runs(project: Project):
    project.set("experiments.photos-hog.learning_rate", 0.1)
    result = study(project)
    assert result.returncode == 0
    assert result.stdout == f"{PATH}\n"
    lines = result.stderr.splitlines()
    told = [re.fullmatch(r"stage (\d+) of (\d+): ([\w -]+)", line) for line in lines[:-1]]
    assert [line[3] for line in told] == [
        "check",
        "train photos-hog",
        "evaluate photos-hog",
        "gallery photos",
        "report photos",
    ]
    places = [int(line[1]) for line in told]
    assert places == sorted(set(places))
    (total,) = {int(line[2]) for line in told}
    assert total > 10
    assert places[-1] == total
    assert lines[-1] == f"{total} stages, of which 5 ran"
    again = study(project)
    assert (again.returncode, again.stdout) == (0, f"{PATH}\n")
    assert again.stderr == f"{total} stages, of which 0 ran\n"


def test_a_log_has_a_line_a_minute_of_the_steps_of_a_long_stage(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    shown = Display(9)
    course = Course()
    lines = [
        "Running stage 'train@photos-hog':",
        *(f"{k} of 6: train photos-hog" for k in range(1, 7)),
    ]
    for event in follow(lines, course):
        shown.show(event, course)
        clock[0] += 45
    assert capsys.readouterr().err.splitlines() == [
        "stage 1 of 9: train photos-hog",
        "stage 1 of 9: train photos-hog, 2 of 6, about 3 minutes left",
        "stage 1 of 9: train photos-hog, 4 of 6, about 2 minutes left",
        "stage 1 of 9: train photos-hog, 6 of 6, about a minute left",
    ]


def test_what_is_counted_anew_is_timed_anew(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    shown = Display(9)
    lines = ["Running stage 'preprocess@photos-hog':", *[f"{k} of 3: x" for k in (1, 2, 3, 1, 2)]]
    course = Course()
    for event in follow(lines, course):
        shown.show(event, course)
        clock[0] += 600
    # Each step took ten minutes, those of the first time through as well.
    assert re.findall(r"(\d) of 3, about (\S+)", capsys.readouterr().err) == [
        ("1", "20"),
        ("2", "10"),
        ("3", "a"),
        ("1", "20"),
        ("2", "10"),
    ]


def test_stages_that_take_long_print_the_steps_that_are_done(project: Project):
    stages = ["forensics@photos", "train@photos-hog", "preprocess@photos-hog"]
    printed = project.dvc("repro", "--force", "--single-item", *stages).stdout
    steps = re.findall(r"^(\d+ of \d+): ", printed, re.MULTILINE)
    # Two readings and two seeds; two seeds and what the temperature needs; a block of pictures.
    wanted = [f"{k} of {n}" for n in (4, 3, 1) for k in range(1, n + 1)]
    assert steps == wanted


def test_no_stage_prints_more_than_a_tenth_of_many_steps(capsys):
    assert list(progress(range(60), "preprocess x", 60)) == list(range(60))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{k} of 60: preprocess x" for k in range(6, 61, 6)]


def test_an_archive_without_git_says_how_to_make_it_work(project: Project):
    shutil.rmtree(project.path / ".git")
    shutil.rmtree(project.path / "models")
    result = study(project)
    assert result.returncode == 1
    assert re.fullmatch(r"error: .*no git repository.*'git init'.*\n", result.stderr)
    # What it says is enough.
    project.run("git", "init", "-q")
    assert study(project).stdout == f"{PATH}\n"


def spoil(project: Project, file: str, line: str) -> None:
    path = project.path / file
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], line, *lines[3:]]))


@pytest.mark.parametrize(
    ("file", "line", "parts"),
    [
        ("dvc.yaml", "  : [\n", ["dvc.yaml", "git checkout dvc.yaml"]),
        ("dvc.yaml", "<<<<<<< HEAD\n", ["dvc.yaml", "merge conflict", "git checkout --ours"]),
        ("dvc.lock", "  : [\n", ["dvc.lock", "git checkout dvc.lock"]),
        ("dvc.lock", "<<<<<<< HEAD\n", ["dvc.lock", "merge conflict", "git checkout --ours"]),
        ("params.yaml", "  : [\n", ["params.yaml", "git checkout params.yaml"]),
        ("params.yaml", "<<<<<<< HEAD\n", ["params.yaml", "git checkout params.yaml"]),
    ],
)
def test_a_file_that_dvc_cannot_read_is_named_in_one_line(project: Project, file, line, parts):
    spoil(project, file, line)
    result = study(project)
    assert result.returncode == 1
    assert result.stdout == ""
    assert re.fullmatch(r"error: [^\n]*\n", result.stderr)
    for part in parts:
        assert part in result.stderr


def test_a_wrong_parameter_is_the_stages_own_line(project: Project):
    project.set("experiments.photos-hog.lerning_rate", 0.1)
    result = study(project)
    assert result.returncode == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: experiments.photos-hog.lerning_rate: unknown key")
    assert "Traceback" not in result.stderr


def test_a_dataset_that_does_not_exist_is_named(project: Project):
    result = study(project, "fotos")
    assert result.returncode == 1
    assert re.fullmatch(r"error: .*report@fotos.*datasets: in params.yaml\n", result.stderr)


def test_a_dvc_that_works_already_is_waited_for(project: Project):
    rwlock = project.path / ".dvc" / "tmp" / "rwlock"
    project.set("experiments.photos-hog.learning_rate", 0.1)
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    path = project.path / "models" / "photos-hog"
    info = f'{{"pid": {sleeper.pid}, "cmd": "dvc repro"}}'
    rwlock.write_text(f'{{"read": {{}}, "write": {{"{path}": {info}}}}}')
    try:
        result = study(project)
    finally:
        sleeper.communicate(b"\n")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "error: another DVC works in this folder: wait until it ends"
    )
    assert study(project).stdout == f"{PATH}\n"


def test_the_targets_of_make_say_what_they_do():
    for target in ("photos", "cifar10"):
        said = subprocess.run(
            ["make", "--dry-run", "--always-make", target],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert "echo installing the packages" in said
        assert f"python -m stages.study run {target}\n" in said


# ---------------------------------------------------------------- what is read, what is shown

LINES = """Stage 'code' didn't change, skipping
Stage 'fetch@photos' is cached - skipping run, checking out outputs
Running stage 'train@photos-hog':
> exec python -m stages.train photos-hog
1 of 6: plain, seed 0
2 of 6: plain, seed 1
a warning of a library
Updating lock file 'dvc.lock'

To track the changes with git, run:

\tgit add dvc.lock
error: photos-hog: seed 3 diverged
ERROR: failed to reproduce 'train@photos-hog': failed to run: exec python, exited with 1
"""


def test_lines_of_a_run_are_read_as_what_happens():
    course = Course()
    events = list(follow(LINES.splitlines(keepends=True), course))
    assert events == [Started("train@photos-hog"), Step(1, 6), Step(2, 6)]
    assert course.seen == ["code", "fetch@photos", "train@photos-hog"]
    assert course.ran == ["train@photos-hog"]
    assert course.errors == ["photos-hog: seed 3 diverged"]
    assert [line.split()[0] for line in course.said] == ["a", "ERROR:"]
    assert in_one_line(course.said[1]) == ""


def test_a_terminal_sees_stage_steps_and_the_time_that_is_left(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    clock = iter([0.0, 150.0])
    monkeypatch.setattr("stages.follow.display.time.monotonic", lambda: next(clock))
    course = Course(seen=["code", "train@photos-128"], ran=["train@photos-128"])
    with Display(33) as display:
        display.show(Started("train@photos-128"), course)
        display.show(Step(2, 6), course)
    shown = re.split(r"[\r\n]+", capsys.readouterr().err)
    assert "stage 2 of 33: train photos-128" in shown
    assert "stage 2 of 33: train photos-128, 2 of 6, about 5 minutes left" in shown


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("", ""),
        ("ERROR: something new\nof  two lines.", "DVC: something new of two lines"),
        ("ERROR: \x1b[31mred\x1b[0m", "DVC: red"),
        (
            "ERROR: unexpected - [Errno 28] No space left on device",
            "unexpected - [Errno 28] No space left on device: make room, then the same again",
        ),
    ],
)
def test_what_dvc_says_becomes_one_line(said, line):
    assert in_one_line(said) == line
