"""Progress for programs: each event as one line of JSON on stdout."""

from __future__ import annotations

import tenuto
from tenuto.cli.printing import show_json
from tenuto.views.event_json import event_json
from tenuto.views.open_tasks import OpenTasks


class JsonView:
    """Prints to stdout. `tasks` are open before the first event that it gets."""

    shows_status = True

    def __init__(self, tasks: OpenTasks) -> None:
        self._tasks = tasks

    def add(self, stored: tenuto.StoredEvent) -> None:
        """Print an event."""
        self._tasks.begin(stored.event)
        told = event_json(
            stored.event, version=stored.version, position=stored.position, tasks=self._tasks
        )
        show_json(told, indent=False)
        self._tasks.end(stored.event)

    def tick(self) -> None:
        """Do nothing: only events are told."""

    def close(self) -> None:
        """Do nothing: every event has been printed."""
