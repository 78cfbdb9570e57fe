"""The scripted model that team authors test with."""

import asyncio
from typing import Any

import pytest

import tenuto
from tenuto import Agent, SessionFailedError, Transient, Workflow, tool
from tenuto.core.agent.messages import ModelRequest
from tenuto.testing import MockLLM, Pause, calls


@tool
async def look_up(word: str) -> str:
    """Return what a word means."""
    return f"{word}: held for its full value"


def asking(**parts: Any) -> Workflow:
    flow = Workflow("asking")
    agent = Agent("clerk", model="mock:any", instructions="Answer.", tools=[look_up], **parts)
    flow.node("ask", agent=agent, inputs={"text": "inputs.text"})
    return flow


def answered(model: MockLLM, flow: Workflow) -> Any:
    """Return what the workflow gives with that model behind it."""

    async def main() -> Any:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow, {"text": "what is tenuto?"})
            return await session.result(timeout=20)

    return asyncio.run(main())


def test_answers_are_given_in_order_and_requests_are_recorded() -> None:
    model = MockLLM([calls(("look_up", {"word": "tenuto"})), "It means: held."])

    output = answered(model, asking())

    assert output == {"ask": {"text": "It means: held."}}
    assert [request.turn for request in model.requests] == [0, 1]
    assert model.requests[1].messages[-1].results[0].value == "tenuto: held for its full value"
    assert [spec.name for spec in model.requests[0].tools] == ["look_up"]
    model.assert_used_up()


def test_each_agent_may_have_a_script_of_its_own() -> None:
    model = MockLLM({"clerk": ["from the clerk"], "judge": ["never asked"]})

    assert answered(model, asking()) == {"ask": {"text": "from the clerk"}}
    with pytest.raises(
        AssertionError, match="1 answers were never asked for: judge: 'never asked'"
    ):
        model.assert_used_up()


def test_structured_data_is_given_as_data() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    model = MockLLM([{"n": "many"}, {"n": 42}])

    assert answered(model, asking(output=schema)) == {"ask": {"n": 42}}
    assert "does not fit its schema" in model.requests[1].messages[-1].text
    model.assert_used_up()


def test_an_exception_in_the_script_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MockLLM([Transient("busy", retry_after_ms=1), "second try"])
    from tenuto.core.session import failing
    from tenuto.core.workflow.model import RetryPolicy

    monkeypatch.setattr(failing, "RETRY_MODEL", RetryPolicy(max_attempts=2, initial_ms=1))

    assert answered(model, asking()) == {"ask": {"text": "second try"}}
    model.assert_used_up()


def test_an_answer_may_be_made_from_the_request() -> None:
    def shout(request: ModelRequest) -> str:
        return request.messages[0].text.upper()

    assert answered(MockLLM([shout]), asking()) == {"ask": {"text": "WHAT IS TENUTO?"}}


def test_an_answer_may_take_its_time() -> None:
    model = MockLLM([Pause(0.001, lambda request: Pause(0.001, "at last"))])

    assert answered(model, asking()) == {"ask": {"text": "at last"}}


def test_a_request_too_many_fails_and_is_told_afterwards() -> None:
    model = MockLLM([calls(("look_up", {"word": "x"}))])

    with pytest.raises(SessionFailedError, match="no answer is left in the script"):
        answered(model, asking())
    with pytest.raises(AssertionError, match="No answer was left when Agent 'clerk' asked"):
        model.assert_used_up()


def test_a_script_can_be_added_to() -> None:
    model = MockLLM()
    model.add("one")
    model.add("two", agent="clerk")

    assert answered(model, asking()) == {"ask": {"text": "two"}}
    with pytest.raises(AssertionError, match="'one'"):
        model.assert_used_up()
