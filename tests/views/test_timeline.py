"""The rows behind the live view: what each task does, and no more rows than can be of use."""

import msgspec

from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import SessionId, TaskNo
from tenuto.views.timeline import ROWS_KEPT_MAX, Row, Timeline
from tests.views.logs import START_MS, WRITER, Log, drafted, flow, function, mapped, node


def timeline_of(log: Log) -> Timeline:
    timeline = Timeline(log.definition)
    for version, event in log.events:
        timeline.add(version, event)
    return timeline


def row(log: Log, label: str) -> Row:
    (found,) = (row for row in timeline_of(log).rows.values() if row.label == label)
    return found


def test_a_task_runs_and_is_done() -> None:
    log = Log(flow(function("fetch")))
    running = row(log, "fetch")
    log.later(250).complete("fetch", {"body": "text"})

    done = row(log, "fetch")

    assert (running.state, running.ended_ms, running.kind) == ("running", None, "function")
    assert (done.state, done.started_ms, done.ended_ms) == ("done", START_MS, START_MS + 250)
    assert done.result == '{"body":"text"}'


def test_the_session_itself_is_told_from_start_to_end() -> None:
    log = Log(flow(function("fetch")), {"url": "u"})
    before = timeline_of(log)
    log.later(10).complete("fetch", "text")

    after = timeline_of(log)

    assert (before.session, before.workflow, before.inputs) == ("s1", "flow", {"url": "u"})
    assert (before.status, after.status) == ("running", "completed")
    assert after.output == {"fetch": "text"}
    assert (after.started_ms, after.ended_ms) == (START_MS, START_MS + 10)
    assert after.version == len(log.events)


def test_a_retry_waits_for_its_next_attempt_and_counts_it() -> None:
    log = Log(flow(function("fetch")))
    log.fail("fetch", message="connection reset")
    waiting = row(log, "fetch")
    log.later(500).wake()

    again = row(log, "fetch")

    assert waiting.state == "waiting"
    assert waiting.waiting == "the next attempt: connection reset"
    assert waiting.due_ms == START_MS + 500
    assert (again.state, again.attempts, again.waiting, again.due_ms) == ("running", 2, "", 0)
    assert again.failure is not None and again.failure.message == "connection reset"


def test_what_fails_for_good_keeps_its_failure_and_fails_the_session() -> None:
    log = Log(flow(function("fetch")))
    log.fail("fetch", "fatal", "no such page")

    timeline = timeline_of(log)

    assert row(log, "fetch").state == "failed"
    assert timeline.status == "failed"
    assert timeline.failure is not None and timeline.failure.message == "no such page"


def test_waits_say_what_they_wait_for() -> None:
    log = Log(
        flow(
            function("start"),
            node("gate", "approval", title="Pay?", timeout_ms=1000),
            node("reply", "wait", signal="mail"),
            node("nap", "timer", delay="5000"),
            edges=[("start", "gate"), ("start", "reply"), ("start", "nap")],
        )
    )
    log.complete("start")

    assert row(log, "gate").waiting == "a decision: Pay?"
    assert row(log, "gate").due_ms == START_MS + 1000
    assert row(log, "reply").waiting == "signal 'mail'"
    assert row(log, "nap").waiting == "its time, 2023-11-14T22:13:25.000Z"
    assert timeline_of(log).is_waiting


def test_a_session_does_not_wait_while_one_branch_works() -> None:
    log = Log(
        flow(
            function("start"),
            function("work"),
            node("gate", "approval"),
            edges=[("start", "work"), ("start", "gate")],
        )
    )
    log.complete("start")

    assert not timeline_of(log).is_waiting
    assert not Timeline().is_waiting


def test_escalation_doubt_and_recovery_wait_with_their_reasons() -> None:
    log = Log(flow(function("pay", once=True)))
    log.fail("pay", "escalatable", "which account?")
    escalated = row(log, "pay")
    doubtful = Log(flow(function("pay", once=True)))
    doubtful.give(i.BeginTask(at_ms=doubtful.now_ms, task=TaskNo(1)))
    doubtful.give(i.RecoverSession(at_ms=doubtful.now_ms))
    mending = Log(flow(function("load", recover="shop:mend")))
    mending.fail("load", "recoverable", "bad row")

    assert escalated.waiting == "a person: which account?"
    assert row(doubtful, "pay").waiting == "somebody to say whether it happened"
    assert row(mending, "load").waiting == "a fix: bad row"


def test_a_skipped_node_has_a_row_that_took_no_time() -> None:
    log = Log(flow(function("a"), function("b", condition="outputs.a == 1"), edges=[("a", "b")]))
    log.complete("a", 2)

    skipped = row(log, "b")

    assert (skipped.state, skipped.ended_ms) == ("skipped", skipped.started_ms)


def test_an_agent_shows_its_turns_its_calls_and_what_it_used() -> None:
    log = drafted()

    timeline = timeline_of(log)
    agent = timeline.rows[TaskNo(1)]
    below = [timeline.rows[no] for no in agent.below]

    assert [(r.label, r.state) for r in below] == [
        ("turn 1", "done"),
        ("look", "done"),
        ("count", "failed"),
        ("turn 2", "done"),
    ]
    assert below[0].result == "wants look, count"
    assert below[1].asked == 'look(at="the sea")'
    assert below[3].result == "There is fog."
    assert agent.spent is not None
    assert (agent.spent.turns, agent.spent.calls) == (2, 2)
    assert (agent.spent.input_tokens, agent.spent.output_tokens) == (200, 20)
    assert agent.spent.usd == 1.0


