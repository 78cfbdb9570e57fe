"""A store that outlives its process: the log, and what else is kept with it, each in tables that
are made when they are needed."""

from abc import abstractmethod
from typing import Protocol

from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.adapters.sqlite.ledger import SqliteLedger
from tenuto.adapters.sqlite.memory import SqliteMemory
from tenuto.adapters.sqlite.read_models import SqliteReadModels
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.responses import SqliteResponses
from tenuto.adapters.sqlite.tables import ServerTables
from tenuto.adapters.sqlite.works import Performer
from tenuto.core.histogram import Histogram
from tenuto.core.vocabulary import SessionId
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import EventStore, SessionLists
from tenuto.ports.pieces import Pieces


class Inbox(Protocol):
    """What other processes post to the owner."""

    def take(self) -> list[tuple[int, SessionId, bytes]]:
        """Return the letters that came since the last call."""
        ...

    async def settle(self, id: int, answer: bytes) -> None:
        """Return when the answer is durable; the letter is not taken again."""
        ...


class LastingStore(EventStore):
    """The log and what is kept beside it. `works` and `commits` are None in a process that only
    reads."""

    lists: SessionLists
    """What long lists of sessions need."""

    def __init__(
        self, name: str, *, reads: ReadPool, works: Performer | None, commits: GroupCommit | None
    ) -> None:
        self._name, self._reads, self._works, self._commits = name, reads, works, commits
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
    @abstractmethod
    def pieces(self) -> Pieces:
        """Return the pieces of answers that are being given."""

    @property
    @abstractmethod
    def inbox(self) -> Inbox:
        """Return what other processes post to this one."""

    @property
    def memory(self) -> SqliteMemory:
        """Return what agents remember."""
        return SqliteMemory(self._name, reads=self._reads, works=self._works)

    @property
    def ledger(self) -> SqliteLedger:
        """Return what people and programs did."""
        return SqliteLedger(self._name, reads=self._reads, works=self._works)

    @property
    def read_models(self) -> SqliteReadModels:
        """Return the tables that are kept from events."""
        return SqliteReadModels(self._name, reads=self._reads, works=self._works)

    def responses(self, *, entries_max: int) -> SqliteResponses:
        """Return the answers that are kept to be given again."""
        return SqliteResponses(reads=self._reads, commits=self._commits, entries_max=entries_max)
