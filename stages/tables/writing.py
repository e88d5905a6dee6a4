"""All tables of the report: in numbers as CSV, in text as LaTeX."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.runtime.files import write_text
from stages.runtime.plugins import find_plugin, plugin_names
from stages.tables.base import Outcome, Table
from stages.tables.latex import latex_table


class Written(NamedTuple):
    """A table as it stands in the files."""

    table: Table
    numbers: pd.DataFrame
    cells: pd.DataFrame


def write_tables(folder: Path, outcome: Outcome) -> dict[str, Written]:
    """Write the tables of every module beside `Table`'s, and return them by their files' names."""
    written = {}
    for module in plugin_names(Table):
        table = find_plugin(Table, module, "tables")()
        for name, numbers in table.numbers(outcome).items():
            if numbers.empty:
                continue
            cells = table.cells(numbers)
            write_text(folder / f"{name}.csv", numbers.to_csv(index=False, lineterminator="\n"))
            write_text(folder / f"{name}.tex", latex_table(cells))
            written[name] = Written(table, numbers, cells)
    return written
