"""What every source of tools must do, in the words of `tenuto.ports.tool`."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

import msgspec

from tenuto.core.errors import Rejected, WorkFailed
from tenuto.ports.tool import ToolCode, ToolSource


class ToolSourceContract(ABC):
    """The whole suite. Subclass it and say how to make sources."""

    @abstractmethod
    def make_source(self) -> ToolSource:
        """Return a source of at least two tools, one of which takes `{"text": …}` and gives that
        text back, in whatever form; a text of five letters does."""

    @abstractmethod
    def make_source_away(self) -> ToolSource:
        """Return a source whose place cannot be reached."""

    echo = "echo"
    """The name of the tool that gives its text back."""

    def test_tools_have_names_descriptions_and_objects_as_arguments(self) -> None:
        async def story(source: ToolSource) -> None:
            tools = await source.tools()

            names = [tool.spec.name for tool in tools]
            assert len(names) >= 2
            assert len(set(names)) == len(names)
            for tool in tools:
                assert isinstance(tool, ToolCode)
                assert isinstance(tool.spec.description, str)
                assert tool.spec.parameters["type"] == "object"
                assert msgspec.json.encode(tool.spec)

        _with(self.make_source(), story)

    def test_asked_again_it_gives_the_same_tools(self) -> None:
        async def story(source: ToolSource) -> None:
            first = await source.tools()
            again = await source.tools()

            assert [tool.spec for tool in again] == [tool.spec for tool in first]

        _with(self.make_source(), story)

    def test_a_tool_can_be_called_with_what_it_bound(self) -> None:
        async def story(source: ToolSource) -> None:
            assert "hello" in await self._call(await self._echo(source), "hello")

        _with(self.make_source(), story)

    def test_a_tool_refuses_arguments_that_do_not_fit_in_words(self) -> None:
        async def story(source: ToolSource) -> None:
            echo = await self._echo(source)
            try:
                echo.bind({"text": ["no", "text"]})
            except Rejected as error:
                assert echo.spec.name in str(error)
            else:
                raise AssertionError("it took a list for a text")

        _with(self.make_source(), story)

    def test_several_tasks_use_it_at_once(self) -> None:
        async def story(source: ToolSource) -> None:
            echoes = await asyncio.gather(*(self._echo(source) for _ in range(3)))
            texts = [f"text{number}" for number in range(6)]

            found = await asyncio.gather(
                *(self._call(echo, text) for echo, text in zip(echoes * 2, texts, strict=True))
            )

            for text, value in zip(texts, found, strict=True):
                assert text in value

        _with(self.make_source(), story)

    def test_a_tool_that_was_kept_still_works_after_the_list_was_fetched_again(self) -> None:
        async def story(source: ToolSource) -> None:
            echo = await self._echo(source)
            await source.tools()

            assert "hello" in await self._call(echo, "hello")

        _with(self.make_source(), story)

    def test_it_can_be_let_go_twice_and_before_it_was_used(self) -> None:
        async def story(source: ToolSource) -> None:
            await source.close()
            await source.close()

        _with(self.make_source(), story)

    def test_a_place_that_is_away_is_told_as_a_failure_of_work(self) -> None:
        async def story(source: ToolSource) -> None:
            try:
                await source.tools()
            except WorkFailed as error:
                assert error.kind in ("transient", "escalatable")
                assert len(str(error)) > 10
            else:
                raise AssertionError("it gave tools of a place that is away")

        _with(self.make_source_away(), story)

    async def _echo(self, source: ToolSource) -> ToolCode:
        return next(tool for tool in await source.tools() if tool.spec.name == self.echo)

    async def _call(self, tool: ToolCode, text: str) -> str:
        called = tool.function(**tool.bind({"text": text}))
        value = await called if asyncio.iscoroutine(called) else called
        return msgspec.json.encode(value).decode()


def _with(source: ToolSource, story: Callable[[ToolSource], Awaitable[None]]) -> None:
    async def told() -> None:
        try:
            await story(source)
        finally:
            await source.close()

    asyncio.run(told())
