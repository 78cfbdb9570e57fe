"""Artifacts in a dictionary."""

import hashlib

from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import Digest


class MemoryArtifacts:
    """`Artifacts` for as long as the process lives."""

    def __init__(self) -> None:
        self._payloads: dict[Digest, bytes] = {}

    async def put(self, payload: bytes) -> Digest:
        """See `Artifacts.put`."""
        digest = Digest(hashlib.sha256(payload).hexdigest())
        self._payloads[digest] = payload
        return digest

    def get(self, digest: Digest) -> bytes:
        """See `Artifacts.get`."""
        try:
            return self._payloads[digest]
        except KeyError:
            raise NotFound(what="artifact", name=digest) from None
