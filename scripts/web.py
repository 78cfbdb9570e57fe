"""Builds the web UI and checks its code, where Node.js is there.

    python scripts/web.py            build it into the package, unless it is built already
    python scripts/web.py install    bring what the build takes, from npm
    python scripts/web.py check      types, and tests of the code in web/

Without Node.js, or where npm reaches nothing, `build` says so and ends well: the server then says
how to build the UI, and does all else. With CI=true that is a failure.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = ROOT / "web"
BUILT: Final = ROOT / "src" / "tenuto" / "server" / "web"
NODE_MIN: Final = (20, 19)
SECONDS_MAX: Final = 600
_STAMP: Final = ".built"
_PARTS: Final = (
    "src",
    "index.html",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "vite.config.ts",
)


class NotBuilt(Exception):
    """The UI could not be built, or checked; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Return 0 when done, or where the build is not needed; 1 after saying what failed."""
    command = arguments[0] if arguments else "build"
    if command not in ("build", "install", "check") or len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        {"build": build, "install": install, "check": check}[command]()
    except NotBuilt as error:
        print(f"the web UI is not built: {error}", file=sys.stderr)
        return 1 if command != "build" or os.environ.get("CI") == "true" else 0
    return 0


def build() -> None:
    """Put the built UI into the package.

    Raises:
        NotBuilt: it cannot be built here.
    """
    with alone():
        if is_built():
            return
        _install()
        print("building the web UI", flush=True)
        run("vite", "build")
        (BUILT / _STAMP).write_text(fingerprint(), "utf-8")


def is_built() -> bool:
    """Return whether the package has the UI as its sources are now."""
    stamp = BUILT / _STAMP
    return stamp.is_file() and stamp.read_text("utf-8") == fingerprint()


def install() -> None:
    """Bring what the lock file names, unless it is there.

    Raises:
        NotBuilt: there is no Node.js that is new enough, or npm failed.
    """
    with alone():
        _install()


@contextmanager
def alone() -> Iterator[None]:
    """Keep other processes that build from the sources meanwhile."""
    with open(SOURCES / "package.json", encoding="utf-8") as held:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _install() -> None:
    fault = node_fault()
    if fault:
        raise NotBuilt(fault)
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    stamp = SOURCES / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_text("utf-8") == lock:
        return
    print("installing what the web UI is built with", flush=True)
    npm = shutil.which("npm")
    if npm is None:
        raise NotBuilt("npm is not installed. Install Node.js with npm.")
    _run([npm, "ci", "--no-audit", "--no-fund", "--no-progress"])
    stamp.write_text(lock, "utf-8")


def check() -> None:
    """Check the types of the UI, and run the tests of its code.

    Raises:
        NotBuilt: one of them failed; the message has what was said.
    """
    install()
    run("tsc", "--noEmit")
    run("vitest", "run")


def run(tool: str, *arguments: str) -> str:
    """Return what a tool of the UI's own said.

    Raises:
        NotBuilt: it failed.
    """
    return _run([str(SOURCES / "node_modules" / ".bin" / tool), *arguments])


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=SOURCES,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(f"{Path(command[0]).name} failed: {error}") from None
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()[-4_000:]
        raise NotBuilt(f"{Path(command[0]).name} {' '.join(command[1:])} failed:\n{said}")
    return done.stdout


def node_fault() -> str:
    """Return why Node.js cannot be used here, in words, or nothing."""
    wanted = ".".join(map(str, NODE_MIN))
    node = shutil.which("node")
    if node is None:
        return f"Node.js is not installed. Install version {wanted} or newer, with npm."
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2] if part.isdigit())
    if found < NODE_MIN:
        return f"Node.js is {said.strip() or 'broken'}. Install version {wanted} or newer."
    return ""


def fingerprint() -> str:
    """Return a digest of all that the build is made of."""
    digest = hashlib.sha256()
    for path in sorted(_files()):
        digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for name in _PARTS:
        path = SOURCES / name
        if path.is_dir():
            yield from (one for one in path.rglob("*") if one.is_file())
        elif path.is_file():
            yield path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
