"""Agents write to each other: sent in the commit of the answer that wants it, shown once."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tenuto.core import limits
from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.errors import DefinitionError
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import AskModel
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition, Node
from tests.core.session.story import Story, flow

WRITER = AgentDefinition(name="writer", writes_to=("critic",), tools=("m:look",))
CRITIC = AgentDefinition(name="critic", role="reviewer", writes_to=("*",))
EDITOR = AgentDefinition(name="editor", role="reviewer", writes_to=("role:reviewer",))


def side_by_side(*agents: AgentDefinition, **parts: Any) -> Story:
    """Return a session in which all agents are at work at once, each at a node of its name."""
    nodes = [Node(id=agent.name, kind="agent", ref=agent.name) for agent in agents]
    return Story(flow(*nodes, agents=agents, **parts), {})


def in_turn(*agents: AgentDefinition) -> Story:
    nodes = [Node(id=agent.name, kind="agent", ref=agent.name) for agent in agents]
    edges = [(a.name, b.name) for a, b in pairwise(agents)]
    return Story(flow(*nodes, edges=edges, agents=agents), {})


def wanting(*calls: tuple[str, dict[str, Json]]) -> Json:
    made = tuple(
        ToolCall(id=f"c{n}", tool=tool, arguments=arguments)
        for n, (tool, arguments) in enumerate(calls)
    )
    return plain(ModelAnswer(calls=made, finish="tools"))


def saying(text: str) -> Json:
    return plain(ModelAnswer(text=text))


def plain(answer: ModelAnswer) -> Json:
    found: Json = msgspec.json.decode(msgspec.json.encode(answer))
    return found


def send(to: str, text: str = "Look!", kind: str = "notification") -> tuple[str, dict[str, Json]]:
    return "send_message", {"to": to, "text": text, "kind": kind}


def reply(message: int, text: str = "Seen.") -> tuple[str, dict[str, Json]]:
    return "reply_message", {"message": message, "text": text}


def request(story: Story, node: str) -> Any:
    effect = story.effect(node)
    assert isinstance(effect, AskModel)
    return effect.request


def last_said(story: Story, node: str) -> str:
    """Return the last text that the agent of a node is shown."""
    text: str = request(story, node).messages[-1].text
    return text


def result(story: Story, node: str) -> Any:
    (found,) = next(m for m in reversed(request(story, node).messages) if m.results).results
    return found


def test_an_agent_is_offered_to_write_to_whom_it_may_and_to_answer() -> None:
    story = side_by_side(WRITER, CRITIC, EDITOR)

    (send_tool,) = request(story, "writer").tools[:1]
    assert send_tool.name == "send_message"
    assert send_tool.parameters["properties"]["to"]["enum"] == ["critic"]
    assert "critic (reviewer)" in send_tool.description
    names = {node: [tool.name for tool in request(story, node).tools] for node in ("critic",)}
    assert names == {"critic": ["send_message", "reply_message"]}
    whom = request(story, "critic").tools[0].parameters["properties"]["to"]["enum"]
    assert whom == ["*", "writer", "editor", "role:reviewer"]


def test_who_may_write_to_nobody_and_is_written_to_by_nobody_is_offered_nothing() -> None:
    lonely = AgentDefinition(name="lonely")

    story = side_by_side(WRITER, AgentDefinition(name="critic"), lonely)

    assert request(story, "lonely").tools == ()
    assert [tool.name for tool in request(story, "critic").tools] == ["reply_message"]


def test_a_message_is_sent_in_the_commit_of_the_answer_and_its_text_is_in_the_log_once() -> None:
    story = side_by_side(WRITER, CRITIC)

    events = story.done("writer", wanting(send("critic", "A needle in a haystack.")))

    assert [type(event).__name__ for event in events] == [
        "TaskCompleted",
        "ChildrenStarted",
        "TaskCompleted",
        "ChildrenStarted",
    ]
    assert msgspec.json.encode(story.log).count(b"haystack") == 1
    assert result(story, "writer").value == {
        "message": 1,
        "kind": "notification",
        "from": "writer",
        "to": ["critic"],
    }


def test_an_agent_sees_what_came_since_its_last_turn_at_its_next() -> None:
    looking = AgentDefinition(name="critic", tools=("m:look",))
    story = side_by_side(WRITER, looking)
    story.done("writer", wanting(send("critic", "One."), send("critic", "Two.")))

    story.done("critic", wanting(("look", {})))
    story.done("critic", "fog")

    assert last_said(story, "critic") == (
        "Message 1 from writer (notification): One.\n\nMessage 2 from writer (notification): Two."
    )
    seen = request(story, "critic").messages
    story.done("critic", wanting(("look", {})))
    story.done("critic", "sun")
    assert request(story, "critic").messages[: len(seen)] == seen, "what was said stays as it was"
    assert "Message" not in last_said(story, "critic")


def test_what_is_written_to_an_agent_that_is_not_at_work_waits_for_its_next_task() -> None:
    story = in_turn(WRITER, AgentDefinition(name="critic"))
    story.done("writer", wanting(send("critic", "Mind the gap.", "request")))

    story.done("writer", saying("Done."))

    assert last_said(story, "critic").endswith("Message 1 from writer (request): Mind the gap.")


def test_a_broadcast_reaches_everybody_but_its_sender() -> None:
    story = side_by_side(WRITER, CRITIC, EDITOR)

    story.done("critic", wanting(send("*")))

    assert result(story, "critic").value["to"] == ["writer", "editor"]
    for node in ("writer", "editor"):
        story.done(node, saying("Done."))
        assert last_said(story, node).startswith("Message 1 from critic")


def test_a_role_reaches_all_that_have_it() -> None:
    author = AgentDefinition(name="author", writes_to=("role:reviewer",))
    story = side_by_side(author, CRITIC, EDITOR)

    story.done("author", wanting(send("role:reviewer"), send("editor")))

    receipts = [r.value["to"] for r in request(story, "author").messages[-1].results]
    assert receipts == [["critic", "editor"], ["editor"]]


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (send("editor"), "you may not write to 'editor'; you may write to: critic."),
        (send("*"), "you may not write to '*'; you may write to: critic."),
        (("send_message", {"text": "x"}), "you may not write to None"),
        (send("critic", " "), "a message has a text, found ' '."),
        (("send_message", {"to": "critic", "text": 7}), "a message has a text, found 7."),
        (send("critic", kind="response"), "a message is one of notification, request, found"),
        (
            send("critic", "x" * (limits.MESSAGE_CHARS_MAX + 1)),
            "the text has 10,001 characters; at most 10,000 are allowed.",
        ),
        (reply(3), "there is no request 3 to answer; open: none."),
        (reply(True), "there is no request True to answer"),
    ],
)
def test_what_cannot_be_sent_is_told_to_the_model(
    call: tuple[str, dict[str, Json]], found: str
) -> None:
    writer = msgspec.structs.replace(WRITER, writes_to=("critic",))
    critic = msgspec.structs.replace(CRITIC, writes_to=("writer",))
    story = side_by_side(writer, critic, EDITOR)

    story.done("writer", wanting(call))

    assert found in result(story, "writer").error
    assert story.state.messages == 0


def test_a_session_holds_so_many_messages_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGES_MAX", 2)
    story = side_by_side(WRITER, CRITIC)

    story.done("writer", wanting(send("critic"), send("critic"), send("critic")))

    errors = [r.error for r in request(story, "writer").messages[-1].results]
    assert errors[:2] == [None, None]
    assert "has its 2 messages" in errors[2]


def test_unread_messages_are_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGES_UNREAD_MAX", 1)
    story = side_by_side(WRITER, CRITIC)

    story.done("writer", wanting(send("critic"), send("critic")))

    assert "wait to be read" in request(story, "writer").messages[-1].results[1].error


def test_a_response_comes_as_a_message_to_the_task_that_asked() -> None:
    story = side_by_side(WRITER, CRITIC)
    story.done("writer", wanting(send("critic", "Is it good?", "request")))
    story.done("critic", saying("Nothing to do."))
    assert "Message 1 from writer (request): Is it good?" in last_said(story, "critic")

    story.done("critic", wanting(reply(1, "It is.")))
    story.done("writer", saying("I am done."))

    assert last_said(story, "writer").startswith(
        "Message 2 from critic (response to 1): It is.\n\nYou have given your answer already."
    )
    story.done("writer", saying("It is good."))
    story.done("critic", saying("Reviewed."))
    assert story.phase == "completed"
    assert story.state.output == {
        "writer": {"text": "It is good."},
        "critic": {"text": "Reviewed."},
    }


def test_an_agent_that_has_its_answer_waits_for_a_response_that_may_come() -> None:
    story = side_by_side(WRITER, CRITIC)
    story.done("writer", wanting(send("critic", kind="request")))

    story.done("writer", saying("I wait."))

    assert story.waiting_work() == ["critic"]
    story.done("critic", wanting(("send_message", {"to": "writer", "text": "Wait."})))
    assert "Message 2 from critic (notification): Wait." in last_said(story, "writer")


def test_it_does_not_wait_when_nobody_is_at_work_who_could_answer() -> None:
    story = in_turn(WRITER, CRITIC)
    story.done("writer", wanting(send("critic", kind="request")))

    story.done("writer", saying("Done."))

    assert story.waiting_work() == ["critic"]
    assert story.state.outputs == {"writer": {"text": "Done."}}


def test_an_agent_is_reminded_once_of_what_it_has_not_answered_and_then_it_ends() -> None:
    story = side_by_side(WRITER, CRITIC)
    story.done("writer", wanting(send("critic", kind="request")))
    story.done("writer", saying("I wait."))
    story.done("critic", saying("Fine."))

    story.done("critic", saying("Fine, I said."))

    assert last_said(story, "critic").startswith(
        "You have not answered message 1 from writer: Look!\nCall reply_message, or go on without."
    )
    story.done("critic", saying("Fine."))
    assert story.phase == "completed", "who waited for it waits no longer"


def test_a_failed_addressee_is_not_waited_for() -> None:
    node = Node(id="critic", kind="agent", ref="critic", on_failure="continue")
    nodes = (Node(id="writer", kind="agent", ref="writer"), node)
    story = Story(flow(*nodes, agents=(WRITER, CRITIC)), {})
    story.done("writer", wanting(send("critic", kind="request")))
    story.done("writer", saying("I wait."))

    story.fails("critic")

    assert story.phase == "completed"


def test_two_that_ask_each_other_and_answer_nothing_do_not_wait_for_ever() -> None:
    critic = AgentDefinition(name="critic", writes_to=("writer",))
    story = side_by_side(WRITER, critic)
    story.done("writer", wanting(send("critic", kind="request")))
    story.done("critic", wanting(send("writer", kind="request")))

    for _ in range(20):
        for node in story.waiting_work():
            story.done(node, saying("I wait for you."))

    assert story.phase == "completed"


def test_a_called_agent_does_not_wait_for_an_answer_of_its_caller() -> None:
    lead = AgentDefinition(name="lead", delegates=("scout",))
    scout = AgentDefinition(name="scout", writes_to=("lead",))
    node = Node(id="ask", kind="agent", ref="lead")
    story = Story(flow(node, agents=(lead, scout)), {})
    story.done("ask", wanting(("scout", {"task": "look"})))
    story.done("ask", wanting(send("lead", "Where?", "request")))

    story.done("ask", saying("Nowhere."))

    assert request(story, "ask").agent == "lead"
    assert last_said(story, "ask") == "Message 1 from scout (request): Where?"


def test_agents_that_thank_each_other_end() -> None:
    critic = AgentDefinition(name="critic", writes_to=("writer",))
    story = side_by_side(WRITER, critic)
    turns = 0

    while story.phase == "running" and turns < 100:
        node = story.waiting_work()[turns % len(story.waiting_work())]
        turns += 1
        other = "critic" if node == "writer" else "writer"
        has_sent = bool(request(story, node).messages[-1].results)
        answer = saying("Thanks.") if has_sent else wanting(send(other, f"Thank you {turns}!"))
        story.done(node, answer)

    assert story.phase == "completed"
    assert turns < 40


def test_the_same_message_again_and_again_is_a_circle() -> None:
    critic = AgentDefinition(name="critic")
    story = side_by_side(WRITER, critic)

    for _ in range(limits.REPEATS_MAX):
        story.done("writer", wanting(send("critic", "Hello?")))

    (escalated,) = story.happened(e.TaskEscalated)
    assert escalated.failure.code == "in_circles"


def test_who_has_left_its_task_to_another_takes_no_more_turns() -> None:
    desk = AgentDefinition(name="desk", handoffs=("billing",))
    billing = AgentDefinition(name="billing", writes_to=("desk",))
    story = Story(flow(Node(id="ask", kind="agent", ref="desk"), agents=(desk, billing)), {})
    story.done("ask", wanting(("billing", {"task": "pay"})))
    story.done("ask", wanting(send("desk")))

    story.done("ask", saying("Paid."))

    assert story.phase == "completed"
    assert list(story.state.unread) == [1]


def test_a_turn_that_is_tried_again_is_shown_the_same() -> None:
    story = in_turn(WRITER, CRITIC)
    story.done("writer", wanting(send("critic")))
    story.done("writer", saying("Done."))
    before = request(story, "critic")

    story.fails("critic", "transient")
    story.wait(10_000)

    assert request(story, "critic").messages == before.messages


def test_a_session_that_is_paused_sends_when_it_goes_on() -> None:
    story = side_by_side(WRITER, CRITIC)
    story.pause()
    story.done("writer", wanting(send("critic")))
    story.done("critic", saying("Done."))
    assert story.phase == "paused"

    story.resume()

    assert story.state.messages == 1
    assert story.waiting_work() == ["critic", "writer"], "it is sent before its reader ends"


def test_messages_carry_what_their_sender_has_seen() -> None:
    story = side_by_side(WRITER, CRITIC)
    story.done("writer", wanting(("look", {})))
    task = story.task("writer")
    story.put(i.CompleteTask(at_ms=story.now_ms, task=task, output="Pay!", labels=("untrusted",)))
    story.done("writer", wanting(send("critic")))

    story.done("critic", wanting(send("writer")))
    story.done("critic", wanting(("pay", {})))

    assert story.effect("critic").labels == ("untrusted",)


def test_a_response_goes_to_the_task_that_asked_as_long_as_it_is_at_work() -> None:
    worker = AgentDefinition(name="worker", writes_to=("critic",))
    body = Node(id="work.do", kind="agent", ref="worker")
    nodes = (
        Node(id="work", kind="map", items="inputs.parts", body=body),
        Node(id="critic", kind="agent", ref="critic"),
    )
    story = Story(flow(*nodes, agents=(worker, CRITIC)), {"parts": [1, 2]})
    first, second = (story.task("work.do", n) for n in (0, 1))
    for n in (0, 0):
        story.done("work.do", wanting(send("critic", kind="request")), n=n)
    assert (first, second) != (0, 0)
    story.done("critic", wanting(("nothing", {})))
    story.fails("critic")
    story.done("critic", wanting(reply(2, "For the second."), reply(1, "For the first.")))

    for _ in range(2):
        story.done("work.do", saying("Done."))

    said = [
        effect.request.messages[-1].text
        for effect in story.pending()
        if isinstance(effect, AskModel) and effect.agent.name == "worker"
    ]
    assert ["first" in said[0], "second" in said[1]] == [True, True]


@pytest.mark.parametrize(
    ("whom", "found"),
    [
        ("nobody", "may write to 'nobody', and no node leads to such an agent"),
        ("writer", "may write to 'writer', and that is itself"),
        ("role:painter", "may write to 'role:painter'"),
        ("role:", "may write to 'role:'"),
        ("spare", "may write to 'spare', and no node leads to such an agent"),
    ],
)
def test_addresses_that_reach_nobody_are_refused(whom: str, found: str) -> None:
    writer = AgentDefinition(name="writer", writes_to=(whom,))
    spare = AgentDefinition(name="spare")
    nodes = [Node(id=name, kind="agent", ref=name) for name in ("writer", "critic")]

    with pytest.raises(DefinitionError) as raised:
        Story(flow(*nodes, agents=(writer, CRITIC, spare)))

    assert found in str(raised.value)


def test_a_turn_that_sums_up_leaves_messages_to_the_next() -> None:
    critic = AgentDefinition(name="critic", tools=("m:look",), context_tokens=1)
    story = side_by_side(WRITER, critic)
    story.done("critic", wanting(("look", {})))
    story.done("critic", "fog")
    story.done("critic", wanting(("look", {})))
    story.done("writer", wanting(send("critic", "One.")))
    story.done("critic", "sun")
    assert request(story, "critic").purpose == "compact"
    assert "Message 1" not in last_said(story, "critic")

    story.done("critic", plain(ModelAnswer(text="Fog, twice.", purpose="compact")))

    assert "Message 1 from writer (notification): One." in last_said(story, "critic")
