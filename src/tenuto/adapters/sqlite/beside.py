"""What else is kept in the file of the log, each in tables that are made when they are needed."""

from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.adapters.sqlite.ledger import SqliteLedger
from tenuto.adapters.sqlite.memory import SqliteMemory
from tenuto.adapters.sqlite.read_models import SqliteReadModels
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.responses import SqliteResponses
from tenuto.adapters.sqlite.tables import ServerTables
from tenuto.adapters.sqlite.works import Works


class BesideTheLog:
    """The parts of a store's file that are no sessions. `works` and `commits` are None in a process
    that only reads."""

    def __init__(
        self, path: str, *, reads: ReadPool, works: Works | None, commits: GroupCommit | None
    ) -> None:
        self._path, self._reads, self._works, self._commits = path, reads, works, commits
        self.tables = ServerTables(reads=reads, works=works)
        """What a server keeps."""

    @property
    def memory(self) -> SqliteMemory:
        """Return what agents remember, in the same file."""
        return SqliteMemory(self._path, reads=self._reads, works=self._works)

    @property
    def ledger(self) -> SqliteLedger:
        """Return what people and programs did, in the same file."""
        return SqliteLedger(self._path, reads=self._reads, works=self._works)

    @property
    def read_models(self) -> SqliteReadModels:
        """Return the tables that are kept from events, in the same file."""
        return SqliteReadModels(self._path, reads=self._reads, works=self._works)

    def responses(self, *, entries_max: int) -> SqliteResponses:
        """Return the answers that are kept to be given again, in the same file."""
        return SqliteResponses(reads=self._reads, commits=self._commits, entries_max=entries_max)
