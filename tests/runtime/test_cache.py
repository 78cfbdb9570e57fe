"""An answer that was given before is given again, to those who may have it, and to nobody else."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import Agent, Budget, Cache, Workflow, tool
from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.memory import MemoryResponses
from tenuto.core.agent.messages import Message, ModelAnswer, ModelRequest, Usage
from tenuto.core.agent.state import AgentState
from tenuto.core.errors import DefinitionError, PortError, Rejected
from tenuto.core.session import events as e
from tenuto.core.session.effects import AskModel
from tenuto.core.vocabulary import EffectId, TaskNo
from tenuto.core.workflow.model import AgentDefinition
from tenuto.runtime.caching import AnswerCache
from tenuto.runtime.record import Record
from tenuto.sdk.session import Session
from tenuto.testing import MockLLM, calls
from tenuto.views.cost import Costs
from tests.runtime.places import on_each_store, place, run

ASKED = "How do I reset my password?"
ALIKE = "Can you tell me how to reset my password, please?"
NEGATED = "How do I not reset my password?"
DEAR = Usage(input_tokens=100, output_tokens=50, cost_usd=0.5)


@tool(safe=True)
def look_up(word: str) -> str:
    """Look a word up."""
    return f"about {word}"


@tool
def send(text: str) -> str:
    """Send a text."""
    return "sent"


@tool(safe=True, labels=["untrusted"])
def browse(page: str) -> str:
    """Read a page."""
    return f"page {page}"


def asking(cache: Any = "semantic", **options: Any) -> Workflow:
    flow = Workflow("ask", inputs={"q": "string"}, output="outputs.work.text")
    agent = Agent("clerk", model="m:any", cache=cache, **options)
    return flow.node("work", agent=agent, inputs={"q": "inputs.q"})


class Asking:
    """A runtime with a scripted model, to be asked."""

    def __init__(self, runtime: Any, model: MockLLM, flow: Workflow) -> None:
        self.runtime, self.model, self.flow = runtime, model, flow
        self.last: Session

    async def __call__(self, question: str = ASKED, **facts: Any) -> str:
        self.last = await self.runtime.start(self.flow, {"q": question}, **facts)
        said: Any = await self.last.result(10)
        return str(said)


async def answers(
    db: str,
    questions: Sequence[str | tuple[str, dict[str, Any]]],
    flow: Workflow | None = None,
    script: Sequence[Any] = ("one", "two", "three", "four"),
    **settings: Any,
) -> list[str]:
    """Return what each question got, asked one after the other."""
    model = MockLLM(script)
    async with tenuto.open(db, models={"m": model}, **settings) as runtime:
        ask = Asking(runtime, model, flow or asking())
        said = []
        for question in questions:
            text, facts = (question, {}) if isinstance(question, str) else question
            said.append(await ask(text, **facts))
        return said


def told(*arguments: Any, **options: Any) -> list[str]:
    return asyncio.run(asyncio.wait_for(answers("memory://", *arguments, **options), 20))


@on_each_store
def test_the_same_question_and_one_that_is_alike_get_the_answer_again(
    kind: str, tmp_path: Path
) -> None:
    async def main() -> None:
        said = await answers(place(kind, tmp_path), [ASKED, ASKED, ALIKE, NEGATED, NEGATED])

        assert said == ["one", "one", "one", "two", "two"]

    run(main())


def test_an_answer_outlives_the_process_in_the_file(tmp_path: Path) -> None:
    async def main() -> None:
        db = place("sqlite", tmp_path)
        assert await answers(db, [ASKED]) == ["one"]
        assert await answers(db, [ASKED, ALIKE], script=[]) == ["one", "one"]

    run(main())


def test_who_says_nothing_about_a_cache_has_none(tmp_path: Path) -> None:
    async def main() -> None:
        flow = Workflow("ask", inputs={"q": "string"}, output="outputs.work.text")
        flow.node("work", agent=Agent("clerk", model="m:any"), inputs={"q": "inputs.q"})
        assert await answers(place("sqlite", tmp_path), [ASKED, ASKED], flow) == ["one", "two"]

    run(main())
    connection = sqlite3.connect(tmp_path / "test.db")
    tables = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'responses%'")
    assert tables.fetchall() == []
    connection.close()


def test_an_exact_cache_knows_the_very_same_request_only() -> None:
    assert told([ASKED, ALIKE, ASKED], asking("exact")) == ["one", "two", "one"]


def test_a_process_may_turn_all_caches_off() -> None:
    assert told([ASKED, ASKED], cache=False) == ["one", "two"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"tenant": "ours"}, {"tenant": "theirs"}),
        ({"user": "ann"}, {"user": "bob"}),
        ({"labels": ["untrusted"]}, {}),
        ({}, {"labels": ["untrusted"]}),
    ],
)
def test_another_tenant_user_or_label_gets_an_answer_of_its_own(first: Any, second: Any) -> None:
    said = told([(ASKED, first), (ASKED, second), (ALIKE, second), (ALIKE, first)])

    assert said == ["one", "two", "two", "one"]


def test_users_of_a_tenant_share_answers_where_the_process_says_so() -> None:
    facts = [{"user": "ann"}, {"user": "bob"}, {"user": "bob", "tenant": "theirs"}]

    said = told([(ASKED, one) for one in facts], cache=Cache(across_users=True))

    assert said == ["one", "one", "two"]


@pytest.mark.parametrize(
    "other",
    [
        {"instructions": "Be brief."},
        {"settings": {"temperature": 1}},
        {"tools": [look_up]},
        {"output": {"type": "object"}},
        {"model": "other:any"},
    ],
)
def test_an_agent_that_asks_otherwise_gets_an_answer_of_its_own(other: Any) -> None:
    async def main() -> None:
        model = MockLLM(["{}", "{}"])
        async with tenuto.open("memory://", models={"m": model, "other": model}) as runtime:
            await Asking(runtime, model, asking())()
            flow = Workflow("ask", inputs={"q": "string"}, output="outputs.work")
            agent = Agent("clerk", **{"model": "m:any", "cache": "semantic", **other})
            flow.node("work", agent=agent, inputs={"q": "inputs.q"})
            await Asking(runtime, model, flow)()

        model.assert_used_up()

    run(main())


def test_an_agent_that_may_change_the_world_is_never_answered_from_the_cache() -> None:
    assert told([ASKED, ASKED], asking(tools=[send])) == ["one", "two"]
    helper = Agent("helper", model="m:any")
    assert told([ASKED, ASKED], asking(tools=[helper])) == ["one", "two"]
    assert told([ASKED, ASKED], asking(handoffs=[helper])) == ["one", "two"]


def test_safe_tools_are_called_again_and_the_model_is_not_asked_for_it() -> None:
    script = [calls(("look_up", {"word": "tenuto"})), "held"]

    assert told([ASKED, ASKED], asking(tools=[look_up]), script) == ["held", "held"]


def test_a_wish_to_call_a_tool_is_for_the_same_words_only() -> None:
    script = [calls(("look_up", {"word": "a"})), "one", calls(("look_up", {"word": "b"})), "two"]

    assert told([ASKED, ALIKE], asking(tools=[look_up]), script) == ["one", "two"]


def test_what_labelled_data_led_to_is_not_found_by_who_has_not_seen_it() -> None:
    script = [calls(("browse", {"page": "x"})), "one", "two"]

    assert told([ASKED, ASKED], asking(tools=[browse]), script) == ["one", "one"]


@pytest.mark.parametrize(
    "answer",
    [
        ModelAnswer(text="cut", finish="length"),
        ModelAnswer(text="", data=None),
    ],
)
def test_half_an_answer_is_not_kept(answer: ModelAnswer) -> None:
    assert told([ASKED, ASKED], script=[answer, "whole"])[1] == "whole"


def test_an_answer_that_misses_its_schema_is_not_kept() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    flow = Workflow("ask", inputs={"q": "string"}, output="string(outputs.work.n)")
    agent = Agent("clerk", model="m:any", cache="semantic", output=schema)
    flow.node("work", agent=agent, inputs={"q": "inputs.q"})

    said = told([ASKED, ALIKE, ASKED], flow, [{"n": "x"}, {"n": 1}, {"n": 2}])

    # The first turn misses and is asked again; what mends it is found after the same miss alone.
    assert said == ["1", "2", "2"]


@pytest.mark.parametrize(("attempt", "found"), [(1, True), (2, False)])
def test_a_retried_turn_asks_the_model(attempt: int, found: bool) -> None:
    request = ModelRequest(
        agent="clerk",
        instructions="",
        inputs={},
        messages=(Message(role="user", text=ASKED),),
        tools=(),
        output_schema=None,
        settings={},
        turn=0,
    )
    turn = AskModel(
        effect=EffectId("ses_1/2"),
        promise=1,
        task=TaskNo(2),
        node="work",
        attempt=attempt,
        agent=AgentDefinition(name="clerk", cache="exact"),
        request=request,
        timeout_ms=0,
        turns=AgentState(),
    )
    cache = AnswerCache(
        MemoryResponses(entries_max=10),
        embedder=HashingEmbedder(),
        clock=Clock([1_000]),
        settings=Cache(),
    )

    async def main() -> None:
        first = await cache.look_up(turn, request, Record(), safe=())
        assert first is not None
        cache.keep(turn, first, ModelAnswer(text="one"), fault="")

        second = await cache.look_up(turn, request, Record(), safe=())
        assert second is not None
        assert (second.answer is not None) == found

    run(main())


def test_answers_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000]
    monkeypatch.setattr("tenuto.bootstrap.assembling.SystemClock", lambda: Clock(now))

    async def main() -> None:
        model = MockLLM(["one", "two", "three"])
        cache = Cache(ttl_seconds=60)
        async with tenuto.open("memory://", models={"m": model}, cache=cache) as runtime:
            ask = Asking(runtime, model, asking())
            quick = Asking(runtime, model, asking(cache_ttl=1))
            assert await ask() == "one"
            now[0] += 59_000
            assert (await ask(), await ask(ALIKE)) == ("one", "one")
            assert await quick() == "two"
            now[0] += 61_000
            assert await ask() == "three"

    run(main())


class Clock:
    def __init__(self, now: list[int]) -> None:
        self._now = now

    def now_ms(self) -> int:
        return self._now[0]


@on_each_store
def test_a_hit_costs_nothing_and_tells_what_it_saved(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        model = MockLLM([ModelAnswer(text="one", usage=DEAR, trail=("x: away",))])
        async with tenuto.open(place(kind, tmp_path), models={"m": model}) as runtime:
            ask = Asking(runtime, model, asking())
            await ask()
            await ask(ALIKE, budget=Budget(tokens=10, usd=0.01))

            events = [(s.version, s.event) async for s in ask.last.events(follow=False)]
            costs = Costs(await ask.last.definition())
            for version, event in events:
                costs.add(version, event)
            (note,) = [event for _, event in events if isinstance(event, e.Noted)]
            state = await ask.last.state()
            assert (await ask.last.replay()).divergence is None

        assert note.kind == "cache_hit"
        assert isinstance(note.data, dict)
        assert note.data["how"] == "semantic"
        assert note.data["saved"] == {"input_tokens": 100, "output_tokens": 50, "usd": 0.5}
        assert (state.spent.tokens, state.spent.usd, state.spent.turns) == (0, 0.0, 1)
        cost = costs.agents["clerk"]
        assert (cost.turns, cost.cached_turns, cost.usd, cost.saved_usd) == (1, 1, 0.0, 0.5)
        assert cost.saved_tokens == 150

    run(main())


@on_each_store
def test_hits_are_counted_and_answers_are_thrown_out(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        model = MockLLM([ModelAnswer(text="one", usage=DEAR), "two"])
        async with tenuto.open(place(kind, tmp_path), models={"m": model}) as runtime:
            ask = Asking(runtime, model, asking())
            for question in (ASKED, ASKED, ALIKE):
                await ask(question)
            await ask(ASKED, tenant="theirs")

            sums = await runtime.cached("local")
            assert [(s.agent, s.answers, s.exact_hits, s.semantic_hits) for s in sums] == [
                ("clerk", 1, 1, 1)
            ]
            assert (sums[0].input_tokens, sums[0].usd) == (200, 1.0)
            assert await runtime.forget_cached(older_than=3_600) == 0
            assert await runtime.forget_cached("theirs") == 1
            assert await runtime.forget_cached() == 1
            assert await runtime.cached() == ()

    run(main())


def test_who_reads_along_gets_an_answer_from_the_cache_in_one_piece() -> None:
    async def main() -> None:
        model = MockLLM(["Held for its full value."])
        async with tenuto.open("memory://", models={"m": model}, stream=True) as runtime:
            ask = Asking(runtime, model, asking())
            await ask()
            await ask()
            pieces = [piece async for piece in ask.last.tokens(after=0)]

        assert [(p.text, p.restart) for p in pieces] == [("Held for its full value.", True)]

    run(main())


class Away:
    """An embedder that cannot be reached."""

    name, dimensions = "away", 3

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        raise PortError("the embedder is away")


def test_a_cache_that_is_away_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tenuto"):
        said = told([ASKED, ALIKE, ASKED], cache=Cache(embedder=Away()))

    assert said == ["one", "two", "one"]
    assert "the embedder is away" in caplog.text


class Blind(HashingEmbedder):
    """Sees every text in the same place."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 0.0] for _ in texts]


