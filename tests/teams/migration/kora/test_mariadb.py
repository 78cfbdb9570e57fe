"""Targets and sources in MariaDB: samples that were moved in order have no defect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.teams.migration.kora.verification import verify
from tests import postgres
from tests.mariadb import fresh_database, needs_mariadb
from tests.postgres import needs_postgres
from tests.teams.migration.kora.moved import chinook, moved, opened
from tests.teams.migration.samples import needs_samples

pytestmark = pytest.mark.slow


@needs_samples
@needs_mariadb
@needs_postgres
def test_a_sample_goes_into_mariadb_and_on_into_postgresql(tmp_path: Path) -> None:
    with fresh_database() as between:
        first = moved(chinook(tmp_path), between)
        with opened(chinook(tmp_path), between) as (source, target):
            into_mariadb = verify(source, target, first)
        with postgres.fresh_database() as url:
            second = moved(between, url)
            with opened(between, url) as (source, target):
                into_postgresql = verify(source, target, second)

    assert into_mariadb.defects == ()
    assert into_postgresql.defects == ()


@needs_samples
@needs_mariadb
def test_a_changed_cell_in_mariadb_is_named(tmp_path: Path) -> None:
    with fresh_database() as url:
        plan = moved(chinook(tmp_path), url)
        with opened(chinook(tmp_path), url) as (source, target):
            with target.writing() as writing:
                writing.execute("UPDATE `Artist` SET `Name` = 'ac/dc' WHERE `ArtistId` = 1")
            found = verify(source, target, plan, made=False)

    assert [one.place for one in found.defects] == ["Artist.Name [ArtistId=1]"]
