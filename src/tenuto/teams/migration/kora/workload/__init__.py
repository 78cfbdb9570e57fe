"""Queries that both sides are asked: given and made, translated, and compared."""
