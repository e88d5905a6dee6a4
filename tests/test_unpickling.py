"""Pickles: the official kind is read, and no other kind runs or gets through."""

from __future__ import annotations

import copyreg
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

from stages.data import unpickling
from stages.data.batches import read_pictures
from stages.data.unpickling import load_batch_file
from stages.runtime.errors import PipelineError
from tests.helpers import (
    ROOT,
    array2,
    batch2,
    dtype2,
    random_pictures,
    text2,
    write_dataset,
)

ROWS = random_pictures(3).reshape(3, -1)


def text(value):
    """Pickle text, by an opcode that all protocols have."""
    return b"V" + str(value).encode() + b"\n"


def call(module, name, *arguments):
    return f"c{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def data(value):
    """Pickle a dictionary with `value` as its data."""
    return b"\x80\x02}" + text2(b"data") + value + b"s."


def touch(canary):
    """Pickle what makes the file `canary`, as a program."""
    return text(program(canary))


def program(canary):
    return f"__import__('pathlib').Path({str(canary)!r}).touch()"


def shell(canary):
    return text(f"touch {canary}")


def getattr_chain(canary):
    module = call("builtins", "__import__", text("os"))
    return data(call("builtins", "getattr", module, text("system")) + b"(" + shell(canary) + b"tR")


def partial_with_state(canary):
    partial = b"cfunctools\npartial\ncbuiltins\nint\n\x85R"
    return data(partial + b"(cbuiltins\neval\n(" + touch(canary) + b"t}Ntb" + b")R")


class Reduced:
    """Its pickle, of any protocol, calls what it is told to."""

    def __init__(self, function, *arguments):
        self.plan = (function, arguments)

    def __reduce__(self):
        return self.plan


def dumped(protocol, function, *arguments):
    return pickle.dumps({b"data": Reduced(function, *arguments)}, protocol=protocol)


OBJECTS = dtype2(b"O8", b"")

# Each makes the file `canary` if it is run.
RUNNERS = {
    "os.system": lambda canary: data(call("os", "system", shell(canary))),
    "posix.system": lambda canary: dumped(2, os.system, f"touch {canary}"),
    "popen": lambda canary: dumped(4, subprocess.Popen, ["touch", str(canary)]),
    "check-output": lambda canary: dumped(5, subprocess.check_output, ["touch", str(canary)]),
    "eval": lambda canary: dumped(4, eval, program(canary)),
    "exec": lambda canary: dumped(3, exec, program(canary)),
    "python2-eval": lambda canary: dumped(2, eval, program(canary)),
    "mkdir": lambda canary: dumped(4, os.mkdir, str(canary)),
    "getattr-chain": getattr_chain,
    "partial-with-state": partial_with_state,
    "inst": lambda canary: data(b"(" + shell(canary) + b"ios\nsystem\n"),
    "obj": lambda canary: data(b"(csubprocess\nPopen\n](" + text("touch") + text(canary) + b"eo"),
    "numpy": lambda canary: data(call("numpy.testing", "runstring", touch(canary), b"}")),
    "dotted-name": lambda canary: (
        b"\x80\x04"
        + data(text("numpy") + text("testing.runstring") + b"\x93" + touch(canary))[2:-2]
        + b"}\x86Rs."
    ),
    "in-an-object-array": lambda canary: data(
        array2((1, 1), OBJECTS, b"]" + call("os", "system", shell(canary)) + b"a")
    ),
    "beside-the-batch": lambda canary: (
        batch2(ROWS, [1, 2, 3])[:-1] + call("os", "system", shell(canary)) + b"0."
    ),
    "in-a-key": lambda canary: (
        b"\x80\x02}" + call("os", "system", shell(canary)) + b"NsU\x04dataNs."
    ),
}

HARMLESS = {
    "persistent-id": data(b"Pother\n"),
    "binary-persistent-id": data(text("other") + b"Q"),
    "unknown-extension": data(b"\x82\x2a"),
    "new-object": data(b"csubprocess\nPopen\n)\x81"),
    "huge-reconstruct": data(
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nJ\xff\xff\xff\x7f\x85U\x01b\x87R"
    ),
    "reconstruct-of-another-kind": data(
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nK\x00\x85U\x01b\x87R"
    ),
    "huge-array": data(b"cnumpy\nndarray\n(" + b"J\xff\xff\xff\x7f" * 3 + b"t\x85R"),
    "shape-beyond-its-content": data(array2((2**20, 3072), dtype2(b"u1"), text2(b"few"))),
    "object-array": data(array2((1, 1), OBJECTS, b"]Na")),
    "scalar": data(call("numpy.core.multiarray", "scalar", dtype2(b"i8"), text2(bytes(8)))),
    "deep-nesting": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "deep-value": data(b"]" * 100_000 + b"a" * 99_999),
    "list": pickle.dumps([1, 2]),
    "number": pickle.dumps(7),
    "empty-file": b"",
    "no-pickle": b"these are no pictures",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(100),
    "only-a-stop": b".",
    "frame-beyond-the-end": b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"}.",
    "bytes-beyond-the-end": b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"}.",
}

