"""What Tenuto keeps, in one SQLite file; may import core and ports."""

from tenuto.adapters.sqlite.artifacts import SqliteArtifacts
from tenuto.adapters.sqlite.mailbox import SqliteMailbox
from tenuto.adapters.sqlite.store import SqliteEventStore

__all__ = ["SqliteArtifacts", "SqliteEventStore", "SqliteMailbox"]
