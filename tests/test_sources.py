"""The two datasets: what they hold, and what becomes of a damaged or missing archive."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import shutil
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import rgb2gray

from stages import fetch
from stages.runtime.errors import PipelineError
from stages.sources import cifar10, cifar_copies, photos
from stages.sources.base import make_source
from stages.sources.cifar_layout import read_batches
from stages.sources.six_batches import BATCH_NAMES
from tests.helpers import (
    FETCHED,
    FILE_NAMES,
    ROOT,
    assert_fetched,
    batch2,
    digests_of,
    last_words,
    random_pictures,
    tree,
    write_dataset,
    write_samples,
)
from tests.mistakes import DOCUMENT

OUTPUT = Path("raw/small")
PARAMS = Path("params.yaml")
PHOTOS = DOCUMENT["datasets"]["photos"]
DIGESTS = str(ROOT / PHOTOS["files"])

# ------------------------------------------------------------------------------ photos


@pytest.fixture(scope="module")
def photographs():
    return photos._photographs()


@pytest.fixture
def fetch_photos(photographs, monkeypatch):
    monkeypatch.setattr(photos, "_photographs", lambda: photographs)

    def fetch_into(seed, pictures_per_batch=50, min_contrast=4.0):
        entry = {"source": "photos", "seed": seed, "pictures_per_batch": pictures_per_batch}
        entry |= {"min_contrast": min_contrast, "files": DIGESTS}
        return make_source({"datasets": {"own": entry}}, "own").fetch()

    return fetch_into


def test_a_seed_decides_every_byte(fetch_photos):
    first, again, other = fetch_photos(3), fetch_photos(3), fetch_photos(4)
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.labels, first.labels)
    assert not np.array_equal(other.values, first.values)
    assert not np.array_equal(other.labels, first.labels)


def test_every_photograph_has_its_share_of_every_batch(fetch_photos, photographs):
    samples = fetch_photos(0)
    assert samples.class_names == list(photographs)
    for name in BATCH_NAMES:
        _, labels = samples.select([name])
        assert np.bincount(labels).tolist() == [5] * 10
        assert (np.diff(labels) < 0).any()


def positions(shape):
    """Return an image whose pixels hold their own number, in base 256."""
    numbers = np.arange(shape[0] * shape[1]).reshape(shape[:2])
    return np.stack([numbers >> 16, numbers >> 8, numbers], axis=-1).astype(np.uint8)


def test_every_strip_of_the_photographs_is_as_wide_as_a_patch(photographs):
    assert len(photographs) == 10
    for photo in photographs.values():
        strips = [strip for batch in range(6) for strip in photos.strips_of(photo, batch)]
        assert len(strips) == 12
        assert min(min(strip.shape[:2]) for strip in strips) >= 32


@given(width=st.integers(12 * 32, 2000))
def test_every_column_is_in_one_batch_at_most(width):
    owners = np.zeros((1, width, 3), dtype=np.uint8)
    for batch in range(6):
        for strip in photos.strips_of(owners, batch):
            assert strip.shape[1] >= 32
            strip += 1
    assert owners.max() == 1
    assert (owners == 0).sum() < 12 * 3


def test_no_pixel_of_a_batch_is_in_another(fetch_photos, photographs, monkeypatch):
    shapes = {name: photo.shape for name, photo in photographs.items()}
    images = {name: positions(shape) for name, shape in shapes.items()}
    monkeypatch.setattr(photos, "_photographs", lambda: images)
    samples = fetch_photos(1, 300, 0.0)  # numbers have hardly any contrast
    owners = [np.zeros(shape[:2], dtype=np.uint8) for shape in shapes.values()]
    for bit, name in enumerate(BATCH_NAMES):
        for picture, label in zip(*samples.select([name]), strict=True):
            numbers = picture.astype(int) @ [65536, 256, 1]
            top, left = divmod(numbers[0, 0], owners[label].shape[1])
            window = owners[label][top : top + 32, left : left + 32]
            here = np.ravel_multi_index(
                np.mgrid[top : top + 32, left : left + 32], owners[label].shape
            )
            np.testing.assert_array_equal(numbers, here)
            window |= 1 << bit
    for owner in owners:
        assert set(np.unique(owner)) == {0, *(1 << bit for bit in range(6))}


def contrasts(pictures):
    """Return the standard deviation of each picture's grey values, of 255, by scikit-image."""
    return 255 * rgb2gray(pictures).std(axis=(1, 2))


