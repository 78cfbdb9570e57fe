"""A log that contradicts itself is corrupt; nothing else leaves the fold."""

from typing import Any

import pytest

from tenuto.core.errors import CorruptLog
from tenuto.core.session import events as e
from tenuto.core.session.evolve import evolve
from tenuto.core.session.moves import whole_moves
from tests.core.session.story import Story, chain, flow, function

NAMING_A_TASK: list[Any] = [
    e.TaskBegun(at_ms=1, task=9),
    e.TaskDoubted(at_ms=1, task=9),
    e.TaskCompleted(at_ms=1, task=9, output=None, updates=None, undo=False),
    e.TaskRetried(at_ms=1, task=9, inputs=None, by=""),
    e.TaskCancelled(at_ms=1, task=9),
    e.TimerSet(at_ms=1, task=9, due_ms=5),
    e.MapOpened(at_ms=1, task=9, count=1),
    e.ChildSessionStarted(at_ms=1, task=9, session="kid"),
]


@pytest.mark.parametrize("event", NAMING_A_TASK, ids=lambda event: type(event).__name__)
def test_an_event_of_a_task_that_is_not_open_is_a_corrupt_log(event: Any) -> None:
    story = Story(chain("a"), {})

    with pytest.raises(CorruptLog, match="names task 9, which is not open"):
        evolve(story.state, event)


def test_a_task_that_settles_below_what_has_no_children_is_a_corrupt_log() -> None:
    story = Story(chain("a"), {})
    child = e.ChildrenStarted(
        at_ms=1,
        parent=1,
        first=2,
        index=0,
        count=1,
        node="a",
        kind="function",
        captures=(),
        due_ms=0,
    )
    evolve(story.state, child)

    with pytest.raises(CorruptLog, match="settled below task 1, which has no children"):
        evolve(story.state, e.TaskCompleted(at_ms=1, task=2, output=1, updates=None, undo=False))


def test_compensation_out_of_order_is_a_corrupt_log() -> None:
    nodes = (function("a", compensate="m:undo"), function("b"))
    story = Story(flow(*nodes, edges=[("a", "b")]), {})
    story.done("a")
    story.fails("b")
    story.state.undo.append(story.state.undo[0] if story.state.undo else undone(story))

    with pytest.raises(CorruptLog, match="out of order"):
        evolve(story.state, e.UndoStarted(at_ms=1, task=9, of=7))


def undone(story: Story) -> Any:
    from tenuto.core.session.state import Undo

    return Undo(task=1, node="a", output=None, captured=None, override=None)


def test_every_cut_of_a_rich_log_is_a_whole_move() -> None:
    """Cut points only ever move back, and a whole move is its own cut point."""
    nodes = (function("a", compensate="m:undo", recover="m:mend"), function("b"), function("c"))
    story = Story(flow(*nodes, edges=[("a", ("b", "c"))]), {})
    story.fails("a", "recoverable")
    story.done("a", {"x": 1})
    story.done("a", 1)
    story.fails("b")
    story.done("a")

    cuts = [whole_moves(story.log, upto) for upto in range(len(story.log) + 1)]

    assert all(cut <= upto for upto, cut in enumerate(cuts))
    assert all(whole_moves(story.log, cut) == cut for cut in cuts)
    kinds = [type(event).__name__ for event in story.log]
    between = {(kinds[cut - 1], kinds[cut]) for cut in cuts if 0 < cut < len(kinds)}
    assert ("AttemptFailed", "ChildrenStarted") not in between
    assert ("TaskFailed", "SessionFailing") not in between
    assert ("SessionFailing", "TaskCancelled") not in between
