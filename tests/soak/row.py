"""One line of the table in reports/reliability.md."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """What was tried, how often, and how often it ended as it should.

    Attributes
    ----------
    subject : str
        The part of the table: "Kills", "Disk", "Network", "Archives", "Pickles", "Parameters", ...
    what : str
        What was done, in a few words.
    tried : int
    survived : int
        Equal to `tried` where all is well.
    meaning : str
        What "survived" means here.
    """

    subject: str
    what: str
    tried: int
    survived: int
    meaning: str
