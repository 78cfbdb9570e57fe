"""Reading a table of PostgreSQL in batches: binary COPY through ADBC, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import msgspec
import pyarrow as pa

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.arrays import one_array
from tenuto.teams.migration.databases.postgresql import kept_alive, numbered
from tenuto.teams.migration.databases.postgresql_errors import told
from tenuto.teams.migration.databases.postgresql_writing import TYPES
from tenuto.teams.migration.databases.quoting import literal, quoted
from tenuto.teams.migration.schema import Scalar

DIRECT: Final = frozenset(
    [
        "smallint", "integer", "bigint", "real", "double precision", "text", "character varying",
        "bytea", "date", "time without time zone", "timestamp without time zone",
        "timestamp with time zone", "boolean",
    ]
)  # fmt: skip
USUAL: Final = {
    "date": "BETWEEN '0001-01-01' AND '9999-12-31'",
    "timestamp without time zone": "BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999'",
    "timestamp with time zone": "BETWEEN '0001-01-02 00:00+00' AND '9999-12-30 00:00+00'",
    "time without time zone": "< '24:00'",
}
"""The values for which Arrow and Python have a place: no infinity, no year before 1, no 24:00."""
TEXTS: Final = ("text", "character varying", "character", "name")


def batches(url: str, read: port.Read) -> Iterator[pa.RecordBatch]:
    """Return the rows of a table; one transaction sees all of them."""
    try:
        with (
            adbc.connect(kept_alive(url), autocommit=False) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(numbered(TYPES), (quoted("postgresql", read.table),))
            types = {row[0]: row[1] for row in cursor.fetchall()}
            missing = [name for name in read.columns if name not in types]
            if missing:
                raise port.DatabaseError(
                    f"The source has no table {read.table!r} with the columns {missing}."
                )
            cursor.adbc_statement.set_options(
                **{"adbc.postgresql.batch_size_hint_bytes": str(port.BATCH_BYTES)}
            )
            cursor.execute(query(read, types))
            for batch in cursor.fetch_record_batch():
                for start in range(0, batch.num_rows, read.batch_rows):
                    yield plain(batch.slice(start, read.batch_rows), read.columns)
    except (adbc_driver_manager.Error, OSError) as error:
        raise told(error, getattr(error, "sqlstate", None), url) from error


def query(read: port.Read, types: dict[str, str]) -> str:
    """Return the SELECT for a read."""
    values = ", ".join(f"{value(name, types[name])}" for name in read.columns)
    strange = [
        odd(place, name, types[name])
        for place, name in enumerate(read.columns)
        if types[name] in USUAL
    ]
    aside = f", nullif(concat({', '.join(strange)}), '')" if strange else ""
    wanted = [f"({read.where})"] if read.where else []
    keys = ", ".join(key(name, types) for name in read.by)
    for sign, bound in ((">", read.span.after), ("<=", read.span.upto)):
        if bound is not None and read.by:
            wanted.append(
                f"({keys}) {sign} ("
                + ", ".join(
                    constant(one, types[name]) for one, name in zip(bound, read.by, strict=True)
                )
                + ")"
            )
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    order = f" ORDER BY {keys}" if read.by else ""
    limit = f" LIMIT {read.limit}" if read.limit else ""
    return f"SELECT {values}{aside} FROM {quoted('postgresql', read.table)}{where}{order}{limit}"


def key(name: str, types: dict[str, str]) -> str:
    """Return a column of a key, texts to be compared bytewise."""
    column = quoted("postgresql", name)
    return f'{column} COLLATE "C"' if types[name] in TEXTS else column


def constant(value: Scalar, type: str) -> str:
    """Return a value of a key as SQL writes it."""
    return "NULL" if value is None else f"{literal('postgresql', str(value))}::{type}"


def value(name: str, type: str) -> str:
    """Return what is selected for a column: itself, or its text where Arrow has no such type."""
    column = quoted("postgresql", name)
    if type in USUAL:
        return f"CASE WHEN {usual(column, type)} THEN {column} END AS {column}"
    return column if type in DIRECT else f"{column}::text AS {column}"


def usual(column: str, type: str) -> str:
    """Return the condition that Arrow has a place for a date or a moment."""
    return f"{column} {USUAL[type]}"


def odd(place: int, name: str, type: str) -> str:
    """Return a text that tells of a date for which Arrow, or Python, has no place."""
    column = quoted("postgresql", name)
    return f"CASE WHEN NOT ({usual(column, type)}) THEN '{place},' || {column}::text || ';' END"


def plain(batch: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
    """Return a batch without types of the driver's own, strange values told by `STRANGE`."""
    columns = [one_array(column) for column in batch.columns]
    columns = [
        column.storage if isinstance(column, pa.ExtensionArray) else column for column in columns
    ]
    kept = dict(zip(names, columns, strict=False))
    if len(columns) > len(names) and columns[-1].null_count < batch.num_rows:
        kept[port.STRANGE] = pa.array(
            [
                None
                if text is None
                else msgspec.json.encode(
                    {
                        names[int(place)]: ("text", odd)
                        for place, _, odd in (cell.partition(",") for cell in text.split(";")[:-1])
                    }
                ).decode()
                for text in columns[-1].to_pylist()
            ],
            pa.string(),
        )
    return pa.RecordBatch.from_arrays(list(kept.values()), names=list(kept))
