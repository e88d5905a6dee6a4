"""Random input for the two readers of files that others write: batch files and params.yaml.

``trials()`` reads 80,000 damaged or random batch files, 18,000 params with exchanged values and
2,000 with altered text (YAML is slow to parse); its generators are seeded.
"""

from __future__ import annotations

import copy
import math
import pickle
import pickletools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stages.params.loading import read_params
from stages.runtime.errors import ParamsError, PipelineError
from stages.schema.project import check_project
from stages.sources.cifar_layout import read_batches
from tests.helpers import batch2, random_pictures, write_dataset
from tests.project import tiny_params
from tests.soak.row import Row

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - faster than a disk
PARAMS = tiny_params()
TEXT = yaml.safe_dump(PARAMS, sort_keys=False)
ROWS = random_pictures(2).reshape(2, -1)
BATCHES = (
    batch2(ROWS, [3, 1]),
    *(pickle.dumps({b"labels": [3, 1], b"data": ROWS}, protocol=protocol) for protocol in (3, 4)),
)
OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
SNIPPETS = [
    *(": ", "- ", "\n", "\n  ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "!!set ", "!!python/x "),
    *(
        "? ",
        "| ",
        "> ",
        "'",
        '"',
        "#",
        "%",
        "---\n",
        "\t",
        "\x00",
        "\ud7ff",
        '"\\ud800"',
        "~",
        "1e9",
    ),
    *("1e9", "&a [*a, *a]", "&a {b: *a}", "2024-13-45", "0x_", "1:2:3", ".nan", "9" * 5000),
    "[" * 500,
]
VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, math.nan, math.inf, 10**30, 10**400, 1e-320, b"bytes"),
    *("", "x", "photos", "photos-raw", "photos-pca", "one", "softmax", "..", "\x00", "\ud800"),
    *([], [[]], [None], [1, 1], ["data_batch_1"] * 2, [10**30, 0.5], {}, {"": None}, {1: 2}),
    *({None: {}}, {(1, 2): 3}, {"photos": {}}, {"source": ["photos"]}, {"input": 1}),
]


def trials(batches: int = 80_000, trees: int = 18_000, texts: int = 2_000) -> Iterator[Row]:
    """Yield a row for each kind of input, with its number of inputs."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        dataset = write_dataset(Path(name))
        path = Path(name) / "params.yaml"

        def read_batch(content: bytes) -> None:
            (dataset / "data_batch_1").write_bytes(content)
            read_batches(dataset)

        def read_text(text: str) -> None:
            path.write_text(text, encoding="utf-8", errors="surrogatepass")
            check_project(read_params(path))

        half = batches // 2
        yield _row("Pickles", "batch files with altered bytes", half, damaged_batch, read_batch)
        yield _row("Pickles", "random opcodes and bytes", half, random_pickle, read_batch)
        yield _row("Parameters", "params.yaml, other values", trees, other_values, check_project)
        yield _row("Parameters", "params.yaml, altered text", texts, altered_text, read_text)


def damaged_batch(generator: np.random.Generator) -> bytes:
    """Return a batch file with some bytes altered, added or taken away, most outside the data."""
    content = bytearray(BATCHES[generator.integers(len(BATCHES))])
    for _ in range(generator.integers(1, 6)):
        # The pictures' bytes, in the middle or at the end, can be anything: spare them mostly.
        ends = [*range(400), *range(-60, 0)]
        at = int(generator.choice(ends)) if generator.random() < 0.9 else 3000
        at %= max(len(content), 1)
        opcode = OPCODES[generator.integers(len(OPCODES))]
        match generator.integers(5):
            case 0:
                content[at : at + 1] = generator.bytes(1)
            case 1:
                content[at:at] = opcode
            case 2:
                content[at : at + 1] = opcode
            case 3:
                del content[at : at + int(generator.integers(1, 20))]
            case _:
                start = int(generator.integers(400))
                content[at:at] = content[start : start + int(generator.integers(1, 60))]
    return bytes(content)


def random_pickle(generator: np.random.Generator) -> bytes:
    """Return opcodes in any order, some with arguments, some with values of a batch file."""
    parts = [b"\x80\x02}", b"labels\n", b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"U\x02u1"]
    parts += [b"cnumpy.core.multiarray\n_reconstruct\n", b"K\x00", b"K\x01\x85", b"U\x04data"]
    parts += [*OPCODES, *OPCODES]
    chosen = generator.integers(len(parts), size=generator.integers(1, 60))
    noise = generator.bytes(generator.integers(4)) if generator.random() < 0.3 else b""
    return b"\x80\x02}" + b"".join(parts[number] for number in chosen) + noise + b"."


def other_values(generator: np.random.Generator) -> dict[str, Any]:
    """Return the parameters with some values, keys or sections exchanged or gone."""
    document = copy.deepcopy(PARAMS)
    for _ in range(generator.integers(1, 4)):
        node: Any = document
        while isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = keys[generator.integers(len(keys))]
            if not isinstance(node[key], dict | list) or generator.random() < 0.2:
                break
            node = node[key]
        if not node:
            continue
        value = copy.deepcopy(VALUES[generator.integers(len(VALUES))])
        match generator.integers(4):
            case 0 if isinstance(node, dict) and value.__hash__:
                node[value] = node.pop(key)
            case 1:
                del node[key]
            case _:
                node[key] = value
    return document


def altered_text(generator: np.random.Generator) -> str:
    """Return the text of the parameters with some characters altered, added or taken away."""
    text = TEXT
    for _ in range(generator.integers(1, 4)):
        at = int(generator.integers(len(text)))
        to = at + int(generator.integers(30)) * int(generator.integers(2))
        middle = SNIPPETS[generator.integers(len(SNIPPETS))]
        if generator.random() < 0.3:
            start = int(generator.integers(len(text)))
            middle = text[start : start + 80]
        text = text[:at] + middle + text[to:]
    return text


def _row(
    subject: str,
    what: str,
    inputs: int,
    make: Callable[[np.random.Generator], Any],
    read: Callable[[Any], object],
) -> Row:
    expected = PipelineError if subject == "Pickles" else ParamsError
    generator = np.random.default_rng(0)
    survived = sum(_survives(make(generator), read, expected) for _ in range(inputs))
    return Row(subject, what, inputs, survived, "read, or one short error of the pipeline's own")


def _survives(value: Any, read: Callable[[Any], object], expected: type[Exception]) -> bool:
    try:
        read(value)
    except expected as error:
        return len(str(error)) < 2_000
    except Exception:  # anything else is what must not happen
        return False
    return True
