"""Artifacts of a file: small ones as rows, large ones as files named by their hash."""

import asyncio
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from tenuto.adapters.tables.artifacts import TableArtifacts, digest_of
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.reading import Reads
from tenuto.core.errors import NotFound, StoreUnavailable
from tenuto.core.limits import PAYLOAD_BYTES_INLINE_MAX
from tenuto.core.vocabulary import Digest


class SqliteArtifacts(TableArtifacts):
    """`Artifacts` of a store: rows up to 64 KiB, above that `<file>.artifacts/ab/cdef…`."""

    def __init__(self, file: str, *, reads: Reads, commits: GroupCommit | None) -> None:
        super().__init__(file, reads=reads, commits=commits)
        self._folder = Path(f"{file}.artifacts")

    async def put(self, payload: bytes) -> Digest:
        """See `Artifacts.put`."""
        if self._commits is not None and len(payload) > PAYLOAD_BYTES_INLINE_MAX:
            await self._keep(self._commits, digest_of(payload))
            return await asyncio.to_thread(self.put_file, payload)
        return await super().put(payload)

    def _path(self, digest: Digest) -> Path:
        return self._folder / digest[:2] / digest[2:]

    def _elsewhere(self, digest: Digest) -> bytes:
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(what="artifact", name=digest) from None
        except OSError as error:
            raise StoreUnavailable(
                f"Artifact {digest} cannot be read from {self._path(digest)} ({error.strerror})."
            ) from error

    def unlink(self, digest: str) -> None:
        """Delete the file of an artifact, where there is one. Blocks."""
        with suppress(OSError):
            self._path(Digest(digest)).unlink()

    def put_file(self, payload: bytes) -> Digest:
        """Return the digest of `payload` once it is a file. Blocks."""
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
