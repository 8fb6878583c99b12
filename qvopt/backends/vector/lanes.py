"""Vectors of eight float64 for kernels: what a compiler's vectoriser would have to find out.

A plane of amplitudes is an array of shape (rows, 8). `load` takes a row of it into a vector, on
which `+`, `-` and `*` act lane by lane; LLVM maps them to the registers that a processor has. Sums
are taken lane by lane and in a fixed order, so that results do not depend on how a loop was
compiled, and no kernel needs `fastmath`.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]
from numba import types
from numba.extending import intrinsic, models, overload, register_model

LANES = 8
LANE_BITS = 3

_INDEX = ir.IntType(32)
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_ORDER = ir.VectorType(_INDEX, LANES)


class LanesType(types.Type):  # type: ignore[misc]
    """Eight float64 in compiled code; they have no form in Python."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


_LANES = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _address(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(builder.bitcast(data, _VECTOR.as_pointer()), [row])


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def load(typing_context: Any, array: Any, row: Any) -> Any:
    """Return row `row` of a C-contiguous array of shape (rows, 8)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        value = builder.load(address)
        value.align = 8
        return value

    return _LANES(array, types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def store(typing_context: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a vector to row `row` of a C-contiguous array of shape (rows, 8)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address).align = 8
        return context.get_dummy_value()

    return types.void(array, types.uint64, _LANES), generate


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def splat(typing_context: Any, number: Any) -> Any:
    """Return a number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], _INDEX(0))
        return builder.shuffle_vector(first, first, ir.Constant(_ORDER, [_INDEX(0)] * LANES))

    return _LANES(types.float64), generate


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def total(typing_context: Any, lanes: Any) -> Any:
    """Return the sum over the lanes, in a fixed order."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        parts = [builder.extract_element(arguments[0], _INDEX(k)) for k in range(LANES)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [builder.fadd(parts[k], parts[k + half]) for k in range(half)]
        return parts[0]

    return types.float64(_LANES), generate


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def parity(typing_context: Any, mask: Any) -> Any:
    """Return (-1)^{number of ones}, as a float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ones = builder.ctpop(arguments[0])
        odd = builder.trunc(ones, ir.IntType(1))
        return builder.select(odd, ir.DoubleType()(-1.0), ir.DoubleType()(1.0))

    return types.float64(types.uint64), generate


def _exchange(mask: int) -> Any:
    order = [_INDEX(k ^ mask) for k in range(LANES)]

    @intrinsic  # type: ignore[untyped-decorator,unused-ignore]
    def exchange(typing_context: Any, lanes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            lanes = arguments[0]
            return builder.shuffle_vector(lanes, lanes, ir.Constant(_ORDER, order))

        return _LANES(_LANES), generate

    return exchange


exchange1, exchange2, exchange4 = _exchange(1), _exchange(2), _exchange(4)
"""Lane k goes to lane k ^ 1, k ^ 2, k ^ 4."""


def _arithmetic(sign: Any, instruction: str) -> None:
    @intrinsic  # type: ignore[untyped-decorator,unused-ignore]
    def combine(typing_context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(*arguments)

        return _LANES(_LANES, _LANES), generate

    @overload(sign)  # type: ignore[untyped-decorator,unused-ignore]
    def of_lanes(a, b):  # type: ignore[no-untyped-def]
        if isinstance(a, LanesType) and isinstance(b, LanesType):
            return lambda a, b: combine(a, b)
        return None


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
