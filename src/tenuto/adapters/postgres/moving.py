"""Both ends of a move that are schemas of a database: see `ports.moving`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import psycopg

from tenuto.adapters.postgres import ownership
from tenuto.adapters.postgres.connection import SCHEMA, Connection, telling
from tenuto.adapters.postgres.schema import format_of, migrate
from tenuto.adapters.postgres.store import Database
from tenuto.adapters.postgres.works import LOCK
from tenuto.adapters.tables.artifacts import digest_of
from tenuto.adapters.tables.moved import MARK, mark, note_arrival
from tenuto.adapters.tables.moving import (
    ARTIFACTS,
    LEFT,
    found_in,
    make_all,
    now_ms,
    quoted,
    select,
)
from tenuto.core.errors import CorruptLog, NotFound, Rejected
from tenuto.ports.moving import Row, Table

_TABLES: Final = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1"""
_COLUMNS: Final = """
    SELECT column_name, data_type, is_identity FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = ? AND is_generated = 'NEVER'
    ORDER BY ordinal_position"""
_KEY: Final = """
    SELECT a.attname FROM pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = CAST(? AS regclass) AND i.indisprimary ORDER BY k.place"""
_FORBID: Final = """
    CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '%', (SELECT 'This was moved to ' || target FROM moved); END $$"""


class _Schema:
    """One transaction on a schema that this process owns."""

    def __init__(self, url: str) -> None:
        self._database = Database(url=url, durability="sync")
        with telling(name=self.name, doing="opening"):
            self._connection: Any = self._database.open_patient()
            try:
                self._connection.execute("SET statement_timeout = 0")
                self._connection.execute("SET idle_in_transaction_session_timeout = 0")
                self._prepare()
                self._begin()
            except BaseException:
                self.close()
                raise

    @property
    def name(self) -> str:
        """See `MoveSource.name`."""
        schema = self._database.schema
        return f"{self._database.name}{'' if schema == SCHEMA else f'?schema={schema}'}"

    def _prepare(self) -> None:
        """Bring the schema to what it must be, own it, and make the tables."""
        database, connection = self._database, self._connection
        migrate(connection, database.schema, database.name)
        ownership.take(connection, schema=database.schema, name=database.name)
        make_all(connection)

    def _begin(self) -> None:
        """Let nobody else write until the end of the transaction that begins."""
        names = self._names()
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        # Before the first query, which decides what the transaction sees.
        self._connection.execute(f"LOCK TABLE {quoted(names)} IN SHARE ROW EXCLUSIVE MODE")
        self._connection.execute(LOCK)

    def rows(self, table: Table) -> Iterator[Row]:
        """See `MoveSource.rows`."""
        with telling(name=self.name, doing="reading"):
            cursor = self._raw.cursor()
            for row in cursor.stream(select(table).encode()):
                if table.name == ARTIFACTS.name and digest_of(row[1]) != row[0]:
                    raise CorruptLog(
                        f"Artifact {row[0]} in {self.name} is damaged; nothing was moved. Restore "
                        "it from a backup."
                    )
                yield row

    def close(self) -> None:
        """See `MoveSource.close`."""
        self._connection.close()

    @property
    def _raw(self) -> psycopg.Connection[Any]:
        raw: psycopg.Connection[Any] = self._connection.raw
        return raw

    def _names(self) -> list[str]:
        return [name for (name,) in self._connection.execute(_TABLES) if name not in LEFT]

    def _identity(self, table: str) -> str:
        """Return the column that numbers the rows of a table, '' where they are not numbered."""
        columns = self._connection.execute(_COLUMNS, (table,)).fetchall()
        return next((name for name, _, identity in columns if identity == "YES"), "")


