"""The pipeline's stages, one Typer script each, and the packages behind them."""

import os
import signal

if "DVC_STAGE" in os.environ:
    # Ctrl-C while the imports go on ends a stage as quietly as later (stages/runtime/command.py).
    signal.signal(signal.SIGINT, signal.SIG_DFL)