ADDRESS_AS_OBJECT = array2((1, 1), dtype2(b"O8"), text2(b"\x08" * 8))

# Each ends the interpreter if NumPy or Python is let to put its parts together and look at them.
CRASHERS = {
    "list-shorter-than-its-array": data(array2((2**10, 2**10), OBJECTS, b"]")),
    "address-as-object": data(
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
        + ADDRESS_AS_OBJECT
        + b"U\x01b\x87R"
    ),
    "deep-key": b"\x80\x02})" + b"\x85" * 2_000_000 + b"K\x01s.",
}


@pytest.fixture
def dataset(tmp_path):
    return write_dataset(tmp_path / "raw")


def assert_refused(folder, content):
    path = folder / "data_batch_1"
    path.write_bytes(content)
    with pytest.raises(PipelineError) as error:
        read_pictures(folder)
    assert str(path) in str(error.value)
    return str(error.value)


def test_an_official_batch_is_read(tmp_path):
    path = tmp_path / "data_batch_1"
    path.write_bytes(batch2(ROWS, [3, 1, 4]))
    batch = load_batch_file(path)
    assert batch.keys() == {b"labels", b"data"}
    assert batch[b"labels"] == [3, 1, 4]
    assert batch[b"data"].dtype == np.uint8
    np.testing.assert_array_equal(batch[b"data"], ROWS)


@pytest.mark.filterwarnings("ignore:numpy.core is deprecated")
def test_an_official_batch_is_what_a_plain_unpickler_makes_of_it():
    batch = pickle.loads(batch2(ROWS, [3, 1, 4]), encoding="bytes")  # noqa: S301
    np.testing.assert_array_equal(batch[b"data"], ROWS)


@pytest.mark.parametrize("package", [b"numpy.core", b"numpy._core"])
def test_batches_by_either_numpy_are_read(tmp_path, package):
    path = tmp_path / "data_batch_1"
    path.write_bytes(batch2(ROWS, [3, 1, 4]).replace(b"numpy.core", package))
    np.testing.assert_array_equal(load_batch_file(path)[b"data"], ROWS)


@pytest.mark.parametrize("name", RUNNERS)
def test_nothing_that_a_pickle_asks_for_is_run(dataset, tmp_path, name):
    canary = tmp_path / "canary"
    message = assert_refused(dataset, RUNNERS[name](canary))
    assert not canary.exists()
    assert "it asks for" in message


@pytest.mark.filterwarnings("ignore:numpy.core is deprecated")
@pytest.mark.parametrize("name", RUNNERS)
def test_a_plain_unpickler_would_have_run_it(tmp_path, name):
    canary = tmp_path / "canary"
    batch = pickle.loads(RUNNERS[name](canary), encoding="bytes")  # noqa: S301
    for value in batch.values():
        if isinstance(value, subprocess.Popen):
            value.wait()
    assert canary.exists()


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_batch_is_one_error(dataset, name):
    assert_refused(dataset, HARMLESS[name])


@pytest.mark.parametrize("name", ["huge-reconstruct", "reconstruct-of-another-kind", "scalar"])
def test_what_is_no_array_of_a_batch_is_not_built(tmp_path, name):
    path = tmp_path / "data_batch_1"
    path.write_bytes(HARMLESS[name])
    with pytest.raises(PipelineError, match="data_batch_1"):
        load_batch_file(path)


def test_a_registered_extension_is_refused_like_its_name(dataset, tmp_path):
    canary = tmp_path / "canary"
    copyreg.add_extension("posix", "system", 42)
    try:
        message = assert_refused(dataset, data(b"\x82\x2a" + text(f"touch {canary}") + b"\x85R"))
    finally:
        copyreg.remove_extension("posix", "system", 42)
    assert "posix.system" in message
    assert not canary.exists()


def test_a_file_cut_anywhere_is_one_error(dataset):
    content = batch2(ROWS, [1, 2, 3])
    for end in [*range(0, 300, 3), *range(300, len(content), 997), len(content) - 1]:
        assert_refused(dataset, content[:end])


def test_a_file_larger_than_any_batch_is_not_opened(dataset, monkeypatch):
    content = batch2(ROWS, [1, 2, 3])
    monkeypatch.setattr(unpickling, "MAX_BYTES", len(content))
    (dataset / "data_batch_1").write_bytes(content)
    assert load_batch_file(dataset / "data_batch_1")[b"labels"] == [1, 2, 3]
    assert "larger" in assert_refused(dataset, content + b" ")


@pytest.mark.parametrize("name", CRASHERS)
def test_a_pickle_made_to_crash_the_interpreter_is_one_error(dataset, name):
    path = dataset / "data_batch_1"
    path.write_bytes(CRASHERS[name])
    program = (
        "import pathlib, sys; from stages.data.batches import read_pictures\n"
        "from stages.runtime.errors import PipelineError\n"
        "try: read_pictures(pathlib.Path(sys.argv[1]))\n"
        "except PipelineError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, str(dataset)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert str(path) in result.stdout
