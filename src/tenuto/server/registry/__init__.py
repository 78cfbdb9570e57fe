"""Workflows and agents that organisations keep: versioned records of the ledger, and what may be in
them."""
