"""The pattern library of a test lies in its own folder, never in the user's."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_PATTERNS", str(tmp_path / "patterns.db"))
