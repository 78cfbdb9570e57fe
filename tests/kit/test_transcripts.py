"""What tests can ask of a session that has run."""

import pytest

import tenuto
from tenuto import Agent, Workflow, tool
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage
from tenuto.testing import AgentTestCase, calls


@tool
def look_up(word: str, depth: int = 1) -> str:
    """Return what a word means."""
    if word == "nothing":
        raise ValueError("no such word")
    return f"{word}: held for its full value"


@tool
def pay(cents: int) -> int:
    """Pay."""
    return cents


clerk = Agent("clerk", model="openai:gpt-5", instructions="Answer.", tools=[look_up, pay])


def claiming(ctx: tenuto.Context, status: str) -> None:
    ctx.note("claim", {"id": "1"})
    ctx.note("claim", {"id": "2"})
    ctx.note("verdict", {"claim": "1", "status": "supported"})
    ctx.note("verdict", {"claim": "2", "status": status})


def claims() -> Workflow:
    flow = Workflow("claims", inputs={"status": "string"})
    return flow.node("claim", function=claiming, inputs={"status": "inputs.status"})


class TestTranscripts(AgentTestCase):
    async def test_they_tell_which_tools_were_called_with_what(self) -> None:
        self.model.add(calls(("look_up", {"word": "tenuto"})), "It means: held.")

        done = await self.run_agent(clerk, {"text": "what is tenuto?"})

        done.assert_completed()
        done.assert_called("look_up")
        done.assert_called("look_up", word="tenuto")
        done.assert_never_called("pay")
        assert done.output == {"text": "It means: held."}
        assert [call.value for call in done.calls] == ["tenuto: held for its full value"]
        with pytest.raises(
            AssertionError, match=r"never called with \{'word': 'legato'\}, but with"
        ):
            done.assert_called("look_up", word="legato")
        with pytest.raises(AssertionError, match="'pay' was never called; called were: 'look_up'"):
            done.assert_called("pay")
        with pytest.raises(AssertionError, match="'look_up' was called 1 times"):
            done.assert_never_called("look_up")

    async def test_a_call_that_failed_was_a_call(self) -> None:
        self.model.add(calls(("look_up", {"word": "nothing"})), "I do not know.")

        done = await self.run_agent(clerk)

        done.assert_called("look_up", word="nothing")
        (call,) = done.calls
        assert call.failure is not None
        assert "no such word" in call.failure.message

    async def test_they_hold_what_was_spent_against_what_was_allowed(self) -> None:
        dear = ModelAnswer(text="ok", usage=Usage(input_tokens=70, output_tokens=30, cost_usd=0.5))
        self.model.add(dear)

        done = await self.run_agent(clerk)

        done.assert_within(tokens=100, usd=0.5, turns=1, tool_calls=0)
        with pytest.raises(AssertionError, match=r"100 tokens, at most 99 .*; 0.5 usd, at most"):
            done.assert_within(tokens=99, usd=0.4)

    async def test_claims_need_a_verdict_that_supports_them(self) -> None:
        supported = await self.run_workflow(claims(), {"status": "supported"})
        contradicted = await self.run_workflow(claims(), {"status": "contradicted"})

        supported.assert_claims_supported()
        with pytest.raises(AssertionError, match=r"Of 2 claims these are not supported: \{'2'"):
            contradicted.assert_claims_supported()

    async def test_without_claims_nothing_is_supported(self) -> None:
        self.model.add("ok")

        done = await self.run_agent(clerk)

        with pytest.raises(AssertionError, match="No claim was put on record"):
            done.assert_claims_supported()

    async def test_a_failed_session_says_why(self) -> None:
        self.model.add(ValueError("out of order"))

        done = await self.run_agent(clerk)

        with pytest.raises(AssertionError, match=r"failed.*out of order"):
            done.assert_completed()

    async def test_the_work_of_child_sessions_belongs_to_it(self) -> None:
        inner = Workflow("inner").node("ask", agent=clerk)
        outer = Workflow("outer").node("child", workflow=inner)
        self.model.add(calls(("pay", {"cents": 5})), "Paid.")

        done = await self.run_workflow(outer)

        done.assert_called("pay", cents=5)

    async def test_the_script_sees_the_request(self) -> None:
        def echo(request: ModelRequest) -> str:
            return request.messages[0].text.upper()

        self.model.add(echo)

        done = await self.run_agent(clerk, {"text": "abc"})

        assert done.output == {"text": "ABC"}
