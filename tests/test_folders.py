"""A folder of one's own pictures: every layout and kind of file, or one line of what is wrong."""

from __future__ import annotations

import os
import socket
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from PIL import Image

from stages.folders.duplicates import SAME, duplicates
from stages.folders.listing import check_watched, list_pictures
from stages.folders.pictures import CHUNK, Looks, n_chunks, read_pictures
from stages.folders.splitting import split_pictures
from stages.reporting.data_card import sentences
from stages.runtime.errors import PipelineError
from stages.sources.base import check_fetched
from stages.sources.folder import FEWEST, Folder
from stages.tables.markdown import code
from stages.webpage.markdown import to_html

LOOKS = Looks((8, 8, 3), "crop", "white")


def noise(seed, height=24, width=30):
    """Return a picture like no other, smooth enough for a fingerprint."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def save(picture, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)
    return path


def draw(root, names=("cat", "dog"), n=FEWEST, seed=0):
    """Write `n` pictures of each class into folders named after them."""
    for k, name in enumerate(names):
        for i in range(n):
            save(noise((seed, k, i)), root / name / f"{i:03}.png")
    return root


def folder(root, **settings):
    return Folder(source="folder", files=str(root), side=8, **settings)


def rows(samples, part):
    """Return the pictures of a part with their classes, as a multiset."""
    values, labels = samples.select([part])
    names = [samples.class_names[label] for label in labels]
    return Counter((value.tobytes(), name) for value, name in zip(values, names, strict=True))


# ---------------------------------------------------------------- layouts


def test_folders_are_classes(tmp_path):
    save(noise(1), draw(tmp_path) / "cat" / "more" / "deep.JPG")
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    (tmp_path / "cat" / ".hidden.png").write_bytes(b"x")
    (tmp_path / ".thumbnails").mkdir()
    listing = list_pictures(tmp_path)
    assert listing.class_names == ["cat", "dog"]
    assert len(listing.pictures) == 2 * FEWEST + 1
    assert listing.n_others == 1
    assert {one.part for one in listing.pictures} == {None}


@pytest.mark.parametrize("validation", ["val", "valid"])
def test_a_given_split_is_kept(tmp_path, validation):
    for k, part in enumerate(("train", validation, "test")):
        draw(tmp_path / part, n=2 + k, seed=k)
    samples = folder(tmp_path).fetch()
    sizes = {part: end - start for part, (start, end) in samples.batches.items()}
    assert sizes == {"train": 2 * (2 + 3), "test": 2 * 4}
    alone = folder(draw(tmp_path / "alone", n=FEWEST, seed=2)).fetch()
    pictures = {value.tobytes() for value in alone.values}
    assert {value.tobytes() for value in samples.select(["test"])[0]} < pictures
    assert pictures.isdisjoint(value.tobytes() for value in samples.select(["train"])[0])


def test_classes_may_be_called_like_parts(tmp_path):
    draw(tmp_path, ("test", "train", "valley"))
    assert list_pictures(tmp_path).class_names == ["test", "train", "valley"]


def test_a_table_names_classes_parts_and_groups(tmp_path):
    draw(tmp_path / "all", ("x",), n=4)
    lines = ["path,label,split,group"]
    parts = ("train", "val", "test", "test")
    lines += [f"all/x/{i:03}.png,{'ab'[i % 2]},{parts[i]},g{i}" for i in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    listing = list_pictures(tmp_path)
    assert [one[1:] for one in listing.pictures] == [
        ("a", "train", "g0"),
        ("b", "train", "g1"),
        ("a", "test", "g2"),
        ("b", "test", "g3"),
    ]


TABLES = {
    "no column": ("path,class\nx.png,a\n", "label"),
    "twice": ("path,label\nx.png,a\nx.png,b\n", "x.png twice"),
    "outside": ("path,label\n../x.png,a\n", "line 2", "../x.png"),
    "absolute": ("path,label\ny.png,a\n/x.png,a\n", "line 3", "/x.png"),
    "no label": ("path,label\nx.png,\n", "line 2", "empty"),
    "odd split": ("path,label,split\nx.png,a,dev\n", "'dev'", "train, val, valid, test"),
    "no table": ('path,label\n"x', "no table"),
    "one class": ("path,label\nx.png,a\ny.png,a\n", "one class alone, a"),
    "empty": ("path,label\n", "no classes"),
}


@pytest.mark.parametrize("table", TABLES)
def test_a_wrong_table_is_one_line(tmp_path, table):
    text, *parts = TABLES[table]
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(PipelineError) as error:
        list_pictures(tmp_path)
    for part in parts:
        assert part in str(error.value)


def test_a_table_that_is_no_text(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"path,label\n\xe9.png,a\n")
    with pytest.raises(PipelineError, match="no table in UTF-8"):
        list_pictures(tmp_path)


def empty_class(root):
    (draw(root) / "eel").mkdir()


def one_class(root):
    draw(root, ("cat",))


def no_test(root):
    draw(root / "train")
    draw(root / "val")


def untrained(root):
    draw(root / "train")
    draw(root / "test", ("cat", "dog", "eel"))


def untested(root):
    draw(root / "train")
    draw(root / "test", ("cat",))


def many(root):
    for number in range(1001):
        path = root / f"c{number}" / "x.png"
        path.parent.mkdir(parents=True)
        path.touch()


def latin(root):
    draw(root)
    (Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9"))).mkdir()


FOLDERS = {
    "an empty class": (empty_class, "eel has no pictures"),
    "one class": (one_class, "one class alone, cat"),
    "no test": (no_test, "train, val", "in train and in test"),
    "only tested": (untrained, "eel has test pictures"),
    "only trained": (untested, "dog has training pictures"),
    "1001 classes": (many, "1001 classes", "at most 1000"),
    "no UTF-8": (latin, r"caf\xe9", "rename"),
    "nothing": (Path.exists, "no classes"),
}


@pytest.mark.parametrize("mistake", FOLDERS)
def test_a_wrong_folder_is_one_line(tmp_path, mistake):
    make, *parts = FOLDERS[mistake]
    make(tmp_path)
    with pytest.raises(PipelineError) as error:
        list_pictures(tmp_path)
    assert "\n" not in str(error.value)
    for part in parts:
        assert part in str(error.value)


def test_no_folder_is_one_line(tmp_path):
    with pytest.raises(PipelineError, match="missing is no folder"):
        list_pictures(tmp_path / "missing")


# ---------------------------------------------------------------- files


def test_pictures_come_in_order_whatever_their_number(tmp_path):
    files = [save(noise(i), tmp_path / f"{i}.png") for i in range(2 * CHUNK + 3)]
    chunks = [*read_pictures(files, LOOKS)]
    assert len(chunks) == n_chunks(len(files)) == 3
    found = [picture for chunk in chunks for picture in chunk]
    alone = [next(iter(read_pictures([file], LOOKS)))[0] for file in files[:: CHUNK // 2]]
    assert [picture.digest for picture in found[:: CHUNK // 2]] == [p.digest for p in alone]
    assert len({picture.digest for picture in found}) == len(files)


def test_what_a_picture_is_does_not_depend_on_its_format(tmp_path):
    names = ("a.png", "b.bmp", "c.tiff", "d.webp")
    files = [save(noise(1), tmp_path / name, lossless=True) for name in names]
    (found,) = read_pictures(files, LOOKS)
    assert len({picture.digest for picture in found}) == 1
    assert [sorted(picture.kinds) for picture in found] == [["PNG"], ["BMP"], ["TIFF"], ["WEBP"]]


@pytest.fixture
def hostile(tmp_path):
    """Return a folder with everything in it that is no picture, and how many of these."""
    root = draw(tmp_path / "mine")
    (root / "cat" / "empty.png").touch()
    (root / "cat" / "text.png").write_text("not at all a picture")
    (root / "cat" / "loop.png").symlink_to("loop.png")
    (root / "cat" / "nowhere.png").symlink_to("missing.png")
    os.mkfifo(root / "cat" / "pipe.png")
    (root / "dog" / "self").symlink_to(root / "dog")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(root / "dog" / "socket"))
    half = (root / "dog" / "000.png").read_bytes()
    (root / "dog" / "half.png").write_bytes(half[: len(half) // 2])
    name = os.fsencode(root / "dog") + b"/caf\xe9.png"
    Path(os.fsdecode(name)).write_bytes(half)
    return root, {"empty", "text", "loop", "nowhere", "pipe", "self", "socket", "half"}


def test_all_files_that_cannot_be_read_are_named_at_once(hostile):
    root, names = hostile
    before = sorted(root.rglob("*"))
    with pytest.raises(PipelineError) as error:
        folder(root).fetch()
    message = str(error.value)
    assert message.startswith(f"{len(names)} of {2 * FEWEST + 1 + len(names)} pictures")
    assert all(f"/{name}" in message for name in names)
    assert "unreadable: skip" in message
    assert "\n" not in message
    assert sorted(root.rglob("*")) == before


def test_files_that_cannot_be_read_can_be_left_out(hostile):
    root, names = hostile
    samples, card = folder(root, unreadable="skip").fetch_with_card()
    assert len(samples.labels) == 2 * FEWEST + 1
    assert {Path(name).stem for name in card["left_out"]} == names
    assert all(card["left_out"].values())


def test_what_dvc_cannot_read_is_said_before_it_runs(hostile):
    root, _ = hostile
    (root / "cat" / "notes.txt").write_text("read, too, and nothing else")
    for _ in range(5):
        with pytest.raises(PipelineError, match="DVC") as error:
            check_watched(root)
        (name,) = [part for part in str(error.value).split() if "/" in part][:1]
        left = [*root.rglob("*")]
        (gone,) = [
            path
            for path in left
            if os.fsencode(path.relative_to(root)).decode(errors="backslashreplace") == name
        ]
        gone.unlink()
    check_watched(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_without_permission_is_an_error(tmp_path):
    root = draw(tmp_path)
    (root / "cat").chmod(0)
    try:
        with pytest.raises((PipelineError, PermissionError)):
            folder(root).fetch()
    finally:
        (root / "cat").chmod(0o755)


# ---------------------------------------------------------------- split and order


def test_renamed_and_converted_files_give_the_same_dataset(tmp_path):
    first = folder(draw(tmp_path / "a", n=30)).fetch()
    for k, name in enumerate(("cat", "dog")):
        for i in range(30):
            save(noise((0, k, i)), tmp_path / "b" / name / f"{(7 * i + 3) % 30}-new.bmp")
    second = folder(tmp_path / "b").fetch()
    assert second.values.tobytes() == first.values.tobytes()
    assert second.labels.tobytes() == first.labels.tobytes()
    assert second.batches == first.batches
    check_fetched(second, folder(tmp_path / "b").outline(), "b")


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_every_class_is_split_in_the_same_proportion(share):
    names = [name for name, n in (("a", 200), ("b", 41), ("c", 10)) for _ in range(n)]
    units = [f"unit {i}" for i in range(len(names))]
    parts = split_pictures(units, names, share, 0)
    tested = Counter(name for name, part in zip(names, parts, strict=True) if part == "test")
    assert tested == {name: max(1, round(share * n)) for name, n in Counter(names).items()}
    assert parts != split_pictures(units, names, share, 1)
    fewer = split_pictures(units[:199] + units[200:], names[:199] + names[200:], share, 0)
    kept = [part for i, part in enumerate(parts) if i != 199]
    assert sum(a != b for a, b in zip(kept, fewer, strict=True)) <= 2


def test_a_group_stays_together():
    generator = np.random.default_rng(0)
    groups = [f"group {number}" for number in generator.integers(0, 60, 500)]
    names = ["ab"[number] for number in generator.integers(0, 2, 500)]
    parts = split_pictures(groups, names, 0.2, 3)
    assert len({*zip(groups, parts, strict=True)}) == len({*groups})
    assert 80 <= parts.count("test") <= 100


def test_a_group_that_is_a_class_cannot_be_split():
    with pytest.raises(PipelineError, match=r"class a, of 12 pictures, .* test"):
        split_pictures(["x"] * 12 + [*"abcdefghij"], ["a"] * 12 + ["b"] * 10, 0.2, 0)


def test_a_class_that_is_too_small_is_named(tmp_path):
    draw(tmp_path, ("cat", "dog"))
    draw(tmp_path, ("eel",), n=FEWEST - 1, seed=5)
    with pytest.raises(PipelineError, match=f"{FEWEST - 1} of eel"):
        folder(tmp_path).fetch()


def test_pictures_of_the_right_size_come_as_they_are(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(60) % 3
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        save(Image.fromarray(picture), tmp_path / f"class {label}" / f"{number}.png")
    samples = Folder(source="folder", files=str(tmp_path)).fetch()
    expected = {(p.tobytes(), label) for p, label in zip(pictures, labels.tolist(), strict=True)}
    found = zip(samples.values, samples.labels.tolist(), strict=True)
    assert {(value.tobytes(), label) for value, label in found} == expected
    assert samples.class_names == ["class 0", "class 1", "class 2"]


# ---------------------------------------------------------------- duplicates


def test_duplicates_across_parts_are_found_whatever_was_done_to_them(tmp_path):
    for part, seed in (("train", 1), ("test", 2)):
        draw(tmp_path / part, n=20, seed=seed)
    original = noise(9, 240, 300)
    save(original, tmp_path / "train" / "cat" / "a.png")
    save(original, tmp_path / "test" / "cat" / "same.bmp")
    save(original.resize((150, 120)), tmp_path / "test" / "dog" / "near.jpg", quality=70)
    for part, brightness in (("train", 10), ("test", 200)):  # like any others of one colour
        save(Image.new("RGB", (20, 20), (brightness,) * 3), tmp_path / part / "cat" / "flat.png")
    samples, card = folder(tmp_path).fetch_with_card()
    assert (card["same_in_both_parts"], card["alike_in_both_parts"]) == (1, 1)
    assert {tuple(pair[:2]) for pair in card["pairs"]} == {
        ("test/cat/same.bmp", "train/cat/a.png"),
        ("test/dog/near.jpg", "train/cat/a.png"),
    }
    dropped, card = folder(tmp_path, duplicates="drop").fetch_with_card()
    assert card["dropped"] == 1
    assert rows(dropped, "test") == rows(samples, "test")
    assert (rows(samples, "train") - rows(dropped, "train")).total() == 1


def test_a_class_that_loses_its_training_pictures_is_named(tmp_path):
    for part in ("train", "test"):
        draw(tmp_path / part, ("cat",), n=3, seed=0)  # the same in both
        draw(tmp_path / part, ("dog",), n=3, seed=1 if part == "train" else 2)
    with pytest.raises(PipelineError, match="class cat has no picture left in train"):
        folder(tmp_path, duplicates="drop").fetch()


def test_the_card_becomes_sentences(tmp_path):
    for part, seed in (("train", 1), ("test", 2)):
        draw(tmp_path / part, n=20, seed=seed)
    save(noise(9), tmp_path / "train" / "cat" / "a.png")
    save(noise(9), tmp_path / "test" / "cat" / "b.bmp")
    (tmp_path / "train" / "dog" / "x.png").write_text("no picture")
    (tmp_path / "train" / "dog" / "`<b>`.png").write_text("no picture")
    (tmp_path / "train" / "dog" / "x.txt").write_text("no picture")
    source = folder(tmp_path, duplicates="drop", unreadable="skip")
    _, card = source.fetch_with_card()
    said = " ".join(sentences(card, source))
    for part in ("8x8 pixels in colour", "1 BMP, 81 PNG", "1 identical, 0 nearly", "dropped"):
        assert part in said
    assert "`test/cat/b.bmp` (test) and `train/cat/a.png` (training)" in said
    assert "Left out: `train/dog/x.png`: no picture" in said
    assert "<code>train/dog/`&lt;b&gt;`.png</code>" in to_html(said)
    assert "not read: 1" in said
    assert sentences({"parts": {}}, source) == []


@pytest.mark.parametrize("name", ["a", "`", "``a`", "a`b", "<b>", "a\\", "*a* [b](c) $x$", "a\nb"])
def test_a_file_name_is_no_markup(name):
    (tokens,) = [token.children for token in MarkdownIt().parse(code(name)) if token.children]
    assert [(token.type, token.content) for token in tokens] == [
        ("code_inline", name.replace("\n", " "))
    ]


def test_identical_pictures_of_two_classes_are_counted(tmp_path):
    draw(tmp_path)
    save(noise((0, 0, 0)), tmp_path / "dog" / "also.png")
    samples, card = folder(tmp_path).fetch_with_card()
    assert card["in_two_classes"] == 2
    assert card["same_in_both_parts"] == 0  # identical pictures are never parted
    assert len(samples.labels) == 2 * FEWEST + 1


def test_no_picture_has_a_duplicate_among_none(tmp_path):
    file = save(noise(0), tmp_path / "x.png")
    ((picture,),) = read_pictures([file], LOOKS)
    none, one = np.array([], dtype=int), np.array([0])
    assert duplicates([picture], one, none) == []
    assert duplicates([picture], none, one) == []
    assert duplicates([picture, picture], one, one + 1) == [(0, 1, SAME)]
