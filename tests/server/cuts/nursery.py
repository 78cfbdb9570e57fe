"""Forks `tenuto serve`: `python nursery.py DB PORT`, then `start` and `kill` on stdin.

Forking spares each server the imports, so that a test can kill dozens of them."""

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

import tenuto.bootstrap.serving  # noqa: E402  (what a server needs is loaded before it is forked)
import tenuto.cli  # noqa: E402
import tenuto.server.app  # noqa: E402
import tenuto.server.listening  # noqa: E402
import tenuto.server.streaming.framing  # noqa: E402
from tests.server.cuts import flows  # noqa: E402, F401

WORKFLOWS = ("tests.server.cuts.flows:ticking", "tests.server.cuts.flows:short")


def main(db: str, port: str) -> None:
    child = 0
    for line in sys.stdin:
        if line == "start\n":
            child = os.fork()
            if not child:
                # Its own stdout is what the test reads.
                os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
                sys.argv = ["tenuto", "serve", "--dev", "--db", db, "-p", port, *WORKFLOWS]
                tenuto.cli.main()
                os._exit(1)
        elif child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = 0
        print("done", flush=True)
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
