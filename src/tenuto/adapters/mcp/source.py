"""An MCP server as a source of tools."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tenuto.adapters.mcp.connection import Connection
from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.faults import Faults
from tenuto.adapters.mcp.heard import hearing
from tenuto.adapters.mcp.listing import Listing, Progress, check_paging
from tenuto.adapters.mcp.means import Means
from tenuto.adapters.mcp.oauth.access import Access, access_to
from tenuto.adapters.mcp.questions import Patience, Questions
from tenuto.adapters.mcp.results import value_of
from tenuto.adapters.mcp.settings import Address, Command, Rules, checked
from tenuto.adapters.mcp.telling import Teller
from tenuto.adapters.mcp.tools import McpTool, Parts, specs_of, traits_of
from tenuto.core.errors import Fatal, Transient, WorkFailed
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.schemas import Schemas
from tenuto.ports.tool import ToolCode

if TYPE_CHECKING:
    from tenuto.adapters.mcp.oauth.providers import Person

BACKOFF_SECONDS: Final = (0.5, 30.0)
"""Least and longest wait after a connection that did not come about."""

EFFECT_META: Final = "tenuto/effectId"
"""Under which a call carries its effect id, the same in every attempt: an idempotency key."""

_LOG: Final = logging.getLogger("tenuto.mcp")


class McpServer:
    """A `ToolSource`. It connects when it is first used, and again after the server died.

    To be used in one event loop at a time, from any of its tasks."""

    def __init__(
        self,
        name: str,
        place: Command | Address,
        rules: Rules,
        *,
        schemas: Schemas,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a source; nothing is started.

        Raises:
            Rejected: the settings do not fit.
        """
        checked(name, place, rules)
        self.name, self.place, self.rules = name, place, rules
        self.left_out: dict[str, str] = {}
        """Tools of the server that are not offered, each with the reason."""
        self._now = now
        self._credentials = Credentials(name)
        self._teller = Teller(name, place, self._credentials)
        self._faults = Faults(self._teller, place)
        self._parts = Parts(schemas=schemas, call=self._call)
        self._patience = Patience()
        self._means = self._made_means(None)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._guard = asyncio.Lock()
        self._connection: Connection | None = None
        self._failures, self._not_before = 0, 0.0
        self._listing = Listing()

    def attend(self, person: "Person") -> Access | None:
        """Let `person` sign in when tokens are wanted; those of an earlier login are not used.

        Returns what gets the tokens, or None for a server that is asked without."""
        self._means = self._made_means(person)
        return self._means.access

    def _made_means(self, person: "Person | None") -> Means:
        access, asked, on_question = None, None, self.rules.on_question
        if isinstance(self.place, Address):
            access = access_to(self.place, self._credentials, self._teller, person)
        if on_question is not None:
            asked = Questions(
                self.name,
                on_question,
                schemas=self._parts.schemas,
                credentials=self._credentials,
                patience=self._patience,
            )
        return Means(credentials=self._credentials, access=access, asked=asked)

    def __repr__(self) -> str:
        return f"McpServer({self.name!r}, {self.place})"

    async def tools(self) -> Sequence[ToolCode]:
        """Return the tools that the server has now, under the names that it gives them.

        The server is asked again when it said that they changed, after a new connection, and when
        `list_seconds` have passed.

        Raises:
            Transient: the server is away or slow.
            Escalatable: a person must see to it: no such command, credentials refused, …
        """
        async with self._alone():
            connection = await self._connected()
            since = self._now() - self.rules.list_seconds
            if not self._listing.holds(connection, connection.changes, since):
                await self._list(connection)
            return self._listing.tools

    async def close(self) -> None:
        """Let the server go; a child process is terminated, then killed. Another use starts it
        again."""
        async with self._alone():
            connection, self._connection = self._connection, None
            self._failures, self._not_before = 0, 0.0
            if connection is not None:
                await connection.close()

    def _alone(self) -> asyncio.Lock:
        """Return what lets one task at a time connect, list and close."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # A connection of another loop ended with it; a lock belongs to one.
            self._loop, self._guard, self._connection = loop, asyncio.Lock(), None
        return self._guard

    async def _connected(self) -> Connection:
        """Return a connection that stands."""
        if self._connection is not None:
            if self._connection.stands:
                return self._connection
            await self._connection.close()
            self._connection = None
        self._check_backoff()
        connection = Connection(self.place, self._means, connect_seconds=self.rules.connect_timeout)
        try:
            await connection.opened()
        except asyncio.CancelledError:
            await connection.close()
            raise
        except Exception as error:
            least, longest = BACKOFF_SECONDS
            backoff = min(least * 2**self._failures, longest)
            self._not_before = self._now() + backoff
            self._failures += 1
            scene = await connection.scene()
            await connection.close()
            failure = self._faults.starting(error, scene)
            if isinstance(failure, Transient):
                # An attempt before that would be used up in vain.
                failure.retry_after_ms = max(failure.retry_after_ms, round(backoff * 1000) + 1)
            raise failure or error from None
        self._failures, self._connection = 0, connection
        return connection

    def _check_backoff(self) -> None:
        wait = self._not_before - self._now()
        if self._failures and wait > 0:
            raise Transient(
                f"MCP server {self.name!r} did not get ready (tries in vain: {self._failures}); "
                f"it can be tried again in {wait:.1f} s.",
                code="backing_off",
                retry_after_ms=round(wait * 1000),
            )

    async def _list(self, connection: Connection) -> None:
        changes, now = connection.changes, self._now()
        found = await self._fetched(connection)
        tools = self._made(found)
        names = frozenset(tool.name for tool in found)
        self._listing = self._listing.renewed(tools, connection, changes, now)
        self._listing.names = names

    async def _fetched(self, connection: Connection) -> list[Any]:
        """Return all pages of the list of tools."""
        client = connection.client
        if client.server_capabilities.tools is None:
            return []
        found: list[Any] = []
        cursors: set[str] = set()
        with hearing() as heard:
            try:
                async with asyncio.timeout(self.rules.timeout):
                    page = await client.list_tools()
                    found += page.tools
                    while page.next_cursor:
                        check_paging(self.name, page.next_cursor, cursors, found)
                        page = await client.list_tools(cursor=page.next_cursor)
                        found += page.tools
            except Exception as error:
                error = self._timed(error)
                scene = await connection.scene(heard)
                raise self._told(self._faults.listing(error, scene), connection, error) from None
        return found

    def _made(self, found: list[Any]) -> tuple[McpTool, ...]:
        specs, left_out = specs_of(found, self._parts.schemas)
        for name, reason in left_out.items():
            if self.left_out.get(name) != reason:
                _LOG.warning("MCP server %r: tool %r is left out: %s", self.name, name, reason)
        self.left_out = left_out
        traits = {tool.name: traits_of(tool, self.rules) for tool in reversed(found)}
        return tuple(
            McpTool(spec, server=self.name, traits=traits[name], parts=self._parts)
            for name, spec in specs.items()
        )

    async def _call(self, tool: McpTool, arguments: JsonObject, effect: str) -> Json:
        async with self._alone():
            connection = await self._connected()
            # The SDK would ask for the schema of a tool that it has not seen after the call, and a
            # fault of that would look like one of the call.
            if not self._listing.is_of(connection):
                await self._list(connection)
        if tool.spec.name not in self._listing.names:
            raise Fatal(
                f"MCP server {self.name!r} has no tool {tool.spec.name!r} any more.",
                code="no_such_tool",
            )
        progress = Progress()
        with hearing() as heard:
            try:
                async with self._patience.within(self.rules.timeout):
                    result = await connection.client.call_tool(
                        tool.spec.name,
                        arguments,
                        progress_callback=progress,
                        meta={EFFECT_META: effect} if effect else None,
                    )
            except Exception as error:
                error = self._timed(error, progress)
                failed = self._faults.calling(
                    error,
                    await connection.scene(heard),
                    tool=tool.spec.name,
                    repeats=not tool.once,
                )
                raise self._told(failed, connection, error) from None
        try:
            return self._credentials.hidden_in(value_of(result))
        except Fatal as error:
            raise Fatal(self._credentials.hide(str(error)), code=error.code) from None

    def _timed(self, error: Exception, progress: "Progress | str" = "") -> Exception:
        if isinstance(error, TimeoutError):
            return TimeoutError(f"within {self.rules.timeout:g} s{progress}")
        return error

    def _told(
        self, failed: WorkFailed | None, connection: Connection, error: Exception
    ) -> Exception:
        if failed is not None and failed.code == "session_ended":
            connection.end()
        return failed or error
