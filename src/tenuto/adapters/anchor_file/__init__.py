"""Anchors as lines of a file that is only ever added to. May import `core`, `ports`."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from tenuto.core.audit.checkpoints import Anchor
from tenuto.ports.anchors import AnchorsUnavailable

LINE_BYTES_MAX: Final = 4_096
"""A longer one is none of ours."""
LINES_READ: Final = 1_000


class AnchorFile:
    """`Anchors` in one file, made with the first of them.

    `required`: reading fails where there is no file; else it has no anchors."""

    def __init__(self, path: str | os.PathLike[str], *, required: bool = False) -> None:
        self.path, self._required = os.path.abspath(path), required

    async def add(self, anchor: Anchor) -> None:
        """See `Anchors.add`."""
        await asyncio.to_thread(self._add, msgspec.json.encode(anchor) + b"\n")

    async def read(self) -> AsyncIterator[Anchor | None]:
        """See `Anchors.read`."""
        offset = 0
        if not self._required and not await asyncio.to_thread(os.path.exists, self.path):
            return
        while True:
            anchors, offset = await asyncio.to_thread(self._read, offset)
            if not anchors:
                return
            for anchor in anchors:
                yield anchor

    def _add(self, line: bytes) -> None:
        try:
            made = not os.path.exists(self.path)
            # One write to the end: lines of two processes do not mix.
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                size = os.fstat(file).st_size
                if size and os.pread(file, 1, size - 1) != b"\n":
                    line = b"\n" + line  # A crash cut the last one off.
                os.write(file, line)
                os.fsync(file)
            finally:
                os.close(file)
            if made:
                _sync_folder(self.path)
        except OSError as error:
            raise AnchorsUnavailable(
                f"The checkpoint could not be noted in {self.path} ({error.strerror}); "
                "check its folder, its permissions and the disk."
            ) from error

    def _read(self, offset: int) -> tuple[list[Anchor | None], int]:
        """Return the next anchors, and where to go on."""
        anchors: list[Anchor | None] = []
        try:
            with open(self.path, "rb") as file:
                file.seek(offset)
                while len(anchors) < LINES_READ and (line := file.readline(LINE_BYTES_MAX)):
                    anchors.append(_anchor_of(line))
                return anchors, file.tell()
        except OSError as error:
            raise AnchorsUnavailable(
                f"The checkpoints noted in {self.path} cannot be read ({error.strerror}); "
                "check the path and its permissions."
            ) from error


def _anchor_of(line: bytes) -> Anchor | None:
    try:
        return msgspec.json.decode(line, type=Anchor)
    except ValueError:
        return None


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
