"""Tools for all sessions: how one stands, its result, a signal, a decision."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import mcp_types as types
import msgspec
from mcp.server import ServerRequestContext

from tenuto.core.vocabulary import Json
from tenuto.server.mcp.telling import told, wait_lines
from tenuto.server.mcp.visits import BY, Visits
from tenuto.views.waiting import why_waiting


class Which(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `session_status`."""

    session: str


class Awaited(Which, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `session_result`."""

    wait_seconds: float | None = None


class Signal(Which, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `session_signal`."""

    name: str
    data: Json = None


class Decision(Which, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `session_approve`."""

    approved: bool = True
    task: int = 0
    note: str = ""
    data: Json = None


Work: TypeAlias = Callable[
    [Visits, ServerRequestContext[Any], dict[str, Any]],
    Awaitable[types.CallToolResult | types.InputRequiredResult],
]


async def _status(
    visits: Visits, context: ServerRequestContext[Any], arguments: dict[str, Any]
) -> types.CallToolResult:
    asked = msgspec.convert(arguments, Which)
    return await _standing(visits, asked.session)


async def _result(
    visits: Visits, context: ServerRequestContext[Any], arguments: dict[str, Any]
) -> types.CallToolResult | types.InputRequiredResult:
    asked = msgspec.convert(arguments, Awaited)
    session, _ = await visits.find(asked.session)
    longest = visits.terms.wait_seconds
    seconds = longest if asked.wait_seconds is None else asked.wait_seconds
    return await visits.look(context, session, min(max(seconds, 0.0), longest))


async def _signal(
    visits: Visits, context: ServerRequestContext[Any], arguments: dict[str, Any]
) -> types.CallToolResult:
    asked = msgspec.convert(arguments, Signal)
    session, _ = await visits.find(asked.session)
    await session.signal(asked.name, asked.data, by=BY)
    return await _standing(visits, asked.session)


async def _approve(
    visits: Visits, context: ServerRequestContext[Any], arguments: dict[str, Any]
) -> types.CallToolResult:
    asked = msgspec.convert(arguments, Decision)
    session, _ = await visits.find(asked.session)
    if asked.approved:
        await session.approve(asked.task, by=BY, note=asked.note, data=asked.data)
    else:
        await session.deny(asked.task, by=BY, note=asked.note)
    return await _standing(visits, asked.session)


async def _standing(visits: Visits, text: str) -> types.CallToolResult:
    session, _ = await visits.find(text)
    state, definition = await session.state(), await session.definition()
    structured = told(state, definition)
    lines = [
        f"Session {state.session} of workflow {state.workflow!r}: {structured['status']}.",
        *wait_lines(why_waiting(state, definition)),
    ]
    if state.failure is not None:
        lines.append(f"{state.failure.code}: {state.failure.message}")
    return types.CallToolResult(
        content=[types.TextContent(text="\n".join(lines))], structured_content=structured
    )


_SESSION: Final = {"type": "string", "description": "The id of the session, as `ses_…`."}
_READS: Final = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
_CHANGES: Final = types.ToolAnnotations(
    read_only_hint=False, destructive_hint=False, open_world_hint=True
)


def _tool(
    name: str, description: str, properties: dict[str, Any], required: list[str]
) -> types.Tool:
    return types.Tool(
        name=name,
        description=description,
        input_schema={
            "type": "object",
            "properties": {"session": _SESSION, **properties},
            "required": ["session", *required],
            "additionalProperties": False,
        },
        annotations=_READS if name in ("session_status", "session_result") else _CHANGES,
    )


_TOOLS: Final[tuple[tuple[types.Tool, Work], ...]] = (
    (
        _tool(
            "session_status",
            "Tell how a session stands: its status and what it waits for.",
            {},
            [],
        ),
        _status,
    ),
    (
        _tool(
            "session_result",
            "Give the output of a session once it has ended; wait for that a while.",
            {
                "wait_seconds": {
                    "type": "number",
                    "minimum": 0,
                    "description": "How long to wait; as long as the server allows by default.",
                }
            },
            [],
        ),
        _result,
    ),
    (
        _tool(
            "session_signal",
            "Send a signal to a session that waits for it, or will.",
            {
                "name": {"type": "string", "description": "The signal that the session wants."},
                "data": {"description": "What it carries: any JSON."},
            },
            ["name"],
        ),
        _signal,
    ),
)

_APPROVE: Final[tuple[types.Tool, Work]] = (
    _tool(
        "session_approve",
        "Decide what a session asks a person about. Only with a person's word for this very case.",
        {
            "approved": {"type": "boolean", "default": True, "description": "False: deny."},
            "task": {"type": "integer", "minimum": 0, "description": "Where several wait: which."},
            "note": {"type": "string", "description": "Why, for the record."},
            "data": {"description": "Goes into the approval's output: any JSON."},
        },
        [],
    ),
    _approve,
)


def session_tools(*, approvals: bool) -> dict[str, tuple[types.Tool, Work]]:
    """Return each tool for sessions, and what carries it out.

    The work raises `msgspec.ValidationError` for arguments that do not fit, and `TenutoError`."""
    tools = (*_TOOLS, _APPROVE) if approvals else _TOOLS
    return {tool.name: (tool, work) for tool, work in tools}
