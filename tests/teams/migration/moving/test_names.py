"""Tables and columns may be called anything."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pyarrow as pa

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import Read, Span
from tenuto.teams.migration.databases.quoting import quoted
from tests.teams.migration.systems import on_each_system, target_of

TABLES = ["Order Items", "select", 'we"ird', "back`tick", "ta;ble -- x", "Größe", "it's"]
COLUMNS = ["from", "Mixed Case", 'quo"te', "pla%ce", "que?stion", "ba`ck", "ein's"]


@on_each_system
def test_rows_are_written_and_read_whatever_names_are_like(system: str, tmp_path: Path) -> None:
    with (
        target_of(system, tmp_path) as url,
        closing(open_database(url, writing=True)) as database,
    ):
        for table in TABLES:
            declared = ", ".join(f"{quoted(database.system, name)} bigint" for name in COLUMNS)
            with database.writing() as writing:
                writing.execute(f"CREATE TABLE {quoted(database.system, table)} ({declared})")
                row = {name: pa.array([place]) for place, name in enumerate(COLUMNS)}
                writing.ingest(table, pa.record_batch(row))

            read = Read(table=table, columns=tuple(COLUMNS), by=(COLUMNS[2], COLUMNS[4]))
            (batch,) = database.read(read)
            rest = msgspec.structs.replace(read, span=Span(after=(2, 4)))
            behind = list(database.read(rest))

            assert batch.to_pylist() == [{name: place for place, name in enumerate(COLUMNS)}], table
            assert behind == []
