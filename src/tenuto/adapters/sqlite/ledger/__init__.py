"""The ledger in the file of the log, in tables of its own that are made with the first entry."""

from tenuto.adapters.sqlite.ledger.ledger import SqliteLedger

__all__ = ["SqliteLedger"]
