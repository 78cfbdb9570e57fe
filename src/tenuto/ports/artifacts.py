"""Artifacts: payloads by their SHA-256, for what is too large for an event."""

from typing import Protocol

from tenuto.core.vocabulary import Digest


class Artifacts(Protocol):
    """A content-addressed store. Both methods may raise `StoreUnavailable`."""

    async def put(self, payload: bytes) -> Digest:
        """Return the digest of `payload` once it is durable; storing it again changes nothing."""
        ...

    def get(self, digest: Digest) -> bytes:
        """Return the payload.

        Raises:
            NotFound: no payload has that digest.
            CorruptLog: what is stored does not have that digest.
        """
        ...
