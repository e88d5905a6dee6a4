"""Which class turns on which filter of the last hidden layer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.evaluation.results import Result
from stages.webpage.chart import Chart, draw
from stages.webpage.charts import DIGITS
from stages.webpage.vega import data, mark, nominal, quantity, told

FURTHEST = 3.0  # standard deviations, from which on the colour stays


def filters(result: Result) -> Chart | None:
    """Return how strongly each class's pictures turn on each filter; None for dense networks."""
    if "class_means" not in result.scores:
        return None
    means = np.array(result.scores["class_means"])
    deviations = means - means.mean(axis=0)
    spreads = np.maximum(means.std(axis=0), np.finfo(np.float64).tiny)
    # Filters for the same class beside each other, the most particular one first.
    classes, peaks = deviations.argmax(axis=0), (deviations / spreads).max(axis=0)
    order = np.lexsort((-peaks, classes))
    names = result.class_names
    numbers = pd.DataFrame(
        {
            "class": names[row],
            "filter": int(filter_),
            "place": place,
            "mean": means[row, filter_],
            "deviation": deviations[row, filter_] / spreads[filter_],
        }
        for place, filter_ in enumerate(order)
        for row in range(len(names))
    ).round(DIGITS)
    scale = {"domain": [-FURTHEST, 0, FURTHEST], "range": ["#b35806", "#f7f7f7", "#542788"]}
    colour = quantity("deviation", "sd from the mean", scale=scale | {"clamp": True})
    encoding = {
        "x": nominal("place", "filters of the last hidden layer", axis={"labels": False}),
        "y": nominal("class", "class of the pictures", sort=names),
        "color": colour,
        "tooltip": told(("class", "filter", "mean", "deviation")),
    }
    spec = {
        "data": data(numbers),
        "width": {"step": 5},
        "height": {"step": 22},
        **mark("rect", encoding),
    }
    text = (
        f"Filters of {result.name}, first seed: how much more than other classes' pictures those "
        "of a class turn on each filter of the last hidden layer, on the mean over the test "
        "pictures. Filters for the same class stand together."
    )
    return draw("filters", spec, text, numbers)
