"""A `tenuto serve` of the support desk, which clients work with, and which can be killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.server.cuts.servers import own_port

ROOT: Final = Path(__file__).parent.parent.parent.parent
CLIENTS: Final = ROOT / "examples" / "clients"
SECONDS_MAX: Final = 60


class Server:
    """A process of `tenuto serve`, which can be killed and started again."""

    def __init__(self, folder: Path, port: int, options: tuple[str, ...]) -> None:
        self.folder, self.port, self.options, self.key = folder, port, options, ""
        self.address = f"http://127.0.0.1:{port}"
        self.process = self.started()

    def started(self) -> "subprocess.Popen[str]":
        """Return the process once it serves; at the first start it gives a key."""
        command = [sys.executable, "-m", "tenuto.cli", "serve", str(ROOT / "examples/triage.yaml")]
        database = ["--db", str(self.folder / "clients.db")]
        process = subprocess.Popen(
            [*command, "-p", str(self.port), *database, *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )
        assert process.stdout is not None and process.stderr is not None
        while "serving at" not in (line := process.stderr.readline()):
            assert line, "the server ended"
        if not self.key and "--dev" not in self.options:
            self.key = process.stdout.readline().strip()
        return process

    def end(self, *, kill: bool = False) -> None:
        """Return when the process is gone."""
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.communicate(timeout=SECONDS_MAX)

    def start_again(self) -> None:
        """Return when the server, which has ended, serves the same file at the same port."""
        self.process = self.started()

    @property
    def environment(self) -> dict[str, str]:
        """Return what clients find the server with."""
        return {**os.environ, "TENUTO_URL": self.address, "TENUTO_KEY": self.key}


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """Give a server with a new file in `folder`, and with options of the command."""
    server = Server(folder, own_port(), options)
    try:
        yield server
    finally:
        server.end()
