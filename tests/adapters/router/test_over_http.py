"""A route between two providers over HTTP on loopback: whatever one does, the other answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import pytest

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.models import Providers
from tenuto.core.agent.messages import Delta, Message, ModelAnswer, ModelRequest
from tenuto.core.agent.routes import ModelHealth, Route
from tenuto.core.errors import Transient
from tests.adapters.pydantic_ai.provider import (
    Provider,
    Reply,
    chat,
    claude,
    error,
    serving,
    streamed_chat,
)

pytestmark = pytest.mark.slow

FIRST, SECOND = "openai-chat:gpt-5", "anthropic:claude-sonnet-5-5"
ASKED: Final = ModelRequest(
    agent="clerk",
    instructions="Answer shortly.",
    inputs={},
    messages=(Message(role="user", text="tenuto?"),),
    tools=(),
    output_schema=None,
    settings={"max_tokens": 500},
    turn=0,
)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Provider, Provider]]:
    with serving() as first, serving() as second:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{first.url}/v1")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-second-0123456789")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", second.url)
        yield first, second


@asynccontextmanager
async def opened(timeout_seconds: float = 20.0) -> AsyncIterator[Providers]:
    route = Route(models=(FIRST, SECOND), timeout_seconds=timeout_seconds)
    providers = Providers({}, routes={"r": route}, clock=SystemClock(), schemas=JsonSchemas())
    try:
        yield providers
    finally:
        await providers.close()


def asked(times: int = 1, timeout_seconds: float = 20.0) -> list[ModelAnswer]:
    async def main() -> list[ModelAnswer]:
        async with opened(timeout_seconds) as providers:
            return [await providers.router.answer("r", ASKED) for _ in range(times)]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (error(429, "Slow down.", retry_after="30"), "rate_limit"),
        (error(500, "Broken."), "unavailable"),
        (error(401, "Wrong key.", code="invalid_api_key"), "authentication"),
        (chat("Held.", finish="content_filter"), "refusal"),
        (Reply(body=b'{"id": "chatcmpl-1", "choices": [{"ind', cut=30), "unavailable"),
        (Reply(body=b"<html>no</html>"), "unavailable"),
        (Reply(body=chat("Held.").body, cut=40), "unavailable"),
    ],
    ids=["429", "500", "401", "refusal", "cut body", "no JSON", "cut answer"],
)
def test_the_other_provider_answers_where_the_first_does_not(
    servers: tuple[Provider, Provider], reply: Reply, code: str
) -> None:
    first, second = servers
    first.reply(reply)
    second.reply(claude("Held."))

    (answer,) = asked()

    assert (answer.text, answer.model) == ("Held.", SECOND)
    assert len(first.requests) == len(second.requests) == 1
    assert answer.trail == (f"{FIRST}: {code}",)


def test_a_provider_that_asks_for_a_rest_gets_it(servers: tuple[Provider, Provider]) -> None:
    first, second = servers
    first.reply(error(429, "Slow down.", retry_after="30"))
    second.reply(claude("one"), claude("two"))

    answers = asked(2)

    assert [answer.text for answer in answers] == ["one", "two"]
    assert len(first.requests) == 1
    assert answers[1].trail == (f"{FIRST}: rate_limit",)


def test_a_provider_that_hangs_is_given_up_in_time(servers: tuple[Provider, Provider]) -> None:
    first, second = servers
    first.reply(Reply(hang=True))
    second.reply(claude("Held."))
    # Loading the clients takes longer than the wait for an answer may.
    warm_up()

    (answer,) = asked(timeout_seconds=1.0)

    assert (answer.text, answer.trail) == ("Held.", (f"{FIRST}: timeout",))


def warm_up() -> None:
    import pydantic_ai.direct
    import pydantic_ai.models.anthropic
    import pydantic_ai.models.openai  # noqa: F401  # loaded, so that no request waits for it


def test_half_an_answer_is_withdrawn_when_its_stream_is_cut(
    servers: tuple[Provider, Provider],
) -> None:
    first, second = servers
    whole = streamed_chat("Held ", "for ", "its full value.")
    first.reply(Reply(body=whole.body, kind=whole.kind, cut=300))
    second.reply(error(500, "Broken."))

    async def main() -> tuple[str, tuple[ModelHealth, ...]]:
        shown = ""
        async with opened() as providers:
            with pytest.raises(Transient):
                async for piece in providers.router.stream("r", ASKED):
                    assert isinstance(piece, Delta)
                    shown = piece.onto(shown)
            return shown, providers.router.health()

    shown, health = asyncio.run(main())

    assert shown == ""
    assert [one.failures for one in health] == [1, 1]


def test_where_both_are_away_the_wait_is_the_shorter_one(
    servers: tuple[Provider, Provider],
) -> None:
    first, second = servers
    first.reply(error(429, "Slow down.", retry_after="30"))
    second.reply(error(429, "Slow down.", retry_after="5"))

    with pytest.raises(Transient) as caught:
        asked()

    assert caught.value.retry_after_ms == 5_000
    assert FIRST in str(caught.value)
    assert SECOND in str(caught.value)
