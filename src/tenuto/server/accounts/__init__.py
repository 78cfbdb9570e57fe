"""Accounts: organisations, users, keys, logins and tokens, kept as records of the ledger."""
