"""Progress in a terminal: a tree of tasks that moves while the session works."""

from __future__ import annotations

import time
from typing import Final

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

import tenuto
from tenuto.cli.progress.outline import Line, counted, outline
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.moments import duration_text
from tenuto.views.timeline import RowState, Spent, Timeline

_SYMBOLS: Final[dict[RowState, tuple[str, str]]] = {
    "running": ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "cyan"),
    "waiting": ("◷", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("○", "bright_black"),
    "cancelled": ("⊘", "magenta"),
}
_SPIN_MS: Final = 80
_BAR_WIDTH: Final = 24
_BAR_WIDTH_NARROW: Final = 8
_NARROW: Final = 80
"""Below this width the bar gives way to the numbers."""
_WIDTH_MAX: Final = 120
"""Wider, and the times at the right edge are too far from what they belong to."""
_ECHO_WIDTH: Final = 3
"""Left free at the right: the `^C` that a terminal shows must not begin a line of its own, or the
tree would be drawn one line too low."""
_LINES_BESIDES: Final = 4
"""Header, footer, and room for the prompt below."""


class LiveView:
    """Draws to a terminal on stderr. `tick` moves it; nothing is drawn in between."""

    shows_status = True

    def __init__(self, definition: WorkflowDefinition, *, console: Console | None = None) -> None:
        self._timeline = Timeline(definition)
        self._console = console or Console(stderr=True)
        self._closed = False
        self._live = Live(
            console=self._console,
            get_renderable=self.frame,
            auto_refresh=False,
            vertical_overflow="crop",
        )

    def add(self, stored: tenuto.StoredEvent) -> None:
        """Take in an event; what is on the screen changes with the next tick."""
        self._timeline.add(stored.version, stored.event)
        if not self._live.is_started and not self._closed:
            self._live.start()

    def tick(self) -> None:
        """Draw the present moment."""
        if self._live.is_started:
            self._live.refresh()

    def close(self) -> None:
        """Draw the last frame and give the terminal back."""
        self._closed = True
        if self._live.is_started:
            self._live.stop()

    def frame(self) -> RenderableType:
        """Return what the screen shows at this moment."""
        return frame_of(
            self._timeline,
            now_ms=time.time_ns() // 1_000_000,
            lines_max=max(4, self._console.height - _LINES_BESIDES),
            width=min(self._console.width - _ECHO_WIDTH, _WIDTH_MAX),
        )


def frame_of(
    timeline: Timeline, *, now_ms: int, lines_max: int, width: int = _WIDTH_MAX
) -> RenderableType:
    """Return the screen of a session: its tasks as a tree, and what it has used."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.width = width
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, justify="right")
    table.add_row(*_header(timeline, now_ms))
    for line in outline(timeline, now_ms=now_ms, lines_max=lines_max):
        bar_width = _BAR_WIDTH if width >= _NARROW else _BAR_WIDTH_NARROW
        table.add_row(_text(line, now_ms, bar_width), Text(line.time, style="bright_black"))
    used = used_text(timeline.spent)
    if used:
        table.add_row(Text(used, style="bright_black"), "")
    return table


def _header(timeline: Timeline, now_ms: int) -> tuple[Text, Text]:
    header = Text()
    header.append(timeline.workflow, style="bold")
    header.append(f" {timeline.workflow_version}  ", style="bright_black")
    status = "waiting" if timeline.is_waiting and timeline.status == "running" else timeline.status
    header.append(status, style=_STATUS_STYLES.get(status, ""))
    if timeline.reason:
        header.append(f"  {timeline.reason}", style="yellow")
    ended_ms = timeline.ended_ms or now_ms
    took = duration_text(ended_ms - timeline.started_ms) if timeline.started_ms else ""
    return header, Text(took)


_STATUS_STYLES: Final = {
    "running": "cyan",
    "waiting": "yellow",
    "paused": "yellow",
    "completed": "green",
    "failed": "red",
    "cancelled": "magenta",
}


def _text(line: Line, now_ms: int, bar_width: int) -> Text:
    text = Text(line.prefix, style="bright_black")
    if line.state is None:
        text.append(line.label, style="bright_black")
        return text
    symbols, style = _SYMBOLS[line.state]
    text.append(symbols[now_ms // _SPIN_MS % len(symbols)], style=style)
    quiet = line.state in ("skipped", "cancelled")
    text.append(f" {line.label}", style="bright_black" if quiet else "default")
    if line.bar is not None:
        text.append("  ")
        text.append_text(_bar(line.bar, bar_width))
    if line.detail:
        loud = {"failed": "red", "waiting": "yellow"}.get(line.state, "bright_black")
        text.append(f"  {line.detail}", style=loud)
    return text


def _bar(items: tuple[int, int, int], width: int) -> Text:
    """Return a map's progress: what is done, what failed, what is left, and the numbers."""
    done, failed, total = items
    width = width if total else 0
    red = -(-failed * width // total) if total else 0
    green = min(done * width // total, width - red) if total else 0
    bar = Text()
    bar.append("━" * green, style="green")
    bar.append("━" * red, style="red")
    bar.append("━" * (width - green - red), style="bright_black")
    bar.append(f" {done + failed:,}/{total:,}", style="default")
    if failed:
        bar.append(f"  {failed:,} failed", style="red")
    return bar


def used_text(spent: Spent) -> str:
    """Return turns, calls, tokens and money in one line; empty where no agent took a turn."""
    if not spent.turns:
        return ""
    parts = [counted(spent.turns, "turn"), counted(spent.calls, "call")]
    if spent.input_tokens + spent.output_tokens:
        parts.append(f"{spent.input_tokens:,} + {spent.output_tokens:,} tokens")
    if spent.usd:
        parts.append(f"${spent.usd:.4f}")
    return " · ".join(parts)
