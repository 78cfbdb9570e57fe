"""Every source of tools passes the one suite."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import tenuto
from tenuto.ports.tool import ToolSource
from tenuto.testing import FakeToolSource
from tenuto.testing.contracts import ToolSourceContract


def price(article: str) -> dict[str, object]:
    """Tell a price."""
    return {"article": article, "cents": 250}


@tenuto.tool(once=True, labels=["untrusted"])
def order(article: str) -> str:
    """Order an article."""
    return article


@asynccontextmanager
async def opened(source: ToolSource) -> AsyncIterator[ToolSource]:
    yield source
    await source.close()


class TestFakeToolSource(ToolSourceContract):
    misfit = ("price", {"weight": 3})

    def open_source(self) -> AbstractAsyncContextManager[ToolSource]:
        return opened(FakeToolSource([price, order]))

    def open_away(self) -> AbstractAsyncContextManager[ToolSource]:
        source = FakeToolSource()
        source.fault = tenuto.Transient("the shop does not answer")
        return opened(source)
