"""Check the gradients: the course report's worked example, then the network that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.gradients.checker import FLOOR, STEP
from stages.gradients.combinations import (
    ALPHA,
    COMBINATIONS,
    KINK_TOLERANCE,
    TOLERANCE,
    check,
    sweep,
)
from stages.gradients.figure import draw_sweep
from stages.gradients.layers import check_layers
from stages.gradients.page import render
from stages.gradients.worked_example import repeat_example
from stages.runtime.command import run
from stages.runtime.errors import PipelineError
from stages.runtime.files import new_file, write_json, write_text

app = typer.Typer(add_completion=False)


@app.command()
def main(
    output: Annotated[Path, typer.Option(help="Gets gradcheck.json, .md and .png.")],
    seed: Annotated[int, typer.Option(min=0, help="Draws samples, weights and biases.")] = 0,
) -> None:
    """Write the derivation of the gradients, and how far differences agree with them."""
    combinations = [check(combination, seed) for combination in COMBINATIONS]
    layers = check_layers(seed)
    example = repeat_example()
    failed = [row for row in [*combinations, *layers] if not row["passed"]]
    results = {
        "passed": example["agrees"] and not failed,
        "tolerance": TOLERANCE,
        "tolerance_at_kinks": KINK_TOLERANCE,
        "floor": FLOOR,
        "step": STEP,
        "alpha": ALPHA,
        "seed": seed,
        "parameters": sum(row["parameters"] for row in combinations),
        "max_error": max(row["max_error"] for row in combinations),
        "max_error_plain": max(row["max_error_plain"] for row in combinations),
        "kinks": sum(row["kinks"] for row in combinations),
        "max_error_at_kinks": max(row["max_error_at_kinks"] for row in combinations),
        "float32_deviation": max(row["float32_deviation"] for row in combinations),
        "worked_example": example,
        "combinations": combinations,
        "layers": layers,
        "sweep": sweep(seed),
    }
    write_json(output / "gradcheck.json", results)
    write_text(output / "gradcheck.md", render(results))
    with new_file(output / "gradcheck.png") as partial:
        draw_sweep(results["sweep"], partial)
    print(output / "gradcheck.md")
    if not results["passed"]:
        raise PipelineError(
            f"{len(failed)} of {len(combinations) + len(layers)} gradients fail the check, "
            f"the worked example {'agrees' if example['agrees'] else 'does not agree'}: "
            f"see {output / 'gradcheck.md'}"
        )


if __name__ == "__main__":
    run(app)
