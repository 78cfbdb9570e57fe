"""Addresses name a system, and are shown without what is secret in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tenuto.teams.migration.databases.addresses import (
    open_database,
    path_of,
    redacted,
    system_of,
)
from tenuto.teams.migration.databases.port import CannotConnect, DatabaseError, Unsupported


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("mysql://me:se@cr:et@host/db", "mysql://me:***@host/db"),
        ("postgresql://host/db?password=secret&a=b", "postgresql://host/db?password=***&a=b"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("sqlite:///a.db", "sqlite:///a.db"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert redacted(url) == shown


def test_three_slashes_name_a_path_from_here_and_four_one_from_the_root() -> None:
    assert path_of("sqlite:///a/b.db") == Path("a/b.db")
    assert path_of("sqlite:////a/b%20c.db") == Path("/a/b c.db")


def test_two_slashes_before_a_path_are_one_too_few() -> None:
    with pytest.raises(CannotConnect, match="three slashes"):
        path_of("sqlite://a.db")


@pytest.mark.parametrize("url", ["oracle://host/db", "nothing", ""])
def test_a_system_that_is_not_known_is_said(url: str) -> None:
    with pytest.raises(Unsupported, match="sqlite://"):
        system_of(url)


def test_a_source_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(CannotConnect, match="no such file"):
        open_database(f"sqlite:///{tmp_path / 'none.db'}")

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("This is no database, but a text of some length." * 100)

    with pytest.raises(DatabaseError, match="not a database"):
        open_database(f"sqlite:///{tmp_path / 'a.db'}")


@pytest.mark.parametrize("system", ["postgresql", "mysql"])
def test_a_server_that_does_not_answer_is_said_without_the_password(system: str) -> None:
    with pytest.raises(CannotConnect, match="answers at") as refused:
        open_database(f"{system}://me:secret@127.0.0.1:1/x")

    assert "secret" not in str(refused.value) + refused.value.detail


def test_the_team_is_loaded_without_the_libraries_of_the_extra() -> None:
    code = (
        "import sys, tenuto.teams.migration, tenuto.teams.migration.moving\n"
        "heavy = {'pyarrow', 'psycopg', 'pymysql', 'adbc_driver_manager', 'sqlglot', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
