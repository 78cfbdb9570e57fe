"""Tools found at run time, in running sessions: discovered, gone, away, denied, by nodes."""

import asyncio
from typing import Any

import pytest

import tenuto
from tenuto import Agent, DefinitionError, PermissionRule, Rejected, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.testing import (
    AgentTestCase,
    FakeToolSource,
    MockLLM,
    calls,
    crash_after,
    crash_points,
)
from tenuto.views.approvals import inbox_of
from tenuto.views.waiting import why_waiting


@tenuto.tool
def price(article: str) -> int:
    """Tell what an article costs."""
    return len(article)


@tenuto.tool(permission="shop:order", labels=["untrusted"])
def order(article: str) -> str:
    """Order an article."""
    return f"ordered {article}"


@tenuto.tool
def clock() -> str:
    """Tell the time."""
    return "noon"


AWAY = tenuto.Transient("the shop does not answer")


def shown(request: ModelRequest) -> list[str]:
    return [tool.name for tool in request.tools]


class TestToolsOfSources(AgentTestCase):
    shop: FakeToolSource

    def setUp(self) -> None:
        super().setUp()
        self.shop = FakeToolSource([price, order])
        self.tools = {"shop": self.shop, "hall": [clock]}

    async def test_an_agent_is_shown_what_its_patterns_name_and_may_call_it(self) -> None:
        agent = Agent("clerk", tools=["shop.*", clock])
        self.model.add(calls(("shop__price", {"article": "pen"}), ("clock", {})), "Three.")

        done = await self.run_agent(agent)

        done.assert_completed()
        done.assert_called("shop__price", article="pen")
        request = self.model.requests[0]
        assert shown(request) == ["clock", "shop__price", "shop__order"]
        assert request.tools[1].description == "Tell what an article costs."
        results = self.model.requests[1].messages[-1].results
        assert [result.value for result in results] == [3, "noon"]
        assert self.shop.closed

    async def test_an_agent_has_no_other_tools_of_a_source_than_it_names(self) -> None:
        agent = Agent("clerk", tools=["shop.pri?e"])
        self.model.add(calls(("shop__order", {"article": "pen"}), ("hall__clock", {})), "No.")

        await self.run_agent(agent)

        assert shown(self.model.requests[0]) == ["shop__price"]
        errors = [result.error for result in self.model.requests[1].messages[-1].results]
        assert errors == [
            "There is no tool 'shop__order'; the tools are: 'shop__price'.",
            "There is no tool 'hall__clock'; the tools are: 'shop__price'.",
        ]

    async def test_a_tool_may_be_called_by_its_id(self) -> None:
        agent = Agent("clerk", tools=["*.*"])
        self.model.add(calls(("shop.price", {"article": "pen"})), "Three.")

        await self.run_agent(agent)

        assert self.model.requests[1].messages[-1].results[0].value == 3

    async def test_tools_that_come_in_mid_session_are_shown_from_the_next_turn_on(self) -> None:
        agent = Agent("clerk", tools=["shop.*"])
        self.shop.change([price])

        def learn(request: ModelRequest) -> ModelAnswer:
            self.shop.change([price, order])
            return calls(("shop__price", {"article": "pen"}))

        self.model.add(learn, calls(("shop__order", {"article": "pen"})), "Done.")

        done = await self.run_agent(agent)

        done.assert_completed()
        assert [shown(request) for request in self.model.requests] == [
            ["shop__price"],
            ["shop__price", "shop__order"],
            ["shop__price", "shop__order"],
        ]
        assert agent.definition().tools == ("shop.*",)

    async def test_the_model_is_told_what_there_is_when_a_tool_is_gone_at_the_call(self) -> None:
        agent = Agent("clerk", tools=["shop.*", clock])

        def forget(request: ModelRequest) -> ModelAnswer:
            self.shop.change([price])
            return calls(("shop__order", {"article": "pen"}))

        self.model.add(forget, "It cannot be ordered.")

        done = await self.run_agent(agent)

        done.assert_completed()
        (result,) = self.model.requests[1].messages[-1].results
        assert result.error == (
            "There is no tool 'shop__order'; the tools are: 'clock', 'shop__price'."
        )

    async def test_an_agent_goes_on_without_a_source_that_is_away_and_is_told_once(self) -> None:
        agent = Agent("clerk", tools=["shop.*", "hall.*"])
        self.shop.fault = AWAY

        def back(request: ModelRequest) -> ModelAnswer:
            self.shop.fault = None
            return calls(("hall__clock", {}))

        self.model.add(calls(("hall__clock", {})), back, "Noon.")

        done = await self.run_agent(agent, {"text": "What time is it?"})

        done.assert_completed()
        first, second, third = self.model.requests
        assert shown(first) == shown(second) == ["hall__clock"]
        assert shown(third) == ["shop__price", "shop__order", "hall__clock"]
        said = "These tools are not there now: shop.* (the shop does not answer)."
        assert first.messages[-1].text.startswith(f"What time is it?\n\n{said}")
        assert [message.text.count(said) for message in second.messages] == [0, 0, 0, 1]
        assert all(said not in message.text for message in third.messages)

    async def test_a_tool_named_by_its_id_that_its_source_does_not_have_is_told(self) -> None:
        agent = Agent("clerk", tools=["shop.prize", clock])
        self.model.add("Well.")

        await self.run_agent(agent)

        text = self.model.requests[0].messages[-1].text
        assert "shop.prize (its source has no such tool)" in text

    async def test_a_source_is_not_asked_for_agents_that_do_not_name_it(self) -> None:
        self.model.add("Noon.")

        await self.run_agent(Agent("clerk", tools=["hall.*", clock]))

        assert self.shop.asked == 0


