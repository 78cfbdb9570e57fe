"""Systems by the names under which sqlglot knows their SQL."""

import importlib
from typing import Final

from tenuto.teams.migration.schema import System

_NAMES: Final[dict[System, str]] = {
    "sqlite": "sqlite",
    "postgresql": "postgres",
    "mariadb": "mysql",
    "folder": "postgres",
}


def dialect_of(system: System) -> str:
    """Return the name of a system's dialect, which is ready for any thread.

    sqlglot makes a dialect when it is first asked for, and gives it to another thread while it is
    half made: names then come in the wrong quotes. Whoever imports it waits until it is whole.
    """
    name = _NAMES[system]
    importlib.import_module(f"sqlglot.dialects.{name}")
    return name
