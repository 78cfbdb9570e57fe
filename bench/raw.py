"""The limit that the disk sets: SQLite by itself, one row per transaction."""

import sqlite3
import time
from pathlib import Path

from bench.lab import Measured


def commits(folder: Path, *, rows: int, payload_bytes: int) -> Measured:
    """Return single-row commits per second to the smallest table there is: WAL, synchronous FULL.

    One INSERT is one transaction: no statement more than it takes, and SQLite's own checkpoints."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events(position INTEGER PRIMARY KEY, payload BLOB)")
    payload = b"x" * payload_bytes
    began_s = time.perf_counter()
    for _ in range(rows):
        connection.execute("INSERT INTO events(payload) VALUES (?)", (payload,))
    spent_s = time.perf_counter() - began_s
    connection.close()
    return {"per_s": rows / spent_s}
