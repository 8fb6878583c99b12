"""Eight doubles as one value in numba: explicit vector arithmetic for the hot kernels.

What a compiler vectorises by itself it may vectorise differently elsewhere, and a sum then rounds
differently. Here the eight lanes are written down: the same operations in the same order on every
run, in two AVX2 registers, one AVX-512 register or four NEON ones.

Inside `njit` functions only: `load(a, i)` and `store(a, i, v)` move a[i : i + 8] of a contiguous
flat array without checks; `splat(x)` and `spread(a, i)` repeat x and a[i]; `add`, `mul`,
`fma(a, b, c) = a b + c` and `fnma = c - a b` are lane by lane; `swap` exchanges the halves (0-3
and 4-7), `swap_pairs` those of either half; `total` and `difference` add the lanes in a fixed
order, the latter the first half minus the second. `load_transposed` and `store_transposed` move
eight rows at once; offsets are int64. Products of blocks are in `lane_blocks`, scattered elements
in `lane_rows`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

WIDTH = 8
_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, WIDTH)
_INDEX = ir.IntType(32)


class Lanes(types.Type):  # type: ignore[misc]
    """The numba type of eight doubles."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes = Lanes()


@register_model(Lanes)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _VECTOR)


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def load(typingctx: Any, array: Any, index: Any) -> Any:
    """array[index : index + 8]."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(address, align=8)

    return lanes(array, types.intp), codegen


@intrinsic  # type: ignore[untyped-decorator]
def store(typingctx: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index : index + 8] = value."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), codegen


@intrinsic  # type: ignore[untyped-decorator]
def splat(typingctx: Any, value: Any) -> Any:
    """Eight times the same number."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], _INDEX(0))
        zeros = ir.Constant(ir.VectorType(_INDEX, WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)

    return lanes(types.float64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def spread(typingctx: Any, array: Any, index: Any) -> Any:
    """Eight times array[index]."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, value=arguments[0]).data
        value = builder.load(builder.gep(data, [arguments[1]]))
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, _INDEX(0))
        zeros = ir.Constant(ir.VectorType(_INDEX, WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)

    return lanes(array, types.intp), codegen


def _binary(name: str) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def operation(typingctx: Any, a: Any, b: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)

        return lanes(lanes, lanes), codegen

    return operation  # type: ignore[no-any-return]


add = _binary("fadd")
mul = _binary("fmul")


def _fused(negated: bool) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def operation(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            first, second, third = arguments
            if negated:
                first = builder.fneg(first)
            function = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(_VECTOR, [_VECTOR] * 3),
                f"llvm.fma.v{WIDTH}f64",
            )
            return builder.call(function, [first, second, third])

        return lanes(lanes, lanes, lanes), codegen

    return operation  # type: ignore[no-any-return]


fma = _fused(negated=False)
fnma = _fused(negated=True)


@intrinsic  # type: ignore[untyped-decorator]
def swap(typingctx: Any, value: Any) -> Any:
    """Exchange the two halves."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        half = WIDTH // 2
        order = [(k + half) % WIDTH for k in range(WIDTH)]
        mask = ir.Constant(ir.VectorType(_INDEX, WIDTH), order)
        return builder.shuffle_vector(arguments[0], ir.Constant(_VECTOR, ir.Undefined), mask)

    return lanes(lanes), codegen


@intrinsic  # type: ignore[untyped-decorator]
def swap_pairs(typingctx: Any, value: Any) -> Any:
    """Exchange lanes 0 and 1 with 2 and 3, and 4 and 5 with 6 and 7."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        mask = ir.Constant(ir.VectorType(_INDEX, WIDTH), [2, 3, 0, 1, 6, 7, 4, 5])
        return builder.shuffle_vector(arguments[0], ir.Constant(_VECTOR, ir.Undefined), mask)

    return lanes(lanes), codegen


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Columns of eight vectors, by three rounds of shuffles of two."""
    for step in (1, 2, 4):
        low = [k if not k & step else k - step + WIDTH for k in range(WIDTH)]
        high = [k + step if not k & step else k + WIDTH for k in range(WIDTH)]
        masks = [ir.Constant(ir.VectorType(_INDEX, WIDTH), m) for m in (low, high)]
        out = list(rows)
        for k in range(WIDTH):
            if not k & step:
                pair = rows[k], rows[k + step]
                out[k] = builder.shuffle_vector(*pair, masks[0])
                out[k + step] = builder.shuffle_vector(*pair, masks[1])
        rows = out
    return rows


def _elements(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return context.make_array(array_type)(context, builder, value=array).data


@intrinsic  # type: ignore[untyped-decorator]
def load_transposed(typingctx: Any, source: Any, offsets: Any, k: Any, buffer: Any) -> Any:
    """buffer[8 (k + j) + l] = source[offsets[l] + k + j] for j, l < 8."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        types_ = signature.args
        offset = _elements(context, builder, types_[1], arguments[1])
        to = builder.mul(arguments[2], ir.Constant(arguments[2].type, WIDTH))
        rows = []
        for lane in range(WIDTH):
            start = builder.load(builder.gep(offset, [ir.Constant(arguments[2].type, lane)]))
            index = builder.add(start, arguments[2])
            address = _address(context, builder, types_[0], arguments[0], index)
            rows.append(builder.load(address, align=8))
        for j, column in enumerate(_transposed(builder, rows)):
            index = builder.add(to, ir.Constant(to.type, j * WIDTH))
            address = _address(context, builder, types_[3], arguments[3], index)
            builder.store(column, address, align=8)
        return context.get_dummy_value()

    return types.void(source, offsets, types.intp, buffer), codegen


@intrinsic  # type: ignore[untyped-decorator]
def store_transposed(typingctx: Any, target: Any, offsets: Any, k: Any, buffer: Any) -> Any:
    """target[offsets[l] + k + j] = buffer[8 (k + j) + l] for j, l < 8."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        types_ = signature.args
        offset = _elements(context, builder, types_[1], arguments[1])
        at = builder.mul(arguments[2], ir.Constant(arguments[2].type, WIDTH))
        columns = []
        for j in range(WIDTH):
            index = builder.add(at, ir.Constant(at.type, j * WIDTH))
            address = _address(context, builder, types_[3], arguments[3], index)
            columns.append(builder.load(address, align=8))
        for lane, row in enumerate(_transposed(builder, columns)):
            start = builder.load(builder.gep(offset, [ir.Constant(arguments[2].type, lane)]))
            index = builder.add(start, arguments[2])
            address = _address(context, builder, types_[0], arguments[0], index)
            builder.store(row, address, align=8)
        return context.get_dummy_value()

    return types.void(target, offsets, types.intp, buffer), codegen


def _sum(negated: bool) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def operation(typingctx: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            parts = [builder.extract_element(arguments[0], _INDEX(k)) for k in range(WIDTH)]
            halves = []
            for half in (parts[: WIDTH // 2], parts[WIDTH // 2 :]):
                total = half[0]
                for part in half[1:]:
                    total = builder.fadd(total, part)
                halves.append(total)
            return (builder.fsub if negated else builder.fadd)(*halves)

        return types.float64(lanes), codegen

    return operation  # type: ignore[no-any-return]


total = _sum(negated=False)
difference = _sum(negated=True)
