"""An agent calls other agents as tools: tasks of their own below its task."""

from tenuto.core.session import events as e
from tenuto.core.session.effects import AskModel, CallTool, pending
from tenuto.core.session.scope import Memo
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition, Node
from tests.core.agent.test_agents import answer
from tests.core.session.story import Story, flow

LEAD = AgentDefinition(name="lead", tools=("m:look",), delegates=("scout",))
SCOUT = AgentDefinition(name="scout", tools=("m:dig",), role="Looks.", turns_max=2)


def leading(**parts: object) -> Story:
    node = Node(id="ask", kind="agent", ref="lead", **parts)  # type: ignore[arg-type]
    return Story(flow(node, agents=(LEAD, SCOUT)), {})


def wanting(*tools: str) -> Json:
    given = answer(*tools)
    assert isinstance(given, list)
    for n, call in enumerate(given[1]):
        if call[1] == "scout":
            call[2] = {"task": f"part {n}"}
    return given


def asked(story: Story) -> list[tuple[str, str]]:
    return [
        (effect.agent.name, effect.request.messages[0].text)
        for effect in story.pending()
        if isinstance(effect, AskModel)
    ]


def test_an_agent_that_can_be_called_is_offered_as_a_tool() -> None:
    (effect,) = leading().pending()

    assert isinstance(effect, AskModel)
    (tool,) = effect.request.tools
    assert (tool.name, tool.description) == ("scout", "Looks.")
    assert tool.parameters["required"] == ["task"]


def test_called_agents_and_tools_run_side_by_side_in_the_order_of_the_calls() -> None:
    story = leading()

    story.done("ask", wanting("scout", "look", "scout"))

    assert asked(story) == [("scout", "part 0"), ("scout", "part 2")]
    assert [f.tool for f in story.pending() if isinstance(f, CallTool)] == ["look"]


def test_what_a_called_agent_gives_is_the_result_of_the_call() -> None:
    story = leading()
    story.done("ask", wanting("scout"))

    story.done("ask", answer("dig"))
    (dig,) = story.pending()
    assert isinstance(dig, CallTool)
    assert dig.agent.name == "scout"
    story.done("ask", "gold")
    story.done("ask", answer(text="There is gold."))

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    assert effect.agent.name == "lead"
    (result,) = effect.request.messages[-1].results
    assert (result.tool, result.value) == ("scout", {"text": "There is gold."})


def test_the_failure_of_a_called_agent_is_told_and_ends_nothing_else() -> None:
    story = leading()
    story.done("ask", wanting("scout", "look"))

    story.fails("ask", n=1)

    assert [f.tool for f in story.pending() if isinstance(f, CallTool)] == ["look"]
    story.done("ask", "seen")
    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    assert [result.error for result in effect.request.messages[-1].results] == ["it broke", None]


def test_the_limits_of_a_called_agent_are_its_own() -> None:
    story = leading()
    story.done("ask", wanting("scout"))
    for _ in range(2):
        story.done("ask", answer("dig"))
        story.done("ask", "nothing")

    (escalated,) = story.happened(e.TaskEscalated)
    assert escalated.failure.code == "turns_spent"
    assert "Agent 'scout' used 2 turns" in escalated.failure.message


def test_a_crash_between_any_two_events_repeats_nothing() -> None:
    story = leading()
    story.done("ask", wanting("scout", "scout"))
    story.done("ask", answer(text="first"), n=0)
    story.crash()

    assert asked(story) == [("scout", "part 1")]


def test_below_a_map_each_item_has_callers_of_its_own() -> None:
    body = Node(id="each.do", kind="agent", ref="lead", inputs={"n": "item"})
    node = Node(id="each", kind="map", items="[1, 2]", body=body)
    story = Story(flow(node, agents=(LEAD, SCOUT)), {})

    story.done("each.do", wanting("scout"), n=0)

    assert sorted(name for name, _ in asked(story)) == ["lead", "scout"]


def test_a_conversation_that_is_kept_is_the_one_that_the_turns_tell() -> None:
    story = leading()
    memo: Memo = {}
    for _ in range(3):
        (kept,) = pending(story.state, story.program, memo=memo)
        (fresh,) = pending(story.state, story.program)
        assert kept == fresh
        story.done("ask", answer("look"))
        story.done("ask", "seen")
