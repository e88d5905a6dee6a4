"""Use an exported model: ``load("model.npz").predict(["picture.jpg"])``."""

from stages.prediction.estimator import PictureClassifier, load

__all__ = ["PictureClassifier", "load"]
