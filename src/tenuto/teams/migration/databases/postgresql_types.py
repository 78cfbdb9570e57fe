"""The form in which each type of PostgreSQL takes values by binary COPY."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.arrays import Refused, cast, tried

PLAIN: Final[dict[str, pa.DataType]] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "character varying": pa.string(),
    "character": pa.string(),
    "name": pa.string(),
    "json": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "time without time zone": pa.time64("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "boolean": pa.bool_(),
    "uuid": pa.binary(16),
    "jsonb": pa.binary(),
}
DIGITS_MAX: Final = 76
"""Of an Arrow decimal."""


class Taken(msgspec.Struct, frozen=True):
    """How a column takes values."""

    declared: str
    type: object | None
    """The Arrow type whose binary form it takes; None: only texts, which PostgreSQL reads."""
    name: str

    @classmethod
    def of(cls, name: str, modifier: int, kind: str, declared: str) -> Taken:
        """Return how a type takes values, by what the catalogue says of it."""
        type = PLAIN.get(name)
        if name == "numeric":
            type = decimal(modifier)
        elif kind == "e":
            type = pa.string()
        return cls(declared, type, name)


def decimal(modifier: int) -> pa.DataType | None:
    """Return the Arrow type of a numeric; one that is declared without digits takes any."""
    if modifier < 4:
        return pa.decimal256(DIGITS_MAX, 18)
    precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
    if precision > DIGITS_MAX or scale > precision:
        return None
    return pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)


def binary(array: pa.Array, taken: Taken, column: str) -> pa.Array:
    """Return a column in the form that a type takes.

    Raises:
        BadValue: with the rows whose values do not fit.
    """
    type = pa.string() if taken.type is None else taken.type
    bad: tuple[int, ...] = ()
    if taken.name == "numeric" and taken.declared == "numeric" and pa.types.is_decimal(array.type):
        return array
    if taken.name == "jsonb":
        made = array if array.type == pa.binary() else versioned(array)
    elif taken.name == "uuid" and not pa.types.is_fixed_size_binary(array.type):
        made, bad = tried(array, uuids, pa.binary(16))
    elif taken.name == "real" and pa.types.is_floating(array.type):
        made = pc.cast(array, pa.float32(), safe=False)
    else:
        made, bad = cast(array, type)
    if bad:
        try:
            value = array[bad[0]].as_py()
        except Refused:
            value = "…"
        raise port.BadValue(
            f"PostgreSQL's type {taken.declared} has no place for {value!r}.",
            detail=f"{value!r} does not fit {taken.declared}",
            column=column,
            rows=bad,
        )
    return made


def versioned(texts: pa.Array) -> pa.Array:
    """Return texts of JSON as jsonb takes them: the version of the format goes before each."""
    prefix = pa.scalar(b"\x01", pa.binary())
    return pc.binary_join_element_wise(prefix, pc.cast(texts, pa.binary()), b"")


def uuids(array: pa.Array) -> pa.Array:
    """Return texts of UUIDs as 16 bytes each."""
    return pa.array(
        [None if text is None else uuid.UUID(text).bytes for text in array.to_pylist()],
        pa.binary(16),
    )
