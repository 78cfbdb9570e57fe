"""What a sandbox for programs must do."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from tenuto.core.errors import Rejected
from tenuto.ports.sandbox import ProgramSandbox, SandboxResult
from tenuto.testing.contracts.sandbox.case import OVER_MS_MAX, TIGHT


class ProgramResults(ABC):
    """What a program gives."""

    @abstractmethod
    def make_sandbox(self) -> ProgramSandbox:
        """Return the sandbox under test."""

    def ran(self, *argv: str, **parts: Any) -> SandboxResult:
        """Return what came of one program."""
        parts.setdefault("limits", TIGHT)
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


class ProgramSandboxContract(ProgramResults):
    """The whole suite of sandboxes for programs, on a system that has `sh`. Subclass it and make
    one."""

    def test_a_loop_without_end_is_stopped(self) -> None:
        result = self.sh("while :; do :; done")

        assert result.stopped == "cpu"
        assert result.wall_ms < TIGHT.wall_ms_max + OVER_MS_MAX

    def test_sleeping_past_the_limit_is_stopped(self) -> None:
        result = self.sh("echo begun; trap '' TERM INT HUP; sleep 60")

        assert (result.output, result.stopped) == ("begun\n", "wall_time")
        assert result.wall_ms < TIGHT.wall_ms_max + OVER_MS_MAX

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
            await sandbox.run(["sh", "-c", "echo x >/tmp/x; echo x >x"], limits=TIGHT)
            return await sandbox.run(["sh", "-c", "ls /tmp; ls"], limits=TIGHT)

        assert asyncio.run(main()).output == ""

    def test_other_work_goes_on_meanwhile(self) -> None:
        async def main() -> int:
            run = asyncio.create_task(self.make_sandbox().run(["sleep", "0.5"], limits=TIGHT))
            ticks = 0
            while not run.done():
                ticks += 1
                await asyncio.wait([run], timeout=0.01)
            await run
            return ticks

        assert asyncio.run(main()) > 10
