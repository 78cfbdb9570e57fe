"""Recorded sessions are played again: with the model, the tools, or both from the recording."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import Agent, NotAllowed, NotFound, Rejected, Workflow, tool
from tenuto.testing import (
    Cassette,
    MockLLM,
    Transcript,
    calls,
    load_cassette,
    play,
    record,
)

world = {"rate": 2}


@tool
def convert(amount: int) -> int:
    """Convert an amount at the rate of the day."""
    if amount < 0:
        raise ValueError("nothing below zero")
    return amount * world["rate"]


teller = Agent("teller", model="mock:any", instructions="Convert.", tools=[convert])


def flow() -> Workflow:
    made = Workflow("exchange", inputs={"amount": "integer"}, output="outputs.ask.text")
    made.node("ask", agent=teller, inputs={"amount": "inputs.amount"})
    made.node("sure", approval="Pay it out?")
    made.node("told", wait="told")
    made.edge("ask", "sure")
    made.edge("sure", "told")
    return made


def recorded(*answers: Any, amount: int = 5) -> Cassette:
    async def main() -> Cassette:
        model = MockLLM(list(answers) or [calls(("convert", {"amount": amount})), "It is ten."])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow(), {"amount": amount}, user="ada")
            await session.wait_until_idle(20)
            await session.approve(by="bob", note="fine")
            await session.signal("told", {"how": "by post"}, by="bob")
            await session.result(20)
            return await record(runtime, session)

    return asyncio.run(main())


def played(cassette: Cassette, workflow: Workflow | None = None, **how: Any) -> Transcript:
    return asyncio.run(play(cassette, workflow, **how))


def test_a_cassette_holds_what_models_tools_and_people_said() -> None:
    cassette = recorded()

    assert (cassette.workflow, cassette.status, cassette.output) == (
        "exchange",
        "completed",
        "It is ten.",
    )
    assert cassette.user == "ada"
    assert [(take.agent, take.turn) for take in cassette.models] == [("teller", 0), ("teller", 1)]
    assert [(take.name, take.arguments, take.value) for take in cassette.tools] == [
        ("convert", {"amount": 5}, 10)
    ]
    assert [(act.verb, act.by, act.note, act.data) for act in cassette.people] == [
        ("approve", "bob", "fine", None),
        ("signal", "bob", "", {"how": "by post"}),
    ]


def test_played_again_nothing_is_asked_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    cassette = recorded()
    monkeypatch.setitem(world, "rate", 3)

    transcript = played(cassette, flow())

    cassette.assert_like(transcript)
    assert [call.value for call in transcript.calls] == [10]


def test_with_the_model_only_tools_run_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    cassette = recorded()
    monkeypatch.setitem(world, "rate", 3)

    transcript = played(cassette, flow(), replay="model")

    assert [call.value for call in transcript.calls] == [15]


def test_with_the_tools_only_another_model_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    cassette = recorded()
    monkeypatch.setitem(world, "rate", 3)
    other = MockLLM([calls(("convert", {"amount": 5})), "Ten, as it was."])

    transcript = played(cassette, flow(), replay="tools", models={"mock": other})

    assert [call.value for call in transcript.calls] == [10]
    with pytest.raises(AssertionError, match=r"The output was 'It is ten.' and is now 'Ten, as"):
        cassette.assert_like(transcript)


def test_a_recorded_error_is_an_error_again() -> None:
    cassette = recorded(calls(("convert", {"amount": -1})), "That cannot be.", amount=1)

    transcript = played(cassette, flow())

    (call,) = transcript.calls
    assert call.failure is not None
    assert "nothing below zero" in call.failure.message
    cassette.assert_like(transcript)


def test_a_question_that_was_not_recorded_fails_and_says_what_was_asked() -> None:
    cassette = recorded()
    changed = Workflow("exchange", inputs={"amount": "integer"})
    changed.node("ask", agent=teller, inputs={"amount": "inputs.amount + 1"})

    transcript = played(cassette, changed)

    assert transcript.status == "failed"
    assert transcript.failure is not None
    assert transcript.failure.code == "not_recorded"
    assert "inputs {'amount': 6}" in transcript.failure.message
    with pytest.raises(AssertionError, match="Recorded as completed, now failed"):
        cassette.assert_like(transcript)


def test_a_tool_call_that_was_not_recorded_is_told_to_the_agent() -> None:
    cassette = recorded()
    other = MockLLM([calls(("convert", {"amount": 6})), "Never mind."])

    transcript = played(cassette, flow(), replay="tools", models={"mock": other})

    (call,) = transcript.calls
    assert call.failure is not None
    assert "is called with {'amount': 6}" in call.failure.message


def test_it_outlives_a_file(tmp_path: Path) -> None:
    cassette = recorded()
    cassette.save(tmp_path / "exchange.json")

    again = load_cassette(tmp_path / "exchange.json")

    assert again == cassette
    again.assert_like(played(again))


def test_what_is_no_cassette_says_so(tmp_path: Path) -> None:
    cassette = recorded()
    path = tmp_path / "exchange.json"
    path.write_text('{"format": "x"}')
    with pytest.raises(Rejected, match=r"is no cassette: .*export-test"):
        load_cassette(path)
    cassette.save(path)
    path.write_text(path.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(Rejected, match="of format 9, and this release knows 1"):
        load_cassette(path)
    with pytest.raises(NotFound, match=r"No cassette .*none.json"):
        load_cassette(tmp_path / "none.json")


def test_a_session_that_goes_on_is_not_recorded() -> None:
    async def main() -> None:
        model = MockLLM(["ten"])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow(), {"amount": 5})
            await session.wait_until_idle(20)
            await record(runtime, session)

    with pytest.raises(NotAllowed, match="cannot be recorded as a test: it is running"):
        asyncio.run(main())


buyer = Agent("buyer", model="mock:any", tools=["till.*", "hall.clock", convert])


@tool
def change(amount: int) -> int:
    """Tell the change for an amount."""
    return amount - 1


@tool(name="clock")
def clock() -> str:
    """Tell the time."""
    return "noon"


def bought() -> Cassette:
    async def main() -> Cassette:
        asked = calls(("till__change", {"amount": 5}), ("hall__clock", {}), ("till__gone", {}))
        model = MockLLM([asked, "Four, at noon."])
        sources: Any = {"till": [change], "hall": [clock]}
        async with tenuto.open("memory://", models={"mock": model}, tools=sources) as runtime:
            session = await runtime.start(buying())
            await session.result(20)
            return await record(runtime, session)

    return asyncio.run(main())


def buying() -> Workflow:
    return Workflow("buying", output="outputs.ask.text").node("ask", agent=buyer)


@pytest.mark.parametrize("workflow", [None, buying()])
def test_tools_that_were_found_at_run_time_are_played_without_their_sources(
    workflow: Workflow | None,
) -> None:
    cassette = bought()

    again = played(cassette, workflow)

    cassette.assert_like(again)
    results = {call.name: call.value for call in again.calls if call.failure is None}
    assert results == {"till__change": 4, "hall__clock": "noon"}


@tool(name="change")
def never(amount: int, note: str = "") -> int:
    """Tell the change for an amount."""
    raise AssertionError("a recorded tool is not called")


@pytest.mark.parametrize("replay", ["both", "tools", "model"])
def test_sources_can_be_there_when_a_cassette_is_played(replay: Any) -> None:
    cassette = bought()
    model = MockLLM([calls(("till__change", {"amount": 5}), ("hall__clock", {})), "Four."])
    change_now = change if replay == "model" else never

    again = played(
        cassette,
        buying(),
        replay=replay,
        models={"mock": model},
        tools={"till": [change_now], "hall": [clock]},
    )

    again.assert_completed()
    again.assert_called("till__change", amount=5)
    results = {call.name: call.value for call in again.calls if call.failure is None}
    assert results == {"till__change": 4, "hall__clock": "noon"}
    for request in model.requests[:1]:
        assert "note" in request.tools[1].parameters["properties"]
