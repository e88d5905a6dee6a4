"""The machine that a benchmark ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np
import sklearn
from threadpoolctl import threadpool_info


def describe(*others: str) -> str:
    """Return processor, cores and the versions that a speed depends on."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    blas = {
        f"{b['internal_api']} {b['version']} ({b.get('architecture')})"
        for b in threadpool_info()
        if b["user_api"] == "blas"
    }
    versions = [
        f"Python {platform.python_version()}",
        f"NumPy {np.__version__}",
        f"scikit-learn {sklearn.__version__}",
        *others,
    ]
    return f"{cpu}, {os.cpu_count()} cores; {', '.join(versions)}; {', '.join(sorted(blas))}."
