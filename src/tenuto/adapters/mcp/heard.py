"""What HTTP says about a request beside the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tenuto.core.errors import WorkFailed


class Heard:
    """What HTTP said about one request beside the answer: the SDK keeps no status."""

    __slots__ = ("had_session", "offers_oauth", "refused", "retry_after", "status", "unsent")

    def __init__(self) -> None:
        self.status = 0
        self.retry_after = ""
        self.had_session = False
        self.offers_oauth = False
        """The server said where its tokens are got."""
        self.unsent: Exception | None = None
        """Why the request did not even reach the server."""
        self.refused: WorkFailed | None = None
        """Why there is no token for it, in words for a person."""


HEARD: ContextVar[Heard | None] = ContextVar("heard", default=None)
"""Set around a request by whoever makes it; the SDK carries the context to where it is sent."""


@contextmanager
def hearing() -> Iterator[Heard]:
    """Give what HTTP says about the requests made inside."""
    heard = Heard()
    token = HEARD.set(heard)
    try:
        yield heard
    finally:
        HEARD.reset(token)
