"""What a session did up to a version, from which a page goes on without the events before."""

import json
from pathlib import Path
from typing import Final

import msgspec

from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, Version
from tenuto.views.event_json import event_json
from tenuto.views.finding import Finder
from tenuto.views.open_tasks import OpenTasks
from tenuto.views.recap import Recap
from tenuto.views.recapping import SETTLED_KEPT_MAX, Recapping
from tests.views.logs import WRITER, Log, drafted, flow, function, mapped, node

KEPT: Final = Path(__file__).parent.parent.parent / "web/src/model/recaps.fixture.json"
"""A log with its recap at each version: what tests of the page go on from."""


def recap_of(log: Log, *, upto: int | None = None) -> Recap:
    fold = Recapping(log.definition)
    for version, event in log.events[:upto]:
        fold.add(version, event)
    return fold.told(Version(len(log.events)))


def busy() -> Log:
    """Return a log in which all kinds of things happen."""
    log = Log(
        flow(
            function("fetch", retry={"max_attempts": 3}),
            mapped("parts", "inputs.parts", on_item_failure="collect"),
            node("draft", "agent", ref="writer"),
            node("allow", "approval"),
            edges=[("fetch", "parts"), ("parts", "draft"), ("draft", "allow"), ("allow", "fetch")],
            agents=(WRITER,),
        ),
        {"parts": [1, 2, 3]},
    )
    for _ in range(2):
        log.later(20).fail("fetch", message="connection reset")
        log.later(5_000).wake()
        log.later(20).complete("fetch", {"body": "text"})
        items = [no for no, task in log.state.tasks.items() if task.parent]
        log.later(10).complete(items[1], "second")
        log.later(10).fail(items[0], "fatal", "the first is broken")
        log.later(10).complete(items[2], "third")
        log.later(200).answer("", ("look", {"at": "the sea"}), ("count", {"what": "ships"}))
        tools = [no for no, task in log.state.tasks.items() if task.kind == "tool"]
        log.later(5).fail(tools[1], "fatal", "nothing to count")
        log.later(30).complete(tools[0], {"seen": "fog"})
        log.later(100).answer("There is fog.")
        log.later(50).give(i.DecideApproval(at_ms=log.now_ms, approved=True, by="bob"))
    return log


def test_each_node_tells_how_often_it_was_begun_and_how_its_newest_task_stands() -> None:
    recap = recap_of(busy())

    fetch, parts, draft = (recap.nodes[name] for name in ("fetch", "parts", "draft"))

    assert (fetch.runs, fetch.state) == (3, "running")
    assert (parts.runs, parts.count, parts.done, parts.failed) == (2, 3, 2, 1)
    assert (draft.runs, draft.state) == (2, "done")
    assert recap.flow == {
        "fetch": {"parts": 2},
        "parts": {"draft": 2},
        "draft": {"allow": 2},
        "allow": {"fetch": 2},
    }


def test_an_open_task_is_told_with_what_it_waits_for() -> None:
    log = Log(flow(function("fetch", retry={"max_attempts": 3})))
    log.later(20).fail("fetch", message="connection reset")

    (task,) = recap_of(log).tasks

    assert (task.state, task.why) == ("waiting", "the next attempt: connection reset")
    assert (task.began, task.version) == (2, 3)


def test_an_agent_keeps_its_answer_until_its_calls_have_begun() -> None:
    log = drafted()
    answered = next(v for v, event in log.events if type(event).__name__ == "TaskCompleted")

    (agent,) = (t for t in recap_of(log, upto=answered).tasks if t.kind == "agent")

    answer = agent.answer
    assert isinstance(answer, dict) and isinstance(answer["calls"], list)
    assert [call["tool"] for call in answer["calls"] if isinstance(call, dict)] == ["look", "count"]


def test_what_agents_used_is_counted_of_what_is_settled() -> None:
    cost = recap_of(drafted()).agents["writer"]

    assert (cost.turns, cost.calls, cost.failures) == (2, 2, 1)
    assert (cost.input_tokens, cost.output_tokens, cost.usd) == (200, 20, 1.0)
    assert cost.model_ms == 300


def test_a_recap_is_no_larger_for_a_long_past() -> None:
    log = Log(flow(function("fetch"), edges=[("fetch", "fetch")]))
    for _ in range(3 * SETTLED_KEPT_MAX):
        log.later(1).complete("fetch")

    recap = recap_of(log)

    assert recap.nodes["fetch"].runs == 3 * SETTLED_KEPT_MAX + 1
    assert len(recap.tasks) == SETTLED_KEPT_MAX + 1


def test_a_recap_that_was_told_does_not_change() -> None:
    log, fold = drafted(), Recapping()
    for version, event in log.events[:4]:
        fold.add(version, event)
    told = fold.told(Version(4))
    before = msgspec.json.encode(told)

    for version, event in log.events[4:]:
        fold.add(version, event)

    assert msgspec.json.encode(told) == before


def test_events_are_found_by_all_words_that_they_say_however_they_are_written() -> None:
    log = drafted()

    def found(query: str) -> list[int]:
        places = Finder(query).found([event for _, event in log.events])
        return [log.events[place][0] for place in places]

    assert found("THERE fog")[-1] == found("There is fog.")[-1]
    assert found("nothing taskfailed") == [
        version for version, event in log.events if type(event).__name__ == "TaskFailed"
    ]
    assert found("fog zebra") == []
    assert found("né") == []


def test_pages_are_tested_with_what_is_told() -> None:
    log = busy()
    tasks = OpenTasks(log.definition)
    events: list[Json] = []
    for version, event in log.events:
        tasks.begin(event)
        events.append(event_json(event, version=version, position=version, tasks=tasks))
        tasks.end(event)
    recaps = [msgspec.to_builtins(recap_of(log, upto=n)) for n in range(len(events) + 1)]
    told = json.dumps({"events": events, "recaps": recaps}, indent=None, sort_keys=True) + "\n"

    if not KEPT.is_file() or KEPT.read_text("utf-8") != told:
        KEPT.write_text(told, "utf-8")
        raise AssertionError(f"{KEPT.name} was out of date and is written anew: keep it.")
