"""Random conversations of agents: nothing is lost, nothing comes twice, all of them end."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tenuto.core import limits
from tenuto.core.session import events as e
from tenuto.core.session.effects import AskModel, CallTool
from tenuto.core.workflow.model import AgentDefinition, Node
from tests.core.agent.test_messages import reply, saying, send, wanting
from tests.core.session.story import Story, flow

AGENTS = (
    AgentDefinition(name="writer", role="author", writes_to=("*",), tools=("m:look",)),
    AgentDefinition(name="critic", role="reviewer", writes_to=("*",), tools=("m:look",)),
    AgentDefinition(name="editor", role="reviewer", writes_to=("*",), delegates=("scout",)),
    AgentDefinition(name="scout", role="helper", writes_to=("*",)),
    AgentDefinition(name="worker", role="helper", writes_to=("*",)),
)
NODES = (
    *(Node(id=name, kind="agent", ref=name) for name in ("writer", "critic", "editor")),
    Node(
        id="work",
        kind="map",
        items="[1, 2]",
        body=Node(id="work.do", kind="agent", ref="worker"),
        on_item_failure="collect",
    ),
)
ADDRESSES = ("writer", "critic", "editor", "scout", "worker", "role:reviewer", "role:helper", "*")

sends = st.builds(
    send,
    st.sampled_from(ADDRESSES),
    st.text("abc", min_size=1, max_size=3),
    st.sampled_from(["notification", "request"]),
)
replies = st.builds(reply, st.integers(1, 6), st.just("Yes."))
others = st.sampled_from([("look", {}), ("scout", {"task": "go"})])
answers = st.one_of(
    st.lists(sends | replies | others, min_size=1, max_size=3).map(lambda made: wanting(*made)),
    st.just(saying("Done.")),
)
steps = st.lists(st.tuples(st.integers(0, 9), answers), max_size=25)


def told(moves: list[tuple[int, Any]]) -> Story:
    """Return the story of a conversation: whose turn it is, and what it answers; then all say that
    they are done."""
    story = Story(flow(*NODES, agents=AGENTS), {})
    for choice, answer in moves:
        _answer(story, choice, answer)
    for _ in range(300):
        if story.phase != "running":
            break
        _answer(story, 0, saying("Done."))
    return story


def _answer(story: Story, choice: int, answer: Any) -> None:
    pending = story.pending()
    if not pending:
        return
    effect = pending[choice % len(pending)]
    assert isinstance(effect, AskModel | CallTool)
    nth = [f.task for f in pending if getattr(f, "node", "") == effect.node].index(effect.task)
    output = answer if isinstance(effect, AskModel) else "seen"
    story.done(effect.node, output, n=nth)


def sent(story: Story) -> dict[int, list[str]]:
    """Return whom each message was for."""
    return {
        event.output["message"]: event.output["to"]
        for event in story.happened(e.TaskCompleted)
        if isinstance(event.output, dict) and "message" in event.output
    }


def first_shown(story: Story) -> list[tuple[int, str, int]]:
    """Return who was shown which message, in which task, without reminders."""
    found: dict[tuple[str, int], int] = {}
    for event in story.happened(e.ChildrenStarted):
        for no in event.shown.messages if event.shown is not None else ():
            found.setdefault((event.shown.agent, no), event.parent)
    return [(task, agent, no) for (agent, no), task in found.items()]


@settings(max_examples=40, deadline=None)
@given(steps)
def test_each_addressee_is_shown_each_message_once_or_it_is_still_unread(
    moves: list[tuple[int, Any]],
) -> None:
    story = told(moves)

    shown = [(no, agent) for _, agent, no in first_shown(story)]
    unread = [(no, agent) for no, kept in story.state.unread.items() for agent in kept.to]
    wanted = [(no, agent) for no, names in sent(story).items() for agent in names]
    assert sorted(shown + unread) == sorted(wanted)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_a_message_is_shown_once_to_one_task_and_a_second_time_only_as_a_reminder(
    moves: list[tuple[int, Any]],
) -> None:
    story = told(moves)

    seen: dict[tuple[str, int], list[int]] = {}
    for event in story.happened(e.ChildrenStarted):
        for no in event.shown.messages if event.shown is not None else ():
            seen.setdefault((event.shown.agent, no), []).append(event.parent)
    for (_, no), tasks in seen.items():
        assert len(set(tasks)) == 1
        assert len(tasks) <= 2, no


@settings(max_examples=40, deadline=None)
@given(steps)
def test_a_task_is_shown_messages_in_the_order_in_which_they_were_sent(
    moves: list[tuple[int, Any]],
) -> None:
    story = told(moves)

    by_task: dict[int, list[int]] = {}
    for task, _, no in first_shown(story):
        by_task.setdefault(task, []).append(no)
    for numbers in by_task.values():
        assert numbers == sorted(numbers)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_whatever_agents_write_to_each_other_they_end(moves: list[tuple[int, Any]]) -> None:
    story = told(moves)

    assert story.phase == "completed", story.waiting_work()
    assert not story.state.awaiting


def test_those_that_never_stop_writing_are_stopped() -> None:
    """Whoever has its answer is shown what came since and may write again: so often, not more."""
    pair = (
        AgentDefinition(name="writer", writes_to=("critic",)),
        AgentDefinition(name="critic", writes_to=("writer",)),
    )
    nodes = [Node(id=agent.name, kind="agent", ref=agent.name) for agent in pair]
    story = Story(flow(*nodes, agents=pair), {})
    turns = 0
    while story.phase == "running" and turns < 1_000:
        node = story.waiting_work()[0]
        other = "critic" if node == "writer" else "writer"
        has_written = any(m.results for m in story.effect(node).request.messages[-2:])
        written = wanting(send(other, f"And {turns}?", "request"))
        story.done(node, saying("Bye.") if has_written else written)
        turns += 1

    assert story.phase == "completed"
    assert limits.MESSAGE_ROUNDS_MAX < turns <= 4 * (limits.MESSAGE_ROUNDS_MAX + 1)


@settings(max_examples=15, deadline=None)
@given(steps, st.integers(0, 1_000), st.integers(0, 1_000))
def test_a_fork_of_a_conversation_loses_nothing_and_ends(
    moves: list[tuple[int, Any]], at: int, paused: int
) -> None:
    story = told(moves)
    started = [n for n, event in enumerate(story.log, 1) if isinstance(event, e.ChildrenStarted)]

    fork = story.fork(started[at % len(started)])
    for turn in range(300):
        if fork.phase != "running":
            break
        if turn == paused % 7:
            fork.pause()
            fork.crash()
        _answer(fork, 0, saying("Done."))
        while fork.phase == "pausing":
            _answer(fork, 0, saying("Done."))
        if fork.phase == "paused":
            fork.resume()

    assert fork.phase == "completed"
    shown = [(no, agent) for _, agent, no in first_shown(fork)]
    unread = [(no, agent) for no, kept in fork.state.unread.items() for agent in kept.to]
    assert sorted(shown + unread) == sorted(
        (no, agent) for no, names in sent(fork).items() for agent in names
    )
