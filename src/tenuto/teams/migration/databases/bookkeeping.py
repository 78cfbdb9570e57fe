"""The tables that a migration keeps in its target beside what it moves."""

from typing import Final

TAKEN_BACK: Final = "tenuto_taken_back"
"""Rows that were in quarantine when their migration was taken back: what is left of that one."""
KEYS: Final = "tenuto_keys"
"""Foreign keys of tables that were there before, which are put back when all rows are there."""
BOOKKEEPING: Final = frozenset(
    {
        "tenuto_checkpoints",
        "tenuto_quarantine",
        "tenuto_expected",
        "tenuto_made",
        TAKEN_BACK,
        KEYS,
        "tenuto_plan",
    }
)
"""Who moves such a target on does not move them."""
