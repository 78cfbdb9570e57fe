"""Calls in progress, each a line to its client, by the session that it is about."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.shared.message import ServerMessageMetadata

from tenuto.core.vocabulary import SessionId
from tenuto.server.mcp.clients import client_of, is_modern

Sampled: TypeAlias = types.CreateMessageResultWithTools
SAMPLE: Final = "sample:"
"""Begins the names of requests for an answer of a model."""


class Line:
    """One call, and what its client can be asked while it goes on.

    Clients of before 2026-07-28 are asked at once. Later ones are told in the result of the call
    what is wanted of them, and call again with the answers."""

    def __init__(self, lines: "Lines", context: ServerRequestContext[Any]) -> None:
        self._lines, self._context = lines, context
        self.client = client_of(context)
        self.is_modern = is_modern(context)
        can = context.session.client_capabilities or types.ClientCapabilities()
        reaches = self.is_modern or context.session.can_send_request
        form = can.elicitation is not None and (
            can.elicitation.form is not None or can.elicitation.url is None
        )
        self.elicits = reaches and form
        self.samples = reaches and can.sampling is not None
        self.gives_tools = can.sampling is not None and can.sampling.tools is not None
        self.wanted: dict[str, types.CreateMessageRequest] = {}
        """What the result of the call will ask for."""
        self.news = asyncio.Event()
        """Set when something is wanted."""

    async def elicit(self, message: str, schema: dict[str, Any]) -> types.ElicitResult:
        """Return what the client's user answers.

        Raises:
            MCPError: the client refuses, or is gone.
            pydantic.ValidationError: it gave no such answer.
        """
        session = self._context.session
        return await session.elicit_form(message, schema, self._context.request_id)

    async def sample(self, key: str, params: types.CreateMessageRequestParams) -> Sampled:
        """Return what the client's model answers; `key` is the same for each attempt.

        Raises:
            MCPError: the client refuses, or is gone.
            pydantic.ValidationError: it gave no such answer.
        """
        request = types.CreateMessageRequest(params=params)
        if not self.is_modern:
            related = ServerMessageMetadata(related_request_id=self._context.request_id)
            return await self._context.session.send_request(request, Sampled, metadata=related)
        name = SAMPLE + key
        with self._lines.awaiting(name) as answer:
            self.wanted[name] = request
            self.news.set()
            return await answer


class Lines:
    """Who can be asked about which session."""

    def __init__(self) -> None:
        self._lines: dict[SessionId, list[Line]] = {}
        self._arrived = asyncio.Event()
        self._answers: dict[str, asyncio.Future[Sampled]] = {}

    @contextmanager
    def attached(self, session: SessionId, line: Line | None) -> Iterator[None]:
        """Keep a line while a call goes on."""
        if line is None:
            yield
            return
        self._lines.setdefault(session, []).append(line)
        self._arrived.set()
        self._arrived = asyncio.Event()
        try:
            yield
        finally:
            self._lines[session].remove(line)
            if not self._lines[session]:
                del self._lines[session]

    async def sampling(
        self, session: SessionId, *, seconds: float, but: tuple[Line, ...] = ()
    ) -> Line | None:
        """Return a line whose client has a model, the newest; None if none came in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for line in reversed(self._lines.get(session, [])):
                        if line.samples and line not in but:
                            return line
                    await self._arrived.wait()
        except TimeoutError:
            return None

    @contextmanager
    def awaiting(self, name: str) -> Iterator[asyncio.Future[Sampled]]:
        """Keep a place for an answer that a later call brings."""
        answer: asyncio.Future[Sampled] = asyncio.get_running_loop().create_future()
        self._answers[name] = answer
        try:
            yield answer
        finally:
            if self._answers.get(name) is answer:
                del self._answers[name]

    def answer(self, name: str, given: Sampled) -> None:
        """Hand on an answer; one that nobody waits for any more is dropped."""
        waiting = self._answers.get(name)
        if waiting is not None and not waiting.done():
            waiting.set_result(given)
