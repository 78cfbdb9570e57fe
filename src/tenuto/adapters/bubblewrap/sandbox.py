"""Programs by `bwrap`: started, read, timed, ended as a whole."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import IO, Any, Final

from tenuto.adapters.bubblewrap.command import NOBODY, STDIN, WORK, command
from tenuto.adapters.bubblewrap.paths import checked_paths
from tenuto.adapters.bubblewrap.probe import PROBE, fault_of_probe, hint_for
from tenuto.adapters.bubblewrap.reading import Budget, drain, files_in
from tenuto.core.errors import Rejected
from tenuto.ports.sandbox import Enforced, SandboxLimits, SandboxResult, SandboxUnavailable, Stopped

NAME: Final = "bubblewrap"

_ENFORCES: Final[frozenset[Enforced]] = frozenset(
    {
        "no_network",
        "no_environment",
        "no_host_files",
        "read_only_root",
        "private_tmp",
        "cpu",
        "memory",
        "wall_time",
        "output",
        "files",
        "processes",
    }
)

_CPU_SPENT: Final = 128 + signal.SIGXCPU if sys.platform == "linux" else -1
"""How the shell reports a program that was ended for the CPU time it took."""


class BubblewrapSandbox:
    """A `ProgramSandbox`.

    Started by root, what runs inside is another user, `nobody`: the kernel holds root to no number
    of processes."""

    def __init__(self, program: str = "bwrap") -> None:
        self._program = program
        self._works = False

    def enforces(self) -> frozenset[Enforced]:
        """Return what holds for every run. See `ProgramSandbox.enforces`."""
        return _ENFORCES

    async def check(self) -> None:
        """Return when a program was run and found itself confined. See `ProgramSandbox.check`.

        It is tried until it works once; from then on it is taken to work."""
        if self._works:
            return
        if sys.platform != "linux":
            raise SandboxUnavailable(
                NAME,
                found=f"it needs Linux, and this is {sys.platform}",
                hint="Run the program elsewhere, or use a snippet in Monty.",
            )
        bwrap = shutil.which(self._program)
        if bwrap is None:
            raise SandboxUnavailable(
                NAME,
                found=f"the program {self._program!r} is not installed",
                hint="Install the system package bubblewrap: apt-get install bubblewrap.",
            )
        result = await self._run(["sh", "-c", PROBE], SandboxLimits(), {}, ())
        fault = fault_of_probe(result)
        if fault:
            raise SandboxUnavailable(NAME, found=fault, hint=hint_for(fault))
        self._works = True

    async def run(
        self,
        argv: Sequence[str],
        *,
        limits: SandboxLimits,
        stdin: bytes = b"",
        files: Mapping[str, bytes] | None = None,
        keep: Sequence[str] = (),
    ) -> SandboxResult:
        """Return what the program printed and left behind. See `ProgramSandbox.run`."""
        if not argv or any("\0" in part for part in argv):
            raise Rejected(f"There is no program to run in {argv!r:.80}; give its name first.")
        given = dict(zip(checked_paths(files or {}), (files or {}).values(), strict=True))
        contents = {STDIN: stdin, **{f"{WORK}/{path}": data for path, data in given.items()}}
        await self.check()
        return await self._run(argv, limits, contents, checked_paths(keep))

    async def _run(
        self,
        argv: Sequence[str],
        limits: SandboxLimits,
        contents: Mapping[str, bytes],
        keep: Sequence[str],
    ) -> SandboxResult:
        begun = time.monotonic()
        budget = Budget(limits.output_bytes_max)
        kept = Budget(limits.file_bytes_max + 32 * len(keep))
        with _in_memory({STDIN: b"", **contents}) as files:
            line = command(self._program, argv, limits=limits, files=files, keep=keep)
            async with _started(line, tuple(files.values())) as (process, sent):
                output = asyncio.create_task(drain(process.stdout, budget))
                error = asyncio.create_task(drain(process.stderr, budget))
                files_sent = asyncio.create_task(drain(sent, kept))
                reading = asyncio.gather(output, error, files_sent)
                stopped = await _ended(process, reading, limits.wall_ms_max)
        code = process.returncode or 0
        if code == _CPU_SPENT:
            stopped = "cpu"
        return SandboxResult(
            output=output.result().decode("utf-8", "replace"),
            error=error.result().decode("utf-8", "replace"),
            exit_code=code if code >= 0 else 128 - code,
            stopped=stopped,
            truncated=budget.exceeded,
            files=files_in(files_sent.result(), keep),
            wall_ms=round((time.monotonic() - begun) * 1000),
        )


async def _ended(
    process: asyncio.subprocess.Process, reading: "asyncio.Future[Any]", wall_ms_max: int
) -> Stopped:
    """Return when nothing of the process is left: by then its pipes have no other end."""
    try:
        async with asyncio.timeout(wall_ms_max / 1000):
            await asyncio.shield(reading)
            await process.wait()
        return ""
    except TimeoutError:
        return "wall_time"
    finally:
        # With the outermost process the kernel ends the namespace, and every process in it.
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


@asynccontextmanager
async def _started(
    line: Sequence[str], descriptors: tuple[int, ...]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    """Give the process, and the stream of what it sends back by its standard input."""
    loop = asyncio.get_running_loop()
    end, start = os.pipe()
    sent = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(sent), _opened(end)
    )
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *line,
                stdin=start,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=descriptors,
                # The first process inside is a copy of `bwrap`: its environment can be read there.
                env={"PATH": os.defpath},
                cwd="/",
                start_new_session=True,
                **_as_nobody(),
            )
        finally:
            os.close(start)
        yield process, sent
    finally:
        transport.close()


def _opened(end: int) -> IO[bytes]:
    return os.fdopen(end, "rb", buffering=0)


def _as_nobody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@contextmanager
def _in_memory(contents: Mapping[str, bytes]) -> Iterator[dict[str, int]]:
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
