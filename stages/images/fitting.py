"""Pictures of any size as arrays of one shape."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageOps
from pydantic import AfterValidator

from stages.images.reading import open_picture

Fit = Literal["crop", "pad", "stretch"]


def _known(colour: str) -> str:
    try:
        ImageColor.getcolor(colour, "RGBA")
    except ValueError:
        raise ValueError("write a colour such as white or #ffffff") from None
    return colour


Colour = Annotated[str, AfterValidator(_known)]  # as Pillow names it


class Fitted(NamedTuple):
    """A picture as an array, and what had to be done to it, see `reading.Opened`."""

    pixels: npt.NDArray[np.uint8]
    kinds: frozenset[str]


def read_picture(
    file: Path | IO[bytes], shape: tuple[int, int, int], fit: Fit, background: str
) -> Fitted:
    """Read a picture and bring it to one shape.

    Every pixel is a weighted mean over all that it stands for (Lanczos's filter, as wide as the
    reduction asks), so that fine detail does not turn into patterns. What has the size already is
    taken as it is.

    Parameters
    ----------
    file : Path or binary file
    shape : tuple of int
        Height, width, and one channel (grey) or three.
    fit : {"crop", "pad", "stretch"}
        Shrink it until it covers the shape, and cut off what is beyond, as much on both sides; or
        until it is within, and fill up with the background; or change its proportions.
    background : str
        What fills up, and shows where a picture is transparent, as Pillow names colours.

    Raises
    ------
    UnreadableError
        If it is no picture, damaged, of a format or size that is not read.
    OSError
        If the file itself cannot be read.
    """
    opened = open_picture(file, background)
    return Fitted(fit_image(opened.image, shape, fit, background), opened.kinds)


def fit_image(
    image: Image.Image, shape: tuple[int, int, int], fit: Fit, background: str
) -> npt.NDArray[np.uint8]:
    """Bring a picture of mode "RGB" or "L" to one shape, see `read_picture`."""
    height, width, channels = shape
    image = image.convert("L" if channels == 1 else "RGB")
    resized = _resized(image, (width, height), fit, background)
    return np.asarray(resized, dtype=np.uint8).reshape(shape)


def _resized(image: Image.Image, size: tuple[int, int], fit: Fit, background: str) -> Image.Image:
    method = Image.Resampling.LANCZOS
    if image.size == size:
        return image
    if fit == "crop":
        return ImageOps.fit(image, size, method)
    if fit == "pad":
        return ImageOps.pad(image, size, method, ImageColor.getcolor(background, image.mode))
    return image.resize(size, method)