class PostgresSource(_Schema):
    """`MoveSource` of a schema.

    Args:
        again: also when it was moved before.

    Raises:
        NotFound: there is no store in it. StoreOwned, CorruptLog.
        StoreUnavailable: it was moved before, or the server cannot be reached.
    """

    def __init__(self, url: str, *, again: bool = False) -> None:
        self._again = again
        super().__init__(url)

    def _prepare(self) -> None:
        database, connection = self._database, self._connection
        self._is_marked = self._again and _is_marked(connection)
        if self._is_marked:
            ownership.take(connection, schema=database.schema, name=database.name)
            return
        if not format_of(connection, database.schema, database.name):
            raise NotFound(what="store", name=self.name, hint="Check the address and the schema.")
        super()._prepare()

    def _begin(self) -> None:
        super()._begin()
        if self._is_marked:
            _allow_writes(self._connection, self._names())

    def tables(self) -> tuple[Table, ...]:
        """See `MoveSource.tables`."""
        with telling(name=self.name, doing="reading"):
            return tuple(self._table(name) for name in self._names())

    def retire(self, target: str) -> None:
        """See `MoveSource.retire`."""
        with telling(name=self.name, doing="marking as moved"):
            mark(self._connection, target, at_ms=now_ms())
            self._connection.execute(_FORBID)
            for name in self._names():
                self._connection.execute(
                    f"CREATE TRIGGER moved BEFORE INSERT OR UPDATE OR DELETE ON {quoted([name])} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION moved()"
                )
            self._connection.execute("COMMIT")

    def _table(self, name: str) -> Table:
        columns = tuple(row[0] for row in self._connection.execute(_COLUMNS, (name,)))
        key = tuple(row[0] for row in self._connection.execute(_KEY, (quoted([name]),)))
        last, identity = 0, self._identity(name)
        if identity:
            (sequence,) = self._connection.execute(
                "SELECT pg_get_serial_sequence(?, ?)", (quoted([name]), identity)
            ).fetchone()
            (last,) = self._connection.execute(
                f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"
            ).fetchone()
        return Table(name=name, columns=columns, key=key, last=last)


class PostgresTarget(_Schema):
    """`MoveTarget` in a schema, which is made if need be.

    Raises:
        StoreOwned, StoreUnavailable, CorruptLog: as opening a store for writing.
    """

    def arrived(self) -> str:
        """See `MoveTarget.arrived`."""
        with telling(name=self.name, doing="reading"):
            return found_in(self._connection, self._names(), self.name)

    def write(self, table: Table, rows: Iterable[Row]) -> None:
        """See `MoveTarget.write`."""
        with telling(name=self.name, doing="writing"):
            columns = self._connection.execute(_COLUMNS, (table.name,)).fetchall()
            types = {name: type for name, type, _ in columns}
            if not set(table.columns) <= set(types):
                raise Rejected(
                    f"{self.name} has no table {table.name} with the columns "
                    f"{', '.join(table.columns)}; nothing was moved."
                )
            try:
                self._copy(table, [types[name] for name in table.columns], rows)
            except psycopg.DataError as error:
                text = " ".join(str(error).split())
                raise Rejected(
                    f"A row of the table {table.name} holds what {self.name} cannot store "
                    f"({text}); nothing was moved."
                ) from error
            self._count_on(table)

    def settle(self, digest: str) -> None:
        """See `MoveTarget.settle`."""
        with telling(name=self.name, doing="writing"):
            self._connection.execute(
                "UPDATE log SET position = (SELECT coalesce(max(position), 0) FROM commits)"
            )
            note_arrival(self._connection, digest, at_ms=now_ms())
            for name in self._names():
                self._connection.execute(f"ANALYZE {quoted([name])}")
            self._connection.execute("COMMIT")

    def _copy(self, table: Table, types: list[str], rows: Iterable[Row]) -> None:
        into = f"COPY {quoted([table.name])}({quoted(table.columns)}) FROM STDIN (FORMAT BINARY)"
        with self._raw.cursor() as cursor, cursor.copy(into.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def _count_on(self, table: Table) -> None:
        """Let numbers go on behind the largest that was ever given."""
        identity = self._identity(table.name)
        if identity and table.last:
            self._connection.execute(
                "SELECT setval(pg_get_serial_sequence(?, ?), ?)",
                (quoted([table.name]), identity, table.last),
            )


def _is_marked(connection: Connection) -> bool:
    return (MARK,) in connection.execute(_TABLES).fetchall()


def _allow_writes(connection: Connection, tables: Iterable[str]) -> None:
    """Take away the mark of a schema, and what forbids to write."""
    for table in tables:
        connection.execute(f"DROP TRIGGER IF EXISTS moved ON {quoted([table])}")
    connection.execute("DROP FUNCTION moved()")
    connection.execute(f"DROP TABLE {MARK}")
