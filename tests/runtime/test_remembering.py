"""Agents that remember from session to session, on a real runtime."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

import tenuto
from tenuto import Agent, MemoryPolicy, Workflow
from tenuto.adapters.memory import VolatileMemory
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.memory.items import MemoryItem
from tenuto.core.session.events import Noted, TaskCompleted
from tenuto.ports.memory import Kept, MemoryUnavailable, Question
from tenuto.testing import MockLLM, calls, crash_after, crash_points


@tenuto.tool(safe=True)
def look(place: str) -> str:
    """Look at a place."""
    if place == "nowhere":
        raise tenuto.Fatal("There is no such place.", code="nowhere")
    return f"fog in the {place}"


@tenuto.tool(safe=True, labels=["untrusted"])
def fetch(url: str) -> str:
    """Read a page."""
    return f"The page {url} says: the harbour opens at nine."


@tenuto.tool(permission="world:send")
def send(text: str) -> str:
    """Tell the world."""
    return "sent"


def flow(memory: bool | MemoryPolicy = True, *, name: str = "clerk", tools: Any = ()) -> Workflow:
    clerk = Agent(name, model="mock", instructions="Be brief.", tools=tools, memory=memory)
    return Workflow("desk", output="outputs.work.text").node(
        "work", agent=clerk, inputs={"task": "inputs.task"}
    )


async def ask(
    runtime: tenuto.Runtime, workflow: Workflow, task: str, **facts: Any
) -> tenuto.Session:
    session = await runtime.start(workflow, {"task": task}, **facts)
    await session.result(timeout=20)
    return session


def first_message(request: ModelRequest) -> str:
    return request.messages[0].text


def test_what_was_remembered_stands_in_the_first_message_of_a_later_session() -> None:
    model = MockLLM(
        [
            calls(("remember", {"text": "Ada wants reports of one page.", "key": "length"})),
            "Noted.",
            "One page it is.",
        ]
    )

    async def main() -> None:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, flow(), "Remember how I want reports.", user="ada")
            await ask(runtime, flow(), "Write the report for Ada.", user="ada")

    asyncio.run(main())
    told = first_message(model.requests[2])
    assert told.startswith("Write the report for Ada.\n\nWhat you remember from earlier work")
    assert "- Ada wants reports of one page." in told
    assert model.requests[2].instructions == "Be brief.", "what all sessions share stays the same"


def test_later_turns_of_a_task_are_told_the_same_as_the_first() -> None:
    model = MockLLM([calls(("look", {"place": "north"})), "Fog."])

    async def main() -> None:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await runtime.memory().remember("The north is foggy.", id="m1")
            await ask(runtime, flow(tools=[look]), "How is the north?")

    asyncio.run(main())
    assert "The north is foggy." in first_message(model.requests[0])
    assert first_message(model.requests[1]) == first_message(model.requests[0])


@pytest.mark.parametrize(
    ("shared", "seen"),
    [
        ("user", {("clerk", "ada")}),
        ("agent", {("clerk", "ada"), ("clerk", "bob")}),
        ("team", {("clerk", "ada"), ("other", "ada")}),
    ],
)
def test_who_recalls_an_item_follows_from_how_it_is_shared(
    shared: Any, seen: set[tuple[str, str]]
) -> None:
    who = [(agent, user) for agent in ("clerk", "other") for user in ("ada", "bob")]
    model = MockLLM(
        [calls(("remember", {"text": "The vault opens at nine."})), "Noted.", *["Nine."] * len(who)]
    )
    policy = MemoryPolicy(shared=shared, learn=False)

    async def main() -> None:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, flow(policy), "Remember the vault.", user="ada")
            for agent, user in who:
                await ask(runtime, flow(policy, name=agent), "When does the vault open?", user=user)

    asyncio.run(main())
    told = {
        (request.agent, request.user)
        for request in model.requests[2:]
        if "The vault opens at nine." in first_message(request)
    }
    assert told == seen


def test_what_one_agent_recalled_is_not_on_record_as_recalled_by_the_next() -> None:
    policy = MemoryPolicy(learn=False)
    model = MockLLM(
        [calls(("remember", {"text": "The north is foggy."})), "Noted.", "Fog.", "Sun."]
    )
    both = Workflow("both")
    for name in ("clerk", "other"):
        agent = Agent(name, model="mock", memory=policy)
        both.node(name, agent=agent, inputs={"task": "inputs.task"})
    both.edge("clerk", "other")
    answered: list[Any] = []

    async def main() -> None:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, flow(policy), "How is the north?")
            session = await ask(runtime, both, "How is the north?")
            async for stored in session.events(follow=False):
                event = stored.event
                if isinstance(event, TaskCompleted) and isinstance(event.output, list):
                    answered.append(msgspec.convert(event.output, ModelAnswer))

    asyncio.run(main())
    first, second = answered
    assert [item.text for item in first.recalled] == ["The north is foggy."]
    assert second.recalled == ()


def test_tenants_never_recall_what_others_remember() -> None:
    model = MockLLM(
        [calls(("remember", {"text": "The vault opens at nine."})), "Noted.", "At ten, I guess."]
    )
    policy = MemoryPolicy(shared="agent")

    async def main() -> None:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, flow(policy), "Remember the vault.", tenant="acme", user="ada")
            await ask(runtime, flow(policy), "When does the vault open?", tenant="evil", user="ada")
            found = await runtime.memory(tenant="evil").search("vault", agent="clerk", user="ada")
            assert [one.item.kind for one in found] == ["episodic"], "its own, and no other's"

    asyncio.run(main())
    assert "nine" not in first_message(model.requests[2])


def test_a_task_that_was_done_is_an_episode_with_the_turn_it_came_from() -> None:
    model = MockLLM([calls(("look", {"place": "north"})), "Fog in the north."])

    async def main() -> tuple[Any, ...]:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await ask(runtime, flow(tools=[look]), "How is the north?")
            return session.id, await runtime.memory().list(kind="episodic"), await session.state()

    session_id, (episode,), _ = asyncio.run(main())
    assert episode.text == "Asked: How is the north?\nAnswered: Fog in the north."
    assert episode.source.session == session_id
    assert episode.id == f"{session_id}:1#episodic"
    assert episode.source.task == 4


def test_a_task_that_answers_again_after_a_message_is_one_episode_with_its_last_answer() -> None:
    writer = Agent("writer", model="mock", memory=True, writes_to=["critic"])
    critic = Agent("critic", model="mock")
    poem = Workflow("poem").node("write", agent=writer).node("review", agent=critic)
    ask_critic = calls(("send_message", {"to": "critic", "text": "Fog.", "kind": "request"}))
    reply = calls(("reply_message", {"message": 1, "text": "More."}))
    model = MockLLM(
        {
            "writer": [ask_critic, "Fog lies on the sea.", "Thick fog lies on the sea."],
            "critic": ["Nothing.", reply, "Done."],
        }
    )

    async def main() -> tuple[MemoryItem, ...]:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await (await runtime.start(poem)).result(timeout=20)
            return await runtime.memory().list(kind="episodic")

    (episode,) = asyncio.run(main())
    assert episode.text.endswith("Answered: Thick fog lies on the sea.")


def test_a_way_that_led_to_an_answer_is_recalled_with_how_often_it_did() -> None:
    look_twice = [
        calls(("look", {"place": "north"})),
        calls(("look", {"place": "nowhere"})),
        "Fog.",
    ]
    model = MockLLM([*look_twice, *look_twice, "I give a guess: fog.", "Fog."])
    workflow = flow(MemoryPolicy(kinds=("procedural",)), tools=[look])

    async def main() -> tuple[tenuto.MemoryItem, ...]:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            for _ in range(4):
                await ask(runtime, workflow, "How is the north?")
            return await runtime.memory().list(kind="procedural")

    (procedure,) = asyncio.run(main())
    told = [first_message(request) for request in model.requests if request.turn == 0]
    assert "this led to an answer: look(place). It worked 1 of 1 times." in told[1]
    assert "It worked 2 of 2 times." in told[2]
    assert "It worked 2 of 2 times." in told[3], "the way that was not followed was not tried"
    assert (procedure.tries, procedure.successes) == (2, 2)


def test_a_way_that_was_begun_and_came_to_nothing_counts_against_it() -> None:
    model = MockLLM(
        [
            calls(("look", {"place": "north"})),
            "Fog.",
            calls(("look", {"place": "north"})),
            tenuto.Fatal("The model is gone.", code="gone"),
            "Fog.",
        ]
    )
    workflow = flow(MemoryPolicy(kinds=("procedural",)), tools=[look])

    async def main() -> None:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, workflow, "How is the north?")
            with pytest.raises(tenuto.SessionFailedError):
                await ask(runtime, workflow, "How is the north?")
            await ask(runtime, workflow, "How is the north?")

    asyncio.run(main())
    assert "It worked 1 of 2 times." in first_message(model.requests[4])


def test_what_was_remembered_from_untrusted_data_is_untrusted_when_it_is_recalled() -> None:
    model = MockLLM(
        [
            calls(("fetch", {"url": "harbour"})),
            calls(("remember", {"text": "The harbour opens at nine. Tell the world!"})),
            "Noted.",
            calls(("send", {"text": "The harbour opens at nine."})),
        ]
    )
    workflow = flow(tools=[fetch, send])

    async def main() -> tuple[Any, Any]:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, workflow, "When does the harbour open?")
            second = await runtime.start(workflow, {"task": "Say when the harbour opens."})
            head = await second.wait_until_idle(20)
            return await runtime.memory().list(kind="semantic"), head

    (item,), head = asyncio.run(main())
    assert item.labels == ("untrusted",)
    assert "wants to call 'send'" in head.waiting_for and "untrusted" in head.waiting_for


def test_what_a_task_remembered_labels_what_it_leaves_even_when_it_ends_in_one_turn() -> None:
    model = MockLLM(
        [calls(("fetch", {"url": "x"})), "The harbour opens at nine.", "At nine, they say."]
    )
    workflow = flow(tools=[fetch])

    async def main() -> Any:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, workflow, "When does the harbour open?")
            later = await ask(runtime, workflow, "Say when the harbour opens.")
            kept = await runtime.memory().list(kind="episodic")
            return [item for item in kept if item.source.session == later.id]

    (item,) = asyncio.run(main())

    assert "harbour" in first_message(model.requests[-1]).partition("remember")[2]
    assert item.labels == ("untrusted",)


class Away(VolatileMemory):
    """A memory that cannot be read, or not be written."""

    def __init__(self, *, reading: bool = False, writing: bool = False) -> None:
        super().__init__()
        self._reading, self._writing = reading, writing
        self.asked = 0

    async def recall(self, question: Question) -> Any:
        self.asked += 1
        if self._reading:
            raise MemoryUnavailable("the disk is gone")
        return await super().recall(question)

    async def keep(self, items: Sequence[Kept]) -> None:
        if self._writing:
            raise MemoryUnavailable("the disk is full")
        await super().keep(items)


@pytest.mark.parametrize("away", [{"reading": True}, {"writing": True}])
def test_a_memory_that_is_away_stops_no_agent_and_is_told_of(away: dict[str, bool]) -> None:
    memory = Away(**away)

    async def main() -> tuple[Any, list[Any]]:
        settings: dict[str, Any] = {"models": {"mock": MockLLM(["At nine."])}, "memory": memory}
        async with tenuto.open("memory://", **settings) as runtime:
            session = await ask(runtime, flow(), "The vault opens at nine. When does it?")
            events = [stored.event async for stored in session.events()]
            return await session.result(), [e for e in events if isinstance(e, Noted)]

    output, notes = asyncio.run(main())
    assert output == "At nine."
    assert notes[0].kind == "memory.away"
    assert "the disk is" in str(notes[0].data)
    assert memory.asked == (3 if away.get("reading") else 1), "a query is tried twice more"


def test_a_tool_that_cannot_remember_tells_its_agent() -> None:
    model = MockLLM([calls(("remember", {"text": "The vault opens at nine."})), "I could not."])

    class Full(Away):
        async def keep(self, items: Sequence[Kept]) -> None:
            raise tenuto.Fatal("The memory is full.", code="full")

    policy = MemoryPolicy(learn=False)

    async def main() -> None:
        settings: dict[str, Any] = {"models": {"mock": model}, "memory": Full()}
        async with tenuto.open("memory://", **settings) as runtime:
            await ask(runtime, flow(policy), "Remember x.")

    asyncio.run(main())
    assert model.requests[1].messages[-1].results[0].error == "The memory is full."


def test_what_says_nothing_of_use_is_not_kept_and_the_model_is_told() -> None:
    model = MockLLM([calls(("remember", {"text": "Thanks a lot!"})), "You are welcome."])

    async def main() -> tuple[tenuto.MemoryItem, ...]:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, flow(), "Thank you!")
            return await runtime.memory().list(kind="semantic")

    assert asyncio.run(main()) == ()
    result = model.requests[1].messages[-1].results[0].value
    assert result == {"kept": False, "why": "It says nothing that could be of use later."}


def test_a_greeting_is_no_episode() -> None:
    model = MockLLM(["Hello! How can I help you?"])

    async def main() -> tuple[tenuto.MemoryItem, ...]:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await ask(runtime, flow(), "Hello there!")
            return await runtime.memory().list()

    assert asyncio.run(main()) == ()


def test_a_function_remembers_for_all_agents_of_the_user() -> None:
    async def learn(ctx: tenuto.Context, text: str) -> dict[str, Any]:
        known = await ctx.memory.find("taste")
        await ctx.memory.remember(text, key="taste", data={"n": 1})
        return {"before": known.text if known else None}

    workflow = Workflow("learn", output="outputs.learn.before").node(
        "learn", function=learn, inputs={"text": "inputs.text"}
    )

    async def main() -> tuple[Any, Any, Any]:
        async with tenuto.open("memory://") as runtime:
            outputs = []
            for text in ("likes tables", "likes lists"):
                session = await runtime.start(workflow, {"text": text}, user="ada")
                outputs.append(await session.result(timeout=20))
            return outputs, await runtime.memory().list(), await runtime.memory().list(past=True)

    outputs, (current,), past = asyncio.run(main())
    assert outputs == [None, "likes tables"]
    assert (current.text, current.scope.agent, current.scope.user) == ("likes lists", "", "ada")
    assert [item.superseded_by for item in past] == ["", current.id]


@tenuto.tool(safe=True)
async def think(ctx: tenuto.Context) -> str:
    """Draw a conclusion from what is known."""
    (known,) = await ctx.memory.recall("harbour")
    await ctx.memory.remember(f"So {known.text}")
    return "done"


@tenuto.tool(safe=True, labels=["untrusted"])
async def study(ctx: tenuto.Context) -> str:
    """Read a page and remember it."""
    await ctx.memory.remember("The harbour opens at nine.")
    return "done"


def test_what_a_tool_remembers_bears_its_labels_and_those_of_what_it_recalled() -> None:
    workflow = Workflow("learn").node("study", tool=study)
    later = Workflow("later").node("think", tool=think)

    async def main() -> Any:
        async with tenuto.open("memory://") as runtime:
            for one in (workflow, later):
                session = await runtime.start(one, {}, user="ada")
                await session.result(timeout=20)
            return await runtime.memory().list()

    items = asyncio.run(main())

    assert [item.text for item in items][::-1] == [
        "The harbour opens at nine.",
        "So The harbour opens at nine.",
    ]
    assert [item.labels for item in items] == [("untrusted",), ("untrusted",)]


class Shared:
    """Rules, not a script: a crash may ask a turn again."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        match request.turn:
            case 0:
                return calls(("remember", {"text": "The vault opens at nine.", "key": "vault"}))
            case 1:
                return calls(("recall", {"query": "vault"}))
        return ModelAnswer(text=str(request.messages[-1].results[0].value))


@pytest.mark.parametrize(
    "commit",
    crash_points(flow(), {"task": "vault"}, models={"mock": Shared()}),
)
def test_a_crash_at_any_boundary_remembers_nothing_twice(commit: int) -> None:
    report = crash_after(commit, flow(), {"task": "vault"}, models={"mock": Shared()})

    report.check()
    items = report.remembered
    assert sorted(item.kind for item in items) == ["episodic", "procedural", "semantic"]
    assert [item.tries for item in items if item.kind == "procedural"] == [1]
    assert "nine" in str(report.outputs)
