"""Progress where nobody looks at a terminal: one line for each change that means something.

The same run gives the same lines, but for durations. Of a long map only failures are told one by
one; of the rest, every tenth of it.
"""

from __future__ import annotations

from typing import Final

import msgspec

import tenuto
from tenuto.cli.printing import say
from tenuto.core.session import events as e
from tenuto.core.vocabulary import TaskNo
from tenuto.views.event_lines import SILENT, event_line
from tenuto.views.open_tasks import OpenTasks

ITEMS_TOLD_MAX: Final = 20
"""A map with more items is told in tenths."""
FAILURES_TOLD_MAX: Final = 20


class _LongMap(msgspec.Struct):
    total: int
    done: int = 0
    failed: int = 0
    told: int = 0
    """Tenths that were told."""


class LineView:
    """Prints to stderr. `tasks` are open before the first event that it gets."""

    shows_status = False

    def __init__(self, tasks: OpenTasks) -> None:
        self._tasks = tasks
        self._long: dict[TaskNo, _LongMap] = {}

    def add(self, stored: tenuto.StoredEvent) -> None:
        """Print what an event says, if it is worth a line."""
        event = stored.event
        self._tasks.begin(event)
        if self._is_told(event):
            say(event_line(event, self._tasks))
        self._count(event)
        self._tasks.end(event)

    def tick(self) -> None:
        """Do nothing: lines do not move."""

    def close(self) -> None:
        """Do nothing: every line has been printed."""

    def _is_told(self, event: e.SessionEvent) -> bool:
        if isinstance(event, SILENT):
            return False
        if isinstance(event, e.ChildrenStarted):
            # A turn is told by its answer.
            return event.kind != "model" and self._long_above(event.first) is None
        task = getattr(event, "task", None)
        if task is None:
            return True
        long = self._long_above(task)
        if long is None or task in self._long:
            return True
        return isinstance(event, e.TaskFailed) and long.failed < FAILURES_TOLD_MAX

    def _long_above(self, no: TaskNo) -> _LongMap | None:
        task = self._tasks.get(no)
        while task is not None:
            long = self._long.get(task.no)
            if long is not None:
                return long
            task = self._tasks.get(task.parent)
        return None

    def _count(self, event: e.SessionEvent) -> None:
        match event:
            case e.MapOpened() if event.count > ITEMS_TOLD_MAX:
                self._long[event.task] = _LongMap(event.count)
            case e.TaskCompleted() | e.TaskFailed():
                self._long.pop(event.task, None)
                parent = self._tasks[event.task].parent
                long = self._long.get(parent)
                if long is not None:
                    long.done += isinstance(event, e.TaskCompleted)
                    long.failed += isinstance(event, e.TaskFailed)
                    self._tell_tenth(parent, long)

    def _tell_tenth(self, task: TaskNo, long: _LongMap) -> None:
        settled = long.done + long.failed
        tenth = settled * 10 // long.total
        if tenth > long.told:
            long.told = tenth
            failed = f", {long.failed:,} failed" if long.failed else ""
            say(f"{self._tasks.path(task)}: {settled:,} of {long.total:,} items{failed}")