def ran(workflow: Workflow, *, acts: Any = None, **settings: Any) -> Any:
    """Return the session's state and waits, after somebody has acted."""

    async def main() -> Any:
        async with tenuto.open("memory://", **settings) as runtime:
            session = await runtime.start(workflow)
            await session.wait_until_idle(20)
            if acts is not None:
                await acts(runtime, session)
                await session.wait_until_idle(20)
            assert (await session.replay()).divergence is None
            state = await session.state()
            return state, why_waiting(state, await session.definition())

    return asyncio.run(main())


def by_node(ref: str) -> Workflow:
    flow = Workflow("direct", output="outputs.work")
    return flow.node("work", tool=ref, inputs={"article": "'pen'"})


def test_a_node_calls_a_tool_of_a_source() -> None:
    state, _ = ran(by_node("shop.order"), tools={"shop": [order]})

    assert state.output == "ordered pen"
    assert state.labels_seen == ("untrusted",)


def test_a_node_waits_for_a_person_where_there_is_no_such_source() -> None:
    state, waits = ran(by_node("shop.order"), tools={"mill": [price], "hall": [clock]})

    assert state.phase == "running"
    assert "this process has the tool sources: mill, hall" in waits[0].reason
    assert "Give tenuto.open(tools={…}), or --tools on the command line" in waits[0].reason


def test_a_node_is_told_what_a_source_has_instead() -> None:
    shop = FakeToolSource([price])

    async def mend(runtime: tenuto.Runtime, session: tenuto.Session) -> None:
        state = await session.state()
        (wait,) = why_waiting(state, await session.definition())
        assert "There is no tool 'shop.order' now; 'shop' has: 'shop.price'." in wait.reason
        shop.change([price, order])
        await session.approve()

    state, _ = ran(by_node("shop.order"), tools={"shop": shop}, acts=mend)

    assert state.output == "ordered pen"


def test_a_node_whose_source_is_away_is_tried_again() -> None:
    away = Away(after=0, times=2)

    report = crash_after(0, by_node("shop.price"), tools={"shop": away})

    report.check()
    assert report.outputs == (3,)


