"""Where cycles and joins meet: what leaves, what comes back, and what comes in from the side."""

from tenuto.core.workflow.model import StateKey
from tests.core.session.story import Story, flow, function, switch

ROUNDS = {"round": StateKey(reducer="add", initial=0)}


def test_a_join_that_leaves_a_cycle_fires_though_its_source_in_it_never_ran() -> None:
    definition = flow(
        *map(function, ("a", "b", "c", "x", "d")),
        edges=[("b", "a"), (("b", "x"), "d")],
        switches=[switch("a", ("inputs.go_round", "b"), default="c")],
        entry=("a", "x"),
    )
    story = Story(definition, {"go_round": False})

    story.done("x")
    story.done("a")
    assert story.skipped() == ["b"]
    story.done("c")
    story.done("d")

    assert story.phase == "completed"


def test_a_join_that_leaves_a_cycle_fires_once_for_its_first_time_round() -> None:
    definition = flow(
        *map(function, ("a", "b", "c", "x", "d")),
        edges=[("b", "a"), (("b", "x"), "d")],
        switches=[switch("a", ("state.round < 3", "b"), default="c")],
        state=ROUNDS,
        entry=("a", "x"),
    )
    story = Story(definition, {})
    story.done("x")

    for _ in range(2):
        story.done("a", {"round": 1})
        story.done("b")
    story.done("a", {"round": 1})

    assert story.ran().count("d") == 1


def test_a_join_may_lead_back_to_the_beginning_of_its_cycle() -> None:
    definition = flow(
        *map(function, ("a", "go", "b", "c", "end")),
        edges=[("go", ("b", "c")), (("b", "c"), "a")],
        switches=[switch("a", ("state.round < 2", "go"), default="end")],
        state=ROUNDS,
        entry=("a",),
    )
    story = Story(definition, {})

    story.done("a", {"round": 1})
    story.done("go")
    story.done("c")
    assert story.waiting_work() == ["b"]
    story.done("b")
    assert story.waiting_work() == ["a"]
    story.done("a", {"round": 1})

    assert story.waiting_work() == ["end"]
    assert story.skipped() == ["go", "b", "c"]
    story.done("end")
    assert story.phase == "completed"


def test_a_token_may_come_into_the_middle_of_a_cycle() -> None:
    def told(first: str) -> Story:
        definition = flow(
            *map(function, ("e", "a", "b", "end")),
            edges=[("a", "b")],
            switches=[
                switch("e", ("inputs.first == 'a'", "a"), default="b"),
                switch("b", ("state.round < 2", "a"), default="end"),
            ],
            state=ROUNDS,
            entry=("e",),
        )
        story = Story(definition, {"first": first})
        story.done("e")
        return story

    from_the_top, from_the_middle = told("a"), told("b")

    assert from_the_top.waiting_work() == ["a"]
    assert from_the_middle.waiting_work() == ["b"]
    for story in (from_the_top, from_the_middle):
        while story.pending():
            story.done(story.waiting_work()[0], {"round": 1})
        assert story.phase == "completed"
        assert story.ran()[-1] == "end"


def test_an_edge_out_of_a_cycle_may_be_taken_each_time_round() -> None:
    definition = flow(
        *map(function, ("a", "log", "end")),
        edges=[("a", "log")],
        switches=[switch("a", ("state.round < 3", "a"), default="end")],
        state=ROUNDS,
        entry=("a",),
    )
    story = Story(definition, {})

    for _ in range(3):
        story.done("a", {"round": 1})

    assert story.waiting_work() == ["log", "log", "log", "end"]
    assert story.skipped() == []


def test_what_stands_behind_a_skipped_cycle_is_skipped_once() -> None:
    definition = flow(
        *map(function, ("e", "a", "b", "end", "other")),
        edges=[("a", "b"), ("b", "end")],
        switches=[
            switch("e", ("false", "a"), default="other"),
            switch("b", ("state.round < 2", "a")),
        ],
        state=ROUNDS,
        entry=("e",),
    )
    story = Story(definition, {})

    story.done("e")
    story.done("other")

    assert story.skipped() == ["a", "b", "end"]
    assert story.phase == "completed"
