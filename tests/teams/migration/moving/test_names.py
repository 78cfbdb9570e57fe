"""Tables and columns may be called anything."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import Read, Span
from tenuto.teams.migration.databases.quoting import quoted
from tests import mariadb
from tests.mariadb import needs_mariadb
from tests.postgres import fresh_database, needs_postgres

TABLES = ["Order Items", "select", 'we"ird', "back`tick", "ta;ble -- x", "Größe", "it's"]
COLUMNS = ["from", "Mixed Case", 'quo"te', "pla%ce", "que?stion", "ba`ck", "ein's"]


@pytest.mark.parametrize(
    "system",
    [
        "sqlite",
        pytest.param("postgresql", marks=needs_postgres),
        pytest.param("mariadb", marks=needs_mariadb),
    ],
)
def test_rows_are_written_and_read_whatever_names_are_like(system: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = {
            "sqlite": lambda: f"sqlite:///{tmp_path / 'a.db'}",
            "postgresql": lambda: stack.enter_context(fresh_database()),
            "mariadb": lambda: stack.enter_context(mariadb.fresh_database()),
        }[system]()
        database = stack.enter_context(closing(open_database(url, writing=True)))
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
