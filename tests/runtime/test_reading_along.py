"""Answers are read while they are being given, and from where one was, after losing the line."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import tenuto
from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest
from tenuto.ports.pieces import Piece
from tenuto.testing import MockLLM
from tests.runtime.places import on_each_store, place, run

TEXT = "one two three"


def flow() -> tenuto.Workflow:
    agent = tenuto.Agent("a", model="scripted:any")
    return tenuto.Workflow("f", output="outputs.say.text").node("say", agent=agent)


async def read_all(session: tenuto.Session, after: int = 0) -> list[Piece]:
    return [piece async for piece in session.tokens(after)]


def shown(pieces: list[Piece]) -> str:
    text = ""
    for piece in pieces:
        text = piece.onto(text)
    return text


@on_each_store
def test_the_pieces_of_an_answer_come_to_its_text(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        models = {"scripted": MockLLM([TEXT])}
        url = place(kind, tmp_path)
        async with tenuto.open(url, models=models, stream=True) as runtime:
            session = await runtime.start(flow())
            pieces = await read_all(session)

            assert shown(pieces) == TEXT == await session.result(10)
            assert pieces[0].restart

            # Who comes back later goes on where he was.
            assert await read_all(session, after=pieces[0].offset) == pieces[1:]

    run(test())


def test_a_reader_sees_pieces_before_the_answer_is_there() -> None:
    class Slow:
        def __init__(self) -> None:
            self.seen = asyncio.Event()

        async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
            raise AssertionError("it is asked for pieces")

        async def stream(
            self, model: str, request: ModelRequest
        ) -> AsyncGenerator[Delta | ModelAnswer, None]:
            yield Delta(text="first")
            await self.seen.wait()
            yield ModelAnswer(text="first")

    async def test() -> None:
        slow = Slow()
        async with tenuto.open("memory://", models={"scripted": slow}, stream=True) as runtime:
            session = await runtime.start(flow())
            async for piece in session.tokens():
                assert piece.text == "first"
                assert (await session.head()).status == "running"
                slow.seen.set()
            assert await session.result(10) == "first"

    run(test())


def test_an_attempt_that_broke_is_withdrawn_by_the_next_one() -> None:
    class Breaking:
        def __init__(self) -> None:
            self.asked = 0

        async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
            raise AssertionError("it is asked for pieces")

        async def stream(
            self, model: str, request: ModelRequest
        ) -> AsyncGenerator[Delta | ModelAnswer, None]:
            self.asked += 1
            yield Delta(text="half")
            if self.asked == 1:
                raise tenuto.Transient("The line is cut.", retry_after_ms=1)
            yield Delta(text=" whole")
            yield ModelAnswer(text="half whole")

    async def test() -> None:
        models = {"scripted": Breaking()}
        async with tenuto.open("memory://", models=models, stream=True) as runtime:
            session = await runtime.start(flow())
            pieces = await read_all(session)

            assert [piece.text for piece in pieces if piece.restart] == ["half", "half"]
            assert shown(pieces) == "half whole"

    run(test())


def test_without_streaming_there_are_no_pieces() -> None:
    async def test() -> None:
        async with tenuto.open("memory://", models={"scripted": MockLLM([TEXT])}) as runtime:
            session = await runtime.start(flow())

            assert await read_all(session) == []
            assert await session.result(10) == TEXT

    run(test())
