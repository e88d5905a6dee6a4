"""Write an experiment's model into one file that needs nothing else of the project's data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from stages.evaluation.results import settings_of
from stages.images.fitting import Fit
from stages.interchange.writing import write_onnx
from stages.params.loading import read_params
from stages.prediction.bundle import Files, Manner, describe, write_bundle
from stages.prediction.model import load_model, read_settings
from stages.prediction.options import MODELS, TRANSFORMS, Models, Transforms
from stages.reporting.model_card import Provenance, model_card
from stages.runtime.command import run
from stages.runtime.errors import ParamsError
from stages.runtime.files import read_json, write_text
from stages.sources.base import make_source
from stages.training.seeds import network_path

app = typer.Typer(add_completion=False)
CARD = "MODEL.md"


@app.command()
def main(
    experiment: Annotated[str, typer.Argument(help="An experiment that was trained.")],
    output: Annotated[Path, typer.Option(help="The file to write.")],
    fit: Annotated[
        Fit, typer.Option(help="How a picture of another size is brought to the networks'.")
    ] = "crop",
    background: Annotated[
        str, typer.Option(help="What shows where a picture is transparent or padded.")
    ] = "white",
    form: Annotated[
        Literal["npz", "onnx"] | None,
        typer.Option(
            "--format", help="Of the file; without it, as the file's name ends.", show_default=False
        ),
    ] = None,
    models: Models = MODELS,
    transforms: Transforms = TRANSFORMS,
    evaluations: Annotated[Path, typer.Option(help="The folder that evaluate wrote.")] = Path(
        "data/evaluations"
    ),
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    minutes: Annotated[Path, typer.Option(help="What experiments took.")] = Path(
        "study/minutes.json"
    ),
) -> None:
    """Write the transforms and all networks, and MODEL.md beside them.

    An .npz is for `predict` and `stages.model.load`, an .onnx for any program that knows ONNX.
    """
    kind = form or output.suffix.removeprefix(".")
    if kind not in {"npz", "onnx"}:
        raise ParamsError(f"--output: {output} ends in neither .npz nor .onnx: give --format")
    model = load_model(experiment, models, transforms)
    settings = read_settings(experiment, models)
    folder = transforms / settings.dataset
    names = [step.origin.input for step in model.chain.steps[1:]]
    names.append(f"{settings.dataset}-{settings.preprocessing}")
    files = Files(
        {name: folder / f"{name}.npz" for name in names},
        {str(seed): network_path(models / experiment, seed) for seed in settings.seeds},
    )
    document = read_params(params)
    known = Provenance(
        experiment,
        settings,
        read_json(evaluations / settings.dataset / f"{experiment}.json"),
        settings_of(document, settings),
        make_source(document, settings.dataset).about,
        read_json(minutes).get(experiment),
    )
    manner, made = Manner(fit, background), None
    if kind == "onnx":
        described = describe(experiment, model, files, manner)
        made = write_onnx(output, model, described, known.scores["ensemble"])
        if made.missing:
            missing = ", ".join(made.missing)
            print(f"{output} starts from features: ONNX has no form of {missing}", file=sys.stderr)
    else:
        write_bundle(output, experiment, model, files, manner)
    write_text(output.with_name(CARD), model_card(model, known, output.name, made))


if __name__ == "__main__":
    run(app)
