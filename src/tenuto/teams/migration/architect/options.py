"""What people may ask of a plan."""

from typing import Literal

import msgspec

from tenuto.teams.migration.plan import OnError


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be moved, and how. Tables are named as in the source."""

    tables: tuple[str, ...] = ()
    """Only these; none: all. `*` and `?` stand for any characters, as in names of files."""
    exclude: tuple[str, ...] = ()
    """Not these."""
    where: dict[str, str] = {}
    """Table to a condition in the SQL of the source: only these rows."""
    names: Literal["kept", "lower", "snake"] = "kept"
    """How tables and columns are called in the target; `snake`: `OrderDate` is `order_date`."""
    parallel: int = 2
    rate_limit: int | None = None
    on_error: OnError = "quarantine"
    masks: dict[str, str] = {}
    """Semantic type to what stands in place of its values."""
    threshold: float = 0.8