def owners_of(samples):
    """Return the batches in which each patch is, to the byte."""
    owners = {}
    for name in BATCH_NAMES:
        for picture in samples.select([name])[0]:
            owners.setdefault(picture.tobytes(), set()).add(name)
    return owners


@pytest.mark.parametrize("seed", [PHOTOS["seed"], PHOTOS["seed"] + 1])
def test_patches_have_contrast_and_none_is_in_two_batches(fetch_photos, seed):
    per_batch, least = PHOTOS["pictures_per_batch"], PHOTOS["min_contrast"]
    samples = fetch_photos(seed, per_batch, least)
    assert len(samples.values) == 6 * per_batch
    assert np.bincount(samples.labels).tolist() == [6 * per_batch // 10] * 10
    assert contrasts(samples.values).min() >= least
    assert all(len(batches) == 1 for batches in owners_of(samples).values())


def test_without_a_least_contrast_the_first_patches_drawn_are_kept(fetch_photos, photographs):
    samples = fetch_photos(PHOTOS["seed"], 100, 0.0)
    assert np.bincount(samples.labels).tolist() == [60] * 10
    # No patch is drawn but those that are kept.
    generator = np.random.default_rng(PHOTOS["seed"])
    labels = np.repeat(np.arange(10), 10)
    generator.shuffle(labels)
    photo = [*photographs.values()][labels[0]]
    strip = photos.strips_of(photo, 0)[generator.integers(2)]
    top, left = (generator.integers(side - 31) for side in strip.shape[:2])
    np.testing.assert_array_equal(samples.values[0], strip[top : top + 32, left : left + 32])
    # That is why there is a least contrast.
    assert (contrasts(samples.values) < PHOTOS["min_contrast"]).mean() > 0.02


def test_more_contrast_than_the_photographs_have_is_named(tmp_path, photographs, monkeypatch):
    monkeypatch.setattr(photos, "_photographs", lambda: photographs)
    monkeypatch.chdir(tmp_path)
    entry = PHOTOS | {"min_contrast": 127.5, "files": DIGESTS}
    PARAMS.write_text(yaml.safe_dump({"datasets": {"own": entry}}))
    code, line = last_words(fetch, "own", "--output", OUTPUT)
    assert code == 1
    assert "min_contrast: 127.5 is not allowed" in line
    assert "choose a lower one" in line
    assert any(name in line for name in photographs)
    assert tree(OUTPUT.parent) == []


# ------------------------------------------------------------------------------ cifar10


@pytest.fixture
def official(tmp_path, monkeypatch):
    """Extract a small CIFAR-10, name it in params.yaml, and work in an empty folder."""
    folder = tmp_path / "copy" / "cifar-10-batches-py"
    write_dataset(folder)
    for number, name in enumerate(BATCH_NAMES):
        rows = random_pictures(10, number).reshape(10, -1)
        (folder / name).write_bytes(batch2(rows, list(range(10))))
    (folder / "readme.html").write_text("not one of the seven")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    entry = {"source": "cifar10", "pictures_per_batch": 10, "files": digests_of(folder)}
    PARAMS.write_text(yaml.safe_dump({"datasets": {"small": entry}}))
    return folder


@pytest.fixture
def use(monkeypatch):
    return lambda place: monkeypatch.setenv("CIFAR10_ARCHIVE", str(place))


def assert_fails(*parts):
    """Run the fetch stage; its one line must have all `parts`, and nothing may be left."""
    code, line = last_words(fetch, "small", "--output", OUTPUT)
    assert code == 1
    for part in parts:
        assert str(part) in line
    assert tree(OUTPUT.parent) == []


@pytest.mark.parametrize("place", ["folder", "folder-above", "gz", "tar", "xz"])
def test_every_kind_of_copy_gives_the_same_bytes(official, use, place):
    wanted = read_batches(official)
    if place.startswith("folder"):
        copy = official if place == "folder" else official.parent
    else:
        copy = pack(official, place)
        shutil.rmtree(official)
    use(copy)
    fetch.main("small", OUTPUT, PARAMS)
    assert_fetched(OUTPUT, wanted)
    assert tree(OUTPUT) == FETCHED


def pack(folder, compression="gz", leave_out=()):
    path = folder.parent / "cifar-10-python.tar"
    with tarfile.open(path, "w" if compression == "tar" else f"w:{compression}") as tar:
        for file in sorted(folder.iterdir()):
            if file.name not in leave_out:
                tar.add(file, f"{folder.name}/{file.name}")
    return path


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.6, 0.9], ids=lambda share: f"{share:.1%}")
@pytest.mark.parametrize("compression", ["gz", "tar", "xz", "bz2"])
def test_a_cut_archive_is_one_error(official, use, compression, share):
    place = pack(official, compression)
    place.write_bytes(place.read_bytes()[: int(share * place.stat().st_size)])
    use(place)
    assert_fails(place, "get the archive again")


