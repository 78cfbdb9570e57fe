"""Replay decides a log again, and says where it would have come out otherwise."""

import msgspec
import pytest

from tenuto.core.session import events as e
from tenuto.core.workflow.compile import compile_workflow
from tenuto.runtime.replaying import replay
from tests.core.session.story import EXPRESSIONS, Story, chain, flow, function, switch


def told() -> Story:
    story = Story(chain("a", "b"), {})
    story.done("a", 1)
    story.done("b", 2)
    return story


def test_a_log_that_the_rules_have_written_does_not_diverge() -> None:
    story = told()

    report = replay(story.log, story.program)

    assert (report.events, report.divergence) == (len(story.log), None)


def test_an_event_that_says_something_else_diverges_there() -> None:
    story = told()
    at = next(n for n, event in enumerate(story.log) if isinstance(event, e.SessionCompleted))
    story.log[at] = msgspec.structs.replace(story.log[at], output="something else")

    divergence = replay(story.log, story.program).divergence

    assert divergence is not None
    assert divergence.version == at + 1
    assert divergence.recorded == story.log[at]
    assert isinstance(divergence.decided, e.SessionCompleted)


def test_a_log_that_ends_in_the_midst_of_a_move_diverges_at_its_end() -> None:
    story = told()

    divergence = replay(story.log[:-1], story.program).divergence

    assert divergence is not None
    assert divergence.recorded is None


def test_a_workflow_that_goes_another_way_now_diverges() -> None:
    def way(default: str) -> Story:
        routes = [switch("a", ("inputs.x", "b"), default=default)]
        return Story(
            flow(
                *map(function, "abcd"), switches=routes, entry=("a", "d" if default == "c" else "c")
            )
        )

    old, new = way("c"), way("d")
    old.start({"x": False})
    old.done("a")

    divergence = replay(old.log, new.program).divergence

    assert divergence is not None


def test_an_input_that_adds_nothing_now_diverges() -> None:
    story = told()
    doubled = [*story.log[:3], story.log[2]]

    divergence = replay(doubled, story.program).divergence

    assert divergence is not None
    assert divergence.decided is None or divergence.recorded is not None


def test_what_the_rules_refuse_now_diverges_with_their_reason() -> None:
    story = told()
    refused = [*story.log, e.SessionResumed(at_ms=story.now_ms, by="ann", steps=0)]

    divergence = replay(refused, story.program).divergence

    assert divergence is not None
    assert "has ended" in divergence.reason


@pytest.mark.parametrize("notes", [1, 3])
def test_a_fork_may_share_notes_without_the_outcome_that_brought_them(notes: int) -> None:
    from tenuto.core.session import inputs as i
    from tenuto.core.vocabulary import SessionId, Version
    from tests.core.session.story import folded

    story = Story(chain("a"), {})
    made = tuple(i.Note("claim", n) for n in range(notes))
    story.put(i.CompleteTask(at_ms=1, task=story.task("a"), output=1, notes=made))
    at = next(n for n, event in enumerate(story.log) if isinstance(event, e.TaskCompleted))
    log = story.log[:at]
    state = folded(log)
    cause = i.ForkSession(
        at_ms=1, session=SessionId("f"), origin=SessionId("s"), origin_version=Version(at)
    )
    from tenuto.core.session.decide import step

    log += step(state, [cause], story.program)

    assert replay(log, story.program).divergence is None


def test_the_same_definition_compiles_to_the_same_program() -> None:
    definition = chain("a", "b")

    assert compile_workflow(definition, EXPRESSIONS).digest == told().program.digest
