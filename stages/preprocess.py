"""Turn pictures, or features, into one set of features by one transform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from threadpoolctl import threadpool_limits

from stages.augmentation.views import View, views_of
from stages.data.batches import read_pictures
from stages.data.samples import open_features, write_features
from stages.params.loading import read_params
from stages.runtime.command import progress, run, timed
from stages.runtime.errors import PipelineError
from stages.runtime.files import new_folder
from stages.schema.feature import merge_feature
from stages.transforms.base import Apply, Rows

app = typer.Typer(add_completion=False)
BLOCK = 1000  # samples transformed at a time, to bound the memory


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="An entry of features: in params.yaml.")],
    data: Annotated[Path, typer.Option(help="The folder that raw/ and features/ are in.")],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    timings: Annotated[Path, typer.Option(help="Where to note how long it took.")] = Path(
        ".timings"
    ),
) -> None:
    """Fit the transform on its training batches, apply it to every batch, write float32."""
    feature, transform = merge_feature(read_params(params), name)
    open_input = read_pictures if feature.input.startswith("raw/") else open_features
    samples = open_input(data / feature.input)
    training, _ = samples.select(feature.fit or ["data_batch_1"])
    try:
        transform.n_outputs(training.shape[1:], len(training))
    except ValueError as error:
        raise PipelineError(f"features.{name}: {feature.transform}: {error}") from None
    # One thread, so that the same parameters give the same bytes on any number of cores.
    clock = timed(timings / f"preprocess@{name}.json")
    with clock, threadpool_limits(1), new_folder(output) as folder:
        apply = transform.fit(training)
        values = _blocks(apply, samples.values, name)
        inputs: list[Rows | View] = [
            *samples.views,
            *views_of(samples.values, feature.flip, feature.shift),
        ]
        views = [_blocks(apply, view, name) for view in inputs]
        shape = samples.picture_shape if transform.elementwise else None
        write_features(folder, samples, values, views, shape)


def _blocks(apply: Apply, inputs: Rows | View, name: str) -> Iterator[npt.NDArray[np.float32]]:
    for start in progress(range(0, len(inputs), BLOCK), f"preprocess {name}"):
        block = apply(inputs[start : start + BLOCK])
        if not np.isfinite(block).all():
            raise PipelineError(f"features.{name}: its transform gave NaN or infinity")
        yield block


if __name__ == "__main__":
    run(app)
