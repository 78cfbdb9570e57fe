"""One node after another: where to begin reading."""

import pytest

from tenuto.core.errors import NotAllowed
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.workflow.model import StateKey
from tests.core.session.story import START_MS, Story, chain, flow, function


def test_a_session_starts_with_its_entry_node() -> None:
    story = Story(chain("a", "b"))

    events = story.start({"x": 1})

    assert [type(event) for event in events] == [e.SessionStarted, e.TaskStarted]
    assert story.waiting_work() == ["a"]
    assert story.phase == "running"


def test_the_next_node_starts_when_the_one_before_is_done() -> None:
    story = Story(chain("a", "b"), {})

    events = story.done("a", {"n": 1})

    assert events == [
        e.TaskCompleted(at_ms=START_MS, task=1, output={"n": 1}, updates=None, undo=False),
        e.TaskStarted(
            at_ms=START_MS, task=2, node="b", kind="function", after=1, captures=(), due_ms=0
        ),
    ]


def test_a_session_ends_with_its_last_node_and_gives_the_outputs_of_those_with_no_edge_out() -> (
    None
):
    story = Story(chain("a", "b"), {})

    story.done("a", 1)
    story.done("b", {"answer": 42})

    assert story.phase == "completed"
    assert story.state.output == {"b": {"answer": 42}}


def test_a_session_gives_the_output_that_its_workflow_declares() -> None:
    story = Story(chain("a", output="outputs.a.n + inputs.n"), {"n": 40})

    story.done("a", {"n": 2})

    assert story.state.output == 42


def test_a_node_gets_the_values_of_its_expressions() -> None:
    nodes = (function("a"), function("b", inputs={"left": "inputs.x", "right": "outputs.a.y"}))
    story = Story(flow(*nodes, edges=[("a", "b")]), {"x": 1})

    story.done("a", {"y": 2})

    assert story.effect("b").inputs == {"left": 1, "right": 2}
    assert story.effect("b").effect == "s:2"


def test_what_a_node_returns_is_reduced_into_the_state_keys_that_it_names() -> None:
    state = {
        "count": StateKey(reducer="add", initial=10),
        "notes": StateKey(reducer="append", initial=[]),
        "best": StateKey(reducer="max"),
    }
    story = Story(chain("a", "b", state=state), {})

    story.done("a", {"count": 1, "notes": "first", "best": 3, "other": "ignored"})
    story.done("b", {"count": 2, "notes": "second", "best": 2})

    assert story.state.values == {"count": 13, "notes": ["first", "second"], "best": 3}


def test_updates_name_what_goes_into_the_state_and_how() -> None:
    node = function("a", updates={"total": "output.price * 2"})
    story = Story(flow(node, state={"total": StateKey(reducer="add", initial=0)}), {})

    story.done("a", {"price": 21, "total": 5})

    assert story.state.values == {"total": 42}


def test_an_output_that_the_state_cannot_take_fails_the_task_in_words() -> None:
    story = Story(chain("a", state={"count": StateKey(reducer="add", initial=0)}), {})

    story.done("a", {"count": "many"})

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert "'add' takes a number, found text" in story.state.failure.message


def test_a_task_keeps_the_values_it_was_started_with() -> None:
    nodes = (function("a"), function("b", inputs={"seen": "state.notes"}), function("c"))
    state = {"notes": StateKey(reducer="append", initial=[])}
    story = Story(flow(*nodes, edges=[("a", ("b", "c"))], state=state), {})
    story.done("a", {"notes": 1})

    story.done("c", {"notes": 2})

    assert story.effect("b").inputs == {"seen": [1]}
    assert story.state.values == {"notes": [1, 2]}


def test_an_outcome_counts_once() -> None:
    story = Story(chain("a", "b"), {})
    task = story.task("a")
    story.done("a", "first")

    again = story.put(i.CompleteTask(at_ms=START_MS, task=task, output="second"))

    assert again == []
    assert story.state.outputs["a"] == "first"


def test_a_session_starts_once() -> None:
    story = Story(chain("a"), {})

    with pytest.raises(NotAllowed, match="it has started already"):
        story.start({})
