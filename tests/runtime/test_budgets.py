"""Budgets on a real runtime: a tree of sessions spends no more than its root was given (P9)."""

import asyncio

import tenuto
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage


class _Dear:
    """A model that takes 100 tokens for each answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        self.asked += 1
        return ModelAnswer(text="done", usage=Usage(input_tokens=60, output_tokens=40))


def _tree() -> tenuto.Workflow:
    child = tenuto.Workflow("child")
    child.node("one", agent=tenuto.Agent("a", model="dear:x"))
    child.node("two", agent=tenuto.Agent("b", model="dear:x"))
    child.edge("one", "two")
    root = tenuto.Workflow("root", budget=tenuto.Budget(tokens=300))
    root.node("all", map="[1, 2, 3]", do=tenuto.body(workflow=child))
    return root


async def _run() -> tuple[int, str, list[str]]:
    model = _Dear()
    async with tenuto.open("memory://", models={"dear": model}) as runtime:
        session = await runtime.start(_tree())
        await session.wait_until_idle(20)
        heads = await runtime.sessions()
        paused = [head.session for head in heads if head.status == "paused"]
        spent_before = model.asked
        for name in paused:
            await runtime.session(name).resume(budget=tenuto.Budget(tokens=100))
        output = await session.result(20)
        state = await session.state()
        assert state.spent.tokens == 600
    return spent_before, str(output), paused


def test_three_children_of_one_budget_stop_when_their_shares_are_spent() -> None:
    asked, output, paused = asyncio.run(_run())

    # Each has 100 of 300 tokens, and the first turn takes them.
    assert asked == 3
    assert len(paused) == 3
    assert output.count("done") == 3
