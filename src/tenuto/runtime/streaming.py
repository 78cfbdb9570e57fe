"""Asks a model for its answer in pieces, and hands them on for those who read along."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.errors import Transient
from tenuto.core.vocabulary import TaskNo
from tenuto.ports.model import StreamingModel
from tenuto.ports.pieces import Piece

GATHER_S: Final = 0.04
"""Pieces that come within this time are handed on as one: faster than that nobody reads."""


async def streamed(
    model: StreamingModel,
    name: str,
    request: ModelRequest,
    *,
    task: TaskNo,
    hand_on: Callable[[Piece], None],
) -> ModelAnswer:
    """Return the whole answer; its text has been handed on, the first piece with `restart`.

    Raises:
        Transient: the stream ended without an answer. And whatever the model raises.
    """
    loop = asyncio.get_running_loop()
    text, restart, handed_s = "", True, 0.0

    def flush() -> None:
        nonlocal text, restart, handed_s
        if text or restart:
            hand_on(Piece(task=task, text=text, restart=restart))
        text, restart, handed_s = "", False, loop.time()

    async with aclosing(model.stream(name, request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, ModelAnswer):
                flush()
                return piece
            if piece.restart:
                text, restart = "", True
            text += piece.text
            if loop.time() - handed_s >= GATHER_S:
                flush()
    raise Transient(f"Model {name!r} ended without an answer.", code="bad_answer")
