"""Somebody asks which trainings DVC would run, and wants none of them to."""

from __future__ import annotations

import json
import os
from pathlib import Path

NOTES = "CIFAR_SOFTMAX_PLAN"  # names a file: train notes there what it was asked for, and ends
ASKED = 75  # with this code (EX_TEMPFAIL)


def note(name: str, features: Path) -> bool:
    """Note that a training was asked for, if somebody wants to know; return whether."""
    if not (notes := os.environ.get(NOTES)):
        return False
    with Path(notes).open("a", encoding="utf-8") as file:
        file.write(json.dumps([name, str(features)]) + "\n")
    return True
