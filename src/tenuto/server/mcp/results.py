"""How a session stands, as the result of a call."""

from typing import Any, Final

import mcp_types as types
from pydantic import TypeAdapter, ValidationError

from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.server.mcp.telling import (
    failure_text,
    output_text,
    status_of,
    told,
    wait_lines,
)
from tenuto.views.waiting import why_waiting

_BLOCKS: Final[TypeAdapter[list[types.ContentBlock]]] = TypeAdapter(list[types.ContentBlock])


def refused(message: str) -> types.CallToolResult:
    """Return that nothing was done, and why: for the model to mend."""
    return types.CallToolResult(content=[types.TextContent(text=message)], is_error=True)


def outcome(
    state: SessionState, definition: WorkflowDefinition, *, waited: float
) -> types.CallToolResult:
    """Return the result of a call that stayed with a session for up to `waited` seconds.

    Completed: the output. Failed or cancelled: an error with its reason. Anything else: that it
    goes on, with what it waits for."""
    if state.phase == "completed":
        return _completed(state)
    waits = why_waiting(state, definition)
    status = status_of(state, waits)
    structured = told(state, definition)
    if state.phase in ("failed", "cancelled"):
        text = failure_text(state)
    else:
        text = "\n".join(_open_lines(state, definition, status=status, waited=waited))
    return types.CallToolResult(
        content=[types.TextContent(text=text)],
        structured_content=structured,
        is_error=state.phase in ("failed", "cancelled"),
        _meta=_marks(state, status),
    )


def _completed(state: SessionState) -> types.CallToolResult:
    marks = _marks(state, "completed")
    blocks = content_blocks(state.output)
    if blocks is not None:
        return types.CallToolResult(content=blocks, _meta=marks)
    output = state.output
    return types.CallToolResult(
        content=[types.TextContent(text=output_text(state))],
        structured_content=output if isinstance(output, dict) else {"output": output},
        _meta=marks,
    )


def content_blocks(output: Json) -> list[types.ContentBlock] | None:
    """Return the blocks of an output `{"content": [block, …]}` as MCP has them, else None."""
    if not isinstance(output, dict) or output.keys() != {"content"} or not output["content"]:
        return None
    try:
        return _BLOCKS.validate_python(output["content"], by_name=False)
    except ValidationError:
        return None


def _open_lines(
    state: SessionState, definition: WorkflowDefinition, *, status: str, waited: float
) -> list[str]:
    waits = why_waiting(state, definition)
    session = f"Session {state.session} of workflow {state.workflow!r}"
    if status == "running":
        lines = [f"{session} is still at work after {waited:g} s."]
    elif status == "paused":
        lines = [f"{session} is paused:"]
    else:
        lines = [f"{session} has not ended; it waits:"]
    lines += wait_lines(waits)
    lines.append(
        "It is durable: nothing is lost and nothing need be called again. "
        f'Its output is given by session_result(session="{state.session}") once it has ended.'
    )
    return lines


def _marks(state: SessionState, status: str) -> dict[str, Any]:
    return {"tenuto/session": state.session, "tenuto/status": status}
