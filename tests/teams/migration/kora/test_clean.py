"""Targets that were moved in order have no defect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.teams.migration.kora.verification import Verification, verify
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.kora.moved import chinook, moved, northwind, opened
from tests.teams.migration.samples import needs_samples


def verified(source: str, target: str) -> Verification:
    plan = moved(source, target)
    with opened(source, target) as (left, right):
        return verify(left, right, plan)


@needs_samples
@needs_postgres
@pytest.mark.parametrize("sample", [chinook, northwind])
def test_a_sample_in_postgresql_is_verified(sample: object, tmp_path: Path) -> None:
    assert callable(sample)
    with fresh_database() as url:
        found = verified(sample(tmp_path), url)

    assert [one for one in found.differences if one.verdict == "defect"] == []
    assert found.verified


@needs_samples
@pytest.mark.parametrize("sample", [chinook, northwind])
def test_a_sample_in_sqlite_is_verified(sample: object, tmp_path: Path) -> None:
    assert callable(sample)

    found = verified(sample(tmp_path), f"sqlite:///{tmp_path / 'target.db'}")

    assert [one for one in found.differences if one.verdict == "defect"] == []
    assert found.verified
