"""Snippets in Monty.

Monty is an interpreter of its own: there is no module in it that opens a file or a socket, and no
way to the host but the values handed in. It runs in a worker process, so that one which is stuck
can be killed. Each snippet has a worker of its own, which costs some 5 ms: nothing that one snippet
did, even to the interpreter itself, is there for the next.
"""

import asyncio
import importlib
import json
import math
import time
from typing import Final

import msgspec

from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.sandbox import Enforced, SandboxLimits, SandboxResult, SandboxUnavailable, Stopped

NAME: Final = "monty"

_ENFORCES: Final[frozenset[Enforced]] = frozenset(
    {
        "no_network",
        "no_environment",
        "no_host_files",
        "read_only_root",
        "private_tmp",
        "cpu",
        "memory",
        "wall_time",
        "output",
        "files",
        "processes",
    }
)
"""All there is: where no file, process or socket can be had, none needs a limit."""

_GRACE_S: Final = 1.0
"""How long a worker may take to notice a limit before it is killed."""

_LIMITS_SAID: Final[tuple[tuple[str, Stopped], ...]] = (
    ("feed time limit exceeded", "cpu"),
    ("sleep limit exceeded", "wall_time"),
    ("memory limit exceeded", "memory"),
    ("the worker exceeded its memory limit", "memory"),
)
"""How Monty 1.4 says which limit ended a snippet. A snippet that raises the same words fools nobody
but its own caller."""


class MontySandbox:
    """A `SnippetSandbox`."""

    def enforces(self) -> frozenset[Enforced]:
        """Return what holds for every run. See `SnippetSandbox.enforces`."""
        return _ENFORCES

    async def check(self) -> None:
        """Return when Monty is installed. See `SnippetSandbox.check`."""
        await asyncio.to_thread(_loaded)

    async def run(
        self, code: str, *, inputs: JsonObject | None = None, limits: SandboxLimits
    ) -> SandboxResult:
        """Return what `code` gave. See `SnippetSandbox.run`."""
        await self.check()
        begun = time.monotonic()
        printed = _Printed(limits.output_bytes_max)
        try:
            async with asyncio.timeout(limits.wall_ms_max / 1000):
                value, error, stopped = await _fed(code, inputs or {}, limits, printed)
        except TimeoutError:
            value, error, stopped = None, "The snippet took too long.", "wall_time"
        return SandboxResult(
            value=value,
            output=printed.text(),
            error=error[: limits.output_bytes_max],
            exit_code=1 if error else 0,
            stopped=stopped,
            truncated=printed.truncated,
            wall_ms=round((time.monotonic() - begun) * 1000),
        )


async def _fed(
    code: str, inputs: JsonObject, limits: SandboxLimits, printed: "_Printed"
) -> tuple[Json, str, Stopped]:
    """Return value, error and the limit that was met."""
    import pydantic_monty as monty

    wall_s = limits.wall_ms_max / 1000
    bounds: monty.ResourceLimits = {
        "max_feed_duration_secs": limits.cpu_ms_max / 1000,
        "max_total_sleep_secs": wall_s,
        "max_memory": limits.memory_bytes_max,
    }
    policy: monty.OSPolicy = {"sleep": "system", "sleep_system_max": math.inf}
    pool = monty.AsyncMonty(
        min_processes=0,
        max_processes=1,
        request_timeout=wall_s + _GRACE_S,
        feed_duration_limit_grace=_GRACE_S,
    )
    try:
        async with pool, pool.checkout(limits=bounds, os_policy=policy) as session:
            given = await session.feed_run(code, inputs=inputs, print_callback=printed.add)
    except monty.MontyCrashedError as error:
        if error.timed_out:
            return None, "The snippet took too long.", "wall_time"
        return None, f"The interpreter gave up on the snippet: {error}", ""
    except (monty.MontySyntaxError, monty.MontyRuntimeError) as error:
        return None, error.display("traceback").strip(), _limit_of(str(error))
    except (monty.MontyError, ValueError) as error:
        # What was handed in, or what came out, has no form on the other side.
        return None, f"{type(error).__name__}: {error}", ""
    return *_plain(given, limits.output_bytes_max), ""


def _limit_of(message: str) -> Stopped:
    for said, limit in _LIMITS_SAID:
        if said in message:
            return limit
    return ""


def _plain(value: object, bytes_max: int) -> tuple[Json, str]:
    """Return a snippet's value as JSON, or what is wrong with it."""
    try:
        packed = msgspec.msgpack.encode(msgspec.to_builtins(value, str_keys=True))
        plain: Json = msgspec.msgpack.decode(packed)
        json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        # Its text is not shown: that of a number can take longer to make than the snippet took.
        kind = type(value).__name__
        return None, f"The snippet ended with a value ({kind}) that is no JSON: {error}"
    if len(packed) > bytes_max:
        return (
            None,
            f"The snippet's value has {len(packed)} bytes; at most {bytes_max} are allowed.",
        )
    return plain, ""


class _Printed:
    """Keeps what is printed, up to a limit, and drops the rest."""

    def __init__(self, bytes_max: int) -> None:
        self._left = bytes_max
        self._parts: list[bytes] = []
        self.truncated = False

    def add(self, stream: str, text: str) -> None:
        """Take what the snippet printed; `stream` makes no difference."""
        part = text.encode("utf-8", "replace")
        if len(part) > self._left:
            self.truncated = True
            part = part[: self._left]
        if part:
            self._left -= len(part)
            self._parts.append(part)

    def text(self) -> str:
        """Return what was kept. A character that the limit cut in two is left out."""
        return b"".join(self._parts).decode("utf-8", "ignore")


def _loaded() -> None:
    try:
        importlib.import_module("pydantic_monty")
    except ImportError as error:
        raise SandboxUnavailable(
            NAME,
            found=f"pydantic-monty cannot be loaded ({error})",
            hint='Install it: pip install "tenuto[monty]".',
        ) from None
