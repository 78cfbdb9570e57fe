"""Tools that give recorded results, in place of those that were called when it was recorded."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from tenuto.core.agent.messages import ToolSpec
from tenuto.core.agent.policy import fits
from tenuto.core.agent.tool_names import (
    is_pattern,
    namespace_of,
    parts_of,
    shown_name,
    tool_id,
)
from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.tool import Function, ToolCode, ToolSource
from tenuto.sdk.sources import FixedTools
from tenuto.testing.cassette import Take


class NotRecorded(Fatal):
    """The cassette has no answer to what was asked: the workflow asks something else now."""


class Tape:
    """Takes by what was asked, handed out in order; the last one of a kind as often as asked."""

    def __init__(self) -> None:
        self._takes: dict[bytes, list[Take]] = {}

    def add(self, key: Json, take: Take) -> None:
        self._takes.setdefault(_encoded(key), []).append(take)

    def next(self, key: Json) -> Take | None:
        takes = self._takes.get(_encoded(key))
        if not takes:
            return None
        return takes.pop(0) if len(takes) > 1 else takes[0]


def tape_of(takes: Sequence[Take]) -> Tape:
    """Return the results of tools, by name and arguments."""
    tape = Tape()
    for take in takes:
        tape.add([take.name, take.arguments], take)
    return tape


class RecordedTool:
    """A tool that gives recorded results: all else is as the real one has it."""

    takes_context = False
    once = False
    verify: Function | None = None

    def __init__(self, tool: ToolCode, names: Sequence[str], tape: Tape) -> None:
        self._tool, self._names, self._tape = tool, names, tape
        self.function: Function = self._run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tool, name)

    def bind(self, arguments: JsonObject) -> dict[str, Any]:
        """See `ToolCode.bind`; the arguments are held against the real schema, then kept whole."""
        self._tool.bind(arguments)
        return {"arguments": arguments}

    async def _run(self, arguments: JsonObject) -> Json:
        name = self._names[0]
        found = (self._tape.next([name, arguments]) for name in self._names)
        take = next((take for take in found if take is not None), None)
        if take is None:
            raise NotRecorded(
                f"Tool {name!r} is called with {arguments!r:.300}, and the cassette has no result "
                "of that. Record the session again, or play it with replay='model'.",
                code="not_recorded",
            )
        if take.error:
            raise Fatal(take.error, code="recorded_error")
        return take.value


class CalledTool:
    """A tool of which nothing is known but that it was called. It takes whatever it is given."""

    once = safe = takes_context = False
    attempts_max = timeout_ms = 0
    labels: tuple[str, ...] = ()
    permission = ""
    verify: Function | None = None

    def __init__(self, name: str) -> None:
        self.spec = ToolSpec(name=name, description="", parameters={"type": "object"})
        self.function: Function = self.bind

    def bind(self, arguments: JsonObject) -> dict[str, object]:
        """See `ToolCode.bind`."""
        return dict(arguments)


class RecordedSource:
    """A source whose tools give recorded results: all else is as the real ones have it."""

    def __init__(self, namespace: str, source: ToolSource, tape: Tape) -> None:
        self._namespace, self._source, self._tape = namespace, source, tape
        self._listed: list[ToolCode] = []
        self._recorded: list[ToolCode] = []

    async def tools(self) -> Sequence[ToolCode]:
        """See `ToolSource.tools`."""
        listed = list(await self._source.tools())
        if listed != self._listed:
            self._listed, self._recorded = listed, [self._as_recorded(tool) for tool in listed]
        return self._recorded

    async def close(self) -> None:
        """See `ToolSource.close`."""
        await self._source.close()

    def _as_recorded(self, tool: ToolCode) -> ToolCode:
        name = tool.spec.name
        names = (shown_name(self._namespace, name), tool_id(self._namespace, name))
        recorded: ToolCode = RecordedTool(tool, names, self._tape)
        return recorded


def called_sources(
    refs: Sequence[str], takes: Sequence[Take], *, but: Collection[str]
) -> dict[str, ToolSource]:
    """Return a source for each namespace in `refs`, with the tools that were called of it.

    `but` are names of tools that are code."""
    named = [parts_of(ref) for ref in refs]
    exact = {
        shown_name(*parts): parts
        for ref, parts in zip(refs, named, strict=True)
        if not is_pattern(ref)
    }
    called: dict[str, dict[str, ToolCode]] = {
        namespace: {} for namespace, _ in named if not is_pattern(namespace)
    }
    for take in takes:
        namespace, name = exact.get(take.name, _parts_in(take.name))
        if take.name not in but and any(fits(glob, namespace) for glob, _ in named if namespace):
            called.setdefault(namespace, {}).setdefault(name, CalledTool(name))
    return {namespace: FixedTools(list(tools.values())) for namespace, tools in called.items()}


def _parts_in(name: str) -> tuple[str, str]:
    """Return the namespace and the tool's name in what a model, or a node, called."""
    namespace = namespace_of(name)
    rest = name[len(namespace) :].removeprefix("__").removeprefix(".")
    return namespace, rest


def _encoded(key: Json) -> bytes:
    return msgspec.json.encode(key, order="sorted")
