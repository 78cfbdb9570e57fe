"""A PostgreSQL server on data of its own, which end with it.

It listens on one port of 127.0.0.1 and nowhere else, and wants a password, as other people may
share the machine. PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

SECONDS_MAX: Final = 60
PORTS_MAX: Final = 20
PREFIX: Final = "tenuto-postgres-"
ADMIN: Final = "postgres"
ROLE: Final = "tenuto"
"""Not a superuser: row-level security does not hold for one."""

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "cluster_name": "tenuto-tests",
    "max_connections": "200",
    # After a kill, one call to the system writes all back; file by file it takes seconds.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
}
PR_SET_PDEATHSIG: Final = 1
"""Source: prctl(2)."""


class Unwell(Exception):
    """The server does not do what it was told; the message has the end of what it said."""


class Cluster:
    """A server and its data. As a context it is made and started, and thrown away at the end."""

    def __init__(self, programs: Path, settings: Mapping[str, str]) -> None:
        self._programs, self._settings = programs, {**SETTINGS, **settings}
        self._identity = identity()
        self._process: subprocess.Popen[bytes] | None = None
        self._passwords = {ADMIN: secrets.token_hex(16), ROLE: secrets.token_hex(16)}
        self._folder = self._data = self._log = Path()
        self._lock: int | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The address for a role that may make databases and roles, and is no superuser."""
        return address(ROLE, self._passwords[ROLE], self.port)

    @property
    def admin_url(self) -> str:
        return address(ADMIN, self._passwords[ADMIN], self.port)

    @property
    def pid(self) -> int:
        """Of the server's first process; 0 while it is down."""
        return self._process.pid if self._process else 0

    def __enter__(self) -> Cluster:
        sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._data, self._log = self._folder / "data", self._folder / "log"
        try:
            self._lock = locked(self._folder)
            if self._identity:
                os.chown(self._folder, self._identity["user"], self._identity["group"])
            self._make()
            self._start_somewhere()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Nothing of it is worth to be written back.
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)

    def start(self) -> None:
        """Return when the server takes connections. Does nothing where it runs.

        Raises:
            Unwell: it ended, or was not ready in time.
        """
        if self._process and self._process.poll() is None:
            return
        options = [part for pair in self._settings.items() for part in ("-c", "=".join(pair))]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                # Held as long as any process of the server is there.
                pass_fds=[self._lock] if self._lock is not None else [],
                preexec_fn=end_with_parent(),
                **self._identity,
            )
        until = time.monotonic() + SECONDS_MAX
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self._end(signal.SIGQUIT)
                raise Unwell(f"PostgreSQL did not start: {end_of(self._log)}")
            time.sleep(0.005)

    def stop(self) -> None:
        """End the server in good order: it breaks all connections, and writes everything back."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End every process of the server at once, and return when none is there any more.

        Raises:
            Unwell: some do not end.
        """
        if not self._process:
            return
        # Stopped first, so that it makes no new ones meanwhile.
        os.kill(self._process.pid, signal.SIGSTOP)
        children = children_of(self._process.pid)
        for pid in [*children, self._process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        # As long as one has the shared memory, no other server starts on the data.
        until = time.monotonic() + SECONDS_MAX
        while not children.isdisjoint(living()):
            if time.monotonic() > until:
                raise Unwell("Processes of PostgreSQL were killed and do not end.")
            time.sleep(0.005)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _make(self) -> None:
        # Not written through to the disk: nobody misses it when the machine stops meanwhile.
        options = ["--no-sync", "--encoding=UTF8", "--locale=C", f"--username={ADMIN}"]
        options += ["--auth-local=reject", "--auth-host=scram-sha-256"]
        secret = self._folder / "password"
        secret.write_text(self._passwords[ADMIN], "utf-8")
        self._done(["initdb", "-D", str(self._data), f"--pwfile={secret}", *options], "")
        secret.unlink()
        role = f"CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{self._passwords[ROLE]}'\n"
        self._done(["postgres", "--single", "-D", str(self._data), "postgres"], role)

    def _done(self, command: list[str], text: str) -> None:
        run = subprocess.run(
            [self._programs / command[0], *command[1:]],
            input=text,
            text=True,
            capture_output=True,
            check=False,
            cwd=self._folder,
            timeout=SECONDS_MAX,
            **self._identity,
        )
        if run.returncode:
            raise Unwell(f"{command[0]} failed: {' '.join(run.stderr.split())[-500:]}")

    def _start_somewhere(self) -> None:
        for place in range(PORTS_MAX):
            self.port = free_port(place)
            try:
                return self.start()
            except Unwell as error:
                # Taken by another program since it was looked at.
                if "could not bind" not in str(error):
                    raise
        raise Unwell(f"PostgreSQL found no free port of 127.0.0.1 in {PORTS_MAX} attempts.")

    def _is_ready(self) -> bool:
        """Return what the server's own file says, as pg_ctl reads it."""
        assert self._process is not None, "it was started"
        try:
            lines = (self._data / "postmaster.pid").read_text("utf-8").splitlines()
        except OSError:
            return False
        return lines[:1] == [str(self._process.pid)] and lines[7:8] == ["ready   "]

    def _end(self, number: int) -> None:
        if self._process:
            self._process.send_signal(number)
            try:
                self._process.wait(SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None


def address(role: str, password: str, port: int) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/postgres"


def end_of(log: Path) -> str:
    return " ".join(read(log).split())[-800:]


def locked(folder: Path) -> int:
    """Return an open file that tells `sweep` that the folder is in use, until nobody has it."""
    new = folder / "lock.new"
    descriptor = os.open(new, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    # Under its name only now, so that it is never seen without its lock.
    new.rename(folder / "lock")
    return descriptor


def sweep() -> None:
    """Remove the data of servers whose keeper was killed before it could."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
        with contextlib.suppress(OSError), lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


def identity() -> dict[str, Any]:
    """Return as whom subprocesses run the server: nothing unless this is root."""
    if os.geteuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise Unwell("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.")


def end_with_parent() -> Callable[[], object] | None:
    """Return what a new process does so that it ends when this one is killed; Linux only."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT))


def children_of(pid: int) -> set[int]:
    """Return the processes that this one began and that are still there."""
    return {child for child, parent in living().items() if parent == pid}


def living() -> dict[int, int]:
    """Return the processes that have not ended, each with the one that began it."""
    if sys.platform == "linux":
        # `ps` is a package of its own there. After the name, which may be anything: state, parent.
        stats = [read(path) for path in Path("/proc").glob("[0-9]*/stat")]
        rows = [[stat.split()[0], *stat.rpartition(")")[2].split()[:2]] for stat in stats if stat]
    else:
        listing = ["ps", "-A", "-o", "pid=,state=,ppid="]
        run = subprocess.run(listing, capture_output=True, text=True, check=True)
        rows = [line.split()[:3] for line in run.stdout.splitlines()]
    return {int(pid): int(parent) for pid, state, parent in rows if state[0] not in "ZX"}


def read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def free_port(place: int) -> int:
    """Return a port below those that the system gives to who asks for any: a server that was
    stopped comes back to its own, and must not find somebody else there."""
    for step in range(1_000):
        port = 20_000 + (os.getpid() * 37 + place * 1_009 + step) % 12_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise Unwell("No port of 127.0.0.1 between 20000 and 32000 is free.")
