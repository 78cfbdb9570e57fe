"""Finds the tools that an agent or a node names: code of this process, or tools of its sources.

Sources are asked when a turn or a call is made, and never when a log is read again: what a model
was shown is not on record, what it answered is.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tenuto.core.agent.messages import ToolSpec
from tenuto.core.agent.policy import fits
from tenuto.core.agent.tool_names import (
    is_named,
    is_of_a_source,
    is_pattern,
    namespace_of,
    parts_of,
    shown_name,
    tool_id,
)
from tenuto.core.errors import Escalatable, Fatal, Transient
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.tool import ToolCode
from tenuto.runtime.code import Code
from tenuto.runtime.failures import TRANSIENT

LISTING_SECONDS_MAX: Final = 30.0
"""A source that does not list its tools within this time is away."""

_NAMES_TOLD_MAX: Final = 40
_CHOSEN_MAX: Final = 1_000
"""Choices of each sort that are kept; there are as many as agents name tools in different ways."""


class NamedTool:
    """A tool of a source, with its id, under the name that models see."""

    def __init__(self, tool: ToolCode, namespace: str) -> None:
        self.name = tool.spec.name
        self.id = tool_id(namespace, self.name)
        self.spec = msgspec.structs.replace(tool.spec, name=shown_name(namespace, self.name))
        self.function, self.verify = tool.function, tool.verify
        self.once, self.safe, self.labels = tool.once, tool.safe, tool.labels
        self.attempts_max, self.timeout_ms = tool.attempts_max, tool.timeout_ms
        self.takes_context, self.permission = tool.takes_context, tool.permission
        self._tool = tool

    def bind(self, arguments: JsonObject) -> dict[str, object]:
        """See `ToolCode.bind`."""
        return self._tool.bind(arguments)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What refs name: tools whose code is here, and tools of sources."""

    tools: tuple[ToolCode, ...]
    specs: tuple[ToolSpec, ...]
    """Of those tools, in their order."""
    by_name: dict[str, ToolCode]
    """Of two that models know by one name the first."""
    patterns: tuple[str, ...]
    """The refs that name tools of sources."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What sources have of the tools that somebody names."""

    tools: tuple[NamedTool, ...]
    away: dict[str, Transient]
    """Namespaces whose sources cannot be asked now, and why."""
    missing: tuple[str, ...]
    """Ids that were named, of sources that have no such tool."""


Found: TypeAlias = dict[str, tuple[NamedTool, ...] | Transient]
"""What each source lists, or why it is away."""


