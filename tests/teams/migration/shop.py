"""The legacy shop of the examples, small, and the team at work on it."""

from __future__ import annotations

import functools
import importlib.util
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from tenuto.teams.migration.passwords import without_password

ROOT = Path(__file__).resolve().parents[3]


@functools.cache
def maker() -> ModuleType:
    """Return `examples/legacy_shop/make.py` as a module."""
    place = ROOT / "examples" / "legacy_shop" / "make.py"
    spec = importlib.util.spec_from_file_location("legacy_shop", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shop(folder: Path, *, moves: int = 2_000) -> str:
    """Return the address of a shop of its own in a folder."""
    file = folder / "shop.db"
    maker().make(file, moves=moves)
    return f"sqlite:///{file}"


def copied(source: str, folder: Path) -> str:
    """Return the address of a copy of an SQLite file."""
    file = folder / "copy.db"
    shutil.copy(source.removeprefix("sqlite:///"), file)
    return f"sqlite:///{file}"


def given(source: str, target: str, **more: Any) -> dict[str, Any]:
    """Return the inputs of a session that asks nobody; a password goes into the environment."""
    addresses = {
        name: without_password(address, f"TENUTO_TEST_{name.upper()}_PASSWORD")
        for name, address in (("source", source), ("target", target))
    }
    return {**addresses, "approve": False, **more}
