"""Both ends of a move that are files: see `ports.moving`."""

import heapq
import os
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from tenuto.adapters.sqlite.artifacts import SqliteArtifacts
from tenuto.adapters.sqlite.connection import checked_path, telling
from tenuto.adapters.sqlite.ownership import Ownership
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.schema import format_of, migrate
from tenuto.adapters.sqlite.store import StoreFile, make_private, prepare
from tenuto.adapters.tables.artifacts import HASH, digest_of
from tenuto.adapters.tables.connection import has_table
from tenuto.adapters.tables.moved import MARK, mark, note_arrival, require_here, text_of
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
from tenuto.core.limits import PAYLOAD_BYTES_INLINE_MAX
from tenuto.ports.moving import Row, Table

WAIT_MS_MAX: Final = 10_000
"""How long a move waits for those who write beside the owner."""
WRITES: Final = ("INSERT", "UPDATE", "DELETE")


class _File:
    """One transaction on a file that this process owns."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._owner = Ownership.take(path)
        self._file = StoreFile(path=path, durability="sync", connect=sqlite3.connect)
        try:
            with telling(file=path, doing="opening"):
                self._prepare()
                self._connection = self._file.open_writable()
        except BaseException:
            self._owner.release()
            raise
        try:
            with telling(file=path, doing="opening"):
                self._connection.execute(f"PRAGMA busy_timeout = {WAIT_MS_MAX}")
                self._connection.execute("BEGIN IMMEDIATE")
                self._begun()
                make_all(self._connection)
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """See `MoveSource.name`."""
        return f"sqlite:///{self._path}"

    def _prepare(self) -> None:
        """Bring the file to what it must be before the transaction begins."""

    def _begun(self) -> None:
        """Look at the file as it stays."""

    def rows(self, table: Table) -> Iterator[Row]:
        """See `MoveSource.rows`."""
        with telling(file=self._path, doing="reading"):
            rows: Iterator[Row] = iter(self._connection.execute(select(table)))
            yield from self._payloads(rows) if table.name == ARTIFACTS.name else rows

    def close(self) -> None:
        """See `MoveSource.close`."""
        try:
            self._connection.close()
        finally:
            self._owner.release()

    def _names(self) -> list[str]:
        rows = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        return sorted(name for (name,) in rows if name not in LEFT)

    def _payloads(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Give the artifacts in rows and those in files, each once and as it was written."""
        both = heapq.merge(
            ((str(row[0]), row[1]) for row in rows),
            ((digest, None) for digest in self._digests_of_files()),
            key=lambda pair: pair[0],
        )
        for digest, group in groupby(both, key=lambda pair: pair[0]):
            (_, payload) = next(iter(group))
            if payload is None:
                payload = self._path_of(digest).read_bytes()
            if not isinstance(payload, bytes) or digest_of(payload) != digest:
                raise CorruptLog(
                    f"Artifact {digest} in {self._path} is damaged; nothing was moved. Restore it "
                    "from a backup."
                )
            yield digest, payload

    def _digests_of_files(self) -> Iterator[str]:
        folder = Path(f"{self._path}.artifacts")
        if not folder.is_dir():
            return
        for part in sorted(os.listdir(folder)):
            for rest in sorted(os.listdir(folder / part)):
                if HASH.fullmatch(part + rest):
                    yield part + rest

    def _path_of(self, digest: str) -> Path:
        return Path(f"{self._path}.artifacts", digest[:2], digest[2:])


