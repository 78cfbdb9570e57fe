"""`--detach`: the same command line in a process of its own, which outlives this one.

The child starts the session and tells its id through a pipe; then the parent prints it and leaves.
What goes wrong before that is the parent's to report.
"""

import os
import subprocess
import sys
import tempfile

from tenuto.cli import exit_codes
from tenuto.cli.printing import say, show


def detach() -> int:
    """Return the exit code once a process of its own has started the session, or has failed to."""
    reading, writing = os.pipe()
    arguments = [argument for argument in sys.argv[1:] if argument != "--detach"]
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "tenuto.cli", *arguments, "--quiet", f"--announce={writing}"],
            stdin=None if "-" in arguments else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
            pass_fds=(writing,),
            start_new_session=True,
        )
        os.close(writing)
        with os.fdopen(reading) as pipe:
            session = pipe.read().strip()
        if session:
            show(session)
            say(f"works on its own as process {process.pid}; look with: tenuto show {session}")
            return exit_codes.COMPLETED
        code = process.wait()
        words.seek(0)
        sys.stderr.write(words.read().decode(errors="replace"))
        return code


def announce(pipe: int | None, session: str) -> None:
    """Tell the process that detached this one that the session has started."""
    if pipe is not None:
        with os.fdopen(pipe, "w") as file:
            file.write(session)
