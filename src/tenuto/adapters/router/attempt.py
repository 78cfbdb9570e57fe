"""One model asked once, in pieces or whole, within its time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest
from tenuto.core.errors import Escalatable, Transient
from tenuto.ports.model import Model, StreamingModel


async def pieces_of(
    models: Mapping[str, Model],
    model: str,
    request: ModelRequest,
    *,
    limit_ms: int,
    streaming: bool,
) -> AsyncGenerator[Delta | ModelAnswer, None]:
    """Return the pieces of `model`'s answer and, last, the answer; only the latter unless
    `streaming`.

    Raises:
        TimeoutError: a piece, or the whole answer, took longer than `limit_ms`.
        Escalatable: there is no such provider. And whatever the model raises.
    """
    provider, _, name = model.partition(":")
    known = models.get(provider)
    if known is None:
        raise Escalatable(
            f"There is no provider {provider!r}; this process has: {', '.join(sorted(models))}.",
            code="no_such_model",
        )
    name, seconds = name or provider, limit_ms / 1000
    if not (streaming and isinstance(known, StreamingModel)):
        async with asyncio.timeout(seconds):
            answer = await known.answer(name, request)
        if streaming and answer.text:
            yield Delta(text=answer.text)
        yield answer
        return
    async with _closing(known.stream(name, request)) as pieces:
        # The limit is for silence: whoever goes on talking is at work.
        while True:
            async with asyncio.timeout(seconds):
                piece = await anext(pieces, None)
            if piece is None:
                raise Transient(f"Model {model!r} ended without an answer.", code="bad_answer")
            yield piece
            if isinstance(piece, ModelAnswer):
                return


@asynccontextmanager
async def _closing(
    pieces: AsyncIterator[Delta | ModelAnswer],
) -> AsyncIterator[AsyncIterator[Delta | ModelAnswer]]:
    """Give the iterator and close it, where it can be closed."""
    try:
        yield pieces
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
