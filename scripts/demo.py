"""The demo: a team answers a question over docs/, is killed on the way, and goes on.

Everything is done by the commands that a user would type; this script types them, and kills.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "demo"
DATABASE = FOLDER / "tenuto.db"
QUESTION = "How does Tenuto survive a crash, and what does P3 promise?"
KILL_AT = re.compile(r"^parts\[1\] runs as session")
"""The line of progress at which the process is killed: each sub-question has a session of its own
and is at work."""
KILL_AFTER_S = 0.03
"""After that line; a sub-question takes some 0.15 s."""
RUN_S_MAX = 60


def main() -> int:
    """Return 0 if the session was killed, went on and ended well."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    began = time.monotonic()
    run = ["run", "research", "-i", f"question={QUESTION}", "-i", "documents=docs"]
    _title("A team of agents takes a question over docs/. We kill it on the way.")
    _show(run)
    if not _run_and_kill(run):
        print("The run ended before it could be killed.", file=sys.stderr)
        return 1
    _title("The process is gone (kill -9). What it knew is in one file:")
    _tenuto("sessions")
    _title("We go on. What was done is not done again.")
    status = _tenuto("resume", "last", "--quiet")
    if status:
        return status
    _title("How it went: agents, tools, claims, and no work done twice.")
    _tenuto("show", "last")
    took = time.monotonic() - began
    _title(f"Done in {took:.1f} s, installation not counted. Look inside:")
    for verb in (
        "events last                 every event, in order",
        "show last --at 30           the session as it was at version 30",
        "trace last                  an OpenTelemetry trace",
        "replay last                 decide it again from the log",
        "fork last --at 30 --run     go another way from there",
        "serve --dev research        all of it in a browser",
    ):
        print(f"  {_command()} {verb}")
    return 0


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "TENUTO_DB": f"sqlite:///{DATABASE.relative_to(ROOT)}",
        "TENUTO_COLLECTIONS": str(FOLDER / "collections"),
    }


def _tenuto(*arguments: str) -> int:
    _show(arguments)
    program = [sys.executable, "-m", "tenuto.cli", *arguments]
    return subprocess.run(program, cwd=ROOT, env=_environment(), check=False).returncode


def _run_and_kill(arguments: list[str]) -> bool:
    """Return whether the process was killed before it ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tenuto.cli", *arguments],
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    deadline = time.monotonic() + RUN_S_MAX
    try:
        for line in process.stderr:
            if KILL_AT.match(line) or time.monotonic() > deadline:
                time.sleep(KILL_AFTER_S)
                process.kill()
                break
            print(f"  {line.rstrip()[:110]}")
    finally:
        process.kill()
        process.stderr.close()
    return process.wait() < 0


def _title(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n# {text}", flush=True)


def _show(arguments: tuple[str, ...] | list[str]) -> None:
    words = [f'"{word}"' if " " in word else word for word in arguments]
    print(f"$ tenuto {' '.join(words)}", flush=True)


def _command() -> str:
    return f"TENUTO_DB={_environment()['TENUTO_DB']} .venv/bin/tenuto"


if __name__ == "__main__":
    sys.exit(main())
