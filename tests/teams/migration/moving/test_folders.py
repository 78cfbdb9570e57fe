"""Folders of CSV and Parquet files are databases too."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import (
    CannotConnect,
    DatabaseError,
    Read,
    Unsupported,
    strange_cells,
)
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.moving.ground import column, made, moved, opened, plan_of


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("staged")))


def rows_of(url: str, table: str, *columns: str) -> list[dict[str, object]]:
    with closing(open_database(url)) as database:
        return [
            row
            for batch in database.read(Read(table=table, columns=columns, by=("rowid",)))
            for row in batch.to_pylist()
        ]


def test_a_csv_is_a_table_of_texts_as_they_stand_there(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        'id;name;note\n007;"Ada ""Countess"" L.";"two\nlines"\n8;;""\n', "utf-8-sig"
    )

    found = rows_of(f"csv:///{tmp_path}", "people", "rowid", "id", "name", "note")

    assert found == [
        {"rowid": 1, "id": "007", "name": 'Ada "Countess" L.', "note": "two\nlines"},
        {"rowid": 2, "id": "8", "name": None, "note": ""},
    ]


def test_bytes_of_a_csv_that_are_no_utf8_are_told_by_their_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x,y\n1,M\xfcller\n2,ok\n")

    with closing(open_database(f"csv:///{tmp_path}")) as database:
        (batch,) = database.read(Read(table="a", columns=("rowid", "x", "y"), by=("rowid",)))

    assert strange_cells(batch) == {0: {"y": ("broken", b"M\xfcller".hex())}}
    assert batch.column("y").to_pylist() == [None, "ok"]


def test_a_row_of_a_csv_with_too_many_fields_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n1,2,3\n")

    with pytest.raises(DatabaseError, match=r"a\.csv.*Expected 2 columns, got 3"):
        open_database(f"csv:///{tmp_path}")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    before = rows_of(f"csv:///{tmp_path}", "a", "x", "rowid")
    (tmp_path / "a.csv").write_text("x\n1\n2\n")

    after = rows_of(f"csv:///{tmp_path}", "a", "x", "rowid")

    assert (len(before), len(after)) == (1, 2)


def test_parquet_keeps_what_its_types_say(tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": pa.array([1, None], pa.int32()),
            "m": pa.array([Decimal("1.50"), None], pa.decimal128(12, 2)),
            "d": pa.array([datetime.date(2024, 2, 29), None]),
            "t": pa.array([datetime.datetime(2024, 2, 29, 10), None], pa.timestamp("ns")),  # noqa: DTZ001  (no zone is meant)
            "s": pa.array(["a", None]).dictionary_encode(),
            "b": pa.array([b"\0\xff", None]),
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet")

    found = rows_of(f"parquet:///{tmp_path}", "t", "rowid", "n", "m", "d", "t", "s", "b")

    assert found[0] == {
        "rowid": 1, "n": 1, "m": "1.50", "d": "2024-02-29", "t": "2024-02-29 10:00:00", "s": "a",
        "b": b"\0\xff",
    }  # fmt: skip
    assert set(found[1].values()) == {2, None}


def test_what_no_row_has_a_place_for_is_said(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"l": pa.array([[1, 2]])}), tmp_path / "t.parquet")

    with pytest.raises(Unsupported, match="'l' is of the type list"):
        open_database(f"parquet:///{tmp_path}")


@pytest.mark.parametrize("name", ["nothing", ""])
def test_a_folder_without_files_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotConnect, match="folder"):
        open_database(f"csv:///{tmp_path / name}")


def test_a_folder_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="not to"):
        open_database(f"csv:///{tmp_path}", writing=True)


@pytest.fixture
def target() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@needs_postgres
def test_a_csv_is_moved_as_any_table(tmp_path: Path, target: str) -> None:
    lines = "".join(f"{number},{number / 100},2024-02-29\n" for number in range(1_000))
    (tmp_path / "t.csv").write_text(f"id,price,day\n{lines}1000,much,2024-02-29\n")
    plan = plan_of(column("id", "integer"), column("price", "decimal"), column("day", "date"))

    with opened(f"csv:///{tmp_path}", target) as (source, there):
        made(there, plan)
        (result,) = moved(source, there, plan)

    assert (result.loaded, result.quarantined) == (1_000, 1)
