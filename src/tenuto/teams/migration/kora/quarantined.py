"""Rows that the mover put aside: that they are missing is expected, and each has to be there."""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration.databases.port import Database, DatabaseError
from tenuto.teams.migration.kora import single
from tenuto.teams.migration.kora.findings import Difference, Found
from tenuto.teams.migration.plan import TablePlan
from tenuto.teams.migration.schema import Scalar

TABLE: Final = "tenuto_quarantine"
KEYS_MAX: Final = 200_000
"""Rows of a table in quarantine whose keys are held in memory at most."""

Key = tuple[str, ...]


class Aside:
    """The rows of one table that are in quarantine."""

    def __init__(self, count: int, keys: dict[Key, str]) -> None:
        self.count = count
        self._reasons = keys
        self._used = 0

    def reason(self, key: dict[str, Scalar], plan: TablePlan) -> str | None:
        """Return why a row with a key of the target was put aside; None: it was not."""
        kinds = {column.name: column.kind for column in plan.columns}
        told = tuple(
            "" if value is None else single.text(value, single.TEXTS[kinds[name]])
            for name, value in key.items()
            if name in kinds
        )
        return self._reasons.get(told)

    def account(self, found: Found, plan: TablePlan, bad: int) -> int:
        """Judge bad rows that are in quarantine as expected; return how many are in none."""
        kept = self.count - found.excused
        for _ in range(1 if min(bad, kept) else 0):
            found.count("expected", min(bad, kept) - 1)
            found.add(
                Difference(
                    what="missing",
                    verdict="expected",
                    table=plan.name,
                    source=min(bad, kept),
                    reason="Rows that do not fit the target are in quarantine, with their values.",
                )
            )
        return max(bad - kept, 0)


NOBODY: Final = Aside(0, {})


def aside(target: Database, plan: TablePlan) -> Aside:
    """Return the rows of a table that are in quarantine in a target."""
    try:
        rows = target.query(
            f"SELECT original, reason FROM {TABLE} WHERE table_name = ?",
            (plan.name,),
            limit=KEYS_MAX,
        ).rows
    except DatabaseError:
        return NOBODY
    columns = {column.name: column for column in plan.columns}
    key_columns = [columns[name] for name in plan.key]
    keys: dict[Key, str] = {}
    for original, reason in rows:
        values = msgspec.json.decode(str(original), type=dict[str, object])
        # Rows that gave way to a constraint are kept as the target had them.
        key = tuple(
            _text(values.get(str(column.source), values.get(column.name)), column.kind)
            for column in key_columns
        )
        keys[key] = str(reason)
    return Aside(len(rows), keys)


def _text(value: object, kind: str) -> str:
    if isinstance(value, list) and len(value) == 2:
        value = value[1]
    return "" if value is None else single.text(value, single.TEXTS[kind])  # type: ignore[index]  # a kind
