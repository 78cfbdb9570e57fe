"""One `bwrap` process: started, read, and ended with all that runs within it.

`bwrap` makes a first process inside, and the kernel ends all others with that one. Killing the
outer process is not enough: one that is killed while it still sets things up leaves the inner one
waiting for it for ever. So `bwrap` is asked which the inner process is, and that is killed.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import IO, Any, Final

import msgspec

from tenuto.adapters.bubblewrap.command import NOBODY

NOTICED_S_MAX: Final = 1.0
"""How long the end of a process may take to be noticed."""


class Info(msgspec.Struct, rename="kebab"):
    """What `bwrap` tells of itself when the inner process exists."""

    child_pid: int


class Running:
    """A process that runs. `sent` is what it sends back by its standard input."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        *,
        sent: asyncio.StreamReader,
        info: asyncio.StreamReader,
    ) -> None:
        self.process, self.sent, self._info = process, sent, info

    async def end(self) -> None:
        """Return when neither the process nor anything within it is left."""
        # To its end: it comes in pieces, and half a number would be that of another process.
        told = await self._info.read()
        if self.process.returncode is None:
            try:
                os.kill(msgspec.json.decode(told, type=Info).child_pid, signal.SIGKILL)
            except (msgspec.DecodeError, ProcessLookupError):
                # It ended before there was anything inside, or just now. To kill it would take its
                # exit code from who waits for it, so its end is given time to be noticed.
                with suppress(TimeoutError):
                    async with asyncio.timeout(NOTICED_S_MAX):
                        await self.process.wait()
                with suppress(ProcessLookupError):
                    self.process.kill()
        await self.process.wait()


class Pipe:
    """A pipe whose start is for another process."""

    def __init__(self) -> None:
        end, self.start = os.pipe()
        self._end: IO[bytes] = os.fdopen(end, "rb", buffering=0)

    async def connect(self, stack: AsyncExitStack) -> asyncio.StreamReader:
        """Return what comes out of it, until `stack` is left."""
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), self._end
        )
        stack.callback(transport.close)
        return stream


@asynccontextmanager
async def started(line: Sequence[str], descriptors: Sequence[int]) -> AsyncIterator[Running]:
    """Give the process that `line` starts; `line` names no descriptor of its own."""
    async with AsyncExitStack() as stack:
        sent, info = Pipe(), Pipe()
        try:
            streams = [await pipe.connect(stack) for pipe in (sent, info)]
            process = await asyncio.create_subprocess_exec(
                *(line[0], "--info-fd", str(info.start), *line[1:]),
                stdin=sent.start,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(*descriptors, info.start),
                # The first process inside is a copy of `bwrap`: its environment can be read there.
                env={"PATH": os.defpath},
                cwd="/",
                start_new_session=True,
                **_as_nobody(),
            )
        finally:
            os.close(sent.start)
            os.close(info.start)
        yield Running(process, sent=streams[0], info=streams[1])


def _as_nobody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@contextmanager
def in_memory(contents: Mapping[str, bytes]) -> Iterator[dict[str, int]]:
    """Give a descriptor for each content: `bwrap` copies it to where it belongs."""
    opened: dict[str, int] = {}
    try:
        for path, content in contents.items():
            number = opened[path] = os.memfd_create("tenuto")
            with os.fdopen(os.dup(number), "wb") as file:
                file.write(content)
            os.lseek(number, 0, os.SEEK_SET)
        yield opened
    finally:
        for number in opened.values():
            os.close(number)
