"""Picture files of every kind: read as people see them, or refused in one line."""

from __future__ import annotations

import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stages.images import reading
from stages.images.fitting import read_picture
from stages.images.reading import UnreadableError, open_picture


def fitted(image, shape=(8, 8, 3), fit="crop", background="white"):
    return read_picture(saved(image), shape, fit, background).pixels


def ramp(height=6, width=9):
    """Return a colour picture without two equal rows or columns."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 20, columns * 20, rows + columns], axis=-1).astype(np.uint8)


def saved(image, format="PNG", **options):  # noqa: A002 - as Pillow calls it
    file = io.BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return file


def values(image, **options):
    opened = open_picture(saved(image, **options), "white")
    return np.asarray(opened.image), opened.kinds


@pytest.mark.parametrize("format", ["PNG", "BMP", "PPM", "TIFF"])
def test_colours_come_as_they_are(format):  # noqa: A002
    found, kinds = values(Image.fromarray(ramp()), format=format)
    np.testing.assert_array_equal(found, ramp())
    assert kinds == frozenset()


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "GIF", "JPEG2000"])
def test_lossy_formats_come_nearly_as_they_are(format):  # noqa: A002
    picture = np.kron(ramp(4, 4)[..., :1] * 3, np.ones((16, 16, 3))).astype(np.uint8)
    found, _ = values(Image.fromarray(picture), format=format)
    assert np.abs(found.astype(int) - picture).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation):
    turns = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: p[::-1].transpose(1, 0, 2),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: p[:, ::-1].transpose(1, 0, 2),
    }
    exif = Image.Exif()
    exif[reading.ORIENTATION] = orientation
    found, kinds = values(Image.fromarray(ramp()), exif=exif)
    np.testing.assert_array_equal(found, turns[orientation](ramp()))
    assert kinds == ({"turned"} if orientation > 1 else set())


def test_grey_and_black_and_white_are_grey():
    grey = ramp()[..., 1]
    found, kinds = values(Image.fromarray(grey))
    np.testing.assert_array_equal(found, grey)
    assert kinds == {"grey"}
    found, kinds = values(Image.fromarray(grey).convert("1", dither=Image.Dither.NONE))
    np.testing.assert_array_equal(found, np.where(grey > 127, 255, 0))
    assert kinds == {"grey"}


def test_sixteen_bits_are_scaled_and_not_cut_off():
    deep = np.array([[0, 256, 257, 32768, 65535, 300, 128, 129]], dtype=np.uint16)
    for format in ("PNG", "TIFF"):  # noqa: A001
        found, kinds = values(Image.fromarray(deep), format=format)
        np.testing.assert_array_equal(found, np.round(deep / 257))
        assert kinds == {"deep", "grey"}


def test_more_than_sixteen_bits_are_refused():
    for numbers in (np.full((2, 2), 70000, np.int32), np.full((2, 2), -1, np.int32)):
        with pytest.raises(UnreadableError, match="more than 16 bits"):
            values(Image.fromarray(numbers), format="TIFF")
    with pytest.raises(UnreadableError, match="floating-point"):
        values(Image.fromarray(np.ones((2, 2), np.float32)), format="TIFF")


def test_palettes_become_colours():
    picture = Image.fromarray(ramp()).quantize(256)
    found, kinds = values(picture)
    np.testing.assert_array_equal(found, np.asarray(picture.convert("RGB")))
    assert kinds == {"palette"}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("background", ["white", "#102030"])
def test_what_is_transparent_shows_the_background(mode, background):
    if mode == "P":
        picture = Image.new("P", (4, 4), 1)
        picture.putpalette([0, 0, 0, 200, 100, 50])
        picture.paste(0, (0, 0, 2, 4))
        file = saved(picture, transparency=0)
    else:
        picture = Image.new(mode, (4, 4), (200, 100, 50, 255) if mode == "RGBA" else (200, 255))
        picture.paste((0, 0, 0, 0) if mode == "RGBA" else (0, 0), (0, 0, 2, 4))
        file = saved(picture)
    opened = open_picture(file, background)
    found = np.asarray(opened.image)
    expected = {"white": (255, 255, 255), "#102030": (16, 32, 48)}[background]
    assert (found[:, :2] == expected).all()
    assert (found[:, 2:] == ((200, 100, 50) if mode != "LA" else (200, 200, 200))).all()
    assert "transparent" in opened.kinds


def test_half_transparent_is_half_background():
    found, _ = values(Image.new("RGBA", (2, 2), (100, 0, 200, 128)))
    np.testing.assert_allclose(found[0, 0], [177, 127, 227], atol=1)


def test_cmyk_has_the_colours_that_are_printed():
    found, kinds = values(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), format="JPEG", quality=100)
    np.testing.assert_allclose(found[0, 0], [255, 0, 0], atol=4)
    assert kinds == {"cmyk"}


@pytest.mark.parametrize("format", ["GIF", "WEBP", "TIFF", "PNG"])
def test_of_an_animation_the_first_frame_counts(format):  # noqa: A002
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if format == "WEBP" else {}
    file = saved(frames[0], format, save_all=True, append_images=frames[1:], **options)
    opened = open_picture(file, "white")
    assert np.asarray(opened.image)[0, 0].tolist() == [255, 0, 0]
    assert "animated" in opened.kinds


# ---------------------------------------------------------------- what is no picture


def bomb(width, height):
    """Return a PNG file of a few bytes that says it has so many pixels."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    {
        "nothing": (b"", "no picture"),
        "text": (b"hello, I am a picture", "no picture"),
        "a web page": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
        "a bomb": (bomb(60_000, 60_000), "pixels"),
        "a small bomb": (bomb(12_000, 12_000), "pixels"),
        "a lie": (bomb(500, 500), "Error"),
    }.values(),
)
def test_what_is_no_picture_is_one_error(content, reason):
    with pytest.raises(UnreadableError, match=reason) as error:
        open_picture(io.BytesIO(content), "white")
    assert "\n" not in str(error.value)
    assert " at 0x" not in str(error.value)  # no address, which would differ every time


