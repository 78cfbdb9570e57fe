"""Artifacts: rows named by their hash."""

import hashlib
import re
from typing import Final

from tenuto.adapters.tables import unreferenced
from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.reading import Reads
from tenuto.core.errors import CorruptLog, NotFound, StoreUnavailable
from tenuto.core.vocabulary import Digest

INSERT_ARTIFACT: Final = (
    "INSERT INTO artifacts(digest, payload) VALUES (?, ?) ON CONFLICT DO NOTHING"
)
SELECT_ARTIFACT: Final = "SELECT payload FROM artifacts WHERE digest = ?"
HASH: Final = re.compile("[0-9a-f]{64}")


class TableArtifacts:
    """`Artifacts` of one database. `commits` is None in a process that only reads."""

    def __init__(self, name: str, *, reads: Reads, commits: GroupCommit | None) -> None:
        self._name, self._reads, self._commits = name, reads, commits
        self._may_be_left = False

    async def put(self, payload: bytes) -> Digest:
        """See `Artifacts.put`."""
        if self._commits is None:
            raise StoreUnavailable(f"{self._name} was opened for reading only.")
        digest = digest_of(payload)
        await self._keep(self._commits, digest)
        await self._commits.execute(INSERT_ARTIFACT, (digest, payload))
        return digest

    def get(self, digest: Digest) -> bytes:
        """See `Artifacts.get`. Blocks for one read; any thread may call it."""
        if HASH.fullmatch(digest) is None:
            # Also keeps a made-up digest from leading out of a folder.
            raise NotFound(what="artifact", name=digest, hint="It is not a SHA-256.")
        payload = self._reads.run_here(_row, digest)
        if payload is None:
            payload = self._elsewhere(digest)
        found = digest_of(payload)
        if found != digest:
            raise CorruptLog(
                f"Artifact {digest} in {self._name} is damaged: what is stored hashes to {found}. "
                "Restore it from a backup."
            )
        return payload

    async def _keep(self, commits: GroupCommit, digest: Digest) -> None:
        """Return once nobody deletes the artifact because no event referred to it so far."""
        if not self._may_be_left:
            # Whoever prunes makes the table long before the first artifact goes.
            self._may_be_left = await self._reads.run_soon(unreferenced.is_made)
        if self._may_be_left:
            await commits.execute(unreferenced.KEEP, (digest,))

    def _elsewhere(self, digest: Digest) -> bytes:
        """Return what is not kept as a row."""
        raise NotFound(what="artifact", name=digest)


def digest_of(payload: bytes) -> Digest:
    """Return the name of `payload`: its SHA-256."""
    return Digest(hashlib.sha256(payload).hexdigest())


def _row(connection: Connection, digest: Digest) -> bytes | None:
    row = connection.execute(SELECT_ARTIFACT, (digest,)).fetchone()
    return None if row is None else bytes(row[0])