def test_an_agent_goes_on_where_a_source_has_nothing() -> None:
    model = MockLLM(["Nothing to do."])

    state, _ = ran(by_agent("shop.*"), models={"mock": model}, tools={"shop": []})

    assert state.output == "Nothing to do."
    assert model.requests[0].tools == ()


def test_a_node_names_one_tool_and_no_pattern() -> None:
    with pytest.raises(DefinitionError, match=r"'shop.\*' is a pattern, and one tool is wanted"):
        by_node("shop.*").definition()


@pytest.mark.parametrize("glob", ["shop.*", "*.order", "shop__*"])
def test_rules_name_tools_of_sources_by_id_and_as_models_see_them(glob: str) -> None:
    never = PermissionRule(effect="deny", tools=(glob,))

    state, _ = ran(by_node("shop.order"), tools={"shop": [order]}, policy=[never])

    assert state.failure.code == "denied"
    assert "Tool 'shop.order' may not be called" in state.failure.message


def test_a_person_is_asked_about_the_tool_by_its_id() -> None:
    ask = PermissionRule(effect="ask", tools=("shop.*",))

    async def approve(runtime: tenuto.Runtime, session: tenuto.Session) -> None:
        (question,) = inbox_of(await session.state(), await session.definition())
        assert "wants to call 'shop.order'" in question.title
        assert question.details["tool"] == "shop.order"
        await session.approve(by="ada")

    state, _ = ran(by_node("shop.order"), tools={"shop": [order]}, policy=[ask], acts=approve)

    assert state.output == "ordered pen"


def test_labels_hold_though_the_tool_is_gone_when_its_result_comes() -> None:
    shop = FakeToolSource()

    @tenuto.tool(labels=["untrusted"])
    def last(article: str) -> str:
        shop.change([])
        return article

    shop.change([last])

    state, _ = ran(by_node("shop.last"), tools={"shop": shop})

    assert state.labels_seen == ("untrusted",)


def test_code_that_was_registered_under_the_name_comes_before_a_source() -> None:
    state, _ = ran(by_node("shop.price"), code={"shop.price": price}, tools={"shop": []})

    assert state.output == 3


def by_agent(*tools: Any) -> Workflow:
    agent = Agent("clerk", model="mock:x", tools=tools)
    return Workflow("shopping", output="outputs.work.text").node("work", agent=agent)


@tenuto.tool(name="shop__price")
def mine(article: str) -> int:
    """Tell what an article cost me."""
    return 0


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        (["shop.prize"], "Agent 'clerk' has no tools: its sources have no 'shop.prize'."),
        (["shop.*", mine], "Agent 'clerk' has two tools that models know as 'shop__price'"),
        (["mill.*", clock], "There is no source of tools 'mill', which 'mill.*' names"),
    ],
)
def test_an_agent_whose_tools_only_a_person_can_mend_waits(tools: list[Any], said: str) -> None:
    model = MockLLM()

    _, waits = ran(by_agent(*tools), models={"mock": model}, tools={"shop": [price]})

    assert said in waits[0].reason
    assert model.requests == []


def test_a_source_that_wants_a_person_lets_the_session_wait() -> None:
    shop = FakeToolSource([price])
    shop.fault = tenuto.Escalatable("The shop wants a key: set SHOP_KEY.")

    async def mend(runtime: tenuto.Runtime, session: tenuto.Session) -> None:
        state = await session.state()
        (wait,) = why_waiting(state, await session.definition())
        assert "set SHOP_KEY" in wait.reason
        shop.fault = None
        await session.approve()

    model = MockLLM(["Done."])
    settings: Any = {"models": {"mock": model}, "tools": {"shop": shop}}
    state, _ = ran(by_agent("shop.*", clock), acts=mend, **settings)

    assert state.output == "Done."


class Away(FakeToolSource):
    """Is away as often as it is told to, from a time on."""

    def __init__(self, *, after: int, times: int) -> None:
        super().__init__([price])
        self.after, self.times = after, times

    async def tools(self) -> Any:
        listed = await super().tools()
        if self.after < self.asked <= self.after + self.times:
            raise ConnectionResetError("the shop hung up")
        return listed


