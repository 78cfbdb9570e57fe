"""Rows of sessions, tasks and messages, whatever happens to a session."""

from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis.stateful import invariant

from tenuto.codec.events import EventDecoder, encode_events
from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.errors import ExpressionFailed
from tenuto.core.session import events as e
from tenuto.core.session.effects import is_at_work
from tenuto.core.session.scope import inputs_of
from tenuto.core.session.state import REVIEW, SessionState
from tenuto.core.session.status import status_of
from tenuto.core.tables import Change, Key, Row, Table, grown
from tenuto.core.vocabulary import Json, TaskNo
from tenuto.core.workflow.model import AgentDefinition, Node, StateKey
from tenuto.views.moments import moment_text
from tenuto.views.tables.json_text import JSON_BYTES_MAX, json_text, plain_text
from tenuto.views.tables.sessions import SessionTables
from tests.core.session.story import Story, chain, flow, folded, function
from tests.core.session.test_rules import Rules

Rows = dict[tuple[Table, Key], Row]


class Kept:
    """Tables in a dictionary, and the fold that writes them."""

    def __init__(self, story: Story) -> None:
        self.story, self.rows, self.version = story, Rows(), 0
        self.fold = SessionTables(SessionState(), story.program)

    def catch_up(self) -> "Kept":
        """Take in what has happened since, as one commit that was read from a file."""
        events = self.story.log[self.version :]
        self.version = len(self.story.log)
        if events:
            decoder = EventDecoder(lambda digest: b"")
            self.put(self.fold.add(decoder.decode(encode_events(events).payload)))
        return self

    def put(self, changes: Iterable[Change]) -> None:
        for change in changes:
            place = change.table, change.key
            if change.adds and place in self.rows:
                self.rows[place] = grown(change.table, self.rows[place], change.values)
            elif change.adds or change.whole:
                self.rows[place] = change.values
            else:
                self.rows[place] |= change.values

    def forget(self) -> None:
        """Lose the fold, as a process that ends does; what was written stays."""
        self.fold = SessionTables(folded(self.story.log[: self.version]), self.story.program)

    def table(self, table: Table) -> list[Row]:
        return [row for (name, _), row in self.rows.items() if name == table]

    def task(self, no: int) -> Row:
        return self.rows["agent_tasks", (f"{self.story.state.session}:{no}",)]

    def tasks(self) -> dict[str, Row]:
        return {str(row["node"]): row for row in self.table("agent_tasks")}

    def session(self) -> Row:
        return self.rows["agent_sessions", (self.story.state.session,)]


def said(**parts: Any) -> Json:
    """Return what a model answers, as it stands in the log."""
    value: Json = msgspec.json.decode(msgspec.json.encode(ModelAnswer(**parts)))
    return value


def told(log: list[e.SessionEvent]) -> dict[int, dict[str, Any]]:
    """Return what the log says of each task, looked up event by event."""
    tasks: dict[int, dict[str, Any]] = {}

    def begin(no: int, event: e.Event, **facts: Any) -> None:
        tasks[no] = {"started_at": moment_text(event.at_ms), "retry_count": 0, **facts}

    for event in log:
        match event:
            case e.TaskStarted():
                begin(event.task, event, task_type=event.kind, node=event.node)
            case e.ChildrenStarted():
                for no in range(event.first, event.first + event.count):
                    begin(no, event, task_type=event.kind, parent=event.parent, node=event.node)
            case e.UndoStarted():
                begin(event.task, event, task_type="undo")
            case e.TaskSkipped():
                begin(event.task, event, status="skipped", node=event.node)
            case e.TaskRetried():
                tasks[event.task]["retry_count"] += 1
            case e.AttemptFailed() | e.TaskEscalated():
                tasks[event.task]["error_message"] = event.failure.message
            case e.TaskCompleted():
                tasks[event.task] |= {"status": "completed", "error_message": None}
                if tasks[event.task]["task_type"] != "model":
                    tasks[event.task]["output_data"] = json_text(event.output)
            case e.TaskFailed():
                tasks[event.task] |= {"status": "failed", "error_message": event.failure.message}
            case e.TaskCancelled():
                tasks[event.task]["status"] = "cancelled"
        if isinstance(event, e.TaskCompleted | e.TaskFailed | e.TaskCancelled):
            tasks[event.task]["completed_at"] = moment_text(event.at_ms)
    return tasks


