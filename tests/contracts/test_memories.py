"""Every memory passes the one suite."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tenuto.adapters.memory import VolatileMemory
from tenuto.ports.memory import Memory
from tenuto.testing.contracts import MemoryContract


@asynccontextmanager
async def in_memory() -> AsyncIterator[Memory]:
    yield VolatileMemory()


class TestVolatileMemory(MemoryContract):
    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return in_memory()
