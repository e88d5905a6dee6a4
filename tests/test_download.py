"""Downloads: every bad answer is survived, what is there already is not asked for again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from stages.runtime.errors import PipelineError
from stages.sources import download
from tests.helpers import ROOT
from tests.mirrors import CONTENT, MD5, OTHER, SIZE, WAYS, serving
from tests.soak import network

GOOD = [way for way, good in WAYS.items() if good]
BAD = [way for way, good in WAYS.items() if not good]


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "downloads" / "file"


@pytest.fixture
def partial(path):
    path.parent.mkdir()
    return path.with_name(".file.partial")


def asked(server, ways, path):
    """Download, and return what was asked of the server."""
    before = len(server.asked)
    network.fetch(server, ways, path)
    return server.asked[before:]


@pytest.mark.parametrize("left", [0, 1, 5000, SIZE - 1])
@pytest.mark.parametrize("way", GOOD)
def test_what_can_be_had_is_had(server, way, left):
    assert network.arrives(server, [way], CONTENT[:left])


@pytest.mark.parametrize("left", [b"", CONTENT[:5000], OTHER[:5000]], ids=["none", "own", "other"])
@pytest.mark.parametrize("way", [*BAD, "drops-after-3000"])
def test_the_next_mirror_is_asked(server, way, left):
    assert network.arrives(server, [way, "ranges"], left)


@pytest.mark.parametrize(
    ("way", "reason"),
    {
        "404": "HTTP status 404",
        "500": "HTTP status 500",
        "always-a-part": "HTTP status 206",
        "redirect-to-itself": "TooManyRedirects",
        "redirect-to-nowhere": "ConnectionRefusedError",
        "redirect-to-a-file": "InvalidSchema",
        "other-content": f"md5 is not {MD5}",
        "endless": f"md5 is not {MD5}",
        "page": f"it announces 26 bytes, expected are {SIZE}",
        "page-without-length": f"it sent 26 bytes, expected are {SIZE}",
        "announces-nonsense": "it announces plenty bytes",
        "drops-every-1000": "it broke off 5 times",
        "drops-at-once": "RemoteDisconnected",
        "no-http": "BadStatusLine",
        "silent": "TimeoutError",
        "drips": "it is slower than 65536 bytes",
    }.items(),
)
def test_a_mirror_that_fails_is_one_error_with_the_reason(server, path, way, reason):
    with pytest.raises(PipelineError) as error:
        network.fetch(server, [way], path)
    assert f"{server.address}/{way} (" in str(error.value)
    assert reason in str(error.value)
    assert len(str(error.value)) < 300
    assert not path.exists()


@pytest.mark.parametrize("address", ["ftp://nowhere/x", "nonsense", "http://", "http://[::1", ""])
def test_an_address_that_is_none_is_one_error(path, address):
    with pytest.raises(PipelineError, match="is not downloaded"):
        download.download([address], path, SIZE, MD5)
    assert not path.exists()


def test_only_the_rest_is_asked_for(server, path, partial):
    partial.write_bytes(CONTENT[:7000])
    assert asked(server, ["ranges"], path) == [("ranges", 7000)]
    assert path.read_bytes() == CONTENT


def test_a_connection_that_drops_is_taken_up_where_it_broke(server, path):
    starts = [("drops-every-6000", start) for start in (0, 6000, 12000, 18000)]
    assert asked(server, ["drops-every-6000"], path) == starts


def test_another_mirror_goes_on(server, path):
    requests = asked(server, ["drops-every-1000", "404", "ranges"], path)
    assert requests[-1] == ("ranges", 5000)


def test_a_server_that_begins_anew_is_asked_once(server, path, partial):
    partial.write_bytes(OTHER[:7000])
    assert asked(server, ["no-ranges"], path) == [("no-ranges", 7000)]
    assert path.read_bytes() == CONTENT


def test_a_wrong_part_is_found_by_the_digest_and_all_is_asked_for_once(server, path, partial):
    partial.write_bytes(OTHER[:7000])
    assert asked(server, ["ranges"], path) == [("ranges", 7000), ("ranges", 0)]
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("starts", [[0], [5000, 0]])
def test_a_wrong_file_is_asked_for_once_and_not_kept(server, path, partial, starts):
    partial.write_bytes(OTHER[: starts[0]])
    before = len(server.asked)
    with pytest.raises(PipelineError):
        network.fetch(server, ["other-content"], path)
    assert server.asked[before:] == [("other-content", start) for start in starts]
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("content", [OTHER, CONTENT + b"more"], ids=["altered", "longer"])
def test_a_whole_but_wrong_partial_file_is_replaced(server, path, partial, content):
    partial.write_bytes(content)
    assert asked(server, ["ranges"], path) == [("ranges", 0)]
    assert path.read_bytes() == CONTENT


def test_a_whole_partial_file_needs_no_network(path, partial):
    partial.write_bytes(CONTENT)
    download.download(["http://127.0.0.1:9/nowhere"], path, SIZE, MD5)
    assert path.read_bytes() == CONTENT


def test_what_is_there_needs_no_network_unless_it_is_wrong(server, path):
    path.parent.mkdir()
    path.write_bytes(OTHER)
    assert asked(server, ["ranges"], path) == [("ranges", 0)]
    assert asked(server, [], path) == []
    assert path.read_bytes() == CONTENT


def test_what_came_is_kept_and_named_in_the_error(server, path):
    with pytest.raises(PipelineError, match=f"5000 bytes of {SIZE} are kept"):
        network.fetch(server, ["drops-every-1000"], path)
    assert asked(server, ["ranges"], path) == [("ranges", 5000)]


def test_never_more_is_read_than_the_file_has(server, path):
    with pytest.raises(PipelineError):
        network.fetch(server, ["endless"], path)
    assert list(path.parent.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_one_error_and_no_mirrors_fault(server, path, partial):
    partial.symlink_to("/dev/full")
    with pytest.raises(PipelineError, match=r"\.file\.partial is not written: No space left"):
        network.fetch(server, ["ranges"], path)


def test_a_folder_that_cannot_be_made_is_one_error(server, tmp_path):
    (tmp_path / "downloads").write_text("a file")
    with pytest.raises(PipelineError, match=r"is not written: File exists"):
        network.fetch(server, ["ranges"], tmp_path / "downloads" / "file")


def test_a_killed_download_is_taken_up(server, path, partial):
    address = f"{server.address}/silent-after-10000"
    program = (
        "import sys; from pathlib import Path; from stages.sources.download import download\n"
        f"download([sys.argv[1]], Path(sys.argv[2]), {SIZE}, {MD5!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", program, address, path], cwd=ROOT)
    while process.poll() is None and not (partial.exists() and partial.stat().st_size):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not path.exists()
    kept = partial.stat().st_size
    assert kept > 0
    assert asked(server, ["ranges"], path) == [("ranges", kept)]
    assert path.read_bytes() == CONTENT


@pytest.mark.slow
def test_any_length_survives():
    for row in network.trials(lengths=5):
        assert row.survived == row.tried, row
