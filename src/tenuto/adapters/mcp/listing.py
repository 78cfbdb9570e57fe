"""What a server said of its tools, and of a call that takes long."""

from typing import Any, Final

from tenuto.adapters.mcp.connection import Connection
from tenuto.adapters.mcp.tools import McpTool
from tenuto.core.errors import Escalatable

TOOLS_MAX: Final = 1_000
PAGES_MAX: Final = 100


def check_paging(server: str, cursor: str, cursors: set[str], found: list[Any]) -> None:
    """Add the cursor to those that were seen.

    Raises:
        Escalatable: the list has no end.
    """
    if cursor in cursors or len(cursors) >= PAGES_MAX or len(found) > TOOLS_MAX:
        raise Escalatable(
            f"MCP server {server!r} gives a list of tools without an end: {len(found)} on "
            f"{len(cursors) + 1} pages; at most {TOOLS_MAX} on {PAGES_MAX} are taken. Mend "
            "it, then approve to try again.",
            code="bad_answer",
        )
    cursors.add(cursor)


class Listing:
    """The tools as they were told, when, and by which connection."""

    def __init__(self) -> None:
        self.tools: tuple[McpTool, ...] = ()
        self.names: frozenset[str] = frozenset()
        """Of all tools that the server has, also of those that are left out."""
        self._from: Connection | None = None
        self._changes, self._at = 0, 0.0

    def is_of(self, connection: Connection) -> bool:
        return self._from is connection

    def holds(self, connection: Connection, changes: int, since: float) -> bool:
        return self._from is connection and self._changes == changes and self._at > since

    def renewed(
        self, tools: tuple[McpTool, ...], connection: Connection, changes: int, at: float
    ) -> "Listing":
        """Return the listing with `tools`; those that are as they were are the same objects."""
        known = {tool.spec.name: tool for tool in self.tools}
        fresh = Listing()
        fresh.tools = tuple(
            old if (old := known.get(tool.spec.name)) is not None and old.is_like(tool) else tool
            for tool in tools
        )
        fresh._from, fresh._changes, fresh._at = connection, changes, at
        return fresh


class Progress:
    """What a server last said of a call that takes long."""

    def __init__(self) -> None:
        self._last = ""

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        of = f" of {total:g}" if total is not None else ""
        self._last = f"; its last progress was {progress:g}{of}" + (
            f", {message}" if message else ""
        )

    def __str__(self) -> str:
        return self._last
