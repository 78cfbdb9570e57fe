"""What the figures were measured on, in words that say nothing of whose machine it is."""

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version


def facts() -> list[str]:
    """Return one line per fact that the figures depend on."""
    lines = [
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}",
        f"{platform.python_implementation()} {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"tenuto {version('tenuto')}, msgspec {version('msgspec')}",
    ]
    peers = [f"{name} {found}" for name in (*PEERS, *ALSO) if (found := _version(name))]
    return [*lines, ", ".join(peers)] if peers else lines


PEERS = ("langgraph", "langgraph-checkpoint-sqlite", "aiosqlite")
ALSO = ("langgraph-checkpoint-postgres", "psycopg", "dbos")


def peer_is_here() -> bool:
    """Return whether the rival that some figures need is installed."""
    return all(_version(name) for name in PEERS)


def postgres_peer_is_here() -> bool:
    """Return whether the rival can keep its checkpoints in PostgreSQL."""
    return peer_is_here() and bool(_version("langgraph-checkpoint-postgres"))


def dbos_is_here() -> bool:
    """Return whether DBOS is installed."""
    return bool(_version("dbos"))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
