"""Python's SQLite and that of the driver, which do not see each other's locks, at one file."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import DatabaseError, Read


def address(folder: Path) -> str:
    return f"sqlite:///{folder / 'a.db'}"


def test_queries_while_others_write_neither_break_nor_undo_what_they_write(tmp_path: Path) -> None:
    url = address(tmp_path)
    with closing(open_database(url, writing=True)) as database, database.writing() as writing:
        writing.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")
    ended = threading.Event()

    def write(number: int) -> None:
        for batch in range(20):
            with (
                closing(open_database(url, writing=True)) as database,
                database.writing() as writing,
            ):
                first = number * 100_000 + batch * 500
                ids = pa.array(range(first, first + 500))
                writing.ingest(
                    "t", pa.record_batch({"id": ids, "text": pa.array(["x" * 50] * 500)})
                )

    def ask() -> list[int]:
        counts = []
        while not ended.is_set():
            with closing(open_database(url)) as database:
                counts.append(int(str(database.query("SELECT count(*) FROM t").rows[0][0])))
        return counts

    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask) for _ in range(2)]
        try:
            for writer in [threads.submit(write, number) for number in range(2)]:
                writer.result()
        finally:
            ended.set()
        counts = [count for one in asking for count in one.result()]

    with closing(open_database(url)) as database:
        assert database.query("SELECT count(*) FROM t").rows == [(20_000,)]
        assert database.query("PRAGMA integrity_check").rows == [("ok",)]
    assert all(count % 500 == 0 for count in counts), "a batch is seen whole or not at all"


def test_connections_of_queries_stay_open_while_the_driver_reads_and_not_longer(
    tmp_path: Path,
) -> None:
    url = address(tmp_path)
    with closing(open_database(url, writing=True)) as database:
        with database.writing() as writing:
            writing.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
            writing.ingest("t", pa.record_batch({"id": pa.array(range(1_000))}))
        batches = database.read(Read(table="t", columns=("id",), by=("id",), batch_rows=10))
        first = next(batches)
        for _ in range(20):
            database.query("SELECT 1")
        during = _open_files(tmp_path)
        rest = sum(batch.num_rows for batch in batches)
    after = _open_files(tmp_path)

    assert first.num_rows + rest == 1_000
    assert 2 <= during < 10, "queries share one"
    assert after == 0


def test_a_question_within_the_own_transaction_is_refused(tmp_path: Path) -> None:
    with (
        closing(open_database(address(tmp_path), writing=True)) as database,
        pytest.raises(DatabaseError, match="within a transaction"),
        database.writing(),
    ):
        database.query("SELECT 1")


def _open_files(folder: Path) -> int:
    own = Path("/proc/self/fd")
    if not own.is_dir():
        pytest.skip("Only Linux tells which files are open.")
    found = 0
    for link in own.iterdir():
        try:
            found += str(link.readlink()).startswith(str(folder))
        except OSError:
            continue
    return found
