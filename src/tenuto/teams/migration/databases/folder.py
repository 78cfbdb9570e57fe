"""Folders of CSV or Parquet files, as databases whose tables are the files.

What is in them is first put into an SQLite database of its own in the folder for temporary files,
so that it can be asked, sampled, read by ranges and compared as any other. It is made once for the
files as they are, and again when one of them has another size or time.

Values of CSV are texts, as nobody has said what they are: `007` stays that. An empty field is null,
an empty text in quotes is an empty text.
"""

from __future__ import annotations

import csv
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.databases.sqlite import Sqlite

Form = Literal["csv", "parquet"]

ENDINGS: Final[dict[Form, tuple[str, ...]]] = {
    "csv": (".csv", ".tsv", ".txt"),
    "parquet": (".parquet", ".pq"),
}
BLOCK_BYTES: Final = 4_000_000
ROWS: Final = 20_000
LOOKED_AT: Final = 65_536
OLD_SECONDS: Final = 2 * 86_400


def staged(folder: Path, form: Form) -> Sqlite:
    """Return a database with a table for each file of a form in a folder.

    Raises:
        CannotConnect: there is no such folder, or no such file in it.
        DatabaseError: a file is not what its name says; with the row, where that is known.
    """
    if not folder.is_dir():
        raise port.CannotConnect(f"There is no folder {str(folder)!r}. Check the address.")
    files = sorted(one for one in folder.iterdir() if one.suffix.lower() in ENDINGS[form])
    if not files:
        raise port.CannotConnect(
            f"The folder {str(folder)!r} has no files that end in {', '.join(ENDINGS[form])}."
        )
    names = [one.stem for one in files]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise port.CannotConnect(
            f"The folder {str(folder)!r} has several files for the table {min(twice)!r}."
        )
    place = _place() / f"{_mark(files, form)}.db"
    if not place.is_file():
        _make(place, files, form)
    os.utime(place)
    return Sqlite(place)


def _place() -> Path:
    """Return the folder for what was put into databases, without what nobody has used for long."""
    owner = os.getuid() if hasattr(os, "getuid") else "all"
    place = Path(tempfile.gettempdir()) / f"tenuto-files-{owner}"
    place.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and place.stat().st_uid != os.getuid():
        raise port.CannotConnect(f"The folder {str(place)!r} belongs to somebody else.")
    for one in place.glob("*.db*"):
        with suppress(OSError):
            if time.time() - one.stat().st_mtime > OLD_SECONDS:
                one.unlink()
    return place


def _mark(files: list[Path], form: Form) -> str:
    facts = [(str(one.resolve()), one.stat().st_size, one.stat().st_mtime_ns) for one in files]
    return hashlib.sha256(repr((form, facts)).encode()).hexdigest()[:32]


def _make(place: Path, files: list[Path], form: Form) -> None:
    # Another process may make the same at the same time: who comes last wins, with the same.
    half = place.with_suffix(f".db-{os.getpid()}-{time.monotonic_ns()}")
    try:
        with closing(Sqlite(half, writing=True)) as database:
            for file in files:
                batches = _of_csv(file) if form == "csv" else _of_parquet(file)
                _fill(database, file.stem, batches)
        half.replace(place)
    except pa.ArrowInvalid as error:
        raise port.DatabaseError(f"A file of the source cannot be read: {error}") from error
    finally:
        half.unlink(missing_ok=True)


def _fill(database: Sqlite, table: str, batches: Iterator[pa.RecordBatch]) -> None:
    is_made = False
    for batch in batches:
        with database.writing() as writing:
            if not is_made:
                writing.execute(_declared(table, batch.schema))
                is_made = True
            if batch.num_rows:
                writing.ingest(table, batch)


def _declared(table: str, schema: pa.Schema) -> str:
    columns = ", ".join(f"{quoted('sqlite', one.name)} {_type(one.type)}" for one in schema)
    return f"CREATE TABLE {quoted('sqlite', table)} ({columns})"


def _type(type: pa.DataType) -> str:
    """Return a type that SQLite keeps values of a type of Arrow in as they are."""
    if pa.types.is_boolean(type):
        return "BOOLEAN"
    if pa.types.is_integer(type):
        return "INTEGER"
    if pa.types.is_floating(type):
        return "REAL"
    if pa.types.is_decimal(type):
        return f"DECIMAL TEXT({type.precision},{type.scale})"
    if pa.types.is_date(type):
        return "DATE"
    if pa.types.is_timestamp(type):
        return "TIMESTAMPTZ" if type.tz else "TIMESTAMP"
    if pa.types.is_time(type):
        return "TIME"
    return "BLOB" if type == pa.binary() else "TEXT"


def _of_csv(file: Path) -> Iterator[pa.RecordBatch]:
    with file.open("rb") as stream:
        start = stream.read(LOOKED_AT)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise port.DatabaseError(f"{file.name} is in UTF-16. Write it again in UTF-8.")
    parse = arrow_csv.ParseOptions(delimiter=_delimiter(start, file), newlines_in_values=True)
    names = _names(start, parse.delimiter)
    if not names:
        raise port.DatabaseError(f"{file.name} is empty: its first line is to name its columns.")
    if len({name.lower() for name in names}) < len(names) or "" in names:
        raise port.DatabaseError(
            f"{file.name} names a column twice, or one not at all: {', '.join(names)}."
        )
    convert = arrow_csv.ConvertOptions(
        # Not texts: what is no UTF-8 is told of later, with its row.
        column_types=dict.fromkeys(names, pa.binary()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    read = arrow_csv.ReadOptions(block_size=BLOCK_BYTES, column_names=names, skip_rows=1)
    try:
        with arrow_csv.open_csv(file, read, parse, convert) as rows:
            for batch in rows:
                yield _as_texts(batch)
    except pa.ArrowInvalid as error:
        raise port.DatabaseError(f"{file.name} cannot be read: {error}") from error


def _delimiter(start: bytes, file: Path) -> str:
    if file.suffix.lower() == ".tsv":
        return "\t"
    first = start.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(",;\t|", key=first.count)


def _names(start: bytes, delimiter: str) -> list[str]:
    text = start.decode("utf-8-sig", "replace")
    return next(csv.reader(text.splitlines(), delimiter=delimiter), [])


def _as_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return bytes as texts, also those that are no UTF-8."""
    columns = [
        pa.Array.from_buffers(
            pa.string(), len(column), column.buffers(), column.null_count, column.offset
        )
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _of_parquet(file: Path) -> Iterator[pa.RecordBatch]:
    with parquet.ParquetFile(file) as rows:
        yield from (_flat(batch) for batch in [_nothing(rows.schema_arrow)])
        for batch in rows.iter_batches(ROWS):
            yield _flat(batch)


def _nothing(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, one.type) for one in schema], schema=schema)


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch of types that SQLite can keep."""
    columns = {
        name: _plain(column, name)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _plain(column: pa.Array, name: str) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_duration(kind):
        raise port.Unsupported(
            f"The column {name!r} is of the type {kind}, for which a row of a table has no place."
        )
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", "UTC" if kind.tz else None))
    if pa.types.is_date(kind):
        return column.cast(pa.date32())
    if pa.types.is_time(kind):
        return column.cast(pa.time64("us"))
    if pa.types.is_unsigned_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.binary())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    return column
