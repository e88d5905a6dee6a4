"""Turn pictures, or features, into one set of features by one transform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from stages.data.batches import read_pictures
from stages.data.samples import create_features, open_features
from stages.params.loading import read_params
from stages.runtime.command import progress, run
from stages.runtime.errors import PipelineError
from stages.runtime.files import new_folder
from stages.schema.feature import merge_feature

app = typer.Typer(add_completion=False)
BLOCK = 1000  # samples transformed at a time, to bound the memory


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="An entry of features: in params.yaml.")],
    data: Annotated[Path, typer.Option(help="The folder that raw/ and features/ are in.")],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
) -> None:
    """Fit the transform on its training batches, apply it to every batch, write float32."""
    feature, transform = merge_feature(read_params(params), name)
    open_input = read_pictures if feature.input.startswith("raw/") else open_features
    samples = open_input(data / feature.input)
    if feature.flip:
        samples = replace(samples, flipped=samples.values[:, :, ::-1])
    training, _ = samples.select(feature.fit or ["data_batch_1"])
    try:
        transform.n_outputs(training.shape[1:], len(training))
    except ValueError as error:
        raise PipelineError(f"features.{name}: {feature.transform}: {error}") from None
    # One thread, so that the same parameters give the same bytes on any number of cores.
    with threadpool_limits(1), new_folder(output) as folder:
        apply = transform.fit(training)
        n_features = apply(samples.values[:1]).shape[1]
        shape = samples.picture_shape if transform.elementwise else None
        outputs = create_features(folder, samples, n_features, shape)
        sources = [s for s in (samples.values, samples.flipped) if s is not None]
        for inputs, values in zip(sources, outputs, strict=True):
            for start in progress(range(0, len(values), BLOCK), f"preprocess {name}"):
                values[start : start + BLOCK] = apply(inputs[start : start + BLOCK])
            if not np.isfinite(values).all():
                raise PipelineError(f"features.{name}: {feature.transform} gave NaN or infinity")
        del values, outputs  # flushes the files before the folder is renamed


if __name__ == "__main__":
    run(app)
