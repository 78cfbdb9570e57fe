"""The DevTools protocol of Chromium over its pipe: JSON messages, each ended by a zero byte.

No port is opened and nothing is installed: whoever started the browser holds both ends.
Source: https://chromedevtools.github.io/devtools-protocol/, `--remote-debugging-pipe`.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias

SECONDS_MAX: Final = 120
Message: TypeAlias = dict[str, Any]


class DevToolsError(AssertionError):
    """The browser refused a command, went away, or did not answer in time."""


class Refused(DevToolsError):
    """The browser refused a command: there is no such thing, or no more."""


class DevTools:
    """A connection to one browser. Commands are answered one after the other."""

    def __init__(self, reads: int, writes: int) -> None:
        """Take the file descriptors that the browser's messages come from and commands go to."""
        self._reads, self._writes = reads, writes
        self._rest = b""
        self._last = 0
        self.listeners: dict[str, Callable[[str, Message], None]] = {}
        """By session of a page: what is told of its events, by name and parameters."""

    def send(self, method: str, session: str = "", /, **parameters: Any) -> Message:
        """Return the browser's answer to a command; events that come before it are told of.

        Raises:
            Refused: it refuses.
            DevToolsError: it is gone, or says nothing for `SECONDS_MAX`.
        """
        self._last += 1
        number = self._last
        message: Message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._write(json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + SECONDS_MAX
        while (found := self._next(deadline, method)).get("id") != number:
            self._tell(found)
        if "error" in found:
            raise Refused(f"{method}: {found['error'].get('message')}")
        result: Message = found["result"]
        return result

    def listen(self, until: Callable[[], bool], what: str) -> None:
        """Return when `until` holds, after events that came meanwhile.

        Raises:
            DevToolsError: it does not for `SECONDS_MAX`.
        """
        deadline = time.monotonic() + SECONDS_MAX
        while not until():
            self._tell(self._next(deadline, what))

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._writes, data) :]
        except OSError as error:
            raise DevToolsError(f"the browser is gone: {error}") from None

    def _next(self, deadline: float, what: str) -> Message:
        while b"\0" not in self._rest:
            seconds = max(deadline - time.monotonic(), 0)
            if not select.select([self._reads], [], [], seconds)[0]:
                raise DevToolsError(f"{what}: nothing came for {SECONDS_MAX} s")
            read = os.read(self._reads, 1_048_576)
            if not read:
                raise DevToolsError(f"{what}: the browser is gone")
            self._rest += read
        text, _, self._rest = self._rest.partition(b"\0")
        found: Message = json.loads(text)
        return found

    def _tell(self, message: Message) -> None:
        listener = self.listeners.get(message.get("sessionId", ""))
        if listener is not None and "method" in message:
            listener(message["method"], message.get("params", {}))
