"""Brings Redis for the tests and benchmarks that need it, and runs servers of their own.

    python scripts/redis_server.py install    bring it; say so where that cannot be

TENUTO_TEST_REDIS=redis://… names a server that is there already: then nothing is installed.
"""

import atexit
import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
VARIABLE: Final = "TENUTO_TEST_REDIS"
PACKAGE: Final = "redis-server"
PROGRAMS: Final = ("redis-server", "valkey-server")
MAJOR_MIN: Final = 6
POLICY: Final = Path("/usr/sbin/policy-rc.d")
"""Where it says 101, installing a package of Debian starts no service. Source: invoke-rc.d(8)."""
WATCH: Final = 'read _; kill -9 "$1"; rm -rf "$2"'
SECONDS_MAX: Final = 30
PORTS_MAX: Final = 20


def install() -> str:
    """Bring the server, where there is none yet; return what hinders it, or nothing."""
    if named() or not fault():
        return ""
    from scripts import services

    if services.may_install():
        makes_policy = not POLICY.exists()
        if makes_policy:
            POLICY.write_text("#!/bin/sh\nexit 101\n", "utf-8")
            POLICY.chmod(0o755)
        try:
            services.install(PACKAGE)
        finally:
            if makes_policy:
                POLICY.unlink()
        if shutil.which("systemctl"):
            # Nor when the machine starts.
            services.done(["systemctl", "disable", PACKAGE])
    return fault()


def named() -> str:
    """Return the address of a server that the environment names, or nothing."""
    return os.environ.get(VARIABLE, "")


def fault() -> str:
    """Return why no server can be run here, in words, or nothing."""
    if sys.platform == "win32":
        return f"Redis is not run on Windows by tests. Name one, as {VARIABLE}=URL"
    program = found()
    major = major_of(program) if program else 0
    if major >= MAJOR_MIN:
        return ""
    older = f" (there is {major})" if major else ""
    return (
        f"Redis {MAJOR_MIN} or newer is not installed{older}: PATH has no program redis-server of "
        f"it. Install the system package {PACKAGE}, as root: apt-get install {PACKAGE}; or name a "
        f"server, as {VARIABLE}=redis://…"
    )


def found() -> "str | None":
    """Return the program, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def major_of(program: str) -> int:
    """Return the major version of the program, 0 where it does not run."""
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r"v=(\d+)", run.stdout)
    return int(version[1]) if version else 0


class Server:
    """A Redis of this process on one port of 127.0.0.1, with a password, as other people may share
    the machine. It keeps nothing when it stops, and ends with this process, however that ends.

    Raises:
        RuntimeError: from `start`, when the server does not start.
    """

    def __init__(self) -> None:
        """Start it."""
        self._password = secrets.token_hex(16)
        self._folder = Path(tempfile.mkdtemp(prefix="tenuto-redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self.port = 0
        atexit.register(self.close)
        self._start_somewhere()

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Return when it takes connections, on the same port, empty. Does nothing where it runs."""
        if self._process is not None:
            return
        program = found()
        assert program is not None, "it was looked for"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for this process.
                start_new_session=True,
            )
        assert self._process.stdin is not None, "it is a pipe"
        # Not as arguments: everybody can read those.
        self._process.stdin.write(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\n"
            f'save ""\nappendonly no\ndir {self._folder}\n'.encode()
        )
        self._process.stdin.close()
        # Reads until this process is gone, and has closed the pipe.
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", WATCH, "sh", str(self._process.pid), str(self._folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        until = time.monotonic() + SECONDS_MAX
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                said = (self._folder / "log").read_text("utf-8", "replace").split()
                raise RuntimeError(f"Redis did not start: {' '.join(said)[-500:]}")
            time.sleep(0.005)

    def kill(self) -> None:
        """End it as a power cut would, and leave it away until `start`."""
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()
            assert self._watcher.stdin is not None, "it is a pipe"
            self._watcher.stdin.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._watcher = None

    def close(self) -> None:
        """End it for good."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_somewhere(self) -> None:
        from scripts.postgres_cluster import free_port

        for place in range(PORTS_MAX):
            self.port = free_port(place + 7)
            try:
                return self.start()
            except RuntimeError as error:
                # Taken by another program since it was looked at.
                if "already in use" not in str(error):
                    raise
        raise RuntimeError(f"Redis found no free port of 127.0.0.1 in {PORTS_MAX} attempts.")

    def _is_ready(self) -> bool:
        """Return whether it answers, and is this one: another does not know the password."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 1) as line,
        ):
            line.sendall(f"AUTH {self._password}\r\n".encode())
            return line.recv(100).startswith(b"+OK")
        return False


def main(arguments: "list[str]") -> int:
    """Return 0 where there is a server or tests will be skipped."""
    if arguments == ["install"]:
        hindrance = install()
        if hindrance:
            print(f"{hindrance}. The tests that need Redis will be skipped.")
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
