"""Steps are counted before they are taken (P9)."""

from tenuto.core.session import events as e
from tenuto.core.workflow.model import Limits, StateKey
from tests.core.session.story import Story, chain, flow, function, switch


def circling(steps: int) -> Story:
    definition = flow(
        function("a"),
        switches=[switch("a", ("true", "a"))],
        entry=("a",),
        limits=Limits(steps=steps),
    )
    return Story(definition, {})


def test_a_session_that_runs_in_circles_stops_and_asks() -> None:
    story = circling(3)

    for _ in range(3):
        story.done("a")

    assert story.phase == "paused"
    assert story.state.steps == 3
    assert "its budget of 3 steps is spent" in story.state.pause_reason


def test_whoever_resumes_can_grant_more() -> None:
    story = circling(1)
    story.done("a")

    story.resume(steps=2)
    story.done("a")
    story.done("a")

    assert story.phase == "paused"
    assert story.state.steps == 3


def test_resuming_without_more_steps_stops_again() -> None:
    story = circling(1)
    story.done("a")

    story.resume()

    assert story.phase == "paused"


def test_a_split_that_does_not_fit_the_budget_starts_none_of_its_branches() -> None:
    definition = flow(*map(function, "abc"), edges=[("a", ("b", "c"))], limits=Limits(steps=2))
    story = Story(definition, {})

    story.done("a")

    assert story.phase == "paused"
    assert story.ran() == ["a"]


def test_skipped_nodes_cost_nothing() -> None:
    definition = flow(
        *map(function, "abc"),
        edges=[("b", "c")],
        switches=[switch("a", ("false", "b"))],
        limits=Limits(steps=1),
    )
    story = Story(definition, {})

    story.done("a")

    assert story.phase == "completed"
    assert len(story.happened(e.TaskSkipped)) == 2


def test_the_last_step_may_be_the_one_that_ends_the_session() -> None:
    story = Story(chain("a", "b", limits=Limits(steps=2), state={"n": StateKey(reducer="max")}), {})

    story.done("a")
    story.done("b")

    assert story.phase == "completed"
