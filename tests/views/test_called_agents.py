"""Agents that call agents, in every view: who called whom, what it cost, how it is drawn."""

import asyncio

import tenuto
from tenuto.testing import MockLLM, calls
from tenuto.views.cost import Costs
from tenuto.views.messages import Message, Messages, Returned
from tenuto.views.sequence import Sequence


@tenuto.tool
def look(place: str) -> str:
    """Look at a place."""
    return f"{place}: fog; nothing else"


def told() -> tuple[list[Message], Costs]:
    """Return what a lead and its scout said, and what they cost."""
    scout = tenuto.Agent("scout", model="scripted:small", tools=[look])
    lead = tenuto.Agent("lead", model="scripted:large", tools=[scout])
    flow = tenuto.Workflow("trip").node("work", agent=lead)
    model = MockLLM(
        {
            "lead": [calls(("scout", {"task": "look north"})), "There is fog."],
            "scout": [calls(("look", {"place": "north"})), "fog"],
        }
    )

    async def main() -> tuple[list[Message], Costs]:
        async with tenuto.open("memory://", models={"scripted": model}) as runtime:
            session = await runtime.start(flow, {"text": "weather?"})
            await session.result(10)
            definition = await session.definition()
            messages, costs, said = Messages(definition), Costs(definition), []
            async for stored in session.events(follow=False):
                costs.add(stored.version, stored.event)
                message = messages.add(stored.version, stored.event)
                if message is not None:
                    said.append(message)
            return said, costs

    return asyncio.run(main())


def test_a_called_agent_s_answer_returns_to_its_caller() -> None:
    said, _ = told()

    returned = [message for message in said if isinstance(message, Returned)]

    assert [(m.caller, m.agent, m.tool) for m in returned] == [
        ("", "scout", "look"),
        ("lead", "scout", "scout"),
    ]


def test_each_agent_has_its_own_cost() -> None:
    _, costs = told()

    assert {name: cost.turns for name, cost in costs.agents.items()} == {"lead": 2, "scout": 2}


def test_the_talk_is_drawn_with_an_arrow_for_each_word() -> None:
    said, _ = told()
    sequence = Sequence()

    for message in said:
        sequence.add(message)

    assert sequence.text().splitlines() == [
        "sequenceDiagram",
        "    actor p0 as user",
        "    participant p1 as session",
        "    participant p2 as lead",
        "    participant p3 as scout",
        "    participant p4 as look",
        '    p0->>p1: {"text"∶"weather?"}',
        '    p2->>p3: {"task"∶"look north"}',
        '    p3->>p4: {"place"∶"north"}',
        "    p4-->>p3: north∶ fog, nothing else",
        "    p3->>p1: fog",
        '    p3-->>p2: {"text"∶"fog"}',
        "    p2->>p1: There is fog.",
    ]
