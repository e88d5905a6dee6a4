"""Turn pictures, or features, into one set of features by one transform."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from stages.augmentation.views import View, views_of
from stages.data.samples import open_samples, write_features
from stages.params.loading import read_params
from stages.runtime.command import progress, run, timed
from stages.runtime.errors import PipelineError
from stages.runtime.files import new_folder
from stages.transforms.base import Features, Rows
from stages.transforms.chain import Step, save_step
from stages.transforms.feature import merge_feature, origin_of

app = typer.Typer(add_completion=False)
BLOCK = 1000  # samples transformed at a time, to bound the memory


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
    """Fit the transform on its training batches, apply it to every batch, write float32."""
    feature, transform = merge_feature(read_params(params), name)
    samples = open_samples(inputs)
    training = samples.values[:1]
    if feature.fit:
        training, _ = samples.select(samples.split(feature.fit).train)
    # One thread, so that the same parameters give the same bytes on any number of cores.
    clock = timed(timings / f"preprocess@{name}.json")
    with clock, threadpool_limits(1), new_folder(output) as folder:
        origin = origin_of(feature, transform, samples.values.shape[1:])
        try:
            transform.n_outputs(samples.values.shape[1:], len(training))
            step = Step(origin, transform, transform.learn(training))
        except ValueError as error:
            raise PipelineError(f"features.{name}: {feature.transform}: {error}") from None
        everything: list[Rows | View] = [
            samples.values,
            *samples.views,
            *views_of(samples.values, feature.flip, feature.shift),
        ]
        starts = range(0, len(samples.values), BLOCK)
        blocks = progress(
            _blocks(step, everything, starts, name),
            f"preprocess {name}",
            len(everything) * len(starts),
        )
        values, *views = (islice(blocks, len(starts)) for _ in everything)
        shape = samples.picture_shape if transform.elementwise else None
        write_features(folder, samples, values, views, shape, origin.model_dump())
        next(blocks, None)  # says that the last one is done
    save_step(learned, step)


def _blocks(
    step: Step, everything: list[Rows | View], starts: range, name: str
) -> Iterator[Features]:
    for rows in everything:
        for start in starts:
            block = step.apply(rows[start : start + BLOCK])
            if not np.isfinite(block).all():
                raise PipelineError(f"features.{name}: its transform gave NaN or infinity")
            yield block


if __name__ == "__main__":
    run(app)
