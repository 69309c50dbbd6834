"""Short SIMD vectors of float32 inside Numba code.

Numba vectorises loops only where it can prove that arrays do not overlap, which a scatter never
allows. A `Lanes` value is an LLVM vector: one register, or several where the processor's are
narrower. `width` arguments are compile-time constants (see `numba.literally`).
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8  # of a full vector
PIXELS = 32  # processed together, so that their rows stay in the first-level cache

Loop = Callable[..., Any]

# Compiles loops over pixels' rows; by numpy's rules a division needs no test for zero.
jit = njit(nogil=True, cache=True, error_model="numpy")


def variant(*numbers: int) -> Callable[[Loop], Loop]:
    """Decorate a function that is made anew for other numbers, before it is compiled.

    Numba tells compiled functions apart by their names and a counter of its process. Two processes,
    the first of which was killed, may so give one symbol to two variants of a function, and
    whoever loads both from the cache fails.
    """

    def named(function: Loop) -> Loop:
        function.__qualname__ += "".join(f"_{number}" for number in numbers)
        return function

    return named


FLOAT, INT = ir.FloatType(), ir.IntType(32)


class Lanes(types.Type):
    """`width` float32 values processed together."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Lanes({width})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, ir.VectorType(FLOAT, lanes.width))


def _splat(builder: Any, scalar: Any, width: int) -> Any:
    """One scalar in all lanes."""
    vector = ir.VectorType(scalar.type, width)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, INT(0))
    mask = ir.Constant(ir.VectorType(INT, width), [0] * width)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), mask)


def _pointer(
    context: Any, builder: Any, array_type: Any, array: Any, start: Any, width: int
) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    place = builder.gep(data, [start])
    return builder.bitcast(place, ir.VectorType(FLOAT, width).as_pointer())


@intrinsic
def load(typing: Any, array: Any, start: Any, width: Any) -> Any:
    """The `width` values from `start` on of a one-dimensional contiguous float32 array."""
    if not isinstance(width, types.IntegerLiteral):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(
            context, builder, signature.args[0], arguments[0], arguments[1], width.literal_value
        )
        return builder.load(pointer, align=4)

    return Lanes(width.literal_value)(array, types.intp, width), generate


@intrinsic
def store(typing: Any, array: Any, start: Any, lanes: Any) -> Any:
    """Write all lanes to a one-dimensional contiguous float32 array from `start` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(
            context, builder, signature.args[0], arguments[0], arguments[1], lanes.width
        )
        builder.store(arguments[2], pointer, align=4)
        return context.get_dummy_value()

    return types.none(array, types.intp, lanes), generate


@intrinsic
def fill(typing: Any, value: Any, width: Any) -> Any:
    """The same value in every lane."""
    if not isinstance(width, types.IntegerLiteral):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _splat(builder, arguments[0], width.literal_value)

    return Lanes(width.literal_value)(types.float32, width), generate


def _overload(function: Any, instruction: str) -> None:
    """Define `function`, an operator, for two vectors of equal width."""

    class Signature(AbstractTemplate):
        def generic(self, arguments: Any, keywords: Any) -> Any:
            left, right = arguments
            return left(left, left) if isinstance(left, Lanes) and left == right else None

    infer_global(function)(Signature)

    @lower_builtin(function, Lanes, Lanes)
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)


_overload(operator.add, "fadd")
_overload(operator.sub, "fsub")
_overload(operator.mul, "fmul")
_overload(operator.truediv, "fdiv")


def _llvm(name: str, operands: int) -> Any:
    """LLVM's intrinsic `name`, of `operands` vectors."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = arguments[0].type
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(vector, [vector] * operands),
            f"llvm.{name}.v{vector.count}f32",
        )
        return builder.call(function, arguments)

    if operands == 1:

        @intrinsic
        def operation(typing: Any, a: Any) -> Any:
            return a(a), generate

    else:

        @intrinsic
        def operation(typing: Any, a: Any, b: Any, c: Any) -> Any:
            return a(a, b, c), generate

    return operation


fused_multiply_add = _llvm("fma", 3)
nearest = _llvm("rint", 1)


def _select(comparison: str) -> Any:
    """An intrinsic: the left lane where the comparison holds, else the right one."""

    @intrinsic
    def operation(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.select(builder.fcmp_ordered(comparison, *arguments), *arguments)

        return left(left, right), generate

    return operation


maximum = _select(">")
minimum = _select("<")


def _compare(comparison: str) -> Any:
    """An intrinsic: 1 in the lanes where the comparison holds, 0 in the others."""

    @intrinsic
    def operation(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            true = builder.fcmp_ordered(comparison, *arguments)
            return builder.uitofp(true, arguments[0].type)

        return left(left, right), generate

    return operation


less = _compare("<")
equal = _compare("==")


@intrinsic
def two_to_the(typing: Any, lanes: Any) -> Any:
    """2 to the power of lanes, which hold integers from -126 to 127."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integers = ir.VectorType(INT, lanes.width)
        exponent = builder.fptosi(arguments[0], integers)
        biased = builder.add(exponent, ir.Constant(integers, [127] * lanes.width))
        bits = builder.shl(biased, ir.Constant(integers, [23] * lanes.width))
        return builder.bitcast(bits, arguments[0].type)

    return lanes(lanes), generate


@intrinsic
def exponent_of(typing: Any, lanes: Any) -> Any:
    """The integer e such that lanes (positive, not denormal) are 2^e · [√½, √2)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integers = ir.VectorType(INT, lanes.width)
        least = int(np.sqrt(np.float32(0.5)).view(np.int32))
        bits = builder.bitcast(arguments[0], integers)
        above = builder.sub(bits, ir.Constant(integers, [least] * lanes.width))
        exponent = builder.ashr(above, ir.Constant(integers, [23] * lanes.width))
        return builder.sitofp(exponent, arguments[0].type)

    return lanes(lanes), generate


@intrinsic
def lane_sum(typing: Any, lanes: Any) -> Any:
    """The sum of all lanes, by adding halves until one is left."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (vector,) = arguments
        while vector.type.count > 1:
            half = vector.type.count // 2
            low, high = (
                builder.shuffle_vector(
                    vector,
                    ir.Constant(vector.type, ir.Undefined),
                    ir.Constant(ir.VectorType(INT, half), list(range(start, start + half))),
                )
                for start in (0, half)
            )
            vector = builder.fadd(low, high)
        return builder.extract_element(vector, INT(0))

    return types.float32(lanes), generate
