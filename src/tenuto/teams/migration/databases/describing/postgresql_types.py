"""What a type of PostgreSQL says about the values."""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from tenuto.teams.migration.schema import Kind, Type

Enumerations: TypeAlias = Mapping[int, tuple[str, ...]]
"""The values of each enumeration, by the type's oid."""

_KINDS: Final[dict[str, Kind]] = {
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "oid": "integer",
    "numeric": "decimal",
    "money": "decimal",
    "real": "float",
    "double precision": "float",
    "bytea": "bytes",
    "date": "date",
    "time without time zone": "time",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "json": "json",
    "jsonb": "json",
    "uuid": "uuid",
}
_SIZES: Final = re.compile(r"\((\d+)(?:,(-?\d+))?\)")


def type_of(declared: str, oid: int, enumerations: Enumerations) -> Type:
    """Return a type as it is declared; arrays are of JSON, and what has no kind of its own is of
    text: intervals, addresses of networks, ranges, bit strings, XML."""
    if declared.endswith("[]"):
        return Type(declared=declared, kind="json")
    if oid in enumerations:
        return Type(declared=declared, kind="text", values=enumerations[oid])
    sizes = _SIZES.search(declared)
    kind = _KINDS.get(_SIZES.sub("", declared), "text")
    first = int(sizes[1]) if sizes else None
    second = int(sizes[2]) if sizes and sizes[2] else None
    if kind == "decimal":
        return Type(
            declared=declared,
            kind=kind,
            precision=first,
            scale=2 if declared == "money" else second or (first and 0),
        )
    return Type(declared=declared, kind=kind, length=first if kind == "text" else None)
