"""Lists of digests: what the files that a dataset is made of must be."""

from __future__ import annotations

import pytest

from stages.runtime.errors import ParamsError, PipelineError
from stages.sources import photos
from stages.sources.digests import read_digests
from tests.helpers import ROOT
from tests.mistakes import DOCUMENT

DIGEST = "0123456789abcdef" * 4
LISTS = {
    "a short digest": (f"{DIGEST[1:]}  a\n", "line 1", "no digest and name"),
    "one space": (f"{DIGEST}  a\n{DIGEST} b\n", "line 2", "no digest and name"),
    "twice": (f"{DIGEST}  a\n{DIGEST}  a\n", "line 2", "a is there twice"),
    "one missing": (f"{DIGEST}  a\n", "b has no digest"),
    "one too many": (f"{DIGEST}  a\n{DIGEST}  b\n{DIGEST}  c\n", "c is not one of its files"),
}


def test_a_list_of_digests_is_what_sha256sum_writes(tmp_path):
    path = tmp_path / "list"
    path.write_text(f"{DIGEST}  a\n{DIGEST[::-1]} *b c\n")
    assert read_digests(path, ["b c", "a"]) == {"a": DIGEST, "b c": DIGEST[::-1]}


@pytest.mark.parametrize("mistake", LISTS)
def test_a_wrong_list_is_one_line(tmp_path, mistake):
    text, *parts = LISTS[mistake]
    (tmp_path / "list").write_text(text)
    with pytest.raises(ParamsError) as error:
        read_digests(tmp_path / "list", ["a", "b"])
    for part in ("files", str(tmp_path / "list"), *parts):
        assert part in str(error.value)


@pytest.mark.parametrize("place", ["missing", "."])
def test_no_list_is_one_line(tmp_path, place):
    with pytest.raises(ParamsError, match="no list of digests"):
        read_digests(tmp_path / place, ["a"])


@pytest.mark.parametrize("name", photos.FILES)
def test_another_photograph_is_noticed(tmp_path, name):
    text = (ROOT / "study" / "photos.sha256").read_text()
    (line,) = [line for line in text.splitlines() if line.endswith(name)]
    (tmp_path / "list").write_text(text.replace(line, f"{DIGEST}  {name}"))
    source = photos.Photos(**DOCUMENT["datasets"]["photos"] | {"files": str(tmp_path / "list")})
    with pytest.raises(PipelineError, match=f"{name} of .* another file"):
        source.fetch()
