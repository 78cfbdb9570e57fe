"""Event store, artifacts, mailbox, memory, ledger in one SQLite file; may import core and ports."""

from tenuto.adapters.sqlite.artifacts import SqliteArtifacts
from tenuto.adapters.sqlite.ledger import SqliteLedger
from tenuto.adapters.sqlite.mailbox import SqliteMailbox
from tenuto.adapters.sqlite.memory import SqliteMemory
from tenuto.adapters.sqlite.store import SqliteEventStore

__all__ = ["SqliteArtifacts", "SqliteEventStore", "SqliteLedger", "SqliteMailbox", "SqliteMemory"]
