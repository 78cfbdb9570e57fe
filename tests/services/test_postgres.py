"""The server that tests have: it is real, it is theirs, and nothing of it stays."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from scripts import postgres
from scripts.postgres_cluster import children_of
from scripts.postgres_server import Server
from tests.faulty_line import FaultyLine
from tests.postgres import fresh_database, needs_own_postgres, needs_postgres, own_server

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 30


@needs_postgres
@pytest.mark.slow
def test_two_fresh_databases_do_not_see_each_other() -> None:
    with fresh_database() as one, fresh_database() as other:
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE note (text text)")

        with (
            psycopg.connect(other) as connection,
            pytest.raises(psycopg.errors.UndefinedTable),
        ):
            connection.execute("SELECT * FROM note")


@needs_postgres
@pytest.mark.slow
def test_a_fresh_database_is_gone_afterwards_even_when_somebody_is_still_connected() -> None:
    with fresh_database() as url:
        left_open = psycopg.connect(url)

    with left_open, pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


@needs_postgres
@pytest.mark.slow
def test_a_fresh_database_is_in_utf_8_and_sorts_by_code_point() -> None:
    with fresh_database() as url, psycopg.connect(url) as connection:
        texts = connection.execute("SELECT t FROM unnest(ARRAY['é','b','Z']) t ORDER BY t")

        assert texts.fetchall() == [("Z",), ("b",), ("é",)]
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


@needs_own_postgres
@pytest.mark.slow
def test_the_role_of_a_fresh_database_is_bound_by_row_level_security() -> None:
    with fresh_database(on=own_server()) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE note (tenant text)")
        connection.execute("INSERT INTO note VALUES ('ann'), ('bob')")
        connection.execute("CREATE POLICY own ON note USING (tenant = 'ann')")
        connection.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")

        assert connection.execute("SELECT * FROM note").fetchall() == [("ann",)]


@needs_own_postgres
def test_the_server_keeps_what_it_confirmed_unless_it_is_told_otherwise() -> None:
    with psycopg.connect(own_server().url) as connection:
        settings = "fsync", "synchronous_commit", "full_page_writes"

        assert [connection.execute(f"SHOW {name}").fetchone() for name in settings] == [("on",)] * 3


@needs_own_postgres
def test_the_server_listens_on_loopback_only_and_wants_its_password() -> None:
    server = own_server()

    with psycopg.connect(server.admin_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
    for role in ("tenuto", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://{role}:wrong@127.0.0.1:{server.port}/postgres")


@needs_own_postgres
@pytest.mark.slow
@pytest.mark.parametrize("outage", ["stop", "kill"])
def test_a_server_that_was_away_comes_back_to_its_port_with_what_was_committed(
    outage: str,
) -> None:
    server = own_server()
    with fresh_database(on=server) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
        with contextlib.closing(psycopg.connect(url)) as connection:
            connection.execute("INSERT INTO note VALUES ('not committed')")

            getattr(server, outage)()

            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(url)
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT text FROM note").fetchall() == [("kept",)]


@needs_own_postgres
@pytest.mark.slow
def test_a_commit_may_be_done_though_its_answer_never_comes() -> None:
    server = own_server()
    with fresh_database(on=server) as url, FaultyLine(server.port) as line:
        with psycopg.connect(line.leading(url)) as connection, ThreadPoolExecutor(1) as other:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
            line.black_hole(to="client")
            committing = other.submit(connection.commit)
            line.wait_held(to="client")
            line.cut()

            with pytest.raises(psycopg.OperationalError):
                committing.result(SECONDS_MAX)

        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT text FROM note").fetchall() == [("kept",)]


@needs_own_postgres
@pytest.mark.slow
def test_a_server_that_does_not_answer_is_given_up_by_who_bounds_the_time() -> None:
    server = own_server()
    with FaultyLine(server.port) as line:
        line.black_hole()

        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(line.leading(server.url), connect_timeout=2)


@needs_own_postgres
@pytest.mark.slow
def test_a_restarted_server_is_another_process_on_the_same_port() -> None:
    server = own_server()
    before = server.pid

    server.restart()

    assert server.pid != before
    with psycopg.connect(server.url) as connection:
        assert connection.info.port == server.port


@needs_own_postgres
@pytest.mark.slow
def test_a_killed_server_leaves_no_process_that_could_still_write() -> None:
    server = own_server()
    first, processes = server.pid, children_of(server.pid)

    server.kill()

    assert processes
    for pid in [first, *processes]:
        # The system may take a moment to end what was killed.
        wait_for_end(pid)
    server.start()


@needs_own_postgres
@pytest.mark.slow
@pytest.mark.parametrize("killed", ["owner", "keeper"])
def test_nothing_of_the_server_runs_on_when_its_owner_or_its_keeper_was_killed(killed: str) -> None:
    program = (
        "import time; from scripts.postgres_server import Server; s = Server();"
        "print(s._keeper.pid, s.pid, s.port, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        keeper, pid, port = map(int, owner.stdout.readline().split())
        processes = [pid, *children_of(pid)]

        os.kill(owner.pid if killed == "owner" else keeper, signal.SIGKILL)

        for each in processes:
            wait_for_end(each)
        owner.kill()
    wait_for_end(keeper)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port))


@needs_own_postgres
@pytest.mark.slow
def test_a_setting_that_the_server_refuses_is_told_in_its_own_words() -> None:
    with pytest.raises(RuntimeError, match="fsync"):
        Server(fsync="perhaps")


def test_where_there_is_no_server_the_reason_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)

    assert "is not installed" in postgres.fault()
    assert "apt-get install postgresql" in postgres.fault()
    assert "TENUTO_TEST_POSTGRES=postgresql://" in postgres.fault()


def test_a_server_that_was_named_and_does_not_answer_fails_the_test_and_skips_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("TENUTO_TEST_POSTGRES", f"postgresql://ann@127.0.0.1:{port}/postgres")

    with (
        pytest.raises(RuntimeError, match="as TENUTO_TEST_POSTGRES says"),
        fresh_database(),
    ):
        raise AssertionError("there is no server")


def test_an_older_server_than_is_needed_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for version in ("9.6", "13.4"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
            (folder / name).chmod(0o755)
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "(there is 13)" in postgres.fault()


def runs(pid: int) -> bool:
    """Return whether the process does anything yet: one that nobody has fetched does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_for_end(pid: int) -> None:
    """Return when the process does nothing more; fail where that takes too long."""
    until = time.monotonic() + SECONDS_MAX
    while runs(pid):
        assert time.monotonic() < until, f"{pid} still runs"
        time.sleep(0.01)