def check(kept: Kept) -> None:
    """Hold the rows against the log and the final state."""
    state, log, program = kept.story.state, kept.story.log, kept.story.program
    wanted = told(log)
    rows = {int(str(row["number"])): row for row in kept.table("agent_tasks")}
    assert rows.keys() == wanted.keys()
    for no, facts in wanted.items():
        parent = facts.pop("parent", 0)
        assert {name: rows[no][name] for name in facts} == facts
        assert rows[no]["parent_task_id"] == (f"{state.session}:{parent}" if parent else None)
    for no, task in state.tasks.items():
        is_running = task.children or is_at_work(task)
        assert rows[no]["status"] == ("running" if is_running else "waiting")
        if task.kind not in ("model", "undo", "recover", REVIEW):
            try:
                inputs: str | None = json_text(inputs_of(state, task, program, {}))
            except ExpressionFailed:
                inputs = None
            assert rows[no]["input_data"] == inputs
    status, reason = status_of(state)
    session = kept.session()
    assert session["status"] == status
    if status in ("failed", "cancelled"):
        assert session["error_message"] == (reason or None)
    leaves = [rows[no]["status"] for no, task in state.tasks.items() if not task.children]
    if status in ("running", "waiting") and leaves:
        assert (status == "waiting") == (set(leaves) == {"waiting"})
    numbers = {row["number"] for row in kept.table("agent_messages")}
    assert all(0 < int(str(number)) <= len(log) for number in numbers)


class KeptTables(Rules):
    """The same session, with tables kept beside it: from commit to commit, by a process that
    forgets all the time, and from scratch."""

    @invariant()
    def rows_are_what_the_log_and_the_state_say(self) -> None:
        if not hasattr(self, "story"):
            return
        if not hasattr(self, "kept"):
            self.kept, self.forgetful = Kept(self.story), Kept(self.story)
        check(self.kept.catch_up())
        self.forgetful.catch_up().forget()
        assert self.forgetful.rows == self.kept.rows
        assert Kept(self.story).catch_up().rows == self.kept.rows


KeptTables.TestCase.settings = settings(max_examples=20, stateful_step_count=30)
test_tables_of_a_session_to_which_anything_happens = KeptTables.TestCase


def test_inputs_are_those_with_which_the_task_began() -> None:
    ask = function("ask", inputs={"said": "state.said"})
    talk = flow(
        function("say"),
        ask,
        edges=[("say", "ask")],
        state={"said": StateKey(reducer="append", initial=[])},
    )
    story = Story(talk, {"topic": "fog"})
    kept = Kept(story).catch_up()

    story.done("say", {"said": "hello"})
    kept.catch_up()
    story.done("ask", {"said": "again"})
    kept.catch_up()

    assert kept.tasks()["ask"]["input_data"] == '{"said":["hello"]}'
    assert kept.tasks()["ask"]["output_data"] == '{"said":"again"}'
    assert msgspec.json.decode(str(kept.session()["context"]))["inputs"] == {"topic": "fog"}


def test_items_of_a_map_have_inputs_and_a_parent_of_their_own() -> None:
    body = Node(id="all.do", kind="function", ref="story:count", inputs={"n": "item"})
    story = Story(flow(Node(id="all", kind="map", items="inputs.ns", body=body)), {"ns": [7, 8]})

    kept = Kept(story).catch_up()

    assert [kept.task(no)["input_data"] for no in (2, 3)] == ['{"n":7}', '{"n":8}']
    assert kept.task(2)["parent_task_id"] == "s:1"


def test_a_task_that_is_tried_again_tells_why_until_it_ends_well() -> None:
    story = Story(chain("work"), {})
    kept = Kept(story).catch_up()

    story.fails("work", "transient")
    kept.catch_up()
    assert kept.task(1) | {"status": "waiting", "error_message": "it broke"} == kept.task(1)
    story.wait(60_000)
    kept.catch_up()
    assert kept.task(1) | {"status": "running", "retry_count": 1} == kept.task(1)
    story.done("work", "at last")
    kept.catch_up()

    assert kept.task(1) | {"status": "completed", "error_message": None} == kept.task(1)
    assert kept.session()["status"] == "completed"


