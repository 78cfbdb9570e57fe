"""The last step of each column: its values in the Arrow type of their kind, and which do not fit.

Nothing is rounded, cut or guessed: a value that has no exact place in the kind is a bad one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases.arrays import cast, tried
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Kind

Found = tuple[pa.Array, tuple[int, ...]]
"""Values, null where they are bad, and the places of the bad ones."""

DIGITS: Final = 38
EXACT: Final = 2**53


def to_kind(array: pa.Array, column: ColumnPlan) -> Found:
    """Return values in the type of a column's kind, and the places of those that do not fit."""
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), type_of(column)), ()
    return KINDS[column.kind](array, column)


def type_of(column: ColumnPlan) -> pa.DataType:
    """Return the Arrow type of a column's kind."""
    if column.kind == "decimal":
        return decimal_type(column)
    return TYPES[column.kind]


def decimal_type(column: ColumnPlan) -> pa.DataType:
    precision = column.precision or DIGITS
    scale = column.scale if column.scale is not None else (0 if column.precision else 18)
    return (
        pa.decimal128(precision, scale)
        if precision <= DIGITS
        else pa.decimal256(min(precision, 76), scale)
    )


TYPES: Final[dict[Kind, pa.DataType]] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "bytes": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "json": pa.string(),
    "uuid": pa.string(),
}


def is_text(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type))


def is_bytes(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type)
        or pa.types.is_large_binary(type)
        or pa.types.is_fixed_size_binary(type)
    )


def none_fits(array: pa.Array, type: pa.DataType) -> Found:
    """Return nulls, and the places of all values."""
    return pa.nulls(len(array), type), places(array.is_valid())


def places(mask: pa.Array) -> tuple[int, ...]:
    """Return where a mask is true."""
    return tuple(pc.indices_nonzero(mask).to_pylist())


def without(array: pa.Array, wrong: pa.Array) -> Found:
    """Return an array with null where the mask `wrong` is true, and those places."""
    bad = places(pc.fill_null(wrong, False))
    if not bad:
        return array, ()
    return pc.if_else(pc.fill_null(wrong, False), pa.scalar(None, array.type), array), bad


def to_boolean(array: pa.Array, column: ColumnPlan) -> Found:
    if pa.types.is_integer(array.type):
        whole, bad = without(array, pc.invert(pc.is_in(array, pa.array([0, 1], array.type))))
        return pc.cast(whole, pa.bool_()), bad
    if pa.types.is_boolean(array.type) or is_text(array.type):
        return cast(array, pa.bool_())
    return none_fits(array, pa.bool_())


def to_integer(array: pa.Array, column: ColumnPlan) -> Found:
    if pa.types.is_integer(array.type) or is_text(array.type) or pa.types.is_decimal(array.type):
        return cast(array, pa.int64())
    if pa.types.is_floating(array.type):
        fits, bad = without(array, pc.greater(pc.abs(array), float(EXACT)))
        made, worse = cast(fits, pa.int64())
        return made, tuple(sorted({*bad, *worse}))
    if pa.types.is_boolean(array.type):
        return cast(array, pa.int64())
    return none_fits(array, pa.int64())


def to_float(array: pa.Array, column: ColumnPlan) -> Found:
    if pa.types.is_decimal(array.type):
        return pc.cast(array, pa.float64()), ()
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or is_text(array.type):
        return cast(array, pa.float64())
    return none_fits(array, pa.float64())


def to_decimal(array: pa.Array, column: ColumnPlan) -> Found:
    type = decimal_type(column)
    if pa.types.is_floating(array.type):
        return decimals_of_floats(array, type)
    if pa.types.is_integer(array.type) or pa.types.is_boolean(array.type):
        return tried(array, lambda part: pc.cast(pc.cast(part, pa.decimal128(19, 0)), type), type)
    if pa.types.is_decimal(array.type) or is_text(array.type):
        return cast(array, type)
    return none_fits(array, type)


