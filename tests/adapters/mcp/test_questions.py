"""What servers ask while a tool of theirs runs."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Address, Command, Rules
from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.questions import Patience, Question, Questions
from tests.adapters.mcp import sdk_server
from tests.adapters.mcp.using import call, failure_of, run, tools_of, using

NAMES = {"type": "object", "properties": {"name": {"type": "string", "default": "Ann"}}}


@pytest.fixture(scope="module", params=["pipes", "http"])
def place(request: pytest.FixtureRequest) -> Iterator[Command | Address]:
    if request.param == "pipes":
        yield Command(command=(sys.executable, "-m", "tests.adapters.mcp.sdk_server"))
    else:
        with sdk_server.serving() as url:
            yield Address(url=url)


@pytest.fixture(scope="module")
def over_http() -> Iterator[Address]:
    """Where it makes no difference: a server over pipes is a process for each test."""
    with sdk_server.serving() as url:
        yield Address(url=url)


@pytest.mark.slow
def test_an_answer_has_the_defaults_of_what_it_leaves_out(place: Command | Address) -> None:
    asked: list[Question] = []

    async def answer(question: Question) -> dict[str, Any]:
        asked.append(question)
        return {"count": 3, "gift": True}

    async def story() -> None:
        async with using(place, Rules(on_question=answer)) as server:
            said = await call((await tools_of(server))["order"])
            assert said == {"result": "accept Order(count=3, colour='blue', gift=True)"}

    run(story())

    (question,) = asked
    assert (question.server, question.message) == ("shop", "How many pens?")
    assert set(question.schema["properties"]) == {"count", "colour", "gift"}  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "action"),
    [
        (None, "decline"),
        ({"count": "many"}, "decline"),
        ({"count": 3, "colour": "green"}, "decline"),
        ({}, "decline"),
        ({"count": 3, "other": 1}, "decline"),
        (OSError("no terminal, said Ann"), "cancel"),
    ],
)
def test_what_is_no_answer_declines(
    answer: Any, action: str, over_http: Address, caplog: pytest.LogCaptureFixture
) -> None:
    def answering(question: Question) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def story() -> None:
        async with using(over_http, Rules(on_question=answering)) as server:
            said = await call((await tools_of(server))["order"])
            assert said == {"result": f"{action} None"}

    run(story())

    assert not any(word in caplog.text for word in ("many", "green", "Ann"))


@pytest.mark.slow
def test_without_a_function_that_answers_a_server_may_not_ask(place: Command | Address) -> None:
    async def story() -> None:
        async with using(place) as server:
            failure = await failure_of(call((await tools_of(server))["order"]))
            assert "elicitation" in str(failure)

    run(story())


@pytest.mark.slow
def test_the_time_of_a_call_stands_still_while_a_person_thinks(place: Command | Address) -> None:
    async def think(question: Question) -> dict[str, Any]:
        await asyncio.sleep(1.5)
        return {"count": 1}

    async def story() -> None:
        async with using(place, Rules(on_question=think, timeout=1)) as server:
            tools = await tools_of(server)
            assert "accept" in str(await call(tools["order"]))
            failure = await failure_of(call(tools["slow"]))
            assert failure.code == "in_doubt"

    run(story())


class Params:
    """A question as the SDK hands it over."""

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update({"message": "Who?", **parts})


def answered(on_question: Any, **parts: Any) -> Any:
    pytest.importorskip("mcp_types")
    questions = Questions(
        "shop",
        on_question,
        schemas=JsonSchemas(),
        credentials=Credentials("shop"),
        patience=Patience(),
    )
    return asyncio.run(questions(None, Params(**parts)))


def test_a_question_that_sends_a_person_elsewhere_is_answered_with_consent_only() -> None:
    seen: list[Question] = []

    def consent(question: Question) -> dict[str, Any]:
        seen.append(question)
        return {"password": "hidden"}

    result = answered(consent, url="https://pay.example/1")

    assert (result.action, result.content) == ("accept", None)
    assert (seen[0].url, seen[0].schema) == ("https://pay.example/1", {})


def test_a_schema_that_is_none_declines(caplog: pytest.LogCaptureFixture) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "wrong"}}}

    result = answered(lambda question: {"name": "Ann"}, requested_schema=schema)

    assert result.action == "decline"
    assert "does not fit in name" in caplog.text


def test_a_default_may_be_answered_with_something_else() -> None:
    accepted = answered(lambda question: {"name": "Bob"}, requested_schema=NAMES)
    by_default = answered(lambda question: {}, requested_schema=NAMES)

    assert (accepted.content, by_default.content) == ({"name": "Bob"}, {"name": "Ann"})


def test_a_secret_that_was_given_to_the_server_is_in_no_question() -> None:
    credentials = Credentials("shop")
    credentials.remember("access-token-1")
    seen: list[str] = []

    async def story() -> None:
        questions = Questions(
            "shop",
            lambda question: seen.append(question.message),
            schemas=JsonSchemas(),
            credentials=credentials,
            patience=Patience(),
        )
        await questions(None, Params(message="Is access-token-1 yours?", requested_schema=NAMES))

    pytest.importorskip("mcp_types")
    run(story())

    assert seen == ["Is *** yours?"]


def test_deadlines_stand_still_until_the_last_question_is_answered() -> None:
    logging.getLogger("asyncio").setLevel(logging.WARNING)

    async def story() -> None:
        patience = Patience()
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with patience.within(0.05):
                with patience.standing_still(), patience.standing_still():
                    await asyncio.sleep(0.1)
                begun_s = loop.time()
                await asyncio.sleep(5)
        assert loop.time() - begun_s < 1

    run(story())
