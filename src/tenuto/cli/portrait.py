"""One session in full: for people as a page of text, for programs as one JSON object."""

from typing import Final

import click
import msgspec

from tenuto.cli.outcome import status_of, until_text
from tenuto.cli.printing import columns, faint, show, status_text
from tenuto.cli.progress.outline import ALL, Line, lines_in
from tenuto.core.session.state import SessionState
from tenuto.views.cost import Cost, Costs
from tenuto.views.event_json import plain_json
from tenuto.views.excerpts import excerpt
from tenuto.views.moments import duration_text, moment_text
from tenuto.views.timeline import Timeline
from tenuto.views.waiting import Wait

_SYMBOLS: Final = {
    "running": "▶",
    "waiting": "◷",
    "done": "✓",
    "failed": "✗",
    "skipped": "○",
    "cancelled": "⊘",
}
_WIDTH: Final = 100
"""Payloads are cut to this; --json has them whole."""
_LABEL_WIDTH: Final = 50
_DETAIL_WIDTH: Final = 64


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a session at one version."""

    state: SessionState
    timeline: Timeline
    costs: Costs
    waits: tuple[Wait, ...]
    now_ms: int
    is_now: bool
    """It is the newest version, not one of the past."""


def show_portrait(portrait: Portrait) -> None:
    """Print the page."""
    state = portrait.state
    status = status_of(state, portrait.waits)
    show(
        f"{click.style(state.workflow, bold=True)} {state.workflow_version}  {status_text(status)}"
    )
    for line in columns(_facts(portrait)):
        show("  " + line)
    if status == "running" and portrait.is_now:
        show(f"\n  If no process works on it: tenuto resume {state.session}")
    _show_waits(portrait)
    show("\ntasks")
    for line in _task_lines(portrait):
        show("  " + line)
    _show_costs(portrait.costs)
    if state.values:
        show("\nstate")
        for line in columns([(faint(n), excerpt(v, _WIDTH)) for n, v in state.values.items()]):
            show("  " + line)
    if state.output is not None:
        show("\noutput")
        show("  " + excerpt(state.output, 3 * _WIDTH))


def _facts(portrait: Portrait) -> list[tuple[str, str]]:
    state = portrait.state
    ended = portrait.timeline.ended_ms
    took = duration_text((ended or portrait.now_ms) - state.started_ms)
    facts = [
        ("session", state.session),
        ("started", f"{moment_text(state.started_ms)}, {'took' if ended else 'for'} {took}"),
        ("version", f"{state.version:,} events, {state.steps:,} of {state.steps_max:,} steps"),
        ("inputs", excerpt(state.inputs, _WIDTH)),
        ("key", state.key or ""),
        ("user", state.user),
        ("started by", state.parent or ""),
        (
            "forked from",
            f"{state.origin.session} at {state.origin.version}" if state.origin else "",
        ),
        ("failure", f"{state.failure.code}: {state.failure.message}" if state.failure else ""),
        ("reason", state.pause_reason),
    ]
    return [(faint(name), fact) for name, fact in facts if fact]


def _show_waits(portrait: Portrait) -> None:
    if not portrait.waits:
        return
    show("\nwaits")
    for wait in portrait.waits:
        since = duration_text(portrait.now_ms - wait.since_ms)
        show(f"  {click.style('◷', fg='yellow')} {wait.reason}")
        show(f"    {faint(f'for {wait.owner}, since {since}{until_text(wait)}')}")
        for command in wait.commands:
            show(f"    {command}")


def _task_lines(portrait: Portrait) -> list[str]:
    lines = lines_in(portrait.timeline, ALL, now_ms=portrait.now_ms)
    return columns([(_task_text(line), faint(line.time)) for line in lines])


def _task_text(line: Line) -> str:
    text = faint(line.prefix)
    if line.state is None:
        return text + faint(line.label)
    status = {"done": "completed"}.get(line.state, line.state)
    symbol = status_text(status).replace(status, _SYMBOLS[line.state])
    text += f"{symbol} {excerpt(line.label, _LABEL_WIDTH)}"
    if line.bar is not None:
        done, failed, total = line.bar
        text += f"  {done + failed:,}/{total:,}" + (f", {failed:,} failed" if failed else "")
    return text + (f"  {faint(excerpt(line.detail, _DETAIL_WIDTH))}" if line.detail else "")


def _show_costs(costs: Costs) -> None:
    if not costs.agents:
        return
    names: tuple[str, ...] = (
        "agent",
        "tasks",
        "turns",
        "calls",
        "failed",
        "tokens in",
        "tokens out",
        "usd",
    )
    cached = bool(costs.total.cached_turns)
    names += ("from cache", "saved usd") if cached else ()
    rows = [tuple(faint(name) for name in names)]
    rows += [_cost_row(name, cost, cached=cached) for name, cost in costs.agents.items()]
    if len(costs.agents) > 1:
        rows.append(_cost_row("all", costs.total, cached=cached))
    show("\nagents")
    for line in columns(rows):
        show("  " + line)


def _cost_row(name: str, cost: Cost, *, cached: bool) -> tuple[str, ...]:
    counts = (
        cost.tasks,
        cost.turns,
        cost.calls,
        cost.failed_attempts,
        cost.input_tokens,
        cost.output_tokens,
    )
    saved = (f"{cost.cached_turns:,}", f"{cost.saved_usd:.4f}") if cached else ()
    return (name, *(f"{count:,}" for count in counts), f"{cost.usd:.4f}", *saved)


def portrait_json(portrait: Portrait) -> dict[str, object]:
    """Return the same for programs, with payloads whole and every row that is kept."""
    state, timeline = portrait.state, portrait.timeline
    return {
        "session": state.session,
        "workflow": state.workflow,
        "workflow_version": state.workflow_version,
        "status": status_of(state, portrait.waits),
        "phase": state.phase,
        "version": state.version,
        "started": moment_text(state.started_ms),
        "updated": moment_text(state.updated_ms),
        "tenant": state.tenant,
        "user": state.user,
        "key": state.key,
        "parent": state.parent,
        "origin": plain_json(state.origin),
        "steps": state.steps,
        "steps_max": state.steps_max,
        "inputs": state.inputs,
        "state": state.values,
        "output": state.output,
        "failure": plain_json(state.failure),
        "reason": state.pause_reason,
        "waits": [plain_json(wait) for wait in portrait.waits],
        "tasks": [_row_json(row) for row in timeline.rows.values()],
        "folded": timeline.folded,
        "agents": {name: plain_json(cost) for name, cost in portrait.costs.agents.items()},
        "cost": plain_json(portrait.costs.total),
    }


def _row_json(row: msgspec.Struct) -> dict[str, object]:
    return {
        name: plain_json(getattr(row, name)) for name in row.__struct_fields__ if name != "below"
    }