class SqliteSource(_File):
    """`MoveSource` of a file.

    Args:
        again: also when it was moved before.

    Raises:
        NotFound: there is no file. StoreOwned, CorruptLog.
        StoreUnavailable: it was moved before, or somebody writes to it without end.
    """

    def __init__(self, path: str, *, again: bool = False) -> None:
        self._again = again
        file = checked_path(path)
        if not os.path.exists(file):
            raise NotFound(what="store", name=file, hint="Check the path.")
        super().__init__(file)

    def _prepare(self) -> None:
        connection = self._file.open_writable()
        try:
            if not has_table(connection, MARK):
                migrate(connection, self._path)
        finally:
            connection.close()

    def _begun(self) -> None:
        if self._again and has_table(self._connection, MARK):
            _allow_writes(self._connection)
        require_here(self._connection, self._path)
        format_of(self._connection, self._path)

    def tables(self) -> tuple[Table, ...]:
        """See `MoveSource.tables`."""
        with telling(file=self._path, doing="reading"):
            return tuple(
                ARTIFACTS if name == ARTIFACTS.name else self._table(name) for name in self._names()
            )

    def retire(self, target: str) -> None:
        """See `MoveSource.retire`."""
        with telling(file=self._path, doing="marking as moved"):
            _forbid_writes(self._connection, self._names(), text_of(self._path, target))
            mark(self._connection, target, at_ms=now_ms())
            self._connection.execute("COMMIT")

    def _table(self, name: str) -> Table:
        columns = self._connection.execute(f'PRAGMA table_info("{name}")').fetchall()
        key = tuple(row[1] for row in sorted(columns, key=lambda row: row[5]) if row[5])
        types = {row[1]: row[2] for row in columns}
        last = 0
        if [types[column] for column in key] == ["INTEGER"]:
            (last,) = self._connection.execute(
                f'SELECT coalesce(max("{key[0]}"), 0) FROM "{name}"'
            ).fetchone()
            last = max(last, self._ever(name))
        return Table(name=name, columns=tuple(types), key=key, last=last)

    def _ever(self, name: str) -> int:
        """Return the largest number that AUTOINCREMENT gave, also to a row that is gone."""
        if not has_table(self._connection, "sqlite_sequence"):
            return 0
        row = self._connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)
        ).fetchone()
        return 0 if row is None else int(row[0])


class SqliteTarget(_File):
    """`MoveTarget` in a file, which is made if need be.

    Raises:
        StoreOwned, StoreUnavailable, CorruptLog: as opening a store for writing.
    """

    def __init__(self, path: str) -> None:
        super().__init__(checked_path(path))

    def _prepare(self) -> None:
        make_private(self._path)
        prepare(self._file)

    def arrived(self) -> str:
        """See `MoveTarget.arrived`."""
        with telling(file=self._path, doing="reading"):
            return found_in(self._connection, self._names(), self._path)

    def write(self, table: Table, rows: Iterable[Row]) -> None:
        """See `MoveTarget.write`."""
        with telling(file=self._path, doing="writing"):
            if table.name not in self._names():
                raise Rejected(f"{self._path} has no table {table.name}; nothing was moved.")
            if table.name == ARTIFACTS.name:
                rows = self._small(rows)
            marks = ", ".join("?" * len(table.columns))
            self._connection.executemany(
                f'INSERT INTO "{table.name}"({quoted(table.columns)}) VALUES ({marks})', rows
            )
            if table.name == "mailbox":
                self._count_on(table)

    def settle(self, digest: str) -> None:
        """See `MoveTarget.settle`."""
        with telling(file=self._path, doing="writing"):
            note_arrival(self._connection, digest, at_ms=now_ms())
            self._connection.execute("COMMIT")

    def _small(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Give the artifacts that are kept as rows; the others become files."""
        artifacts = SqliteArtifacts(
            self._path, reads=ReadPool(self._file.open_readonly, file=self._path), commits=None
        )
        for digest, payload in rows:
            if isinstance(payload, bytes) and len(payload) > PAYLOAD_BYTES_INLINE_MAX:
                artifacts.put_file(payload)
            else:
                yield digest, payload

    def _count_on(self, table: Table) -> None:
        """Let AUTOINCREMENT go on behind numbers of rows that are gone."""
        self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
        self._connection.execute(
            "INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)", (table.name, table.last)
        )


def _forbid_writes(connection: sqlite3.Connection, tables: Iterable[str], text: str) -> None:
    """Let each write to a table of a file fail with `text`."""
    told = text.replace("'", "''")
    for table in tables:
        for write in WRITES:
            connection.execute(
                f'CREATE TRIGGER "{_trigger(table, write)}" BEFORE {write} ON "{table}" '
                f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
            )


def _allow_writes(connection: sqlite3.Connection) -> None:
    """Take away the mark of a file, and what forbids to write."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'moved %'"
    ).fetchall()
    for (name,) in names:
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute(f"DROP TABLE {MARK}")


def _trigger(table: str, write: str) -> str:
    return f"moved {table} {write.lower()}"
