"""Artifacts: small ones as rows beside the log, large ones as files named by their hash."""

import asyncio
import hashlib
import os
import re
import sqlite3
import tempfile
from pathlib import Path
from typing import Final

from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.core.errors import CorruptLog, NotFound, StoreUnavailable
from tenuto.core.limits import PAYLOAD_BYTES_INLINE_MAX
from tenuto.core.vocabulary import Digest

INSERT_ARTIFACT: Final = "INSERT OR IGNORE INTO artifacts(digest, payload) VALUES (?, ?)"
HASH: Final = re.compile("[0-9a-f]{64}")
SELECT_ARTIFACT: Final = "SELECT payload FROM artifacts WHERE digest = ?"


class SqliteArtifacts:
    """`Artifacts` of a store: rows up to 64 KiB, above that `<file>.artifacts/ab/cdef…`."""

    def __init__(self, file: str, *, reads: ReadPool, commits: GroupCommit | None) -> None:
        self._file = file
        self._folder = Path(f"{file}.artifacts")
        self._reads = reads
        self._commits = commits

    async def put(self, payload: bytes) -> Digest:
        """See `Artifacts.put`."""
        if self._commits is None:
            raise StoreUnavailable(f"{self._file} was opened for reading only.")
        if len(payload) > PAYLOAD_BYTES_INLINE_MAX:
            return await asyncio.to_thread(self.put_file, payload)
        digest = digest_of(payload)
        await self._commits.execute(INSERT_ARTIFACT, (digest, payload))
        return digest

    def get(self, digest: Digest) -> bytes:
        """See `Artifacts.get`. Blocks for one read; any thread may call it."""
        if HASH.fullmatch(digest) is None:
            # Also keeps a made-up digest from leading out of the folder.
            raise NotFound(what="artifact", name=digest, hint="It is not a SHA-256.")
        payload = self._reads.run_here(_row, digest)
        if payload is None:
            payload = self._get_file(digest)
        found = digest_of(payload)
        if found != digest:
            raise CorruptLog(
                f"Artifact {digest} in {self._file} is damaged: what is stored hashes to {found}. "
                "Restore it from a backup."
            )
        return payload

    def _path(self, digest: Digest) -> Path:
        return self._folder / digest[:2] / digest[2:]

    def _get_file(self, digest: Digest) -> bytes:
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(what="artifact", name=digest) from None
        except OSError as error:
            raise StoreUnavailable(
                f"Artifact {digest} cannot be read from {self._path(digest)} ({error.strerror})."
            ) from error

    def put_file(self, payload: bytes) -> Digest:
        digest = digest_of(payload)
        path = self._path(digest)
        if path.exists():
            return digest
        try:
            made = [folder for folder in (self._folder, path.parent) if not folder.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, payload)
            for folder in made:
                _sync_folder(folder.parent)
        except OSError as error:
            raise StoreUnavailable(
                f"An artifact of {len(payload)} bytes could not be written to {path} "
                f"({error.strerror}); nothing was kept. Make room, or check the permissions."
            ) from error
        return digest


def digest_of(payload: bytes) -> Digest:
    """Return the name of `payload`: its SHA-256."""
    return Digest(hashlib.sha256(payload).hexdigest())


def _row(connection: sqlite3.Connection, digest: Digest) -> bytes | None:
    row = connection.execute(SELECT_ARTIFACT, (digest,)).fetchone()
    return None if row is None else bytes(row[0])


def _write_durably(path: Path, payload: bytes) -> None:
    """Write beside, sync, then rename: under its name the file is always whole."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.rename(name, path)
    except OSError:
        os.unlink(name)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
