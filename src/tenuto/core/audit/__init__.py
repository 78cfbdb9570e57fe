"""Rules of the ledger: how its entries are chained."""
