"""Runs a verb's work in an event loop and turns what Tenuto raises into a message and a code."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from tenuto.cli import exit_codes
from tenuto.cli.printing import say
from tenuto.core.errors import (
    DefinitionError,
    NotFound,
    StoreOwned,
    StoreUnavailable,
    TenutoError,
)

_NAMED = ("session", "version", "workflow", "memory", "entry", "login")
"""What a verb is given by name, and may not be there."""


def drive(work: Coroutine[Any, Any, int]) -> int:
    """Return the exit code of a verb's work; an interrupt lets it close what it opened first."""
    try:
        return asyncio.run(_guarded(work))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return exit_codes.CANCELLED
    except TenutoError as error:
        say(f"tenuto: {message_of(error)}")
        return code_of(error)


async def _guarded(work: Coroutine[Any, Any, int]) -> int:
    """A polite kill ends the work the same way as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    with suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def message_of(error: TenutoError) -> str:
    """Return what an error says, and how to go on from the command line."""
    match error:
        case DefinitionError():
            count = len(error.problems)
            return f"{error}" if count == 1 else f"{count} problems:\n{error}"
        case StoreOwned():
            return f"{error} Or use another database with --db."
        case StoreUnavailable() | NotFound() if _is_no_database(error):
            return f"{error} The first `tenuto run` makes it; --db or TENUTO_DB name another one."
    return str(error)


def _is_no_database(error: TenutoError) -> bool:
    if isinstance(error, NotFound):
        return error.what == "store"
    return "There is no file" in str(error)


def code_of(error: TenutoError) -> int:
    """Return the exit code that an error calls for."""
    if isinstance(error, NotFound) and error.what.startswith(_NAMED):
        return exit_codes.NOT_FOUND
    return exit_codes.USAGE
