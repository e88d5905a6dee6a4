"""What the report says of the pictures of a dataset that is the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.sources.base import Source
from stages.tables.markdown import code, escape

# What `stages.folders` counts, in the words of the report.
KINDS = {
    "animated": "of several frames, of which the first counts",
    "cmyk": "of printing colours (CMYK), converted",
    "deep": "of more than 8 bits, scaled",
    "grey": "grey",
    "palette": "with a palette of colours",
    "transparent": "transparent, on the stated background",
    "turned": "turned as the camera noted",
}


def parts_table(card: Mapping[str, Any]) -> pd.DataFrame:
    """Return how many pictures of each class are in each part."""
    parts = pd.DataFrame(card["parts"]).rename_axis("class")
    parts.loc["all"] = parts.sum()
    return parts.reset_index()


def sentences(card: Mapping[str, Any], source: Source) -> list[str]:
    """Return what there was, and what was done to it, one sentence each; none without a folder."""
    if "kinds" not in card:
        return []
    settings = source.model_dump()
    channels = "colour" if settings["colour"] else "grey"
    counts = card["kinds"]
    formats = ", ".join(f"{n} {name}" for name, n in counts.items() if name not in KINDS)
    kinds = "; ".join(f"{counts[kind]} {words}" for kind, words in KINDS.items() if kind in counts)
    size = f"{settings['side']}x{settings['side']} pixels in {channels}"
    how = f"fit: {settings['fit']}, background: {settings['background']}"
    same, alike = card["same_in_both_parts"], card["alike_in_both_parts"]
    said = [
        f"Every picture was brought to {size} ({how}).",
        f"Files: {formats}" + (f"; of them {kinds}." if kinds else "."),
        f"Split: {card['split']}.",
        f"Test pictures that training has, too: {same} identical, {alike} nearly.",
        f"Pictures that are in two classes: {card['in_two_classes']}.",
    ]
    said += [
        f"Alike: {code(test)} (test) and {code(train)} (training)"
        for test, train, _ in card["pairs"]
    ]
    if "dropped" in card:
        said.append(f"Training pictures dropped, being like a test picture: {card['dropped']}.")
    said += [
        f"Left out: {code(name)}: {escape(reason)}" for name, reason in card["left_out"].items()
    ]
    if card["no_pictures"]:
        said.append(f"Files that are no pictures by their names, not read: {card['no_pictures']}.")
    return said
