"""GELU and its derivative: compiled, one pass over memory each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import overload

from stages.network.losses import Floats
from stages.runtime.compiled import compiled

# tanh(x) = x P(x^2) / Q(x^2) to float32's precision where |x| is below LIMIT, beyond which it is 1
# in float32: the minimax approximation of the library Eigen. Unlike the C library's function it is
# computed for several numbers at once.
LIMIT = 7.90531110763549805
P = (
    4.89352455891786e-03,
    6.37261928875436e-04,
    1.48572235717979e-05,
    5.12229709037114e-08,
    -8.60467152213735e-11,
    2.00018790482477e-13,
    -2.76076847742355e-16,
)
Q = (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)


def tanh(x: Any) -> Any:
    """Return tanh(x), in x's precision."""
    raise NotImplementedError("it is compiled only, see _tanh_of")


@overload(tanh, inline="always")
def _tanh_of(x: Any) -> Any:
    single = np.float32
    limit = single(LIMIT)
    p0, p1, p2, p3, p4, p5, p6 = (single(p) for p in P)
    q0, q1, q2, q3 = (single(q) for q in Q)

    def approximate(x: Any) -> Any:
        x = min(max(x, -limit), limit)
        s = x * x
        upper = p0 + s * (p1 + s * (p2 + s * (p3 + s * (p4 + s * (p5 + s * p6)))))
        return x * upper / (q0 + s * (q1 + s * (q2 + s * q3)))

    def exact(x: Any) -> Any:
        return math.tanh(x)

    return approximate if x.bitwidth == 32 else exact


@compiled
def gelu(x: Floats, y: Floats) -> None:
    """Write GELU of (n,) numbers to `y`."""
    one, half, scale = x.dtype.type(1), x.dtype.type(0.5), x.dtype.type(0.7978845608028654)
    cubic = x.dtype.type(0.044715)
    for i in range(len(x)):
        v = x[i]
        y[i] = half * v * (one + tanh(scale * v * (one + cubic * v * v)))


@compiled
def gelu_derivative(x: Floats, delta: Floats) -> None:
    """Multiply `delta` by the derivative of GELU at (n,) numbers."""
    one, half, scale = x.dtype.type(1), x.dtype.type(0.5), x.dtype.type(0.7978845608028654)
    cubic, triple = x.dtype.type(0.044715), x.dtype.type(3 * 0.044715)
    for i in range(len(x)):
        v = x[i]
        t = tanh(scale * v * (one + cubic * v * v))
        slope = half * (one + t) + half * v * (one - t * t) * scale * (one + triple * v * v)
        delta[i] *= slope
