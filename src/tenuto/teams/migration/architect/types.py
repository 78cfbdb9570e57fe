"""The type that a target has for the values of a source.

A type is never narrower than what the source promises. SQLite promises little: its integers have 64
bits whatever is declared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from tenuto.teams.migration.databases.quoting import literal
from tenuto.teams.migration.schema import Kind, System, Type

VARCHAR_MAX: Final = 16_000
"""Of MariaDB: four bytes for a character, and 65,535 for a row."""
INDEXED_MAX: Final = 191
"""Characters of an indexed text of MariaDB whose length nobody tells: four such fit in a key."""
EXACT_DIGITS: Final = 15
"""So many digits SQLite keeps of a decimal: it makes it a double."""


class TargetType(msgspec.Struct, frozen=True, kw_only=True):
    """A type as the target declares it, and why where that needs a word."""

    type: str
    kind: Kind
    precision: int | None = None
    scale: int | None = None
    reason: str = ""
    confidence: float = 1.0


def target_type(of: Type, source: System, target: System, *, indexed: bool = False) -> TargetType:
    """Return the target's type for a type of the source.

    Args:
        indexed: the column is in a key or an index, which some systems want short.
    """
    if of.kind == "integer":
        return _INTEGERS[target](_width(of, source))
    if of.kind == "decimal":
        return _DECIMALS[target](of)
    if of.kind == "text":
        return _TEXTS[target](of, indexed)
    if of.kind == "bytes" and target == "mariadb":
        return TargetType(type=_mariadb_bytes(of, indexed), kind="bytes")
    if of.kind == "float" and _is_single(of, source):
        return TargetType(type="real" if target != "mariadb" else "float", kind="float")
    if of.kind == "json" and target == "postgresql" and of.declared.lower() == "json":
        return TargetType(type="json" if source == "postgresql" else "jsonb", kind="json")
    return _PLAIN[target][of.kind]


def _is_single(of: Type, source: System) -> bool:
    declared = of.declared.lower()
    return (source == "postgresql" and declared == "real") or (
        source == "mariadb" and declared.startswith("float")
    )


def _width(of: Type, source: System) -> str:
    """Return the words of PostgreSQL for how large its integers are; `huge` is beyond 64 bits."""
    words = of.declared.lower()
    unsigned = "unsigned" in words
    if source == "postgresql":
        return "integer" if words == "integer" else "smallint" if words == "smallint" else "bigint"
    if source == "mariadb":
        if "bigint" in words:
            return "huge" if unsigned else "bigint"
        if "tinyint" in words or "year" in words:
            return "smallint"
        if "smallint" in words:
            return "integer" if unsigned else "smallint"
        if "mediumint" in words:
            return "integer"
        return "bigint" if unsigned else "integer"
    if words in ("int16", "int8", "uint8"):
        return "smallint"
    if words in ("int32", "uint16"):
        return "integer"
    return "huge" if words == "uint64" else "bigint"


def _integer(width: str) -> TargetType:
    if width == "huge":
        return TargetType(type="numeric(20,0)", kind="decimal", precision=20, scale=0)
    return TargetType(type=width, kind="integer")


def _sqlite_integer(width: str) -> TargetType:
    if width == "huge":
        return TargetType(
            type="DECIMAL TEXT(20,0)",
            kind="decimal",
            precision=20,
            scale=0,
            reason="Integers of SQLite end at 63 bits; kept as text, with every digit.",
        )
    return TargetType(type=width.upper(), kind="integer")


def _mariadb_integer(width: str) -> TargetType:
    return TargetType(type="bigint unsigned" if width == "huge" else width, kind="integer")


_INTEGERS: Final[dict[System, Callable[[str], TargetType]]] = {
    "postgresql": _integer,
    "sqlite": _sqlite_integer,
    "mariadb": _mariadb_integer,
    "folder": _integer,
}


def _decimal(of: Type) -> TargetType:
    sizes = f"({of.precision},{of.scale or 0})" if of.precision else ""
    return TargetType(
        type=f"numeric{sizes}", kind="decimal", precision=of.precision, scale=of.scale
    )


def _sqlite_decimal(of: Type) -> TargetType:
    sizes = f"({of.precision},{of.scale or 0})" if of.precision else ""
    exact = of.precision is not None and of.precision <= EXACT_DIGITS
    return TargetType(
        type=f"DECIMAL{sizes}" if exact else f"DECIMAL TEXT{sizes}",
        kind="decimal",
        precision=of.precision,
        scale=of.scale,
        reason=""
        if exact
        else f"SQLite keeps {EXACT_DIGITS} digits of a number; kept as text, with every digit.",
    )


def _mariadb_decimal(of: Type) -> TargetType:
    if of.precision and of.precision <= 65 and (of.scale or 0) <= 38:
        return TargetType(
            type=f"decimal({of.precision},{of.scale or 0})",
            kind="decimal",
            precision=of.precision,
            scale=of.scale or 0,
        )
    return TargetType(
        type="decimal(65,30)",
        kind="decimal",
        precision=65,
        scale=30,
        reason="MariaDB wants a number of digits: 35 before and 30 after the point are its most.",
    )


_DECIMALS: Final[dict[System, Callable[[Type], TargetType]]] = {
    "postgresql": _decimal,
    "sqlite": _sqlite_decimal,
    "mariadb": _mariadb_decimal,
    "folder": _decimal,
}


def _text(of: Type, indexed: bool) -> TargetType:
    if of.declared.startswith("character(") and of.length:
        return TargetType(type=f"character({of.length})", kind="text")
    return TargetType(type=f"varchar({of.length})" if of.length else "text", kind="text")


def _sqlite_text(of: Type, indexed: bool) -> TargetType:
    return TargetType(type=f"VARCHAR({of.length})" if of.length else "TEXT", kind="text")


def _mariadb_text(of: Type, indexed: bool) -> TargetType:
    if of.values:
        values = ", ".join(literal("mariadb", value) for value in of.values)
        return TargetType(type=f"enum({values})", kind="text")
    if of.length and of.length <= VARCHAR_MAX:
        return TargetType(type=f"varchar({of.length})", kind="text")
    if indexed:
        return TargetType(
            type=f"varchar({INDEXED_MAX})",
            kind="text",
            reason=f"MariaDB indexes no text of any length; {INDEXED_MAX} characters fit in a key.",
            confidence=0.7,
        )
    return TargetType(type="longtext", kind="text")


def _mariadb_bytes(of: Type, indexed: bool) -> str:
    if of.length and of.length <= VARCHAR_MAX:
        return f"varbinary({of.length})"
    return f"varbinary({INDEXED_MAX})" if indexed else "longblob"


_TEXTS: Final[dict[System, Callable[[Type, bool], TargetType]]] = {
    "postgresql": _text,
    "sqlite": _sqlite_text,
    "mariadb": _mariadb_text,
    "folder": _text,
}


def _plain(**types: str) -> dict[Kind, TargetType]:
    kinds: dict[str, Kind] = {
        "boolean": "boolean",
        "float": "float",
        "bytes": "bytes",
        "date": "date",
        "time": "time",
        "timestamp": "timestamp",
        "timestamptz": "timestamptz",
        "json": "json",
        "uuid": "uuid",
    }
    return {kinds[name]: TargetType(type=type_, kind=kinds[name]) for name, type_ in types.items()}


_POSTGRESQL: Final = _plain(
    boolean="boolean",
    float="double precision",
    bytes="bytea",
    date="date",
    time="time",
    timestamp="timestamp",
    timestamptz="timestamptz",
    json="jsonb",
    uuid="uuid",
)
_PLAIN: Final[dict[System, dict[Kind, TargetType]]] = {
    "postgresql": _POSTGRESQL,
    "folder": _POSTGRESQL,
    # `TEXT` among the words keeps SQLite from making a number of what looks like one.
    "sqlite": _plain(
        boolean="BOOLEAN",
        float="DOUBLE PRECISION",
        bytes="BLOB",
        date="DATE",
        time="TIME",
        timestamp="TIMESTAMP",
        timestamptz="TIMESTAMPTZ",
        json="JSON TEXT",
        uuid="UUID",
    ),
    "mariadb": {
        **_plain(
            boolean="boolean",
            float="double",
            date="date",
            time="time(6)",
            timestamp="datetime(6)",
            json="json",
            uuid="uuid",
        ),
        "timestamptz": TargetType(
            type="datetime(6)",
            kind="timestamp",
            reason="TIMESTAMP of MariaDB ends in 2038; the time is kept in UTC, without a zone.",
        ),
    },
}
