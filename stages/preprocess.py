"""Turn pictures, or features, into one set of features by one transform."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from stages.data.samples import open_samples, write_features
from stages.params.loading import read_params
from stages.runtime.command import progress, run, timed
from stages.runtime.errors import PipelineError
from stages.runtime.files import new_file, new_folder
from stages.transforms.blocks import blocks_of, transformed, work_on
from stages.transforms.chain import Step, save_step
from stages.transforms.feature import merge_feature, origin_of

app = typer.Typer(add_completion=False)


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="An entry of features: in params.yaml.")],
    inputs: Annotated[Path, typer.Option(help="The pictures or features to transform.")],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    learned: Annotated[Path, typer.Option(help="The .npz file of what the transform learned.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    timings: Annotated[Path, typer.Option(help="Where to note how long it took.")] = Path(
        ".timings"
    ),
) -> None:
    """Fit the transform on its training batches, apply it to every batch, write the features."""
    feature, transform = merge_feature(read_params(params), name)
    samples = open_samples(inputs)
    training = samples.values[:1]
    if feature.fit:
        training, _ = samples.select(samples.split(feature.fit).train)
    with timed(timings / f"preprocess@{name}.json"), new_folder(output) as folder:
        origin = origin_of(feature, transform, samples.values.shape[1:])
        try:
            transform.n_outputs(samples.values.shape[1:], len(training))
            # One thread, so that the same parameters give the same bytes on any number of cores.
            with threadpool_limits(1):
                step = Step(origin, transform, transform.learn(np.asarray(training)))
        except ValueError as error:
            raise PipelineError(f"features.{name}: {feature.transform}: {error}") from None
        stored = folder / f"{name}.npz"  # from where each process takes it
        save_step(stored, step)
        work = work_on(inputs, stored)
        blocks = blocks_of(work)
        steps = progress(transformed(work, blocks), f"preprocess {name}", len(blocks))
        n_views = blocks[-1].view
        own, *views = (islice(steps, len(blocks) // (n_views + 1)) for _ in range(n_views + 1))
        shape = samples.picture_shape if transform.elementwise else None
        scaling = transform.scaling
        write_features(folder, samples, own, views, shape, origin.model_dump(), scaling)
        next(steps, None)  # says that the last one is done
        content = stored.read_bytes()
        stored.unlink()
    learned.parent.mkdir(parents=True, exist_ok=True)
    with new_file(learned) as file:
        file.write_bytes(content)


if __name__ == "__main__":
    run(app)