class OnePrice:
    """Asks one price, then says what it heard."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        for result in request.messages[-1].results:
            return ModelAnswer(text=f"{result.value} {result.error}")
        return calls(("shop__price", {"article": "pen"}))


@pytest.mark.parametrize(
    ("away", "output", "asked"),
    [
        # The first turn is asked again, and again.
        (Away(after=0, times=3), "3 None", 6),
        # So is the call, until its attempts are used up.
        (Away(after=1, times=2), "3 None", 5),
        (Away(after=1, times=3), "None The tools of 'shop' cannot be listed", 5),
    ],
)
def test_a_source_that_is_away_is_asked_again_later(away: Away, output: str, asked: int) -> None:
    models = {"mock": OnePrice()}

    report = crash_after(0, by_agent("shop.*"), models=models, tools={"shop": away})

    report.check()
    assert str(report.outputs[0]).startswith(output)
    assert away.asked == asked


def test_an_agent_whose_only_tools_stay_away_fails_with_the_reason() -> None:
    away, models = Away(after=0, times=99), {"mock": OnePrice()}

    report = crash_after(0, by_agent("shop.*"), models=models, tools={"shop": away})

    report.check()
    assert report.statuses == {"failed": 1}
    assert away.asked == 4


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ({"Shop": []}, "'Shop' is no name of a source of tools"),
        ({"shop": 3}, "is no source of tools; give one, or a list"),
        ({"shop": ["price"]}, "'price' is no tool"),
        ({"shop": [price, price]}, "has two tools named 'price'"),
    ],
)
def test_sources_that_cannot_be_used_are_refused_when_they_are_given(
    tools: dict[str, Any], said: str
) -> None:
    with pytest.raises(Rejected) as refused:
        tenuto.open("memory://", tools=tools)

    assert said in str(refused.value)


def test_every_source_is_closed_though_one_cannot_be() -> None:
    class Stuck(FakeToolSource):
        async def close(self) -> None:
            raise OSError("stuck")

    first, last = FakeToolSource(), FakeToolSource()

    async def main() -> None:
        async with tenuto.open("memory://", tools={"a": first, "b": Stuck(), "c": last}):
            pass

    with pytest.raises(OSError, match="stuck"):
        asyncio.run(main())
    assert first.closed and last.closed


@pytest.mark.parametrize("tool", ["*", "GitHub.*", "shop."])
def test_an_agent_with_a_name_that_names_no_tool_is_refused(tool: str) -> None:
    with pytest.raises(DefinitionError, match="names no tools"):
        Agent("clerk", tools=[tool])


def test_a_text_in_place_of_a_list_of_tools_is_refused() -> None:
    with pytest.raises(DefinitionError, match="a text; give a list"):
        Agent("clerk", tools="shop.*")


class Shopper:
    """Asks the price three times, then orders, then says what it heard."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        if request.turn < 3:
            return calls(("shop__price", {"article": "p" * request.turn}))
        if request.turn == 3:
            return calls(("shop__order", {"article": "pen"}), ("clock", {}))
        heard = [str(r.value) for m in request.messages for r in m.results]
        return ModelAnswer(text=" ".join(heard))


def shopping() -> Workflow:
    agent = Agent("clerk", model="rules:x", tools=["shop.*", clock])
    return Workflow("shopping", output="outputs.work.text").node("work", agent=agent)


PARTS: Any = {"models": {"rules": Shopper()}, "tools": {"shop": [price, order]}}


@pytest.mark.parametrize("commit", crash_points(shopping(), **PARTS))
def test_a_crash_after_any_commit_repeats_nothing_that_was_recorded(commit: int) -> None:
    report = crash_after(commit, shopping(), **PARTS)

    report.check()
    assert report.outputs == ("0 1 2 ordered pen noon",)
    assert report.executions <= 6
