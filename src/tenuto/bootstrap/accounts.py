"""Accounts over the ledger of a database: for its server, and beside it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tenuto.adapters.memory import MemoryLedger
from tenuto.adapters.sqlite import SqliteEventStore, SqliteLedger
from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.places import Place, place_of
from tenuto.core.errors import Rejected
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Ledger
from tenuto.server.accounts.accounts import Accounts
from tenuto.server.accounts.signing import keys_from

KEY_FILE: Final = ".key"
"""What the file with the server's key is called, after the name of the database's file."""


def ledger_of(store: EventStore) -> Ledger:
    """Return the ledger in the file of `store`, or one in memory."""
    return store.ledger if isinstance(store, SqliteEventStore) else MemoryLedger()


def accounts_over(ledger: Ledger, clock: Clock, place: Place) -> Accounts:
    """Return the accounts in `ledger`, with the server's key of the environment or the file.

    Raises:
        BadServerKey: the key cannot be used.
    """
    path = Path(place.path + KEY_FILE) if place.kind == "sqlite" else None
    return Accounts(ledger, clock, keys_from(path, os.environ))


@asynccontextmanager
async def open_accounts(url: str | None) -> AsyncIterator[Accounts]:
    """Give the accounts of the database at `url`, whether or not a server has it open.

    The file is made where it is not there.

    Raises:
        Rejected: `url` names no file. StoreUnavailable, CorruptLog, BadServerKey.
    """
    place = place_of(url)
    if place.kind != "sqlite":
        raise Rejected("Accounts in memory end with their server; name a file, as sqlite:///a.db.")
    if not await asyncio.to_thread(os.path.exists, place.path):
        async with open_runtime(url, hold=True):
            pass
    ledger = SqliteLedger.open(place.path)
    try:
        accounts = accounts_over(ledger, SystemClock(), place)
        try:
            yield accounts
        finally:
            await accounts.close()
    finally:
        await ledger.close()
