"""How a session stands when nothing goes on by itself any more: exit code, words, output."""

import sys

from tenuto.cli import exit_codes
from tenuto.cli.printing import say, show, show_json, status_text
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.event_json import plain_json
from tenuto.views.moments import duration_text, moment_text
from tenuto.views.waiting import Wait, why_waiting


def status_of(state: SessionState, waits: tuple[Wait, ...]) -> str:
    """Return the status as people know it."""
    if state.phase in ("completed", "failed", "cancelled", "paused"):
        return state.phase
    return "waiting" if waits else "running"


def exit_code_of(status: str) -> int:
    """Return the exit code of a session that was attended until it had this status."""
    return {
        "completed": exit_codes.COMPLETED,
        "failed": exit_codes.FAILED,
        "cancelled": exit_codes.CANCELLED,
    }.get(status, exit_codes.WAITING)


def tell_outcome(
    state: SessionState,
    definition: WorkflowDefinition,
    *,
    as_json: bool = False,
    status_shown: bool = False,
) -> int:
    """Print how the session stands, its output on stdout, and return the exit code."""
    waits = why_waiting(state, definition)
    status = status_of(state, waits)
    code = exit_code_of(status)
    if as_json:
        show_json(_outcome_json(state, waits, status=status, code=code), indent=False)
        return code
    took = duration_text(state.updated_ms - state.started_ms)
    match status:
        case "completed":
            if not status_shown:
                say(f"{status_text(status)} in {took}")
            show_output(state.output)
        case "failed":
            assert state.failure is not None, "a failed session says why"
            say(f"{status_text(status)} in {took} ({state.failure.code}): {state.failure.message}")
            say(f"Look inside: tenuto show {state.session}")
        case "cancelled":
            say(f"{status_text(status)}: {state.pause_reason or 'no reason given'}")
        case _:
            _show_report(state)
            tell_waits(waits)
    return code


def _show_report(state: SessionState) -> None:
    """Print the report that a node of the session has made; who is asked about it wants to read."""
    reports = [
        output
        for output in state.outputs.values()
        if isinstance(output, dict) and isinstance(output.get("report"), str)
    ]
    if reports:
        show_output(reports[-1])


def tell_waits(waits: tuple[Wait, ...]) -> None:
    """Print what a session waits for, and what ends each wait."""
    for wait in waits:
        say(f"{status_text('waiting')}: {wait.reason} (for {wait.owner}{until_text(wait)})")
        for command in wait.commands:
            say(f"  {command}")


def until_text(wait: Wait) -> str:
    """Return until when a wait lasts and what follows then, to stand after who it is for."""
    if not wait.until_ms:
        return ""
    return f", until {moment_text(wait.until_ms)}" + (f", then {wait.then}" if wait.then else "")


def show_output(output: Json) -> None:
    """Print an output: a report as Markdown (rendered in a terminal), anything else as JSON."""
    report = output.get("report") if isinstance(output, dict) else None
    if not isinstance(report, str):
        show_json(output)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(report))
    else:
        show(report.rstrip("\n"))


def _outcome_json(
    state: SessionState, waits: tuple[Wait, ...], *, status: str, code: int
) -> dict[str, object]:
    return {
        "type": "Outcome",
        "session": state.session,
        "workflow": state.workflow,
        "status": status,
        "version": state.version,
        "output": state.output,
        "failure": plain_json(state.failure),
        "waits": [plain_json(wait) for wait in waits],
        "exit_code": code,
    }
