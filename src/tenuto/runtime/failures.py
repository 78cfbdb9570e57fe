"""What an exception of user code calls for."""

import asyncio
import traceback
from typing import Final

from tenuto.core.errors import (
    Escalatable,
    ExpressionFailed,
    Failure,
    Fatal,
    Recoverable,
    Rejected,
    TenutoError,
    Transient,
    WorkFailed,
)

_MESSAGE_CHARS_MAX: Final = 2_000

TRANSIENT: Final = (TimeoutError, ConnectionError, BlockingIOError, InterruptedError)
"""Standard exceptions that say that the same call may work later. Source: DESIGN 3.4."""


_RAISED: Final[dict[str, type[WorkFailed]]] = {
    kind.kind: kind for kind in (Transient, Recoverable, Escalatable, Fatal)
}


class Reported(TenutoError):
    """Another process met a failure that nobody raised as one."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


def same_failure(failure: Failure, *, retry_after_ms: int) -> WorkFailed:
    """Return an exception that was raised elsewhere, so that it calls for the same here."""
    made = _RAISED.get(failure.kind, WorkFailed)
    return made(failure.message, code=failure.code, retry_after_ms=retry_after_ms)


def failure_from(error: BaseException, *, what: str) -> Failure:
    """Return `error`, raised by `what`, as a failure with its class, code and a sentence."""
    if isinstance(error, Reported):
        return error.failure
    message = str(error).strip()[:_MESSAGE_CHARS_MAX]
    if isinstance(error, WorkFailed):
        return Failure(kind=error.kind, code=error.code, message=message or what)
    if isinstance(error, Rejected | ExpressionFailed):
        return Failure(kind="fatal", code="rejected", message=message)
    name = type(error).__name__
    kind: Final = "transient" if isinstance(error, TRANSIENT) else "fatal"
    if isinstance(error, asyncio.CancelledError):
        return Failure(kind="transient", code="cancelled", message=f"{what} was interrupted.")
    if isinstance(error, TimeoutError) and not message:
        return Failure(kind="transient", code="timeout", message=f"{what} took too long.")
    return Failure(kind=kind, code=name, message=f"{what}: {name}: {message}{_place(error)}")


def retry_after_ms(error: BaseException) -> int:
    """Return the least wait that the failure itself asks for, 0 if it does not."""
    return error.retry_after_ms if isinstance(error, WorkFailed) else 0


def _place(error: BaseException) -> str:
    """Where it was raised: the innermost frame, file name and line only."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f" ({last.filename.rpartition('/')[2]}:{last.lineno} in {last.name})"
