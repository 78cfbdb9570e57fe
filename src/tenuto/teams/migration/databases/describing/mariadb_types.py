"""What a type of MariaDB says about the values."""

import re
from typing import Final

from tenuto.teams.migration.schema import Kind, Type

_KINDS: Final[dict[str, Kind]] = {
    "tinyint": "integer",
    "smallint": "integer",
    "mediumint": "integer",
    "int": "integer",
    "bigint": "integer",
    "year": "integer",
    "decimal": "decimal",
    "float": "float",
    "double": "float",
    "bit": "bytes",
    "binary": "bytes",
    "varbinary": "bytes",
    "tinyblob": "bytes",
    "blob": "bytes",
    "mediumblob": "bytes",
    "longblob": "bytes",
    "date": "date",
    "time": "time",
    "datetime": "timestamp",
    "timestamp": "timestamptz",
    "json": "json",
    "uuid": "uuid",
}
_SIZES: Final = re.compile(r"\((\d+)(?:,(\d+))?\)")
_VALUE: Final = re.compile(r"'((?:[^']|'')*)'")


def type_of(declared: str) -> Type:
    """Return a type as it is declared.

    `tinyint(1)` is what BOOLEAN becomes there, and stays an integer until its values are known:
    it may hold 7. `timestamp` is a moment in UTC, `datetime` one without a zone.
    """
    name = re.split(r"[( ]", declared.lower(), maxsplit=1)[0]
    kind = _KINDS.get(name, "text")
    if name in ("enum", "set"):
        values = tuple(value.replace("''", "'") for value in _VALUE.findall(declared))
        return Type(declared=declared, kind="text", values=values if name == "enum" else ())
    sizes = _SIZES.search(declared)
    first = int(sizes[1]) if sizes else None
    second = int(sizes[2]) if sizes and sizes[2] else None
    if declared.lower() == "bit(1)":
        return Type(declared=declared, kind="boolean")
    if kind == "decimal":
        return Type(declared=declared, kind=kind, precision=first, scale=second or 0)
    return Type(declared=declared, kind=kind, length=first if kind in ("text", "bytes") else None)
