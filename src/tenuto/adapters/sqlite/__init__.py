"""Event store, artifacts and mailbox in one SQLite file; may import core, codec and ports."""

from tenuto.adapters.sqlite.artifacts import SqliteArtifacts
from tenuto.adapters.sqlite.mailbox import SqliteMailbox
from tenuto.adapters.sqlite.store import SqliteEventStore

__all__ = ["SqliteArtifacts", "SqliteEventStore", "SqliteMailbox"]
