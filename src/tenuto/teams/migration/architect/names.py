"""Names for the target: what it takes, each once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from tenuto.teams.migration.schema import System

BYTES_MAX: Final[dict[System, int]] = {"postgresql": 63, "mariadb": 64, "sqlite": 255, "folder": 63}


def cased(name: str, way: str) -> str:
    """Return a name `kept`, in `lower` letters, or in `snake` case."""
    if way == "snake":
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\s.-]+", "_", name)
        name = re.sub(r"__+", "_", name)
    return name if way == "kept" else name.lower()


class Names:
    """Names of one space of the target; each is given once, and the same for the same name."""

    def __init__(self, system: System, way: Callable[[str], str] = str) -> None:
        self._bytes_max = BYTES_MAX[system]
        self._folds = system != "postgresql"
        self._way = way
        self._taken: dict[str, str] = {}

    def give(self, name: str, *, of: str = "") -> str:
        """Return a name that no other has; it is `name` where the target can have that.

        Args:
            of: what it is of, where several things are called alike: an index of a table.
        """
        wanted = self._shortened(self._way(name) or "unnamed", name)
        mine = f"{of}\0{name}"
        for attempt in range(1, 1000):
            tried = wanted if attempt == 1 else self._shortened(f"{wanted}_{attempt}", name)
            folded = tried.lower() if self._folds else tried
            if self._taken.setdefault(folded, mine) == mine:
                return tried
        raise AssertionError("a thousand things of one name")

    def _shortened(self, name: str, whole: str) -> str:
        data = name.encode()
        if len(data) <= self._bytes_max:
            return name
        ends = hashlib.blake2b(f"{whole}\0{name}".encode(), digest_size=4).hexdigest()
        kept = data[: self._bytes_max - 9].decode(errors="ignore")
        return f"{kept}_{ends}"
