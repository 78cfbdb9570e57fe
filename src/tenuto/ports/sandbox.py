"""Sandboxes: code that nobody has read is run where it can reach nothing and take only so much.

There are two kinds, since they can promise different things: snippets of Python are interpreted and
give a value; programs are processes of their own and give text and files. A sandbox says what it
enforces, and refuses to run anything on a machine where it cannot.

    PortError, Escalatable
    +-- SandboxUnavailable   this machine cannot enforce what the sandbox promises
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from tenuto.core.errors import Escalatable, PortError, Rejected
from tenuto.core.vocabulary import Json, JsonObject

Enforced: TypeAlias = Literal[
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
]
"""What a sandbox can enforce. `no_host_files`: none but the system's programs and libraries can be
read; `cpu` and `memory` hold for each process, `wall_time` for all of them together."""

Stopped: TypeAlias = Literal["", "cpu", "memory", "wall_time", "output"]
"""The limit that ended a run; empty: it ended by itself."""

FILES_MAX: Final = 100
"""Files that a program may be given, and as many that may be kept."""


class SandboxUnavailable(PortError, Escalatable):
    """This machine cannot enforce what the sandbox promises; nothing was run."""

    def __init__(self, sandbox: str, *, found: str, hint: str) -> None:
        self.sandbox, self.found, self.hint = sandbox, found, hint
        super().__init__(
            f"The sandbox {sandbox!r} cannot run here: {found}. {hint}", code="sandbox_unavailable"
        )


class SandboxLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one run may take. What a sandbox cannot hold is not among what it enforces.

    Programs are held to whole seconds of CPU time, rounded up."""

    cpu_ms_max: int = 5_000
    """Of each process."""
    wall_ms_max: int = 15_000
    """From the start to the end of all of it, sleeping included."""
    memory_bytes_max: int = 256 * 1024 * 1024
    """Of each process; of programs, their address space."""
    output_bytes_max: int = 64 * 1024
    """Of what is printed, to both streams together; the rest is dropped."""
    file_bytes_max: int = 16 * 1024 * 1024
    """Of all files in the working folder together, and again in the private `/tmp`."""
    processes_max: int = 32

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value: object = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise Rejected(f"The limit {name} is {value!r}; give a whole number from 1 on.")


class SandboxResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one run."""

    value: Json = None
    """Of a snippet: the value of its last expression."""
    output: str = ""
    """What was printed, cut at the limit; bytes that are no UTF-8 are replaced."""
    error: str = ""
    """Of a snippet: the exception, with the line. Of a program: what it wrote to stderr."""
    exit_code: int = 0
    """0: all went well. Of a snippet: 1 otherwise. 128 + n: the program was ended by signal n."""
    stopped: Stopped = ""
    truncated: bool = False
    """More was printed than the limit lets through."""
    files: dict[str, bytes] = {}
    """Of a program: what it left of the files that were to be kept."""
    wall_ms: int = 0


class SnippetSandbox(Protocol):
    """Runs snippets of Python. Each run begins with nothing that an earlier one left."""

    def enforces(self) -> frozenset[Enforced]:
        """Return what holds for every run."""
        ...

    async def check(self) -> None:
        """Return when this machine can enforce it.

        Raises:
            SandboxUnavailable: it cannot; the message says what is missing and what to do.
        """
        ...

    async def run(
        self, code: str, *, inputs: JsonObject | None = None, limits: SandboxLimits
    ) -> SandboxResult:
        """Return what `code` gave: the value of its last expression, which must be JSON.

        `inputs` are its global names. What goes wrong within is in the result; nothing of it is
        raised.

        Raises:
            SandboxUnavailable: as `check`.
        """
        ...


class ProgramSandbox(Protocol):
    """Runs programs, in a working folder of their own which is gone after the run."""

    def enforces(self) -> frozenset[Enforced]:
        """Return what holds for every run."""
        ...

    async def check(self) -> None:
        """Return when this machine can enforce it.

        Raises:
            SandboxUnavailable: it cannot; the message says what is missing and what to do.
        """
        ...

    async def run(
        self,
        argv: Sequence[str],
        *,
        limits: SandboxLimits,
        stdin: bytes = b"",
        files: Mapping[str, bytes] | None = None,
        keep: Sequence[str] = (),
    ) -> SandboxResult:
        """Return what the program printed and left behind. No process of it is alive then.

        Args:
            argv: the program, by name or by path within the sandbox, and its arguments.
            limits: what it may take.
            stdin: what it can read.
            files: put into the working folder before it starts, by relative path.
            keep: relative paths of files to bring back; those that are not there are left out.

        Raises:
            Rejected: `argv` is empty, or a path is absolute or leads out of the folder.
            SandboxUnavailable: as `check`.
        """
        ...
