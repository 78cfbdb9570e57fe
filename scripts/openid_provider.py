"""Brings a real provider of OpenID Connect for the tests of login: oidc-provider, of npm.

    python scripts/openid_provider.py install    bring it; say so where that cannot be

It needs Node.js; npm gets it from where it gets everything. It is kept outside of the source tree.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ("oidc-provider", "9.13.3")
NODE_MAJOR_MIN: Final = 20


class NotInstalled(Exception):
    """The provider is not there; the message says what to do."""


def home() -> Path:
    """Return the folder that holds it: beside the packages of Python where there is one."""
    environment = ROOT / ".venv"
    return (environment if environment.is_dir() else ROOT / "build") / "openid_provider"


def install() -> str:
    """Bring the provider, where it is not there yet; return what hinders it, or nothing."""
    if not fault():
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed. Install Node.js with npm"
    home().mkdir(parents=True, exist_ok=True)
    (home() / "package.json").write_text('{"private": true}\n', "utf-8")
    wanted = f"{PACKAGE[0]}@{PACKAGE[1]}"
    options = ["--no-audit", "--no-fund", "--no-progress", "--save-exact", "--ignore-scripts"]
    try:
        run = subprocess.run(
            [npm, "install", *options, wanted],
            cwd=home(),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"npm install failed: {error}"
    if run.returncode:
        return f"npm install failed: {' '.join(run.stderr.split())[-300:]}"
    return fault()


def fault() -> str:
    """Return why the provider cannot be run, in words, or nothing."""
    try:
        node()
    except NotInstalled as error:
        return str(error)
    return ""


def node() -> str:
    """Return the program that runs it.

    Raises:
        NotInstalled: it is not there, or Node.js is too old.
    """
    found = home() / "node_modules" / PACKAGE[0] / "package.json"
    try:
        version = json.loads(found.read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        version = ""
    if version != PACKAGE[1]:
        raise NotInstalled(
            f"The provider {PACKAGE[0]} {PACKAGE[1]} is not installed; bring it, "
            "as python scripts/openid_provider.py install"
        )
    program = shutil.which("node")
    if program is None or major_of(program) < NODE_MAJOR_MIN:
        raise NotInstalled(f"The provider needs Node.js {NODE_MAJOR_MIN} or newer.")
    return program


def major_of(program: str) -> int:
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
        return int(run.stdout.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def main(arguments: "list[str]") -> int:
    """Return 0; what hinders the installation is said, as the tests then are skipped."""
    if arguments != ["install"]:
        print(__doc__)
        return 2
    hindrance = install()
    if hindrance:
        print(f"{hindrance}. The tests of login at a real provider will be skipped.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
