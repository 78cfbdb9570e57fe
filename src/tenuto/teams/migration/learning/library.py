"""The library: what migrations contributed, kept where they ran, and what of it was released.

Contributions never leave their file. What agents ask, and what people see, are releases.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tenuto.teams.migration.learning.patterns import Pattern
from tenuto.teams.migration.learning.releasing import DELTA, EPSILON, floor, noisy

BUDGET: Final = 5.0
"""The ε that all releases together may spend on what a tenant contributed."""
VARIABLE: Final = "TENUTO_PATTERNS"

_MADE: Final = """
CREATE TABLE IF NOT EXISTS contributions (
    tenant TEXT NOT NULL, migration TEXT NOT NULL, pattern TEXT NOT NULL,
    PRIMARY KEY (migration, pattern)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (tenant TEXT PRIMARY KEY, epsilon REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS releases (
    id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, epsilon REAL NOT NULL, delta REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS released (
    release INTEGER NOT NULL, pattern TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (release, pattern)
) STRICT, WITHOUT ROWID;
"""


class BudgetSpent(Exception):
    """Nothing more may be released: it would tell too much of every tenant that contributed."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What became known at once."""

    epsilon: float
    delta: float
    floor: int
    """How many migrations must share a pattern, about."""
    counts: dict[str, int]
    """Pattern to the number of migrations, with noise."""
    left_out: int
    """Tenants whose budget is spent: nothing of theirs was counted."""


class Library:
    """One file; several processes may use it."""

    def __init__(self, file: Path | None = None, *, budget: float = BUDGET) -> None:
        """
        Args:
            file: none: `$TENUTO_PATTERNS`, else `tenuto/patterns.db` of the user's data.
            budget: ε for each tenant, for ever.
        """
        self._file = file or default_file()
        self._budget = budget

    def contribute(self, tenant: str, migration: str, patterns: Iterable[Pattern]) -> None:
        """Add what a migration teaches; a second time changes nothing."""
        rows = [(tenant, migration, pattern.text) for pattern in patterns]
        with self._connected() as connection:
            connection.executemany("INSERT OR IGNORE INTO contributions VALUES (?, ?, ?)", rows)

    def left(self, tenant: str) -> float:
        """Return how much ε may still be spent on a tenant's migrations."""
        with self._connected() as connection:
            row = connection.execute("SELECT epsilon FROM spent WHERE tenant = ?", (tenant,))
            return self._budget - (row.fetchone() or (0.0,))[0]

    def release(self, *, epsilon: float = EPSILON, delta: float = DELTA) -> Release:
        """Count what tenants with budget left contributed, and make it known with noise.

        Raises:
            BudgetSpent: there are contributions, and no tenant's budget lets them be counted.
        """
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            tenants = {name for (name,) in connection.execute("SELECT tenant FROM contributions")}
            spent: dict[str, float] = dict(connection.execute("SELECT tenant, epsilon FROM spent"))
            # Who may be counted depends on earlier releases alone, never on what is in the rows.
            may = {name for name in tenants if spent.get(name, 0.0) + epsilon <= self._budget}
            if tenants and not may:
                raise BudgetSpent(
                    f"The privacy budget of all {len(tenants)} tenants is spent (ε = "
                    f"{self._budget:g} each): nothing more can be released of their migrations."
                )
            counts: dict[str, int] = {}
            rows = connection.execute("SELECT tenant, pattern FROM contributions")
            for pattern in (pattern for name, pattern in rows if name in may):
                counts[pattern] = counts.get(pattern, 0) + 1
            known = noisy(counts, epsilon=epsilon, delta=delta)
            self._note(connection, may, epsilon, delta, known)
        return Release(
            epsilon=epsilon,
            delta=delta,
            floor=floor(epsilon, delta),
            counts=dict(sorted(known.items())),
            left_out=len(tenants - may),
        )

    def known(self) -> dict[str, int]:
        """Return the patterns of the newest release, each with its count and noise."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT pattern, count FROM released "
                "WHERE release = (SELECT max(id) FROM releases) ORDER BY pattern"
            )
            return dict(rows)

    def _note(
        self,
        connection: sqlite3.Connection,
        tenants: set[str],
        epsilon: float,
        delta: float,
        known: dict[str, int],
    ) -> None:
        """Charge the tenants before anybody can see what was released: it is one transaction."""
        connection.executemany(
            "INSERT INTO spent VALUES (?, ?) "
            "ON CONFLICT (tenant) DO UPDATE SET epsilon = epsilon + excluded.epsilon",
            [(name, epsilon) for name in sorted(tenants)],
        )
        cursor = connection.execute(
            "INSERT INTO releases (at_ms, epsilon, delta) VALUES (?, ?, ?)",
            (time.time_ns() // 1_000_000, epsilon, delta),
        )
        connection.executemany(
            "INSERT INTO released VALUES (?, ?, ?)",
            [(cursor.lastrowid, pattern, count) for pattern, count in known.items()],
        )

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._file, timeout=30)
        try:
            connection.executescript(_MADE)
            with connection:
                yield connection
        finally:
            connection.close()


def default_file() -> Path:
    """Return where the library of this machine is."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "tenuto" / "patterns.db"
