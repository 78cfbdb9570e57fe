"""A Redis is named for processes that share a database, and for nobody else."""

import pytest

import tenuto
from tenuto.bootstrap.beside import beside_of, where
from tenuto.bootstrap.places import place_of
from tenuto.core.errors import Rejected

SHARED = "postgresql://ann:secret@127.0.0.1:5432/work"


def test_a_database_of_one_process_has_no_use_for_it() -> None:
    for url in ("memory://", "sqlite:///work.db"):
        with pytest.raises(Rejected, match="share a PostgreSQL database"):
            tenuto.open(url, redis="redis://127.0.0.1:6379/0")


def test_the_environment_s_is_not_used_there_and_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TENUTO_REDIS", "redis://127.0.0.1:6379/0")

    assert beside_of(place_of("memory://"), {}) is None
    assert beside_of(place_of(SHARED), {}) is not None


def test_who_only_reads_or_has_the_database_alone_needs_none() -> None:
    settings = {"redis": "redis://127.0.0.1:6379/0"}

    assert beside_of(place_of(SHARED), {**settings, "readonly": True}) is None  # type: ignore[typeddict-item]
    assert beside_of(place_of(SHARED), {**settings, "alone": True}) is None  # type: ignore[typeddict-item]


@pytest.mark.parametrize("given", [7, b"redis://it", "it:6379", "http://:hidden@it"])
def test_what_is_no_address_is_refused_at_once(given: object) -> None:
    with pytest.raises(Rejected, match="redis") as refused:
        tenuto.open(SHARED, redis=given)  # type: ignore[arg-type]
    assert "hidden" not in str(refused.value)


def test_those_of_one_schema_are_told_the_same_whoever_they_log_in_as() -> None:
    same = ("postgresql://bob@127.0.0.1/work", f"{SHARED}?schema=tenuto")

    assert {where(place_of(url)) for url in (SHARED, *same)} == {"work.tenuto"}
    assert where(place_of(f"{SHARED}?schema=other")) == "work.other"
