"""What was said, in its order, and what it cost."""

import msgspec

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import SessionId
from tenuto.views.cost import Cost, Costs
from tenuto.views.messages import (
    Answered,
    Asked,
    Decided,
    Message,
    Messages,
    Put,
    Returned,
    Signalled,
    Wish,
)
from tests.views.logs import WRITER, Log, drafted, flow, function, node


def messages_of(log: Log) -> list[Message]:
    fold = Messages(log.definition)
    told = [fold.add(version, event) for version, event in log.events]
    return [message for message in told if message is not None]


def costs_of(log: Log) -> Costs:
    costs = Costs(log.definition)
    for version, event in log.events:
        costs.add(version, event)
    return costs


def test_an_agents_work_reads_as_a_conversation() -> None:
    messages = messages_of(drafted())

    assert [type(message) for message in messages] == [
        Asked,
        Answered,
        Put,
        Returned,
        Returned,
        Answered,
    ]
    asked, wishes, note, looked, counted, said = messages
    assert isinstance(asked, Asked) and asked.inputs == {"topic": "fog"}
    assert isinstance(wishes, Answered) and wishes.turn == 1
    assert wishes.calls == (
        Wish(tool="look", arguments={"at": "the sea"}),
        Wish(tool="count", arguments={"what": "ships"}),
    )
    assert isinstance(note, Put) and note.kind == "citation"
    assert note.data == {"file": "sea.md", "line": 3}
    assert isinstance(looked, Returned) and looked.value == {"seen": "fog"}
    assert isinstance(counted, Returned) and counted.error == "nothing to count"
    assert isinstance(said, Answered) and said.text == "There is fog."
    assert {message.path for message in messages[1:2] + messages[3:]} == {"draft"}
    assert note.path == "draft / look"
    assert (said.agent, said.model, said.usage.input_tokens) == ("writer", "offline", 100)


def test_entries_are_in_the_order_of_the_log() -> None:
    versions = [message.version for message in messages_of(drafted())]

    assert versions == sorted(versions)


def test_signals_and_decisions_name_who_sent_them() -> None:
    log = Log(flow(node("gate", "approval")))
    log.give(i.SendSignal(at_ms=log.now_ms, name="hint", data={"n": 1}, by="ann"))
    log.give(i.DecideApproval(at_ms=log.now_ms, approved=False, by="bob", note="too dear"))

    _, signal, decision = messages_of(log)

    assert isinstance(signal, Signalled)
    assert (signal.name, signal.data, signal.by) == ("hint", {"n": 1}, "ann")
    assert isinstance(decision, Decided)
    assert (decision.approved, decision.by, decision.note, decision.path) == (
        False,
        "bob",
        "too dear",
        "gate",
    )


def test_a_fork_says_where_it_comes_from() -> None:
    log = Log(flow(function("fetch")))
    fork = i.ForkSession(
        at_ms=log.now_ms,
        session=SessionId("s2"),
        origin=SessionId("s1"),
        origin_version=log.state.version,
    )
    log.give(fork)

    asked = messages_of(log)[-1]

    assert isinstance(asked, Asked)
    assert (asked.origin, asked.inputs) == ("s1", {})


def test_work_without_agents_says_and_costs_nothing() -> None:
    log = Log(flow(function("fetch"), function("use"), edges=[("fetch", "use")]))
    log.complete("fetch", {"body": "text"})
    log.fail("use", "fatal")

    assert [type(message) for message in messages_of(log)] == [Asked]
    assert costs_of(log).agents == {}
    assert costs_of(log).total == Cost()


def test_costs_are_counted_for_each_agent_and_summed_up() -> None:
    costs = costs_of(drafted())

    expected = Cost(
        tasks=1,
        turns=2,
        calls=2,
        failed_attempts=1,
        input_tokens=200,
        output_tokens=20,
        usd=1.0,
    )
    assert costs.agents == {"writer": expected}
    assert costs.total == expected


def test_what_sessions_below_have_spent_is_added_agent_by_agent() -> None:
    costs, below = costs_of(drafted()), costs_of(drafted())
    below.agents["checker"] = Cost(tasks=1, turns=2, usd=0.5)
    alone = costs_of(drafted()).agents["writer"]

    costs.include(below)

    assert costs.agents["writer"].turns == 2 * alone.turns
    assert costs.agents["writer"].usd == 2 * alone.usd
    assert costs.agents["checker"] == Cost(tasks=1, turns=2, usd=0.5)
    assert costs.total.tasks == 2 * alone.tasks + 1


def test_agents_in_a_map_are_one_agent_and_several_tasks() -> None:
    body = {"id": "write.do", "kind": "agent", "ref": "writer"}
    log = Log(
        flow(node("write", "map", items="[1, 2]", body=body), agents=(WRITER,)),
    )
    log.answer("one")
    log.fail("model")
    log.later(2_000).wake()
    log.answer("two")

    cost = costs_of(log).agents["writer"]

    assert (cost.tasks, cost.turns, cost.failed_attempts) == (2, 2, 1)


def test_a_fault_is_told_with_the_answer_that_has_it() -> None:
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(WRITER,)))
    log.complete("model", msgspec.to_builtins(ModelAnswer(text="no", fault="it is no JSON.")))

    answered = messages_of(log)[-1]

    assert isinstance(answered, Answered)
    assert answered.fault == "it is no JSON."
