"""Products of small blocks whose elements are eight lanes, held in the registers.

`block_product(rows)` is W[r, k] = Σ_l F[l, r] S[l, k], each element eight numbers that are
multiplied lane by lane, for `rows` values of r and `COLUMNS` of k. `load_rows` brings eight rows of
a matrix, wherever they lie, into such a form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .lanes import _VECTOR, WIDTH, _address, _elements, _transposed

ROWS = 6
"""Most rows of a block."""

COLUMNS = 4 if binding.get_host_cpu_features().get("avx512f", False) else 1
"""Columns of a block: 24 sums of eight lanes fill the registers of AVX-512, six those of AVX2.

Each sum is the same on either.
"""


def block_product(rows: int) -> Callable[..., Any]:
    """Return the intrinsic of a block of so many rows.

    Its arguments are (factors, f, source, s, step, n, w, to, stride), places counted in numbers:
    F[l, r] lies at f + 8 (rows l + r), S[l, k] at s + step l + 8 k, and W[r, k] goes to
    to + stride r + 8 k; the sums run over l < n in order.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def product(
        typingctx: Any, factors: Any, f: Any, source: Any, s: Any, step: Any, n: Any, w: Any,
        to: Any, stride: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            types_ = signature.args
            f_array, f_at, s_array, s_at, s_step, count, w_array, w_at, w_stride = arguments
            integer = f_at.type
            fused = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(_VECTOR, [_VECTOR] * 3),
                f"llvm.fma.v{WIDTH}f64",
            )
            zero = ir.Constant(_VECTOR, [0.0] * WIDTH)
            sums = [
                [cgutils.alloca_once_value(builder, zero) for _ in range(COLUMNS)]
                for _ in range(rows)
            ]
            with cgutils.for_range(builder, count, intp=integer) as loop:
                base = builder.add(s_at, builder.mul(loop.index, s_step))
                first = builder.mul(loop.index, ir.Constant(integer, rows * WIDTH))
                first = builder.add(f_at, first)
                columns = [
                    _load(context, builder, types_[2], s_array, base, k * WIDTH)
                    for k in range(COLUMNS)
                ]
                for r in range(rows):
                    factor = _load(context, builder, types_[0], f_array, first, r * WIDTH)
                    for k, column in enumerate(columns):
                        value = builder.load(sums[r][k])
                        builder.store(builder.call(fused, [factor, column, value]), sums[r][k])
            for r in range(rows):
                row = builder.add(w_at, builder.mul(w_stride, ir.Constant(integer, r)))
                for k in range(COLUMNS):
                    index = builder.add(row, ir.Constant(integer, k * WIDTH))
                    address = _address(context, builder, types_[6], w_array, index)
                    builder.store(builder.load(sums[r][k]), address, align=8)
            return context.get_dummy_value()

        index = types.intp
        arguments = (factors, index, source, index, index, index, w, index, index)
        return types.void(*arguments), codegen

    return product  # type: ignore[no-any-return]


def _load(context: Any, builder: Any, array_type: Any, array: Any, base: Any, distance: int) -> Any:
    index = builder.add(base, ir.Constant(base.type, distance))
    return builder.load(_address(context, builder, array_type, array, index), align=8)


@intrinsic  # type: ignore[untyped-decorator]
def load_rows(
    typingctx: Any, source: Any, offsets: Any, first: Any, k: Any, buffer: Any, to: Any
) -> Any:
    """buffer[to + 8 j + l] = source[offsets[first + l] + k + j] for j, l < 8."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        types_ = signature.args
        offset = _elements(context, builder, types_[1], arguments[1])
        rows = []
        for lane in range(WIDTH):
            at = builder.add(arguments[2], ir.Constant(arguments[2].type, lane))
            index = builder.add(builder.load(builder.gep(offset, [at])), arguments[3])
            address = _address(context, builder, types_[0], arguments[0], index)
            rows.append(builder.load(address, align=8))
        for j, column in enumerate(_transposed(builder, rows)):
            index = builder.add(arguments[5], ir.Constant(arguments[5].type, j * WIDTH))
            address = _address(context, builder, types_[4], arguments[4], index)
            builder.store(column, address, align=8)
        return context.get_dummy_value()

    return types.void(source, offsets, types.intp, types.intp, buffer, types.intp), codegen
