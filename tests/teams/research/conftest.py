"""Collections of a test live in its own folder, never in the user's cache."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(tmp_path / "collections"))
