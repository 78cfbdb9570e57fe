"""What every source of tools must do, in the words of `tenuto.ports.tool`."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from tenuto.core.errors import Rejected, Transient
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.tool import ToolCode, ToolSource

Scenario: TypeAlias = Callable[[ToolSource], Awaitable[None]]


class ToolSourceContract(ABC):
    """The whole suite. Subclass it and say how to open a source, and one whose place is away."""

    misfit: tuple[str, JsonObject]
    """A tool of the source, and arguments that do not fit it."""

    @abstractmethod
    def open_source(self) -> AbstractAsyncContextManager[ToolSource]:
        """Return a context in which a source of at least two tools is open."""

    @abstractmethod
    def open_away(self) -> AbstractAsyncContextManager[ToolSource]:
        """Return a context in which a source is open whose place does not answer."""

    def check(self, scenario: Scenario) -> None:
        """Run `scenario` on a source."""

        async def main() -> None:
            async with self.open_source() as source:
                await scenario(source)

        asyncio.run(main())

    def test_each_tool_has_a_name_of_its_own(self) -> None:
        async def scenario(source: ToolSource) -> None:
            names = [tool.spec.name for tool in await source.tools()]

            assert len(names) >= 2
            assert all(name and name.isprintable() for name in names)
            assert len(set(names)) == len(names)

        self.check(scenario)

    def test_each_tool_says_what_the_runtime_asks_of_it(self) -> None:
        async def scenario(source: ToolSource) -> None:
            for tool in await source.tools():
                assert isinstance(tool, ToolCode)
                assert callable(tool.function)
                assert isinstance(tool.spec.description, str)
                assert tool.spec.parameters.get("type") == "object"
                assert tool.attempts_max >= 0
                assert tool.timeout_ms >= 0
                assert isinstance(tool.labels, tuple)
                assert not (tool.safe and tool.once)

        self.check(scenario)

    def test_the_same_tools_are_listed_while_nothing_changes(self) -> None:
        async def scenario(source: ToolSource) -> None:
            first, second = list(await source.tools()), list(await source.tools())

            # The very same: what is made anew for each turn would cost each turn.
            assert all(one is other for one, other in zip(first, second, strict=True))

        self.check(scenario)

    def test_many_may_ask_at_once(self) -> None:
        async def scenario(source: ToolSource) -> None:
            lists = await asyncio.gather(*(source.tools() for _ in range(8)))

            names = [[tool.spec.name for tool in listed] for listed in lists]
            assert all(found == names[0] for found in names)

        self.check(scenario)

    def test_arguments_that_do_not_fit_are_refused_before_the_call(self) -> None:
        async def scenario(source: ToolSource) -> None:
            name, arguments = self.misfit
            (tool,) = [tool for tool in await source.tools() if tool.spec.name == name]

            refused = ""
            try:
                tool.bind(arguments)
            except Rejected as error:
                refused = str(error)
            assert refused, "the model is to be told what does not fit"

        self.check(scenario)

    def test_a_place_that_is_away_is_a_fault_of_the_moment(self) -> None:
        async def main() -> None:
            async with self.open_away() as source:
                for _ in range(2):
                    reason = ""
                    try:
                        await source.tools()
                    except Transient as error:
                        reason = str(error)
                    assert reason, "agents and people are told why the tools are not there"

        asyncio.run(main())

    def test_closing_twice_does_no_harm(self) -> None:
        async def scenario(source: ToolSource) -> None:
            await source.tools()

            await source.close()
            await source.close()

        self.check(scenario)

    def test_a_source_that_was_never_asked_can_be_closed(self) -> None:
        async def scenario(source: ToolSource) -> None:
            await source.close()

        self.check(scenario)
