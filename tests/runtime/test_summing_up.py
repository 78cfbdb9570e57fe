"""The oldest memories are summed up: by sentences or by a model, and whatever dies in between."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import structs

import tenuto
from tenuto import Agent, MemoryPolicy, Workflow
from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.memory import VolatileMemory
from tenuto.adapters.sealing import AesSivSealing
from tenuto.core.agent.guards import Guard
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.errors import Transient
from tenuto.core.memory.consolidating import Budget
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.memory import Kept, MemoryQuery, MemoryUnavailable
from tenuto.runtime.asking import Asker
from tenuto.runtime.code import Code
from tenuto.runtime.consolidating import KEPT_MANY, Consolidator, consolidated
from tenuto.runtime.guarding import GuardedTurns
from tenuto.runtime.judging import Judges
from tenuto.runtime.remembering import Keeper, Rememberer
from tenuto.runtime.summarist import Summarist
from tenuto.runtime.summing import Summing, Written
from tenuto.testing import FakeClock, MockLLM, calls

ADA = Scope(tenant="local", agent="clerk", user="ada")
QUERY = MemoryQuery(tenant="local")
BOUND = 1

ROOMS = {
    "vault": "costs 50 euros a month|has a brass lock|holds maps|is painted red",
    "attic": "leaks in autumn|shelters two owls|belongs to Ada|smells of resin",
    "cellar": "floods every spring|stores apples|needs a new pump|runs below the street",
}
STRANGERS = [
    "Gulls nest on chimneys.",
    "Oskar walks to work.",
    "Trains to Graz run hourly.",
    "Paint dries slowly in fog.",
    "Lunch is at noon on Fridays.",
    "Ferries cross the fjord at dawn.",
]
FACTS = [f"The {room} {told}." for room, all_told in ROOMS.items() for told in all_told.split("|")]


def fact(number: int, text: str, **parts: Any) -> MemoryItem:
    made = MemoryItem(
        id=f"m{number}", scope=ADA, kind="semantic", text=text, created_ms=1_000 + number
    )
    return structs.replace(made, **parts)


def rememberer_of(memory: VolatileMemory) -> Rememberer:
    return Rememberer(memory, embedder=HashingEmbedder(), clock=FakeClock(5_000))


async def full(memory: VolatileMemory, **parts: Any) -> Rememberer:
    rememberer = rememberer_of(memory)
    await rememberer.keep([fact(n, text, **parts) for n, text in enumerate(FACTS)])
    return rememberer


def current(memory: VolatileMemory) -> list[MemoryItem]:
    return [item for item in memory.everything() if item.is_current(5_000)]


def places(memory: VolatileMemory, id: str) -> list[MemoryItem]:
    """Return the items from which a fact would be recalled."""
    return [item for item in current(memory) if item.id == id or id in item.sums_up]


def test_the_oldest_are_summed_up_by_topic_and_each_fact_is_still_recalled() -> None:
    async def main() -> None:
        memory = VolatileMemory()
        rememberer = await full(memory)

        done = await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND))

        assert (done.summed_up, done.summaries) == (12, 3)
        assert len(current(memory)) == 3
        for text in FACTS:
            best, *_ = await rememberer.recall((ADA,), text, limit=1)
            assert text in best.item.text.split("\n")
        told = await memory.statistics(QUERY)
        assert (told.summed_up, told.summaries) == (12, 3)

    asyncio.run(main())


def test_a_summary_of_sentences_says_where_each_comes_from() -> None:
    async def main() -> None:
        memory = VolatileMemory()

        await consolidated(await full(memory), QUERY, summing=Summing(bound=BOUND))

        texts = {item.id: item.text for item in memory.everything()}
        for summary in current(memory):
            assert isinstance(summary.data, dict)
            assert summary.data["by"] == "extract"
            lines_from = summary.data["lines_from"]
            assert isinstance(lines_from, list)
            assert summary.text.split("\n") == [texts[str(id)] for id in lines_from]

    asyncio.run(main())


def test_doing_it_again_sums_up_nothing_more() -> None:
    async def main() -> None:
        memory = VolatileMemory()
        rememberer = await full(memory)
        await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND))
        before = memory.everything()

        again = await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND))

        assert (again.summed_up, again.summaries, again.taken_apart) == (0, 0, 0)
        assert memory.everything() == before

    asyncio.run(main())


def test_a_memory_without_a_bound_is_not_summed_up() -> None:
    async def main() -> None:
        memory = VolatileMemory()

        done = await consolidated(await full(memory), QUERY, summing=Summing(bound=0))

        assert done.summed_up == 0
        assert len(current(memory)) == len(FACTS)

    asyncio.run(main())


class Dying(VolatileMemory):
    """Ends the process at one of its writes: before it, or after it and before the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left = 10**9
        self.after = False

    async def keep(self, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()) -> None:
        self.writes_left -= 1
        if self.writes_left < 0 and not self.after:
            raise KeyboardInterrupt
        await super().keep(items, known=known)
        if self.writes_left < 0:
            raise KeyboardInterrupt

    async def forget(self, query: MemoryQuery, *, exactly: bool = False) -> int:
        self.writes_left -= 1
        if self.writes_left < 0 and not self.after:
            raise KeyboardInterrupt
        count = await super().forget(query, exactly=exactly)
        if self.writes_left < 0:
            raise KeyboardInterrupt
        return count


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", range(5))
def test_a_crash_at_any_write_leaves_each_fact_recalled_from_one_place(
    writes: int, after: bool
) -> None:
    async def main() -> None:
        memory = Dying()
        rememberer = await full(memory)
        await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND))
        # Denied: its summary is taken apart, and the others are summed up again.
        newer = fact(99, "The vault costs 60 euros a month.", created_ms=4_000)
        strangers = [fact(50 + n, text) for n, text in enumerate(STRANGERS)]
        await rememberer.keep([newer, *strangers])
        memory.writes_left, memory.after = writes, after
        try:
            await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND))
            crashed = False
        except KeyboardInterrupt:
            crashed = True
        assert crashed is (writes < 3)

        for number in range(1, len(FACTS)):
            assert len(places(memory, f"m{number}")) == 1
        memory.writes_left = 10**9
        await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND))

        for number in range(1, len(FACTS)):
            assert len(places(memory, f"m{number}")) == 1
        assert places(memory, "m0") == []
        assert len(places(memory, "m99")) == 1

    asyncio.run(main())


