"""Memory, in tables of its own that are made when something is kept."""

from tenuto.adapters.tables.memory.memory import TableMemory

__all__ = ["TableMemory"]
