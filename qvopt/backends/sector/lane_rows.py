"""Scattered elements of eight rows, each row in a lane of its own, to a buffer and back.

Element m of lane l is z[rows[i + l] + columns[8 m + l]], and left[i + l] right[8 m + l] times that
lies at buffer[to + 8 m + l], both factors being signs. Where the eight rows begin is looked up once
for all n elements of each; offsets are int64.

Inside `njit` functions only: `gather_rows` and `scatter_rows`, with the arguments
(z, rows, i, columns, left, right, buffer, to, n), copy to the buffer and back. `gather_pairs` and
`scatter_pairs` do so where the columns of lanes 4-7 are those of lanes 0-3, as with several planes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .lanes import _INDEX, _VECTOR, WIDTH, _address, _elements


def _copy(
    context: Any, builder: Any, signature: Any, arguments: Any, *, back: bool, alike: bool
) -> Any:
    """Write the loop of either direction; `alike`: the halves share their columns."""
    types_ = signature.args
    _, _, i, _, left, right, buffer, to, n = arguments
    integer = i.type
    data, row_of, column_of = (
        _elements(context, builder, types_[k], arguments[k]) for k in (0, 1, 3)
    )
    lines = []
    for lane in range(WIDTH):
        at = builder.add(i, ir.Constant(integer, lane))
        lines.append(builder.gep(data, [builder.load(builder.gep(row_of, [at]))]))
    sign = builder.load(_address(context, builder, types_[4], left, i), align=8)
    with cgutils.for_range(builder, n, intp=integer) as loop:
        first = builder.mul(loop.index, ir.Constant(integer, WIDTH))
        distances = []
        for lane in range(WIDTH // 2 if alike else WIDTH):
            at = builder.add(first, ir.Constant(integer, lane))
            distances.append(builder.load(builder.gep(column_of, [at])))
        addresses = [
            builder.gep(line, [distances[lane % len(distances)]]) for lane, line in enumerate(lines)
        ]
        other = builder.load(_address(context, builder, types_[5], right, first), align=8)
        signs = builder.fmul(sign, other)
        place = _address(context, builder, types_[6], buffer, builder.add(to, first))
        if back:
            value = builder.fmul(signs, builder.load(place, align=8))
            for lane, address in enumerate(addresses):
                builder.store(builder.extract_element(value, _INDEX(lane)), address)
        else:
            value = ir.Constant(_VECTOR, ir.Undefined)
            for lane, address in enumerate(addresses):
                value = builder.insert_element(value, builder.load(address), _INDEX(lane))
            builder.store(builder.fmul(signs, value), place, align=8)
    return context.get_dummy_value()


def _copying(*, back: bool, alike: bool) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def copy(
        typingctx: Any, z: Any, rows: Any, i: Any, columns: Any, left: Any, right: Any,
        buffer: Any, to: Any, n: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return _copy(context, builder, signature, arguments, back=back, alike=alike)

        index = types.intp
        return types.void(z, rows, index, columns, left, right, buffer, index, index), codegen

    return copy  # type: ignore[no-any-return]


gather_rows = _copying(back=False, alike=False)
scatter_rows = _copying(back=True, alike=False)
gather_pairs = _copying(back=False, alike=True)
scatter_pairs = _copying(back=True, alike=True)