class Toolbox:
    """All tools that this process can come by."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._known: dict[str, tuple[list[ToolCode], tuple[NamedTool, ...]]] = {}
        """What each source listed last, so that what did not change is not named again."""
        self._chosen: dict[tuple[str, ...], tuple[Found, Listing]] = {}
        """What patterns chose of that, so that it is not chosen again."""
        self._named: dict[tuple[str, ...], Named] = {}
        """What refs name, by the code of edition `_edition`."""
        self._edition = code.edition

    def named(self, refs: Sequence[str]) -> Named:
        """Return the tools whose code is here, and the refs that name tools of sources.

        Raises:
            CodeNotFound: this process does not have the code that a ref names.
        """
        key = tuple(refs)
        known = self._named.get(key) if self._edition == self._code.edition else None
        if known is not None:
            return known
        tools, patterns = self._split(refs)
        by_name: dict[str, ToolCode] = {}
        for tool in tools:
            by_name.setdefault(tool.spec.name, tool)
        specs = tuple(tool.spec for tool in tools)
        named = Named(tools=tuple(tools), specs=specs, by_name=by_name, patterns=tuple(patterns))
        if self._edition != self._code.edition or len(self._named) == _CHOSEN_MAX:
            self._named.clear()
        # Looking for the code may have made a new edition of it.
        self._edition = self._code.edition
        self._named[key] = named
        return named

    def _split(self, refs: Sequence[str]) -> tuple[list[ToolCode], list[str]]:
        tools: list[ToolCode] = []
        patterns: list[str] = []
        for ref in refs:
            if is_of_a_source(ref) and not self._code.has_tool(ref):
                patterns.append(ref)
            else:
                tools.append(self._code.tool(ref))
        return tools, patterns

    async def listed(self, patterns: Sequence[str]) -> Listing:
        """Return the tools of sources that `patterns` name, in the order of sources and tools.

        Raises:
            Escalatable: this process has no such source, or a source wants a person. And what else
                a source raises that is no fault of the moment.
        """
        wanted = self._wanted(patterns)
        found = await self._asked(tuple(wanted))
        key = tuple(patterns)
        known = self._chosen.get(key)
        if known is not None and known[0] == found:
            return known[1]
        listing = _chosen(patterns, wanted, found)
        if not listing.away:
            if len(self._chosen) == _CHOSEN_MAX:
                self._chosen.clear()
            self._chosen[key] = found, listing
        return listing

    async def tool_of_node(self, ref: str) -> ToolCode:
        """Return the tool that a node names.

        Raises:
            Escalatable: there is no such tool, source or code here.
            Transient: its source is away.
        """
        if not is_of_a_source(ref) or self._code.has_tool(ref):
            return self._code.tool(ref)
        listing = await self.listed((ref,))
        for fault in listing.away.values():
            raise fault
        if not listing.tools:
            namespace, _ = parts_of(ref)
            everything = await self.listed((f"{namespace}.*",))
            known = _told([tool.id for tool in everything.tools])
            message = f"There is no tool {ref!r} now; {namespace!r} has: {known}."
            raise Escalatable(f"{message} Approve to look again.", code="no_such_tool")
        return listing.tools[0]

    async def tool_of_source(self, named: Named, name: str) -> ToolCode:
        """Return the tool of a source that an agent's model calls `name`: as it was shown, or by
        its id. `named` is what the agent's refs name.

        Raises:
            Fatal: the agent has no such tool, in words for the model.
            Transient: the source of that name is away.
        """
        namespace, patterns = namespace_of(name), named.patterns
        near = tuple(ref for ref in patterns if namespace and fits(parts_of(ref)[0], namespace))
        if near and namespace in self._code.sources:
            found = await self._asked((namespace,))
            listed = found[namespace]
            if isinstance(listed, Transient):
                raise listed
            for found_tool in listed:
                is_meant = name in (found_tool.spec.name, found_tool.id)
                if is_meant and any(is_named(ref, namespace, found_tool.name) for ref in near):
                    return found_tool
        names = [spec.name for spec in named.specs]
        if patterns:
            names += [found_tool.spec.name for found_tool in (await self.listed(patterns)).tools]
        raise Fatal(
            f"There is no tool {name!r}; the tools are: {_told(names)}.", code="no_such_tool"
        )

    def _wanted(self, patterns: Sequence[str]) -> dict[str, list[str]]:
        """Return the sources that `patterns` name, each with patterns of its tools' names."""
        sources = self._code.sources
        wanted: dict[str, list[str]] = {}
        for ref in patterns:
            namespace, glob = parts_of(ref)
            if not is_pattern(namespace) and namespace not in sources:
                known = ", ".join(sources) or "none"
                raise Escalatable(
                    f"There is no source of tools {namespace!r}, which {ref!r} names; this process "
                    f"has the tool sources: {known}. Give tenuto.open(tools={{…}}), or --tools on "
                    "the command line; then approve to try again.",
                    code="no_such_tool_source",
                )
            for name in sources:
                if fits(namespace, name):
                    wanted.setdefault(name, []).append(glob)
        return wanted

    async def _asked(self, namespaces: Sequence[str]) -> Found:
        """Return what each source lists, or why it is away."""
        if len(namespaces) == 1:
            (name,) = namespaces
            return {name: await self._list(name)}
        found: Found = {}
        # All are waited for: one that fails leaves no other at work behind it.
        listed = await asyncio.gather(*map(self._list, namespaces), return_exceptions=True)
        for name, outcome in zip(namespaces, listed, strict=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Transient):
                raise outcome
            found[name] = outcome
        return found

    async def _list(self, namespace: str) -> tuple[NamedTool, ...] | Transient:
        try:
            async with asyncio.timeout(LISTING_SECONDS_MAX):
                listed = list(await self._code.sources[namespace].tools())
        except Transient as fault:
            return fault
        except TRANSIENT as error:
            reason = str(error) or "it took too long"
            return Transient(f"The tools of {namespace!r} cannot be listed: {reason}.", code="away")
        known = self._known.get(namespace)
        if known is None or known[0] != listed:
            known = listed, tuple(NamedTool(tool, namespace) for tool in listed)
            self._known[namespace] = known
        return known[1]


def _chosen(patterns: Sequence[str], wanted: Mapping[str, Sequence[str]], found: Found) -> Listing:
    """Return what `patterns`, as `wanted` of each source, choose of what was found."""
    away = {name: fault for name, fault in found.items() if isinstance(fault, Transient)}
    tools = tuple(
        tool
        for name, listed in found.items()
        if not isinstance(listed, Transient)
        for tool in listed
        if any(fits(glob, tool.name) for glob in wanted[name])
    )
    ids = {tool.id for tool in tools}
    missing = tuple(
        ref
        for ref in patterns
        if not is_pattern(ref) and ref not in ids and parts_of(ref)[0] not in away
    )
    return Listing(tools=tools, away=away, missing=missing)


def _told(names: Sequence[str]) -> str:
    """Return names for a message, not too many."""
    told = ", ".join(repr(name) for name in names[:_NAMES_TOLD_MAX]) or "none"
    more = len(names) - _NAMES_TOLD_MAX
    return f"{told} and {more} more" if more > 0 else told
