"""Opens a store, enters actions and changes for ever, and prints each entry once acknowledged."""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tenuto.adapters.anchor_file import AnchorFile
from tenuto.adapters.sqlite import SqliteEventStore, works
from tenuto.adapters.system import SystemClock
from tenuto.ports.ledger import Change
from tenuto.runtime.auditing import Checkpointer

USERS = 5
CHECKPOINT_EVERY = 7
# So that a kill often falls into the copying of the write-ahead log.
works.CHECKPOINT_PAGES = 40  # type: ignore[misc]


async def main(file: str) -> None:
    store = await SqliteEventStore.open(file)
    checkpointer = Checkpointer(store.ledger, store, clock=SystemClock())
    checkpointer.anchors = AnchorFile(file + ".checkpoints")

    async def go_on(user: int) -> None:
        count = 0
        while True:
            count += 1
            change = Change(
                at_ms=count,
                tenant="acme",
                actor="user:ann",
                action="user.set",
                kind="user",
                target=f"u{user}",
                writes=True,
                value=None if count % 5 == 0 else {"count": count},
                private=b"x" * count if count % 5 else b"",
            )
            for entry in await store.ledger.append([change]):
                os.write(1, f"{entry.number} {entry.digest}\n".encode())
            if count % CHECKPOINT_EVERY == 0:
                await checkpointer.take()

    await asyncio.gather(*[go_on(user) for user in range(USERS)])


asyncio.run(main(sys.argv[1]))