def decimals_of_floats(array: pa.Array, type: pa.DataType) -> Found:
    """Return the decimals whose nearest floats these are: 0.1 is one of two digits, 0.123 is not.

    With whole numbers below 2**53 that is arithmetic without rounding but the last division's,
    which is right by IEEE 754; Arrow's own cast from decimal to float is not (682.8 gives another).
    """
    power = 10.0**type.scale
    whole = pc.round(pc.multiply(array, power))
    quick = pc.less(pc.abs(whole), float(EXACT))
    if type.scale > 18 or not pc.all(pc.fill_null(quick, True)).as_py():
        return tried(array, lambda part: _decimals_one_by_one(part, type), type)
    exact, bad = without(whole, pc.not_equal(pc.divide(whole, power), array))
    digits = pc.cast(pc.cast(exact, pa.int64()), pa.decimal128(19, 0))
    unit = pa.scalar(Decimal(1).scaleb(-type.scale), pa.decimal128(max(type.scale, 1), type.scale))
    made, worse = cast(pc.multiply(digits, unit), type)
    return made, tuple(sorted({*bad, *worse}))


def _decimals_one_by_one(array: pa.Array, type: pa.DataType) -> pa.Array:
    texts = [None if value is None else Decimal(repr(value)) for value in array.to_pylist()]
    if any(text is not None and not text.is_finite() for text in texts):
        raise ValueError("neither an infinite number nor NaN is a decimal")
    return pa.array(texts, type)


def to_text(array: pa.Array, column: ColumnPlan) -> Found:
    if is_bytes(array.type):
        return none_fits(array, pa.string())
    return cast(array, pa.string())


def to_bytes(array: pa.Array, column: ColumnPlan) -> Found:
    if is_bytes(array.type):
        return cast(array, pa.binary())
    return none_fits(array, pa.binary())


def to_moment(type: pa.DataType) -> Callable[[pa.Array, ColumnPlan], Found]:
    def make(array: pa.Array, column: ColumnPlan) -> Found:
        if pa.types.is_time(array.type) != pa.types.is_time(type) and not is_text(array.type):
            return none_fits(array, type)
        if is_text(array.type) or pa.types.is_temporal(array.type):
            return tried(array, lambda part: _moment(part, type), type)
        return none_fits(array, type)

    return make


def _moment(array: pa.Array, type: pa.DataType) -> pa.Array:
    if is_text(array.type) and pa.types.is_timestamp(type) and type.tz:
        # Without a zone it is taken for UTC.
        return pc.cast(pc.cast(pc.replace_substring_regex(array, r"(\d)$", r"\1Z"), type), type)
    if is_text(array.type) and pa.types.is_time(type):
        return pc.cast(array, pa.time64("us"))
    return pc.cast(array, type)


def to_json(array: pa.Array, column: ColumnPlan) -> Found:
    if not is_text(array.type):
        return to_text(array, column)
    return tried(array, _checked_json, pa.string())


def _checked_json(array: pa.Array) -> pa.Array:
    for text in array.to_pylist():
        if text is not None:
            json.loads(text, parse_constant=_refuse)
    return array


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def to_uuid(array: pa.Array, column: ColumnPlan) -> Found:
    if is_bytes(array.type):
        return tried(array, _uuids_of_bytes, pa.string())
    return (
        tried(array, _uuids, pa.string()) if is_text(array.type) else none_fits(array, pa.string())
    )


def _uuids(array: pa.Array) -> pa.Array:
    texts = array.to_pylist()
    return pa.array([None if text is None else str(uuid.UUID(text)) for text in texts], pa.string())


def _uuids_of_bytes(array: pa.Array) -> pa.Array:
    raw = array.to_pylist()
    return pa.array(
        [None if value is None else str(uuid.UUID(bytes=value)) for value in raw], pa.string()
    )


KINDS: Final[dict[Kind, Callable[[pa.Array, ColumnPlan], Found]]] = {
    "boolean": to_boolean,
    "integer": to_integer,
    "decimal": to_decimal,
    "float": to_float,
    "text": to_text,
    "bytes": to_bytes,
    "date": to_moment(pa.date32()),
    "time": to_moment(pa.time64("us")),
    "timestamp": to_moment(pa.timestamp("us")),
    "timestamptz": to_moment(pa.timestamp("us", "UTC")),
    "json": to_json,
    "uuid": to_uuid,
}
