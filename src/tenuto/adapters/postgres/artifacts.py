"""Artifacts: rows named by their hash."""

from __future__ import annotations

import hashlib

from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.sqlite.artifacts import HASH, SELECT_ARTIFACT, digest_of
from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.core.errors import CorruptLog, NotFound, StoreUnavailable
from tenuto.core.vocabulary import Digest

INSERT_ARTIFACT = "INSERT INTO artifacts(digest, payload) VALUES (?, ?) ON CONFLICT DO NOTHING"


class PostgresArtifacts:
    """`Artifacts` of one schema. `commits` is None in a process that only reads."""

    def __init__(self, name: str, *, reads: ReadPool, commits: GroupCommit | None) -> None:
        self._name, self._reads, self._commits = name, reads, commits

    async def put(self, payload: bytes) -> Digest:
        """See `Artifacts.put`."""
        if self._commits is None:
            raise StoreUnavailable(f"{self._name} was opened for reading only.")
        digest = digest_of(payload)
        await self._commits.execute(INSERT_ARTIFACT, (digest, payload))
        return digest

    def get(self, digest: Digest) -> bytes:
        """See `Artifacts.get`. Blocks for one read; any thread may call it."""
        if HASH.fullmatch(digest) is None:
            raise NotFound(what="artifact", name=digest, hint="It is not a SHA-256.")
        payload = self._reads.run_here(_row, digest)
        if payload is None:
            raise NotFound(what="artifact", name=digest)
        found = hashlib.sha256(payload).hexdigest()
        if found != digest:
            raise CorruptLog(
                f"Artifact {digest} in {self._name} is damaged: what is stored hashes to {found}. "
                "Restore it from a backup."
            )
        return payload


def _row(connection: Connection, digest: Digest) -> bytes | None:
    row = connection.execute(SELECT_ARTIFACT, (digest,)).fetchone()
    return None if row is None else bytes(row[0])
