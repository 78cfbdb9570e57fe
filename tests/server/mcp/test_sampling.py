"""Agents that ask the model of the client that called."""

import asyncio
from typing import Any

import mcp_types as types
import pytest
from mcp import Client, MCPError

import tenuto
from tenuto import Agent, Workflow, body
from tenuto.server.mcp.client.sampling import ClientModel
from tests.server.mcp.serving import Served, run, served, text_of

ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
TOOLS = types.SamplingCapability(tools=types.SamplingToolsCapability())


class Model:
    """Answers in a client, one answer after the other; the last for ever."""

    def __init__(self, *answers: str | types.CreateMessageResultWithTools | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[types.CreateMessageRequestParams] = []

    async def __call__(self, context: Any, params: Any) -> Any:
        self.asked.append(params)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return said(answer) if isinstance(answer, str) else answer


def said(text: str) -> types.CreateMessageResultWithTools:
    return types.CreateMessageResultWithTools(
        role="assistant",
        content=types.TextContent(text=text),
        model="theirs",
        stop_reason="endTurn",
    )


def calls(tool: str, **arguments: Any) -> types.CreateMessageResultWithTools:
    block = types.ToolUseContent(id="c1", name=tool, input=arguments)
    return types.CreateMessageResultWithTools(
        role="assistant", content=block, model="theirs", stop_reason="toolUse"
    )


def asking(**options: Any) -> Workflow:
    agent = Agent("helper", instructions="Be brief.", **{"model": "mcp:client", **options})
    flow = Workflow("asking", inputs={"text": "string"}, output="outputs.work")
    return flow.node("work", agent=agent, inputs={"text": "inputs.text"})


def serving(*flows: Workflow, **options: Any) -> Any:
    model = ClientModel(grace_s=options.pop("grace_s", 2))
    return served(*flows, model=model, models={"mcp": model}, **options)


async def log_of(here: Served, session: str) -> list[Any]:
    return [stored.event async for stored in here.runtime.session(session).events(follow=False)]


@ERAS
def test_the_model_of_the_client_answers_for_an_agent(mode: str) -> None:
    async def work() -> None:
        model = Model("Two cups.")
        async with serving(asking(), mode=mode, sampling_callback=model) as here:
            result = await here.call("asking", text="How many?")
            session = here.runtime.session(result.meta["tenuto/session"])
            state = await session.state()
            report = await session.replay()

        assert result.structured_content["text"] == "Two cups."
        (asked,) = model.asked
        assert asked.system_prompt == "Be brief."
        assert asked.messages[0].role == "user"
        assert "How many?" in asked.messages[0].content.text  # type: ignore[union-attr]
        assert state.labelled == {"outputs.work": ("untrusted",)}
        assert state.spent.tokens > 0
        assert report.divergence is None

    run(work)


@ERAS
def test_a_schema_is_told_and_the_answer_is_held_against_it(mode: str) -> None:
    async def work() -> None:
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        model = Model("many", '```json\n{"n": 2}\n```')
        async with serving(asking(output=schema), mode=mode, sampling_callback=model) as here:
            result = await here.call("asking", text="How many?")

        assert result.structured_content == {"n": 2}
        assert len(model.asked) == 2
        assert '"required":["n"]' in (model.asked[0].system_prompt or "")

    run(work)


@ERAS
def test_a_client_whose_model_can_call_tools_gets_them_and_their_results(mode: str) -> None:
    @tenuto.tool
    def stock(item: str) -> int:
        """Say how many there are."""
        return len(item)

    async def work() -> None:
        model = Model(calls("stock", item="tea"), "Three.")
        async with serving(
            asking(tools=[stock]),
            mode=mode,
            sampling_callback=model,
            sampling_capabilities=TOOLS,
        ) as here:
            result = await here.call("asking", text="How many?")

        assert result.structured_content["text"] == "Three."
        assert [tool.name for tool in model.asked[0].tools or ()] == ["stock"]
        last: Any = model.asked[1].messages[-1].content
        assert (last.type, last.content[0].text) == ("tool_result", "3")

    run(work)


def test_a_client_whose_model_calls_no_tools_is_told_so() -> None:
    @tenuto.tool
    def stock(item: str) -> int:
        """Say how many there are."""
        return len(item)

    async def work() -> None:
        async with serving(
            asking(tools=[stock]), mode="legacy", sampling_callback=Model("x")
        ) as here:
            result = await here.call("asking", text="How many?")

        assert result.is_error
        assert "does not let its model call any" in text_of(result)

    run(work)


def test_a_client_that_refuses_fails_the_agent_with_its_words() -> None:
    async def work() -> None:
        model = Model(MCPError(code=-1, message="User rejected sampling request"))
        async with serving(asking(), mode="legacy", sampling_callback=model) as here:
            result = await here.call("asking", text="How many?")

        assert result.is_error
        assert "User rejected sampling request" in text_of(result)

    run(work)


@ERAS
def test_without_a_client_to_ask_the_session_waits_and_says_for_what(mode: str) -> None:
    async def work() -> None:
        async with serving(asking(), mode=mode, grace_s=0.05) as here:
            result = await here.call("asking", text="How many?")

        assert result.meta["tenuto/status"] == "waiting"
        assert "no client is there that lets its model be asked" in text_of(result)

    run(work)


@ERAS
def test_a_client_that_comes_back_with_the_key_lets_the_session_go_on(mode: str) -> None:
    async def work() -> None:
        model = Model("Two cups.")
        async with serving(asking(), mode=mode, grace_s=0.05, sampling_callback=model) as here:
            other = await here.runtime.start(asking(), {"text": "How many?"}, key="k")
            head = await other.wait_until_idle(5)
            assert head.status == "waiting"
            result = await here.call("asking", key="k", text="How many?")
            log = await log_of(here, other.id)

        assert result.structured_content["text"] == "Two cups."
        assert sum(type(event).__name__ == "TaskRetried" for event in log) == 1

    run(work)


@ERAS
def test_the_session_below_asks_the_client_of_the_one_above(mode: str) -> None:
    async def work() -> None:
        outer = Workflow("outer", output="outputs.inner").node(
            "inner", workflow=asking(), inputs={"text": "'How many?'"}
        )
        model = Model("Two cups.")
        async with serving(outer, mode=mode, sampling_callback=model) as here:
            result = await here.call("outer")

        assert result.structured_content["text"] == "Two cups."

    run(work)


@ERAS
def test_agents_that_work_at_once_ask_the_client_each(mode: str) -> None:
    async def work() -> None:
        agent = Agent("helper", model="mcp:client")
        flow = Workflow("wide", inputs={"items": "array"}, output="size(outputs.each)")
        flow.node("each", map="inputs.items", do=body(agent=agent, inputs={"item": "item"}))
        model = Model("x")
        async with serving(flow, mode=mode, sampling_callback=model) as here:
            result = await here.call("wide", items=list(range(12)))

        assert result.structured_content == {"output": 12}
        assert len(model.asked) == 12

    run(work)


def test_another_name_than_client_is_told_as_a_hint() -> None:
    async def work() -> None:
        model = Model("x")
        async with serving(
            asking(model="mcp:claude", settings={"temperature": 0, "max_tokens": 9}),
            mode="legacy",
            sampling_callback=model,
        ) as here:
            await here.call("asking", text="How many?")

        (asked,) = model.asked
        assert [hint.name for hint in asked.model_preferences.hints] == ["claude"]  # type: ignore[union-attr]
        assert (asked.temperature, asked.max_tokens) == (0.0, 9)

    run(work)


def test_two_clients_are_asked_each_for_its_own_session() -> None:
    async def work() -> None:
        mine, theirs = Model("mine"), Model("theirs")
        async with (
            serving(asking(), mode="legacy", sampling_callback=mine) as here,
            Client(here.face.server(), mode="legacy", sampling_callback=theirs) as other,
        ):
            first, second = await asyncio.gather(
                here.call("asking", text="1"), other.call_tool("asking", {"text": "2"})
            )

        assert first.structured_content["text"] == "mine"
        assert (second.structured_content or {})["text"] == "theirs"

    run(work)


def test_an_answer_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenuto.server.mcp.client.sampling.ANSWER_CHARS_MAX", 3)

    async def work() -> None:
        async with serving(asking(), mode="legacy", sampling_callback=Model("long")) as here:
            result = await here.call("asking", text="How many?")

        assert result.is_error
        assert "gave 4 characters, over 3" in text_of(result)

    run(work)
