"""The lifecycle table, walked: every way in it has a story, and there is no other way."""

from collections.abc import Callable
from typing import Final, get_args

import pytest

from tenuto.core.errors import CorruptLog, Failure
from tenuto.core.lifecycle import LEGAL, STATUS, TERMINAL, Phase, next_phase
from tenuto.core.session import events as e
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tests.core.session.story import Story, chain, flow, function

FAILURE: Final = Failure(kind="fatal", code="x", message="x")
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
MOVING: Final = sorted({event for _, event in LEGAL} - {"TaskStarted"})
"""Events that always change the phase. The start of a task does where it is the first."""

SAMPLES: Final[dict[str, e.SessionEvent]] = {
    "SessionStarted": e.SessionStarted(
        at_ms=1, session="s", tenant="t", user="", workflow="w", workflow_version="1",
        digest="d", inputs={}, state={}, steps_max=9, key=None, parent=None, parent_effect=None,
        depth=0, rules=1,
    ),
    "SessionForked": e.SessionForked(at_ms=1, session="f", origin="s", origin_version=1, patch={}),
    "SessionPausing": e.SessionPausing(at_ms=1, by="ann", reason="x"),
    "SessionPaused": e.SessionPaused(at_ms=1),
    "SessionResumed": e.SessionResumed(at_ms=1, by="ann", steps=0),
    "SessionCompleting": e.SessionCompleting(at_ms=1),
    "SessionCompleted": e.SessionCompleted(at_ms=1, output=None),
    "SessionFailing": e.SessionFailing(at_ms=1, failure=FAILURE, task=0),
    "SessionFailed": e.SessionFailed(at_ms=1, failure=FAILURE),
    "SessionCancelled": e.SessionCancelled(at_ms=1, by="ann", reason="x"),
}  # fmt: skip


@pytest.mark.parametrize("event", MOVING)
@pytest.mark.parametrize("phase", PHASES)
def test_the_fold_goes_the_ways_of_the_table_and_no_other(phase: Phase, event: str) -> None:
    state = SessionState(phase=phase)
    wanted = LEGAL.get((phase, event))

    if wanted is None:
        with pytest.raises(CorruptLog, match="cannot follow in phase"):
            evolve(state, SAMPLES[event])
    else:
        assert evolve(state, SAMPLES[event]).phase == wanted


def test_the_first_task_sets_a_session_running() -> None:
    started = e.TaskStarted(
        at_ms=1, task=1, node="a", kind="function", after=0, captures=(), due_ms=0
    )

    assert evolve(SessionState(phase="ready"), started).phase == "running"
    assert [pair for pair in LEGAL if pair[1] == "TaskStarted"] == [("ready", "TaskStarted")]


def test_every_event_that_moves_has_a_sample() -> None:
    assert sorted(SAMPLES) == MOVING


def test_the_ends_are_ends() -> None:
    assert set(TERMINAL) == {"completed", "failed", "cancelled"}
    assert not [pair for pair in LEGAL if pair[0] in TERMINAL]
    assert sorted(STATUS) == sorted(PHASES)


def test_an_absent_way_is_a_corrupt_log() -> None:
    with pytest.raises(CorruptLog, match="'SessionPaused' cannot follow in phase 'completed'"):
        next_phase("completed", "SessionPaused")


def undoable() -> Story:
    story = Story(flow(function("a", compensate="m:undo"), function("b"), edges=[("a", "b")]), {})
    story.done("a")
    return story


def ready() -> Story:
    """A session whose log was cut right after its start: what a fork at version 1 is."""
    return Story(chain("a"), {}).fork(at=1)


def pausing_fork() -> Story:
    story = Story(chain("a"), {})
    story.pause()
    return story.fork(at=story.state.version)


def ends_on_a_broken_output() -> Story:
    story = Story(chain("a", output="outputs.a.x"), {})
    story.done("a", {})
    return story


def fails_at_the_entry() -> Story:
    return Story(flow(function("a", condition="inputs.x > 0")), {})


def after(story: Story, *acts: Callable[[Story], object]) -> Story:
    for act in acts:
        act(story)
    return story


def done(node: str) -> Callable[[Story], object]:
    return lambda story: story.done(node)


def fails(node: str) -> Callable[[Story], object]:
    return lambda story: story.fails(node)


def escalated() -> Story:
    story = Story(chain("a"), {})
    story.fails("a", "escalatable")
    return story


STORIES: Final[dict[str, Callable[[], Story]]] = {
    "a session runs to its end": lambda: after(Story(chain("a"), {}), done("a")),
    "it fails": lambda: after(Story(chain("a"), {}), fails("a")),
    "it fails and undoes": lambda: after(undoable(), fails("b"), done("a")),
    "it is cancelled while it undoes": lambda: after(undoable(), fails("b"), Story.cancel),
    "it is cancelled": lambda: after(Story(chain("a"), {}), Story.cancel),
    "it is paused and resumed": lambda: after(
        Story(chain("a", "b"), {}), Story.pause, done("a"), Story.resume
    ),
    "the pause is taken back": lambda: after(Story(chain("a"), {}), Story.pause, Story.resume),
    "it fails while pausing": lambda: after(Story(chain("a"), {}), Story.pause, fails("a")),
    "it is cancelled while pausing": lambda: after(
        Story(chain("a"), {}), Story.pause, Story.cancel
    ),
    "it is cancelled while paused": lambda: after(
        Story(chain("a"), {}), Story.pause, done("a"), Story.cancel
    ),
    "it fails while paused": lambda: after(
        escalated(), Story.pause, lambda story: story.decide(False)
    ),
    "it is forked at its start": ready,
    "it is forked while it runs": lambda: Story(chain("a"), {}).fork(at=2),
    "it is forked while pausing": pausing_fork,
    "it is forked while paused": lambda: after(Story(chain("a"), {}), Story.pause, done("a")).fork(
        at=5
    ),
    "its output cannot be told": ends_on_a_broken_output,
    "its entry cannot be decided": fails_at_the_entry,
}

UNREACHED: Final = {
    ("ready", "SessionCancelled"),
    ("completing", "SessionCancelled"),
    ("completing", "SessionFailing"),
}
"""Ways that only an input in the midst of a move could take: the turn that starts a session takes
it on to running, and the one that finds no token left completes it. They stay open for output
guards and exit hooks, which will make those phases last."""


def test_every_way_of_the_table_is_gone_by_a_story() -> None:
    gone: set[tuple[str, str]] = set()
    for tell in STORIES.values():
        state = SessionState()
        for event in tell().log:
            before = state.phase
            evolve(state, event)
            if state.phase != before or isinstance(event, e.SessionForked):
                gone.add((before, type(event).__name__))

    assert gone <= set(LEGAL)
    assert set(LEGAL) - gone == UNREACHED
