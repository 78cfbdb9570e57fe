"""Names of sqlglot's dialects, and that they can be used by any thread."""

from __future__ import annotations

import subprocess
import sys

# One thread makes the dialect; another uses it as soon as sqlglot knows of it.
PROGRAM = """
import sys, threading

import sqlglot
from sqlglot.dialects.dialect import Dialect

from tenuto.teams.migration.dialects import dialect_of

sys.setswitchinterval(1e-6)
tree = sqlglot.parse_one('SELECT "a" FROM "b"')
said = []


def make():
    said.append(tree.sql(dialect=dialect_of("mariadb")))


def use():
    while "mysql" not in Dialect._classes:
        pass
    said.append(tree.sql(dialect=dialect_of("mariadb")))


threads = [threading.Thread(target=one) for one in (use, use, make)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*said, sep="|")
"""


def test_a_dialect_that_another_thread_is_making_is_waited_for() -> None:
    # In a process of its own, in which nobody has made it yet.
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )

    assert set(ended.stdout.strip().split("|")) == {"SELECT `a` FROM `b`"}
    assert ended.stdout.count("|") == 2
