"""Forks servers: `start PORT DB` on stdin, answered with its pid. They end with this process.

Forking spares each server the imports; the test kills them by their pids."""

import contextlib
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402, F401

import tenuto.adapters.postgres  # noqa: E402  (what a server needs is loaded before it is forked)
import tenuto.bootstrap.serving  # noqa: E402
import tenuto.cli  # noqa: E402
import tenuto.server.app  # noqa: E402
import tenuto.server.listening  # noqa: E402
import tenuto.server.streaming.framing  # noqa: E402
from tests.server.cuts import flows  # noqa: E402, F401

WORKFLOWS = ("tests.server.cuts.flows:ticking", "tests.server.cuts.flows:short")


def serve(port: str, db: str) -> None:
    # Its own stdout is what the test reads.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    options = ["--dev", "--allow-private-webhooks", "--db", db, "-p", port]
    sys.argv = ["tenuto", "serve", *options, *WORKFLOWS]
    tenuto.cli.main()


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children: list[int] = []
    for line in sys.stdin:
        _, port, db = line.split()
        child = os.fork()
        if not child:
            serve(port, db)
            os._exit(1)
        children.append(child)
        print(child, flush=True)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
