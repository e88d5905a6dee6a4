"""The networks of an experiment's seeds on disk."""

from __future__ import annotations

from pathlib import Path

from stages.network.trained import TrainedNetwork, read_network


def network_path(folder: Path, seed: int) -> Path:
    """Return where the network of a seed is kept."""
    return folder / f"seed-{seed}.npz"


def load_seeds(folder: Path, seeds: list[int]) -> list[TrainedNetwork]:
    """Return the networks of `seeds`, in that order.

    Raises
    ------
    PipelineError
        If one is missing or damaged.
    """
    return [read_network(network_path(folder, seed))[0] for seed in seeds]
