"""A route asks its models in turn, leaves alone those that fail, and shows no half answer twice."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tenuto
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.router import Router
from tenuto.adapters.router.cheapest import Choice
from tenuto.core.agent.messages import (
    Delta,
    Message,
    ModelAnswer,
    ModelRequest,
    ToolCall,
    ToolSpec,
    Usage,
)
from tenuto.core.agent.routes import Route, RouteModel, read_routes
from tenuto.core.errors import (
    DefinitionError,
    Escalatable,
    Fatal,
    Rejected,
    Transient,
    WorkFailed,
)

ASKED = ModelRequest(
    agent="a",
    instructions="",
    inputs={},
    messages=(Message(role="user", text="why?"),),
    tools=(),
    output_schema=None,
    settings={},
    turn=0,
)
BUSY = Transient("Too many requests.", code="rate_limit", retry_after_ms=5_000)
DOWN = Transient("It is down.", code="unavailable")


class Hands:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def now_ms(self) -> int:
        return self.now

    async def sleep_until(self, moment_ms: int) -> None:
        self.now = moment_ms


class Scripted:
    """A provider whose models give, in order, what was written down for each; the last for ever."""

    def __init__(self, **scripts: Sequence[Any]) -> None:
        self.scripts = {name: list(script) for name, script in scripts.items()}
        self.asked: list[str] = []

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        self.asked.append(model)
        script = self.scripts[model]
        given = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(given, BaseException):
            raise given
        return given if isinstance(given, ModelAnswer) else ModelAnswer(text=given)


class Flowing(Scripted):
    """The same, in pieces: a list of pieces that ends with an error breaks in the middle."""

    async def stream(self, model: str, request: ModelRequest) -> AsyncIterator[Delta | ModelAnswer]:
        self.asked.append(model)
        text = ""
        for piece in self.scripts[model]:
            if isinstance(piece, BaseException):
                raise piece
            text += piece
            yield Delta(text=piece)
        yield ModelAnswer(text=text)


def routed(provider: Scripted, clock: Hands | None = None, **routes: Route) -> Router:
    return Router({"m": provider}, routes=routes, clock=clock or Hands())


def ask(router: Router, name: str = "r", times: int = 1) -> ModelAnswer:
    answer = ModelAnswer()
    for _ in range(times):
        answer = asyncio.run(router.answer(name, ASKED))
    return answer


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (BUSY, "rate_limit"),
        (DOWN, "unavailable"),
        (Fatal("It is too long.", code="too_long"), "too_long"),
        (Escalatable("No key.", code="no_key"), "no_key"),
        (TimeoutError(), "timeout"),
        (ModelAnswer(text="I may not.", finish="refusal"), "refusal"),
        (ModelAnswer(), "empty_answer"),
    ],
)
def test_when_one_model_does_not_answer_the_next_one_does(first: object, told: str) -> None:
    provider = Scripted(a=[first], b=["from b"])

    answer = ask(routed(provider, r=Route(models=("m:a", "m:b"))))

    assert (answer.text, answer.model) == ("from b", "m:b")
    assert answer.trail == (f"m:a: {told}",)


def test_a_list_of_models_is_a_route_without_a_name() -> None:
    provider = Scripted(a=[DOWN], b=["from b"])

    assert ask(routed(provider), "m:a, m:b").text == "from b"


def test_what_a_refused_answer_cost_is_paid_for_too() -> None:
    refused = ModelAnswer(text="no", finish="refusal", usage=Usage(input_tokens=7, cost_usd=0.5))
    provider = Scripted(a=[refused], b=[ModelAnswer(text="yes", usage=Usage(input_tokens=1))])

    answer = ask(routed(provider, r=Route(models=("m:a", "m:b"))))

    assert (answer.usage.input_tokens, answer.usage.cost_usd) == (8, 0.5)


def test_when_none_answers_the_soonest_wait_is_told() -> None:
    router = routed(Scripted(a=[BUSY], b=[Fatal("no")]), r=Route(models=("m:a", "m:b")))

    with pytest.raises(Transient, match="No model of the route 'r' answered") as caught:
        ask(router)

    assert caught.value.retry_after_ms == 5_000


def test_a_model_that_asks_for_a_rest_gets_it() -> None:
    clock, provider = Hands(), Scripted(a=[BUSY, "a is back"], b=["from b"])
    router = routed(provider, clock, r=Route(models=("m:a", "m:b")))

    ask(router, times=2)
    assert provider.asked == ["a", "b", "b"]
    clock.now += 5_000

    assert ask(router).text == "a is back"


def test_a_model_that_fails_again_and_again_is_left_alone_until_a_probe_answers() -> None:
    clock, provider = Hands(), Scripted(a=[DOWN, DOWN, DOWN, "back"], b=["from b"])
    route = Route(models=("m:a", "m:b"), breaker_failures=2, breaker_seconds=10)
    router = routed(provider, clock, r=route)

    ask(router, times=4)
    assert provider.asked.count("a") == 2
    assert [health.state for health in router.health()] == ["open", "closed"]

    clock.now += 10_000
    assert ask(router).text == "from b", "the probe failed"
    assert ask(router).text == "from b", "and it is left alone again"
    assert provider.asked.count("a") == 3
    clock.now += 10_000
    assert ask(router).text == "back"
    assert router.health()[0].state == "closed"


def test_of_many_requests_at_once_one_is_the_probe() -> None:
    clock, provider = Hands(), Scripted(a=[DOWN, "back"], b=["from b"])
    route = Route(models=("m:a", "m:b"), breaker_failures=1, breaker_seconds=10)
    router = routed(provider, clock, r=route)
    ask(router)
    clock.now += 10_000

    async def many() -> list[ModelAnswer]:
        gate = asyncio.Event()
        held = provider.answer

        async def slowly(model: str, request: ModelRequest) -> ModelAnswer:
            if model == "a":
                await gate.wait()
            return await held(model, request)

        provider.answer = slowly  # type: ignore[method-assign]  # the probe is still under way
        first = asyncio.ensure_future(router.answer("r", ASKED))
        await asyncio.sleep(0)
        others = [await router.answer("r", ASKED) for _ in range(5)]
        gate.set()
        return [await first, *others]

    assert [answer.text for answer in asyncio.run(many())] == ["back"] + ["from b"] * 5


def test_weights_share_requests_out_evenly_spread() -> None:
    provider = Scripted(a=["x"], b=["x"])
    models = (RouteModel(model="m:a", weight=2), RouteModel(model="m:b", weight=1))

    ask(routed(provider, r=Route(models=models, order="weighted")), times=6)

    assert "".join(provider.asked) == "abaaba"


def test_each_in_turn_means_each_as_often_as_the_others() -> None:
    provider = Scripted(a=["x"], b=["x"], c=["x"])

    ask(routed(provider, r=Route(models=("m:a", "m:b", "m:c"), order="round_robin")), times=9)

    assert sorted(provider.asked) == list("aaabbbccc")


CHEAP = RouteModel(model="m:small", input_usd=0.1, output_usd=0.4)
DEAR = RouteModel(model="m:large", input_usd=3.0, output_usd=15.0)


def hard() -> ModelRequest:
    tool = ToolSpec(name="t", description="", parameters={})
    long = Message(role="user", text="x" * 9_000)
    return ModelRequest(
        agent="a",
        instructions="",
        inputs={},
        messages=(long,),
        tools=(tool,) * 9,
        output_schema=None,
        settings={},
        turn=0,
    )


def test_the_cheapest_model_is_asked_unless_the_request_is_hard() -> None:
    provider = Scripted(small=["x"], large=["x"])
    router = routed(provider, r=Route(models=(DEAR, CHEAP), order="cheapest"))

    ask(router)
    asyncio.run(router.answer("r", hard()))

    assert provider.asked == ["small", "large"]


@pytest.mark.parametrize(
    "sign",
    [
        {"messages": (Message(role="user", text="x" * 9_000),)},
        {"tools": (ToolSpec(name="t", description="", parameters={}),) * 9},
    ],
)
def test_of_two_models_the_better_one_gets_what_shows_one_sign_of_being_hard(sign: Any) -> None:
    provider = Scripted(small=["x"], large=["x"])
    router = routed(provider, r=Route(models=(DEAR, CHEAP), order="cheapest"))

    asyncio.run(router.answer("r", msgspec.structs.replace(ASKED, **sign)))

    assert provider.asked == ["large"]


@given(prices=st.lists(st.integers(1, 1_000), min_size=1, max_size=9, unique=True))
def test_the_harder_a_request_the_dearer_the_model_that_is_asked_first(prices: list[int]) -> None:
    parts = [RouteModel(model=f"m:{price}", input_usd=price, output_usd=price) for price in prices]
    tool = ToolSpec(name="t", description="", parameters={})
    deep: Any = {"type": "object", "properties": {"a": {"type": "array", "items": {}}}}
    deep = {"type": "array", "items": {"type": "array", "items": deep}}
    signs: list[dict[str, Any]] = [
        {"tools": (tool,) * 9},
        {"messages": (Message(role="user", text="x" * 9_000),)},
        {"output_schema": deep},
    ]

    request, first = ASKED, []
    for sign in [{}, *signs]:
        request = msgspec.structs.replace(request, **sign)
        ordered = Choice().ordered(parts, request)
        assert sorted(part.model for part in ordered) == sorted(part.model for part in parts)
        first.append(int(ordered[0].model[2:]))

    assert first == sorted(first)
    assert (first[0], first[-1]) == (min(prices), max(prices))


SHAPE: Any = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize("wrong", [ModelAnswer(data={"n": "x"}), "no JSON", '{"m": 1}'])
def test_a_cheap_model_whose_answers_miss_their_shape_is_followed_and_then_passed_over(
    wrong: Any,
) -> None:
    provider = Scripted(small=[wrong], large=['{"n": 1}'])
    route = Route(models=(DEAR, CHEAP), order="cheapest")
    router = Router({"m": provider}, routes={"r": route}, clock=Hands(), schemas=JsonSchemas())
    shaped = msgspec.structs.replace(ASKED, output_schema=SHAPE)

    answers = [asyncio.run(router.answer("r", shaped)) for _ in range(6)]

    assert {answer.text for answer in answers} == {'{"n": 1}'}
    assert answers[0].trail == ("m:small: misfit",)
    assert answers[-1].trail == ()
    assert provider.asked.count("small") == 5


def test_where_every_answer_misses_its_shape_the_last_one_is_given() -> None:
    provider = Scripted(small=["no"], large=["neither"])
    route = Route(models=(DEAR, CHEAP), order="cheapest")
    router = Router({"m": provider}, routes={"r": route}, clock=Hands(), schemas=JsonSchemas())

    answer = asyncio.run(router.answer("r", msgspec.structs.replace(ASKED, output_schema=SHAPE)))

    assert (answer.text, answer.model) == ("neither", "m:large")


def test_a_wish_to_call_a_tool_has_no_shape_to_miss() -> None:
    wish = ModelAnswer(calls=(ToolCall(id="1", tool="t", arguments={}),), finish="tools")
    provider = Scripted(small=[wish], large=["x"])
    route = Route(models=(DEAR, CHEAP), order="cheapest")
    router = Router({"m": provider}, routes={"r": route}, clock=Hands(), schemas=JsonSchemas())

    asyncio.run(router.answer("r", msgspec.structs.replace(ASKED, output_schema=SHAPE)))

    assert provider.asked == ["small"]


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(input_tokens=1_000_000, output_tokens=100_000), 0.14),
        (Usage(input_tokens=1_000_000, output_tokens=100_000, cost_usd=7.0), 7.0),
        (Usage(), 0.0),
    ],
)
def test_a_turn_costs_what_the_route_says_where_the_provider_names_no_cost(
    usage: Usage, cost: float
) -> None:
    provider = Scripted(small=[ModelAnswer(text="x", usage=usage)])

    answer = ask(routed(provider, r=Route(models=(CHEAP,))))

    assert answer.usage.cost_usd == pytest.approx(cost)


def test_what_refused_answers_cost_is_priced_too() -> None:
    usage = Usage(input_tokens=1_000_000)
    refusal = ModelAnswer(text="no", finish="refusal", usage=usage)
    provider = Scripted(large=[refusal], small=[ModelAnswer(text="x", usage=usage)])

    answer = ask(routed(provider, r=Route(models=(DEAR, CHEAP))))

    assert answer.usage.cost_usd == pytest.approx(3.1)


def test_a_cheap_model_whose_answers_are_cut_short_is_followed_and_then_passed_over() -> None:
    provider = Scripted(small=[ModelAnswer(text="half", finish="length")], large=["whole"])
    router = routed(provider, r=Route(models=(DEAR, CHEAP), order="cheapest"))

    assert ask(router, times=5).text == "whole"
    assert provider.asked == ["small", "large"] * 5
    ask(router)

    assert provider.asked[-1:] == ["large"]
    assert provider.asked.count("small") == 5


pieces = st.lists(st.text(min_size=1, max_size=3), max_size=4)


@given(st.lists(pieces, max_size=3), pieces)
def test_who_honours_restarts_sees_the_answer_and_nothing_twice(
    broken: list[list[str]], whole: list[str]
) -> None:
    scripts: Mapping[str, list[Any]] = {
        **{f"b{n}": [*script, DOWN] for n, script in enumerate(broken)},
        "good": [*whole, "."],
    }
    provider = Flowing(**scripts)
    route = Route(models=tuple(f"m:{name}" for name in scripts))

    async def read() -> tuple[str, ModelAnswer]:
        shown, answer = "", ModelAnswer()
        async for piece in routed(provider, r=route).stream("r", ASKED):
            if isinstance(piece, Delta):
                shown = piece.onto(shown)
            else:
                answer = piece
        return shown, answer

    shown, answer = asyncio.run(read())
    assert shown == answer.text == "".join(whole) + "."


def test_an_unknown_route_is_one_clear_error() -> None:
    with pytest.raises(Escalatable, match="no route 'x'; this process has: r"):
        ask(routed(Scripted(), r=Route(models=("m:a",))), "x")


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        (Route(models=()), "has 0 models"),
        (Route(models=("m:a", "m:a")), "names 'm:a' twice"),
        (Route(models=("route:b",)), "names the route 'route:b'"),
        (Route(models=("m:a",), breaker_failures=0), "has breaker_failures=0"),
        ({"models": ["m:a"], "weights": [1]}, "has no setting 'weights'"),
        ({"models": 3}, "'models' must be a list"),
        (Route(models=(RouteModel(model="m:a", input_usd=1.0),)), "gives 'm:a' input_usd alone"),
        (Route(models=(RouteModel(model="m:a", output_usd=1.0),)), "gives 'm:a' output_usd alone"),
    ],
)
def test_a_route_that_makes_no_sense_is_refused_when_it_is_read(route: Any, fault: str) -> None:
    with pytest.raises(DefinitionError, match=fault):
        read_routes({"r": route})


@pytest.mark.parametrize(
    ("models", "fault"),
    [
        (["m:a", "m:a"], "names 'm:a' twice"),
        ("m:a, m:a", "names 'm:a' twice"),
        ("m:a,", "names the model ''"),
        (["m:a", "route:safe"], "names the route 'route:safe'"),
    ],
)
def test_a_list_of_models_that_makes_no_sense_is_refused_with_the_workflow(
    models: Any, fault: str
) -> None:
    flow = tenuto.Workflow("f").node("one", agent=tenuto.Agent("one", model=models))

    with pytest.raises(DefinitionError, match=f"Agent 'one': .*{fault}") as caught:
        flow.definition()

    assert caught.value.problems[0].path == "agents.one.model"


def test_no_provider_can_take_the_name_of_the_routes() -> None:
    with pytest.raises(Rejected, match="No provider can be called 'route'"):
        tenuto.open("memory://", models={"route": Scripted()})


def test_agents_use_routes_by_name_and_lists() -> None:
    provider = Scripted(a=[DOWN], b=["from b"])
    named = tenuto.Agent("one", model="route:safe")
    listed = tenuto.Agent("two", model=["m:a", "m:b"])
    flow = tenuto.Workflow("f").node("one", agent=named).node("two", agent=listed)

    async def main() -> object:
        routes = {"safe": Route(models=("m:a", "m:b"))}
        async with tenuto.open("memory://", models={"m": provider}, routes=routes) as runtime:
            session = await runtime.start(flow)
            return await session.result(10)

    assert asyncio.run(main()) == {"one": {"text": "from b"}, "two": {"text": "from b"}}


def test_a_bug_in_a_model_is_not_hidden_by_another_model() -> None:
    router = routed(Scripted(a=[KeyError("bug")], b=["x"]), r=Route(models=("m:a", "m:b")))

    with pytest.raises(KeyError):
        ask(router)


def test_every_error_of_a_route_says_what_follows() -> None:
    router = routed(Scripted(a=[Fatal("no", code="too_long")]), r=Route(models=("m:a",)))

    with pytest.raises(WorkFailed) as caught:
        ask(router)

    assert (caught.value.kind, caught.value.code) == ("fatal", "too_long")
