"""What a plan's changes make of a column's values, a whole array at once.

Each change gives values and the places of those that it cannot change; these become null, and
their rows bad rows. Nothing is coerced in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.moving.kinds import Found
from tenuto.teams.migration.plan import Change

Changing = Callable[[pa.Array, Change], Found]


def trim(array: pa.Array, change: Change) -> Found:
    """Without white space at both ends."""
    return pc.utf8_trim_whitespace(array), ()


CHANGES: Final[dict[str, tuple[Changing, str]]] = {
    "trim": (trim, "is no text"),
}
"""Name to what it does, and why it refuses a value."""
