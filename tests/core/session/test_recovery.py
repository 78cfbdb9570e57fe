"""A node's `recover` looks at what is wrong and proposes other inputs."""

from tenuto.core import limits
from tenuto.core.session import events as e
from tests.core.session.story import Story, flow, function


def repairable() -> Story:
    node = function("a", inputs={"sql": "inputs.sql"}, recover="story:mend")
    return Story(flow(node), {"sql": "selct"})


def test_a_recoverable_failure_asks_recover_what_to_change() -> None:
    story = repairable()

    story.fails("a", "recoverable", code="syntax")

    (effect,) = story.pending()
    assert (effect.ref, effect.kind) == ("story:mend", "recover")
    assert effect.inputs == {
        "error": ["recoverable", "syntax", "it broke"],
        "inputs": {"sql": "selct"},
        "attempt": 1,
    }


def test_the_fix_is_tried_in_place_of_the_node_s_inputs() -> None:
    story = repairable()
    story.fails("a", "recoverable")

    story.done("a", {"sql": "select"})

    assert story.effect("a").inputs == {"sql": "select"}
    assert story.effect("a").attempt == 2
    story.done("a", "rows")
    assert story.phase == "completed"


def test_where_no_fix_is_found_the_failure_stands() -> None:
    story = repairable()
    story.fails("a", "recoverable", code="syntax")

    story.done("a", None)

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert story.state.failure.code == "syntax"


def test_a_recovery_that_fails_leaves_the_first_failure_standing() -> None:
    story = repairable()
    story.fails("a", "recoverable", code="syntax")

    story.fails("a", "fatal", code="mend broke")

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert story.state.failure.code == "syntax"


def test_recovery_is_tried_so_often_and_no_more() -> None:
    story = repairable()

    for _ in range(limits.RECOVERIES_MAX):
        story.fails("a", "recoverable")
        story.done("a", {"sql": "still wrong"})
    story.fails("a", "recoverable")

    assert story.phase == "failed"
    assert len(story.happened(e.ChildrenStarted)) == limits.RECOVERIES_MAX


def test_without_recover_a_recoverable_failure_is_final() -> None:
    story = Story(flow(function("a")), {})

    story.fails("a", "recoverable")

    assert story.phase == "failed"
