"""What every sandbox must do, in the words of `tenuto.ports.sandbox`."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any, Final

from tenuto.core.errors import Rejected
from tenuto.ports.sandbox import ProgramSandbox, SandboxLimits, SandboxResult, SnippetSandbox

_TIGHT: Final = SandboxLimits(
    cpu_ms_max=1_000,
    wall_ms_max=2_000,
    memory_bytes_max=128 * 1024 * 1024,
    output_bytes_max=2_000,
    file_bytes_max=1024 * 1024,
    processes_max=8,
)

_OVER_MS_MAX: Final = 5_000
"""A run may come to its end so much later than its limit says, on a machine that is busy."""


class SnippetSandboxContract(ABC):
    """The suite of sandboxes for snippets. Subclass it and make one."""

    @abstractmethod
    def make_sandbox(self) -> SnippetSandbox:
        """Return the sandbox under test."""

    def ran(self, code: str, limits: SandboxLimits = _TIGHT, **inputs: Any) -> SandboxResult:
        """Return what came of one snippet."""
        return asyncio.run(self.make_sandbox().run(code, inputs=inputs, limits=limits))

    def test_it_works_here_and_says_what_it_enforces(self) -> None:
        sandbox = self.make_sandbox()

        asyncio.run(sandbox.check())

        assert {"no_network", "no_environment", "wall_time", "output"} <= sandbox.enforces()

    def test_the_last_expression_is_the_value(self) -> None:
        result = self.ran(
            "total = sum(numbers)\n{'total': total, 'n': [1, None, True]}", numbers=[1, 2]
        )

        assert result.value == {"total": 3, "n": [1, None, True]}
        assert (result.exit_code, result.error, result.stopped) == (0, "", "")

    def test_what_is_printed_is_kept_apart_from_the_value(self) -> None:
        result = self.ran("print('é', 1)\n'value'")

        assert (result.output, result.value) == ("é 1\n", "value")

    def test_an_exception_is_told_with_its_line(self) -> None:
        result = self.ran("a = 1\na / 0")

        assert (result.exit_code, result.value, result.stopped) == (1, None, "")
        assert "ZeroDivisionError" in result.error
        assert "line 2" in result.error

    def test_what_is_no_python_is_told(self) -> None:
        assert "SyntaxError" in self.ran("x = (").error

    def test_a_value_that_json_cannot_hold_is_told(self) -> None:
        for code in ("float('nan')", "10 ** 100_000", "class A: pass\nA()"):
            result = self.ran(code)
            assert (result.value, result.exit_code) == (None, 1), code
            assert "no JSON" in result.error, code

    def test_a_loop_without_end_is_stopped(self) -> None:
        result = self.ran("while True: pass")

        assert result.stopped == "cpu"
        assert result.wall_ms < _TIGHT.cpu_ms_max + _OVER_MS_MAX

    def test_catching_everything_does_not_help(self) -> None:
        code = "while True:\n  try:\n    while True: pass\n  except BaseException: pass"

        assert self.ran(code).stopped == "cpu"

    def test_sleeping_past_the_limit_is_stopped(self) -> None:
        for code in ("import time\ntime.sleep(60)", "import time\nwhile True: time.sleep(0.01)"):
            result = self.ran(code)
            assert result.stopped == "wall_time", code
            assert result.wall_ms < _TIGHT.wall_ms_max + _OVER_MS_MAX, code

    def test_memory_is_bounded(self) -> None:
        for code in ("a = []\nwhile True: a.append('x' * 100_000)", "'x' * 10 ** 10"):
            assert self.ran(code).stopped == "memory", code

    def test_output_is_cut_and_the_snippet_goes_on(self) -> None:
        result = self.ran("for n in range(1_000): print('a' * 50)\n'done'")

        assert (result.value, result.truncated) == ("done", True)
        assert result.output == (("a" * 50 + "\n") * 50)[: _TIGHT.output_bytes_max]

    def test_a_value_that_is_too_large_is_told(self) -> None:
        result = self.ran("'x' * 100_000")

        assert (result.value, result.exit_code) == (None, 1)
        assert "at most 2000 are allowed" in result.error

    def test_the_host_is_out_of_reach(self) -> None:
        for code in (
            "open('/etc/passwd').read()",
            "import os\nos.listdir('/')",
            "import os\nos.environ['PATH']",
            "import socket\nsocket.socket()",
            "import subprocess\nsubprocess.run(['id'])",
            "import ctypes\nctypes.CDLL(None)",
            "from pathlib import Path\nPath('/etc/passwd').read_text()",
            "().__class__.__base__.__subclasses__()",
        ):
            result = self.ran(code)
            assert result.exit_code == 1, f"{code}: {result.value!r:.80}"

    def test_nothing_is_left_for_the_next_run(self) -> None:
        sandbox = self.make_sandbox()

        async def main() -> SandboxResult:
            await sandbox.run("secret = 1", limits=_TIGHT)
            return await sandbox.run("secret", limits=_TIGHT)

        assert "NameError" in asyncio.run(main()).error

    def test_other_work_goes_on_meanwhile(self) -> None:
        async def main() -> tuple[int, SandboxResult]:
            run = asyncio.create_task(self.make_sandbox().run("while True: pass", limits=_TIGHT))
            ticks = 0
            while not run.done():
                ticks += 1
                await asyncio.wait([run], timeout=0.01)
            return ticks, await run

        ticks, result = asyncio.run(main())

        assert result.stopped == "cpu"
        assert ticks > 10

    def test_who_is_not_wanted_any_more_is_ended(self) -> None:
        async def main() -> None:
            run = asyncio.create_task(self.make_sandbox().run("while True: pass", limits=_TIGHT))
            await asyncio.wait([run], timeout=0.3)
            run.cancel()
            await asyncio.wait([run], timeout=_OVER_MS_MAX / 1000)
            assert run.cancelled()

        asyncio.run(main())


class ProgramSandboxContract(ABC):
    """The suite of sandboxes for programs, on a system that has `sh`. Subclass it and make one."""

    @abstractmethod
    def make_sandbox(self) -> ProgramSandbox:
        """Return the sandbox under test."""

    def ran(self, *argv: str, **parts: Any) -> SandboxResult:
        """Return what came of one program."""
        parts.setdefault("limits", _TIGHT)
        return asyncio.run(self.make_sandbox().run(argv, **parts))

    def sh(self, script: str, **parts: Any) -> SandboxResult:
        """Return what came of one shell script."""
        return self.ran("sh", "-c", script, **parts)

    def test_it_works_here_and_says_what_it_enforces(self) -> None:
        sandbox = self.make_sandbox()

        asyncio.run(sandbox.check())

        assert {"no_network", "no_environment", "wall_time", "output"} <= sandbox.enforces()

    def test_output_error_and_exit_code_come_back(self) -> None:
        result = self.sh("echo out; echo err >&2; exit 7")

        assert (result.output, result.error, result.exit_code) == ("out\n", "err\n", 7)
        assert (result.stopped, result.truncated) == ("", False)

    def test_arguments_arrive_as_they_are(self) -> None:
        odd = ("a b", "$HOME", "'\"", "-n", "*", "")

        assert self.ran("printf", "[%s]", *odd).output == "".join(f"[{part}]" for part in odd)

    def test_a_program_reads_what_it_is_given(self) -> None:
        assert self.ran("cat", stdin=b"given").output == "given"
        assert self.ran("cat").output == ""

    def test_files_go_in_and_come_back(self) -> None:
        result = self.sh(
            "tr a-z A-Z <in/a.txt >out.txt; printf '\\0\\n-\\n3\\n' >raw; rm in/b",
            files={"in/a.txt": b"hello", "in/b": b"bye"},
            keep=["out.txt", "in/a.txt", "in/b", "raw", "none"],
        )

        assert result.files == {"out.txt": b"HELLO", "in/a.txt": b"hello", "raw": b"\0\n-\n3\n"}

    def test_what_is_no_plain_file_is_not_kept(self) -> None:
        result = self.sh(
            "ln -s /etc/hosts link; mkdir folder; mkfifo fifo; echo x >z",
            keep=["link", "folder", "fifo", "z"],
        )

        assert result.files == {"z": b"x\n"}

    def test_paths_that_lead_out_of_the_folder_are_refused(self) -> None:
        for path in ("/etc/x", "../x", "a/../../x", "", "a//b", "a\0b"):
            for parts in ({"files": {path: b""}}, {"keep": [path]}):
                try:
                    self.ran("true", **parts)
                except Rejected:
                    continue
                raise AssertionError(f"{parts} was taken")

    def test_no_program_at_all_is_refused(self) -> None:
        try:
            self.ran()
        except Rejected:
            return
        raise AssertionError("it was taken")

    def test_a_program_that_is_not_there_is_told(self) -> None:
        result = self.ran("no-such-program")

        assert result.exit_code == 127
        assert "not found" in result.error

    def test_a_loop_without_end_is_stopped(self) -> None:
        result = self.sh("while :; do :; done")

        assert result.stopped == "cpu"
        assert result.wall_ms < _TIGHT.wall_ms_max + _OVER_MS_MAX

    def test_sleeping_past_the_limit_is_stopped(self) -> None:
        result = self.sh("echo begun; trap '' TERM INT HUP; sleep 60")

        assert (result.output, result.stopped) == ("begun\n", "wall_time")
        assert result.wall_ms < _TIGHT.wall_ms_max + _OVER_MS_MAX

    def test_output_without_end_is_cut(self) -> None:
        result = self.sh("yes")

        assert result.output == ("y\n" * 1_000)
        assert result.truncated
        assert result.stopped in ("wall_time", "cpu")

    def test_output_beyond_the_limit_does_not_hold_the_program_up(self) -> None:
        result = self.sh("head -c 5000000 /dev/zero; exit 3")

        assert (result.exit_code, result.truncated, result.stopped) == (3, True, "")

    def test_nothing_is_left_for_the_next_run(self) -> None:
        sandbox = self.make_sandbox()

        async def main() -> SandboxResult:
            await sandbox.run(["sh", "-c", "echo x >/tmp/x; echo x >x"], limits=_TIGHT)
            return await sandbox.run(["sh", "-c", "ls /tmp; ls"], limits=_TIGHT)

        assert asyncio.run(main()).output == ""

    def test_other_work_goes_on_meanwhile(self) -> None:
        async def main() -> int:
            run = asyncio.create_task(self.make_sandbox().run(["sleep", "0.5"], limits=_TIGHT))
            ticks = 0
            while not run.done():
                ticks += 1
                await asyncio.wait([run], timeout=0.01)
            await run
            return ticks

        assert asyncio.run(main()) > 10
