"""The sample databases beside the project, which it does not keep itself."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[3]
_PLACES = [
    *([Path(named)] if (named := os.environ.get("TENUTO_SAMPLE_DATA")) else []),
    *(folder / "shared" / "data" for folder in _ROOT.parents),
]
SAMPLES = next((place for place in _PLACES if place.is_dir()), None)

_NONE = "No folder shared/data beside the project, and TENUTO_SAMPLE_DATA names none."


def needs_samples(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that takes a sample database: without it, it is skipped, in CI too."""
    return pytest.mark.samples(pytest.mark.skipif(SAMPLES is None, reason=_NONE)(test))


def chinook() -> sqlite3.Connection:
    """Return the music shop, to be read."""
    assert SAMPLES is not None
    file = SAMPLES / "chinook" / "chinook.sqlite"
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True)


def northwind() -> sqlite3.Connection:
    """Return the trading company, in memory."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(script("northwind/northwind.sqlite.sql"))
    return connection


def script(name: str) -> str:
    """Return the text of a script among the samples."""
    assert SAMPLES is not None
    return (SAMPLES / name).read_text()
