"""A model as one file: the chain, all networks, and how pictures are brought to their size."""

from __future__ import annotations

import hashlib
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from stages.images.fitting import Colour, Fit
from stages.network.trained import TrainedNetwork, read_network
from stages.params.experiment import MOST_SHIFT
from stages.params.loading import Section, parse
from stages.prediction.model import Model
from stages.runtime.errors import ParamsError, PipelineError
from stages.runtime.npz import load_npz, save_npz
from stages.transforms.chain import Chain, Name, load_chain

FORMAT = "model 3"
PACKAGES = ("numpy", "scikit-image", "scikit-learn")  # what the numbers may depend on
MOST_FILES = 100
MOST_BYTES = 2**31
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manner(NamedTuple):
    """How pictures of any size are brought to the networks', see `images.fitting`."""

    fit: Fit
    background: str


class Files(NamedTuple):
    """The stored files of a model: transforms by the names of their features, networks by seed."""

    transforms: dict[str, Path]
    networks: dict[str, Path]


class _Header(Section):
    """What the file says of itself.

    Attributes
    ----------
    format : str
    experiment : str
    average_views : bool
    average_shift : int
    temperature : float
    fit, background : str
    packages : dict of str to str
        The versions that it was made with.
    transforms : dict of str to str
        SHA-256 of each stored transform by the name of its features, first to last.
    networks : dict of str to str
        Of each network, by its seed.
    """

    format: Literal["model 3"]
    experiment: Name
    average_views: bool
    average_shift: Annotated[int, Field(ge=0, le=MOST_SHIFT)]
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    fit: Fit
    background: Colour
    packages: dict[str, str]
    transforms: dict[Name, Digest] = Field(min_length=1, max_length=MOST_FILES)
    networks: dict[Annotated[str, Field(pattern="^[0-9]{1,10}$")], Digest] = Field(
        min_length=1, max_length=MOST_FILES
    )


def write_bundle(path: Path, experiment: str, model: Model, files: Files, manner: Manner) -> None:
    """Write a model as one .npz file; the same model gives the same bytes.

    Parameters
    ----------
    path : Path
    experiment : str
    model : Model
    files : Files
        What it was read from.
    manner : Manner

    Raises
    ------
    ParamsError
        If the background is no colour.
    """
    members = {f"transform-{name}": file for name, file in files.transforms.items()}
    members |= {f"network-{seed}": file for seed, file in files.networks.items()}
    contents = {name: file.read_bytes() for name, file in members.items()}
    header = {"format": FORMAT, **describe(experiment, model, files, manner)}
    parse(_Header, header, "model")  # what is written can be read
    save_npz(path, header, {name: np.frombuffer(c, np.uint8) for name, c in contents.items()})


def describe(experiment: str, model: Model, files: Files, manner: Manner) -> dict[str, Any]:
    """Return what an exported file says of itself: settings, versions, and digests of its parts."""
    return {
        "experiment": experiment,
        "average_views": model.average_views,
        "average_shift": model.average_shift,
        "temperature": model.temperature,
        **manner._asdict(),
        "packages": {name: version(name) for name in PACKAGES},
        "transforms": {name: _digest(path.read_bytes()) for name, path in files.transforms.items()},
        "networks": {seed: _digest(path.read_bytes()) for seed, path in files.networks.items()},
    }


def read_bundle(path: Path) -> tuple[Model, Manner]:
    """Read what `write_bundle` wrote; the file may be a stranger's.

    Raises
    ------
    PipelineError
        If the file is missing, too large, damaged, or no model of this version.
    """
    if not path.is_file():
        raise PipelineError(f"{path} is missing: give the path of an exported model")
    if path.stat().st_size > MOST_BYTES:
        raise PipelineError(f"{path} has more than {MOST_BYTES} bytes: no model is so large")
    try:
        header, arrays = load_npz(path)
        own = parse(_Header, header, "header")
        with tempfile.TemporaryDirectory() as name:
            _unpack(Path(name), own, arrays)
            model = _load(Path(name), own)
    except (PipelineError, ParamsError, ValueError) as error:
        reason = str(error).removesuffix(": delete it, run 'dvc repro'")
        raise PipelineError(
            f"{path} is no model that can be read ({reason}): export it again"
        ) from None
    return model, Manner(own.fit, own.background)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unpack(folder: Path, header: _Header, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write the files within the bundle, checked, under names of ours."""
    digests = {f"transform-{name}": digest for name, digest in header.transforms.items()}
    digests |= {f"network-{seed}": digest for seed, digest in header.networks.items()}
    if digests.keys() != arrays.keys():
        raise ValueError("it has other parts than it says")
    for name, content in arrays.items():
        if content.dtype != np.uint8 or _digest(content.tobytes()) != digests[name]:
            raise ValueError(f"{name} is not what its digest says")
        (folder / f"{name}.npz").write_bytes(content.tobytes())


def _load(folder: Path, header: _Header) -> Model:
    for name in header.transforms:
        (folder / f"transform-{name}.npz").rename(folder / f"{name}.npz")
    chain = load_chain(folder, [*header.transforms][-1])
    loaded = [read_network(folder / f"network-{seed}.npz") for seed in header.networks]
    _check(chain, loaded)
    networks, class_names = [network for network, _ in loaded], loaded[0][1]
    averaged = header.average_views, header.average_shift
    return Model(chain, networks, class_names, *averaged, header.temperature)


def _check(chain: Chain, loaded: list[tuple[TrainedNetwork, list[str]]]) -> None:
    """Raise a ValueError unless the networks fit each other and the chain, and are finite."""
    last = chain.steps[-1]
    n_features = last.transform.n_outputs(tuple(last.origin.input_shape), None)
    _, class_names = loaded[0]
    for network, names in loaded:
        if n_features not in {None, network.n_features_in_}:
            raise ValueError(f"a network takes {network.n_features_in_} of {n_features} features")
        if names != class_names or network.classes_.tolist() != [*range(len(names))]:
            raise ValueError("the networks have other classes than each other")
        if not all(np.isfinite(parameter).all() for parameter in network.network_.parameters):
            raise ValueError("a weight is not finite")
