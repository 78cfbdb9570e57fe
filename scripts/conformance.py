"""Runs the official conformance suite of the Model Context Protocol against Tenuto.

    python scripts/conformance.py install           bring the suite; say so where that cannot be
    python scripts/conformance.py client            every scenario that our client claims
    python scripts/conformance.py server --url URL  every scenario for servers
    python scripts/conformance.py list              which scenarios there are

`--scenario NAME` (several times, if need be) runs others than those that are claimed. The suite is
a package of npm and needs Node.js 22; where there is an older one, the newer is brought as a
package too. Both are kept outside of the source tree; npm gets them from where it gets everything.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

SUITE: Final = ("@modelcontextprotocol/conformance", "0.1.16")
NODE: Final = ("node", "22.23.3")
NODE_MAJOR_MIN: Final = 22

CLIENT: Final = (
    "initialize",
    "tools_call",
    "elicitation-sep1034-client-defaults",
    "sse-retry",
    "auth/metadata-default",
    "auth/metadata-var1",
    "auth/metadata-var2",
    "auth/metadata-var3",
    "auth/basic-cimd",
    "auth/scope-from-www-authenticate",
    "auth/scope-from-scopes-supported",
    "auth/scope-omitted-when-undefined",
    "auth/scope-step-up",
    "auth/scope-retry-limit",
    "auth/token-endpoint-auth-basic",
    "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none",
    "auth/pre-registration",
    "auth/2025-03-26-oauth-metadata-backcompat",
    "auth/2025-03-26-oauth-endpoint-fallback",
    "auth/resource-mismatch",
    "auth/offline-access-scope",
    "auth/offline-access-not-supported",
    "auth/client-credentials-jwt",
    "auth/client-credentials-basic",
    "auth/cross-app-access-complete-flow",
)
"""Scenarios of what `tenuto.mcp_server` claims: all that there are."""

SCENARIO_SECONDS_MAX: Final = 120
SERVER_SECONDS_MAX: Final = 300
"""All scenarios for servers, one after the other."""
CLIENT_SECONDS_MAX: Final = 100
ATTEMPTS: Final = {"sse-retry": 3}
"""Scenarios that measure milliseconds, and how often they are tried: a busy machine is late."""


class NotInstalled(Exception):
    """The suite is not there; the message says what to do."""


def home() -> Path:
    """Return the folder that holds the suite: beside the packages of Python where there is one."""
    environment = ROOT / ".venv"
    return (environment if environment.is_dir() else ROOT / "build") / "conformance"


def install() -> str:
    """Bring the suite, where it is not there yet; return what hinders it, or nothing."""
    if not fault():
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed. Install Node.js with npm"
    wanted = [SUITE] if node_major(shutil.which("node")) >= NODE_MAJOR_MIN else [SUITE, NODE]
    home().mkdir(parents=True, exist_ok=True)
    (home() / "package.json").write_text('{"private": true}\n', "utf-8")
    packages = [f"{name}@{version}" for name, version in wanted]
    try:
        run = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--no-progress", "--save-exact", *packages],
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
    """Return why the suite cannot be run, in words, or nothing."""
    try:
        command()
    except NotInstalled as error:
        return str(error)
    return ""


@cache
def command() -> list[str]:
    """Return how the suite is started.

    Raises:
        NotInstalled: it is not there, or no Node.js is new enough.
    """
    modules = home() / "node_modules"
    suite = modules / SUITE[0]
    if version_of(suite) != SUITE[1]:
        raise NotInstalled(
            f"The conformance suite {SUITE[0]} {SUITE[1]} is not installed; bring it, "
            "as python scripts/conformance.py install"
        )
    own = modules / "node" / "bin" / ("node.exe" if sys.platform == "win32" else "node")
    for node in (shutil.which("node"), str(own)):
        if node_major(node) >= NODE_MAJOR_MIN:
            return [str(node), str(suite / "dist" / "index.js")]
    raise NotInstalled(
        f"The conformance suite needs Node.js {NODE_MAJOR_MIN} or newer, and there is none; "
        "bring it, as python scripts/conformance.py install"
    )


def version_of(package: Path) -> str:
    try:
        version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return ""
    return str(version)


def node_major(node: "str | None") -> int:
    """Return the major version of a program `node`, 0 where it does not run."""
    if node is None:
        return 0
    try:
        run = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
        return int(run.stdout.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def scenarios(kind: str) -> "list[str]":
    """Return the names of all scenarios of the suite for `client` or `server`.

    Raises:
        NotInstalled: the suite is not there.
    """
    run = conformance("list", f"--{kind}")
    lines = [line.strip() for line in run.stdout.splitlines()]
    return [line.split()[1] for line in lines if line.startswith("- ")]


def client(scenario: str) -> "tuple[bool, str]":
    """Return whether our client passes, and what the suite said."""
    program = f"{sys.executable} {ROOT / 'tests' / 'conformance' / 'client.py'}"
    milliseconds = str(CLIENT_SECONDS_MAX * 1_000)
    return attempted(scenario, ["client", "--command", program, "--timeout", milliseconds])


def server(scenario: str, url: str) -> "tuple[bool, str]":
    """Return whether the server at `url` passes, and what the suite said."""
    return attempted(scenario, ["server", "--url", url])


def servers(url: str) -> "tuple[dict[str, bool], str]":
    """Return of each scenario for servers whether the server at `url` passes, and what the suite
    said: one run of it takes a twentieth of what a run for each takes.

    Raises:
        subprocess.TimeoutExpired: it took too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["server", "--url", url, "--suite", "all", "--output-dir", folder]
        done = conformance(*arguments, seconds=SERVER_SECONDS_MAX)
    summary = done.stdout.partition("=== SUMMARY ===")[2]
    lines = re.findall(r"^. (\S+): \d+ passed, (\d+) failed", summary, flags=re.M)
    return {name: failed == "0" for name, failed in lines}, done.stdout + done.stderr


