"""The event store in a schema of a PostgreSQL database: what the parts beside this module make."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from tenuto.adapters.postgres import heads, ownership, wall
from tenuto.adapters.postgres.claims import PostgresClaims
from tenuto.adapters.postgres.connection import (
    STATEMENT_MS_MAX,
    Connection,
    connect_to,
    name_of,
    parted,
    telling,
)
from tenuto.adapters.postgres.heads import PostgresLists
from tenuto.adapters.postgres.mailbox import PostgresInbox, PostgresMail
from tenuto.adapters.postgres.membership import PostgresMembership
from tenuto.adapters.postgres.nearest import VectorIndex
from tenuto.adapters.postgres.pool_calls import PostgresCalls, PostgresLines
from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.postgres.schema import format_of, migrate, require_newest
from tenuto.adapters.postgres.sending import Sending
from tenuto.adapters.postgres.signals import PostgresSignals, channel_of
from tenuto.adapters.postgres.works import Works
from tenuto.adapters.postgres.writing import LogWriter
from tenuto.adapters.tables.artifacts import TableArtifacts
from tenuto.adapters.tables.connection import Durability
from tenuto.adapters.tables.group_commit import GroupCommit, Pending
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.adapters.tables.memory import TableMemory
from tenuto.adapters.tables.outcomes import Answer
from tenuto.adapters.tables.pieces import TablePieces
from tenuto.adapters.tables.pruning import TablePruning
from tenuto.core.sharing import NOBODY
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.ports.membership import FanOut, Together, Topic

_log: Final = logging.getLogger("tenuto")


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

    def open_owning(self, *, shared: bool) -> Connection:
        """Return a connection whose process owns the schema as long as it lives, or shares it."""
        connection = self.open_writable()
        try:
            ownership.take(connection, schema=self.schema, name=self.name, shared=shared)
        except BaseException:
            connection.close()
            raise
        return connection

    def open_writable(self) -> Connection:
        connection = connect_to(self.url, durability=self.durability, readonly=False)
        connection.made = wall.hold
        return connection

    def open_patient(self) -> Connection:
        """Return one for long transactions, which nobody waits for."""
        connection = connect_to(
            self.url, durability=self.durability, readonly=False, idle_ms_max=STATEMENT_MS_MAX
        )
        connection.made = wall.hold
        return connection

    def open_sharing(self) -> Connection:
        """Return one for what is true only as long as processes live."""
        return connect_to(self.url, durability="wal", readonly=False)

    def open_readonly(self) -> Connection:
        return connect_to(self.url, durability=self.durability, readonly=True)


class PostgresEventStore(LastingStore):
    """An `EventStore` in one schema, which this process shares with others, or has alone, or only
    reads. Use `open`.

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
        self._vector_index = VectorIndex()
        reads = self._reads_here = ReadPool(database.open_readonly, name=database.name)
        self._sharing: tuple[PostgresMembership, PostgresSignals] | None = None
        self._calls: PostgresCalls | None = None
        super().__init__(database.name, reads=reads, works=works, commits=commits)
        self.lists = PostgresLists(reads, database.open_writable if writer else None)
        """What long lists of sessions need."""
        self.lines = PostgresLines(reads)
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        durability: Durability = "sync",
        readonly: bool = False,
        shared: bool = False,
        fan_out: FanOut | None = None,
    ) -> PostgresEventStore:
        """Return the store in the schema that `url` names, which is made if need be.

        Args:
            url: `postgresql://user:password@host:port/database?schema=tenuto`.
            readonly: list, load, read and follow while other processes write.
            shared: others may write, too; `together` says how sessions are parted among them.
            fan_out: gives what these tell one another by, from NOTIFY.

        Raises:
            StoreOwned: another process has the schema alone, or has it while it is wanted alone.
            StoreUnavailable: the server cannot be reached, or the user may not do this.
            CorruptLog: the schema is another program's, or of a newer release.
        """
        database = Database(url=url, durability=durability)
        if readonly:
            await asyncio.to_thread(_check_readable, database)
            return cls(database, None)
        writer, missing = await asyncio.to_thread(_open_owned, database, shared=shared)
        store = cls(database, writer)
        store.unheld = missing
        if shared:
            store._share(writer, fan_out)
        return store

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

    def _share(self, writer: LogWriter, fan_out: FanOut | None) -> None:
        database, name = self._database, self._database.name

        def joined(number: int) -> None:
            writer.fence = number

        # Nothing is written before it has joined.
        writer.fence = NOBODY
        membership = PostgresMembership(database.open_sharing, name=name, joined=joined)
        notify = PostgresSignals(
            database.open_sharing, schema=database.schema, name=name, membership=membership
        )
        signals = notify if fan_out is None else fan_out(notify)
        claims = PostgresClaims(self._reads_here, lambda: membership.number)
        calls = PostgresCalls(
            database.open_sharing,
            name=name,
            channel=channel_of(database.schema),
            number=lambda: membership.number,
        )
        self.together = Together(membership, claims, signals, PostgresMail(membership), calls)
        self._sharing, self._calls = (membership, notify), calls

        def written(batch: Sequence[Pending], answers: Sequence[Answer]) -> None:
            self._followers.publish(batch, answers)
            if membership.has_others:
                for commit, _ in batch:
                    signals.tell("log", commit.session)

        def heard(topic: Topic, text: str) -> None:
            if topic == "log":
                self._followers.missed([SessionId(id) for id in text.split()])

        self._owned().written = written
        notify.written = self._followers.reached
        signals.listen(heard)

    @property
    def artifacts(self) -> TableArtifacts:
        """Payloads by their hash, in the same schema."""
        return TableArtifacts(self._name, reads=self._reads, commits=self._commits)

    @property
    def pieces(self) -> TablePieces:
        """Pieces of answers, of which those that share the schema tell one another."""
        made = super().pieces
        if self._sharing is None or self.together is None:
            return made
        membership, signals = self._sharing[0], self.together.signals

        def written(session: SessionId) -> None:
            if membership.has_others:
                signals.tell("pieces", session)

        def heard(topic: Topic, text: str) -> None:
            if topic == "pieces":
                made.look_for([SessionId(id) for id in text.split()])

        made.written = written
        signals.listen(heard)
        return made

    @property
    def pruning(self) -> TablePruning:
        """What deletes sessions that ended long ago."""
        # Who starts a session, a fork too, takes this lock first.
        lock = "SELECT position FROM log FOR UPDATE"
        return TablePruning(reads=self._reads, works=self._works, lock=lock)

    @property
    def memory(self) -> TableMemory:
        """What agents remember."""
        return TableMemory(
            self._name, reads=self._reads, works=self._works, index=self._vector_index
        )

    @property
    def inbox(self) -> PostgresInbox:
        """What other processes post to this one by `PostgresMailbox`."""
        return PostgresInbox(
            reads=self._reads, commits=self._owned(), sharing=self._sharing and self._sharing[0]
        )

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
        if self._sharing is not None:
            membership, signals = self._sharing
            await membership.leave()
            await signals.close()
            await membership.close()
        if self._calls is not None:
            await self._calls.close()
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


def _open_owned(database: Database, *, shared: bool) -> tuple[LogWriter, str]:
    """Return who writes, and why there is no row-level security."""
    with telling(name=database.name, doing="opening"):
        with closing(database.open_writable()) as connection:
            missing = migrate(connection, database.schema, database.name)
        if missing:
            _log.info("%s", missing)
        writer = LogWriter(partial(database.open_owning, shared=shared), name=database.name)
        return writer, missing


def is_made(url: str) -> bool:
    """Return whether the schema that `url` names holds a store. Blocks.

    Raises:
        StoreUnavailable: the server cannot be reached. CorruptLog: it is another program's.
    """
    database = Database(url=url, durability="sync")
    with _looking(database) as connection:
        return format_of(connection, database.schema, database.name) > 0
