"""The tables that a migration keeps in its target beside what it moves."""

from typing import Final

BOOKKEEPING: Final = frozenset(
    {"tenuto_checkpoints", "tenuto_quarantine", "tenuto_expected", "tenuto_keys", "tenuto_plan"}
)
"""Who moves such a target on does not move them."""
