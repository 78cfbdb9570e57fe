"""The tasks of a session as the lines of a tree, cut to what fits.

What is open and what failed is shown first; what is settled folds away.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.views.moments import duration_text
from tenuto.views.timeline import Row, RowState, Timeline


class Line(msgspec.Struct, kw_only=True):
    """One line: `prefix` draws the tree; `state` is None where the line only counts others."""

    prefix: str = ""
    state: RowState | None
    label: str
    detail: str = ""
    bar: tuple[int, int, int] | None = None
    """Of a map: items done, failed, and in all."""
    time: str = ""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines of each kind may be shown."""

    settled: int
    """Settled tasks at the top."""
    items: int
    """Open items of a map."""
    failed: int
    """Failed items of a map."""
    turns: int
    """Turns and calls of an agent at work; settled agents show none."""
    every: bool = False
    """Show settled tasks below others, too."""


ALL: Final = Room(settled=1_000_000, items=1_000_000, failed=1_000_000, turns=1_000_000, every=True)
_ROOMS: Final = (
    Room(settled=40, items=8, failed=8, turns=6),
    Room(settled=15, items=4, failed=3, turns=3),
    Room(settled=5, items=2, failed=1, turns=1),
    Room(settled=1, items=1, failed=1, turns=0),
    Room(settled=0, items=0, failed=0, turns=0),
)


def outline(timeline: Timeline, *, now_ms: int, lines_max: int) -> list[Line]:
    """Return the most telling lines, at most `lines_max` of them."""
    lines: list[Line] = []
    for room in _ROOMS:
        lines = lines_in(timeline, room, now_ms=now_ms)
        if len(lines) <= lines_max:
            return lines
    return lines[-lines_max:] if lines_max > 0 else []


def lines_in(timeline: Timeline, room: Room, *, now_ms: int) -> list[Line]:
    """Return the lines that `room` allows; `ALL` allows every row that the timeline keeps."""
    rows = [timeline.rows[no] for no in timeline.top]
    settled = [row for row in rows if row.ended_ms is not None and row.state != "failed"]
    hidden = {row.no for row in settled[: len(settled) - room.settled]}
    count = len(hidden) + timeline.folded
    lines: list[Line] = []
    if count:
        lines.append(Line(state=None, label=f"… {count:,} earlier"))
    shown = [row for row in rows if row.no not in hidden]

    def branch(row: Row, prefix: str, *, last: bool) -> None:
        own = _line(row, now_ms)
        own.prefix = prefix + ("└─ " if last else "├─ ")
        lines.append(own)
        below = prefix + ("   " if last else "│  ")
        children, rest = _children(timeline, row, room)
        for child in children:
            branch(child, below, last=child is children[-1] and not rest)
        if rest:
            lines.append(Line(prefix=below + "└─ ", state=None, label=rest))

    for row in shown:
        branch(row, "", last=row is shown[-1])
    return lines


def _children(timeline: Timeline, row: Row, room: Room) -> tuple[list[Row], str]:
    """Return the rows to show below `row`, and what is said of the others."""
    rows = [timeline.rows[no] for no in row.below]
    if room.every:
        return rows, f"… {row.folded:,} more" if row.folded else ""
    if row.kind in ("map", "loop"):
        return _items(row, rows, room)
    if row.ended_ms is not None:
        return [], ""
    return rows[-room.turns :] if room.turns else [], ""


def _items(row: Row, rows: Sequence[Row], room: Room) -> tuple[list[Row], str]:
    failed = [child for child in rows if child.state == "failed"][: room.failed]
    running = [child for child in rows if child.ended_ms is None]
    # Waiting items are what somebody may have to act on.
    running.sort(key=lambda child: child.state != "waiting")
    shown = sorted([*failed, *running[: room.items]], key=lambda child: child.no)
    more = len(running) - min(room.items, len(running))
    return shown, f"… {more:,} more at work" if more and shown else ""


def _line(row: Row, now_ms: int) -> Line:
    line = Line(state=row.state, label=row.asked or row.label, detail=_detail(row, now_ms))
    if row.items is not None and row.kind == "map":
        line.bar = (row.items.done, row.items.failed, row.items.total)
    if row.state != "skipped":
        ended_ms = now_ms if row.ended_ms is None else row.ended_ms
        line.time = duration_text(ended_ms - row.started_ms)
        if row.attempts > 1:
            line.time = f"attempt {row.attempts}  {line.time}"
    return line


def _detail(row: Row, now_ms: int) -> str:
    """Return what is most worth saying of a task in its present state."""
    if row.state == "failed" and row.failure is not None:
        return row.failure.message
    if row.state == "waiting":
        left = f" ({duration_text(row.due_ms - now_ms)} left)" if row.due_ms > now_ms else ""
        return f"waits for {row.waiting}{left}"
    if row.spent is not None:
        return _spent(row)
    if row.child is not None:
        return f"session {row.child}"
    if row.kind == "loop" and row.items is not None:
        return counted(row.items.done + row.items.failed, "time")
    return row.result if row.kind in ("model", "tool") and row.asked + row.result else ""


def _spent(row: Row) -> str:
    spent = row.spent
    assert spent is not None, "an agent's row counts what it uses"
    parts = [row.agent] if row.agent not in row.label else []
    if spent.turns:
        parts.append(counted(spent.turns, "turn"))
    if spent.calls:
        parts.append(counted(spent.calls, "call"))
    return " · ".join(parts)


def counted(count: int, word: str) -> str:
    """Return `1 turn`, `2 turns`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
