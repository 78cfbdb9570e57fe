"""Webhooks out: what happens in sessions is told to other programs, signed, until they take it."""
