"""An empty target of each system."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import mariadb, postgres

on_each_system = pytest.mark.parametrize(
    "system",
    [
        "sqlite",
        pytest.param("postgresql", marks=postgres.needs_postgres),
        pytest.param("mariadb", marks=mariadb.needs_mariadb),
    ],
)


@contextlib.contextmanager
def sqlite_target(folder: Path) -> Iterator[str]:
    """Give the address of a file that is not there yet."""
    yield f"sqlite:///{folder / 'target.db'}"


def target_of(system: str, folder: Path) -> contextlib.AbstractContextManager[str]:
    """Return the address of an empty database, as long as it is used."""
    if system == "sqlite":
        return sqlite_target(folder)
    return postgres.fresh_database() if system == "postgresql" else mariadb.fresh_database()
