"""Choosing the way, and going round; what stands behind a cycle waits for its end."""

import pytest

from tenuto.core.session import events as e
from tenuto.core.workflow.model import StateKey, WorkflowDefinition
from tests.core.session.story import Story, flow, function, switch

ROUNDS = {"round": StateKey(reducer="add", initial=0)}


def polishing(*more: str, edges: list[tuple[object, object]] | None = None) -> WorkflowDefinition:
    """Draft, then review; back to the draft until the third round, then on to print."""
    names = ("draft", "review", "print", *more)
    again = switch("review", ("state.round < 3", "draft"), default="print")
    return flow(
        *map(function, names),
        edges=[("draft", "review"), *(edges or [])],
        switches=[again],
        state=ROUNDS,
        entry=("draft",),
    )


@pytest.mark.parametrize(
    ("n", "taken"), [(1, "low"), (5, "middle"), (9, "high")], ids=lambda value: str(value)
)
def test_the_first_case_that_is_true_is_taken(n: int, taken: str) -> None:
    routes = [switch("a", ("inputs.n < 3", "low"), ("inputs.n < 7", "middle"), default="high")]
    story = Story(flow(*map(function, ("a", "low", "middle", "high")), switches=routes), {"n": n})

    story.done("a")

    assert story.waiting_work() == [taken]


def test_without_a_default_no_case_ends_the_branch() -> None:
    story = Story(
        flow(*map(function, "ab"), switches=[switch("a", ("inputs.n > 1", "b"))]), {"n": 1}
    )

    story.done("a")

    assert story.skipped() == ["b"]
    assert story.phase == "completed"


def test_a_condition_that_cannot_be_evaluated_fails_the_session_in_words() -> None:
    story = Story(flow(*map(function, "ab"), switches=[switch("a", ("inputs.n > 1", "b"))]), {})

    story.done("a")

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert story.state.failure.code == "expression"


def test_a_cycle_goes_round_until_its_switch_leaves_it() -> None:
    story = Story(polishing(), {})

    for _ in range(3):
        story.done("draft", {"round": 1})
        story.done("review")

    assert story.waiting_work() == ["print"]
    assert story.ran().count("draft") == 3


def test_a_node_behind_a_cycle_is_not_skipped_while_the_cycle_may_still_take_its_exit() -> None:
    story = Story(polishing(), {})

    story.done("draft", {"round": 1})
    story.done("review")

    assert story.skipped() == []
    assert story.waiting_work() == ["draft"]


def test_a_join_behind_a_cycle_neither_fires_early_nor_hangs() -> None:
    """The side exit `alarm` is never taken: its join must not wait for it for ever."""
    side = switch("draft", ("state.round > 9", "alarm"))
    definition = flow(
        *map(function, ("draft", "review", "print", "alarm", "done")),
        edges=[("draft", "review"), (("print", "alarm"), "done")],
        switches=[switch("review", ("state.round < 3", "draft"), default="print"), side],
        state=ROUNDS,
        entry=("draft",),
    )
    story = Story(definition, {})

    for _ in range(3):
        story.done("draft", {"round": 1})
        assert story.skipped() == []
        story.done("review")
    assert story.skipped() == ["alarm"]
    story.done("print")

    assert story.waiting_work() == ["done"]


def test_a_join_in_a_cycle_starts_anew_each_time_round() -> None:
    definition = flow(
        *map(function, ("a", "b", "c", "d", "end")),
        edges=[("a", ("b", "c")), (("b", "c"), "d")],
        switches=[switch("d", ("state.round < 2", "a"), default="end")],
        state=ROUNDS,
        entry=("a",),
    )
    story = Story(definition, {})

    for _ in range(2):
        story.done("a")
        story.done("b", {"round": 1})
        assert "d" not in story.waiting_work()
        story.done("c")
        story.done("d")

    assert story.waiting_work() == ["end"]


def test_the_way_into_a_cycle_is_where_tokens_first_get_to_it() -> None:
    """The join at `c` leads into the cycle, but only `b`, which is in it, can make it fire."""
    definition = flow(
        *map(function, "abcde"),
        edges=[(("a", "b"), "c")],
        switches=[
            switch("a", ("inputs.left", "b"), default="e"),
            switch("c", ("state.round > 0", "b"), default="d"),
        ],
        state=ROUNDS,
        entry=("a",),
    )
    story = Story(definition, {"left": False})

    story.done("a")
    story.done("e")
    story.done("c")
    story.done("d")

    assert story.skipped() == ["b"]
    assert story.phase == "completed"


def test_a_cycle_of_one_node() -> None:
    definition = flow(
        *map(function, "ab"),
        switches=[switch("a", ("state.round < 2", "a"), default="b")],
        state=ROUNDS,
        entry=("a",),
    )
    story = Story(definition, {})

    story.done("a", {"round": 1})
    story.done("a", {"round": 1})
    story.done("b")

    assert story.phase == "completed"
    assert [type(event) for event in story.log].count(e.TaskStarted) == 3
