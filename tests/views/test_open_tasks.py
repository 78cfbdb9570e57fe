"""Tasks get the names that people know them by."""

import pytest

from tenuto.core.errors import CorruptLog
from tenuto.core.session import events as e
from tenuto.core.vocabulary import TaskNo
from tenuto.views.open_tasks import OpenTasks
from tests.views.logs import WRITER, Log, flow, function, mapped, node


def folded(log: Log) -> OpenTasks:
    tasks = OpenTasks(log.definition)
    for _, event in log.events:
        tasks.begin(event)
        tasks.end(event)
    return tasks


def test_an_item_is_called_by_its_map_and_place() -> None:
    log = Log(flow(mapped("fetch", "inputs.urls")), {"urls": ["a", "b", "c"]})

    tasks = folded(log)

    assert [task.label for task in tasks] == ["fetch", "fetch[0]", "fetch[1]", "fetch[2]"]
    assert tasks.path(TaskNo(3)) == "fetch[1]"


def test_an_iteration_is_counted_from_one() -> None:
    body = {"id": "poll.do", "kind": "function", "ref": "shop:ask"}
    log = Log(flow(node("poll", "loop", body=body, max_iterations=3)))
    log.complete("poll.do", {"ready": False})

    assert [task.label for task in folded(log)] == ["poll", "poll #2"]


def test_turns_and_calls_are_named_for_what_they_are() -> None:
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(WRITER,)))

    assert [task.label for task in folded(log)] == ["draft", "turn 1"]
    log.answer("", ("look", {"at": "sea"}), ("count", {}))
    tasks = folded(log)
    assert [task.label for task in tasks] == ["draft", "look", "count"]
    assert {task.agent for task in tasks} == {"writer"}
    assert {task.model for task in tasks} == {"offline"}


def test_a_compensation_is_named_for_the_node_that_it_undoes() -> None:
    log = Log(
        flow(
            function("book", compensate="shop:cancel"),
            function("pay"),
            edges=[("book", "pay")],
        )
    )
    log.complete("book", {})
    log.fail("pay", "fatal")

    assert [task.label for task in folded(log)] == ["undo book"]


def test_a_recovery_is_named_for_the_node_that_it_mends() -> None:
    log = Log(flow(function("load", recover="shop:mend")))
    log.fail("load", "recoverable")

    assert [task.label for task in folded(log)] == ["load", "recover load"]


def test_the_fold_of_a_log_is_what_the_state_tells() -> None:
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(WRITER,)))
    log.answer("", ("look", {"at": "sea"}))
    log.fail("tool")
    log.later(600).wake()

    from_log = {task.no: task for task in folded(log)}
    from_state = {task.no: task for task in OpenTasks.of_state(log.state, log.definition)}

    assert from_log.keys() == from_state.keys()
    for no, task in from_log.items():
        other = from_state[no]
        assert (task.label, task.attempt, task.parent, task.agent, task.turns) == (
            other.label,
            other.attempt,
            other.parent,
            other.agent,
            other.turns,
        )


def test_without_a_definition_an_agent_is_called_by_its_node() -> None:
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(WRITER,)))
    tasks = OpenTasks()

    for _, event in log.events:
        tasks.begin(event)

    assert tasks[TaskNo(1)].agent == "draft"
    assert tasks.node("draft") is None


def test_a_task_that_is_not_open_is_a_log_that_contradicts_itself() -> None:
    tasks = OpenTasks()

    with pytest.raises(CorruptLog, match="task 7, which is not open"):
        tasks.begin(e.TaskRetried(at_ms=1, task=TaskNo(7), inputs=None, by=""))
    assert tasks.path(TaskNo(7)) == "task 7"
