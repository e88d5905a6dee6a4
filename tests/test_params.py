"""params.yaml: the repository's own is right, and every mistake is one line that names it."""

from __future__ import annotations

import copy
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from stages import check
from stages.params.loading import read_params
from stages.runtime.errors import ParamsError
from stages.schema.project import check_project
from tests.helpers import ROOT, last_words
from tests.mistakes import DOCUMENT, MISTAKES, NEW, OWN, at, new_feature, own
from tests.project import Project

TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


def test_the_projects_own_params_are_right():
    check_project(copy.deepcopy(DOCUMENT))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_its_key_and_what_is_allowed(mistake):
    change, *parts = MISTAKES[mistake]
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(ParamsError) as error:
        check_project(document)
    message = str(error.value)
    assert error.value.exit_code == 2
    assert "\n" not in message
    assert len(message) < 600  # not a whole section
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("change", "start", "end"),
    [
        (new_feature("7" * 5000), f"{NEW}.transform: '777", "7' is not allowed: choose from bin"),
        (own(preprocessing="7" * 5000), f"{OWN}.preprocessing: no entry features", "Allowed: nor"),
        (own(**{"x" * 5000: 1}), f"{OWN}.xxx", "xxx: unknown key. Allowed: "),
        (at("x " * 5000, {}), "x x x", "x x : unknown section. Allowed: datasets, transforms"),
    ],
)
def test_a_line_about_something_endless_keeps_its_ends(change, start, end):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(ParamsError) as error:
        check_project(document)
    message = str(error.value)
    assert message.startswith(start)
    assert end in message
    assert " ... " in message
    assert len(message) <= 1_000


def test_a_mistake_in_the_defaults_is_named_where_it_is():
    document = copy.deepcopy(DOCUMENT)
    document["defaults"]["epochs"] = 0
    with pytest.raises(ParamsError, match=r"defaults\.epochs: 0 is not allowed"):
        check_project(document)


# Ten lists of ten of the list before: in full, a hundred million letters.
BOMB = f"[&a0 [{', '.join('x' * 10)}]"
for depth in range(7):
    BOMB += f", &a{depth + 1} [{', '.join([f'*a{depth}'] * 10)}]"
BOMB += "]"

# A pattern in the text of params.yaml, what is put in its place, and what the line must have.
MISWRITTEN = {
    "key twice": (r"(  epochs: \d+)", r"\1\n\1", 'duplicate key "epochs"', "line "),
    "section twice": ("experiments:", "datasets: {}\nexperiments:", 'duplicate key "datasets"'),
    "dataset twice": ("  cifar10:", "  photos:", 'duplicate key "photos"', "line "),
    "experiment twice": ("  photos-128:", "  photos-hog:", 'duplicate key "photos-hog"', "line "),
    "recipe twice": ("  linear:", "  softmax:", 'duplicate key "softmax"', "line "),
    "exponent for count": (r"epochs: \d+", "epochs: 1e2", "epochs: 100.0 is not", "integer"),
    "octal of YAML 1.1": (r"epochs: \d+", "epochs: 0b17", "epochs: '0b17'", "such as 10"),
    "comma": (r"learning_rate: \S+", "learning_rate: 0,03", "rate: '0,03' is not allowed"),
    "tab": ("  epochs:", "\tepochs:", "no valid YAML", "tab", "line "),
    "bracket": (r"seeds:\n", "seeds: ]\n", "no valid YAML", "line "),
    "indentation": ("  momentum:", "   momentum:", "no valid YAML", "line "),
    "null": ("penalty: none", "penalty: null", "penalty: None is not allowed", "'none'"),
    "blank": (r"learning_rate: \S+", "learning_rate:", "rate: None is not allowed", "number"),
    "nan": (r"learning_rate: \S+", "learning_rate: .nan", "rate: nan is not allowed", "finite"),
    "nan as text": (
        r"learning_rate: \S+",
        "learning_rate: nan",
        "rate: 'nan'",
        "reads this as text",
    ),
    "infinity": (r"learning_rate: \S+", "learning_rate: .inf", "rate: inf", "finite number"),
    "off in quotes": ("nesterov: false", "nesterov: 'off'", "nesterov: 'off' is", "boolean"),
    "off for a name": ("activation: relu", "activation: off", "activation: 'off'", "'relu'"),
    "yes for a count": (r"epochs: \d+", "epochs: yes", "epochs: 'yes' is not", "integer"),
    "date": (r"epochs: \d+", "epochs: 2024-01-01", "epochs: datetime.date(2024, 1, 1)", "integer"),
    "date for a name": ("dataset: photos", "dataset: 2024-01-01", "datetime.date", "string"),
    "date for a key": (
        "  photos-hog:",
        "  2024-01-01:",
        "the name datetime.date",
        "a small letter",
    ),
    "number for a key": ("  epochs:", "  1:", "defaults.", "Keys should be strings"),
    "list for a key": ("  epochs:", "  ? [a]\n  :", "('a',)", "Keys should be strings"),
    "anchor to nothing": ("split: one", "split: *one", "undefined alias", "line "),
    "merge of nothing": ("  epochs:", "  <<: *none\n  epochs:", "undefined alias", "line "),
    "merge of null": ("  epochs:", "  <<: null\n  epochs:", "expected a mapping", "line "),
    "merge of text": ("  epochs:", "  <<: [a]\n  epochs:", "expected a mapping", "line "),
    "huge seed": (r"  - 0\n", f"  - 1{'0' * 400}\n", "seeds.0: 1000", "...", "less than"),
    "too many digits": (r"epochs: \d+", f"epochs: 1{'0' * 5000}", "no valid YAML", "5001 digits"),
    "too many letters": (
        r"epochs: \d+",
        f"epochs: 0x{'f' * 5000}",
        "epochs: this number",
        "1000000",
    ),
    "aliases of aliases": (r"  - 0\n", f"  - {BOMB}\n", "seeds.0: [", "...", "integer"),
    "itself": (r"seeds:\n  - 0\n", "seeds: &all\n  - *all\n", "seeds.0: [", "...", "integer"),
    "two documents": ("features:", "---\nfeatures:", "no valid YAML", "another document", "line "),
    "code": ("seed: 0", "seed: !!python/object/apply:os.getpid []", "no valid YAML", "os.getpid"),
    "impossible date": ("seed: 0", "seed: 2024-13-45", "no valid YAML"),
    "tag that does not fit": ("seed: 0", "seed: !!int zero", "no valid YAML"),
    "tagged list": ("seed: 0", "seed: !!map [1]", "no valid YAML"),
    "zero byte": ("seed: 0", "seed: \x00", "no valid YAML", "#x0000"),
    "empty file": ("(?s).+", "", "must be a mapping of sections, it is None"),
    "comments": ("(?s).+", "# datasets:", "must be a mapping of sections, it is None"),
    "list": ("(?s).+", "- datasets", "must be a mapping of sections, it is ['datasets']"),
    "deep nesting": ("(?s).+", "[" * 2000, "no valid YAML"),
}


