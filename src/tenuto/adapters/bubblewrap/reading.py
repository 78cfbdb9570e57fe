"""What comes out of a sandbox: cut at a limit, and believed in nothing."""

import asyncio
from collections.abc import Sequence
from typing import Final

_CHUNK: Final = 64 * 1024


class Budget:
    """How many bytes may still be kept, of one stream or of several."""

    def __init__(self, bytes_max: int) -> None:
        self._left = bytes_max
        self.exceeded = False

    def take(self, chunk: bytes) -> bytes:
        """Return as much of `chunk` as may be kept."""
        if len(chunk) > self._left:
            self.exceeded = True
        kept = chunk[: self._left]
        self._left -= len(kept)
        return kept


async def drain(stream: asyncio.StreamReader | None, budget: Budget) -> bytes:
    """Return what `stream` gave within `budget`. It is read to its end all the same: who writes to
    it must not be held up by us."""
    assert stream is not None, "the process was started with pipes"
    kept: list[bytes] = []
    while chunk := await stream.read(_CHUNK):
        kept.append(budget.take(chunk))
    return b"".join(kept)


def files_in(sent: bytes, paths: Sequence[str]) -> dict[str, bytes]:
    """Return the files that were sent for `paths`: for each a line with its size and then its
    bytes, or a line with `-`. Where that breaks off, or makes no sense, the rest is left out."""
    found: dict[str, bytes] = {}
    for path in paths:
        line, _, rest = sent.partition(b"\n")
        size = line.strip()
        if size == b"-":
            sent = rest
            continue
        if not size.isdigit() or len(size) > 18 or len(rest) < int(size):
            break
        found[path], sent = rest[: int(size)], rest[int(size) :]
    return found
