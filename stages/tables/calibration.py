"""What one temperature for an experiment's networks does to their probabilities."""

from __future__ import annotations

import pandas as pd

from stages.statistics.units import TO_PERCENT
from stages.tables.base import DIGITS, Outcome, Table

ANSWERS = {"network": "one network", "ensemble": "all networks together"}
MEASURES = {"loss": "NLL", "ece": "ECE %"}
SHOWN = {"loss": 3, "ece": 1}


class Calibration(Table):
    """How often and by how much it helps; then a row for each experiment."""

    title = "How far to believe the probabilities"
    text = (
        "One more network was trained on nine tenths of the training samples, those of the first "
        "seed, and the temperature is the one that makes the rest of them most probable (Guo et "
        "al., 2017): every network's logits are divided by it before the softmax. The test batch "
        "has no part in that. Above 1, networks were too certain. It changes no network's most "
        "probable class. `predict` uses it unless `--raw` is given. NLL and ECE, in 15 bins, are "
        "on the test pictures, and lower is better. Where it does harm, the samples that were held "
        "out say too little of the test: they are more like the rest of training than the test "
        "pictures are, or there are few. The mean over networks is less certain than each of them, "
        "which the temperature does not know."
    )

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the losses in nats and the errors in percent, before and after."""
        rows = []
        for result in outcome.results:
            scores, row = result.scores, {"experiment": result.short_name}
            row["temperature"] = scores["temperature"]
            for measure in MEASURES:
                factor = TO_PERCENT if measure == "ece" else 1
                for stage in (measure, f"calibrated_{measure}"):
                    row[f"network_{stage}"] = factor * scores[stage]["mean"]
                    row[f"ensemble_{stage}"] = factor * scores["ensemble"][stage]
            rows.append(row)
        table = pd.DataFrame(rows).round(DIGITS)
        return {"calibration-in-short": in_short(table), "calibration": table}

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return before and after in one cell."""
        if "experiments" in numbers:
            return _summary_cells(numbers)
        cells = pd.DataFrame({"experiment": numbers["experiment"]})
        cells["temperature"] = [f"{value:.2f}" for value in numbers["temperature"]]
        for answer, whose in ANSWERS.items():
            for measure, name in MEASURES.items():
                pairs = zip(
                    numbers[f"{answer}_{measure}"],
                    numbers[f"{answer}_calibrated_{measure}"],
                    strict=True,
                )
                digits = SHOWN[measure]
                cells[f"{name}, {whose}"] = [_change(*pair, digits) for pair in pairs]
        return cells


def in_short(table: pd.DataFrame) -> pd.DataFrame:
    """Return in how many experiments a temperature lowers each measure, and both medians."""
    rows = []
    for answer in ANSWERS:
        row: dict[str, object] = {"answers": answer, "experiments": len(table)}
        for measure in MEASURES:
            before = table[f"{answer}_{measure}"]
            after = table[f"{answer}_calibrated_{measure}"]
            row[f"lower_{measure}"] = int((after < before).sum())
            row[f"median_{measure}"] = before.median()
            row[f"median_calibrated_{measure}"] = after.median()
        rows.append(row)
    return pd.DataFrame(rows).round(DIGITS)


def _summary_cells(numbers: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for row in numbers.to_dict("records"):
        cells = {"answers of": ANSWERS[row["answers"]]}
        for measure, name in MEASURES.items():
            cells[f"lower {name.removesuffix(' %')} in"] = (
                f"{row[f'lower_{measure}']} of {row['experiments']} experiments"
            )
            cells[f"median {name}"] = _change(
                row[f"median_{measure}"], row[f"median_calibrated_{measure}"], SHOWN[measure]
            )
        rows.append(cells)
    return pd.DataFrame(rows)


def _change(before: float, after: float, digits: int) -> str:
    return f"{before:.{digits}f} → {after:.{digits}f}"
