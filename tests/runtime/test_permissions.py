"""Rules at the tool border of a running session: denied, asked, approved, with other arguments."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import tenuto
from tenuto import Agent, DefinitionError, Matcher, PermissionRule, Workflow
from tenuto.core.agent.messages import ModelAnswer
from tenuto.testing import MockLLM, calls, crash_after, crash_points
from tenuto.views.approvals import inbox_of
from tenuto.views.waiting import why_waiting

paid: list[int] = []


@tenuto.tool(permission="orders:refund")
def refund(cents: int) -> int:
    """Pay back."""
    paid.append(cents)
    return cents


SMALL = PermissionRule(
    effect="allow",
    permissions=("orders:*",),
    arguments=(Matcher(path="cents", at_most=1_000),),
)
ASK = PermissionRule(effect="ask", tools=("refund",), reason="it costs money")
NEVER = PermissionRule(effect="deny", tools=("refund",), reason="the till is closed")

Act = Callable[[tenuto.Session], Awaitable[None]]


@pytest.fixture(autouse=True)
def nothing_paid() -> None:
    paid.clear()


def flow(*rules: PermissionRule) -> Workflow:
    clerk = Agent("clerk", model="mock:any", tools=[refund], policy=rules)
    return Workflow("paying", output="outputs.work.text").node("work", agent=clerk)


def ran(workflow: Workflow, *acts: Act, policy: tuple[PermissionRule, ...] = ()) -> Any:
    """Return the output and what the model was told of its one call, after people have acted."""

    async def main() -> Any:
        model = MockLLM([calls(("refund", {"cents": 5_000})), "done"])
        async with tenuto.open("memory://", models={"mock": model}, policy=policy) as runtime:
            session = await runtime.start(workflow)
            for act in acts:
                await session.wait_until_idle(20)
                await act(session)
            output = await session.result(20)
            assert (await session.replay()).divergence is None
        (result,) = model.requests[1].messages[-1].results
        return output, result

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("declared", "risk"),
    [({"safe": True}, "read_only"), ({}, "changes"), ({"once": True}, "destructive")],
)
def test_who_is_asked_is_told_what_the_tool_declares_of_its_risk(
    declared: dict[str, bool], risk: str
) -> None:
    @tenuto.tool(**declared)  # type: ignore[call-overload]  # one of the three
    def act() -> int:
        """Act."""
        return 1

    async def main() -> None:
        asked = PermissionRule(effect="ask", tools=("act",))
        clerk = Agent("clerk", model="mock:any", tools=[act], policy=[asked])
        workflow = Workflow("acting").node("work", agent=clerk)
        model = MockLLM([calls(("act", {})), "done"])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(workflow)
            await session.wait_until_idle(20)
            (entry,) = inbox_of(await session.state(), await session.definition())
            assert entry.risk == risk

    asyncio.run(main())


def test_without_rules_an_agent_may_use_its_tools() -> None:
    _, result = ran(flow())

    assert (result.value, paid) == (5_000, [5_000])


def test_a_rule_of_the_agent_denies_in_words() -> None:
    _, result = ran(flow(NEVER))

    assert result.error == "Tool 'refund' may not be called: the till is closed."
    assert paid == []


def test_a_rule_of_the_process_holds_for_every_agent() -> None:
    _, result = ran(flow(PermissionRule(effect="allow")), policy=(NEVER,))

    assert result.error is not None
    assert paid == []


def test_what_a_rule_asks_about_waits_and_tells_all_of_it() -> None:
    async def look(session: tenuto.Session) -> None:
        state = await session.state()
        (entry,) = inbox_of(state, await session.definition())
        assert entry.kind == "permission"
        assert entry.title == "Agent 'clerk' wants to call 'refund', and it costs money"
        assert entry.details["arguments"] == {"cents": 5_000}
        (wait,) = why_waiting(state)
        assert '{"cents":5000}' in wait.reason
        assert paid == []
        await session.approve(by="ada")

    _, result = ran(flow(ASK), look)

    assert (result.value, paid) == (5_000, [5_000])


def test_a_person_can_approve_less_than_was_asked_for() -> None:
    async def less(session: tenuto.Session) -> None:
        await session.approve(by="ada", data={"cents": 100})

    _, result = ran(flow(ASK), less)

    assert (result.value, paid) == (100, [100])


def test_what_a_person_changes_is_held_against_the_rules_that_deny() -> None:
    ceiling = PermissionRule(effect="deny", arguments=(Matcher(path="cents", at_least=9_000),))

    async def more(session: tenuto.Session) -> None:
        await session.approve(by="ada", data={"cents": 9_000})

    _, result = ran(flow(ASK, ceiling), more)

    assert result.error is not None
    assert paid == []


def test_what_a_person_denies_is_not_done() -> None:
    async def no(session: tenuto.Session) -> None:
        await session.deny(by="ada", note="not this one")

    _, result = ran(flow(ASK), no)

    assert "denied by ada: not this one" in result.error
    assert paid == []


def test_a_permission_that_no_rule_allows_is_asked_about() -> None:
    async def yes(session: tenuto.Session) -> None:
        await session.approve(by="ada")

    _, result = ran(flow(SMALL), yes)

    assert result.value == 5_000


def test_several_people_are_told_how_many_have_approved() -> None:
    both = PermissionRule(effect="ask", quorum=2, assignees=("ada", "bob"), expires_ms=60_000)

    async def first(session: tenuto.Session) -> None:
        await session.approve(by="ada")

    async def second(session: tenuto.Session) -> None:
        state = await session.state()
        (wait,) = why_waiting(state)
        assert wait.reason.endswith("1 of 2 have approved")
        assert (wait.owner, wait.then) == ("ada, bob", "it counts as denied")
        (entry,) = inbox_of(state)
        assert (entry.quorum, entry.approvers, entry.on_expiry) == (2, ("ada",), "deny")
        await session.approve(by="bob")

    assert ran(flow(both), first, second)[1].value == 5_000


def test_a_tool_node_is_held_against_the_rules_of_the_process() -> None:
    workflow = Workflow("direct").node("pay", tool=refund, inputs={"cents": "5"})

    async def main() -> Any:
        async with tenuto.open("memory://", policy=(ASK,)) as runtime:
            session = await runtime.start(workflow)
            head = await session.wait_until_idle(20)
            await session.approve(by="ada", data={"cents": 7})
            return head.waiting_for, await session.result(20)

    waiting_for, output = asyncio.run(main())

    assert "Node 'pay' wants to call 'refund'" in waiting_for
    assert output == {"pay": 7}


def test_what_is_no_rule_is_refused_when_the_agent_is_made() -> None:
    with pytest.raises(DefinitionError, match="which is no PermissionRule"):
        Agent("clerk", policy=[{"effect": "deny"}])  # type: ignore[list-item]


class Payer:
    """Pays once, and then says so."""

    async def answer(self, model: str, request: Any) -> Any:
        if request.turn == 0:
            return calls(("refund", {"cents": 3}))
        return ModelAnswer(text=str(request.messages[-1].results[0].error))


MODELS: dict[str, Any] = {"mock": Payer()}
DENIED = flow(NEVER)


@pytest.mark.parametrize("commit", crash_points(DENIED, models=MODELS))
def test_a_crash_opens_nothing_that_is_denied(commit: int) -> None:
    report = crash_after(commit, DENIED, models=MODELS)

    report.check()
    assert report.outputs == ("Tool 'refund' may not be called: the till is closed.",)
    assert paid == []