def outcome(content):
    """Return the size of a picture; nothing, if it is refused in one line."""
    try:
        return str(open_picture(io.BytesIO(content), "white").image.size)
    except UnreadableError as error:
        return "\n" if "\n" in str(error) else ""


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_cut_off_anywhere_is_read_or_one_error(format):  # noqa: A002
    whole = saved(Image.fromarray(np.kron(ramp(), np.ones((8, 8, 1), np.uint8))), format).read()
    for length in np.linspace(0, len(whole) - 1, 25).astype(int):
        assert outcome(whole[:length]) in {"", "(72, 48)"}


@given(content=st.binary(max_size=300), place=st.integers(0, 200))
def test_damage_is_read_or_one_error(content, place):
    whole = saved(Image.fromarray(ramp())).read()
    damaged = whole[:place] + content + whole[place + len(content) :]
    assert outcome(damaged) != "\n"


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_the_files_own_trouble_is_said_with_its_name(tmp_path):
    (tmp_path / "loop.png").symlink_to("loop.png")
    for name in ("loop.png", "none.png", "."):
        with pytest.raises(OSError, match=name.removeprefix(".") or str(tmp_path)) as error:
            open_picture(tmp_path / name, "white")
        assert error.value.filename


# ---------------------------------------------------------------- one size


FITS = ("crop", "pad", "stretch")


@pytest.mark.parametrize("fit", FITS)
def test_the_right_size_is_taken_as_it_is(fit):
    found = fitted(Image.fromarray(ramp(6, 9)), (6, 9, 3), fit)
    np.testing.assert_array_equal(found, ramp(6, 9))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("height", "width"), [(80, 160), (160, 80), (81, 300), (5, 7), (1, 900)])
@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 8, 1), (6, 9, 3)])
def test_every_picture_gets_the_shape(height, width, shape, fit):
    found = fitted(Image.new("RGB", (width, height), "navy"), shape, fit)
    assert found.shape == shape
    assert found.dtype == np.uint8


def test_what_is_cropped_padded_and_stretched():
    # Red, white and blue columns, twice as wide as high.
    flag = np.full((64, 128, 3), 255, np.uint8)
    flag[:, :32], flag[:, 96:] = (255, 0, 0), (0, 0, 255)
    flag, shape = Image.fromarray(flag), (16, 16, 3)
    assert (fitted(flag, shape, "crop")[:, 1:-1] > 250).all()
    padded = fitted(flag, shape, "pad", "lime")
    assert (padded[:4] == (0, 255, 0)).all()
    assert (padded[-4:] == (0, 255, 0)).all()
    np.testing.assert_allclose(padded[6, 1], (255, 0, 0), atol=5)
    stretched = fitted(flag, shape, "stretch")
    np.testing.assert_allclose(stretched[8, 1], (255, 0, 0), atol=5)
    np.testing.assert_allclose(stretched[8, -2], (0, 0, 255), atol=5)


def test_fine_detail_does_not_turn_into_patterns():
    stripes = np.tile(np.array([0, 255], np.uint8), (640, 320))
    found = fitted(Image.fromarray(stripes), (32, 32, 1))
    assert np.abs(found.astype(float) - 127.5).max() < 8


def test_grey_is_made_of_colours_and_colours_of_grey():
    assert fitted(Image.new("RGB", (9, 9), "red"), (8, 8, 1))[0, 0] == 76  # 0.299 of 255
    assert fitted(Image.new("L", (9, 9), 77))[0, 0].tolist() == [77] * 3