def attempted(scenario: str, arguments: "list[str]") -> "tuple[bool, str]":
    passed, said = False, ""
    for _ in range(ATTEMPTS.get(scenario, 1)):
        try:
            done = conformance(*arguments, "--scenario", scenario)
            passed, said = done.returncode == 0, done.stdout + done.stderr
        except subprocess.TimeoutExpired:
            said = f"nothing came within {SCENARIO_SECONDS_MAX} s"
        if passed:
            break
    return passed, said


def conformance(
    *arguments: str, seconds: float = SCENARIO_SECONDS_MAX
) -> "subprocess.CompletedProcess[str]":
    """Return what the suite did and said, run with these arguments in the folder of the project.

    Raises:
        NotInstalled: the suite is not there.
        subprocess.TimeoutExpired: it took too long.
    """
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [*command(), *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "NO_COLOR": "1",
            # What Node.js compiled once is not compiled for each scenario.
            "NODE_COMPILE_CACHE": str(home() / "compiled"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


def main() -> int:
    """Return 0 when all that ran passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["install", "client", "server", "list"])
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("--url", default="", help="of the server that is tried")
    options = parser.parse_args()
    hindrance = install()
    if hindrance:
        print(f"The conformance tests of MCP will be skipped: {hindrance}.")
        return 0 if options.what == "install" else 1
    if options.what == "list":
        for kind in ("client", "server"):
            for name in scenarios(kind):
                print(f"{kind}  {name}")
    if options.what == "client":
        return told({name: client(name) for name in options.scenario or CLIENT})
    if options.what == "server":
        if not options.url:
            parser.error("server: give the address of a running server, as --url URL")
        names = options.scenario or scenarios("server")
        return told({name: server(name, options.url) for name in names})
    return 0


def told(results: "dict[str, tuple[bool, str]]") -> int:
    for name, (passed, said) in results.items():
        print(f"{'passed' if passed else 'FAILED'}  {name}")
        if not passed:
            print(said)
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