@pytest.mark.parametrize("mistake", MISWRITTEN)
def test_a_mistake_in_the_text_is_one_line(tmp_path, mistake):
    pattern, new, *parts = MISWRITTEN[mistake]
    text, found = re.subn(pattern, new, TEXT, count=1)
    assert found
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    code, line = last_words(check, "--params", path)
    assert code == 2
    assert len(line) < 600
    for part in ("error: ", *parts):
        assert part in line


@pytest.mark.parametrize(
    ("content", "byte"),
    [(b"datasets: \xff\n", "0xff in position 10"), (TEXT.encode("utf-16"), "0xff in position 0")],
)
def test_a_file_of_another_encoding_is_named(tmp_path, content, byte):
    (tmp_path / "params.yaml").write_bytes(content)
    code, line = last_words(check, "--params", tmp_path / "params.yaml")
    assert code == 2
    assert "params.yaml is no UTF-8 text, save it as such" in line
    assert byte in line


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path, start, end):
    path = tmp_path / "params.yaml"
    path.write_bytes((start + TEXT.replace("\n", end)).encode())
    assert read_params(path) == DOCUMENT


def test_a_missing_file_is_named(tmp_path):
    code, line = last_words(check, "--params", tmp_path / "none.yaml")
    assert code == 2
    assert f"{tmp_path / 'none.yaml'} is missing" in line


@pytest.mark.slow
def test_the_command_says_so_as_soon_as_it_has_started(tmp_path):
    path, output = tmp_path / "params.yaml", tmp_path / "right.txt"
    command = [sys.executable, "-m", "stages.check", "--params", path, "--output", output]
    seconds = []  # of the processor, since what else the machine does is no fault of ours
    for mistake in ("exponent for count", "key twice", "aliases of aliases", "empty file", "date"):
        pattern, new, *parts = MISWRITTEN[mistake]
        path.write_text(re.sub(pattern, new, TEXT, count=1), encoding="utf-8")
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
        assert result.returncode == 2
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        for part in ("error: ", *parts):
            assert part in line
        assert not output.exists()
    assert max(seconds) < 5 * min(seconds)  # all of them mostly import


@pytest.mark.parametrize(
    "mistake",
    [
        "dropout without layer",
        "dataset without experiments",
        "dataset without features",
        "unknown preprocessing",
        "no experiments",
        "no features",
        "no datasets",
    ],
)
def test_dvc_stops_before_anything_works(fresh: Project, right: dict[str, Any], mistake: str):
    change, *parts = MISTAKES[mistake]
    change(right)
    fresh.write(right)
    result = fresh.dvc("repro", check=False)
    assert result.returncode != 0
    ran = re.findall(r"^Running stage '([^']+)':", result.stdout, re.MULTILINE)
    assert set(ran) <= {"code", "check"}
    (line,) = [line for line in result.stderr.splitlines() if line.strip().startswith("error: ")]
    for part in parts:
        assert part in line
    assert {path.split("/")[1] for path in fresh.outputs()} == {"code"}
    direct = fresh.run("python", "-m", "stages.check", check=False)
    assert (direct.returncode, direct.stderr.strip()) == (2, line.strip())


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project that nothing has run in."""
    return Project.create(tmp_path_factory.mktemp("fresh") / "project")


@pytest.fixture
def right(fresh: Project) -> Iterator[dict[str, Any]]:
    """Return the entries of `fresh` as they are before a test changes them."""
    document = fresh.read()
    yield copy.deepcopy(document)
    fresh.write(document)
