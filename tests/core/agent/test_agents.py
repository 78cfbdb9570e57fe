"""An agent as a node: its turns are tasks of the session, each promised and settled once."""

from typing import Any

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.session import events as e
from tenuto.core.session.effects import AskModel, CallTool
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition, Node
from tests.core.session.story import Story, flow

CLERK = AgentDefinition(name="clerk", tools=("m:look", "m:pay"), turns_max=2)


def asking(**parts: Any) -> Story:
    node = Node(id="ask", kind="agent", ref="clerk", inputs={"text": "inputs.text"}, **parts)
    return Story(flow(node, agents=(CLERK,)), {"text": "what?"})


def answer(*tools: str, **parts: Any) -> Json:
    calls = tuple(ToolCall(id=f"c{n}", tool=t, arguments={}) for n, t in enumerate(tools))
    given = ModelAnswer(calls=calls, finish="tools" if calls else "stop", **parts)
    plain: Json = msgspec.json.decode(msgspec.json.encode(given))
    return plain


def test_each_turn_is_one_piece_of_work() -> None:
    story = asking()

    (effect,) = story.pending()

    assert isinstance(effect, AskModel)
    assert effect.request.messages[0].text == "what?"
    assert effect.request.turn == 0


def test_tools_of_one_answer_run_side_by_side_and_then_the_model_is_asked_again() -> None:
    story = asking()

    story.done("ask", answer("look", "pay"))
    assert [(f.tool, f.effect) for f in story.pending()] == [("look", "s:3"), ("pay", "s:4")]
    story.done("ask", "paid", n=1)
    assert len(story.pending()) == 1
    story.done("ask", "seen", n=0)

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    results = effect.request.messages[-1].results
    assert [(result.tool, result.value) for result in results] == [
        ("look", "seen"),
        ("pay", "paid"),
    ]


def test_an_answer_is_the_node_s_output() -> None:
    story = asking()

    story.done("ask", answer(text="that"))

    assert story.phase == "completed"
    assert story.state.output == {"ask": {"text": "that"}}


def test_a_tool_s_error_goes_back_to_the_agent() -> None:
    story = asking()
    story.done("ask", answer("look"))

    story.fails("ask", "fatal")

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    assert effect.request.messages[-1].results[0].error == "it broke"
    assert story.phase == "running"


def test_a_tool_that_is_away_is_tried_again_before_the_agent_is_told() -> None:
    story = asking()
    story.done("ask", answer("look"))

    story.fails("ask", "transient")
    assert story.pending() == []
    story.wait(500)

    assert [type(effect) for effect in story.pending()] == [CallTool]


def test_a_model_that_is_away_is_tried_again_after_one_two_and_four_seconds() -> None:
    story = asking()

    waits = []
    for _ in range(3):
        story.fails("ask", "transient")
        (failed,) = story.happened(e.AttemptFailed)[-1:]
        waits.append(failed.retry_ms - failed.at_ms)
        story.wait(10_000)
    story.fails("ask", "transient")

    assert waits == [1_000, 2_000, 4_000]
    assert story.phase == "failed"


def test_an_agent_out_of_turns_waits_for_a_person_who_can_grant_more() -> None:
    story = asking()
    for _ in range(2):
        story.done("ask", answer("look"))
        story.done("ask", "seen")
    assert story.pending() == []
    assert story.happened(e.TaskEscalated)[0].failure.code == "turns_spent"

    story.decide(True)

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    assert effect.request.turn == 2


def test_a_crash_in_a_turn_repeats_that_turn_alone() -> None:
    story = asking()
    story.done("ask", answer("look"))
    story.done("ask", "seen")

    story.crash()

    assert [effect.effect for effect in story.pending()] == ["s:4"]
    assert len(story.happened(e.TaskCompleted)) == 2


def test_pausing_stops_between_turns() -> None:
    story = asking()
    story.pause()

    story.done("ask", answer("look"))
    assert story.phase == "paused"
    story.resume()

    assert [type(effect) for effect in story.pending()] == [CallTool]
