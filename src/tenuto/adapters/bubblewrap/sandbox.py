"""Programs by `bwrap`: started, read, timed, ended as a whole."""

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tenuto.adapters.bubblewrap.command import STDIN, WORK, command
from tenuto.adapters.bubblewrap.paths import checked_paths
from tenuto.adapters.bubblewrap.probe import PROBE, fault_of_probe, hint_for
from tenuto.adapters.bubblewrap.reading import Budget, drain, files_in
from tenuto.adapters.bubblewrap.running import in_memory, started
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
        """Who is not waited for any more still comes to an end: that takes a task of its own, in
        which no cancelling can strike between the start of a process and its end."""
        unwanted = asyncio.Event()
        run = asyncio.create_task(self._carried_out(argv, limits, (contents, keep), unwanted))
        try:
            return await asyncio.shield(run)
        finally:
            unwanted.set()
            if not run.done():
                await asyncio.wait([run])

    async def _carried_out(
        self,
        argv: Sequence[str],
        limits: SandboxLimits,
        given: tuple[Mapping[str, bytes], Sequence[str]],
        unwanted: asyncio.Event,
    ) -> SandboxResult:
        begun = time.monotonic()
        contents, keep = given
        budget = Budget(limits.output_bytes_max)
        kept = Budget(limits.file_bytes_max + 32 * len(keep))
        with in_memory({STDIN: b"", **contents}) as files:
            line = command(self._program, argv, limits=limits, files=files, keep=keep)
            async with started(line, tuple(files.values())) as running:
                reading = asyncio.gather(
                    drain(running.process.stdout, budget),
                    drain(running.process.stderr, budget),
                    drain(running.sent, kept),
                )
                in_time = await _waited(reading, unwanted, limits.wall_ms_max)
                await running.end()
                output, error, sent = await reading
        code = running.process.returncode or 0
        stopped: Stopped = "" if in_time else "wall_time"
        return SandboxResult(
            output=output.decode("utf-8", "replace"),
            error=error.decode("utf-8", "replace"),
            exit_code=code if code >= 0 else 128 - code,
            stopped="cpu" if code == _CPU_SPENT else stopped,
            truncated=budget.exceeded,
            files=files_in(sent, keep),
            wall_ms=round((time.monotonic() - begun) * 1000),
        )


async def _waited(
    reading: "asyncio.Future[Any]", unwanted: asyncio.Event, wall_ms_max: int
) -> bool:
    """Return whether the pipes came to their end in time, and nobody has had enough before. Then
    all who could write to them are gone."""
    waiting = asyncio.ensure_future(unwanted.wait())
    try:
        await asyncio.wait(
            [reading, waiting],
            timeout=wall_ms_max / 1000,
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        waiting.cancel()
    return reading.done()
