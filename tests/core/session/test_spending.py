"""Tokens, money, turns, calls and time are set aside before they are spent, down the tree (P9)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.agent.messages import Usage
from tenuto.core.budget import NOTHING, Budget, Spending, narrower, set_aside, share_of
from tenuto.core.errors import Rejected
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import ReportOutcome, StartChild
from tenuto.core.session.state import left_now
from tenuto.core.vocabulary import EffectId, SessionId, TaskNo
from tenuto.core.workflow.model import AgentDefinition, Limits, Node
from tests.core.agent.test_agents import answer
from tests.core.session.story import Story, chain, flow, function

CLERK = AgentDefinition(name="clerk", tools=("m:look",))


def asking(**bounds: Any) -> Story:
    """Return a session of one agent that may spend so much."""
    node = Node(id="ask", kind="agent", ref="clerk")
    limits = Limits(budget=Budget(**bounds))
    return Story(flow(node, agents=(CLERK,), limits=limits), {})


def used(tokens: int, usd: float = 0.0) -> Usage:
    return Usage(input_tokens=tokens, cost_usd=usd)


def test_a_session_stops_before_a_turn_that_its_tokens_do_not_allow() -> None:
    story = asking(tokens=250)

    story.done("ask", answer("look", usage=used(100)))
    story.done("ask", "seen")
    story.done("ask", answer("look", usage=used(100)))
    story.done("ask", "seen")

    # 50 are left, and the last turn took 100.
    assert story.phase == "paused"
    assert story.state.spent == Spending(tokens=200, turns=2, tool_calls=2)
    assert "its budget of 250 tokens is spent" in story.state.pause_reason
    assert story.state.short == "tokens"


def test_whoever_resumes_can_grant_more_tokens() -> None:
    story = asking(tokens=100)
    story.done("ask", answer("look", usage=used(100)))
    story.done("ask", "seen")

    story.resume(tokens=100)

    assert story.waiting_work() == ["ask"]
    assert story.state.budget.tokens == 200


def test_resuming_without_more_stops_again_and_loses_nothing() -> None:
    story = asking(usd=0.5)
    story.done("ask", answer("look", usage=used(1, usd=0.5)))
    story.done("ask", "seen")

    story.resume()

    assert (story.phase, story.state.short) == ("paused", "usd")


def test_a_bound_of_turns_and_one_of_calls_are_kept_to_the_number() -> None:
    story = asking(turns=1)
    story.done("ask", answer("look"))
    story.done("ask", "seen")
    assert (story.phase, story.state.short) == ("paused", "turns")

    story = asking(tool_calls=1)
    story.done("ask", answer("look", "look"))
    assert (story.phase, story.state.short) == ("paused", "tool_calls")
    assert story.state.spent.tool_calls == 0, "of two calls that do not fit none is made"


def test_time_runs_out_while_work_is_under_way_and_the_work_may_finish() -> None:
    story = asking(seconds=10)

    story.wait(10_000)
    assert (story.phase, story.state.short) == ("pausing", "seconds")
    story.done("ask", answer(text="late"))

    assert story.phase == "paused"
    story.resume(seconds=5)
    assert story.state.output == {"ask": {"text": "late"}}


def test_time_stands_still_while_a_session_is_paused() -> None:
    story = asking(seconds=10)
    story.wait(4_000)
    story.pause()
    story.done("ask", answer("look"))
    story.now_ms += 3_600_000

    story.resume()

    assert left_now(story.state, story.now_ms).seconds == 6
    story.wait(6_000)
    assert story.state.short == "seconds"


def test_a_fork_has_the_time_that_its_origin_had_there() -> None:
    story = asking(seconds=10)
    story.wait(4_000)
    story.done("ask", answer("look"))
    story.now_ms += 3_600_000

    fork = story.fork(at=len(story.log))

    assert left_now(fork.state, fork.now_ms).seconds == 6


def family(count: int, **bounds: Any) -> Story:
    """Return a session that starts `count` child sessions at once."""
    nodes = [Node(id=f"w{n}", kind="workflow", ref="child") for n in range(count)]
    definition = flow(
        *nodes,
        entry=tuple(node.id for node in nodes),
        children=(chain("c", name="child"),),
        limits=Limits(budget=Budget(**bounds)),
    )
    return Story(definition, {})


def test_a_child_session_gets_all_that_is_left_and_the_parent_pays_what_it_spent() -> None:
    story = family(1, tokens=1_000)

    (effect,) = story.pending()
    assert isinstance(effect, StartChild)
    assert effect.budget.tokens == 1_000
    assert left_now(story.state, 0).tokens == 0, "it is set aside"
    spent = Spending(tokens=300, usd=0.1, turns=2)
    story.put(i.CompleteTask(at_ms=2_000, task=effect.task, output={}, spent=spent))

    assert story.state.spent == spent
    assert story.state.reserved == NOTHING
    assert left_now(story.state, 0).tokens == 700


def test_the_items_of_a_map_get_equal_shares() -> None:
    body = Node(id="m.do", kind="workflow", ref="child")
    node = Node(id="m", kind="map", items="[1, 2, 3, 4]", body=body)
    limits = Limits(budget=Budget(tokens=1_000, usd=1.0))
    story = Story(flow(node, children=(chain("c", name="child"),), limits=limits), {})

    shares = [effect.budget for effect in story.pending() if isinstance(effect, StartChild)]

    assert [(share.tokens, share.usd) for share in shares] == [(250, 0.25)] * 4


def test_a_failed_child_is_paid_for_too() -> None:
    node = Node(id="w", kind="workflow", ref="child", on_failure="continue")
    limits = Limits(budget=Budget(tokens=10))
    definition = flow(node, function("b"), edges=[("w", "b")], limits=limits)
    story = Story(definition, {})

    spent = Spending(tokens=9)
    failed = e.Failure(kind="fatal", code="child_failed", message="it broke")
    story.put(i.FailTask(at_ms=2_000, task=story.task("w"), failure=failed, spent=spent))

    assert (story.state.spent, story.state.reserved) == (spent, NOTHING)


def test_of_a_child_that_nobody_waits_for_the_whole_share_counts_as_spent() -> None:
    node = Node(id="w", kind="workflow", ref="child", timeout_ms=50, on_failure="continue")
    definition = flow(
        node, function("b"), edges=[("w", "b")], limits=Limits(budget=Budget(tokens=10))
    )
    story = Story(definition, {})

    story.wait(50)

    assert story.state.spent.tokens == 10


def test_an_agent_waits_for_what_a_child_has_set_aside_rather_than_stop_the_session() -> None:
    nodes = (Node(id="w", kind="workflow", ref="child"), Node(id="ask", kind="agent", ref="clerk"))
    definition = flow(
        *nodes,
        entry=("w", "ask"),
        agents=(CLERK,),
        children=(chain("c", name="child"),),
        limits=Limits(budget=Budget(tokens=100)),
    )
    story = Story(definition, {})
    assert story.waiting_work() == ["w"]
    assert story.phase == "running"

    story.put(i.CompleteTask(at_ms=2_000, task=story.task("w"), output={}, spent=NOTHING))

    assert story.waiting_work() == ["ask"]


def test_a_session_stops_when_all_the_money_that_was_set_aside_has_come_back() -> None:
    nodes = [Node(id=name, kind="agent", ref="clerk") for name in "abc"]
    limits = Limits(budget=Budget(usd=1.25))
    story = Story(flow(*nodes, entry=("a", "b", "c"), agents=(CLERK,), limits=limits), {})

    for _ in range(2):
        # 0.1 and 0.2 and 0.3 are set aside, and rounding leaves a trifle when they come back.
        for name, usd in (("a", 0.1), ("b", 0.2), ("c", 0.3)):
            story.done(name, answer("look", usage=used(10, usd)))
        for name in "abc":
            story.done(name, "seen")

    assert story.phase == "paused"
    assert story.state.short == "usd"


def test_a_child_keeps_within_its_share_and_within_its_own_bounds() -> None:
    story = Story(chain("c", limits=Limits(budget=Budget(tokens=50, turns=3))))

    story.start(
        {},
        parent=SessionId("s"),
        parent_effect=EffectId("s:1"),
        depth=1,
        budget=Budget(tokens=80, usd=2.0),
    )

    assert story.state.budget == Budget(tokens=50, usd=2.0, turns=3)


def test_a_child_tells_its_parent_what_it_has_spent() -> None:
    node = Node(id="ask", kind="agent", ref="clerk")
    story = Story(flow(node, agents=(CLERK,)))
    story.start({}, parent=SessionId("s"), parent_effect=EffectId("s:1"), depth=1)

    story.done("ask", answer(text="that", usage=used(70, usd=0.25)))

    (report,) = story.pending()
    assert isinstance(report, ReportOutcome)
    assert report.spent == Spending(tokens=70, usd=0.25, turns=1)


def test_what_makes_no_sense_is_not_granted() -> None:
    story = asking(tokens=10)
    story.pause()

    with pytest.raises(Rejected, match="-5 tokens makes no sense"):
        story.resume(tokens=-5)


amounts = st.none() | st.integers(0, 10_000)


@given(amounts, amounts, st.integers(1, 64))
def test_shares_never_add_up_to_more_than_there_is(
    tokens: int | None, turns: int | None, parts: int
) -> None:
    left = Budget(tokens=tokens, turns=turns)

    share = share_of(left, parts)

    total = NOTHING.plus(set_aside(share), times=parts)
    assert tokens is None or total.tokens <= tokens
    assert turns is None or total.turns <= turns


@given(amounts, amounts)
def test_the_narrower_of_two_budgets_keeps_within_both(one: int | None, other: int | None) -> None:
    both = narrower(Budget(tokens=one), Budget(tokens=other)).tokens

    for bound in (one, other):
        assert bound is None or (both is not None and both <= bound)


def test_a_number_of_a_task_is_never_that_of_the_whole_session() -> None:
    assert asking().task("ask") > TaskNo(0)