@pytest.mark.parametrize("length", range(1, 12))
def test_an_archive_cut_in_its_first_bytes_is_one_error(official, use, length):
    place = pack(official)
    place.write_bytes(place.read_bytes()[:length])
    use(place)
    assert_fails(place, "get the archive again")


@pytest.mark.parametrize("kind", ["folder", "gz"])
def test_an_altered_byte_is_found(official, use, kind):
    content = bytearray((official / "data_batch_4").read_bytes())
    content[1000] ^= 1
    (official / "data_batch_4").write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    place = official if kind == "folder" else pack(official, kind)
    use(place)
    assert_fails("data_batch_4", place, f"sha256 {found}", "get the archive again")


@pytest.mark.parametrize("compression", ["gz", "bz2", "tar"])
def test_an_altered_byte_of_the_archive_is_found_or_harmless(official, use, compression):
    place = pack(official, compression)
    use(place)
    content = place.read_bytes()
    for position in [*range(0, 600, 37), *range(600, len(content), len(content) // 9)]:
        altered = bytearray(content)
        altered[position] ^= 255
        place.write_bytes(altered)
        refused = None
        try:
            fetch.main("small", OUTPUT, PARAMS)
        except PipelineError as error:
            refused = str(error)
        if refused:
            assert str(place) in refused
            assert tree(OUTPUT.parent) == []
        else:
            assert_fetched(OUTPUT, read_batches(official))
            shutil.rmtree(OUTPUT)


@pytest.mark.parametrize("kind", ["folder", "gz"])
@pytest.mark.parametrize("name", ["batches.meta", "data_batch_1", "test_batch"])
def test_a_missing_member_is_named(official, use, name, kind):
    place = official if kind == "folder" else pack(official, kind, leave_out=[name])
    (official / name).unlink()
    use(place)
    assert_fails(f"{place} has no {name}", "the archive again")


def test_a_file_with_another_digest_is_named(official, use):
    digest = hashlib.sha256((official / "test_batch").read_bytes()).hexdigest()
    digests = Path(digests_of(official))
    digests.write_text(digests.read_text().replace(digest, "f" * 64))
    use(official)
    assert_fails("test_batch", f"sha256 {digest}", "expected " + "f" * 64)


def test_a_wrong_number_of_pictures_is_named(official, use):
    PARAMS.write_text(PARAMS.read_text().replace("batch: 10", "batch: 20"))
    use(official)
    assert_fails("data_batch_1 has 10 pictures", "datasets.small says 20")


@pytest.mark.usefixtures("official")
@pytest.mark.parametrize("place", ["/nowhere/cifar.tar.gz", "nowhere", "~nobody-of-this-name/x"])
def test_a_place_that_is_not_there_is_named(use, place):
    use(place)
    assert_fails(f"CIFAR10_ARCHIVE={place!r}", "cifar-10-python.tar.gz")


@pytest.mark.usefixtures("official")
def test_a_failed_fetch_leaves_the_older_dataset(use):
    write_samples(OUTPUT)
    before = [(OUTPUT / name).read_bytes() for name in FETCHED]
    use("nowhere")
    assert last_words(fetch, "small", "--output", OUTPUT)[0] == 1
    assert [(OUTPUT / name).read_bytes() for name in FETCHED] == before
    assert tree(OUTPUT) == FETCHED


def hostile_members(official):
    """Yield members that would be outside, or are links to what is."""
    content = b"planted"
    outside = official.parent / "planted"
    for name in ("../../evil", "../test_batch.bak", str(outside), f"{official.name}/../../evil2"):
        member = tarfile.TarInfo(name)
        member.size = len(content)
        yield member, io.BytesIO(content)
    link = tarfile.TarInfo("way-out")
    link.type, link.linkname = tarfile.SYMTYPE, "../.."
    yield link, None
    member = tarfile.TarInfo("way-out/evil3")
    member.size = len(content)
    yield member, io.BytesIO(content)


def test_only_the_seven_files_leave_the_archive(official, use):
    place = official.parent / "hostile.tar"
    with tarfile.open(place, "w") as tar:
        for member, content in hostile_members(official):
            tar.addfile(member, content)
        for name in FILE_NAMES:
            tar.add(official / name, f"../../../{name}")
    use(place)
    around = official.parents[1]
    before = set(tree(around))
    fetch.main("small", OUTPUT, PARAMS)
    added = {path.removeprefix("project/") for path in set(tree(around)) - before}
    assert added == {"raw", "raw/small", *(f"raw/small/{name}" for name in FETCHED)}
    assert_fetched(OUTPUT, read_batches(official))


@pytest.mark.parametrize("kind", ["SYMTYPE", "LNKTYPE", "FIFOTYPE", "DIRTYPE"])
def test_a_member_that_is_no_plain_file_does_not_count(official, use, kind):
    place = official.parent / "hostile.tar"
    with tarfile.open(place, "w") as tar:
        for name in FILE_NAMES[:-1]:
            tar.add(official / name, name)
        member = tarfile.TarInfo("test_batch")
        member.type, member.linkname = getattr(tarfile, kind), str(official / "test_batch")
        tar.addfile(member)
    use(place)
    assert_fails(f"{place} has no test_batch")


# ---------------------------------------------------------------------- cifar10's mirrors


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(official, monkeypatch):
    """Serve the folder that the archive is in; the archive is the official one."""
    place = pack(official)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    digest = hashlib.md5(place.read_bytes(), usedforsecurity=False).hexdigest()
    version = cifar10.VERSION._replace(md5=digest, size=place.stat().st_size)
    monkeypatch.setattr(cifar10, "VERSION", version)
    handler = functools.partial(Quiet, directory=str(place.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.usefixtures("official")
def test_without_network_the_line_says_what_can_be_done():
    assert_fails("http://127.0.0.1:9/none.tar.gz", "CIFAR10_ARCHIVE=/path/to", "make photos")


def test_the_archive_is_downloaded_once(official, server, monkeypatch):
    monkeypatch.setenv("CIFAR10_MIRRORS", f"{server}/cifar-10-python.tar")
    fetch.main("small", OUTPUT, PARAMS)
    assert_fetched(OUTPUT, read_batches(official))
    shutil.rmtree(OUTPUT)
    (official.parent / "cifar-10-python.tar").unlink()
    fetch.main("small", OUTPUT, PARAMS)
    assert_fetched(OUTPUT, read_batches(official))


@pytest.mark.parametrize("first", ["http://127.0.0.1:9/x", "{server}/none", "{server}/altered"])
def test_the_next_mirror_is_asked_if_one_fails(official, server, monkeypatch, first):
    (official.parent / "altered").write_bytes(b"not the archive")
    addresses = f"{first.format(server=server)} {server}/cifar-10-python.tar"
    monkeypatch.setenv("CIFAR10_MIRRORS", addresses)
    fetch.main("small", OUTPUT, PARAMS)
    assert_fetched(OUTPUT, read_batches(official))


def test_every_mirror_that_failed_is_named(official, server, monkeypatch):
    (official.parent / "altered").write_bytes(b"not the archive")
    addresses = [f"{server}/none", f"{server}/altered", "ftp://nowhere/x", "nonsense"]
    monkeypatch.setenv("CIFAR10_MIRRORS", " ".join(addresses))
    assert_fails(*addresses, "404", "it announces 15 bytes", "CIFAR10_ARCHIVE=", "make photos")
    assert not list(cifar_copies.DOWNLOADS.glob("*"))
