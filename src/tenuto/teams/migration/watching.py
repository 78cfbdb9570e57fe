"""A bar of how far a migration is, drawn while something else goes on."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Final

from tenuto.teams.migration.databases.port import DatabaseError

if TYPE_CHECKING:
    from tenuto.teams.migration.moving.progress import Progress

LOOK_S: Final = 0.5
RECENT_S: Final = 10.0
"""The time over which rows per second are taken."""


class Watch:
    """Draws on stderr, from the beginning to the end of a `with` block, what the target tells."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="migration-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _draw(self) -> None:
        from rich.console import Console
        from rich.live import Live

        pace = Pace()
        with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
            while not self._ended.wait(LOOK_S):
                found = self._look()
                if found:
                    live.update(pace.text(found, time.monotonic()), refresh=True)

    def _look(self) -> list[Progress]:
        from tenuto.teams.migration.databases.addresses import open_database
        from tenuto.teams.migration.moving.progress import so_far

        try:
            with closing(open_database(self._target)) as target:
                return so_far(target)
        except DatabaseError:
            # It is away, or nothing is there yet: the next look may see more.
            return []


class Pace:
    """Rows per second, and how long it will take."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def text(self, found: list[Progress], now_s: float) -> str:
        """Return one line for each table under way, and one for all."""
        done = sum(one.loaded + one.quarantined for one in found)
        expected = max(done, sum(one.expected for one in found))
        self._seen = [(at, rows) for at, rows in self._seen if now_s - at <= RECENT_S]
        self._seen.append((now_s, done))
        (first_s, first), (last_s, last) = self._seen[0], self._seen[-1]
        rate = (last - first) / (last_s - first_s) if last_s > first_s else 0.0
        under_way = [one for one in found if 0 < one.loaded + one.quarantined < one.expected]
        lines = [
            f"{_bar(one.loaded + one.quarantined, one.expected)} {one.table}"
            + (f", {one.quarantined:,} put aside" if one.quarantined else "")
            for one in under_way
        ]
        left = f", {_duration((expected - done) / rate)} left" if rate and done < expected else ""
        total = f"{_bar(done, expected)} {done:,} of {expected:,} rows, {rate:,.0f} rows/s{left}"
        return "\n".join([*lines, total])


def _bar(done: int, expected: int, *, width: int = 24) -> str:
    filled = width if not expected else min(width, done * width // expected)
    return "█" * filled + "░" * (width - filled)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
