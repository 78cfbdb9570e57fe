"""Brings what tests need from the system and no package of Python has: the programs `bwrap` and
`chromium`.

Installs it where that is possible without asking anybody: as root, with apt-get. Anywhere else it
says what will be skipped, and never fails; in CI a test that is skipped fails by itself.
"""

import os
import shutil
import subprocess
import sys

NEEDED = {
    "bubblewrap": ("bwrap",),
    "chromium": ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
}
"""System package to the programs of which one will do."""

INSTALL = ("apt-get", "install", "-y", "-q", "--no-install-recommends")


def main() -> int:
    """Return 0, whatever is there."""
    for package, programs in NEEDED.items():
        if not is_there(programs) and may_install():
            install(package)
        if not is_there(programs):
            how = " ".join([*INSTALL[:2], package])
            print(
                f"{programs[0]} is not installed, so tests that need it will be skipped. "
                f"Install the system package {package}, as root: {how}"
            )
    return 0


def is_there(programs: "tuple[str, ...]") -> bool:
    return any(shutil.which(program) for program in programs)


def may_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str) -> None:
    """Try with the package lists that are there, and with new ones where that fails."""
    if not done([*INSTALL, package]):
        done(["apt-get", "update", "-q"])
        done([*INSTALL, package])


def done(command: "list[str]") -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        run = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=600
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
