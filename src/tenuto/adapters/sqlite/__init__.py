"""Event store, artifacts, mailbox and memory in one SQLite file; may import core, codec, ports."""

from tenuto.adapters.sqlite.artifacts import SqliteArtifacts
from tenuto.adapters.sqlite.mailbox import SqliteMailbox
from tenuto.adapters.sqlite.memory import SqliteMemory
from tenuto.adapters.sqlite.store import SqliteEventStore

__all__ = ["SqliteArtifacts", "SqliteEventStore", "SqliteMailbox", "SqliteMemory"]
