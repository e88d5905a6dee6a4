"""A small builder of ONNX graphs: an operator is a method call, an array a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stages.runtime.errors import PipelineError

if TYPE_CHECKING:
    import onnx

OPSET = 17  # what ONNX Runtime reads since 1.12, of May 2022
IR_VERSION = 8
EXTRA = "pip install 'cifar-softmax[onnx]'"


class Graph:
    """Nodes and constants in the order in which they were asked for; tensors are names."""

    def __init__(self) -> None:
        self._onnx = import_onnx()
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: npt.DTypeLike, shape: list[int | str]) -> str:
        """Declare an input; a dimension with a name may have any length."""
        self._inputs.append(self._value(name, dtype, shape))
        return name

    def output(self, tensor: str, name: str, dtype: npt.DTypeLike, shape: list[int | str]) -> None:
        """Declare `tensor` to be the output `name`."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [tensor], [name]))
        self._outputs.append(self._value(name, dtype, shape))

    def constant(self, array: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Store an array in the model."""
        name = f"constant_{len(self._constants)}"
        values = np.ascontiguousarray(array, dtype=dtype)
        self._constants.append(self._onnx.numpy_helper.from_array(values, name))
        return name

    def node(self, operator: str, *tensors: str, **attributes: Any) -> str:
        """Apply an ONNX operator of one output."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, [*tensors], [name], **attributes))
        return name

    def cast(self, tensor: str, dtype: npt.DTypeLike) -> str:
        """Convert to another type of numbers."""
        return self.node("Cast", tensor, to=self._type(dtype))

    def model(self, name: str, metadata: dict[str, str]) -> onnx.ModelProto:
        """Return the model, checked, with its shapes inferred."""
        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, initializer=self._constants
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model: onnx.ModelProto = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="cifar-softmax"
        )
        helper.set_model_props(model, metadata)
        self._onnx.checker.check_model(model, full_check=True)
        return model

    def _value(
        self, name: str, dtype: npt.DTypeLike, shape: list[int | str]
    ) -> onnx.ValueInfoProto:
        value: onnx.ValueInfoProto = self._onnx.helper.make_tensor_value_info(
            name, self._type(dtype), shape
        )
        return value

    def _type(self, dtype: npt.DTypeLike) -> int:
        number: int = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return number


def import_onnx() -> Any:
    """Return the package `onnx`, which is an extra.

    Raises
    ------
    PipelineError
        If it is not installed; says how to install it.
    """
    try:
        import onnx.checker  # noqa: PLC0415 - an extra, and slow to import
        import onnx.numpy_helper  # noqa: PLC0415
    except ImportError as error:
        raise PipelineError(f"onnx cannot be imported ({error}): {EXTRA}") from None
    return onnx
