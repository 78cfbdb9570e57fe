"""Whether the ledger, its records and the log of events are as they were written."""
