"""Files and folders are there whole, or as they were before."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.runtime.files import new_file, new_folder


def test_a_file_takes_its_place_in_one_step(tmp_path: Path):
    path = tmp_path / "a" / "result.txt"
    for text in ("old", "new"):
        with new_file(path) as partial:
            partial.write_text(text)
            written = partial.stat().st_ino
        # Renamed, not copied: whoever looks meanwhile sees the old one, or the new one.
        assert path.stat().st_ino == written
        assert path.read_text() == text
    assert [*path.parent.iterdir()] == [path]


def test_a_folder_takes_its_place_in_one_step(tmp_path: Path):
    path = tmp_path / "models"
    for text in ("old", "new"):
        with new_folder(path) as partial:
            (partial / text).write_text(text)
            written = partial.stat().st_ino
        assert path.stat().st_ino == written
        assert [file.name for file in path.iterdir()] == [text]
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_and_nothing_else(tmp_path: Path, error):
    file, folder = tmp_path / "result.txt", tmp_path / "models"
    file.write_text("old")
    folder.mkdir()
    (folder / "old").touch()

    def fail(partial: Path) -> None:
        (partial / "new" if partial.is_dir() else partial).write_text("half")
        raise error

    with pytest.raises(error), new_file(file) as partial:
        fail(partial)
    with pytest.raises(error), new_folder(folder) as partial:
        fail(partial)
    assert {*tmp_path.iterdir()} == {file, folder}
    assert file.read_text() == "old"
    assert [item.name for item in folder.iterdir()] == ["old"]