def test_a_task_that_is_mended_has_the_inputs_that_mended_it() -> None:
    story = Story(flow(function("work", inputs={"n": "inputs.n"}, recover="story:mend")), {"n": 1})
    kept = Kept(story).catch_up()

    story.fails("work", "recoverable")
    kept.catch_up()
    story.done("work", {"n": 2})
    kept.catch_up()

    assert kept.task(1) | {"input_data": '{"n":2}', "retry_count": 1} == kept.task(1)
    assert kept.task(2) | {"task_type": "recover", "parent_task_id": "s:1"} == kept.task(2)


def test_an_agent_whose_session_is_paused_waits_with_it() -> None:
    writer = AgentDefinition(name="writer", tools=("desk:look",))
    story = Story(flow(Node(id="write", kind="agent", ref="writer"), agents=(writer,)), {})
    kept = Kept(story).catch_up()
    call = ToolCall(id="c", tool="look", arguments={"at": "sea"})

    story.pause()
    kept.catch_up()
    assert kept.task(1)["status"] == "running", "its model is still asked"
    story.done("write", said(text="hm", calls=(call,)))
    kept.catch_up()
    assert kept.task(1) | {"status": "waiting", "agent_id": "writer"} == kept.task(1)
    story.resume()
    kept.catch_up()

    assert kept.task(1)["status"] == "running"
    assert kept.task(3) | {"task_type": "tool", "input_data": '{"at":"sea"}'} == kept.task(3)
    (message,) = kept.table("agent_messages")
    assert (
        message | {"message_type": "answer", "from_agent_id": "writer", "content": "hm"} == message
    )


def test_agents_write_to_each_other_and_call_each_other() -> None:
    chief = AgentDefinition(name="chief", delegates=("scout",), writes_to=("*",))
    scout = AgentDefinition(name="scout", writes_to=("*",))
    both = (chief, scout)
    story = Story(flow(Node(id="lead", kind="agent", ref="chief"), agents=both), {})
    kept = Kept(story).catch_up()
    sent = {"to": "scout", "text": "be quick", "kind": "notification"}
    calls = (
        ToolCall(id="1", tool="scout", arguments={"task": "find it"}),
        ToolCall(id="2", tool="send_message", arguments=sent),
    )

    story.done("lead", said(text="both", calls=calls))
    kept.catch_up()
    story.done("lead", said(text="found"))
    kept.catch_up()

    messages = [
        (row["from_agent_id"], row["to_agent_id"], row["message_type"], row["content"])
        for row in kept.table("agent_messages")
    ]
    assert ("chief", "scout", "task", "find it") in messages
    assert ("chief", "scout", "notification", "be quick") in messages
    assert ("scout", None, "answer", "found") in messages
    assert ("scout", "chief", "result", "found") in messages


def test_a_fork_has_rows_of_its_own_for_what_it_does_itself() -> None:
    story = Story(chain("first", "second"), {})
    story.done("first")
    at = len(story.log)
    story.done("second")

    fork = story.fork(at=at)
    kept = Kept(fork)
    kept.version = at
    kept.forget()
    kept.catch_up()

    assert set(kept.tasks()) == {"second"}
    assert kept.session()["id"] == kept.tasks()["second"]["session_id"] == "fork"
    context: Json = msgspec.json.decode(str(kept.session()["context"]))
    assert isinstance(context, dict)
    assert (context["origin"], context["origin_version"]) == ("s", at)


def test_what_is_large_is_cut_and_says_where_the_whole_is() -> None:
    small, large, huge = "x" * 100, "y" * (JSON_BYTES_MAX + 1), "z" * 70_000

    cut = msgspec.json.decode(json_text(large))
    kept_apart = msgspec.json.decode(json_text(huge))

    assert json_text(small) == f'"{small}"'
    assert cut["bytes"] == JSON_BYTES_MAX + 3
    assert cut["excerpt"].startswith("yyy") and "artifact" not in cut
    assert len(kept_apart["artifact"]) == 64
    assert len(plain_text(huge)) == JSON_BYTES_MAX


def test_without_its_definition_a_session_still_has_rows() -> None:
    story = Story(chain("work", "more"), {})
    story.done("work", 1)

    kept = Kept(story)
    kept.fold = SessionTables(SessionState(), None)
    kept.catch_up()

    assert kept.task(TaskNo(1)) | {"output_data": "1", "input_data": None} == kept.task(1)
