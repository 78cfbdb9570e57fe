"""Tells clients that a session which they watch has changed.

Clients of before 2026-07-28 subscribe to an address and hear of it over their connection; later
ones listen: the answer to their request is the stream."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated

from tenuto.core.errors import TenutoError
from tenuto.core.lifecycle import TERMINAL
from tenuto.sdk.resting import has_news
from tenuto.server.mcp.clients import client_of
from tenuto.server.mcp.resources import session_in
from tenuto.server.mcp.visits import Visits

GAP_S: Final = 0.1
"""A session is told to have changed at most once in so many seconds."""
SUBSCRIPTIONS_MAX: Final = 1_000
"""Of all clients together; the oldest gives way."""

Tell: TypeAlias = Callable[[], Awaitable[None]]


class Subscriptions:
    """Follows sessions for the clients that asked for it."""

    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._bus = InMemorySubscriptionBus()
        self._listen = ListenHandler(self._bus)
        self._watching: OrderedDict[tuple[str, str], asyncio.Task[None]] = OrderedDict()

    async def subscribe(
        self, context: ServerRequestContext[Any], params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Begin to tell the client when the resource changes. What is no session never does."""
        uri = str(params.uri)
        place = client_of(context), uri

        async def tell() -> None:
            await context.session.send_resource_updated(uri)

        self._stop(place)
        self._watching[place] = asyncio.create_task(self._watch(uri, tell))
        if len(self._watching) > SUBSCRIPTIONS_MAX:
            self._stop(next(iter(self._watching)))
        return types.EmptyResult()

    async def unsubscribe(
        self, context: ServerRequestContext[Any], params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Stop telling the client."""
        self._stop((client_of(context), str(params.uri)))
        return types.EmptyResult()

    async def listen(
        self, context: ServerRequestContext[Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Stream changes of the resources that are asked for, until the client is gone."""
        watching = [
            asyncio.create_task(self._watch(uri, self._publisher(uri)))
            for uri in (params.notifications.resource_subscriptions or [])[:SUBSCRIPTIONS_MAX]
        ]
        try:
            return await self._listen(context, params)
        finally:
            for task in watching:
                task.cancel()

    def _publisher(self, uri: str) -> Tell:
        async def tell() -> None:
            await self._bus.publish(ResourceUpdated(uri))

        return tell

    def _stop(self, place: tuple[str, str]) -> None:
        task = self._watching.pop(place, None)
        if task is not None:
            task.cancel()

    async def _watch(self, uri: str, tell: Tell) -> None:
        try:
            await self._follow(uri, tell)
        except TenutoError:
            # It is no session that the client may see, or the store is away: nothing is told.
            return

    async def _follow(self, uri: str, tell: Tell) -> None:
        name = session_in(uri)
        if name is None:
            return
        session, _ = await self._visits.find(name)
        state = await session.state()
        while state.phase not in TERMINAL:
            await has_news(session, after=state.version, timeout=None)
            state = await session.state()
            await tell()
            await asyncio.sleep(GAP_S)
