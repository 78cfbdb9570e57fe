"""The event store in a schema of a PostgreSQL database: what the parts beside this module make."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from tenuto.adapters.postgres import heads, ownership
from tenuto.adapters.postgres.connection import Connection, connect_to, name_of, parted, telling
from tenuto.adapters.postgres.heads import PostgresLists
from tenuto.adapters.postgres.mailbox import PostgresInbox
from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.postgres.schema import format_of, migrate, require_newest
from tenuto.adapters.postgres.sending import Sending
from tenuto.adapters.postgres.works import Works
from tenuto.adapters.postgres.writing import LogWriter
from tenuto.adapters.tables.artifacts import TableArtifacts
from tenuto.adapters.tables.connection import Durability
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.ports.event_store import (
    Head,
    HeadQuery,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database's address, and how connections to it are made."""

    url: str
    durability: Durability

    @property
    def name(self) -> str:
        return name_of(self.url)

    @property
    def schema(self) -> str:
        return parted(self.url)[1]

    def open_owning(self) -> Connection:
        """Return a connection whose process owns the schema as long as it lives."""
        connection = self.open_writable()
        try:
            ownership.take(connection, schema=self.schema, name=self.name)
        except BaseException:
            connection.close()
            raise
        return connection

    def open_writable(self) -> Connection:
        return connect_to(self.url, durability=self.durability, readonly=False)

    def open_readonly(self) -> Connection:
        return connect_to(self.url, durability=self.durability, readonly=True)


class PostgresEventStore(LastingStore):
    """An `EventStore` in one schema, owned by this process, or only read by it. Use `open`.

    All methods belong to the event loop in which the store was opened."""

    def __init__(
        self, database: Database, writer: LogWriter | None, *, works: Works | None = None
    ) -> None:
        self._database = database
        commits: GroupCommit | None = None
        if writer is not None:
            commits = GroupCommit(writer, file=database.name, sender=Sending(writer))
            works = Works(database.open_writable, name=database.name)
        self._works_here = works
        reads = ReadPool(database.open_readonly, name=database.name)
        super().__init__(database.name, reads=reads, works=works, commits=commits)
        self.lists = PostgresLists(reads, database.open_writable if writer else None)
        """What long lists of sessions need."""
        self._closed = False

    @classmethod
    async def open(
        cls, url: str, *, durability: Durability = "sync", readonly: bool = False
    ) -> PostgresEventStore:
        """Return the store in the schema that `url` names, which is made if need be.

        Args:
            url: `postgresql://user:password@host:port/database?schema=tenuto`.
            readonly: list, load, read and follow while another process owns the schema.

        Raises:
            StoreOwned: another process owns the schema.
            StoreUnavailable: the server cannot be reached, or the user may not do this.
            CorruptLog: the schema is another program's, or of a newer release.
        """
        database = Database(url=url, durability=durability)
        if readonly:
            await asyncio.to_thread(_check_readable, database)
            return cls(database, None)
        return cls(database, await asyncio.to_thread(_open_owned, database))

    @classmethod
    async def open_beside(cls, url: str) -> PostgresEventStore:
        """Return the store for reading, whose tables beside the log can be written to, whether or
        not a process owns the schema.

        Raises:
            StoreUnavailable, CorruptLog: as `open`.
        """
        database = Database(url=url, durability="sync")
        await asyncio.to_thread(_check_readable, database)
        return cls(database, None, works=Works(database.open_writable, name=database.name))

    @property
    def artifacts(self) -> TableArtifacts:
        """Payloads by their hash, in the same schema."""
        return TableArtifacts(self._name, reads=self._reads, commits=self._commits)

    @property
    def inbox(self) -> PostgresInbox:
        """What other processes post to this one by `PostgresMailbox`."""
        return PostgresInbox(reads=self._reads, commits=self._owned())

    async def heads(self, query: HeadQuery) -> tuple[Head, ...]:
        """See `EventStore.heads`."""
        return await self._reads.run(heads.list_heads, query)

    async def close(self) -> None:
        """See `EventStore.close`. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._commits is not None:
            await self._commits.close()
        if self._works_here is not None:
            await self._works_here.close()
        self._followers.close()
        await self._reads.close()


@contextmanager
def _looking(database: Database) -> Iterator[Connection]:
    with telling(name=database.name, doing="opening"), closing(database.open_readonly()) as looking:
        yield looking


def _check_readable(database: Database) -> None:
    with _looking(database) as connection:
        require_newest(connection, database.schema, database.name)


def _open_owned(database: Database) -> LogWriter:
    with telling(name=database.name, doing="opening"):
        with closing(database.open_writable()) as connection:
            migrate(connection, database.schema, database.name)
        return LogWriter(database.open_owning, name=database.name)


def is_made(url: str) -> bool:
    """Return whether the schema that `url` names holds a store. Blocks.

    Raises:
        StoreUnavailable: the server cannot be reached. CorruptLog: it is another program's.
    """
    database = Database(url=url, durability="sync")
    with _looking(database) as connection:
        return format_of(connection, database.schema, database.name) > 0
