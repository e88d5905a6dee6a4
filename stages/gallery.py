"""Draw a dataset's pictures: what preprocessing leaves of them, and where the best one errs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from stages.data.samples import open_samples
from stages.evaluation.pairs import most_confused, surest_mistakes
from stages.evaluation.results import best_result, load_results
from stages.params.loading import entry, read_params
from stages.pictures.drawings import draw, in_colour
from stages.pictures.figures import draw_mistakes, draw_preprocessing
from stages.pictures.mistakes import mistake_at, surest, write_mistakes
from stages.pictures.sheet import about_pictures, draw_sheet, rows_of_classes
from stages.runtime.command import run
from stages.runtime.files import new_folder, write_json
from stages.transforms.chain import load_chain

app = typer.Typer(add_completion=False)
MISTAKES_PER_CLASS = 2
PAIRS, MISTAKES_PER_PAIR = 6, 5  # of classes that are confused most


@app.command()
def main(
    dataset: Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")],
    raw: Annotated[Path, typer.Option(help="The folder that fetch wrote.")],
    transforms: Annotated[Path, typer.Option(help="The folder of the dataset's transforms.")],
    evaluations: Annotated[Path, typer.Option(help="The folder that evaluate wrote.")],
    output: Annotated[Path, typer.Option(help="Gets pictures/, shown.json, mistakes.csv.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
) -> None:
    """Write pictures/, what a page must know of them, and a list of mistakes."""
    document = read_params(params)
    best = best_result(load_results(document, dataset, evaluations))
    samples = open_samples(raw)
    n_classes = len(samples.class_names)
    shown, labels = samples.select([*samples.splits.values()][-1].test)
    first = [int(np.flatnonzero(labels == k)[0]) for k in range(n_classes) if (labels == k).any()]
    pixels = shown[first].astype(np.uint8)
    drawings = {"picture": in_colour(pixels / 255)}
    # One thread, so that the same parameters give the same bytes on any number of cores.
    with threadpool_limits(1):
        for name, feature in entry(document, "features").items():
            if feature["dataset"] == dataset:
                drawing = draw(load_chain(transforms, name), pixels)
                if drawing is not None:
                    drawings[name.removeprefix(f"{dataset}-")] = drawing
    answers = best.predictions
    mistakes = surest(answers, n_classes, MISTAKES_PER_CLASS)
    confused = [
        mistake_at(answers, row)
        for pair in most_confused(np.array(best.scores["confusion_matrix"]), PAIRS)
        for row in surest_mistakes(answers, pair.actual, pair.predicted)[:MISTAKES_PER_PAIR]
    ]
    write_mistakes(output / "mistakes.csv", mistakes, samples.class_names)
    pictures, labels_of = samples.select(answers.test)
    rows = rows_of_classes(labels_of, n_classes)
    with new_folder(output / "pictures") as folder:
        titles = [samples.class_names[labels[row]] for row in first]
        draw_preprocessing(drawings, titles, folder / "preprocessing.png")
        draw_mistakes(mistakes, pictures, samples, folder / "mistakes.png")
        draw_mistakes(confused, pictures, samples, folder / "pairs.png")
        draw_sheet(pictures, rows, folder / "sheet.png")
        about = about_pictures(folder, rows, pixels.shape[1:])
    write_json(output / "shown.json", about)


if __name__ == "__main__":
    run(app)
