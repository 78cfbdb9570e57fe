"""How a state key takes new values, and how a task keeps the old ones."""

from itertools import pairwise
from typing import Any

import pytest

from tenuto.core.session.reducers import misfit, unshared
from tenuto.core.workflow.model import REDUCER_EMPTY, Node, StateKey
from tests.core.session.story import Story, flow, function


def reduced(reducer: Any, *values: Any, initial: Any = None) -> Any:
    """Return what a key holds after taking the values one after another."""
    empty = REDUCER_EMPTY[reducer] if initial is None else initial
    names = [f"n{place}" for place in range(len(values))]
    edges = list(pairwise(names))
    key = StateKey(reducer=reducer, initial=empty)
    story = Story(flow(*map(function, names), edges=edges, state={"k": key}), {})
    for name, value in zip(names, values, strict=True):
        story.done(name, {"k": value})
    assert story.phase == "completed", story.state.failure
    return story.state.values["k"]


@pytest.mark.parametrize(
    ("reducer", "values", "expected"),
    [
        ("replace", [1, "x", None], None),
        ("append", [1, [2], None], [1, [2], None]),
        ("extend", [[1], [], [2, 2]], [1, 2, 2]),
        ("add", [1, 2.5, -1], 2.5),
        ("max", [2, 7, 5], 7),
        ("max", ["b", "a"], "b"),
        ("min", [2, 7, 1], 1),
        ("merge", [{"a": 1}, {"a": 2, "b": 3}], {"a": 2, "b": 3}),
        ("union", [[1, 2], [2, 3], [{"a": 1}], [{"a": 1}]], [1, 2, 3, {"a": 1}]),
    ],
)
def test_each_reducer_combines_in_its_way(reducer: str, values: list[Any], expected: Any) -> None:
    assert reduced(reducer, *values) == expected


@pytest.mark.parametrize(
    ("reducer", "value", "old", "said"),
    [
        ("extend", 1, [], "'extend' takes a list, found a number"),
        ("union", {}, [], "'union' takes a list, found an object"),
        ("merge", [], {}, "'merge' takes an object, found a list"),
        ("add", True, 0, "'add' takes a number, found a boolean"),
        ("max", None, None, "'max' takes a number or text, found null"),
        ("min", "x", 3, "'min' cannot compare text with a number"),
        ("replace", object, None, None),
        ("append", None, [], None),
        ("max", 2.5, 1, None),
    ],
)
def test_what_does_not_fit_is_said_in_words(
    reducer: str, value: Any, old: Any, said: str | None
) -> None:
    assert misfit(reducer, value, old) == said


@pytest.mark.parametrize(
    ("reducer", "first", "second"),
    [
        ("replace", {"a": 1}, {"a": 2}),
        ("append", 1, 2),
        ("extend", [1], [2]),
        ("merge", {"a": 1}, {"a": 2, "b": 3}),
        ("union", [1], [2]),
        ("add", 1, 2),
    ],
)
@pytest.mark.parametrize("path", ["state.k", "state", "outputs.a", "outputs"])
def test_a_task_sees_what_was_when_it_started(
    reducer: Any, first: Any, second: Any, path: str
) -> None:
    nodes = (function("a"), function("b", inputs={"seen": path}), function("c"))
    key = StateKey(reducer=reducer, initial=REDUCER_EMPTY[reducer])
    story = Story(flow(*nodes, edges=[("a", ("b", "c"))], state={"k": key}), {})
    story.done("a", {"k": first})
    before = story.effect("b").inputs

    story.done("c", {"k": second})

    assert story.effect("b").inputs == before


def test_initial_values_belong_to_one_session_each() -> None:
    initial: Any = {"deep": [1, {"x": 2}]}
    definition = flow(function("a"), state={"k": StateKey(reducer="merge", initial=initial)})
    one, other = Story(definition, {}), Story(definition, {})

    one.done("a", {"k": {"deep": "mine"}})

    assert other.state.values == {"k": {"deep": [1, {"x": 2}]}}
    assert unshared(initial) == initial
    assert unshared(initial)["deep"] is not initial["deep"]


def test_a_value_that_is_no_object_changes_no_key() -> None:
    story = Story(flow(function("a"), state={"k": StateKey(reducer="replace", initial=7)}), {})

    story.done("a", [1, 2])

    assert story.state.values == {"k": 7}


GROWING = {
    "list": StateKey(reducer="append", initial=[]),
    "copy": StateKey(reducer="replace"),
}


def test_a_copy_of_a_list_in_another_key_does_not_grow_with_it() -> None:
    nodes = (function("a"), function("b", updates={"copy": "state.list"}), function("c"))
    story = Story(flow(*nodes, edges=[("a", "b"), ("b", "c")], state=GROWING), {})
    story.done("a", {"list": 1})
    story.done("b", {})

    story.done("c", {"list": 2})

    assert story.state.values == {"list": [1, 2], "copy": [1]}


@pytest.mark.parametrize(
    ("path", "seen"), [("state.list", [1]), ("state", {"list": [1], "copy": None})]
)
def test_an_output_that_holds_a_list_does_not_grow_with_it(path: str, seen: Any) -> None:
    nodes = (function("a"), Node(id="b", kind="condition", inputs={"x": path}), function("c"))
    story = Story(flow(*nodes, edges=[("a", "b"), ("b", "c")], state=GROWING), {})
    story.done("a", {"list": 1})

    story.done("c", {"list": 2})

    assert story.state.outputs["b"] == {"x": seen}