def test_other_words_may_do_where_the_embedder_knows_what_they_mean() -> None:
    asked = [ASKED, "I forgot my password!", NEGATED, "Where is Anna?"]

    said = told(asked, cache=Cache(embedder=Blind(), same_words=False))

    assert said == ["one", "one", "two", "three"]


def test_the_threshold_is_held() -> None:
    assert told([ASKED, ALIKE], cache=Cache(threshold=0.99)) == ["one", "two"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Cache(ttl_seconds=0), "ttl_seconds=0"),
        (Cache(threshold=2), "threshold=2"),
        (Cache(entries_max=0), "entries_max=0"),
        ("yes", "cache is tenuto.Cache"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: Any, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        tenuto.open("memory://", cache=given)


@pytest.mark.parametrize("options", [{"cache": "fuzzy"}, {"cache_ttl": -1}, {"cache_ttl": "1 h"}])
def test_an_agent_s_wrong_cache_is_refused(options: Any) -> None:
    with pytest.raises(DefinitionError, match="clerk"):
        Agent("clerk", **options)


def test_a_strategy_that_needs_variety_proposes_anew() -> None:
    flow = Workflow("think", inputs={"q": "string"}, output="outputs.work.text")
    agent = Agent("clerk", model="m:any", cache="exact", strategy="tree", depth=1, width=1)
    flow.node("work", agent=agent, inputs={"q": "inputs.q"})
    first = [{"thoughts": [{"thought": "a"}]}, {"scores": [5]}, "by a"]
    second = [{"thoughts": [{"thought": "b"}]}, {"scores": [5]}, "by b"]

    assert told([ASKED, ASKED], flow, [*first, *second]) == ["by a", "by b"]


def test_who_takes_a_task_over_is_not_answered_from_the_cache() -> None:
    expert = Agent("expert", model="m:any", cache="exact")
    desk = Agent("desk", model="m:any", handoffs=[expert])
    flow = Workflow("ask", inputs={"q": "string"}, output="outputs.work.text")
    flow.node("work", agent=desk, inputs={"q": "inputs.q"})
    leave = calls(("expert", {"task": "Answer."}))

    assert told([ASKED, ASKED], flow, [leave, "one", leave, "two"]) == ["one", "two"]


def test_an_agent_that_is_called_is_answered_from_the_cache() -> None:
    expert = Agent("expert", model="m:any", cache="exact")
    desk = Agent("desk", model="m:any", tools=[expert])
    flow = Workflow("ask", inputs={"q": "string"}, output="outputs.work.text")
    flow.node("work", agent=desk, inputs={"q": "inputs.q"})
    ask = calls(("expert", {"task": "Answer."}))

    assert told([ASKED, ASKED], flow, [ask, "known", "one", ask, "two"]) == ["one", "two"]
