"""Sources of tools by namespace: as they are given to `tenuto.open`, checked and closed."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

from tenuto.core.agent.tool_names import namespace_fault
from tenuto.core.errors import Rejected
from tenuto.ports.tool import ToolCode, ToolSource
from tenuto.sdk.tool import Tool

Tools: TypeAlias = ToolSource | Sequence[Tool | Callable[..., Any]]
"""What can stand for a source of tools."""


class FixedTools:
    """A source of tools that never change."""

    def __init__(self, tools: Sequence[ToolCode]) -> None:
        self._tools = tuple(tools)

    async def tools(self) -> Sequence[ToolCode]:
        """See `ToolSource.tools`."""
        return self._tools

    async def close(self) -> None:
        """See `ToolSource.close`."""


def sources_from(given: Mapping[str, Tools]) -> dict[str, ToolSource]:
    """Return a source for each namespace.

    Raises:
        Rejected: a namespace has no good name, what it names is no source and no list of tools, or
            a list has two tools of one name.
        DefinitionError: a function makes no tool.
    """
    sources: dict[str, ToolSource] = {}
    for namespace, source in given.items():
        fault = namespace_fault(namespace)
        if fault:
            raise Rejected(f"tools={{…}} cannot be used: {fault}.")
        sources[namespace] = _source_from(namespace, source)
    return sources


def _source_from(namespace: str, given: Tools) -> ToolSource:
    if isinstance(given, list | tuple):
        return _fixed(namespace, given)
    if callable(getattr(given, "tools", None)) and callable(getattr(given, "close", None)):
        source: Any = given
        checked: ToolSource = source
        return checked
    raise Rejected(
        f"tools={{{namespace!r}: {given!r:.60}}} is no source of tools; give one, or a list of "
        "tools and functions."
    )


def _fixed(namespace: str, given: Sequence[Any]) -> FixedTools:
    tools: list[ToolCode] = []
    for found in given:
        if not callable(found) and not isinstance(found, ToolCode):
            raise Rejected(f"Among tools={{{namespace!r}: …}}, {found!r:.60} is no tool.")
        tools.append(found if isinstance(found, ToolCode) else Tool(found))
    names = [tool.spec.name for tool in tools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Rejected(
            f"tools={{{namespace!r}: …}} has two tools named {twice[0]!r}; give one another name: "
            "@tool(name=…)."
        )
    return FixedTools(tools)


async def close_sources(sources: Mapping[str, ToolSource]) -> None:
    """Close every source, the last one first; one that cannot be closed keeps no other from it."""
    async with AsyncExitStack() as closing:
        for source in sources.values():
            closing.push_async_callback(source.close)
