"""From an address to what is kept there. A driver that is an extra is loaded when it is needed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from tenuto.adapters.memory import MemoryArtifacts, MemoryEventStore
from tenuto.adapters.sqlite import SqliteEventStore, SqliteMailbox
from tenuto.adapters.tables.connection import Durability
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.bootstrap.places import Place
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import SessionId
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import EventStore
from tenuto.ports.membership import FanOut


class Mailbox(Protocol):
    """How an outsider hands inputs to the process that owns a database. Every method blocks."""

    def post(self, session: SessionId, payload: bytes) -> int:
        """Return the id of the letter, once it is durable."""
        ...

    def answer(self, id: int) -> bytes | None:
        """Return the owner's answer, or None as long as there is none."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...


async def open_store(
    place: Place,
    *,
    durability: Durability = "sync",
    readonly: bool = False,
    shared: bool = False,
    fan_out: FanOut | None = None,
) -> tuple[EventStore, Artifacts]:
    """Return the store at `place`, which this process owns or only reads, and its artifacts; with
    `shared`, other processes may own it too, where the database lets them.

    Args:
        fan_out: gives what those tell one another by, from the database's own way.

    Raises:
        Rejected: the driver is not installed. StoreOwned, StoreUnavailable, CorruptLog.
    """
    match place.kind:
        case "memory":
            return MemoryEventStore(), MemoryArtifacts()
        case "sqlite":
            store: LastingStore = await SqliteEventStore.open(
                place.path, durability=durability, readonly=readonly
            )
        case "postgresql":
            store = await postgres_adapter().PostgresEventStore.open(
                place.path,
                durability=durability,
                readonly=readonly,
                shared=shared,
                fan_out=fan_out,
            )
    return store, store.artifacts


@asynccontextmanager
async def beside(place: Place) -> AsyncIterator[LastingStore]:
    """Give the store at `place` for reading, whether or not a process owns the database; its tables
    beside the log can be written to.

    Raises:
        Rejected: the driver is not installed. NotFound, StoreUnavailable, CorruptLog.
    """
    store: LastingStore
    if place.kind == "postgresql":
        store = await postgres_adapter().PostgresEventStore.open_beside(place.path)
    else:
        store = await SqliteEventStore.open_beside(place.path)
    try:
        yield store
    finally:
        await store.close()


def mailbox_at(place: Place) -> Mailbox:
    """Return the mailbox at `place`. Blocks.

    Raises:
        NotFound, StoreUnavailable, CorruptLog: see `SqliteMailbox`.
    """
    if place.kind == "postgresql":
        mailbox: Mailbox = postgres_adapter().PostgresMailbox(place.path)
        return mailbox
    return SqliteMailbox(place.path)


async def is_made(place: Place) -> bool:
    """Return whether there is a database at `place` already."""
    if place.kind == "postgresql":
        return bool(await asyncio.to_thread(postgres_adapter().is_made, place.path))
    return await asyncio.to_thread(os.path.exists, place.path)


def postgres_adapter() -> Any:
    """Return the module of the adapter.

    Raises:
        Rejected: its driver is not installed.
    """
    try:
        from tenuto.adapters import postgres
    except ImportError as error:
        raise Rejected(
            f"PostgreSQL needs the extra `postgres` ({error}): pip install 'tenuto[postgres]'."
        ) from None
    return postgres
