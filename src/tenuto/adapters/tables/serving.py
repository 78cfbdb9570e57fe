"""Small tables of the server, in the file of the log."""

from tenuto.adapters.tables.answers import TableAnswers
from tenuto.adapters.tables.deliveries import TableDeliveries
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.works import Performer


class ServerTables:
    """The parts of one file that only a server needs. `works` is None in a process that reads."""

    def __init__(self, *, reads: Reads, works: Performer | None) -> None:
        self._reads, self._works = reads, works

    @property
    def answers(self) -> TableAnswers:
        """Return the answers to requests that carried an idempotency key."""
        return TableAnswers(reads=self._reads, works=self._works)

    @property
    def deliveries(self) -> TableDeliveries:
        """Return what webhooks are to be told."""
        return TableDeliveries(reads=self._reads, works=self._works)
