"""Document collections on SQLite FTS5; may import ports and the core."""

from tenuto.adapters.sqlite_fts.collection import SqliteCollection

__all__ = ["SqliteCollection"]
