"""The demo of the migration team: an ugly shop in SQLite goes to PostgreSQL, is killed on the way,
goes on, and is proven.

    python scripts/demo_migration.py [MOVES]

MOVES is how many rows the largest table has, a million by itself. Everything is done by the
commands that a user would type; this script types them, and kills. Where no PostgreSQL can be run,
the shop goes into another SQLite file.
"""

import re
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.terminal import ROOT, Terminal, title

FOLDER = ROOT / "build" / "demo-migration"
KILL_AT = re.compile(r"^work\[0\] runs as session")
"""The line of progress at which rows begin to move."""
KILL_AFTER_S = 1.5


def main() -> int:
    """Return 0 if the migration was killed, went on, and is proven."""
    moves = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shop = FOLDER / "shop.db"
    title("A shop of twenty years: five forms of dates, lost customers, words among numbers.")
    make = [sys.executable, "examples/legacy_shop/make.py", str(shop), "--moves", moves]
    print(f"$ python {' '.join(make[1:])}", flush=True)
    subprocess.run(make, cwd=ROOT, check=True)
    from scripts import postgres

    if fault := postgres.fault():
        print(f"{fault}. The target is an SQLite file instead.")
        return _migrate(f"sqlite:///{shop.relative_to(ROOT)}", f"sqlite:///{FOLDER}/new.db", "")
    from scripts.postgres_server import Server, database

    with closing(Server()) as server, database(server.url, server.admin_url) as url:
        address, password = _without_password(url)
        return _migrate(f"sqlite:///{shop.relative_to(ROOT)}", address, password)


def _migrate(source: str, target: str, password: str) -> int:
    database = f"sqlite:///{(FOLDER / 'tenuto.db').relative_to(ROOT)}"
    report = str((FOLDER / "report.html").relative_to(ROOT))
    terminal = Terminal(
        {
            "TENUTO_DB": database,
            "TENUTO_PATTERNS": str(FOLDER / "patterns.db"),
            "NEW_PASSWORD": password,
        }
    )
    began = time.monotonic()
    title("Nine agents look at it, plan, and move it. We kill them while rows move.")
    run = ["migration", "run", source, target, "--yes", "--report", report]
    terminal.show(run)
    if not terminal.run_and_kill(run, at=KILL_AT, after_s=KILL_AFTER_S):
        print("The run ended before it could be killed.", file=sys.stderr)
        return 1
    title("The process is gone (kill -9). We go on: each row is there once.")
    status = terminal.tenuto("resume", "last")
    if status:
        return status
    took = time.monotonic() - began
    title(f"Moved and verified in {took:.1f} s. The report: {report}. Look inside:")
    for verb in ("show last", "events last", "migration patterns"):
        print(f"  {Terminal({'TENUTO_DB': database}).prefix()} {verb}")
    return 0


def _without_password(url: str) -> "tuple[str, str]":
    """Return an address that names `NEW_PASSWORD` where its password stood, and the password."""
    found = re.fullmatch(r"(\w+://[^:@/]*):([^@]*)@(.*)", url)
    if found is None:
        return url, ""
    return f"{found[1]}:${{NEW_PASSWORD}}@{found[3]}", found[2]


if __name__ == "__main__":
    sys.exit(main())
