"""The mailbox of a schema, for who does not own it; and for its owner."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Final

from tenuto.adapters.postgres.claims import letters_for
from tenuto.adapters.postgres.connection import (
    Connection,
    connect_to,
    name_of,
    parted,
    telling,
)
from tenuto.adapters.postgres.membership import PostgresMembership
from tenuto.adapters.postgres.schema import require_newest
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.mailbox import (
    INSERT_LETTER,
    Inbox,
    Letter,
    TableMailbox,
    letters_after,
    now_ms,
)
from tenuto.adapters.tables.reading import Reads
from tenuto.core.vocabulary import SessionId

_ANSWERS: Final = """
    SELECT id, answer FROM mailbox WHERE id = ANY(CAST(? AS BIGINT[])) AND answer IS NOT NULL"""


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


class PostgresMail:
    """`Mail` of one member."""

    def __init__(self, membership: PostgresMembership) -> None:
        self._membership = membership

    async def post(self, session: SessionId, payload: bytes) -> int:
        """See `Mail.post`."""
        return await self._membership.run(posted, session, payload)

    async def answers(self, ids: Collection[int]) -> dict[int, bytes]:
        """See `Mail.answers`."""
        return await self._membership.run(answers_to, list(ids))


def posted(connection: Connection, session: SessionId, payload: bytes) -> int:
    """Return the id of a letter, which is written."""
    ((id,),) = connection.execute(INSERT_LETTER, (session, payload, now_ms())).fetchall()
    return int(id)


def answers_to(connection: Connection, ids: list[int]) -> dict[int, bytes]:
    """Return the answers that there are."""
    rows = connection.execute(_ANSWERS, (ids,))
    return {id: bytes(answer) for id, answer in rows}


class PostgresInbox(Inbox):
    """Ids of letters that are posted at once need not become visible in their order: all that are
    open are looked at. Of those that share a schema, each takes what is for its own sessions."""

    def __init__(
        self, *, reads: Reads, commits: GroupCommit, sharing: PostgresMembership | None = None
    ) -> None:
        super().__init__(reads=reads, commits=commits)
        self._sharing = sharing
        self._open: set[int] = set()

    async def take(self) -> list[Letter]:
        """See `Inbox.take`."""
        if self._sharing is None:
            letters = await self._reads.run(letters_after, 0)
        else:
            letters = await self._reads.run(letters_for, self._sharing.number)
        new = [letter for letter in letters if letter[0] not in self._open]
        self._open = {letter[0] for letter in letters}
        return new

    def put_back(self, id: int) -> None:
        """Have a letter taken again, by whoever its session belongs to by then."""
        self._open.discard(id)
