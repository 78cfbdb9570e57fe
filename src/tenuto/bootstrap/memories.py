"""What agents remember, for who looks after it while others may be working on the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.places import place_of
from tenuto.bootstrap.stores import beside
from tenuto.core.errors import Rejected
from tenuto.ports.embedder import Embedder
from tenuto.runtime.remembering import Rememberer
from tenuto.sdk.memory import Memories


@asynccontextmanager
async def open_memory(
    url: str | None = None, *, tenant: str = "local", embedder: Embedder | None = None
) -> AsyncIterator[Memories]:
    """Return an async context manager that gives what the tenant's agents remember at `url`.

    It takes no ownership: sessions may run in other processes meanwhile.

    Args:
        url: as `tenuto.open` takes it.
        tenant: whose agents.
        embedder: the one that sessions are run with, where they are given one.

    Raises:
        Rejected: it is no address of a file. On entering: NotFound, StoreUnavailable, CorruptLog.
    """
    place = place_of(url)
    if place.kind == "memory":
        raise Rejected("Memory that ends with its process is seen by Runtime.memory alone.")
    async with beside(place) as store:
        rememberer = Rememberer(
            store.memory, embedder=embedder or HashingEmbedder(), clock=SystemClock()
        )
        yield Memories(rememberer, tenant)
