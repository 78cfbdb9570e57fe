"""Answers are read while another process is being given them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

import tenuto
from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest
from tests.postgres import fresh_database, needs_postgres
from tests.redis_ground import fresh_redis, needs_redis
from tests.sharing.test_together import has, owned, until

pytestmark = [needs_postgres, pytest.mark.slow]


class Slow:
    """Gives a piece, and the rest when that was seen."""

    def __init__(self) -> None:
        self.seen = asyncio.Event()

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        raise AssertionError("it is asked for pieces")

    async def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        yield Delta(text="first", restart=True)
        await self.seen.wait()
        yield Delta(text=" second")
        yield ModelAnswer(text="first second")


def flow() -> tenuto.Workflow:
    agent = tenuto.Agent("a", model="slow:any")
    return tenuto.Workflow("reading", output="outputs.say.text").node("say", agent=agent)


def read_in_the_other_process(beside: str) -> None:
    async def main(url: str) -> None:
        models = [Slow(), Slow()]
        one, two = (
            tenuto.open(url, workflows=[flow()], models={"slow": model}, stream=True, redis=beside)
            for model in models
        )
        async with one as here, two as there:
            await until(lambda: owned(here) == owned(there))
            session = await here.start(flow())
            reader, model = (
                (here, models[1]) if has(there, "reading", session.id) else (there, models[0])
            )
            shown = ""
            async for piece in reader.session(session.id).tokens():
                shown = piece.onto(shown)
                model.seen.set()

            assert shown == "first second" == await session.result(5)

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 30))


def test_pieces_reach_a_reader_in_another_process() -> None:
    read_in_the_other_process("")


@needs_redis
def test_pieces_reach_a_reader_in_another_process_by_redis() -> None:
    read_in_the_other_process(fresh_redis())
