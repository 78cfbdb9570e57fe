"""One step on the target's shape."""

from typing import Literal

import msgspec

What = Literal["table", "index", "unique", "foreign key", "check", "sequence", "view", "collation"]


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """SQL of the target that makes one thing, and may be run again: what is there stays."""

    what: What
    name: str
    """Of what it makes."""
    table: str
    """In the target; of a view, its own name; of a counter of no column, empty."""
    sql: str
    undo: str
    """What takes it away again; empty: nothing is to be undone."""
    unless: str | None = None
    """A query: when it gives a row, this is done already, and `sql` is not to be run."""
