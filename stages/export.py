"""Write an experiment's model into one file that needs nothing else of the project's data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.images.fitting import Fit
from stages.prediction.bundle import Files, Manner, write_bundle
from stages.prediction.model import load_model, read_settings
from stages.runtime.command import run
from stages.training.seeds import network_path

app = typer.Typer(add_completion=False)


@app.command()
def main(
    experiment: Annotated[str, typer.Argument(help="An experiment that was trained.")],
    output: Annotated[Path, typer.Option(help="The file to write, an .npz.")],
    fit: Annotated[
        Fit, typer.Option(help="How a picture of another size is brought to the networks'.")
    ] = "crop",
    background: Annotated[
        str, typer.Option(help="What shows where a picture is transparent or padded.")
    ] = "white",
    models: Annotated[Path, typer.Option(help="The folder of trained networks.")] = Path("models"),
    transforms: Annotated[Path, typer.Option(help="The folder of stored transforms.")] = Path(
        "data/transforms"
    ),
) -> None:
    """Write the chain of transforms and the networks of all seeds; `stages.model.load` reads it."""
    model = load_model(experiment, models, transforms)
    settings = read_settings(experiment, models)
    folder = transforms / settings.dataset
    names = [step.origin.input for step in model.chain.steps[1:]]
    names.append(f"{settings.dataset}-{settings.preprocessing}")
    files = Files(
        {name: folder / f"{name}.npz" for name in names},
        {str(seed): network_path(models / experiment, seed) for seed in settings.seeds},
    )
    write_bundle(output, experiment, model, files, Manner(fit, background))


if __name__ == "__main__":
    run(app)
