"""Types what a user would type, shows it, and kills: for the demos."""

import os
import subprocess
import sys
import time
from pathlib import Path
from re import Pattern

ROOT = Path(__file__).resolve().parents[1]
RUN_S_MAX = 900


class Terminal:
    """`tenuto` in an environment of its own."""

    def __init__(self, environment: "dict[str, str]") -> None:
        self._own = environment
        self._environment = {**os.environ, **environment}

    def tenuto(self, *arguments: str) -> int:
        """Show a command, run it, and return its exit code."""
        self.show(arguments)
        program = [sys.executable, "-m", "tenuto.cli", *arguments]
        return subprocess.run(program, cwd=ROOT, env=self._environment, check=False).returncode

    def run_and_kill(self, arguments: "list[str]", *, at: Pattern[str], after_s: float) -> bool:
        """Run a command until a while after a line of its progress; return whether it was killed
        before it ended."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tenuto.cli", *arguments],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        deadline = time.monotonic() + RUN_S_MAX
        try:
            for line in process.stderr:
                if at.match(line) or time.monotonic() > deadline:
                    time.sleep(after_s)
                    process.kill()
                    break
                print(f"  {line.rstrip()[:110]}")
        finally:
            process.kill()
            process.stderr.close()
        return process.wait() < 0

    def show(self, arguments: "tuple[str, ...] | list[str]") -> None:
        """Print a command as it is typed."""
        words = [f'"{word}"' if " " in word else word for word in arguments]
        print(f"$ tenuto {' '.join(words)}", flush=True)

    def prefix(self) -> str:
        """Return what has to be typed before a verb to go on from another terminal."""
        own = " ".join(f"{name}={value}" for name, value in self._own.items() if "/" in value)
        return f"{own} .venv/bin/tenuto"


def title(text: str) -> None:
    """Print what comes next."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n# {text}", flush=True)
