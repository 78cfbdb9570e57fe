"""The same work for each item of a list, so many at once, joined in order."""

from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.workflow.model import Node, StateKey
from tests.core.session.story import Story, flow, function


def mapped(**parts: object) -> Node:
    body = parts.pop("body", function("m.do", inputs={"x": "item", "n": "index"}))
    parts.setdefault("items", "inputs.list")
    return Node(id="m", kind="map", body=body, **parts)


def test_each_item_gets_its_work_with_its_place() -> None:
    story = Story(flow(mapped()), {"list": ["a", "b"]})

    assert [effect.inputs for effect in story.pending()] == [{"x": "a", "n": 0}, {"x": "b", "n": 1}]


def test_the_outputs_are_in_the_order_of_the_items_whoever_is_first() -> None:
    story = Story(flow(mapped()), {"list": [1, 2, 3]})

    story.done("m.do", "third", n=2)
    story.done("m.do", "first", n=0)
    story.done("m.do", "second", n=0)

    assert story.state.outputs["m"] == ["first", "second", "third"]
    assert story.phase == "completed"


def test_no_more_items_are_open_than_the_window_allows() -> None:
    story = Story(flow(mapped(concurrency=2)), {"list": [1, 2, 3, 4, 5]})
    assert len(story.pending()) == 2

    for left in (4, 3, 2, 1):
        story.done("m.do", None)
        assert len(story.pending()) == min(2, left)
    story.done("m.do", None)

    assert story.phase == "completed"


def test_outcomes_that_come_together_refill_the_window_once() -> None:
    story = Story(flow(mapped(concurrency=2)), {"list": [1, 2, 3, 4]})
    tasks = [effect.task for effect in story.pending()]

    events = story.put(
        *[i.CompleteTask(at_ms=story.now_ms, task=task, output=None) for task in tasks]
    )

    starts = [event for event in events if isinstance(event, e.ChildrenStarted)]
    assert [start.count for start in starts] == [2]


def test_a_map_over_nothing_is_done_at_once() -> None:
    story = Story(flow(mapped()), {"list": []})

    assert story.phase == "completed"
    assert story.state.output == {"m": []}


def test_a_failed_item_fails_the_map_and_gives_up_the_others() -> None:
    story = Story(flow(mapped(concurrency=3)), {"list": [1, 2, 3]})

    story.fails("m.do", n=1)

    assert story.phase == "failed"
    assert [event.task for event in story.happened(e.TaskFailed)] == [3, 1]
    assert [event.task for event in story.happened(e.TaskCancelled)] == [4, 2]


def test_a_map_that_collects_puts_the_failure_in_its_place_and_goes_on() -> None:
    story = Story(flow(mapped(on_item_failure="collect")), {"list": [1, 2]})

    story.fails("m.do", n=0)
    story.done("m.do", "fine")

    assert story.phase == "completed"
    assert story.state.outputs["m"] == [{"error": "it broke"}, "fine"]


def test_a_map_over_what_is_no_list_fails_in_words() -> None:
    story = Story(flow(mapped()), {"list": 7})

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert "a map goes over a list" in story.state.failure.message


def test_items_are_those_of_the_moment_at_which_the_map_began() -> None:
    state = {"list": StateKey(reducer="append", initial=[])}
    nodes = (function("a"), mapped(items="state.list", concurrency=1), function("b"))
    story = Story(flow(*nodes, edges=[("a", ("m", "b"))], state=state), {})
    story.done("a", {"list": 1})

    story.done("b", {"list": 2})
    story.done("m.do", None)

    assert story.state.outputs["m"] == [None]


def test_items_do_not_count_as_steps() -> None:
    story = Story(flow(mapped()), {"list": list(range(50))})

    assert story.state.steps == 1
