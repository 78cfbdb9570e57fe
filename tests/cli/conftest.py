"""Each test has a folder and a database of its own, and leaves this process as it found it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    made = Shell(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("TENUTO_DEBUG", "TENUTO_POOLS", "TENUTO_TOOLS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("TENUTO_DB", "TENUTO_USER"):
        monkeypatch.setenv(name, made.environment()[name])
    yield made
    made.close()
