"""The network as a scikit-learn classifier."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from stages.network.architecture import Start
from stages.network.checkpoint import Checkpoint, identify
from stages.network.early_stopping import EarlyStopping, hold_out
from stages.network.epochs import Settings, Training
from stages.network.fitting import Fit
from stages.network.layer_names import names_of, takes_pictures
from stages.network.losses import Floats, Labels, log_softmax, softmax
from stages.network.model import Network
from stages.network.monitor import Monitor
from stages.network.parameters import CONSTRAINTS, check_together, plain
from stages.network.safety import all_or_nothing
from stages.network.trained import finite_logits
from stages.pixels.scaled import Scaled

LOSSES = np.dtype([("loss", np.float64), ("net_loss", np.float64)])
WHITENED = 5000  # samples that a whitening layer learns from: millions of patches
DTYPES = (np.float64, np.float32)
OF_A_FIT = {"validation_scores_", "monitor_curve_"}


class SoftmaxNetwork(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    r"""Softmax regression, or a fully connected network with a softmax output.

    Trained by mini-batch gradient descent on the mean cross-entropy plus a penalty. Everything
    is computed in the dtype of the training samples: float32, or float64. There are no weights of
    samples or classes; whoever passes them is refused.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, or int, default=()
        Units of each hidden layer; empty for softmax regression, a number alone for one layer.
    activation : {"identity", "relu", "tanh"}, default="relu"
    layers : sequence of str, optional
        All layers but the last, for other networks than these: ``whitening``, ``convolution 32``,
        ``gelu``, ``max-pooling 2``, ``flatten``, ``dense 128``, ``relu`` and so on, see
        `layer_names.KINDS`; ``block 32`` stands for several, see `layer_names.BLOCK`. Those of
        pictures need `picture_shape`.
    logit_scale : float, default=1.0
        What the last layer's outputs are multiplied by.
    penalty : {"none", "l1", "l2"}, default="none"
        :math:`J = J_0 + \alpha \sum |w|`, or :math:`J = J_0 + \alpha \sum w^2`, over weights,
        not biases. L1 takes proximal steps and gives exact zeros, see `penalties.L1`.
    alpha : float, default=0.0
        Its strength. scikit-learn's `MLPClassifier` has :math:`\frac{a}{2n} \sum w^2` with n
        the batch size: its ``alpha=a`` is ``alpha=a / (2 * batch_size)`` here.
    learning_rate : float, default=0.03
    batch_size : int, default=256
        The most samples of a batch.
    last_batch : {"even", "short", "drop"}, default="even"
        Where the samples are no multiple of `batch_size`: batches that differ by at most one
        sample, a shorter last one (as in scikit-learn and PyTorch), or none for the remainder,
        see `training.batch_slices`.
    epochs : int, default=100
    momentum : float, default=0.0
        0 for plain gradient descent, else the heavy ball, or Nesterov's with `nesterov`.
    nesterov : bool, default=False
    schedule : {"constant", "step", "cosine", "triangle"}, default="constant"
        How the learning rate goes, see `optimizers.learning_rate_at`. `partial_fit` keeps it
        constant, since it knows no last epoch.
    weight_decay : float, default=0.0
        What every weight and bias loses at a step, as a part of the learning rate, see
        `optimizers.SGD`.
    bias_rate : float, default=1.0
        The biases' learning rate, as a multiple of `learning_rate`.
    dropout : float, default=0.0
        Share of the hidden units that is silenced at each training step; `layers` name their own.
    label_smoothing : float, default=0.0
        Share of the target that is spread evenly over the classes.
    weight_scale : float, optional
        Standard deviation of the first weights; without it, He's or LeCun's rule, see
        `model.Network.initialize`.
    flip : bool or "alternating", default=False
        Mirror each sample with probability 1/2 whenever it is trained on, left to right; or in
        every second epoch.
    shift : int, default=0
        Likewise move it by up to so many pixels in each direction.
    edges : {"repeat", "reflect"}, default="repeat"
        What comes in there, see `augmentation.views.moved`.
    picture_shape : tuple of int, optional
        Height, width and channels of a sample; `shift` needs it, and `flip` too unless `fit` is
        given features of the mirrored pictures.
    averaged_epochs : int, default=0
        End with the mean of the weights at the end of each of so many last epochs.
    early_stopping : bool, default=False
        Hold out a part of the training samples, stop when accuracy on it no longer rises, and
        keep the best weights.
    validation_fraction : float, default=0.1
    patience : int, default=10
        Epochs without a better accuracy before stopping early.
    random_state : int, numpy.random.Generator or None, default=None
        Seeds the first weights, the order of the samples and all else that is drawn.
    verbose : bool, default=False
        Print both losses of every epoch, as the course report does.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_ : Network
        Its `weights` and `biases` are lists of arrays, one for each layer.
    loss_curve_ : structured ndarray of shape (n_iter_,)
        Fields "loss" (with the penalty) and "net_loss" (without), see `training.Training`.
    validation_scores_ : list of float
        Accuracy on the held-out samples after each epoch; only with `early_stopping`.
    monitor_curve_ : structured ndarray
        Fields "epoch", "loss" and "accuracy", see `monitor.Monitor`; only if `fit` was given other
        samples.
    n_iter_ : int
        Epochs run.
    processors_ : list of str
        The kinds of processors that it was trained on.
    n_features_in_ : int
    """

    _parameter_constraints = CONSTRAINTS

    def __init__(
        self,
        hidden_layer_sizes: Any = (),
        *,
        activation: str = "relu",
        layers: Any = None,
        logit_scale: float = 1.0,
        penalty: str = "none",
        alpha: float = 0.0,
        learning_rate: float = 0.03,
        batch_size: int = 256,
        last_batch: str = "even",
        epochs: int = 100,
        momentum: float = 0.0,
        nesterov: bool = False,
        schedule: str = "constant",
        weight_decay: float = 0.0,
        bias_rate: float = 1.0,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        weight_scale: float | None = None,
        flip: bool | str = False,
        shift: int = 0,
        edges: str = "repeat",
        picture_shape: Any = None,
        averaged_epochs: int = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.layers = layers
        self.logit_scale = logit_scale
        self.penalty = penalty
        self.alpha = alpha
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.last_batch = last_batch
        self.epochs = epochs
        self.momentum = momentum
        self.nesterov = nesterov
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.bias_rate = bias_rate
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.weight_scale = weight_scale
        self.flip = flip
        self.shift = shift
        self.edges = edges
        self.picture_shape = picture_shape
        self.averaged_epochs = averaged_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        views: Sequence[Any] = (),
        rows: Any = None,
        monitor: tuple[Any, Any] | None = None,
        checkpoint: Checkpoint | None = None,
        on_epoch: Callable[[int], None] | None = None,
    ) -> SoftmaxNetwork:
        """Train from new random weights.

        What it raises, an interrupt too, leaves this object as it was before.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers; a read-only memory map is not copied, nor are bytes that are `Scaled`.
        y : array-like of shape (n_samples,)
            Class labels of any kind.
        views : sequence of array-like of shape (n_samples, n_features)
            Other views of the samples, where they are no pictures: in every epoch, each sample
            is taken from `X` or one of these. (Cross-validation does not split them.)
        rows : array-like of int, optional
            Train on these samples alone, without a copy of them.
        monitor : (array-like of shape (n, n_features), array-like of shape (n,)), optional
            Other samples and their labels, measured now and then for `monitor_curve_`, and for
            nothing else.
        checkpoint : Checkpoint, optional
            Training resumes from its file, if there is one, and keeps it up to date; the caller
            removes it once the network is safe. Needs an integer `random_state`.
        on_epoch : callable, optional
            Called with the number of epochs done.

        Returns
        -------
        SoftmaxNetwork
            This object.

        Raises
        ------
        ValueError
            If a parameter or the data is unusable.
        DivergedError
            If the loss becomes infinite or NaN.
        """
        self._check_parameters()
        with all_or_nothing(self, anew=True):
            X, codes = self._validate_samples(X, y, rows=rows)
            views = [v if isinstance(v, Scaled) else check_array(v, dtype=X.dtype) for v in views]
            n_rows = len(X) if rows is None else len(rows)
            watch = self._monitor(monitor, X, n_rows) if monitor else None
            identity = ""
            if checkpoint:
                if not isinstance(self.random_state, numbers.Integral):
                    raise ValueError("a checkpoint needs an integer random_state")
                watched = [watch.X, watch.y] if watch else []
                params = plain(self.get_params())
                identity = identify(params, X, *views, codes, rows=rows, others=watched)
            rows = np.arange(len(X)) if rows is None else np.asarray(rows, dtype=np.int64)
            generator = np.random.default_rng(self.random_state)
            stopping = None
            if self.early_stopping:
                seed = int(generator.integers(2**31))
                kept, held_out = hold_out(codes[rows], self.validation_fraction, seed)
                others = rows[held_out]
                stopping = EarlyStopping(self.patience, X[others], codes[others])
                rows = rows[kept]
            training = self._start(X, rows, generator, self._settings())
            fit = Fit(training, stopping, watch, self.verbose)
            fit.run(X, codes, views, rows, checkpoint, identity, on_epoch)
            if stopping:
                self.validation_scores_ = stopping.scores
            if watch:
                self.monitor_curve_ = watch.curve
            return self._publish(training)

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> SoftmaxNetwork:
        """Go once through these samples, from where the last call stopped.

        Settings that were changed since then hold from now on, except the layers'. What it
        raises, an interrupt too, leaves this object as it was before.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Taken to the dtype of the network's weights.
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), optional
            All classes that will ever come; needed at the first call.

        Returns
        -------
        SoftmaxNetwork
            This object.
        """
        self._check_parameters()
        # Which epoch is the last one is not known here.
        settings = self._settings()._replace(schedule="constant", averaged_epochs=0)
        first = not hasattr(self, "network_")
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        with all_or_nothing(self, anew=first):
            if first:
                X, codes = self._validate_samples(X, y, np.unique(classes))
                generator = np.random.default_rng(self.random_state)
                training = self._start(X, np.arange(len(X)), generator, settings)
            else:
                self._check_sameness(classes)
                dtype = self.network_.dtype
                X, codes = self._validate_samples(X, y, self.classes_, reset=False, dtype=dtype)
                training = self._last_training().copy(self._again(), settings)
            Fit(training, verbose=self.verbose).run_epoch(X, codes)
            for name in OF_A_FIT & vars(self).keys():
                delattr(self, name)
            return self._publish(training)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable class of each of (n_samples, n_features) samples."""
        logits = self.logits(X)
        return np.asarray(self.classes_[logits.argmax(axis=1)])

    def predict_proba(self, X: Any) -> Floats:
        """Return (n_samples, n_classes) probabilities, in the order of `classes_`."""
        return softmax(self.logits(X))

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of `predict_proba`, finite where those round to 0."""
        return log_softmax(self.logits(X))

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a network that can predict."""
        return hasattr(self, "network_")

    def logits(self, X: Any) -> Floats:
        """Return what softmax turns into the probabilities, of shape (n_samples, n_classes).

        Raises
        ------
        ValueError
            If one of them is not finite.
        """
        check_is_fitted(self)
        with np.errstate(over="ignore"):  # scikit-learn says what is too large for the dtype
            X = validate_data(self, X, reset=False, dtype=self.network_.dtype)
        return finite_logits(self.network_, X)

    def _check_parameters(self) -> None:
        self._validate_params()
        check_together(self.get_params())

    def _check_sameness(self, classes: Any) -> None:
        """Raise a ValueError if the network that is there is not the one that is asked for."""
        network = self.network_
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes {classes} are not those of the first call: {self.classes_}")
        there, asked = (
            [name for name in names if not name.startswith("dropout")]
            for names in (network.names, names_of(vars(self)))
        )
        if there != asked:
            raise ValueError(
                f"the network has hidden layers {there}, not {asked}: call fit to begin anew"
            )

    def _validate_samples(
        self,
        X: Any,
        y: Any,
        classes: npt.NDArray[Any] | None = None,
        reset: bool = True,
        dtype: Any = DTYPES,
        rows: Any = None,
    ) -> tuple[npt.NDArray[Any], Labels]:
        """Check samples; set `classes_`; return them with labels as indices into it.

        Of `rows` alone are the classes, if they are given; others' labels come as -1.
        """
        if isinstance(X, Scaled):  # whose numbers are right by construction
            check_consistent_length(X, y)
            y = column_or_1d(y, warn=True)
            validate_data(self, X[:1], reset=reset)
        else:
            with np.errstate(over="ignore"):  # scikit-learn says what is too large for the dtype
                X, y = validate_data(self, X, y, dtype=dtype, reset=reset)
        check_classification_targets(y)
        trained = y if rows is None else y[rows]
        self.classes_ = np.unique(trained) if classes is None else classes
        if unknown := sorted(set(np.unique(trained).tolist()) - set(self.classes_.tolist())):
            raise ValueError(f"y has labels that are not among the classes: {unknown}")
        return X, self._codes(y)

    def _codes(self, labels: npt.NDArray[Any]) -> Labels:
        """Return labels as indices into `classes_`, -1 for those that are not there."""
        places = np.searchsorted(self.classes_, labels).clip(max=len(self.classes_) - 1)
        return np.where(self.classes_[places] == labels, places, -1).astype(np.int64)

    def _monitor(self, samples: tuple[Any, Any], X: npt.NDArray[Any], n_training: int) -> Monitor:
        others, labels = samples
        if not isinstance(others, Scaled):
            others, labels = validate_data(self, others, labels, dtype=X.dtype, reset=False)
        return Monitor(others, self._codes(labels), n_training)

    def _settings(self) -> Settings:
        return Settings(**{name: getattr(self, name) for name in Settings._fields})

    def _start(
        self,
        X: npt.NDArray[Any],
        rows: npt.NDArray[np.int64],
        generator: np.random.Generator,
        settings: Settings,
    ) -> Training:
        some = X[rows[:WHITENED]] if takes_pictures(names_of(vars(self))) else None
        start = Start(generator, X.dtype, self.weight_scale, some)
        network = Network.of(vars(self), X.shape[1], len(self.classes_), start)
        return Training(network, settings, generator)

    def products(self, n_features: int, n_classes: int) -> int:
        """Return about how many multiplications a sample takes to go through the network."""
        return Network.of(vars(self), n_features, n_classes, Start(None, np.float32)).products

    def _again(self) -> Network:
        """Return a copy of the network, with the dropout of now."""
        now = self.network_
        copies = ([array.copy() for array in own] for own in (now.weights, now.biases, now.kept))
        hollow = Start(None, now.dtype)
        again = Network.of(vars(self), self.n_features_in_, len(self.classes_), hollow)
        return again.take(*copies)

    def _last_training(self) -> Training:
        """Return what was last trained or, of a network that was read, a training of it."""
        if hasattr(self, "_training"):
            return self._training
        generator = np.random.default_rng(self.random_state)
        training = Training(self.network_, self._settings(), generator)
        training.processors |= set(self.processors_)
        return training

    def _publish(self, training: Training) -> SoftmaxNetwork:
        """Set the public attributes from the training's state; return this object."""
        training.network.forget()
        self._training = training
        self.network_ = training.network
        self.loss_curve_ = np.array(training.losses, dtype=LOSSES)
        self.n_iter_ = training.epoch
        self.processors_ = sorted(training.processors)
        return self
