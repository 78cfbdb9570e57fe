"""Several edges into one node: joins wait for all, merges for none; skipped branches say so."""

from tenuto.core.session import events as e
from tests.core.session.story import Story, flow, function, switch


def test_branches_run_side_by_side() -> None:
    story = Story(flow(*map(function, "abc"), edges=[("a", ("b", "c"))]), {})

    story.done("a")

    assert story.waiting_work() == ["b", "c"]


def test_a_join_fires_once_when_each_of_its_sources_is_done() -> None:
    edges = [("a", ("b", "c")), (("b", "c"), "d")]
    story = Story(flow(*map(function, "abcd"), edges=edges), {})
    story.done("a")

    story.done("c")
    assert story.waiting_work() == ["b"]
    story.done("b")

    assert story.waiting_work() == ["d"]
    story.done("d")
    assert story.phase == "completed"
    assert story.ran() == ["a", "b", "c", "d"]


def test_a_slow_branch_holds_nobody_up() -> None:
    story = Story(flow(*map(function, "abcd"), edges=[("a", ("b", "c")), ("c", "d")]), {})
    story.done("a")

    story.done("c")

    assert story.waiting_work() == ["b", "d"]


def test_edges_that_merge_run_their_target_for_each_token() -> None:
    edges = [("a", ("b", "c")), ("b", "d"), ("c", "d")]
    story = Story(flow(*map(function, "abcd"), edges=edges), {})
    story.done("a")

    story.done("b")
    story.done("c")

    assert story.waiting_work() == ["d", "d"]


def test_a_branch_that_is_not_taken_is_skipped_to_its_end() -> None:
    routes = [switch("a", ("inputs.left", "b"), default="c")]
    story = Story(flow(*map(function, "abcd"), edges=[("c", "d")], switches=routes), {"left": True})

    story.done("a")

    assert story.waiting_work() == ["b"]
    assert story.skipped() == ["c", "d"]


def test_a_join_behind_a_branch_not_taken_still_fires() -> None:
    routes = [switch("a", ("inputs.left", "b"), default="c")]
    edges = [(("b", "c"), "d")]
    story = Story(flow(*map(function, "abcd"), edges=edges, switches=routes), {"left": False})

    story.done("a")
    story.done("c")

    assert story.waiting_work() == ["d"]


def test_a_join_of_skipped_branches_alone_is_skipped() -> None:
    routes = [switch("a", ("inputs.left", "e"), default=None)]
    edges = [("a", "f"), ("e", ("b", "c")), (("b", "c"), "d")]
    story = Story(flow(*map(function, "abcdef"), edges=edges, switches=routes), {"left": False})

    story.done("a")
    story.done("f")

    assert story.skipped() == ["e", "b", "c", "d"]
    assert story.phase == "completed"
    assert story.state.output == {"d": None, "f": None}


def test_one_live_token_keeps_a_merge_alive() -> None:
    routes = [switch("a", ("inputs.left", "b"), default="c")]
    edges = [("b", "d"), ("c", "d")]
    story = Story(flow(*map(function, "abcd"), edges=edges, switches=routes), {"left": True})

    story.done("a")
    assert story.skipped() == ["c"]
    story.done("b")

    assert story.waiting_work() == ["d"]
    assert story.skipped() == ["c"]


def test_a_node_whose_condition_is_false_is_skipped() -> None:
    story = Story(flow(function("a"), function("b", condition="inputs.wanted"), edges=[("a", "b")]))
    story.start({"wanted": False})

    story.done("a")

    assert story.skipped() == ["b"]
    assert story.phase == "completed"


def test_a_failed_node_that_may_fail_counts_as_skipped() -> None:
    story = Story(
        flow(
            function("a", on_failure="continue"),
            *map(function, "bcd"),
            edges=[("a", "b"), (("b", "c"), "d")],
            entry=("a", "c"),
        )
    )
    story.start({})

    story.fails("a")
    story.done("c")

    assert story.skipped() == ["b"]
    assert story.waiting_work() == ["d"]
    assert story.state.outputs["a"] is None


def test_a_failure_elsewhere_ends_the_session_and_gives_up_what_is_open() -> None:
    story = Story(flow(*map(function, "ab"), entry=("a", "b")), {})

    story.fails("a")

    assert story.phase == "failed"
    assert [event.task for event in story.happened(e.TaskCancelled)] == [2]
