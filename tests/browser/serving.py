"""What servers of tests have in common: they serve one workflow, and their model gives its answers
word by word. They serve as `tenuto serve --dev` does, with a scripted model in place of a real one.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, Protocol

from tenuto import Workflow
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.serving import open_service
from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest
from tenuto.server.app import create_app
from tenuto.server.listening import address_of, listening, serve_app

NO_ROUTES: Final[Mapping[str, Any]] = {}


class Script(Protocol):
    """Says what a model answers."""

    word_s: float
    """How long a word takes."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        ...

    async def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        """Give the answer word by word. See `StreamingModel.stream`."""
        answer = await self.answer(model, request)
        for word in answer.text.split(" "):
            await asyncio.sleep(self.word_s)
            yield Delta(text=f"{word} ")
        yield answer


async def serve(
    flow: Workflow, script: Script, *, port: int, db: str, routes: Mapping[str, Any] = NO_ROUTES
) -> None:
    """Serve until the process is told to end."""
    definition = flow.definition()
    offered = [
        LoadedWorkflow(
            name=definition.name,
            workflow=flow,
            definition=definition,
            source="tests",
            description=definition.description,
        )
    ]
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    with listening("127.0.0.1", port) as listener:
        opened = open_service(
            db, offered, login=False, models={"scripted": script}, routes=routes, stream=True
        )
        async with opened as service:
            app = create_app(service)
            serving = asyncio.create_task(
                serve_app(app, listener, api=True, stopping=service.hub.stop)
            )
            print(f"serving at {address_of(listener)}", flush=True)
            await done.wait()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
