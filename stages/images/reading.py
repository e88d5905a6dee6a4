"""Picture files as Pillow reads them, brought to colour or grey, upright and opaque."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, ImageColor, ImageOps

from stages.runtime.errors import PipelineError

# Not all that Pillow opens: some formats call other programs, or are hardly ever tested.
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
MOST_PIXELS = 2**27  # of one picture, 400 MB in colour: what asks for more is taken for a bomb
ORIENTATION = 0x0112  # the Exif tag
WORD = 257  # from 0..65535 to 0..255
DEEP = ("I", "I;16", "I;16B", "I;16L")


class UnreadableError(PipelineError):
    """A file is no picture, or a damaged one."""


class Opened(NamedTuple):
    """A picture, and what had to be done to it.

    Attributes
    ----------
    image : PIL.Image.Image
        Of mode "RGB" or "L".
    kinds : frozenset of str
        Of "animated", "cmyk", "deep" (more than 8 bits), "grey", "palette", "transparent" and
        "turned" (by its Exif data).
    form : str
        One of `FORMATS`.
    """

    image: Image.Image
    kinds: frozenset[str]
    form: str


def open_picture(file: Path | IO[bytes], background: str) -> Opened:
    """Read one picture.

    Of an animation the first frame counts. What is transparent shows `background`. Values of 16
    bits are scaled to 8, not cut off. The orientation that a camera noted is applied.

    Parameters
    ----------
    file : Path or binary file
    background : str
        A colour as Pillow names it, such as ``white`` or ``#ffffff``.

    Raises
    ------
    UnreadableError
        If it is no picture, damaged, of a format or size that is not read.
    OSError
        If the file itself cannot be read.
    """
    try:
        # What Pillow warns of, it reads; and our own bound is enough.
        with _without_warnings(), Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UnreadableError(
                    f"{image.width}x{image.height} pixels are more than {MOST_PIXELS}: shrink it"
                )
            image.load()
            return bring(image, background)
    except UnreadableError:
        raise
    except Exception as error:  # a damaged file can raise nearly anything
        if isinstance(error, OSError) and error.filename is not None:
            raise  # the file's own trouble, not the picture's
        raise UnreadableError(_reason(error)) from None


@contextmanager
def _without_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def bring(image: Image.Image, background: str) -> Opened:
    """Bring an image that is in memory to colour or grey, upright and opaque.

    Raises
    ------
    UnreadableError
        If its pixels are of a kind that is not read.
    """
    form = str(image.format)
    kinds = set()
    if getattr(image, "n_frames", 1) > 1:
        kinds.add("animated")
    if image.getexif().get(ORIENTATION, 1) in range(2, 9):
        kinds.add("turned")
        image = ImageOps.exif_transpose(image)
    if image.mode in DEEP:
        kinds.add("deep")
        image = _shallow(image)
    if image.mode == "F":
        raise UnreadableError("its pixels are floating-point numbers: save it with 8 or 16 bits")
    if image.mode.startswith("P"):
        kinds.add("palette")
    if image.mode == "CMYK":
        kinds.add("cmyk")
    if image.has_transparency_data:
        kinds.add("transparent")
        image = _opaque(image, background)
    if image.mode in {"1", "L"}:
        kinds.add("grey")
        return Opened(image.convert("L"), frozenset(kinds), form)
    return Opened(image.convert("RGB"), frozenset(kinds), form)


def _shallow(image: Image.Image) -> Image.Image:
    """Return a grey picture of 16 bits with 8."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > WORD * 255:
        raise UnreadableError("its pixels have more than 16 bits: save it with 8 or 16")
    return Image.fromarray(((values + WORD // 2) // WORD).astype(np.uint8))


def _opaque(image: Image.Image, background: str) -> Image.Image:
    paper = Image.new("RGBA", image.size, ImageColor.getcolor(background, "RGBA"))
    paper.alpha_composite(image.convert("RGBA"))
    return paper.convert("RGB")


def _reason(error: Exception) -> str:
    """Return why, in a line without addresses of memory."""
    if "cannot identify image file" in str(error):
        return f"no picture of a kind that is read ({', '.join(FORMATS)})"
    if isinstance(error, Image.DecompressionBombError):
        return f"its pixels are more than {MOST_PIXELS}: shrink it"
    return ascii(f"{type(error).__name__}: {error}"[:100])[1:-1]
