"""One form for the values of a column, whatever system they came from, and its digest.

Two columns hold the same when their canonical arrays are equal. What counts: each character of a
text with its case, its trailing blanks and its Unicode form; each digit of a number; microseconds.
What does not: how many zeros end a decimal, the sign of zero, which NaN it is, the zone a moment is
written in, the order of the keys of a JSON object, the case and the dashes of a UUID.

A column with a value that its kind has no place for becomes a column of texts, each the canonical
text of its value or, for such a value, what stands there: `texts`. So nothing is made equal by
force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.kora import single
from tenuto.teams.migration.schema import Kind

DECIMAL: Final = pa.decimal128(38, 18)
"""Decimals with more digits than this are compared as texts without ending zeros."""
MOMENT: Final = pa.timestamp("us", "UTC")
LOCAL: Final = pa.timestamp("us")
CLOSE: Final = 1e-9

Array: TypeAlias = pa.Array
Unfit = (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError)


def canonical(array: Array | pa.ChunkedArray, kind: Kind, scale: int | None = None) -> Array:
    """Return the values in the canonical type of a kind; or as texts, when one does not fit.

    Floats become decimals of `scale` digits after the point where these are within 1e-9 of them.
    """
    whole = plain(array)
    if kind == "decimal" and scale is not None and pa.types.is_floating(whole.type):
        whole = rounded(whole.cast(pa.float64()), scale)
    if pa.types.is_null(whole.type):
        return pa.nulls(len(whole), TYPES[kind])
    try:
        return CASTS[kind](whole)
    except Unfit:
        return texts(whole, kind)


def rounded(array: Array, scale: int) -> Array:
    """Return floats at the decimal next to them, where that is no further than a float is exact."""
    near = pc.round(array, scale)
    close = pc.less_equal(pc.abs(pc.subtract(near, array)), pc.multiply(pc.abs(array), CLOSE))
    return pc.if_else(close, near, array)


def texts(array: Array, kind: Kind) -> Array:
    """Return the canonical text of each value, found one by one; null stays null."""
    text_of = single.TEXTS[kind]
    return pa.array(
        [None if value is None else single.text(value, text_of) for value in values(array)],
        pa.large_string(),
    )


def values(array: Array) -> list[object]:
    """Return the values of an array for Python, also those that its calendar does not have."""
    try:
        return list(array.to_pylist())
    except (ValueError, OverflowError):
        return list(array.cast(pa.string()).to_pylist())


def plain(array: Array | pa.ChunkedArray) -> Array:
    """Return one array without chunks, extensions, dictionaries and views."""
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.nulls(0, whole.type)
    if isinstance(whole, pa.ExtensionArray):
        whole = whole.storage
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    return whole


def digest(array: Array) -> bytes:
    """Return 16 bytes that two canonical arrays share only if type and values are the same.

    Neither offsets, nor slices, nor what lies below a null count. Some 1 GB a second.
    """
    mark = hashlib.blake2b(f"{array.type}:{len(array)}:{array.null_count}".encode(), digest_size=16)
    if array.null_count:
        mark.update(bits(array.is_valid()))
    if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type):
        if array.null_count:
            array = pc.fill_null(array, b"" if pa.types.is_large_binary(array.type) else "")
        mark.update(pc.binary_length(array).buffers()[1])
        mark.update(contents(array))
    elif pa.types.is_boolean(array.type):
        mark.update(bits(pc.fill_null(array, False) if array.null_count else array))
    elif len(array):
        mark.update(fixed(array))
    return mark.digest()


def bits(array: Array) -> memoryview:
    """Return one byte for each of some booleans without nulls."""
    return memoryview(array.cast(pa.uint8()).buffers()[1])[: len(array)]


def contents(array: Array) -> memoryview:
    """Return the bytes of all texts or blobs, one after the other."""
    data = array.buffers()[2]
    if data is None or not len(array):
        return memoryview(b"")
    offsets = memoryview(array.buffers()[1]).cast("q")
    first, last = offsets[array.offset], offsets[array.offset + len(array)]
    return memoryview(data)[first:last]


def fixed(array: Array) -> memoryview:
    """Return the bytes of values of one width, zero where a value is null."""
    width = array.type.bit_width // 8
    if array.null_count:
        array = pc.fill_null(array, zero_of(array.type))
    start = array.offset * width
    return memoryview(array.buffers()[1])[start : start + len(array) * width]


def zero_of(type: pa.DataType) -> pa.Scalar:
    """Return a scalar whose bytes are zero."""
    raw = pa.py_buffer(bytes(type.bit_width // 8))
    return pa.Array.from_buffers(type, 1, [None, raw])[0]


def same(left: Array, right: Array, kind: Kind) -> Array:
    """Return for each place whether two canonical arrays of one length hold the same there."""
    if left.type != right.type:
        left, right = texts(left, kind), texts(right, kind)
    both_null = pc.and_(left.is_null(), right.is_null())
    equal = pc.fill_null(pc.equal(left, right), False)
    if pa.types.is_floating(left.type):
        nan = pc.and_(pc.is_nan(left), pc.is_nan(right))
        equal = pc.or_(equal, pc.fill_null(nan, False))
    return pc.or_(both_null, equal)


def to_boolean(array: Array) -> Array:
    if pa.types.is_boolean(array.type):
        return array
    if not is_number(array.type):
        raise ValueError(f"{array.type} is no boolean")
    whole = array.cast(pa.int64())
    if pc.any(pc.invert(pc.is_in(whole, pa.array([0, 1, None], pa.int64())))).as_py():
        raise ValueError("neither 0 nor 1")
    return whole.cast(pa.bool_())


def to_integer(array: Array) -> Array:
    if is_text(array.type) or is_number(array.type) or pa.types.is_boolean(array.type):
        return array.cast(pa.int64())
    raise ValueError(f"{array.type} is no integer")


def to_decimal(array: Array) -> Array:
    if pa.types.is_floating(array.type):
        array = array.cast(pa.string())
    if pa.types.is_integer(array.type):
        array = array.cast(pa.decimal128(20, 0))
    if is_text(array.type) or pa.types.is_decimal(array.type):
        return array.cast(DECIMAL)
    raise ValueError(f"{array.type} is no decimal")


def to_float(array: Array) -> Array:
    if not (is_text(array.type) or is_number(array.type)):
        raise ValueError(f"{array.type} is no float")
    # Adding zero makes +0.0 of -0.0; which NaN it is says nothing.
    whole = pc.add(array.cast(pa.float64()), 0.0)
    odd = pc.is_nan(whole)
    return pc.if_else(odd, float("nan"), whole) if pc.any(odd).as_py() else whole


def to_text(array: Array) -> Array:
    if is_text(array.type) or is_bytes(array.type):
        return array.cast(pa.large_string())
    raise ValueError(f"{array.type} is no text")


def to_bytes(array: Array) -> Array:
    if is_bytes(array.type):
        return array.cast(pa.large_binary())
    raise ValueError(f"{array.type} is no bytes")


def to_date(array: Array) -> Array:
    if is_text(array.type):
        try:
            return array.cast(pa.date32())
        except pa.ArrowInvalid:
            array = array.cast(LOCAL)
    if is_dated(array.type):
        days = array.cast(pa.date32())
        if pa.types.is_timestamp(array.type) and not days.cast(array.type).equals(array):
            raise ValueError("not midnight")
        return days
    raise ValueError(f"{array.type} is no date")


def to_time(array: Array) -> Array:
    if is_text(array.type):
        day = pa.scalar("1970-01-01 ", array.type)
        array = pc.binary_join_element_wise(day, array, pa.scalar("", array.type))
        return array.cast(LOCAL).cast(pa.time64("us"))
    if pa.types.is_time(array.type):
        return array.cast(pa.time64("us"))
    raise ValueError(f"{array.type} is no time")


def to_timestamp(array: Array) -> Array:
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        raise ValueError("a moment is no local time")
    if is_text(array.type) or is_dated(array.type):
        return array.cast(LOCAL)
    raise ValueError(f"{array.type} is no timestamp")


def to_moment(array: Array) -> Array:
    if is_text(array.type):
        try:
            return array.cast(MOMENT)
        except pa.ArrowInvalid:
            array = array.cast(LOCAL)
    if is_dated(array.type):
        return array.cast(MOMENT)
    raise ValueError(f"{array.type} is no moment")


def to_json(array: Array) -> Array:
    return texts(array, "json")


def to_uuid(array: Array) -> Array:
    if is_text(array.type):
        whole = array.cast(pa.large_string())
        if (
            pc.all(pc.match_substring_regex(whole, f"^{single.DASHED.pattern}$")).as_py()
            is not False
        ):
            return pc.ascii_lower(whole)
        return texts(array, "uuid")
    if pa.types.is_fixed_size_binary(array.type) and array.type.byte_width == 16:
        digits = pa.py_buffer(bytes(fixed(array)).hex().encode())
        starts = pa.array(range(0, 32 * len(array) + 1, 32), pa.int64()).buffers()[1]
        whole = pa.Array.from_buffers(pa.large_string(), len(array), [None, starts, digits])
        for place in (8, 13, 18, 23):
            whole = pc.binary_replace_slice(whole, place, place, "-")
        return pc.if_else(array.is_valid(), whole, None) if array.null_count else whole
    return texts(array, "uuid")


def is_text(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type)
    )


def is_bytes(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type)
        or pa.types.is_large_binary(type)
        or pa.types.is_fixed_size_binary(type)
        or pa.types.is_binary_view(type)
    )


def is_number(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(type) or pa.types.is_floating(type) or pa.types.is_decimal(type)
    )


def is_dated(type: pa.DataType) -> bool:
    return bool(pa.types.is_date(type) or pa.types.is_timestamp(type))


TYPES: Final[dict[Kind, pa.DataType]] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "decimal": DECIMAL,
    "float": pa.float64(),
    "text": pa.large_string(),
    "bytes": pa.large_binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": LOCAL,
    "timestamptz": MOMENT,
    "json": pa.large_string(),
    "uuid": pa.large_string(),
}

CASTS: Final[dict[Kind, Callable[[Array], Array]]] = {
    "boolean": to_boolean,
    "integer": to_integer,
    "decimal": to_decimal,
    "float": to_float,
    "text": to_text,
    "bytes": to_bytes,
    "date": to_date,
    "time": to_time,
    "timestamp": to_timestamp,
    "timestamptz": to_moment,
    "json": to_json,
    "uuid": to_uuid,
}
