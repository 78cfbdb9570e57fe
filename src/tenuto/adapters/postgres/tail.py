"""What was written to a schema's log since the last look, by whichever process.

What members tell one another of the log is lost when the teller is killed between its commit and
the telling, or when its line breaks; who looks at the log's end misses nothing for long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tenuto.adapters.tables.connection import Connection
from tenuto.core.vocabulary import SessionId

NAMED_MAX: Final = 2_000
"""Positions between two looks beyond which it is not said whose they are."""
_END: Final = "SELECT position FROM log"
_WRITTEN: Final = """
    SELECT s.id, max(c.version) FROM commits AS c JOIN sessions AS s ON s.number = c.session
    WHERE c.position > ? AND c.position <= ? GROUP BY s.id"""


class Tail:
    """The log's end, as one reader has seen it. Blocks."""

    def __init__(self) -> None:
        self.position = 0

    def begin(self, connection: Connection) -> None:
        """Look from here on."""
        self.position = _end(connection)

    def look(self, connection: Connection) -> Mapping[SessionId, int] | None:
        """Return the newest versions of the sessions that were written since the last look; None:
        of too many. `position` is the log's end then."""
        before, end = self.position, _end(connection)
        self.position = end
        if end == before:
            return {}
        if end - before > NAMED_MAX:
            return None
        rows = connection.execute(_WRITTEN, (before, end))
        return {SessionId(id): version for id, version in rows}


def _end(connection: Connection) -> int:
    ((position,),) = connection.execute(_END).fetchall()
    return int(position)