def test_what_is_forgotten_while_it_is_summed_up_is_told_by_no_summary() -> None:
    async def main() -> None:
        memory = VolatileMemory()
        rememberer = await full(memory)

        async def slow(topic: Sequence[MemoryItem]) -> Written:
            if any(one.id == "m2" for one in topic):
                await memory.forget(MemoryQuery(tenant="local", ids=("m2",)))
            return Written(" ".join(one.text for one in topic), "mock:x", {})

        done = await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND, writer=slow))

        assert done.summaries == 2
        assert not [item for item in memory.everything() if FACTS[2] in item.text]
        assert all(len(places(memory, f"m{n}")) == 1 for n in range(len(FACTS)) if n != 2)

    asyncio.run(main())


def test_what_makes_room_is_told_by_its_summary_until_somebody_forgets_it() -> None:
    async def main() -> None:
        memory = VolatileMemory()
        rememberer = await full(memory)
        await consolidated(rememberer, QUERY, summing=Summing(bound=BOUND))

        done = await consolidated(rememberer, QUERY, budget=Budget(items=3))
        assert done.dropped == len(FACTS)
        assert len(places(memory, "m1")) == 1

        assert await memory.forget(MemoryQuery(tenant="local", ids=("m1",))) == 1
        assert places(memory, "m1") == []
        assert not [item for item in memory.everything() if FACTS[1] in item.text]

    asyncio.run(main())


class Away(VolatileMemory):
    async def keep(self, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()) -> None:
        if known:
            await self.forget(MemoryQuery(tenant="local", ids=(known[0].id,)))
        await super().keep(items, known=known)


def test_a_memory_that_others_change_all_the_time_is_left_to_the_next_time() -> None:
    async def main() -> None:
        memory = Away()
        rememberer = rememberer_of(memory)
        twins = [fact(n, "The vault opens at nine.") for n in range(9)]
        await memory.keep([Kept(item=structs.replace(one, labels=(one.id,))) for one in twins])

        with pytest.raises(MemoryUnavailable, match="changed all the time"):
            await consolidated(rememberer, QUERY)

    asyncio.run(main())


# By a model


def clerk(*, guards: Sequence[Guard] = (), **parts: Any) -> AgentDefinition:
    memory = MemoryPolicy(sum_up=BOUND, **parts)
    return AgentDefinition(name="clerk", model="mock", memory=memory, guards=tuple(guards))


