"""Options of the commands that use trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Models = Annotated[Path, typer.Option(help="The folder of trained networks.")]
Transforms = Annotated[Path, typer.Option(help="The folder of stored transforms.")]
MODELS = Path("models")
TRANSFORMS = Path("data/transforms")
