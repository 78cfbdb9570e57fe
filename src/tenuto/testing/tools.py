"""A source of tools that a test holds in its hands."""

from collections.abc import Callable, Sequence
from typing import Any

from tenuto.ports.tool import ToolCode
from tenuto.sdk.tool import Tool


class FakeToolSource:
    """A `ToolSource` with the tools that a test gives it, whose place can be away.

    Example:
        shop = FakeToolSource([price])
        async with tenuto.open("memory://", tools={"shop": shop}) as runtime: ...
        shop.fault = tenuto.Transient("the shop does not answer")
    """

    def __init__(self, tools: Sequence[Tool | Callable[..., Any]] = ()) -> None:
        self.listed: list[ToolCode] = []
        self.fault: Exception | None = None
        """Raised when the tools are asked for; None: they are listed."""
        self.asked = 0
        """How often the tools were asked for."""
        self.closed = False
        self.change(tools)

    def change(self, tools: Sequence[Tool | Callable[..., Any]]) -> None:
        """Have other tools from now on."""
        self.listed = [found if isinstance(found, Tool) else Tool(found) for found in tools]

    async def tools(self) -> Sequence[ToolCode]:
        """See `ToolSource.tools`."""
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return self.listed

    async def close(self) -> None:
        """See `ToolSource.close`."""
        self.closed = True
