"""The mailbox of a schema, for who does not own it; and for its owner."""

from contextlib import AbstractContextManager

from tenuto.adapters.postgres.connection import connect_to, name_of, parted, telling
from tenuto.adapters.postgres.schema import require_newest
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.mailbox import Inbox, Letter, TableMailbox, letters_after
from tenuto.adapters.tables.reading import Reads


class PostgresMailbox(TableMailbox):
    """See `TableMailbox`."""

    def __init__(self, url: str) -> None:
        self._name = name_of(url)
        with telling(name=self._name, doing="opening"):
            connection = connect_to(url, durability="sync", readonly=False)
            try:
                require_newest(connection, parted(url)[1], self._name)
            except BaseException:
                connection.close()
                raise
        super().__init__(connection)

    def _telling(self, doing: str) -> AbstractContextManager[None]:
        return telling(name=self._name, doing=doing)


class PostgresInbox(Inbox):
    """Ids of letters that are posted at once need not become visible in their order: all that are
    open are looked at."""

    def __init__(self, *, reads: Reads, commits: GroupCommit) -> None:
        super().__init__(reads=reads, commits=commits)
        self._open: set[int] = set()

    async def take(self) -> list[Letter]:
        """See `Inbox.take`."""
        letters = await self._reads.run(letters_after, 0)
        new = [letter for letter in letters if letter[0] not in self._open]
        self._open = {letter[0] for letter in letters}
        return new
