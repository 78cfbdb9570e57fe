"""What the log promises is done as soon as the store lets it: nobody would ask for it again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenuto.core.errors import Stale, StoreUnavailable

Result = TypeVar("Result")

_WAIT_S_MIN: Final = 0.05
_WAIT_S_MAX: Final = 5.0

_log: Final = logging.getLogger("tenuto")


async def insist(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Return what `attempt` returns, trying again for as long as the store is away.

    Only for what may be done twice: an attempt that was told of a failure may have succeeded."""
    wait_s = _WAIT_S_MIN
    while True:
        try:
            return await attempt()
        except (StoreUnavailable, Stale) as error:
            _log.warning("%s: %s Trying again in %s s.", type(error).__name__, error, wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _WAIT_S_MAX)
