"""What tools an agent is offered in a turn, and how it finds those that it is not shown."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core import limits
from tenuto.core.agent.messages import Message, ModelRequest, ToolSpec
from tenuto.core.agent.state import Turn
from tenuto.core.agent.tool_names import namespace_of
from tenuto.core.agent.tool_search import FIND_TOOLS, best_of, recalled, summary_of
from tenuto.core.errors import Escalatable, Rejected, Transient
from tenuto.core.session.effects import AskModel
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.tool import Function, ToolCode
from tenuto.runtime.toolbox import Listing, Named, NamedTool, Toolbox

TOOLS_AWAY: Final = "tools_away"
"""Kind of the note that tells which sources a turn had to do without, and why."""

_REASON_CHARS_MAX: Final = 200


def offer(request: ModelRequest, named: Named) -> ModelRequest:
    """Return the request with those tools of its agent whose code is here."""
    if not named.specs:
        return request
    return msgspec.structs.replace(request, tools=request.tools + named.specs)


async def offer_listed(
    toolbox: Toolbox, effect: AskModel, request: ModelRequest, notes: list[Note]
) -> ModelRequest:
    """Return the request with the tools of sources too, and with a word about those that are away.

    Raises:
        Transient: every source is away, and there is no other tool.
        Escalatable: a source or every tool is missing, or two tools have one name.
    """
    agent, offered = effect.agent, request.tools
    patterns = toolbox.named(agent.tools).patterns
    listing = await toolbox.listed(patterns)
    if not offered and not listing.tools:
        _refuse_nothing(agent, listing)
    offered += _shown(listing, patterns, effect.turns.turns)
    _refuse_clashes(agent, offered)
    if listing.away:
        notes.append(Note(TOOLS_AWAY, _reasons(listing)))
    return msgspec.structs.replace(request, tools=offered, messages=_told(request, listing))


def _shown(
    listing: Listing, patterns: Sequence[str], turns: Sequence[Turn]
) -> tuple[ToolSpec, ...]:
    """Return what is shown of the tools of sources: all, or the way to find them and those that
    are in use."""
    tools = listing.tools
    if len(tools) <= limits.TOOLS_SHOWN_MAX:
        return tuple(tool.spec for tool in tools)
    names = {tool.spec.name for tool in tools} | {tool.id for tool in tools}
    in_use = recalled(turns, names, most=limits.TOOLS_SHOWN_MAX)
    shown = [
        tool.spec
        for tool in tools
        if tool.id in patterns or tool.spec.name in in_use or tool.id in in_use
    ]
    return (_find_tools_spec(tools), *shown)


def _find_tools_spec(tools: Sequence[NamedTool]) -> ToolSpec:
    sources = ", ".join(dict.fromkeys(namespace_of(tool.id) for tool in tools))
    return ToolSpec(
        name=FIND_TOOLS,
        description=(
            f"Find tools of: {sources}. You are not shown them all. Those that are found can be "
            "called from your next answer on."
        ),
        parameters={
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "Words for what the tool is to do."}
            },
            "required": ["query"],
            "additionalProperties": False,
        },
    )


def _refuse_nothing(agent: AgentDefinition, listing: Listing) -> None:
    """An agent whose only tools are away would be asked for work that it cannot do."""
    if listing.away:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in _reasons(listing).items())
        wait_ms = max(fault.retry_after_ms for fault in listing.away.values())
        message = f"Agent {agent.name!r} has no tools now: {reasons}"
        raise Transient(message, code="tools_away", retry_after_ms=wait_ms)
    if listing.missing:
        names = ", ".join(map(repr, listing.missing))
        message = f"Agent {agent.name!r} has no tools: its sources have no {names}."
        raise Escalatable(f"{message} Approve to look again.", code="no_such_tool")


def _refuse_clashes(agent: AgentDefinition, offered: Sequence[ToolSpec]) -> None:
    names: set[str] = set()
    for spec in offered:
        if spec.name in names:
            raise Escalatable(
                f"Agent {agent.name!r} has two tools that models know as {spec.name!r}; give one "
                "of them, or its source, another name.",
                code="tool_name_clash",
            )
        names.add(spec.name)


def _reasons(listing: Listing) -> JsonObject:
    """Return why each source is away, in one short line: it may quote whoever did not answer."""
    return {name: _line(str(fault)) for name, fault in listing.away.items()}


def _line(text: str) -> str:
    return " ".join(text.split())[:_REASON_CHARS_MAX]


def _told(request: ModelRequest, listing: Listing) -> tuple[Message, ...]:
    """Say at the end which tools are not there: what came before stays as providers know it."""
    gone = [f"{name}.* ({reason})" for name, reason in _reasons(listing).items()]
    gone += [f"{name} (its source has no such tool)" for name in listing.missing]
    if not gone:
        return request.messages
    text = f"These tools are not there now: {'; '.join(gone)}. Go on without them where you can."
    *before, last = request.messages
    if last.role == "user":
        return (*before, msgspec.structs.replace(last, text=f"{last.text}\n\n{text}"))
    return (*request.messages, Message(role="user", text=text))


class FindTools:
    """The built-in tool that finds tools of sources, for one agent."""

    once = takes_context = False
    safe = True
    attempts_max = timeout_ms = 0
    labels: tuple[str, ...] = ()
    verify: Function | None = None
    permission = ""

    def __init__(self, toolbox: Toolbox, patterns: Sequence[str]) -> None:
        self._toolbox, self._patterns = toolbox, patterns
        self.spec = _find_tools_spec(())
        self.function: Function = self._find

    def bind(self, arguments: JsonObject) -> dict[str, object]:
        """See `ToolCode.bind`."""
        query = arguments.get("query")
        if set(arguments) != {"query"} or not isinstance(query, str) or not query.strip():
            raise Rejected(f"Tool {FIND_TOOLS!r} takes one argument, a text: query.")
        return {"query": query}

    async def _find(self, query: str) -> Json:
        listing = await self._toolbox.listed(self._patterns)
        specs = [tool.spec for tool in listing.tools]
        best = best_of(query, specs, most=limits.TOOLS_FOUND_MAX)
        found: JsonObject = {"tools": [summary_of(spec) for spec in best]}
        if not best:
            sources = ", ".join(dict.fromkeys(namespace_of(tool.id) for tool in listing.tools))
            found["hint"] = (
                f"None of {len(specs)} tools fits ({sources or 'none'}); use other words."
            )
        if listing.away:
            found["away"] = _reasons(listing)
        return found


async def tool_called(toolbox: Toolbox, agent: AgentDefinition, name: str) -> ToolCode:
    """Return the tool that the model of `agent` calls `name`.

    Raises:
        Fatal: the agent has no such tool, in words for the model.
        Transient: the source of that name is away.
    """
    named = toolbox.named(agent.tools)
    tool = named.by_name.get(name)
    if tool is not None:
        return tool
    if name == FIND_TOOLS and named.patterns:
        return FindTools(toolbox, named.patterns)
    return await toolbox.tool_of_source(named, name)
