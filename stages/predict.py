"""Say what pictures show: the classes that an experiment's networks give them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from stages.images.fitting import Fit, read_picture
from stages.images.reading import UnreadableError
from stages.network.model import PREDICTION_ROWS
from stages.prediction.bundle import Manner, read_bundle
from stages.prediction.model import Model, load_model
from stages.prediction.options import MODELS, TRANSFORMS, Models, Transforms
from stages.prediction.table import FORMATS, Answer, answer, shown
from stages.runtime.command import run
from stages.runtime.errors import PipelineError

app = typer.Typer(add_completion=False)
BLOCK = PREDICTION_ROWS  # pictures in memory at a time: as in evaluate, for the same last bits


@app.command()
def main(
    experiment: Annotated[
        str, typer.Argument(help="An experiment that was trained, or an exported model's file.")
    ],
    pictures: Annotated[
        list[str], typer.Argument(help="Files; folders, for all in them; -, for a list of either.")
    ],
    form: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="What to print.")
    ] = "table",
    fit: Annotated[
        Fit | None,
        typer.Option(
            help="How a picture of another size is brought to the networks'; without it, by crop "
            "or as the model's file says.",
            show_default=False,
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            help="What shows where a picture is transparent or padded; without it, white or as the "
            "model's file says.",
            show_default=False,
        ),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="The networks' own probabilities, not calibrated.")
    ] = False,
    models: Models = MODELS,
    transforms: Transforms = TRANSFORMS,
) -> None:
    """Print one row a picture, in the order given, by the mean answer of all seeds.

    A picture that cannot be read has the reason in its row, and the exit code is 1.
    """
    if Path(experiment).is_file():
        model, manner = read_bundle(Path(experiment))
    else:
        model, manner = load_model(experiment, models, transforms), Manner("crop", "white")
    manner = Manner(fit or manner.fit, background or manner.background)
    paths = list(_files(pictures))
    if not paths:
        raise PipelineError(f"there is no picture in {', '.join(pictures)}")
    answers: list[Answer] = []
    for start in range(0, len(paths), BLOCK):
        answers += _answers(model, paths[start : start + BLOCK], manner, raw=raw)
    sys.stdout.write(FORMATS[form](answers))
    sys.exit(any(one.error for one in answers))


def _files(names: list[str]) -> Iterator[Path]:
    for name in names:
        if name == "-":
            yield from _files([line.rstrip("\n") for line in sys.stdin if line.strip()])
        elif Path(name).is_dir():
            files = (file for file in Path(name).rglob("*") if file.is_file())
            yield from sorted(file for file in files if not file.name.startswith("."))
        else:
            yield Path(name)


def _answers(model: Model, paths: list[Path], manner: Manner, *, raw: bool) -> list[Answer]:
    found, errors = {}, {}
    for path in paths:
        try:
            found[path] = read_picture(path, model.picture_shape, *manner).pixels
        except (UnreadableError, OSError) as error:
            errors[path] = getattr(error, "strerror", None) or str(error)
    means = {}
    if found:
        proba = model.predict_proba(np.stack([*found.values()]), raw=raw).mean(axis=0)
        means = dict(zip(found, proba, strict=True))
    return [
        answer(path, means[path], model.class_names)
        if path in means
        else Answer(shown(path), error=errors[path])
        for path in paths
    ]


if __name__ == "__main__":
    run(app)
