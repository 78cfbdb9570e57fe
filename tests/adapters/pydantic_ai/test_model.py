"""Providers over real HTTP on loopback: what is sent, what comes back, and what goes wrong."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import tenuto
from tenuto import Agent, Workflow
from tenuto.adapters.pydantic_ai import PydanticAIModel
from tenuto.adapters.pydantic_ai.faults import without_secrets
from tenuto.core.agent.messages import (
    Delta,
    Message,
    ModelAnswer,
    ModelRequest,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
)
from tenuto.core.errors import Escalatable, Fatal, Transient, WorkFailed
from tests.adapters.pydantic_ai.provider import (
    Provider,
    Reply,
    chat,
    claude,
    error,
    serving,
    streamed_chat,
)

KEY = "sk-very-secret-key-0123456789"
CHAT, CLAUDE = "openai-chat:gpt-5", "anthropic:claude-sonnet-5-5"
LOOK_UP = ToolSpec(
    name="look_up",
    description="Look a word up.",
    parameters={
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    },
)
MEANING = {
    "type": "object",
    "properties": {"meaning": {"type": "string"}},
    "required": ["meaning"],
}

pytestmark = pytest.mark.slow


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with serving() as provider:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
        monkeypatch.setenv("TENUTO_LOCAL_URL", f"{provider.url}/v1")
        yield provider


def request(*messages: Message, **parts: Any) -> ModelRequest:
    return ModelRequest(
        **{
            "agent": "clerk",
            "instructions": "Answer shortly.",
            "inputs": {"text": "tenuto?"},
            "messages": messages or (Message(role="user", text="tenuto?"),),
            "tools": (LOOK_UP,),
            "output_schema": None,
            "settings": {"task": "plan", "max_tokens": 500},
            "turn": 0,
            "effect": "ses_1/2",
            **parts,
        }
    )


def answered(model: str, asked: ModelRequest) -> ModelAnswer:
    async def main() -> ModelAnswer:
        name, _, rest = model.partition(":")
        one = PydanticAIModel(name)
        try:
            return await one.answer(rest, asked)
        finally:
            await one.close()

    return asyncio.run(main())


def failed(model: str, asked: ModelRequest | None = None) -> WorkFailed:
    with pytest.raises(WorkFailed) as caught:
        answered(model, asked or request())
    assert KEY not in str(caught.value)
    return caught.value


def test_a_text_comes_back_with_what_it_cost(provider: Provider) -> None:
    provider.reply(chat("Held."))

    answer = answered(CHAT, request())

    assert (answer.text, answer.finish, answer.model) == ("Held.", "stop", CHAT)
    assert answer.usage.input_tokens == 1000
    assert answer.usage.output_tokens == 100
    assert answer.usage.cached_tokens == 400
    assert answer.usage.cost_usd > 0
    (sent,) = provider.requests
    assert sent["model"] == "gpt-5"
    assert "task" not in sent
    assert [message["content"] for message in sent["messages"]] == ["Answer shortly.", "tenuto?"]
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["look_up"]
    assert provider.headers[0]["authorization"] == f"Bearer {KEY}"
    assert provider.headers[0]["idempotency-key"] == "ses_1/2"


def test_the_other_protocol_says_the_same(provider: Provider) -> None:
    provider.reply(claude("Held."))

    answer = answered(CLAUDE, request())

    assert (answer.text, answer.finish, answer.model) == ("Held.", "stop", CLAUDE)
    assert (answer.usage.input_tokens, answer.usage.cached_tokens) == (1000, 400)
    assert answer.usage.cost_usd > 0
    (sent,) = provider.requests
    assert sent["messages"][0]["role"] == "user"
    assert "Answer shortly." in str(sent["system"])


@pytest.mark.parametrize(("model", "reply"), [(CHAT, chat), (CLAUDE, claude)])
def test_tools_are_called_and_their_results_are_told(
    provider: Provider, model: str, reply: Any
) -> None:
    provider.reply(reply("Let me see.", ("look_up", {"word": "tenuto"})), reply("Held."))

    first = answered(model, request())
    (call,) = first.calls
    result = ToolResult(id=call.id, tool=call.tool, value={"means": "held"})
    asked = Message(role="user", text="tenuto?")
    said = Message(role="assistant", text=first.text, calls=first.calls)
    second = answered(model, request(asked, said, Message(role="tool", results=(result,))))

    assert (first.finish, call.tool, call.arguments) == ("tools", "look_up", {"word": "tenuto"})
    assert first.text == "Let me see."
    assert second.text == "Held."
    assert '{"means":"held"}' in str(provider.requests[1]["messages"]).replace('\\"', '"')


def test_an_error_of_a_tool_is_told_in_words(provider: Provider) -> None:
    provider.reply(chat("I see."))
    call = ToolCall(id="c1", tool="look_up", arguments={"word": "x"})
    result = ToolResult(id="c1", tool="look_up", error="no such word")

    answered(
        CHAT,
        request(
            Message(role="user", text="x?"),
            Message(role="assistant", calls=(call,)),
            Message(role="tool", results=(result,)),
        ),
    )

    assert "no such word" in str(provider.requests[0]["messages"][-1])


@pytest.mark.parametrize(("model", "reply"), [(CHAT, chat), (CLAUDE, claude)])
def test_structured_output_comes_back_as_data(provider: Provider, model: str, reply: Any) -> None:
    text = None if reply is chat else ""
    provider.reply(reply(text, ("final_output", {"meaning": "held"})))

    answer = answered(model, request(output_schema=MEANING))

    assert answer.data == {"meaning": "held"}
    assert answer.text == '{"meaning":"held"}'
    assert answer.calls == ()
    assert answer.finish == "stop"


def test_output_that_comes_with_calls_comes_too_early(provider: Provider) -> None:
    provider.reply(chat(None, ("final_output", {"meaning": "?"}), ("look_up", {"word": "x"})))

    answer = answered(CHAT, request(output_schema=MEANING))

    assert answer.data is None
    assert [call.tool for call in answer.calls] == ["look_up"]


def test_a_server_of_ones_own_is_asked_by_its_address(provider: Provider) -> None:
    provider.reply(chat("Held."))

    answer = answered("local:llama4", request())

    assert answer.model == "local:llama4"
    assert provider.requests[0]["model"] == "llama4"
    assert KEY not in str(provider.headers)


def test_without_its_address_it_says_which_variable_to_set(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENUTO_LOCAL_URL")

    fault = failed("local:llama4")

    assert isinstance(fault, Escalatable)
    assert "set TENUTO_LOCAL_URL" in str(fault)


@pytest.mark.parametrize(
    ("model", "variable"), [(CHAT, "OPENAI_API_KEY"), (CLAUDE, "ANTHROPIC_API_KEY")]
)
def test_without_a_key_it_says_which_variable_to_set(
    model: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", variable):
        monkeypatch.delenv(name, raising=False)

    fault = failed(model)

    assert isinstance(fault, Escalatable)
    assert f"`{variable}`" in str(fault)


@pytest.mark.parametrize("model", ["nobody:large", "openai-chat:"])
def test_an_unknown_provider_is_for_a_person(model: str, provider: Provider) -> None:
    provider.reply(error(404, "The model does not exist", code="model_not_found"))

    assert isinstance(failed(model), Escalatable)


BROKEN = b'{"id": "chatcmpl-1", "object": "chat.comple'


@pytest.mark.parametrize("model", [CHAT, CLAUDE])
@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (error(429, "slow down", code="rate_limit_error"), Transient, "rate_limit"),
        (error(500, "oops"), Transient, "unavailable"),
        (error(503, "down"), Transient, "unavailable"),
        (error(529, "overloaded", code="overloaded_error"), Transient, "unavailable"),
        (error(401, f"Incorrect API key: {KEY}"), Escalatable, "authentication"),
        (error(404, "no such model", code="model_not_found"), Escalatable, "no_such_model"),
        (error(400, "temperature is too high"), Fatal, "request_rejected"),
        (Reply(body=BROKEN), Transient, None),
        (Reply(body=BROKEN + b" " * 100, cut=30), Transient, None),
        (Reply(body=[1, 2]), Transient, None),
    ],
)
def test_each_fault_is_of_the_class_that_says_what_follows(
    provider: Provider, model: str, reply: Reply, kind: type[WorkFailed], code: str | None
) -> None:
    provider.reply(reply)

    fault = failed(model)

    assert isinstance(fault, kind), repr(fault)
    assert code is None or fault.code == code
    assert model in str(fault)
    # The client has not tried again by itself: retries are events.
    assert len(provider.requests) == 1


def test_what_a_provider_asks_for_is_waited(provider: Provider) -> None:
    provider.reply(
        error(429, "slow down", retry_after="7"),
        error(503, "down", retry_after="2.5"),
        error(429, "slow down", retry_after="Fri, 31 Dec 1999 23:59:59 GMT"),
    )

    assert [failed(CHAT).retry_after_ms for _ in range(3)] == [7_000, 2_500, 0]


def test_nobody_there_is_transient(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    fault = failed(CHAT)

    assert isinstance(fault, Transient)
    assert fault.code == "unavailable"


def test_an_answer_with_nothing_in_it_is_asked_for_again(provider: Provider) -> None:
    provider.reply(chat(""))

    fault = failed(CHAT)

    assert isinstance(fault, Transient)
    assert fault.code == "empty_answer"


def test_a_refusal_is_an_answer(provider: Provider) -> None:
    provider.reply(chat(None, refusal="I cannot help with that."))

    answer = answered(CHAT, request())

    assert (answer.finish, answer.text) == ("refusal", "I cannot help with that.")


def test_arguments_that_are_no_json_go_to_the_tool_as_they_are(provider: Provider) -> None:
    provider.reply(chat(None, ("look_up", '{"word": ')))

    answer = answered(CHAT, request())

    assert answer.calls[0].arguments == {"INVALID_JSON": '{"word": '}


def test_an_answer_that_was_cut_short_says_so(provider: Provider) -> None:
    provider.reply(chat("Hel", finish="length"))

    assert answered(CHAT, request()).finish == "length"


def test_a_model_without_a_price_costs_nothing(provider: Provider) -> None:
    provider.reply(chat("Held."))

    assert answered("local:llama4", request()).usage == Usage(
        input_tokens=1000, output_tokens=100, cached_tokens=400
    )


def test_no_message_holds_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "abcdef-123456")

    told = without_secrets("refused abcdef-123456\nand sk-abc123456 and sk-****6789")

    assert told == "refused *** and *** and ***"


@tenuto.tool
def look_up(word: str) -> dict[str, str]:
    """Look a word up."""
    return {"means": f"{word} is held"}


def asking(model: str) -> Workflow:
    agent = Agent(
        "clerk",
        model=model,
        instructions="Answer.",
        tools=[look_up],
        output=MEANING,
        settings={"max_tokens": 500},
    )
    flow = Workflow("asking", inputs={"text": "string"}, output="outputs.ask")
    return flow.node("ask", agent=agent, inputs={"text": "inputs.text"})


def test_an_agent_works_with_a_real_provider_from_start_to_end(provider: Provider) -> None:
    provider.reply(
        chat(None, ("look_up", {"word": 5})),
        chat(None, ("look_up", {"word": "tenuto"})),
        chat(None, ("final_output", {"sense": "held"})),
        chat(None, ("final_output", {"meaning": "held"})),
    )

    output = tenuto.run(asking(CHAT), {"text": "tenuto?"}, timeout=30)

    assert output == {"meaning": "held"}
    told = [
        message["content"] for message in provider.requests[3]["messages"] if "content" in message
    ]
    assert any("do not fit tool 'look_up'" in str(text) for text in told)
    assert any("does not fit its schema" in str(text) for text in told)


def test_a_missing_key_lets_the_session_wait_until_it_is_there(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    provider.reply(claude("", ("final_output", {"meaning": "held"})))

    async def main() -> Any:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(asking(CLAUDE), {"text": "tenuto?"})
            head = await session.wait_until_idle(30)
            monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
            await session.approve()
            return head, await session.result(30)

    head, output = asyncio.run(main())

    assert head.status == "waiting"
    assert "ANTHROPIC_API_KEY" in head.waiting_for
    assert output == {"meaning": "held"}


def test_a_provider_that_hangs_is_given_up_in_time(provider: Provider) -> None:
    provider.reply(Reply(hang=True))

    async def main() -> None:
        one = PydanticAIModel("openai-chat")
        try:
            async with asyncio.timeout(1.5):
                await one.answer("gpt-5", request())
        finally:
            await one.close()

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def in_pieces(model: str, asked: ModelRequest) -> tuple[list[str], ModelAnswer]:
    """Return what a reader has before him after each piece, and the answer."""

    async def main() -> tuple[list[str], ModelAnswer]:
        known, shown, answer = PydanticAIModel(model.partition(":")[0]), [""], ModelAnswer()
        try:
            async for piece in known.stream(model.partition(":")[2], asked):
                if isinstance(piece, Delta):
                    shown.append(piece.onto(shown[-1]))
                else:
                    answer = piece
        finally:
            await known.close()
        return shown[1:], answer

    return asyncio.run(main())


@pytest.mark.parametrize("model", [CHAT, "local:any"])
def test_a_streamed_answer_comes_in_pieces_and_then_whole(provider: Provider, model: str) -> None:
    provider.reply(streamed_chat("It ", "means ", "held."))

    shown, answer = in_pieces(model, request())

    assert shown == ["It ", "It means ", "It means held."]
    assert answer.text == "It means held."
    assert answer.usage.output_tokens == 5
    assert provider.requests[0]["stream"] is True


@pytest.mark.parametrize(
    "reply",
    [
        streamed_chat("It ", "means ", "held.", cut=150),
        error(429, "slow down"),
        Reply(body=b"data: {nonsense\n\n", kind="text/event-stream"),
    ],
)
def test_a_stream_that_is_cut_or_refused_may_be_tried_again(
    provider: Provider, reply: Reply
) -> None:
    provider.reply(reply)

    with pytest.raises(Transient):
        in_pieces(CHAT, request())
