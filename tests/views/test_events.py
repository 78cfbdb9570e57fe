"""Every event has a line for people and an object for programs."""

import typing

import msgspec

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import TaskNo
from tenuto.core.workflow.model import StateKey
from tenuto.views.event_json import event_json
from tenuto.views.event_lines import event_line
from tenuto.views.open_tasks import OpenTasks
from tests.views.logs import SESSION, START_MS, WRITER, Log, drafted, flow, function, mapped, node

EVENT_TYPES: list[type[e.SessionEvent]] = list(typing.get_args(e.SessionEvent))


def lines_of(log: Log) -> list[str]:
    tasks = OpenTasks(log.definition)
    lines = []
    for _, event in log.events:
        tasks.begin(event)
        lines.append(event_line(event, tasks))
        tasks.end(event)
    return lines


def line(event: e.SessionEvent) -> str:
    """Return the line of an event that names task 1, an open function `pay`, or none."""
    tasks = OpenTasks()
    tasks.begin(
        e.TaskStarted(
            at_ms=START_MS,
            task=TaskNo(1),
            node="pay",
            kind="function",
            after=TaskNo(0),
            captures=(),
            due_ms=0,
        )
    )
    tasks.begin(event)
    return event_line(event, tasks)


def test_a_log_reads_as_a_story() -> None:
    assert lines_of(drafted()) == [
        'flow 1 begins: {"topic":"fog"}',
        "draft starts (agent)",
        "draft asks its model (turn 1)",
        (
            'draft / turn 1 is done in 200ms: wants look(at="the sea"), count(what="ships") '
            "(100+10 tokens)"
        ),
        'draft calls look(at="the sea"), count(what="ships")',
        'draft / look notes citation: {"file":"sea.md","line":3}',
        'draft / look is done in 30ms: {"seen":"fog"}',
        "draft / count failed (fatal_code): nothing to count; the work goes on without it",
        "draft asks its model (turn 2)",
        "draft / turn 2 is done in 100ms: There is fog. (100+10 tokens)",
        'draft is done in 335ms: {"text":"There is fog."}',
        "routed after task 1",
        "no work is left",
        'completed: {"draft":{"text":"There is fog."}}',
    ]


def test_a_map_tells_of_its_items_together() -> None:
    log = Log(flow(mapped("fetch", "inputs.urls")), {"urls": ["a", "b", "c"]})
    one = Log(flow(mapped("fetch", "inputs.urls", concurrency=1)), {"urls": ["a", "b"]})

    assert lines_of(log)[2:] == [
        "fetch has 3 items",
        "fetch: items 0 to 2 start (function)",
    ]
    assert lines_of(one)[-1] == "fetch[0] starts (function)"


def test_waiting_tokens_are_told_where_they_wait() -> None:
    joins = e.Routed(
        at_ms=1, after=TaskNo(3), joins={"0": {"b": True, "a": False}}, waves={}, cycles={}
    )
    waves = e.Routed(at_ms=1, after=TaskNo(3), joins={"0": None}, waves={"c": (1, 1)}, cycles={})
    rest = e.Routed(at_ms=1, after=TaskNo(0), joins={}, waves={"c": None}, cycles={"0": None})

    assert line(joins) == "routed after task 3: a join has a and b"
    assert line(waves) == "routed after task 3: 'c' waits for more"
    assert line(rest) == "routed a cycle has come to rest"


def test_an_answer_that_misses_its_schema_says_how() -> None:
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(WRITER,)))
    log.complete("model", msgspec.to_builtins(ModelAnswer(data=42, fault="no JSON.")))

    assert lines_of(log)[3] == (
        "draft / turn 1 is done in 0ms: 42 (0+0 tokens); misses its schema: no JSON."
    )


def test_who_did_it_is_named_where_somebody_did() -> None:
    log = Log(flow(node("gate", "approval", timeout_ms=1_000)))
    log.give(i.SendSignal(at_ms=log.now_ms, name="hint", by="ann"))
    log.give(i.DecideApproval(at_ms=log.now_ms, approved=True, by="bob", note="fine"))

    lines = lines_of(log)

    assert lines[1] == "gate starts (approval, until 2023-11-14T22:13:21.000Z)"
    assert lines[2] == "signal 'hint' by ann"
    assert lines[3] == "gate is approved by bob: fine"


def test_a_recovery_and_a_compensation_are_named() -> None:
    log = Log(
        flow(
            function("book", compensate="shop:cancel"),
            function("load", recover="shop:mend"),
            edges=[("book", "load")],
        )
    )
    log.complete("book")
    log.fail("load", "recoverable", "bad row")
    log.complete("recover")

    lines = lines_of(log)

    assert "load, attempt 1: bad row (to be mended)" in lines
    assert "load: looking for a fix" in lines
    assert "undo book starts: compensation of task 1" in lines


