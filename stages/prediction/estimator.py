"""An exported model as a classifier of pictures, as scikit-learn has them."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from stages.images.fitting import Fit, fit_image, read_picture
from stages.images.reading import bring
from stages.prediction.bundle import Manner, read_bundle
from stages.runtime.errors import PipelineError

Picture = str | PathLike[str] | Image.Image | npt.NDArray[np.uint8]
BLOCK = 1000  # pictures in memory at a time


class PictureClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The mean answer of all networks of an exported model.

    It was trained elsewhere: `fit` reads the file and learns nothing, so that `clone` and what
    clones an estimator give the same answers.

    Parameters
    ----------
    path : str or Path
        What `python -m stages.export` wrote.
    fit_to : {"crop", "pad", "stretch"}, optional
        How pictures of another size are brought to the model's; else as the file says.
    background : str, optional
        What shows where a picture is transparent or padded; else as the file says.
    raw : bool
        Whether the probabilities are the networks' own, not calibrated.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), str
    """

    def __init__(
        self,
        path: str | PathLike[str],
        fit_to: Fit | None = None,
        background: str | None = None,
        *,
        raw: bool = False,
    ) -> None:
        self.path = path
        self.fit_to = fit_to
        self.background = background
        self.raw = raw

    def fit(self, pictures: object = None, classes: object = None) -> Self:
        """Read the file; pictures and classes are not looked at.

        Raises
        ------
        PipelineError
            If it is missing, damaged or no model.
        """
        self.model_, manner = read_bundle(Path(self.path))
        self.manner_ = Manner(self.fit_to or manner.fit, self.background or manner.background)
        self.classes_ = np.array(self.model_.class_names)
        return self

    def predict(self, pictures: Iterable[Picture]) -> npt.NDArray[np.str_]:
        """Return the most probable class of each picture, see `predict_proba`."""
        proba = self.predict_proba(pictures)
        found: npt.NDArray[np.str_] = self.classes_[proba.argmax(axis=1)]
        return found

    def predict_proba(self, pictures: Iterable[Picture]) -> npt.NDArray[np.float64]:
        """Return the probabilities of each picture's classes, (n, n_classes).

        Parameters
        ----------
        pictures : iterable
            Paths, Pillow's images, or arrays, uint8, of shape (height, width) or (height, width,
            channels) with 1, 3 or 4 channels, of any size; or one array of such.

        Raises
        ------
        PipelineError
            If a picture cannot be read, or an array is none.
        """
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("call fit(), which reads the file")
        if isinstance(pictures, str | PathLike | Image.Image):
            raise PipelineError("predict takes a list of pictures: write [picture]")
        n_classes = len(self.classes_)
        answers = [np.empty((0, n_classes))]
        block: list[npt.NDArray[np.uint8]] = []
        for picture in pictures:
            block.append(self._pixels(picture))
            if len(block) == BLOCK:
                answers.append(self._answers(block))
                block = []
        if block:
            answers.append(self._answers(block))
        return np.concatenate(answers)

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the file has been read."""
        return hasattr(self, "model_")

    def _answers(self, block: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        proba = self.model_.predict_proba(np.stack(block), raw=self.raw)
        mean: npt.NDArray[np.float64] = proba.mean(axis=0)
        return mean

    def _pixels(self, picture: Any) -> npt.NDArray[np.uint8]:
        shape = self.model_.picture_shape
        if isinstance(picture, str | PathLike):
            return read_picture(Path(fspath(picture)), shape, *self.manner_).pixels
        if not isinstance(picture, Image.Image):
            picture = _image(picture)
        return fit_image(bring(picture, self.manner_.background).image, shape, *self.manner_)


def load(path: str | PathLike[str]) -> PictureClassifier:
    """Return the classifier that an exported file holds.

    Raises
    ------
    PipelineError
        If the file is missing, damaged or no model.
    """
    return PictureClassifier(path).fit()


def _image(array: Any) -> Image.Image:
    pixels = np.asarray(array)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    grey, colour = pixels.ndim == 2, pixels.ndim == 3 and pixels.shape[2] in {3, 4}
    if pixels.dtype != np.uint8 or not pixels.size or not (grey or colour):
        raise PipelineError(
            f"an array of {pixels.dtype} and shape {pixels.shape} is no picture: it must be uint8 "
            "of (height, width) or (height, width, channels), of 1, 3 or 4 channels"
        )
    return Image.fromarray(pixels)
