"""Runs command lines: in this process for speed, or in one of their own where that matters."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from tenuto.cli.app import run
from tenuto.core.vocabulary import JsonObject

ROOT = Path(__file__).parents[2]
FLOWS = "tests.cli.flows"


class Result(msgspec.Struct, frozen=True):
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> JsonObject:
        """Return stdout as one JSON object."""
        value: JsonObject = msgspec.json.decode(self.out)
        return value

    @property
    def json_lines(self) -> list[JsonObject]:
        """Return stdout as JSON objects, one per line."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


class Shell:
    """A folder to run `tenuto` in, with a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "tenuto.db"
        self._spawned: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        """Leave no process behind."""
        for process in self._spawned:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def __call__(self, *arguments: str, stdin: str = "") -> Result:
        """Run `tenuto` in this process."""
        out, err = io.StringIO(), io.StringIO()
        before = sys.stdin, sys.excepthook
        sys.stdin = io.StringIO(stdin)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(arguments)
        finally:
            sys.stdin, sys.excepthook = before
        return Result(code, out.getvalue(), err.getvalue())

    def flow(self, name: str, *arguments: str, stdin: str = "") -> Result:
        """Run one of the workflows in `flows`."""
        return self("run", f"{FLOWS}:{name}", *arguments, stdin=stdin)

    def session(self) -> str:
        """Return the id of the newest session that no other started."""
        heads = self("sessions", "--json").json_lines
        return next(str(head["session"]) for head in heads if head["parent"] is None)

    def write(self, name: str, text: str) -> str:
        """Write a file into the folder and return its name."""
        (self.folder / name).write_text(text, "utf-8")
        return name

    def spawn(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `tenuto` in a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tenuto.cli", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._spawned.append(process)
        return process

    def apart(self, *arguments: str, timeout: float = 30) -> Result:
        """Run `tenuto` in a process of its own."""
        process = self.spawn(*arguments)
        out, err = process.communicate(timeout=timeout)
        return Result(process.returncode, out, err)

    def environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TENUTO_")}
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT)))),
            "PYTHONWARNINGS": "error",
            "TENUTO_USER": "ann",
            "TENUTO_DB": f"sqlite:///{self.database}",
        }
