"""How a session stands, as JSON and in words for a model that reads it."""

from typing import Final

import msgspec

from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.event_json import plain_json
from tenuto.views.excerpts import excerpt
from tenuto.views.moments import moment_text
from tenuto.views.waiting import Wait, why_waiting

TEXT_CHARS_MAX: Final = 64 * 1024
"""A longer text is cut where it is meant for a model to read; programs get the whole output."""
_BEGINNING_CHARS: Final = 2_000


def status_of(state: SessionState, waits: tuple[Wait, ...]) -> str:
    """Return the status as people know it."""
    if state.phase in ("completed", "failed", "cancelled", "paused"):
        return state.phase
    return "waiting" if waits else "running"


def told(state: SessionState, definition: WorkflowDefinition) -> JsonObject:
    """Return how a session stands, without its output."""
    waits = why_waiting(state, definition)
    return {
        "session": state.session,
        "workflow": state.workflow,
        "workflow_version": state.workflow_version,
        "status": status_of(state, waits),
        "events": state.version,
        "started": moment_text(state.started_ms),
        "updated": moment_text(state.updated_ms),
        "waits": [_told_wait(wait) for wait in waits],
        "failure": plain_json(state.failure),
    }


def _told_wait(wait: Wait) -> JsonObject:
    return {
        "reason": wait.reason,
        "for": wait.owner,
        "by": wait.by,
        "task": wait.task,
        "until": moment_text(wait.until_ms) if wait.until_ms else None,
        "commands": list(wait.commands),
    }


def wait_lines(waits: tuple[Wait, ...]) -> list[str]:
    """Return a line for each wait: why, for whom, until when, and the command that ends it."""
    lines: list[str] = []
    for wait in waits:
        until = f", until {moment_text(wait.until_ms)}" if wait.until_ms else ""
        command = f"; command: {wait.commands[0]}" if wait.commands else ""
        lines.append(f"- {wait.reason} (for {wait.owner}{until}{command})")
    return lines


def output_text(state: SessionState) -> str:
    """Return an output for reading: a text or a text `report` as it stands, else JSON.

    Of a very long one only the beginning, with the address of the whole."""
    text = _whole_text(state.output)
    if len(text) <= TEXT_CHARS_MAX:
        return text
    return (
        f"The output has {len(text):,} characters and begins:\n\n{text[:_BEGINNING_CHARS]}\n\n"
        f"The whole is the structured content of this result, and resource "
        f"{session_uri(state.session)}."
    )


def _whole_text(output: Json) -> str:
    report = output.get("report") if isinstance(output, dict) else None
    if isinstance(report, str):
        return report
    return output if isinstance(output, str) else msgspec.json.encode(output).decode()


def session_uri(session: str) -> str:
    """Return the address of a session as a resource."""
    return f"tenuto://sessions/{session}"


def failure_text(state: SessionState) -> str:
    """Return why a session failed or was cancelled."""
    if state.phase == "cancelled":
        reason = state.pause_reason or "no reason given"
        return f"Session {state.session} was cancelled: {excerpt(reason, 500)}"
    assert state.failure is not None, "a failed session says why"
    return f"Session {state.session} failed ({state.failure.code}): {state.failure.message}"
