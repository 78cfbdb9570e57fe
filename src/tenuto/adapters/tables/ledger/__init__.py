"""The ledger, in tables of its own that are made with the first entry."""

from tenuto.adapters.tables.ledger.ledger import TableLedger

__all__ = ["TableLedger"]
