"""Deliveries of webhooks in the file of the log, in tables that the first of them makes."""

from collections.abc import Sequence
from typing import Any, Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.works import Performer, Work
from tenuto.core.errors import StoreUnavailable
from tenuto.ports.deliveries import Delivery, DeliveryQuery

TABLE: Final = "deliveries_1"
PLACE: Final = "deliveries_position_1"
KEPT_MS: Final = 30 * 86_400_000
"""How long what was delivered, or given up, is kept for people to look at."""

MAKE: Final = (
    f"""CREATE TABLE IF NOT EXISTS {TABLE}(
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        webhook TEXT NOT NULL,
        type TEXT NOT NULL,
        body BLOB NOT NULL,
        created_ms INTEGER NOT NULL,
        due_ms INTEGER NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        status INTEGER NOT NULL,
        answer TEXT NOT NULL)""",
    f"CREATE INDEX IF NOT EXISTS {TABLE}_due ON {TABLE}(due_ms) WHERE state = 'pending'",
    f"CREATE INDEX IF NOT EXISTS {TABLE}_of_webhook ON {TABLE}(tenant, webhook, number)",
    f"CREATE TABLE IF NOT EXISTS {PLACE}(one INTEGER PRIMARY KEY, position INTEGER NOT NULL)",
)
_FIELDS: Final = Delivery.__struct_fields__
_COLUMNS: Final = ", ".join(_FIELDS)
_INSERT: Final = (
    f"INSERT INTO {TABLE}({_COLUMNS}) VALUES ({', '.join('?' * len(_FIELDS))})"
    " ON CONFLICT DO NOTHING"
)
_UPDATE: Final = f"UPDATE {TABLE} SET {', '.join(f'{name} = ?' for name in _FIELDS)} WHERE id = ?"
_BEGIN: Final = f"INSERT INTO {PLACE} VALUES (1, ?) ON CONFLICT(one) DO NOTHING"
_PLACE: Final = f"""
    INSERT INTO {PLACE} VALUES (1, ?) ON CONFLICT(one) DO UPDATE SET position = excluded.position
    WHERE excluded.position > {PLACE}.position"""
_SWEEP: Final = f"DELETE FROM {TABLE} WHERE state != 'pending' AND created_ms < ?"


class TableDeliveries:
    """`Deliveries` of one file. `works` is None in a process that only reads."""

    def __init__(self, *, reads: Reads, works: Performer | None) -> None:
        self._reads, self._works = reads, works

    async def position(self) -> int | None:
        """See `Deliveries.position`."""
        return await self._reads.run(_position)

    async def add(
        self, deliveries: Sequence[Delivery], position: int, *, begins: bool = False
    ) -> None:
        """See `Deliveries.add`."""

        def work(connection: Connection) -> None:
            for statement in MAKE:
                connection.execute(statement)
            connection.executemany(_INSERT, [_row(delivery) for delivery in deliveries])
            connection.execute(_BEGIN if begins else _PLACE, (position,))
            if deliveries:
                connection.execute(_SWEEP, (deliveries[0].created_ms - KEPT_MS,))

        await self._write(work)

    async def due(self, now_ms: int, limit: int) -> tuple[Delivery, ...]:
        """See `Deliveries.due`."""
        return await self._reads.run(
            _select, "state = 'pending' AND due_ms <= ? ORDER BY due_ms LIMIT ?", (now_ms, limit)
        )

    async def update(self, delivery: Delivery) -> None:
        """See `Deliveries.update`."""

        def work(connection: Connection) -> None:
            connection.execute(_UPDATE, (*_row(delivery), delivery.id))

        await self._write(work)

    async def list(self, query: DeliveryQuery) -> tuple[Delivery, ...]:
        """See `Deliveries.list`."""
        terms, values = ["tenant = ?", "webhook = ?"], [query.tenant, query.webhook]
        if query.state is not None:
            terms.append("state = ?")
            values.append(query.state)
        if query.before is not None:
            terms.append(f"number < (SELECT number FROM {TABLE} WHERE id = ?)")
            values.append(query.before)
        condition = f"{' AND '.join(terms)} ORDER BY number DESC LIMIT ?"
        return await self._reads.run(_select, condition, (*values, query.limit))

    async def find(self, tenant: str, id: str) -> Delivery | None:
        """See `Deliveries.find`."""
        found = await self._reads.run(_select, "tenant = ? AND id = ?", (tenant, id))
        return found[0] if found else None

    async def _write(self, work: Work[None]) -> None:
        if self._works is None:
            raise StoreUnavailable("The file was opened for reading only; open it for writing.")
        await self._works.perform(work)


def _position(connection: Connection) -> int | None:
    if not has_table(connection, PLACE):
        return None
    row = connection.execute(f"SELECT position FROM {PLACE}").fetchone()
    return None if row is None else int(row[0])


def _select(
    connection: Connection, condition: str, values: tuple[Any, ...]
) -> tuple[Delivery, ...]:
    if not has_table(connection, TABLE):
        return ()
    rows = connection.execute(f"SELECT {_COLUMNS} FROM {TABLE} WHERE {condition}", values)
    return tuple(Delivery(**dict(zip(_FIELDS, row, strict=True))) for row in rows)


def _row(delivery: Delivery) -> tuple[Any, ...]:
    return tuple(getattr(delivery, name) for name in _FIELDS)
