"""How a session may end other than well, as exceptions for who waits for its result."""

from tenuto.core.errors import Failure, TenutoError
from tenuto.core.vocabulary import SessionId


class SessionFailedError(TenutoError):
    """The session ended with a failure."""

    def __init__(self, *, session: SessionId, failure: Failure) -> None:
        self.session, self.failure = session, failure
        super().__init__(f"Session {session!r} failed ({failure.code}): {failure.message}")


class SessionCancelledError(TenutoError):
    """The session was cancelled."""

    def __init__(self, *, session: SessionId, reason: str) -> None:
        self.session, self.reason = session, reason
        super().__init__(f"Session {session!r} was cancelled: {reason or 'no reason given'}.")
