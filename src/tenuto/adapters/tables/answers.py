"""Kept answers in the file of the log, in a table that the first of them makes.

The table's name holds the number of its format: one of an older format is left alone."""

from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.works import Performer
from tenuto.core.errors import StoreUnavailable
from tenuto.ports.answers import KeptAnswer

TABLE: Final = "answers_1"
PER_OWNER_MAX: Final = 10_000

MAKE: Final = (
    f"""CREATE TABLE IF NOT EXISTS {TABLE}(
        number INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        request TEXT NOT NULL,
        content BLOB NOT NULL,
        kept_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL)""",
    f"CREATE UNIQUE INDEX IF NOT EXISTS {TABLE}_by_key ON {TABLE}(owner, key)",
    f"CREATE INDEX IF NOT EXISTS {TABLE}_by_end ON {TABLE}(expires_ms)",
)
_COLUMNS: Final = "owner, key, request, content, kept_ms, expires_ms"
_FIND: Final = f"SELECT {_COLUMNS} FROM {TABLE} WHERE owner = ? AND key = ? AND expires_ms > ?"
# A new row gets a new number, so numbers tell the order in which answers were kept.
_DELETE: Final = f"DELETE FROM {TABLE} WHERE owner = ? AND key = ?"
_INSERT: Final = f"INSERT INTO {TABLE}({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
_DELETE_EXPIRED: Final = f"DELETE FROM {TABLE} WHERE expires_ms <= ?"
_DELETE_SURPLUS: Final = f"""
    DELETE FROM {TABLE} WHERE owner = ?1 AND number <= (
        SELECT number FROM {TABLE} WHERE owner = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)"""
_SWEEP_EVERY: Final = 100
"""Answers between two looks at how many there are."""


class TableAnswers:
    """`Answers` of one file. `works` is None in a process that only reads."""

    def __init__(self, *, reads: Reads, works: Performer | None) -> None:
        self._reads, self._works = reads, works
        self.per_owner_max, self.sweep_every = PER_OWNER_MAX, _SWEEP_EVERY
        self._kept = 0

    async def find(self, owner: str, key: str, *, now_ms: int) -> KeptAnswer | None:
        """See `Answers.find`."""
        return await self._reads.run(_find, owner, key, now_ms)

    async def keep(self, answer: KeptAnswer) -> None:
        """See `Answers.keep`."""
        if self._works is None:
            raise StoreUnavailable("The file was opened for reading only; open it for writing.")
        sweep = self._kept % self.sweep_every == 0
        self._kept += 1

        def work(connection: Connection) -> None:
            for statement in MAKE:
                connection.execute(statement)
            connection.execute(_DELETE, (answer.owner, answer.key))
            connection.execute(
                _INSERT,
                (
                    answer.owner,
                    answer.key,
                    answer.request,
                    answer.content,
                    answer.kept_ms,
                    answer.expires_ms,
                ),
            )
            if sweep:
                connection.execute(_DELETE_EXPIRED, (answer.kept_ms,))
                connection.execute(_DELETE_SURPLUS, (answer.owner, self.per_owner_max))

        await self._works.perform(work)


def _find(connection: Connection, owner: str, key: str, now_ms: int) -> KeptAnswer | None:
    if not has_table(connection, TABLE):
        return None
    row = connection.execute(_FIND, (owner, key, now_ms)).fetchone()
    if row is None:
        return None
    return KeptAnswer(**dict(zip(KeptAnswer.__struct_fields__, row, strict=True)))
