"""P8: what does not go on says why, for whom, since when, until when, and what ends it."""

import msgspec

from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import SessionId, TaskNo
from tenuto.views.approvals import inbox_of
from tenuto.views.waiting import Wait, why_waiting
from tests.views.logs import START_MS, WRITER, Log, flow, function, node


def only_wait(log: Log) -> Wait:
    (wait,) = why_waiting(log.state, log.definition)
    return wait


def test_a_session_at_work_or_ended_waits_for_nothing() -> None:
    log = Log(flow(function("fetch")))
    working = why_waiting(log.state, log.definition)
    log.complete("fetch")

    assert working == ()
    assert why_waiting(log.state, log.definition) == ()
    assert inbox_of(log.state, log.definition) == ()


def test_an_agent_between_turns_waits_for_nothing_of_its_own() -> None:
    log = Log(
        flow(
            function("start"),
            node("draft", "agent", ref="writer"),
            function("work"),
            edges=[("start", "draft"), ("start", "work")],
            agents=(WRITER,),
        )
    )
    log.complete("start")
    log.give(i.PauseSession(at_ms=log.now_ms, by="ann"))
    log.answer("", ("look", {"at": "sea"}))

    assert log.state.phase == "pausing"
    assert why_waiting(log.state, log.definition) == ()


def test_an_approval_names_its_title_its_people_its_end_and_both_commands() -> None:
    gate = node("gate", "approval", title="Pay 12 €?", assignees=["ann", "bob"], timeout_ms=60_000)
    log = Log(flow(gate))

    wait = only_wait(log)

    assert wait.reason == "'Pay 12 €?' is to be approved or denied"
    assert wait.then == "it counts as denied"
    assert (wait.owner, wait.by, wait.task, wait.node) == ("ann, bob", "person", 1, "gate")
    assert (wait.since_ms, wait.until_ms) == (START_MS, START_MS + 60_000)
    assert wait.commands == ("tenuto approve s1", "tenuto deny s1")


def test_several_approvals_name_their_tasks_and_come_before_other_waits() -> None:
    log = Log(
        flow(
            function("start"),
            node("mail", "wait", signal="reply"),
            node("one", "approval"),
            node("two", "approval"),
            edges=[("start", "mail"), ("start", "one"), ("start", "two")],
        )
    )
    log.complete("start")

    waits = why_waiting(log.state, log.definition)

    assert [wait.node for wait in waits] == ["one", "two", "mail"]
    assert waits[0].commands == ("tenuto approve s1 --task 3", "tenuto deny s1 --task 3")
    assert waits[0].owner == "anybody"


def test_a_signal_is_named_and_can_be_sent() -> None:
    log = Log(flow(node("mail", "wait", signal="reply", timeout_ms=5_000)))

    wait = only_wait(log)

    assert wait.reason == "'mail' wants signal 'reply'"
    assert (wait.owner, wait.by) == ("whoever sends signal 'reply'", "signal")
    assert (wait.until_ms, wait.then) == (START_MS + 5_000, "it fails")
    assert why_waiting(log.state)[0].commands == ("tenuto signal s1 NAME -d '\"…\"'",)


def test_the_command_for_a_signal_has_a_place_for_what_it_carries() -> None:
    wait = only_wait(Log(flow(node("mail", "wait", signal="reply"))))

    assert wait.commands == ("tenuto signal s1 reply -d '\"…\"'",)


def test_the_commands_for_what_has_a_form_have_a_place_for_each_field() -> None:
    form = {"type": "object", "properties": {"cups": {"type": "integer"}, "for": {}}}
    gate = only_wait(Log(flow(node("gate", "approval", title="How many?", form=form))))
    mail = only_wait(Log(flow(node("mail", "wait", signal="reply", form=form))))

    blank = """-d '{"cups": …, "for": …}'"""
    assert gate.commands == (f"tenuto approve s1 {blank}", "tenuto deny s1")
    assert mail.commands == (f"tenuto signal s1 reply {blank}",)


