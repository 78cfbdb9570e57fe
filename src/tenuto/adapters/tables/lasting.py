"""A store that outlives its process: the log, and what else is kept with it, each in tables that
are made when they are needed."""

from abc import abstractmethod
from collections.abc import AsyncIterator

from tenuto.adapters.tables import rows
from tenuto.adapters.tables.following import Followers, poll
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.ledger import TableLedger
from tenuto.adapters.tables.mailbox import Inbox
from tenuto.adapters.tables.memory import TableMemory
from tenuto.adapters.tables.pieces import TablePieces
from tenuto.adapters.tables.pruning import TablePruning
from tenuto.adapters.tables.read_models import TableReadModels
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.responses import TableResponses
from tenuto.adapters.tables.serving import ServerTables
from tenuto.adapters.tables.works import Performer
from tenuto.core.errors import StoreUnavailable
from tenuto.core.histogram import Histogram
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import (
    Commit,
    EventStore,
    Receipt,
    SessionLists,
    StoredCommit,
    StoredSession,
)
from tenuto.ports.membership import Together
from tenuto.ports.pools import Lines
from tenuto.ports.wall import everywhere


class LastingStore(EventStore):
    """The log and what is kept beside it. `works` and `commits` are None in a process that only
    reads."""

    lists: SessionLists
    """What long lists of sessions need."""
    unheld: str = ""
    """Why the database, which could, does not keep tenants apart by itself; empty: nothing is to be
    said."""
    together: Together | None = None
    """What several processes share it by; None: one process has it alone, or it is only read."""

    lines: Lines | None = None
    """Pools, for who looks at them; None: they are those of a running process."""

    def __init__(
        self, name: str, *, reads: Reads, works: Performer | None, commits: GroupCommit | None
    ) -> None:
        self._name, self._reads, self._works, self._commits = name, reads, works, commits
        self._followers = Followers()
        if commits is not None:
            commits.written = self._followers.publish
        self.tables = ServerTables(reads=reads, works=works)
        """What a server keeps."""

    @property
    def commit_times(self) -> Histogram | None:
        """Seconds from append to durable, of the commits of this process; None: it only reads."""
        return None if self._commits is None else self._commits.times

    @property
    @abstractmethod
    def artifacts(self) -> Artifacts:
        """Return payloads by their hash."""

    @property
    def pieces(self) -> TablePieces:
        """Return the pieces of answers that are being given."""
        return TablePieces(reads=self._reads, commits=self._commits)

    @property
    def inbox(self) -> Inbox:
        """Return what other processes post to this one."""
        return Inbox(reads=self._reads, commits=self._owned())

    @property
    def memory(self) -> TableMemory:
        """Return what agents remember."""
        return TableMemory(self._name, reads=self._reads, works=self._works)

    @property
    def pruning(self) -> TablePruning:
        """Return what deletes sessions that ended long ago."""
        return TablePruning(reads=self._reads, works=self._works)

    @property
    def ledger(self) -> TableLedger:
        """Return what people and programs did."""
        return TableLedger(self._name, reads=self._reads, works=self._works)

    @property
    def read_models(self) -> TableReadModels:
        """Return the tables that are kept from events."""
        return TableReadModels(self._name, reads=self._reads, works=self._works)

    def responses(self, *, entries_max: int) -> TableResponses:
        """Return the answers that are kept to be given again."""
        return TableResponses(reads=self._reads, commits=self._commits, entries_max=entries_max)

    def append(self, commit: Commit) -> Receipt:
        """See `EventStore.append`."""
        head, snapshot = commit.head, commit.snapshot
        assert commit.count >= 0 and commit.expected >= 0, "numbers of events"
        assert head is None or head.session == commit.session, "a head of the same session"
        assert snapshot is None or snapshot.version <= commit.expected + commit.count, (
            "a snapshot is a fold of what is written"
        )
        return self._owned().append(commit)

    async def load(self, session: SessionId, *, at: Version | None = None) -> StoredSession:
        """See `EventStore.load`."""
        return await self._reads.run(rows.load, session, at=at, file=self._name)

    async def read(
        self, *, session: SessionId | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[StoredCommit, ...]:
        """See `EventStore.read`."""
        if session is None:
            with everywhere():
                return await self._reads.run(
                    rows.read_all, after=after, limit=limit, file=self._name
                )
        return await self._reads.run(
            rows.read_session, session, after=after, limit=limit, file=self._name
        )

    def follow(
        self, *, session: SessionId | None = None, after: int = 0
    ) -> AsyncIterator[StoredCommit]:
        """See `EventStore.follow`."""
        if self._commits is None:
            return poll(self.read, session=session, after=after)
        return self._followers.follow(self.read, session=session, after=after)

    def _owned(self) -> GroupCommit:
        if self._commits is None:
            raise StoreUnavailable(
                f"{self._name} was opened for reading only; open it for writing."
            )
        return self._commits
