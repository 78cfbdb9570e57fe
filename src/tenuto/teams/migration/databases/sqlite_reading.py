"""Reading a table of SQLite in batches, with what is stored otherwise than expected put aside.

The query begins with a row of constants, one of each class, as ADBC takes a column's type from its
first batch: a column that begins with nulls alone would be one of integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import adbc_driver_manager
import adbc_driver_sqlite.dbapi as adbc
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.arrays import gathered, one_array
from tenuto.teams.migration.databases.quoting import literal, quoted
from tenuto.teams.migration.databases.sqlite_errors import told
from tenuto.teams.migration.schema import Scalar

EXACT: Final = 2**53
"""Up to here each integer has a float of its own. Source: IEEE 754, 53 bits of significand."""
NO_LIMIT: Final = 2**62
SAMPLES: Final = {"integer": "0", "real": "0.0", "text": "''", "blob": "x''", "broken": "''"}
TYPES: Final = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "text": pa.string(),
    "blob": pa.binary(),
    "broken": pa.string(),
}
MISMATCH: Final = "Type mismatch"
"""So ADBC says that a value is not of its column's type. Source: its SQLite driver, 1.13."""
ASIDE: Final = "strange"

Classes = tuple[port.StoredAs, ...]


def batches(
    uri: str, read: port.Read, classes: Classes, *, busy_seconds: float, small: int
) -> Iterator[pa.RecordBatch]:
    """Return the rows of a table; one transaction sees all of them.

    ADBC itself refuses most of what is stored otherwise, so guards are for what it would coerce;
    when it refuses something, all that is left is read with every value guarded, which takes some
    three times as long.

    Args:
        small: rows that ADBC gathers at once; it knows no bound in bytes.
    """
    last: tuple[Scalar, ...] | None = read.span.after
    try:
        with adbc.connect(uri, autocommit=False) as connection:
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
                cursor.fetchall()
            if read.by and not read.limit and set(read.by) <= set(read.columns):
                try:
                    for batch in _run(connection, read, classes, small, quick=True):
                        last = key_of(batch, read.by)
                        yield batch
                    return
                except OSError as error:
                    if MISMATCH not in str(error):
                        raise
            rest = msgspec.structs.replace(
                read, span=msgspec.structs.replace(read.span, after=last)
            )
            yield from _run(connection, rest, classes, small, quick=False)
    except (adbc_driver_manager.Error, OSError) as error:
        raise told(error, uri) from error


def key_of(batch: pa.RecordBatch, by: tuple[str, ...]) -> tuple[Scalar, ...]:
    """Return the key of the last row of a batch.

    Raises:
        DatabaseError: part of it is stored otherwise than in other rows; there is no going on
            behind it.
    """
    key = tuple(batch.column(name)[-1].as_py() for name in by)
    if None in key:
        raise port.DatabaseError(
            f"The key ({', '.join(by)}) is null, or stored otherwise than in most rows."
        )
    return key


def _run(
    connection: adbc.Connection, read: port.Read, classes: Classes, small: int, *, quick: bool
) -> Iterator[pa.RecordBatch]:
    with connection.cursor() as cursor:
        rows = min(small, read.batch_rows)
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows)})
        cursor.execute(query(read, classes, quick=quick))
        stream = cursor.fetch_record_batch()
        if quick and stream.schema.types[:-1] != [TYPES[kind] for kind in classes]:
            # In its first batch ADBC finds a type that all values can be made to fit.
            raise OSError(MISMATCH)
        for batch in gathered(_without_sample(stream), read.batch_rows, port.BATCH_BYTES):
            yield sorted_out(batch, read.columns, quick=quick)


