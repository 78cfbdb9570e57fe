"""What goes wrong at a provider, as the failure class that says what follows (DESIGN 3.4)."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tenuto.core.errors import Escalatable, Fatal, Transient, WorkFailed

MESSAGE_CHARS_MAX: Final = 500

_SECRET_NAME: Final = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$")
_SECRET_CHARS_MIN: Final = 6
_SECRET: Final = re.compile(r"\b(sk|pk|key)-[\w*-]{6,}")
"""Keys as the providers make them, also those that they quote half hidden."""

_TRY_AGAIN: Final = "then approve to try again."

_AGAIN_LATER: Final = frozenset({408, 409, 425, 429})
"""HTTP statuses below 500 after which the same request may work. Source: RFC 9110, 6585, 8470."""


@contextmanager
def faults_told(name: str, *, key: str | None = None) -> Iterator[None]:
    """Raise what goes wrong inside as a `WorkFailed` that names the model and no secret, nor
    `key`."""
    try:
        yield
    except (WorkFailed, TimeoutError):
        raise
    except ImportError as error:
        raise Escalatable(
            f"Model {name!r} needs a library that is not installed ({error.name}): "
            f"pip install 'tenuto[pydantic_ai]', {_TRY_AGAIN}",
            code="extra_missing",
        ) from None
    except Exception as error:
        failed = _failed(name, error, key)
        if failed is None:
            raise
        raise failed from None


def _failed(name: str, error: Exception, key: str | None) -> WorkFailed | None:
    from pydantic_ai import exceptions as x

    said = str(getattr(error, "message", None) or error)
    said = without_secrets(said.replace(key, "***") if key else said)
    match error:
        case x.UserError():
            said = said.partition(" To try Pydantic AI")[0]
            return Escalatable(f"Model {name!r} cannot be asked: {said}", code="model_setup")
        case x.ModelQuotaExceededError():
            return Escalatable(f"The money for {name!r} is spent: {said}", code="quota")
        case x.ModelAuthenticationError():
            return Escalatable(
                f"The key for {name!r} is refused: {said}; set the right one, {_TRY_AGAIN}",
                code="authentication",
            )
        case x.ModelNotFoundError():
            return Escalatable(f"There is no model {name!r}: {said}", code="no_such_model")
        case x.ModelContextWindowExceededError():
            return Fatal(f"The request is too long for {name!r}: {said}", code="context_window")
        case x.ModelRateLimitError():
            return Transient(
                f"Too many requests to {name!r}: {said}",
                code="rate_limit",
                retry_after_ms=_retry_after_ms(error),
            )
        case x.ModelHTTPError():
            return _by_status(name, error, said)
        case x.ModelRequestRejectedError():
            return Fatal(f"{name!r} refuses the request: {said}", code="request_rejected")
        case x.ModelAPIError():
            return Transient(f"{name!r} cannot be reached: {said}", code="unavailable")
        case (
            x.UnexpectedModelBehavior()
            | AttributeError()
            | LookupError()
            | TypeError()
            | ValueError()
        ):
            # The clients read what comes on trust: an answer of another shape ends in any of these.
            return Transient(f"{name!r} answered what makes no sense: {said}", code="bad_answer")
    return None


def _by_status(name: str, error: Exception, said: str) -> WorkFailed:
    status = int(getattr(error, "status_code", 0))
    if status >= 500 or status in _AGAIN_LATER:
        return Transient(
            f"{name!r} answered with status {status}: {said}",
            code="unavailable",
            retry_after_ms=_retry_after_ms(error),
        )
    return Fatal(f"{name!r} refuses the request ({status}): {said}", code="request_rejected")


def _retry_after_ms(error: Exception) -> int:
    """Return what `retry-after` asks for, in its form as seconds; 0 where it asks for nothing."""
    headers = getattr(error, "headers", None) or {}
    try:
        if "retry-after-ms" in headers:
            return max(0, round(float(headers["retry-after-ms"])))
        return max(0, round(float(headers.get("retry-after", 0)) * 1000))
    except (ValueError, OverflowError):
        return 0


def without_secrets(text: str) -> str:
    """Return one line of `text` without any key that the environment holds or that looks like
    one."""
    for variable, value in os.environ.items():
        if _SECRET_NAME.search(variable) and len(value) >= _SECRET_CHARS_MIN:
            text = text.replace(value, "***")
    return " ".join(_SECRET.sub("***", text).split())[:MESSAGE_CHARS_MAX]
