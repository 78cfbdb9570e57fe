"""Redis beside a database that processes share: named by a setting, or by `$TENUTO_REDIS`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tenuto.bootstrap.places import Place
from tenuto.bootstrap.settings import Settings
from tenuto.core.errors import Rejected
from tenuto.ports.allowances import Allowances
from tenuto.ports.membership import Signals

VARIABLE: Final = "TENUTO_REDIS"


class Beside:
    """What those that share a database do by Redis. All methods belong to one event loop."""

    def __init__(self, url: str, place: Place) -> None:
        """
        Raises:
            Rejected: the address is none, or the client is not installed.
        """
        self._adapter = redis_adapter()
        self._line = self._adapter.Line(url)
        self._where = f":{where(place)}"
        self._signals: Any = None
        self.members: Callable[[], int] = lambda: 1
        """Says how many processes share the database."""

    async def open(self) -> None:
        """Return when Redis is there, or was found to be away."""
        await self._line.open()

    async def close(self) -> None:
        """Let it go. A second call does nothing."""
        if self._signals is not None:
            await self._signals.close()
        await self._line.close()

    def allowances(self, alone: Allowances) -> Allowances:
        """Return what counts requests over all servers; while it cannot, `alone` does."""
        made: Allowances = self._adapter.RedisAllowances(self._line, alone, prefix=self._where)
        return made

    def signals(self, notify: Signals) -> Signals:
        """Return what members tell one another by; where Redis does not reach, `notify` does."""
        self._signals = self._adapter.RedisSignals(
            self._line,
            channel=f"{self._line.maker.prefix}{self._where}:told",
            notify=notify,
            members=lambda: self.members(),
        )
        made: Signals = self._signals
        return made


def beside_of(place: Place, settings: Settings) -> Beside | None:
    """Return the Redis that the settings or the environment name; None: there is none to be used.

    Raises:
        Rejected: a setting names one for a database that only one process has; the address is none;
            the client is not installed.
    """
    given = settings.get("redis")
    if given is not None and not isinstance(given, str):
        raise Rejected(f"redis is an address, as 'redis://127.0.0.1:6379/0'; found {given!r:.60}.")
    if place.kind != "postgresql":
        if given:
            raise Rejected(
                "Redis is for processes that share a PostgreSQL database; this one has "
                f"{place.kind}, which one process has alone. Leave redis=… out."
            )
        return None
    if settings.get("readonly", False) or settings.get("alone", False):
        return None
    url = os.environ.get(VARIABLE, "") if given is None else given
    return Beside(url, place) if url else None


def where(place: Place) -> str:
    """Return the name of a database and its schema: what is told is told to those who have it."""
    parts = urlsplit(place.path)
    schema = parse_qs(parts.query).get("schema", ["tenuto"])[0]
    return f"{parts.path.strip('/')}.{schema}"


def redis_adapter() -> Any:
    """Return the module of the adapter.

    Raises:
        Rejected: its client is not installed.
    """
    try:
        from tenuto.adapters import redis
    except ImportError as error:
        raise Rejected(
            f"Redis needs the extra `redis` ({error}): pip install 'tenuto[redis]'."
        ) from None
    return redis
