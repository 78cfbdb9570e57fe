"""Both keepers of calls of pools keep the contract."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tenuto.adapters.memory import MemoryCalls
from tenuto.adapters.system import SystemClock
from tenuto.ports.pools import Calls
from tenuto.testing.contracts import PoolCallsContract, PoolGivenBackContract, PoolLimitsContract
from tests.contracts.pool_members import members
from tests.postgres import Schemas, needs_postgres


class TestInMemory(PoolCallsContract, PoolGivenBackContract, PoolLimitsContract):
    def opened(self) -> AbstractAsyncContextManager[Calls]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Calls]:
            yield MemoryCalls(SystemClock())

        return made()


@needs_postgres
class TestInPostgres(Schemas, PoolCallsContract, PoolGivenBackContract, PoolLimitsContract):
    def opened(self) -> AbstractAsyncContextManager[Calls]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Calls]:
            async with members(self.fresh_schema(), 1) as (one,):
                yield one.calls

        return made()
