"""The tools of a process: those of its code, and those of its sources as they are now."""

import msgspec

from tenuto.core.vocabulary import JsonObject
from tenuto.ports.tool import ToolCode
from tenuto.runtime.code import Code
from tenuto.runtime.toolbox import Toolbox


class ToolFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A tool, as definitions name it and models see it."""

    id: str
    name: str
    source: str
    """Namespace of the source that it is from; empty: code of this process."""
    description: str
    parameters: JsonObject
    permission: str
    labels: tuple[str, ...]
    once: bool
    safe: bool


class ToolList(msgspec.Struct, frozen=True, kw_only=True):
    """Tools by id, and which sources cannot be asked now."""

    tools: tuple[ToolFacts, ...]
    away: dict[str, str]
    """Namespace to why."""


async def list_tools(code: Code) -> ToolList:
    """Return what agents and nodes of this process can name.

    Raises:
        Escalatable: a source needs a person before it lists its tools.
    """
    found = [_facts(ref, tool, "") for ref, tool in code.tools().items()]
    away: dict[str, str] = {}
    if code.sources:
        listing = await Toolbox(code).listed([f"{name}.*" for name in code.sources])
        for tool in listing.tools:
            found.append(_facts(tool.id, tool, tool.id.partition(".")[0]))
        away = {name: str(fault) for name, fault in listing.away.items()}
    found.sort(key=lambda facts: (facts.source, facts.id))
    return ToolList(tools=tuple(found), away=away)


def _facts(id: str, tool: ToolCode, source: str) -> ToolFacts:
    return ToolFacts(
        id=id,
        name=tool.spec.name,
        source=source,
        description=tool.spec.description,
        parameters=tool.spec.parameters,
        permission=tool.permission,
        labels=tool.labels,
        once=tool.once,
        safe=tool.safe,
    )
