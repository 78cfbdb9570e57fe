"""The demo: a team answers a question over docs/, is killed on the way, and goes on.

Everything is done by the commands that a user would type; this script types them, and kills.
"""

import re
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.terminal import ROOT, Terminal, title

FOLDER = ROOT / "build" / "demo"
DATABASE = FOLDER / "tenuto.db"
QUESTION = "How does Tenuto survive a crash, and what does P3 promise?"
KILL_AT = re.compile(r"^parts\[1\] runs as session")
"""The line of progress at which the process is killed: each sub-question has a session of its own
and is at work."""
KILL_AFTER_S = 0.03
"""After that line; a sub-question takes some 0.15 s."""


def main() -> int:
    """Return 0 if the session was killed, went on and ended well."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    database = {"TENUTO_DB": f"sqlite:///{DATABASE.relative_to(ROOT)}"}
    terminal = Terminal({**database, "TENUTO_COLLECTIONS": str(FOLDER / "collections")})
    began = time.monotonic()
    run = ["run", "research", "-i", f"question={QUESTION}", "-i", "documents=docs"]
    title("A team of agents takes a question over docs/. We kill it on the way.")
    terminal.show(run)
    if not terminal.run_and_kill(run, at=KILL_AT, after_s=KILL_AFTER_S):
        print("The run ended before it could be killed.", file=sys.stderr)
        return 1
    title("The process is gone (kill -9). What it knew is in one file:")
    terminal.tenuto("sessions")
    title("We go on. What was done is not done again.")
    status = terminal.tenuto("resume", "last", "--quiet")
    if status:
        return status
    title("How it went: agents, tools, claims, and no work done twice.")
    terminal.tenuto("show", "last")
    took = time.monotonic() - began
    title(f"Done in {took:.1f} s, installation not counted. Look inside:")
    for verb in (
        "events last                 every event, in order",
        "show last --at 30           the session as it was at version 30",
        "trace last                  an OpenTelemetry trace",
        "replay last                 decide it again from the log",
        "fork last --at 30 --run     go another way from there",
        "serve --dev research        all of it in a browser",
    ):
        print(f"  {Terminal(database).prefix()} {verb}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
