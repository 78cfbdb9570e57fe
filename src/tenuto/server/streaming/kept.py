"""The newest frames of a session's events, for those who were away for a moment."""

from collections import deque
from typing import Final

from tenuto.server.streaming.frames import Frame

KEPT_FRAMES: Final = 256
KEPT_BYTES: Final = 1_000_000


class Kept:
    """Frames without gap up to `version`."""

    def __init__(self, version: int) -> None:
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._version = version

    @property
    def after(self) -> int:
        """Return the version after which all frames are kept."""
        return self._version - len(self._frames)

    def since(self, version: int) -> list[Frame]:
        """Return the frames after a version from which on they are kept."""
        assert version >= self.after, "what is not kept is read from the log"
        return [told for told in self._frames if told.seq > version]

    def add(self, told: Frame) -> None:
        """Keep the next frame, and let go of the oldest that find no room."""
        self._frames.append(told)
        self._bytes += len(told.data)
        self._version = told.seq
        while len(self._frames) > KEPT_FRAMES or (
            self._bytes > KEPT_BYTES and len(self._frames) > 1
        ):
            self._bytes -= len(self._frames.popleft().data)

    def add_before(self, frames: list[Frame]) -> None:
        """Keep frames that end where the kept ones begin, as far as there is room."""
        for told in reversed(frames):
            is_full = len(self._frames) >= KEPT_FRAMES or self._bytes + len(told.data) > KEPT_BYTES
            if is_full or told.seq != self.after:
                return
            self._frames.appendleft(told)
            self._bytes += len(told.data)
