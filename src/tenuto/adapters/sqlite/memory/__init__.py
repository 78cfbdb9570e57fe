"""Memory in the file of the log, in tables of its own that are made when something is kept."""

from tenuto.adapters.sqlite.memory.memory import SqliteMemory

__all__ = ["SqliteMemory"]