def _without_sample(stream: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return batches without the first row of all."""
    for place, batch in enumerate(stream):
        rows = batch if place else batch.slice(1)
        if rows.num_rows:
            yield rows


def query(read: port.Read, classes: Classes, *, quick: bool) -> str:
    """Return the SELECT for a read."""
    names = [quoted("sqlite", name) for name in read.columns]
    pairs = list(zip(names, classes, strict=True))
    samples = ", ".join(f"{SAMPLES[kind]} AS {name}" for name, kind in pairs)
    plain = ", ".join(names)
    values = ", ".join(f"{guarded(name, kind)} AS {name}" for name, kind in pairs)
    return (
        f"SELECT {samples}, '' AS {ASIDE} UNION ALL SELECT * FROM (SELECT "
        f"{plain if quick else values}, {aside(pairs, coerced if quick else misfit)} "
        f"FROM {quoted('sqlite', read.table)} {conditions(read)})"
    )


def coerced(name: str, kind: str) -> str:
    """Return the condition that ADBC would make another value of what is stored, in silence; or
    nothing. It calls no function for a value that is as expected."""
    if kind == "text":
        # Numbers are less than texts, and blobs greater.
        return f"({name} COLLATE BINARY < '' OR {name} COLLATE BINARY >= x'')"
    if kind == "real":
        return f"({name} NOT BETWEEN -{EXACT} AND {EXACT} AND typeof({name}) = 'integer')"
    return f"{name} < x''" if kind == "blob" else ""


def guarded(name: str, kind: str) -> str:
    """Return a column's value where it is stored as expected, else null."""
    if kind == "real":
        return (
            f"CASE typeof({name}) WHEN 'real' THEN {name} WHEN 'integer' THEN "
            f"CASE WHEN {name} BETWEEN -{EXACT} AND {EXACT} THEN CAST({name} AS REAL) END END"
        )
    return f"CASE typeof({name}) WHEN '{kind}' THEN {name} END"


def misfit(name: str, kind: str) -> str:
    """Return the condition that a value is stored otherwise than expected."""
    if kind == "real":
        return (
            f"(typeof({name}) NOT IN ('real', 'null') AND NOT (typeof({name}) = 'integer' AND "
            f"{name} BETWEEN -{EXACT} AND {EXACT}))"
        )
    return f"typeof({name}) NOT IN ('{kind}', 'null')"


def aside(pairs: list[tuple[str, port.StoredAs]], strange: Callable[[str, str], str]) -> str:
    """Return what is stored otherwise in a row, as `column,class,hex;` and so on; else null."""
    found = [
        (place, name, why)
        for place, (name, kind) in enumerate(pairs)
        if (why := strange(name, kind))
    ]
    if not found:
        return "NULL"
    cells = " || ".join(
        f"CASE WHEN {why} THEN '{place},' || typeof({name}) || ',' || "
        f"CASE typeof({name}) WHEN 'real' THEN hex(printf('%!.17g', {name})) "
        f"ELSE hex(CAST({name} AS BLOB)) END || ';' ELSE '' END"
        for place, name, why in found
    )
    return f"CASE WHEN {' OR '.join(why for _, _, why in found)} THEN {cells} END"


def conditions(read: port.Read) -> str:
    """Return WHERE, ORDER BY and LIMIT of a read."""
    wanted = [f"({read.where})"] if read.where else []
    if read.by:
        wanted += [
            f"({', '.join(quoted('sqlite', name) for name in read.by)}) {sign} "
            f"({', '.join(constant(value) for value in bound)})"
            for sign, bound in ((">", read.span.after), ("<=", read.span.upto))
            if bound is not None
        ]
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    order = ", ".join(f"{quoted('sqlite', name)} COLLATE BINARY" for name in read.by)
    by = f"ORDER BY {order}" if order else ""
    # Without a limit SQLite may forget the order of a query within a query.
    return f"{where} {by} LIMIT {read.limit or NO_LIMIT}"


def constant(value: Scalar) -> str:
    """Return a value of a key as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return (
            f"CAST(x'{value.encode().hex()}' AS TEXT)"
            if "\0" in value
            else literal("sqlite", value)
        )
    return repr(int(value) if isinstance(value, bool) else value)


def sorted_out(batch: pa.RecordBatch, names: tuple[str, ...], *, quick: bool) -> pa.RecordBatch:
    """Return a batch with strange values told by `STRANGE`, and without broken texts."""
    columns = [one_array(column) for column in batch.columns[:-1]]
    strange = _put_aside(batch.column(batch.num_columns - 1), names)
    if quick and strange:
        columns = [
            _without(column, [row for row, cells in strange.items() if name in cells])
            for column, name in zip(columns, names, strict=True)
        ]
    for place, column in enumerate(columns):
        if pa.types.is_string(column.type):
            columns[place] = _whole_texts(column, names[place], strange)
    kept = dict(zip(names, columns, strict=True))
    if strange:
        texts = [
            msgspec.json.encode(strange[row]).decode() if row in strange else None
            for row in range(batch.num_rows)
        ]
        kept[port.STRANGE] = pa.array(texts, pa.string())
    return pa.RecordBatch.from_arrays(list(kept.values()), names=list(kept))


def _without(column: pa.Array, rows: list[int]) -> pa.Array:
    """Return a column with null in some rows."""
    if not rows:
        return column
    places = pa.array(range(len(column)), pa.int64())
    gone = pc.is_in(places, pa.array(rows, pa.int64()))
    return pc.if_else(gone, pa.scalar(None, column.type), column)


def _put_aside(column: pa.Array, names: tuple[str, ...]) -> dict[int, port.Strange]:
    found: dict[int, port.Strange] = {}
    if column.null_count == len(column):
        return found
    for row, text in enumerate(column.to_pylist()):
        for cell in (text or "").split(";")[:-1]:
            place, kind, hexed = cell.split(",")
            found.setdefault(row, {})[names[int(place)]] = _cell(kind, bytes.fromhex(hexed))
    return found


def _cell(kind: str, raw: bytes) -> tuple[port.StoredAs, str]:
    if kind == "blob":
        return "blob", raw.hex()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return "broken", raw.hex()
    return kind, text  # type: ignore[return-value]  # typeof gives these


def _whole_texts(column: pa.Array, name: str, strange: dict[int, port.Strange]) -> pa.Array:
    """Return a column of texts with null for each that is no UTF-8."""
    try:
        column.validate(full=True)
        return column
    except pa.ArrowInvalid:
        raw = column.cast(pa.binary()).to_pylist()
    whole: list[str | None] = []
    for row, value in enumerate(raw):
        try:
            whole.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            whole.append(None)
            strange.setdefault(row, {})[name] = ("broken", value.hex())
    return pa.array(whole, pa.string())
