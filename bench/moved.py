"""A table of mixed types for measurements of migrations: its rows, its plan, its limits."""

import contextlib
import random
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tenuto.teams.migration import moving
from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.plan import ColumnPlan, Plan, TablePlan
from tenuto.teams.migration.schema import Kind, System

COLUMNS: Final[dict[str, Kind]] = {
    "id": "integer",
    "name": "text",
    "email": "text",
    "price": "decimal",
    "quantity": "integer",
    "ratio": "float",
    "flag": "text",
    "day": "date",
    "changed": "timestamp",
    "data": "bytes",
}
TYPES: Final[dict[System, dict[Kind, str]]] = {
    "postgresql": {
        "integer": "bigint",
        "text": "text",
        "decimal": "numeric(12,2)",
        "float": "double precision",
        "date": "date",
        "timestamp": "timestamp",
        "bytes": "bytea",
    },
    "sqlite": {
        "integer": "INTEGER",
        "text": "TEXT",
        "decimal": "DECIMAL(12,2)",
        "float": "REAL",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "bytes": "BLOB",
    },
    "mariadb": {
        "integer": "bigint",
        "text": "varchar(100)",
        "decimal": "decimal(12,2)",
        "float": "double",
        "date": "date",
        "timestamp": "datetime",
        "bytes": "varbinary(20)",
    },
}
PIECE: Final = 1 << 20


def rows(count: int) -> Iterator[tuple[object, ...]]:
    """Return rows as SQLite stores them, the same each time."""
    chance = random.Random(1)
    for number in range(count):
        month, of_month = chance.randrange(1, 13), chance.randrange(1, 29)
        day = f"20{chance.randrange(24):02}-{month:02}-{of_month:02}"
        yield (
            number,
            f"name {number}",
            None if number % 50 == 0 else f"user{number}@example.org",
            chance.randrange(100_000) / 100,
            chance.randrange(1_000),
            chance.random(),
            chance.choice("YN"),
            day,
            f"{day} 03:04:{chance.randrange(60):02}",
            chance.randbytes(12),
        )


def declared(system: System) -> str:
    """Return the columns of the table, as a system declares them."""
    types = TYPES[system]
    columns = ", ".join(f"{quoted(system, name)} {types[kind]}" for name, kind in COLUMNS.items())
    return f"CREATE TABLE t ({columns}, PRIMARY KEY (id))"


def sqlite_file(folder: Path, count: int) -> str:
    """Return the address of a new database with the table."""
    path = folder / "source.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(declared("sqlite"))
        connection.executemany(f"INSERT INTO t VALUES ({marks()})", rows(count))
    return f"sqlite:///{path}"


def marks() -> str:
    return ", ".join("?" * len(COLUMNS))


def plan_of(source: System, target: System) -> Plan:
    """Return the plan to move the table."""
    columns = tuple(
        ColumnPlan(
            name=name,
            source=name,
            type=TYPES[target][kind],
            kind=kind,
            precision=12 if kind == "decimal" else None,
            scale=2 if kind == "decimal" else None,
            nullable=name != "id",
        )
        for name, kind in COLUMNS.items()
    )
    table = TablePlan(name="t", source="t", columns=columns, key=("id",), by=("id",))
    return Plan(
        source="source",
        target="target",
        source_system=source,
        target_system=target,
        tables=(table,),
    )


@contextlib.contextmanager
def opened(source: str, target: str) -> Iterator[tuple[Database, Database]]:
    """Give both databases."""
    with (
        contextlib.closing(open_database(source)) as left,
        contextlib.closing(open_database(target, writing=True)) as right,
    ):
        yield left, right


def made_database(url: str, name: str) -> None:
    """Make a database on a server of MariaDB."""
    with contextlib.closing(open_database(url, writing=True)) as admin, admin.writing() as writing:
        writing.execute(f"CREATE DATABASE {name}")


def move(source: Database, target: Database, count: int, *, again: str = "") -> float:
    """Return the seconds that moving the table took, checkpointed; the result is checked.

    Args:
        again: the name of one more time: what the time before brought is dropped first.
    """
    plan = plan_of(source.system, target.system)
    for statement in ("DROP TABLE IF EXISTS t", declared(target.system)):
        with target.writing() as writing:
            writing.execute(statement)
    moving.prepare(target)
    began_s = time.perf_counter()
    for one in moving.ranges_of(source, plan, plan.tables[0]):
        load = moving.Load(migration=f"bench{again}", plan=plan, table="t", range=one)
        done = moving.move(source, target, load)
        assert done.failure is None and done.quarantined == 0, done.failure
    seconds = time.perf_counter() - began_s
    assert target.query("SELECT count(*), count(email) FROM t").rows == [
        (count, count - len(range(0, count, 50)))
    ]
    return seconds


def peak_mb() -> float:
    """Return the most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def copy_s(url: str, folder: Path) -> float:
    """Return the seconds that binary COPY takes to put the rows of the table `t` into an empty one
    with the same key: the limit of PostgreSQL itself."""
    import psycopg

    file = folder / "rows.copy"
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        with (
            file.open("wb") as out,
            cursor.copy("COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT binary)") as rows,
        ):
            for piece in rows:
                out.write(piece)
        cursor.execute("CREATE TABLE again (LIKE t INCLUDING ALL)")
        began_s = time.perf_counter()
        with (
            file.open("rb") as stream,
            cursor.copy("COPY again FROM STDIN (FORMAT binary)") as copy,
        ):
            while piece := stream.read(PIECE):
                copy.write(piece)
        seconds = time.perf_counter() - began_s
        cursor.execute("DROP TABLE again")
    file.unlink()
    return seconds


PGLOADER: Final = "pgloader"
TUNED: Final = "batch rows = 100000, batch size = 64MB, prefetch rows = 200000, workers = 2, "


def pgloader_is_here() -> bool:
    """Return whether the rival is installed."""
    return shutil.which(PGLOADER) is not None


def pgloader_s(source: str, target: str, folder: Path, count: int) -> float:
    """Return the seconds that pgloader takes for the same table, with settings that suit it."""
    import psycopg

    orders = folder / "orders.load"
    orders.write_text(
        f"LOAD DATABASE FROM {source.replace('sqlite:///', 'sqlite://')} INTO {target} "
        f"WITH {TUNED} concurrency = 1, include drop, create tables, create indexes;\n",
        "utf-8",
    )
    began_s = time.perf_counter()
    subprocess.run([PGLOADER, orders], check=True, capture_output=True, timeout=600)
    seconds = time.perf_counter() - began_s
    with psycopg.connect(target) as connection:
        (there,) = connection.execute("SELECT count(*) FROM t").fetchone() or (0,)
    # It ends with 0 also when it lost rows.
    assert there == count, f"pgloader brought {there} of {count} rows"
    return seconds
