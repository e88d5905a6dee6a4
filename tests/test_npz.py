"""The one file format of arrays: the same bytes everywhere, and no lie of a file is believed."""

from __future__ import annotations

import io
import itertools
import os
import struct
import subprocess
import tracemalloc
import zipfile

import numpy as np
import pytest

from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz
from tests import npz_sample
from tests.helpers import ROOT
from tests.interpreters import VERSIONS, interpreters
from tests.npz_sample import ARRAYS, HEADER

# The same with every Python from 3.11 on, and with the NumPy locked for each.
DIGEST = "abfb25fa8f434cb42fd9f297e9551bc862b684e490fd08f430719a3d0edc9a29"
CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


@pytest.fixture
def path(tmp_path):
    save_npz(tmp_path / "a.npz", HEADER, ARRAYS)
    return tmp_path / "a.npz"


def refused(path):
    with pytest.raises(PipelineError) as error:
        load_npz(path)
    assert str(path) in str(error.value)
    assert "dvc repro" in str(error.value)
    return str(error.value)


def write(path, **members):
    """Write a file whose members have these bytes or arrays, and a right header."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {"header": np.frombuffer(b"{}", np.uint8), **members}.items():
            archive.writestr(f"{name}.npy", content if isinstance(content, bytes) else npy(content))


def npy(array, **changes):
    """Return an array's bytes as a .npy file, with another header if there are `changes`."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, np.lib.format.header_data_from_array_1_0(array) | changes
    )
    return file.getvalue() + array.tobytes()


def test_what_is_written_is_read(path):
    header, arrays = load_npz(path)
    assert header == HEADER
    assert [*arrays] == [*ARRAYS]
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].flags.f_contiguous == array.flags.f_contiguous
        assert arrays[name].flags.writeable
        np.testing.assert_array_equal(arrays[name], array)


def test_the_bytes_are_those_of_every_release(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert npz_sample.digest_of_file() == DIGEST


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_every_other_python_writes_the_same_bytes(version, tmp_path):
    pythons = interpreters(version, needs="numpy")
    if not pythons:
        pytest.skip(f"there is no Python {version} with NumPy")
    for python in pythons:
        output = subprocess.run(
            [python, "-m", "tests.npz_sample"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert output.strip() == DIGEST, python


def test_no_entry_has_what_releases_of_python_write_differently(path):
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    assert len(members) == 1 + len(ARRAYS)
    start = content.index(CENTRAL)
    for member in members:
        fields = struct.unpack_from("<4s5H3L2H", content, member.header_offset)
        signature, version, flags, method, time, date = fields[:6]
        assert (signature, version, flags, method) == (LOCAL, 20, 0, zipfile.ZIP_STORED)
        assert (time, date) == (0, 0x21)  # 1980-01-01
        assert fields[7] == fields[8] == member.file_size
        assert fields[10] == 0  # no extra field, which sizes above 4 GB would need
        fields = struct.unpack_from("<4s6H3L5H2L", content, start)
        signature, made_by, needed = fields[:3]
        assert (signature, made_by, needed) == (CENTRAL, 3 << 8 | 20, 20)
        assert fields[11:13] == (0, 0)  # neither extra field nor comment
        start += 46 + fields[10]
    assert content[start : start + 4] == b"PK\x05\x06"
    assert len(content) == start + 22


@pytest.mark.parametrize(
    "shape",
    [(10**12,), (2**62, 2), (2**32, 2**32), (10**6, 10**6), (7,), (5,), (-6,), (-1, -6), (2, 0)],
    ids=str,
)
def test_a_shape_that_is_a_lie_allocates_nothing(path, shape):
    write(path, values=npy(np.zeros(6), shape=shape))
    with pytest.raises(PipelineError):
        load_npz(path)  # once before, for what is imported
    tracemalloc.start()
    try:
        refused(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize(
    "changes",
    [
        {"descr": "|O"},
        {"descr": "<f4"},
        {"descr": "<U1000000000"},
        {"descr": [("a", "|O"), ("b", "<f8")]},
        {"descr": "nonsense"},
        {"shape": "abc"},
        {"shape": (2.0, 3.0)},
        {"fortran_order": 3},
    ],
    ids=str,
)
def test_another_type_than_the_bytes_have_is_refused(path, changes):
    write(path, values=npy(np.zeros(6), **changes))
    refused(path)


def test_objects_are_refused_and_nothing_is_unpickled(path):
    np.savez(path, header=np.frombuffer(b"{}", np.uint8), values=np.array([None, {}]))
    assert "values.npy" in refused(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_member_is_refused_before_it_grows(path, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("header.npy", npy(np.frombuffer(b"{}", np.uint8)))
        archive.writestr("values.npy", npy(np.zeros(10**6)))
    assert "compressed" in refused(path)


@pytest.mark.parametrize(
    "header",
    [b"", b"[]", b"1", b"{", b"\xff", b'{"a": ', None],
    ids=["empty", "list", "number", "cut", "no-text", "half", "missing"],
)
def test_a_header_that_is_no_mapping_is_refused(path, header):
    members = {} if header is None else {"header": np.frombuffer(header, np.uint8)}
    np.savez(path, values=np.zeros(2), **members)
    refused(path)


def test_a_file_cut_anywhere_is_refused(path):
    content = path.read_bytes()
    for length in [*range(0, len(content), 7), len(content) - 1]:
        path.write_bytes(content[:length])
        refused(path)


@pytest.mark.slow
def test_an_altered_byte_is_refused_or_changes_no_array(path):
    """The zip has a checksum of every member; names and unused fields have none."""
    content = path.read_bytes()
    for position, flip in itertools.product(range(0, len(content), 3), (1, 128)):
        altered = bytearray(content)
        altered[position] ^= flip
        path.write_bytes(altered)
        try:
            _, arrays = load_npz(path)
        except PipelineError:
            assert str(path) in refused(path)
            continue
        for name in arrays.keys() & ARRAYS.keys():
            np.testing.assert_array_equal(arrays[name], ARRAYS[name])


def test_a_missing_file_is_named(tmp_path):
    assert "is missing" in refused(tmp_path / "none.npz")


def test_objects_and_numbers_that_json_lacks_are_not_written(tmp_path):
    for header, arrays in (({}, {"a": np.array([None])}), ({"a": float("nan")}, {})):
        with pytest.raises(ValueError, match=r"[Oo]bject|JSON|float"):
            save_npz(tmp_path / "a.npz", header, arrays)
    assert [*tmp_path.glob("*.npz"), *tmp_path.glob(".*.partial")] == []
