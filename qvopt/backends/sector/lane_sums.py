"""Cumulative sums of eight lanes and searches among them, without branches.

Inside `njit` functions only: `cumulate(v)` has v[0] + … + v[l] in lane l, summed in a fixed order;
`last(v)` is lane 7; `count_up_to(a, i, x)` says how many of a[i : i + 8] are at most x.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from .lanes import WIDTH, lanes

_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, WIDTH)
_INDEX = ir.IntType(32)


@intrinsic  # type: ignore[untyped-decorator]
def cumulate(typingctx: Any, value: Any) -> Any:
    """Sums of the lanes up to each, by three additions of shifted vectors."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zeros = ir.Constant(_VECTOR, [0.0] * WIDTH)
        out = arguments[0]
        for step in (1, 2, 4):
            order = [k - step if k >= step else WIDTH + k for k in range(WIDTH)]
            mask = ir.Constant(ir.VectorType(_INDEX, WIDTH), order)
            out = builder.fadd(out, builder.shuffle_vector(out, zeros, mask))
        return out

    return lanes(lanes), codegen


@intrinsic  # type: ignore[untyped-decorator]
def last(typingctx: Any, value: Any) -> Any:
    """The last lane."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_element(arguments[0], _INDEX(WIDTH - 1))

    return types.float64(lanes), codegen


@intrinsic  # type: ignore[untyped-decorator]
def count_up_to(typingctx: Any, array: Any, index: Any, limit: Any) -> Any:
    """How many of array[index : index + 8] are at most `limit`."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, value=arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), _VECTOR.as_pointer())
        values = builder.load(address, align=8)
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[2], _INDEX(0))
        zeros = ir.Constant(ir.VectorType(_INDEX, WIDTH), [0] * WIDTH)
        limits = builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)
        mask = builder.bitcast(builder.fcmp_ordered("<=", values, limits), ir.IntType(WIDTH))
        wide = builder.zext(mask, ir.IntType(64))
        return builder.ctpop(wide)

    return types.int64(array, types.intp, types.float64), codegen