FAILURE = Failure(kind="fatal", code="no_page", message="no such page")
EXAMPLES: dict[str, e.SessionEvent] = {
    "pay waits until 2023-11-14T22:13:20.000Z": e.TimerSet(
        at_ms=START_MS, task=TaskNo(1), due_ms=START_MS
    ),
    "pay is about to take effect, once": e.TaskBegun(at_ms=1, task=TaskNo(1)),
    "pay is in doubt: nobody knows whether it happened": e.TaskDoubted(at_ms=1, task=TaskNo(1)),
    "pay, attempt 1: no such page (again at 2023-11-14T22:13:20.000Z)": e.AttemptFailed(
        at_ms=1, task=TaskNo(1), failure=FAILURE, retry_ms=START_MS, jitter=0.0
    ),
    'pay, attempt 2 by ann with {"n":1}': e.TaskRetried(
        at_ms=1, task=TaskNo(1), inputs={"n": 1}, by="ann"
    ),
    "pay needs a person: no such page": e.TaskEscalated(at_ms=1, task=TaskNo(1), failure=FAILURE),
    "pay failed (no_page): no such page": e.TaskFailed(
        at_ms=1, task=TaskNo(1), failure=FAILURE, goes_on=False, abandons=False
    ),
    "pay is given up": e.TaskCancelled(at_ms=1, task=TaskNo(1)),
    "pay is denied by ann": e.ApprovalDecided(
        at_ms=1, task=TaskNo(1), approved=False, by="ann", note=""
    ),
    "pay takes signal 'reply'": e.SignalTaken(at_ms=1, task=TaskNo(1), name="reply"),
    "pay runs as session s2": e.ChildSessionStarted(at_ms=1, task=TaskNo(1), session=SESSION),
    "other is skipped": e.TaskSkipped(at_ms=1, task=TaskNo(2), node="other", after=TaskNo(1)),
    "signal 'hint': {\"n\":1}": e.SignalReceived(at_ms=1, name="hint", data={"n": 1}, by=""),
    "forked from s0 at version 9": e.SessionForked(
        at_ms=1, session=SESSION, origin=SESSION, origin_version=9, patch={}
    ),
    'forked from s0 at version 9, with {"n":1}': e.SessionForked(
        at_ms=1, session=SESSION, origin=SESSION, origin_version=9, patch={"n": 1}
    ),
    "pausing: lunch": e.SessionPausing(at_ms=1, by="ann", reason="lunch"),
    "paused": e.SessionPaused(at_ms=1),
    "resumed by ann": e.SessionResumed(at_ms=1, by="ann", steps=0),
    "resumed with 5 more steps": e.SessionResumed(at_ms=1, by="", steps=5),
    "failing: no such page": e.SessionFailing(at_ms=1, failure=FAILURE, task=TaskNo(1)),
    "failed (no_page): no such page": e.SessionFailed(at_ms=1, failure=FAILURE),
    "cancelled by ann: not needed": e.SessionCancelled(at_ms=1, by="ann", reason="not needed"),
    "cancelled: no reason given": e.SessionCancelled(at_ms=1, by="", reason=""),
    "the parent session knows the outcome": e.OutcomeReported(at_ms=1),
    "the session of s1:1 is no longer wanted and has ended": e.ChildReleased(
        at_ms=1, effect="s1:1"
    ),
}


def test_each_kind_of_event_says_what_happened() -> None:
    told = {line(event): event for event in EXAMPLES.values()}

    expected = {
        text.replace("s2", "s1").replace("s0", "s1"): event for text, event in EXAMPLES.items()
    }
    assert told == expected


def test_no_kind_of_event_is_left_without_a_line() -> None:
    shown = {type(event) for event in EXAMPLES.values()}
    for log in (drafted(), Log(flow(mapped("fetch", "[1]")))):
        shown |= {type(event) for _, event in log.events}
    shown.add(e.UndoStarted)  # in test_a_recovery_and_a_compensation_are_named

    assert shown == set(EVENT_TYPES)


def test_an_event_as_json_has_its_places_its_moment_its_type_and_its_fields() -> None:
    event = e.TaskFailed(
        at_ms=START_MS, task=TaskNo(1), failure=FAILURE, goes_on=False, abandons=False
    )

    assert event_json(event, version=7, position=70) == {
        "version": 7,
        "position": 70,
        "at": "2023-11-14T22:13:20.000Z",
        "type": "TaskFailed",
        "task": 1,
        "failure": {"kind": "fatal", "code": "no_page", "message": "no such page"},
        "goes_on": False,
        "abandons": False,
        "spent": None,
        "labels": [],
    }


def test_every_field_of_every_event_has_a_name_that_is_free() -> None:
    taken = {"version", "position", "at", "type", "path"}

    clashes = [
        f"{kind.__name__}.{name}"
        for kind in EVENT_TYPES
        for name in kind.__struct_fields__
        if name in taken
    ]

    assert clashes == []


def test_every_event_of_a_log_can_be_written_as_json() -> None:
    logs = [drafted(), Log(flow(function("a"), state={"n": StateKey(reducer="add", initial=0)}))]

    for log in logs:
        tasks = OpenTasks(log.definition)
        for version, event in log.events:
            tasks.begin(event)
            told = event_json(event, version=version, position=version, tasks=tasks)
            tasks.end(event)
            assert msgspec.json.decode(msgspec.json.encode(told)) == told


def test_with_the_open_tasks_an_event_tells_its_path_and_spells_an_answer_out() -> None:
    log = drafted()
    tasks = OpenTasks(log.definition)
    told = []
    for version, event in log.events:
        tasks.begin(event)
        told.append(event_json(event, version=version, position=0, tasks=tasks))
        tasks.end(event)

    answer = told[3]

    assert answer["path"] == "draft / turn 1"
    assert isinstance(answer["output"], dict)
    assert answer["output"]["usage"] == {
        "input_tokens": 100,
        "output_tokens": 10,
        "cost_usd": 0.5,
        "cached_tokens": 0,
    }
    assert "path" not in told[0]


def test_a_skipped_task_was_never_open_and_has_no_path() -> None:
    skipped = e.TaskSkipped(at_ms=1, task=TaskNo(2), node="other", after=TaskNo(1))

    assert "path" not in event_json(skipped, version=3, position=3, tasks=OpenTasks())