def test_a_timer_and_a_retry_end_by_themselves() -> None:
    timer = Log(flow(node("nap", "timer", delay="5000")))
    retry = Log(flow(function("fetch")))
    retry.fail("fetch", message="connection reset.")

    assert only_wait(timer).until_ms == START_MS + 5_000
    assert only_wait(timer).owner == only_wait(retry).owner == "the clock"
    assert only_wait(retry).reason == "attempt 2 of 'fetch' follows a failure: connection reset"
    assert only_wait(retry).until_ms == START_MS + 500
    assert only_wait(timer).by == only_wait(retry).by == "clock"


def test_an_escalated_failure_is_for_a_person() -> None:
    log = Log(flow(function("pay")))
    log.later(100).fail("pay", "escalatable", "Which account?")

    wait = only_wait(log)
    exact = why_waiting(log.state, log.definition, since={TaskNo(1): START_MS + 100})
    (entry,) = inbox_of(log.state, log.definition)

    assert wait.reason == "'pay' cannot go on by itself: Which account?"
    assert wait.by == "person"
    assert exact[0].since_ms == START_MS + 100
    assert (entry.kind, entry.title, entry.message) == ("failure", "pay", "Which account?")


def test_an_effect_in_doubt_asks_whether_it_happened() -> None:
    log = Log(flow(function("pay", once=True)))
    log.give(i.BeginTask(at_ms=log.now_ms, task=TaskNo(1)))
    log.give(i.RecoverSession(at_ms=log.now_ms))
    log.give(i.SettleDoubt(at_ms=log.now_ms, task=TaskNo(1), happened=None))

    (entry,) = inbox_of(log.state, log.definition)

    assert (entry.kind, entry.risk) == ("doubt", "destructive")
    assert "must not run twice" in only_wait(log).reason


def test_a_pause_is_ended_by_resuming_and_a_spent_budget_by_more_steps() -> None:
    log = Log(flow(function("fetch"), function("use"), edges=[("fetch", "use")]))
    log.give(i.PauseSession(at_ms=log.now_ms, by="ann", reason="lunch"))
    log.later(50).complete("fetch")
    cycle = Log(flow(function("turn"), edges=[("turn", "turn")]))
    cycle.state.steps_max = 1
    cycle.complete("turn")

    assert only_wait(log).reason == "paused: lunch"
    assert only_wait(log).since_ms == START_MS + 50
    assert only_wait(log).commands == ("tenuto resume s1", "tenuto cancel s1")
    assert only_wait(cycle).commands[0] == "tenuto resume s1 --steps 10000"


def test_a_child_session_is_waited_for_by_name() -> None:
    child = flow(function("fetch"))
    outer = msgspec.structs.replace(
        flow(node("inner", "workflow", ref="flow")), name="outer", children=(child,)
    )
    log = Log(outer)
    working = why_waiting(log.state, log.definition)
    log.give(i.RecordChild(at_ms=log.now_ms, task=TaskNo(1), session=SessionId("s2")))

    wait = only_wait(log)

    assert working == ()
    assert (wait.owner, wait.by, wait.child) == ("session s2", "session", "s2")
    assert wait.commands == ("tenuto show s2",)


def test_an_agent_without_turns_left_waits_for_a_person() -> None:
    short = msgspec.structs.replace(WRITER, turns_max=1)
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(short,)))
    log.answer("", ("look", {"at": "sea"}))
    log.complete("tool", "fog")

    assert only_wait(log).by == "person"
    assert "used 1 turns without an answer" in only_wait(log).reason


def test_the_inbox_shows_what_the_workflow_asks_and_of_whom() -> None:
    gate = node("gate", "approval", title="Pay?", assignees=["ann"], timeout_ms=60_000)
    log = Log(flow(gate))

    (entry,) = inbox_of(log.state, log.definition)
    (blind,) = inbox_of(log.state)

    assert (entry.session, entry.workflow, entry.task, entry.node) == ("s1", "flow", 1, "gate")
    assert (entry.kind, entry.title, entry.message) == ("approval", "Pay?", "")
    assert entry.assignees == ("ann",)
    assert (entry.since_ms, entry.until_ms) == (START_MS, START_MS + 60_000)
    assert entry.on_expiry == "deny"
    assert (blind.title, blind.assignees, blind.on_expiry) == ("gate", (), "")