def test_what_agents_of_a_map_use_is_counted_for_each_for_the_map_and_in_all() -> None:
    body = {"id": "write.do", "kind": "agent", "ref": "writer"}
    log = Log(flow(node("write", "map", items="[1, 2]", body=body), agents=(WRITER,)))
    log.answer("", ("look", {"at": "sea"}))
    log.complete("tool", "fog")
    log.answer("two")
    log.answer("one")

    timeline = timeline_of(log)
    spent = [
        (row.agent, row.spent.turns, row.spent.calls)
        for row in timeline.rows.values()
        if row.spent is not None
    ]

    assert spent == [("writer", 3, 1), ("writer", 1, 0), ("writer", 2, 1)]
    assert (timeline.spent.turns, timeline.spent.input_tokens) == (3, 300)


def test_a_loop_counts_its_rounds() -> None:
    body = {"id": "poll.do", "kind": "function", "ref": "shop:ask"}
    log = Log(flow(node("poll", "loop", body=body, max_iterations=9)))
    log.complete("poll.do")
    log.complete("poll.do")

    items = row(log, "poll").items

    assert items is not None
    assert (items.total, items.started, items.done) == (0, 3, 2)


def test_a_map_counts_its_items() -> None:
    log = Log(
        flow(mapped("fetch", "inputs.urls", concurrency=2, on_item_failure="collect")),
        {"urls": ["a", "b", "c"]},
    )
    log.complete(TaskNo(2), "A")
    log.fail(TaskNo(3), "fatal")

    items = row(log, "fetch").items

    assert items is not None
    assert (items.total, items.started, items.done, items.failed) == (3, 3, 1, 1)


def test_a_long_map_keeps_a_bounded_number_of_rows_and_every_open_and_some_failed_ones() -> None:
    count = 1_000
    log = Log(
        flow(mapped("fetch", "inputs.urls", concurrency=10, on_item_failure="collect")),
        {"urls": list(range(count))},
    )
    for n in range(count - 5):
        no = TaskNo(2 + n)
        if n % 2:
            log.complete(no, n)
        else:
            log.fail(no, "fatal")

    timeline = timeline_of(log)
    parent = timeline.rows[TaskNo(1)]
    rows = [timeline.rows[no] for no in parent.below]

    assert parent.items is not None
    assert (parent.items.done, parent.items.failed) == (497, 498)
    assert sum(r.state == "running" for r in rows) == 5
    assert sum(r.state == "failed" for r in rows) == ROWS_KEPT_MAX
    assert sum(r.state == "done" for r in rows) == ROWS_KEPT_MAX
    assert parent.folded == count - 5 - 2 * ROWS_KEPT_MAX
    assert len(timeline.rows) == 1 + len(rows)


def test_a_long_cycle_keeps_a_bounded_number_of_rows_and_what_is_below_them_goes_with_them() -> (
    None
):
    rounds = 150
    log = Log(
        flow(
            node("draft", "agent", ref="writer"),
            function("check"),
            edges=[("draft", "check"), ("check", "draft")],
            agents=(WRITER,),
        )
    )
    for _ in range(rounds):
        log.answer("a draft")
        log.complete("check")

    timeline = timeline_of(log)

    assert timeline.folded == 2 * rounds - ROWS_KEPT_MAX
    assert len(timeline.top) == ROWS_KEPT_MAX + 1
    assert len(timeline.rows) == ROWS_KEPT_MAX + ROWS_KEPT_MAX // 2 + 2


def test_a_pause_and_a_cancel_tell_their_reasons() -> None:
    log = Log(flow(function("fetch")))
    log.give(i.PauseSession(at_ms=log.now_ms, by="ann", reason="lunch"))
    pausing = timeline_of(log)
    log.complete("fetch", 1)
    paused = timeline_of(log)
    log.give(i.ResumeSession(at_ms=log.now_ms, by="ann"))

    resumed = timeline_of(log)
    other = Log(flow(function("fetch")))
    other.give(i.CancelSession(at_ms=other.now_ms, by="ann", reason="not needed"))

    assert (pausing.status, pausing.reason) == ("running", "lunch")
    assert (paused.status, paused.reason) == ("paused", "lunch")
    assert (resumed.status, resumed.reason) == ("completed", "")
    assert (timeline_of(other).status, timeline_of(other).reason) == ("cancelled", "not needed")
    assert row(other, "fetch").state == "cancelled"


def test_a_child_session_is_named_and_a_fork_starts_its_own() -> None:
    child = flow(function("fetch"))
    parent = flow(node("inner", "workflow", ref="flow"))
    log = Log(msgspec.structs.replace(parent, name="outer", children=(child,)))
    log.give(i.RecordChild(at_ms=log.now_ms, task=TaskNo(1), session=SessionId("s2")))
    started = row(log, "inner").child
    log.give(
        i.ForkSession(
            at_ms=log.now_ms,
            session=SessionId("s3"),
            origin=SessionId("s1"),
            origin_version=log.state.version,
        )
    )

    assert started == "s2"
    assert row(log, "inner").child is None
    assert timeline_of(log).session == "s3"


def test_a_compensation_has_a_row_of_its_own() -> None:
    log = Log(
        flow(function("book", compensate="shop:cancel"), function("pay"), edges=[("book", "pay")])
    )
    log.complete("book", {})
    log.fail("pay", "fatal", "card refused")
    log.complete("undo")

    assert row(log, "undo book").state == "done"
    assert timeline_of(log).status == "failed"
