"""What a sandbox for snippets must do."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from tenuto.ports.sandbox import SandboxLimits, SandboxResult, SnippetSandbox
from tenuto.testing.contracts.sandbox.case import OVER_MS_MAX, TIGHT


class SnippetResults(ABC):
    """What a snippet gives."""

    @abstractmethod
    def make_sandbox(self) -> SnippetSandbox:
        """Return the sandbox under test."""

    def ran(self, code: str, limits: SandboxLimits = TIGHT, **inputs: Any) -> SandboxResult:
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


class SnippetSandboxContract(SnippetResults):
    """The whole suite of sandboxes for snippets. Subclass it and make one."""

    def test_a_loop_without_end_is_stopped(self) -> None:
        result = self.ran("while True: pass")

        assert result.stopped == "cpu"
        assert result.wall_ms < TIGHT.cpu_ms_max + OVER_MS_MAX

    def test_catching_everything_does_not_help(self) -> None:
        code = "while True:\n  try:\n    while True: pass\n  except BaseException: pass"

        assert self.ran(code).stopped == "cpu"

    def test_sleeping_past_the_limit_is_stopped(self) -> None:
        for code in ("import time\ntime.sleep(60)", "import time\nwhile True: time.sleep(0.01)"):
            result = self.ran(code)
            assert result.stopped == "wall_time", code
            assert result.wall_ms < TIGHT.wall_ms_max + OVER_MS_MAX, code

    def test_memory_is_bounded(self) -> None:
        for code in ("a = []\nwhile True: a.append('x' * 100_000)", "'x' * 10 ** 10"):
            assert self.ran(code).stopped == "memory", code

    def test_output_is_cut_and_the_snippet_goes_on(self) -> None:
        result = self.ran("for n in range(1_000): print('a' * 50)\n'done'")

        assert (result.value, result.truncated) == ("done", True)
        assert result.output == (("a" * 50 + "\n") * 50)[: TIGHT.output_bytes_max]

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
            await sandbox.run("secret = 1", limits=TIGHT)
            return await sandbox.run("secret", limits=TIGHT)

        assert "NameError" in asyncio.run(main()).error

    def test_other_work_goes_on_meanwhile(self) -> None:
        async def main() -> tuple[int, SandboxResult]:
            run = asyncio.create_task(self.make_sandbox().run("while True: pass", limits=TIGHT))
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
            run = asyncio.create_task(self.make_sandbox().run("while True: pass", limits=TIGHT))
            await asyncio.wait([run], timeout=0.3)
            run.cancel()
            await asyncio.wait([run], timeout=OVER_MS_MAX / 1000)
            assert run.cancelled()

        asyncio.run(main())
