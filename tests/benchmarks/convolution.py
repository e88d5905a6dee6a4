"""Training steps of the network with convolutions against PyTorch, and against matrix products.

Every contender takes one step in turn, again and again, in one process; a figure is the median over
the rounds of its time divided by ours of the same round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from stages.network.architecture import Start, build
from stages.network.layer_names import written_out
from stages.network.layers.convolution import Convolution
from stages.network.layers.layer import Layer
from stages.network.losses import cross_entropy_gradient
from stages.network.model import Network
from stages.network.optimizers import SGD
from stages.runtime.files import write_text
from tests.benchmarks.machine import describe

try:
    import torch
except ImportError:
    torch = None

SHAPE, N_CLASSES = (32, 32, 3), 10
LAYERS = ["whitening", "gelu", "block 32", "block 128", "block 128", "max-pooling 3", "flatten"]
SMOOTHING, RATE, MOMENTUM = 0.2, 0.01, 0.85
SQUARE = 1024  # of the matrices whose product tells what the processor can do
Step = Callable[[], object]


def network_of(X: np.ndarray) -> Network:
    start = Start(np.random.default_rng(0), np.float32, samples=X)
    return Network(build(written_out(LAYERS), SHAPE, N_CLASSES, start))


def ours(X: np.ndarray, y: np.ndarray) -> Step:
    network = network_of(X)
    optimizer = SGD(network.parameters, MOMENTUM, nesterov=True)

    def step() -> None:
        network.backpropagate(X, y, label_smoothing=SMOOTHING)
        optimizer.step(network.parameters, network.gradients, RATE)

    return step


def eager(X: np.ndarray, y: np.ndarray, *, channels_last: bool) -> Step:
    """The same layers in PyTorch, which need no gradient of the whitening either."""
    nn = torch.nn
    whitening = nn.Conv2d(3, 24, 2)
    whitening.requires_grad_(False)
    layers: list[Any] = [whitening, nn.GELU("tanh")]
    channels = 24
    for width in (32, 128, 128):
        layers += [
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(width),
            nn.GELU("tanh"),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.GELU("tanh"),
        ]
        channels = width
    layers += [nn.MaxPool2d(3), nn.Flatten(), nn.Linear(channels, N_CLASSES, bias=False)]
    model = nn.Sequential(*layers)
    pictures = torch.from_numpy(X.reshape(-1, *SHAPE).transpose(0, 3, 1, 2).copy())
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        pictures = pictures.to(memory_format=torch.channels_last)
    labels = torch.from_numpy(y)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learned, RATE, momentum=MOMENTUM, nesterov=True)
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(model(pictures), labels).backward()
        optimizer.step()

    return step


def product() -> Step:
    a, out = np.ones((SQUARE, SQUARE), np.float32), np.empty((SQUARE, SQUARE), np.float32)
    return lambda: np.matmul(a, a, out=out)


def rounds(contenders: dict[str, Step], repeats: int) -> dict[str, list[float]]:
    """Return each contender's seconds, one for each round; the first rounds are not counted."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(repeats + 2):
        for name, step in contenders.items():
            before = time.perf_counter()
            step()
            if number >= 2:
                found[name].append(time.perf_counter() - before)
    return found


def by_layer(X: np.ndarray, y: np.ndarray, repeats: int) -> list[tuple[Layer, float, float]]:
    """Return each layer with its seconds forward and backward: medians."""
    network = network_of(X)
    first = next(i for i, layer in enumerate(network.layers) if layer.learns)
    times = np.zeros((repeats, len(network.layers), 2))
    for number in range(repeats):
        values = X
        for i, layer in enumerate(network.layers):
            before = time.perf_counter()
            values = layer.forward(values, None)
            times[number, i, 0] = time.perf_counter() - before
        cross_entropy_gradient(values, y, SMOOTHING)
        for i in reversed(range(first, len(network.layers))):
            before = time.perf_counter()
            values = network.layers[i].backward(values, wanted=i > first)
            times[number, i, 1] = time.perf_counter() - before
    middle = np.median(times[1:], axis=0)
    return [
        (layer, float(forward), float(backward))
        for layer, (forward, backward) in zip(network.layers, middle, strict=True)
    ]


def operations(X: np.ndarray) -> float:
    """Return the additions and multiplications of a step, by the convolutions' formula."""
    layers = [layer for layer in network_of(X).layers if layer.products]
    # Forward, and twice as much backward: but for the first one, whose input needs no gradient.
    return 2.0 * len(X) * (3 * sum(layer.products for layer in layers) - layers[0].products)


def main(
    output: Annotated[Path, typer.Option(help="The page to write.")],
    batch: Annotated[int, typer.Option(help="Pictures of a step.")] = 250,
    repeats: Annotated[int, typer.Option(help="Rounds.")] = 9,
) -> None:
    """Write how fast a training step is, with one thread and two, and layer by layer."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((batch, 3072), dtype=np.float32)
    y = generator.integers(N_CLASSES, size=batch)
    versions = [f"PyTorch {torch.__version__}"] if torch else []
    lines = ["# Convolutions\n", describe(*versions), ""]
    lines += [
        f"A training step of {' - '.join(LAYERS)} on {batch} pictures of 32x32 pixels; times",
        "beside ours, medians over rounds in which all take turns.\n",
        "| contender | threads | ms a picture | beside ours |",
        "|---|---:|---:|---:|",
    ]
    for threads in (1, 2):
        if torch:
            torch.set_num_threads(threads)
        contenders = {"ours": ours(X, y)}
        if torch:
            contenders["PyTorch, eager"] = eager(X, y, channels_last=False)
            contenders["PyTorch, eager, channels last"] = eager(X, y, channels_last=True)
        with threadpool_limits(threads, "blas"):
            found = rounds(contenders, repeats)
        for name, seconds in found.items():
            ratios = [s / own for s, own in zip(seconds, found["ours"], strict=True)]
            ms = 1000 * statistics.median(seconds) / batch
            lines.append(f"| {name} | {threads} | {ms:.2f} | {statistics.median(ratios):.2f} |")
    with threadpool_limits(1, "blas"):
        found = rounds({"step": ours(X, y), "product": product()}, repeats)
        table = by_layer(X, y, repeats)
    rates = {
        "step": operations(X) / statistics.median(found["step"]),
        "product": 2 * SQUARE**3 / statistics.median(found["product"]),
    }
    lines += [
        "",
        f"By the formula of a convolution a step takes {operations(X) / batch / 1e6:.0f} million",
        f"operations a picture: {rates['step'] / 1e9:.0f} Gflop/s in one thread, where a product",
        f"of {SQUARE}x{SQUARE} matrices has {rates['product'] / 1e9:.0f}:",
        f"{100 * rates['step'] / rates['product']:.0f} %.",
        "(Winograd's algorithm takes fewer, which is how it can be above 100.)",
        "",
        "| layer | forward, µs a picture | backward |",
        "|---|---:|---:|",
    ]
    for layer, forward, backward in table:
        name = layer.name or type(layer).__name__.lower()
        name = f"**{name}**" if isinstance(layer, Convolution) else name
        lines.append(f"| {name} | {1e6 * forward / batch:.0f} | {1e6 * backward / batch:.0f} |")
    write_text(output, "\n".join(lines) + "\n")
    print(output)


if __name__ == "__main__":
    typer.run(main)
