"""Secrets in a database that processes share are sealed with the key of the environment."""

import asyncio
from collections.abc import Iterator

import pytest

import tenuto
from tenuto.bootstrap.rotating import keys_to_rotate, open_sealed
from tenuto.core.errors import Rejected
from tenuto.ports.ledger import Change
from tests.postgres import fresh_database, needs_postgres

pytestmark = needs_postgres

KEY = "a-key-of-the-environment-that-is-long-enough"
CHANGE = Change(
    at_ms=1, tenant="local", actor="system", action="", kind="secret", target="MISTRAL_API_KEY"
)


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as made:
        yield made


def test_they_are_sealed_anew_with_the_key_that_was_put_first(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with tenuto.open(url):
            monkeypatch.setenv("TENUTO_SECRET_KEY", KEY)
            async with open_sealed(url) as (secrets, _):
                await secrets.put(CHANGE, "s3cret", "")
            monkeypatch.setenv("TENUTO_SECRET_KEY", f"{KEY[::-1]},{KEY}")
            async with open_sealed(url) as (_, rotation):
                assert await rotation.reseal() == 1
            monkeypatch.setenv("TENUTO_SECRET_KEY", KEY[::-1])
            async with open_sealed(url) as (secrets, _):
                assert await secrets.value("local", "MISTRAL_API_KEY") == "s3cret"

    asyncio.run(main())


def test_without_the_key_nothing_is_rotated_and_it_is_said_which_is_missing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENUTO_SECRET_KEY", raising=False)

    with pytest.raises(Rejected, match="TENUTO_SECRET_KEY"):
        keys_to_rotate(url)
