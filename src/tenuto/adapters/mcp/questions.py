"""What a server asks while a tool of it runs, and who answers.

A question is part of a call that is under way: when either side dies, nobody can answer it any
more, and asking again would be calling again. So it is no approval of the session, which lasts;
whoever made the source answers it here and now, or it is declined.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.adapters.mcp.credentials import Credentials
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.schemas import Schemas

_LOG: Final = logging.getLogger("tenuto.mcp")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a server wants to know. It wrote the words: they are no instruction of anybody else."""

    server: str
    message: str
    schema: JsonObject = {}
    """Of the answer: an object whose properties are texts, numbers, truths or choices."""
    url: str = ""
    """Where a person is to do something, instead of answering here."""


Answer: TypeAlias = Mapping[str, Json] | None
OnQuestion: TypeAlias = Callable[[Question], Answer | Awaitable[Answer]]
"""Returns what is answered, without what has a default and stays so; None: nothing is."""


class Patience:
    """Deadlines of calls, which stand still while a question is open."""

    def __init__(self) -> None:
        self._left_s: dict[asyncio.Timeout, float] = {}
        self._open = 0

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Give this many seconds, those of questions not counted.

        Raises:
            TimeoutError: they are over.
        """
        async with asyncio.timeout(None if self._open else seconds) as deadline:
            self._left_s[deadline] = seconds
            try:
                yield
            finally:
                del self._left_s[deadline]

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let no deadline come nearer meanwhile."""
        loop = asyncio.get_running_loop()
        self._open += 1
        if self._open == 1:
            for deadline, when in [(one, one.when()) for one in self._left_s]:
                if when is not None and not deadline.expired():
                    self._left_s[deadline] = max(0.0, when - loop.time())
                    deadline.reschedule(None)
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                for deadline, left_s in self._left_s.items():
                    if not deadline.expired():
                        deadline.reschedule(loop.time() + left_s)


class Questions:
    """Answers the questions of one server."""

    def __init__(
        self,
        server: str,
        on_question: OnQuestion,
        *,
        schemas: Schemas,
        credentials: Credentials,
        patience: Patience,
    ) -> None:
        self._server, self._on_question = server, on_question
        self._schemas, self._credentials = schemas, credentials
        self._patience = patience

    async def __call__(self, context: Any, params: Any) -> Any:
        """Return the SDK's result for the SDK's question."""
        from mcp_types import ElicitResult

        question = Question(
            server=self._server,
            message=self._credentials.hide(params.message),
            schema=dict(getattr(params, "requested_schema", None) or {}),
            url=getattr(params, "url", ""),
        )
        try:
            with self._patience.standing_still():
                answer = self._on_question(question)
                if inspect.isawaitable(answer):
                    answer = await answer
        except Exception as error:
            # Its words may hold what a person wrote.
            told = type(error).__name__
            _LOG.warning("MCP server %r: on_question failed (%s)", self._server, told)
            return ElicitResult(action="cancel")
        if answer is None:
            return ElicitResult(action="decline")
        if question.url:
            return ElicitResult(action="accept")
        content: dict[str, Any] = {**_defaults(question.schema), **answer}
        wrong = self._wrong(question.schema, content)
        if wrong:
            _LOG.warning(
                "MCP server %r: the answer of on_question does not fit in %s; it is declined",
                self._server,
                ", ".join(wrong),
            )
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content=content)

    def _wrong(self, schema: JsonObject, content: dict[str, Json]) -> list[str]:
        """Return the names of what does not fit; their values are nobody's business."""
        properties, required = schema.get("properties", {}), schema.get("required") or []
        assert isinstance(properties, dict) and isinstance(required, list), "the SDK read it"
        wrong = [str(name) for name in required if name not in content]
        wrong += [name for name in content if name not in properties]
        for name, part in properties.items():
            assert isinstance(part, dict), "the SDK read it"
            try:
                fits = name not in content or not self._schemas.fault(part, content[name])
            except Rejected:
                fits = False
            if not fits:
                wrong.append(name)
        return wrong


def _defaults(schema: JsonObject) -> dict[str, Json]:
    """Return the default of each property that has one. Source: SEP-1034."""
    properties = schema.get("properties")
    return {
        name: part["default"]
        for name, part in (properties if isinstance(properties, dict) else {}).items()
        if isinstance(part, dict) and "default" in part
    }
