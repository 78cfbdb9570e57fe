"""One connection to a server, kept by a task of its own.

The SDK's context managers hold anyio task groups and cancel scopes, which must be left by the task
that entered them. So one task enters them, waits, and leaves them; requests may come from any task
of the loop.
"""

import asyncio
from contextlib import suppress
from importlib.metadata import version
from typing import Any, Final

from tenuto.adapters.mcp.heard import HEARD, Heard
from tenuto.adapters.mcp.means import Means
from tenuto.adapters.mcp.settings import Address, Command
from tenuto.adapters.mcp.telling import Scene
from tenuto.adapters.mcp.transports import LastWords, load, over_http, over_pipes

CLOSE_SECONDS_MAX: Final = 5.0
"""How long a server may take to let go; then nothing more is waited for. A child process has, of
this, 2 s after the end of its input, before it is terminated, and 2 s more before it is killed."""

_REASON_SECONDS_MAX: Final = 2.0
_NOISE_CHARS_MAX: Final = 120
_LISTEN_SECONDS: Final = (1.0, 60.0)
"""Least and longest wait before changes are listened for again."""


class Connection:
    """A connection that was begun; see `opened`. One that is lost does not come back."""

    def __init__(self, place: Command | Address, means: Means, *, connect_seconds: float) -> None:
        self._place, self._means = place, means
        self._connect_seconds = connect_seconds
        self._said = LastWords()
        self._noise = ""
        self._over = asyncio.Event()
        self._client: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._scope: Any = None
        self._heard = Heard()
        self.lost = False
        self.changes = 0
        """How often the server said that its list of tools has changed."""
        self._task = asyncio.create_task(self._keep())

    @property
    def client(self) -> Any:
        """The SDK's client, once `opened` has returned."""
        return self._client.result()

    async def opened(self) -> None:
        """Return when requests can be made.

        Raises:
            TimeoutError: it was not ready in time.
            Exception: whatever the SDK ran into.
        """
        await asyncio.wait(
            [self._client, self._task],
            timeout=self._connect_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self._client.done():
            return
        if not self._task.done():
            raise TimeoutError(f"within {self._connect_seconds:g} s")
        self._task.result()
        raise AssertionError("a keeper ends before it is ready only by an error")

    async def scene(self, heard: Heard | None = None) -> Scene:
        """Return how it stands, for whoever tells of a fault; waits a moment for last words."""
        reason = None
        if self.lost or self._task.done():
            await asyncio.wait([self._task], timeout=_REASON_SECONDS_MAX)
            if isinstance(self._place, Command):
                await self._said.ended()
            if self._task.done() and not self._task.cancelled():
                reason = self._task.exception()
        return Scene(
            heard=heard or self._heard,
            # Of a server that goes on, what it wrote may be about anything.
            said=str(self._said) if self.lost or not self._client.done() else "",
            noise=self._noise,
            lost=self.lost,
            reason=reason,
        )

    @property
    def stands(self) -> bool:
        """Whether requests can be made."""
        return not self.lost and not self._task.done()

    async def close(self) -> None:
        """Let the server go; a child process is gone when this returns."""
        self._over.set()
        if not self._client.done() and self._scope is not None:
            self._scope.cancel()
        await asyncio.wait([self._task], timeout=CLOSE_SECONDS_MAX)
        if not self._task.done() and self._scope is not None:
            self._scope.cancel()
            await asyncio.wait([self._task], timeout=CLOSE_SECONDS_MAX)
        if self._task.done() and not self._task.cancelled():
            # Whatever it was, it was told to whoever was waiting for an answer.
            self._task.exception()

    async def _keep(self) -> None:
        import anyio

        HEARD.set(self._heard)
        try:
            with anyio.CancelScope() as self._scope:
                await asyncio.to_thread(load)
                from mcp import Client
                from mcp_types import Implementation

                client = Client(
                    self._transport(),
                    message_handler=self._told,
                    client_info=Implementation(name="tenuto", version=version("tenuto")),
                    elicitation_callback=self._means.asked,
                    cache=None,
                )
                async with client, anyio.create_task_group() as listening:
                    listening.start_soon(self._listen, client)
                    self._client.set_result(client)
                    await self._over.wait()
                    listening.cancel_scope.cancel()
        finally:
            self.lost = True

    def _transport(self) -> Any:
        if isinstance(self._place, Command):
            return over_pipes(self._place, self._means.credentials, self._said, self.end)
        return over_http(
            self._place,
            self._means,
            connect_seconds=self._connect_seconds,
            ended=self.end,
        )

    def end(self) -> None:
        """Take note that nobody can ask any more, and let the keeper clear up."""
        self.lost = True
        self._over.set()

    async def _told(self, message: Any) -> None:
        """Take what the server says of itself."""
        from mcp_types import ToolListChangedNotification

        if isinstance(message, ToolListChangedNotification):
            self.changes += 1
        elif isinstance(message, Exception):
            self._noise = _shown(message)

    async def _listen(self, client: Any) -> None:
        """Have the server tell of changes, where its version of the protocol wants to be asked.
        What was missed between two askings is seen by asking for the list again."""
        import anyio
        from mcp import MCPError
        from mcp.client.subscriptions import SubscriptionLost
        from mcp_types.version import MODERN_PROTOCOL_VERSIONS

        tools = client.server_capabilities.tools
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or not tools:
            return
        wait, longest = _LISTEN_SECONDS
        while tools.list_changed:
            with suppress(MCPError, SubscriptionLost, TimeoutError):
                async with client.listen(tools_list_changed=True) as subscription:
                    wait = _LISTEN_SECONDS[0]
                    self.changes += 1
                    async for _ in subscription:
                        self.changes += 1
            await anyio.sleep(wait)
            wait = min(wait * 2, longest)


def _shown(error: Exception) -> str:
    """Return what the server wrote, from the SDK's error about it."""
    errors = getattr(error, "errors", None)
    found = errors()[0].get("input") if callable(errors) else str(error)
    return repr(str(found)[:_NOISE_CHARS_MAX])
