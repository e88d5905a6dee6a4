"""The names of layers, as params.yaml lists them: ``convolution 32``, ``gelu``, ``dense 128``.

Nothing here computes, so that a change of a layer's code is none of what params.yaml may say.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A kind of layer.

    Attributes
    ----------
    number : {"none", "count", "share"}
        What is behind the name.
    takes : {"rows", "maps", "both"}
        Of which samples.
    """

    number: str = "none"
    takes: str = "both"


KINDS = {
    "dense": Kind("count", "rows"),
    "convolution": Kind("count", "maps"),
    "whitening": Kind(takes="maps"),
    "max-pooling": Kind("count", "maps"),
    "batch-normalization": Kind(takes="maps"),
    "gelu": Kind(),
    "identity": Kind(),
    "relu": Kind(),
    "tanh": Kind(),
    "dropout": Kind("share"),
    "flatten": Kind(takes="maps"),
}
# What one name stands for, where others are written out.
BLOCK = (
    "convolution {0}",
    "max-pooling 2",
    "batch-normalization",
    "gelu",
    "convolution {0}",
    "batch-normalization",
    "gelu",
)


def written_out(names: Sequence[str]) -> list[str]:
    """Return the names with those of its layers for each ``block 32``, see `BLOCK`."""
    found = []
    for name in map(str, names):
        word, _, rest = name.partition(" ")
        found += [part.format(rest) for part in BLOCK] if word == "block" else [name]
    return found


def names_of(params: Mapping[str, Any]) -> list[str]:
    """Return the names of all layers but the last, of parameters of a `SoftmaxNetwork`."""
    if params["layers"] is not None:
        return written_out(params["layers"])
    hidden = hidden_layers(params["hidden_layer_sizes"])
    return short_form(hidden, params["activation"], params["dropout"])


def hidden_layers(sizes: int | Sequence[int]) -> list[int]:
    """Return the units of each hidden layer; a number alone is one layer.

    Raises
    ------
    ValueError
        If they are no whole numbers of 1 or more.
    """
    layers = [sizes] if isinstance(sizes, Integral) else list(sizes)  # type: ignore[arg-type]
    if not all(map(is_count, layers)):
        raise ValueError(f"hidden_layer_sizes={sizes!r} must each be 1 or more, whole numbers")
    return [int(size) for size in layers]


def is_count(value: Any) -> bool:
    """Return whether it is a whole number of 1 or more."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def short_form(hidden_layer_sizes: Sequence[int], activation: str, dropout: float) -> list[str]:
    """Return the names of dense hidden layers with the same activation."""
    after = [activation, f"dropout {dropout!r}"] if dropout else [activation]
    return [name for size in hidden_layer_sizes for name in (f"dense {size}", *after)]


def takes_pictures(names: Sequence[str]) -> bool:
    """Return whether the first of these layers needs height, width and channels."""
    return bool(names) and KINDS[parse(names[0])[0]].takes == "maps"


def check_layers(layers: Sequence[str] | None, dense: bool, averaged_epochs: int) -> None:
    """Raise a ValueError if names of layers are not allowed, or not with the other settings.

    `dense` says whether hidden_layer_sizes or dropout are set.
    """
    if layers is None:
        return
    names = written_out(layers)
    for name in names:
        parse(name)
    if dense:
        raise ValueError("layers: they stand instead of hidden_layer_sizes and dropout")
    if averaged_epochs and "batch-normalization" in names:
        raise ValueError(
            "averaged_epochs: batch-normalization has means of the weights of each epoch only"
        )


def parse(name: str) -> tuple[str, float]:
    """Return the kind of a layer, and the number behind it, 0 if there is none.

    Raises
    ------
    ValueError
        If there is no such kind, or its number is not allowed.
    """
    word, _, rest = str(name).partition(" ")
    if word not in KINDS:
        close = difflib.get_close_matches(word, KINDS, 1)
        allowed = f"did you mean {close[0]}?" if close else f"one of {', '.join(KINDS)}"
        raise ValueError(f"layers: {name!r} is not allowed: {allowed}")
    number = KINDS[word].number
    if number == "none":
        if rest:
            raise ValueError(f"layers: {name!r} is not allowed: {word} has no number")
        return word, 0
    try:
        value = int(rest) if number == "count" else float(rest)
    except ValueError:
        value = -1
    if not (1 <= value <= 16384 if number == "count" else 0 <= value < 1):
        needs = "a whole number from 1 to 16384" if number == "count" else "0 or more, below 1"
        raise ValueError(f"layers: {name!r} is not allowed: {word} needs a number, {needs}")
    return word, value
