"""More tools than fit a request: the agent finds them, uses them, and a crash changes nothing."""

from typing import Any

import pytest

import tenuto
from tenuto import Agent, PermissionRule, Workflow
from tenuto.core import limits
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.testing import AgentTestCase, FakeToolSource, calls, crash_after, crash_points


@tenuto.tool
def clock() -> str:
    """Tell the time."""
    return "noon"


def one_of_many(number: int) -> tenuto.Tool:
    def work(city: str) -> str:
        return f"{number} of {city}"

    work.__doc__ = f"Do work number {number} on a city."
    return tenuto.Tool(work, name=f"work_{number}")


@tenuto.tool(name="weather_report")
def weather(city: str) -> str:
    """Say what the weather is like."""
    return f"rain in {city}"


MANY = [*(one_of_many(n) for n in range(limits.TOOLS_SHOWN_MAX)), weather]


def shown(request: ModelRequest) -> list[str]:
    return [tool.name for tool in request.tools]


class TestManyTools(AgentTestCase):
    hall: FakeToolSource

    def setUp(self) -> None:
        super().setUp()
        self.hall = FakeToolSource(MANY)
        self.tools = {"hall": self.hall, "till": [clock]}

    async def test_as_many_as_fit_are_all_shown(self) -> None:
        self.hall.change(MANY[1:])
        self.model.add("Fine.")

        await self.run_agent(Agent("clerk", tools=["hall.*"]))

        assert len(shown(self.model.requests[0])) == limits.TOOLS_SHOWN_MAX
        assert "find_tools" not in shown(self.model.requests[0])

    async def test_of_more_an_agent_sees_what_it_was_given_by_name_and_a_way_to_find_the_rest(
        self,
    ) -> None:
        agent = Agent("clerk", tools=["hall.*", "till.clock", clock])
        self.model.add(
            calls(("find_tools", {"query": "weather"})),
            calls(("hall__weather_report", {"city": "Rome"})),
            "Rain.",
        )

        done = await self.run_agent(agent)

        done.assert_completed()
        named = ["clock", "find_tools", "till__clock"]
        assert [shown(request) for request in self.model.requests] == [
            named,
            [*named[:2], "hall__weather_report", "till__clock"],
            [*named[:2], "hall__weather_report", "till__clock"],
        ]
        assert "Find tools of: hall, till." in self.model.requests[0].tools[1].description
        (found,) = self.model.requests[1].messages[-1].results
        assert found.value == {
            "tools": [
                {
                    "name": "hall__weather_report",
                    "description": "Say what the weather is like.",
                    "parameters": "city: string",
                }
            ]
        }
        assert self.model.requests[2].messages[-1].results[0].value == "rain in Rome"

    async def test_no_search_gives_more_than_ten_and_no_task_sees_more_than_fit(self) -> None:
        self.hall.change([*MANY, *(one_of_many(n) for n in range(100, 160))])
        searches = [calls(("find_tools", {"query": f"work {n}"})) for n in range(100, 112)]
        self.model.add(*searches, "Enough.")

        await self.run_agent(Agent("clerk", tools=["hall.*"]))

        counts = [len(shown(request)) for request in self.model.requests]
        assert counts[1] == 1 + limits.TOOLS_FOUND_MAX
        assert max(counts) <= 1 + limits.TOOLS_SHOWN_MAX
        assert "hall__work_111" in shown(self.model.requests[-1])

    async def test_a_search_that_finds_nothing_says_what_there_is(self) -> None:
        self.model.add(calls(("find_tools", {"query": "zebra"})), "None.")

        await self.run_agent(Agent("clerk", tools=["hall.*"]))

        (found,) = self.model.requests[1].messages[-1].results
        hint = "None of 41 tools fits (hall); use other words."
        assert found.value == {"tools": [], "hint": hint}

    async def test_a_search_without_words_is_refused(self) -> None:
        self.model.add(calls(("find_tools", {"query": " "}), ("find_tools", {"q": "x"})), "Oh.")

        await self.run_agent(Agent("clerk", tools=["hall.*"]))

        for result in self.model.requests[1].messages[-1].results:
            assert result.error == "Tool 'find_tools' takes one argument, a text: query."

    async def test_a_search_tells_which_sources_are_away(self) -> None:
        shop = FakeToolSource([clock])
        self.tools["shop"] = shop

        def leave(request: ModelRequest) -> ModelAnswer:
            shop.fault = tenuto.Transient("the shop\ndoes not answer")
            return calls(("find_tools", {"query": "weather"}))

        self.model.add(leave, "Rain.")

        await self.run_agent(Agent("clerk", tools=["*.*"]))

        *_, results, told = self.model.requests[1].messages
        (found,) = results.results
        assert "shop.* (the shop does not answer)" in told.text
        assert isinstance(found.value, dict)
        assert found.value["away"] == {"shop": "the shop does not answer"}

    async def test_a_search_that_was_asked_for_works_though_the_list_is_short_by_then(self) -> None:
        def shrink(request: ModelRequest) -> ModelAnswer:
            self.hall.change([weather])
            return calls(("find_tools", {"query": "weather"}))

        self.model.add(shrink, "Rain.")

        await self.run_agent(Agent("clerk", tools=["hall.*"]))

        assert self.model.requests[1].messages[-1].results[0].error is None
        assert shown(self.model.requests[1]) == ["hall__weather_report"]

    async def test_an_agent_without_tools_of_sources_has_no_search(self) -> None:
        self.model.add(calls(("find_tools", {"query": "x"})), "Oh.")

        await self.run_agent(Agent("clerk", tools=[clock]))

        error = self.model.requests[1].messages[-1].results[0].error
        assert error == "There is no tool 'find_tools'; the tools are: 'clock'."

    async def test_a_rule_may_forbid_the_search(self) -> None:
        never = PermissionRule(effect="deny", tools=("find_*",))
        self.model.add(calls(("find_tools", {"query": "x"})), "Oh.")

        await self.run_agent(Agent("clerk", tools=["hall.*"], policy=[never]))

        error = self.model.requests[1].messages[-1].results[0].error
        assert error == "Tool 'find_tools' may not be called: a rule forbids tool 'find_tools'."


class Finder:
    """Finds the weather, calls it as soon as it is shown, and says which tools it saw."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        match request.turn:
            case 0:
                return calls(("find_tools", {"query": "weather"}))
            case 1 | 2:
                assert "hall__weather_report" in shown(request)
                return calls(("hall__weather_report", {"city": f"Rome {request.turn}"}))
        return ModelAnswer(text=", ".join(shown(request)))


def finding() -> Workflow:
    agent = Agent("clerk", model="rules:x", tools=["hall.*"])
    return Workflow("finding", output="outputs.work.text").node("work", agent=agent)


PARTS: Any = {"models": {"rules": Finder()}, "tools": {"hall": MANY}}


@pytest.mark.parametrize("commit", crash_points(finding(), **PARTS))
def test_what_was_found_is_shown_after_a_crash_as_well(commit: int) -> None:
    report = crash_after(commit, finding(), **PARTS)

    report.check()
    assert report.outputs == ("find_tools, hall__weather_report",)