def looked_after(agent: AgentDefinition, answer: Any) -> tuple[VolatileMemory, MockLLM]:
    """Return a full memory after the agent has kept much in it, and the model that was asked."""
    memory, model = VolatileMemory(), MockLLM([answer] * 3)
    schemas, code = JsonSchemas(), Code()
    judges = Judges(code=code, schemas=schemas, sealing=AesSivSealing(b"k" * 32))
    models = {"mock": model, "small": model}
    asker = Asker(models, code=code, schemas=schemas, around=[GuardedTurns(judges, schemas)])

    async def main() -> None:
        consolidator = Consolidator(await full(memory))
        consolidator.summarist = Summarist(asker)
        for _ in range(KEPT_MANY):
            consolidator.kept(ADA, Keeper(agent))
        await asyncio.wait_for(consolidator.idle(), 20)

    asyncio.run(main())
    return memory, model


def in_short(request: ModelRequest) -> str:
    memories = request.inputs["memories"]
    assert isinstance(memories, list)
    return "In short: " + " ".join(map(str, memories))


def writers(memory: VolatileMemory) -> list[Json]:
    """Return who wrote the summaries."""
    return [item.data["by"] for item in current(memory) if isinstance(item.data, dict)]


def test_no_model_is_asked_that_the_policy_does_not_name() -> None:
    memory, model = looked_after(clerk(), in_short)

    assert model.requests == []
    assert writers(memory) == ["extract"] * 3


@pytest.mark.parametrize(("named", "by"), [("own", "mock"), ("small:one", "small:one")])
def test_a_model_that_the_policy_names_writes_and_is_given_no_tools(named: str, by: str) -> None:
    memory, model = looked_after(clerk(summary_model=named), in_short)

    assert [(one.agent, one.tools, one.user) for one in model.requests] == [
        ("clerk", (), "ada")
    ] * 3
    assert writers(memory) == [by] * 3
    for summary in current(memory):
        assert summary.text.startswith("In short: The ")
        assert isinstance(summary.data, dict)
        assert summary.data["input_tokens"] == 10


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "The vault and the attic belong to Eve Holm.",
        "The rooms open at 11.",
        "x" * 2_000,
        ModelAnswer(text="I may not.", finish="refusal"),
        Transient("The model is away."),
    ],
)
def test_where_a_model_gives_no_usable_summary_sentences_are_chosen(answer: Any) -> None:
    memory, model = looked_after(clerk(summary_model="own"), answer)

    assert len(model.requests) == 3
    assert writers(memory) == ["extract"] * 3


def test_a_model_that_this_process_does_not_have_is_no_reason_not_to_sum_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory, _ = looked_after(clerk(summary_model="unheard:of"), in_short)

    assert writers(memory) == ["extract"] * 3
    assert "summed up nothing with unheard:of" in caplog.text


def test_what_guards_keep_from_models_is_not_shown_to_the_one_that_sums_up() -> None:
    lock = Guard(kind="regex", at=("before_model",), deny=("brass", "resin", "pump"))

    memory, model = looked_after(clerk(summary_model="own", guards=[lock]), in_short)

    assert model.requests == []
    assert writers(memory) == ["extract"] * 3


def test_the_agent_that_keeps_says_how_its_memory_is_summed_up() -> None:
    async def note(ctx: tenuto.Context) -> str:
        await ctx.memory.remember("The vault opens at nine.")
        return "noted"

    agent = Agent("clerk", model="mock", tools=[tenuto.tool(note)], memory=MemoryPolicy(sum_up=7))
    flow = Workflow("desk").node("ask", agent=agent, inputs={"task": "inputs.task"})
    kept: list[tuple[str, int]] = []

    def watch(scope: Scope, keeper: Keeper | None) -> None:
        assert keeper is not None and keeper.agent.memory is not None
        kept.append((scope.user, keeper.agent.memory.sum_up))

    async def main() -> None:
        model = MockLLM([calls(("note", {})), "The vault opens at nine."])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            assert runtime.rememberer is not None
            runtime.rememberer.watch = watch
            session = await runtime.start(flow, {"task": "When does the vault open?"}, user="ada")
            await session.result(10)

    asyncio.run(main())
    # By its tool, and as what it has learnt: an episode and a procedure.
    assert kept == [("ada", 7)] * 3
