"""Pickles: the official kind is read, and no other kind runs or gets through."""

from __future__ import annotations

import codecs
import copyreg
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.runtime.errors import PipelineError
from stages.sources.cifar_layout import read_batches
from stages.sources.cifar_pickles import LIMITS, load_batch_file
from tests.helpers import batch2, write_dataset
from tests.hostile_pickles import BOMBS, MALFORMED, NAMED, ROWS, RUNNERS, data, text
from tests.soak import fuzz, pickles


@pytest.fixture
def dataset(tmp_path):
    return write_dataset(tmp_path / "raw")


def assert_refused(folder, content):
    path = folder / "data_batch_1"
    path.write_bytes(content)
    with pytest.raises(PipelineError) as error:
        read_batches(folder)
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
        if isinstance(value, io.IOBase | codecs.StreamReaderWriter):
            value.close()
    assert canary.exists()


@pytest.mark.parametrize("name", [*NAMED, *MALFORMED])
def test_what_is_no_batch_is_one_error(dataset, name):
    codecs.lookup("raw_unicode_escape")  # Python's own, by which it reads any pickle's text
    loaded = set(sys.modules)
    message = assert_refused(dataset, (NAMED | MALFORMED)[name])
    assert set(sys.modules) == loaded
    assert message.isprintable()
    assert len(message) < 400


def test_a_state_cannot_change_the_reader(dataset, tmp_path):
    for name in ("state-of-the-reader", "state-of-a-class"):
        assert_refused(dataset, MALFORMED[name])
    path = tmp_path / "data_batch_1"
    path.write_bytes(batch2(ROWS, [3, 1, 4]))
    np.testing.assert_array_equal(load_batch_file(path)[b"data"], ROWS)


@pytest.mark.parametrize("name", ["reconstruct-of-another-kind", "scalar", "object-array"])
def test_what_is_no_array_of_a_batch_is_not_built(tmp_path, name):
    path = tmp_path / "data_batch_1"
    path.write_bytes(MALFORMED[name])
    with pytest.raises(PipelineError, match="data_batch_1"):
        load_batch_file(path)


def test_a_registered_extension_is_refused(dataset, tmp_path):
    canary = tmp_path / "canary"
    copyreg.add_extension("posix", "system", 42)
    try:
        message = assert_refused(dataset, data(b"\x82\x2a" + text(f"touch {canary}") + b"\x85R"))
    finally:
        copyreg.remove_extension("posix", "system", 42)
    assert "EXT1" in message
    assert not canary.exists()


def test_a_file_cut_anywhere_is_one_error(dataset):
    content = batch2(ROWS, [1, 2, 3])
    for end in [*range(0, 300, 3), *range(300, len(content), 997), len(content) - 1]:
        assert_refused(dataset, content[:end])


def test_a_file_larger_than_any_batch_is_not_opened(dataset):
    content = batch2(ROWS, [1, 2, 3])
    limits, place = LIMITS._replace(n_bytes=len(content)), dataset / "data_batch_1"
    place.write_bytes(content)
    assert load_batch_file(place, limits)[b"labels"] == [1, 2, 3]
    place.write_bytes(content + b" ")
    with pytest.raises(PipelineError, match="larger"):
        load_batch_file(place, limits)


@settings(
    derandomize=True,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=st.binary(max_size=200) | st.lists(st.sampled_from(fuzz.OPCODES)).map(b"".join))
def test_any_bytes_and_any_opcodes_are_one_error(dataset, content):
    assert_refused(dataset, b"\x80\x02}" + content)
    assert_refused(dataset, content)


def test_random_damage_of_batches_and_params_is_one_error_or_harmless():
    for row in fuzz.trials(batches=1000, trees=500, texts=30):
        assert row.survived == row.tried, row


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
def test_nothing_runs_nothing_takes_long_or_much_and_nothing_crashes():
    rows = list(pickles.trials())
    assert sum(row.tried for row in rows) == len(RUNNERS) + len(NAMED) + len(MALFORMED) + len(BOMBS)
    for row in rows:
        assert row.survived == row.tried, row
