"""Small tables of the server, in the file of the log."""

from tenuto.adapters.sqlite.answers import SqliteAnswers
from tenuto.adapters.sqlite.deliveries import SqliteDeliveries
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.works import Performer


class ServerTables:
    """The parts of one file that only a server needs. `works` is None in a process that reads."""

    def __init__(self, *, reads: ReadPool, works: Performer | None) -> None:
        self._reads, self._works = reads, works

    @property
    def answers(self) -> SqliteAnswers:
        """Return the answers to requests that carried an idempotency key."""
        return SqliteAnswers(reads=self._reads, works=self._works)

    @property
    def deliveries(self) -> SqliteDeliveries:
        """Return what webhooks are to be told."""
        return SqliteDeliveries(reads=self._reads, works=self._works)
