"""Members of a PostgreSQL schema, for tests of what they share."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tenuto.adapters.postgres import PostgresEventStore
from tenuto.ports.membership import Together


@asynccontextmanager
async def members(url: str, count: int) -> AsyncIterator[list[Together]]:
    """Give so many members of one schema, each with connections of its own."""
    async with AsyncExitStack() as stack:
        found: list[Together] = []
        for _ in range(count):
            # Nothing here cuts the server's power, so nobody waits for its disk.
            store = await PostgresEventStore.open(url, durability="wal", shared=True)
            stack.push_async_callback(store.close)
            together = store.together
            assert together is not None
            await together.membership.join(works=False, adopts=False)
            found.append(together)
        yield found
