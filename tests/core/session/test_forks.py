"""Another session with the same past, and from then on its own way."""

import pytest

from tenuto.core.errors import NotAllowed, Rejected
from tenuto.core.session import events as e
from tenuto.core.session.moves import whole_moves
from tenuto.core.workflow.model import Node, StateKey
from tests.core.session.story import Story, chain, flow, function, switch

STATE = {
    "n": StateKey(reducer="replace", initial=0),
    "notes": StateKey(reducer="append", initial=[]),
}


def test_a_fork_does_its_open_work_again_as_its_own() -> None:
    story = Story(chain("a", "b"), {})
    story.done("a", 1)

    fork = story.fork(at=story.state.version)

    assert fork.state.session == "fork"
    assert [effect.effect for effect in fork.pending()] == ["fork:2"]
    assert fork.state.outputs == {"a": 1}
    assert fork.state.key is None


def test_a_patch_replaces_state_keys_also_for_work_that_is_open() -> None:
    nodes = (function("a"), function("b", inputs={"n": "state.n"}))
    story = Story(flow(*nodes, edges=[("a", "b")], state=STATE), {})
    story.done("a", {"n": 1, "notes": "x"})

    fork = story.fork(at=story.state.version, patch={"n": 5, "notes": []})

    assert fork.effect("b").inputs == {"n": 5}
    assert fork.state.values == {"n": 5, "notes": []}
    assert story.effect("b").inputs == {"n": 1}, "the origin is not touched"


def test_a_fork_may_take_another_way_than_its_origin() -> None:
    definition = flow(
        *map(function, "abc"),
        switches=[switch("a", ("state.n > 0", "b"), default="c")],
        state=STATE,
    )
    story = Story(definition, {})
    before = story.state.version
    story.done("a")
    assert story.waiting_work() == ["c"]

    fork = story.fork(at=before, patch={"n": 1})
    fork.done("a")

    assert fork.waiting_work() == ["b"]


def test_a_fork_of_a_paused_session_runs() -> None:
    story = Story(chain("a", "b"), {})
    story.pause()
    story.done("a")

    fork = story.fork(at=story.state.version)

    assert fork.phase == "running"
    assert fork.waiting_work() == ["b"]


def test_a_fork_starts_child_sessions_of_its_own() -> None:
    from tenuto.core.session import inputs as i
    from tenuto.core.session.effects import StartChild
    from tenuto.core.vocabulary import SessionId, TaskNo

    node = Node(id="w", kind="workflow", ref="child")
    story = Story(flow(node, children=(chain("c", name="child"),)), {})
    story.put(i.RecordChild(at_ms=1, task=TaskNo(1), session=SessionId("kid")))

    fork = story.fork(at=story.state.version)

    (effect,) = fork.pending()
    assert isinstance(effect, StartChild)
    assert effect.effect == "fork:1"


def test_where_the_session_was_ending_there_is_no_fork() -> None:
    story = Story(chain("a"), {})
    story.done("a")

    with pytest.raises(NotAllowed, match="it is completed there"):
        story.fork(at=story.state.version)


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"x": 1}, "no state key 'x'; it has: n, notes"),
        ({"notes": 3}, "'notes' holds a list, found 3"),
    ],
    ids=["an unknown key", "a wrong kind"],
)
def test_a_patch_that_does_not_fit_is_refused(patch: dict[str, object], message: str) -> None:
    story = Story(chain("a", state=STATE), {})

    with pytest.raises(Rejected, match=message):
        story.fork(at=2, patch=patch)


def test_a_log_is_cut_between_moves_only() -> None:
    """Half of a routing would start one branch and forget the other."""
    story = Story(flow(*map(function, "abc"), edges=[("a", ("b", "c"))]), {})
    story.done("a")
    kinds = [type(event).__name__ for event in story.log]
    assert kinds == ["SessionStarted", "TaskStarted", "TaskCompleted", "TaskStarted", "TaskStarted"]

    assert [whole_moves(story.log, upto) for upto in range(6)] == [0, 1, 2, 3, 3, 5]


def test_a_log_cut_at_any_move_goes_on_to_the_same_end() -> None:
    definition = flow(
        *map(function, "abcde"),
        edges=[("a", ("b", "c")), (("b", "c"), "d"), ("d", "e")],
        switches=[],
    )
    story = Story(definition, {})
    for node in "abcde":
        story.done(node, node)
    closing = next(n for n, event in enumerate(story.log) if isinstance(event, e.SessionCompleting))

    for at in range(1, closing + 1):
        fork = story.fork(at=whole_moves(story.log, at))
        while fork.pending():
            node = fork.waiting_work()[0]
            fork.done(node, node)

        assert fork.phase == "completed"
        assert fork.state.outputs == story.state.outputs
