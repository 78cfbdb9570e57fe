"""Brings MariaDB for the tests and benchmarks that need it, and runs servers of their own.

    python scripts/mariadb_server.py install    bring it; say so where that cannot be

TENUTO_TEST_MARIADB=mariadb://… names a server that is there already: then nothing is installed.
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
VARIABLE: Final = "TENUTO_TEST_MARIADB"
PACKAGE: Final = "mariadb-server-core"
"""The programs alone: no service, no user, no data."""
PROGRAM: Final = "mariadbd"
INSTALL_DB: Final = "mariadb-install-db"
VERSION_MIN: Final = (10, 6)
WATCH: Final = 'read _; kill -9 "$1"; rm -rf "$2"'
SECONDS_MAX: Final = 60
PORTS_MAX: Final = 20
USER: Final = "tenuto"


def install() -> str:
    """Bring the server, where there is none yet; return what hinders it, or nothing."""
    if named() or not fault():
        return ""
    from scripts import services

    if services.may_install():
        services.install(PACKAGE)
        services.install("mariadb-client-core")
    return fault()


def named() -> str:
    """Return the address of a server that the environment names, or nothing."""
    return os.environ.get(VARIABLE, "")


def fault() -> str:
    """Return why no server can be run here, in words, or nothing."""
    if sys.platform == "win32":
        return f"MariaDB is not run on Windows by tests. Name one, as {VARIABLE}=URL"
    found = version_of(program())
    if found >= VERSION_MIN and _found(INSTALL_DB):
        return ""
    older = f" (there is {'.'.join(map(str, found))})" if any(found) else ""
    return (
        f"MariaDB {'.'.join(map(str, VERSION_MIN))} or newer is not installed{older}: there are no "
        f"programs {PROGRAM} and {INSTALL_DB} of it. Install the system package {PACKAGE}, as "
        f"root: apt-get install {PACKAGE} mariadb-client-core; or name a server, as "
        f"{VARIABLE}=mariadb://…"
    )


def _found(name: str) -> "str | None":
    # Debian keeps the server where only root's PATH looks.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def program() -> "str | None":
    """Return the server's program, or None."""
    return _found(PROGRAM)


def version_of(path: "str | None") -> "tuple[int, int]":
    """Return the version of the program, (0, 0) where it does not run."""
    if path is None:
        return 0, 0
    try:
        run = subprocess.run(
            [path, "--no-defaults", "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    version = re.search(r"Ver (\d+)\.(\d+)", run.stdout)
    return (int(version[1]), int(version[2])) if version else (0, 0)


class Server:
    """A MariaDB of this process on one port of 127.0.0.1, with a password, as other people may
    share the machine. Its data end with this process, however that ends.

    Raises:
        RuntimeError: from `start`, when the server does not start.
    """

    def __init__(self, **settings: str) -> None:
        """Start a new, empty one. Settings are those of mariadbd, as `sync_binlog="1"`;
        without any it promises what MariaDB promises by default."""
        self._password = secrets.token_hex(16)
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="tenuto-mariadb-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self.port = 0
        atexit.register(self.close)
        self._fill()
        self._start_somewhere()

    @property
    def url(self) -> str:
        """The address of the role that may make databases, with its password."""
        return f"mariadb://{USER}:{self._password}@127.0.0.1:{self.port}/"

    def _fill(self) -> None:
        program = _found(INSTALL_DB)
        assert program is not None, "it was looked for"
        run = subprocess.run(
            [
                program,
                "--no-defaults",
                f"--datadir={self._folder / 'data'}",
                # Of its own: of several that are made at once each takes others' files away.
                f"--tmpdir={self._folder}",
                "--auth-root-authentication-method=socket",
                "--skip-test-db",
                "--skip-name-resolve",
                *_as_root(),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX * 2,
        )
        if run.returncode:
            raise RuntimeError(f"MariaDB made no data: {' '.join(run.stderr.split())[-500:]}")
        # Not as arguments: everybody can read those.
        first = self._folder / "first.sql"
        first.touch(0o600)
        first.write_text(
            f"CREATE USER IF NOT EXISTS {USER}@'127.0.0.1' IDENTIFIED BY '{self._password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO {USER}@'127.0.0.1';\n",
            "utf-8",
        )

    def start(self) -> None:
        """Return when it takes connections, on the same port. Does nothing where it runs."""
        if self._process is not None:
            return
        path = program()
        assert path is not None, "it was looked for"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    path,
                    "--no-defaults",
                    f"--datadir={self._folder / 'data'}",
                    f"--socket={self._folder / 'socket'}",
                    f"--pid-file={self._folder / 'pid'}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    "--skip-name-resolve",
                    f"--init-file={self._folder / 'first.sql'}",
                    "--character-set-server=utf8mb4",
                    *(f"--{name.replace('_', '-')}={to}" for name, to in self._settings.items()),
                    *_as_root(),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for this process.
                start_new_session=True,
            )
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
                raise RuntimeError(f"MariaDB did not start: {' '.join(said)[-500:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Break all connections, write everything back, and be away until `start`."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SECONDS_MAX)
        self.kill()

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
            self.port = free_port(place + 11)
            try:
                return self.start()
            except RuntimeError as error:
                # Taken by another program since it was looked at.
                if "already in use" not in str(error):
                    raise
        raise RuntimeError(f"MariaDB found no free port of 127.0.0.1 in {PORTS_MAX} attempts.")

    def _is_ready(self) -> bool:
        """Return whether it greets who comes, and is this one: its process has written its id."""
        assert self._process is not None, "it was started"
        with contextlib.suppress(OSError):
            if (self._folder / "pid").read_text("utf-8").strip() != str(self._process.pid):
                return False
            with socket.create_connection(("127.0.0.1", self.port), 1) as line:
                return len(line.recv(100)) > 4
        return False


def _as_root() -> "list[str]":
    """Return what lets the server run as root, where we are root."""
    return ["--user=root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def main(arguments: "list[str]") -> int:
    """Return 0 where there is a server or tests will be skipped."""
    if arguments == ["install"]:
        hindrance = install()
        if hindrance:
            print(f"{hindrance}. The tests that need MariaDB will be skipped.")
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
