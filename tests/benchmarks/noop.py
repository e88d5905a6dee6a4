"""What `dvc repro` costs when there is nothing to do, in units of `dvc root`.

Run it in a project whose stages have all run: ``python -m tests.benchmarks.noop``.
"""

from __future__ import annotations

import statistics
import subprocess
import time


def seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main(rounds: int = 7) -> None:
    output = subprocess.run(["dvc", "repro"], check=True, capture_output=True, text=True).stdout
    if "Running stage" in output:
        raise SystemExit("there was something to do: run this again")
    n_stages = output.count("didn't change, skipping")
    pairs = [(seconds("dvc", "root"), seconds("dvc", "repro")) for _ in range(rounds)]
    root, repro = (statistics.median(own) for own in zip(*pairs, strict=True))
    ratio = statistics.median(repro / root for root, repro in pairs)
    print(f"{n_stages} stages: dvc root {root:.2f} s, dvc repro {repro:.2f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
