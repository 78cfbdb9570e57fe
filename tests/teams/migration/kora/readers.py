"""The smallest readers of SQLite and PostgreSQL: they stand for the databases of the team."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import pyarrow as pa

from tenuto.teams.migration.databases.port import Read
from tenuto.teams.migration.kora.sides import Changed
from tenuto.teams.migration.plan import TablePlan
from tenuto.teams.migration.schema import System


class Reader:
    """Reads tables in the order of a key."""

    def __init__(self, address: str | Path) -> None:
        self.address = str(address)
        self.system: System = "postgresql" if self.address.startswith("postgresql:") else "sqlite"

    def read(self, read: Read) -> Iterator[pa.RecordBatch]:
        connect = (
            adbc_driver_postgresql.dbapi
            if self.system == "postgresql"
            else adbc_driver_sqlite.dbapi
        )
        sql = f"SELECT {', '.join(map(quoted, read.columns))} FROM {quoted(read.table)}"
        if read.where:
            sql += f" WHERE {read.where}"
        if read.by:
            sql += f" ORDER BY {', '.join(map(quoted, read.by))}"
        with connect.connect(self.address) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()


def quoted(name: str) -> str:
    return f'"{name}"'


def named_as_planned(plan: TablePlan, batch: pa.RecordBatch) -> Changed:
    """Return the columns under the names of the target, their values as they are."""
    made = [column for column in plan.columns if column.source is not None]
    arrays = [batch.column(column.source) for column in made]
    return Changed(batch=pa.RecordBatch.from_arrays(arrays, names=[c.name for c in made]))
