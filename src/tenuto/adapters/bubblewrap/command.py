"""The command line of `bwrap`: what the program inside sees, and what it may take.

Inside are: the system's programs and libraries, read-only; `/work` and `/tmp`, empty, in memory,
bounded; `/proc` of its own processes; `/dev` without devices. No network but a loopback of its own,
no environment, no file of the host besides. All processes are in one process namespace, which the
kernel empties when the sandbox ends, however it ends.
"""

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tenuto.ports.sandbox import SandboxLimits

WORK: Final = "/work"
NOBODY: Final = 65534
PATH: Final = "/usr/local/bin:/usr/bin:/bin"

_SYSTEM: Final = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC: Final = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime")
_DEV_SHM_BYTES: Final = 1024 * 1024
_OWN_PROCESSES: Final = 2
"""The sandbox's first process and the shell count too."""

STDIN: Final = "/run/stdin"

_SCRIPT: Final = f"""exec 3>&0 0<{STDIN}
"$@" 3>&-
code=$?
exec 1>&3 2>/dev/null
for path in {{keep}}; do
  if [ -f "$path" ] && [ ! -L "$path" ]; then
    size=$(wc -c <"$path"); echo "$size"; head -c "$size" "$path"
  else echo -; fi
done
exit $code"""
"""Runs the program, then sends each file that is to be kept: its size in a line, and its bytes; or
a `-`. What is sent may be anything: the program may have left others that change the files.

It comes with descriptor 0, which is a pipe, so that no descriptor has a number that `sh` cannot
name; what the program reads from its own is a file."""


def command(
    bwrap: str,
    argv: Sequence[str],
    *,
    limits: SandboxLimits,
    files: Mapping[str, int],
    keep: Sequence[str] = (),
) -> list[str]:
    """Return the command line that runs `argv` in a sandbox.

    `files` are descriptors by path within the sandbox, `STDIN` among them. What is to be kept is
    sent to the command's own standard input: give it a pipe."""
    return [
        bwrap,
        *_isolation(),
        *_system(),
        *_private("/tmp", limits.file_bytes_max),
        *_private(WORK, limits.file_bytes_max),
        *(part for path, number in files.items() for part in _file(path, number)),
        *_private("/dev/shm", _DEV_SHM_BYTES),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK, "--"),
        *_limited(limits),
        *("sh", "-c", _SCRIPT.format(keep=shlex.join(keep)), "sh", *argv),
    ]


def _isolation() -> Iterator[str]:
    yield from ("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL")
    yield from ("--uid", str(NOBODY), "--gid", str(NOBODY), "--hostname", "sandbox")
    yield from ("--die-with-parent", "--new-session", "--clearenv")
    environment = {"PATH": PATH, "HOME": WORK, "TMPDIR": "/tmp", "LANG": "C.UTF-8"}
    for name, value in environment.items():
        yield from ("--setenv", name, value)


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for place in map(Path, _SYSTEM):
        # On most systems these are links into /usr by now.
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))
    for name in _ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--proc", "/proc", "--dev", "/dev")


def _private(place: str, bytes_max: int) -> tuple[str, ...]:
    return ("--perms", "0700", "--size", str(bytes_max), "--tmpfs", place)


def _file(path: str, number: int) -> tuple[str, ...]:
    return ("--perms", "0644", "--file", str(number), path)


def _limited(limits: SandboxLimits) -> tuple[str, ...]:
    seconds = math.ceil(limits.cpu_ms_max / 1000)
    return (
        "prlimit",
        # At the first number it gets a signal that says why it ends; a second later it is killed.
        f"--cpu={seconds}:{seconds + 1}",
        f"--as={limits.memory_bytes_max}",
        f"--nproc={limits.processes_max + _OWN_PROCESSES}",
        f"--fsize={limits.file_bytes_max}",
        "--core=0",
        "--nofile=256",
        "--",
    )
