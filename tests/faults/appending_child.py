"""Opens a store, goes on with some sessions for ever, and prints each append once acknowledged."""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tenuto.adapters.sqlite import SqliteEventStore, writing
from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import SessionId
from tests.faults.ledger import commit_of

SESSIONS = 5
# So that a kill often falls into the copying of the write-ahead log.
writing.CHECKPOINT_PAGES = 40  # type: ignore[misc]


async def version_of(store: SqliteEventStore, session: str) -> int:
    try:
        return (await store.load(SessionId(session))).version
    except NotFound:
        return 0


async def main(file: str) -> None:
    store = await SqliteEventStore.open(file)

    async def go_on(session: str) -> None:
        version = await version_of(store, session)
        while True:
            version += 1
            position = await store.append(commit_of(session, version))
            os.write(1, f"{session} {version} {position}\n".encode())

    await asyncio.gather(*[go_on(f"s{number}") for number in range(SESSIONS)])


asyncio.run(main(sys.argv[1]))
