"""What an agent has another one do must be allowed to both."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import tenuto
from tenuto import Agent, DefinitionError, Matcher, PermissionRule, Workflow
from tenuto.testing import MockLLM, calls

paid: list[int] = []


@tenuto.tool(permission="orders:refund")
def refund(cents: int) -> int:
    """Pay back."""
    paid.append(cents)
    return cents


@pytest.fixture(autouse=True)
def nothing_paid() -> None:
    paid.clear()


ALLOW = PermissionRule(effect="allow", permissions=("orders:*",))
SMALL = PermissionRule(
    effect="allow", permissions=("orders:*",), arguments=(Matcher(path="cents", at_most=1_000),)
)
NEVER = PermissionRule(effect="deny", tools=("refund",), reason="the till is closed")

Act = Callable[[tenuto.Session], Awaitable[Any]]


def ran(lead: Agent, *acts: Act) -> tuple[Any, list[str]]:
    """Return what the helper was told of its one call, and what people were asked."""
    flow = Workflow("desk", output="outputs.work.text").node("work", agent=lead)
    call = "helper"
    model = MockLLM(
        {
            "lead": [calls((call, {"task": "pay back"})), "done"],
            "helper": [calls(("refund", {"cents": 5_000})), "done"],
        }
    )

    async def main() -> tuple[Any, list[str]]:
        asked: list[str] = []
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow)
            for act in acts:
                head = await session.wait_until_idle(20)
                asked.append(head.waiting_for)
                await act(session)
            await session.result(20)
            assert (await session.replay()).divergence is None
        told = [r for r in model.requests if r.agent == "helper"][1].messages[-1].results[0]
        return told, asked

    return asyncio.run(main())


def helper(*policy: PermissionRule) -> Agent:
    return Agent("helper", model="mock:any", tools=[refund], policy=policy)


def lead(*policy: PermissionRule, over: Any = None) -> Agent:
    return Agent("lead", model="mock:any", tools=[over or helper(ALLOW)], policy=policy)


def test_without_rules_above_a_called_agent_may_do_what_it_may() -> None:
    told, _ = ran(lead())

    assert (told.value, paid) == (5_000, [5_000])


def test_what_the_caller_may_not_do_the_called_agent_may_not_do_for_it() -> None:
    told, _ = ran(lead(NEVER))

    assert told.error == (
        "Tool 'refund' may not be called: the till is closed (by the rules of agent 'lead', "
        "which it works for)."
    )
    assert paid == []


def test_what_no_rule_of_the_caller_speaks_of_is_asked_about_and_says_whose_rules_asked() -> None:
    async def approve(session: tenuto.Session) -> None:
        await session.approve(by="ann")

    told, (asked,) = ran(lead(SMALL), approve)

    assert "Agent 'helper' wants to call 'refund'" in asked
    assert "(by the rules of agent 'lead', which it works for)" in asked
    assert told.value == 5_000


def test_arguments_that_are_changed_are_held_against_the_whole_chain_again() -> None:
    async def less(session: tenuto.Session) -> None:
        await session.approve(by="ann", data={"cents": 900})

    told, _ = ran(lead(SMALL), less)

    assert (told.value, paid) == (900, [900])


def test_whoever_changes_what_another_has_approved_has_that_one_asked_again() -> None:
    by_ann = PermissionRule(effect="ask", assignees=("ann",))
    by_bob = PermissionRule(effect="ask", assignees=("bob",))

    async def ann(session: tenuto.Session) -> None:
        await session.approve(by="ann")

    async def bob(session: tenuto.Session) -> None:
        await session.approve(by="bob", data={"cents": 9_000})

    told, asked = ran(lead(by_bob, over=helper(by_ann)), ann, bob, ann)

    assert len(asked) == 3
    assert (told.value, paid) == (9_000, [9_000])


def test_an_agent_is_narrowed_for_one_caller() -> None:
    told, _ = ran(lead(over=helper(ALLOW).narrowed(NEVER)))

    assert "the till is closed (by the rules of agent 'lead'" in told.error


def test_who_takes_a_task_over_stands_under_the_rules_of_who_left_it() -> None:
    desk = Agent("desk", model="mock:any", handoffs=[helper(ALLOW).narrowed(NEVER)])
    flow = Workflow("desk", output="outputs.work.text").node("work", agent=desk)
    model = MockLLM(
        {
            "desk": [calls(("helper", {"task": "pay back"}))],
            "helper": [calls(("refund", {"cents": 5_000})), "done"],
        }
    )

    assert tenuto.run(flow, models={"mock": model}) == "done"
    assert paid == []


def test_an_agent_cannot_be_narrowed_by_nothing_or_by_what_is_no_rule() -> None:
    with pytest.raises(DefinitionError, match="is narrowed by no rules"):
        helper().narrowed()
    with pytest.raises(DefinitionError, match="narrowed='x', which is no PermissionRule"):
        helper().narrowed("x")  # type: ignore[arg-type]
