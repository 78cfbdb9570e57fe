"""A database for the tests of several servers, and a schema of it for each test."""

from collections.abc import Iterator

import pytest

from tests.postgres import fresh_database
from tests.server.several.pairs import KEY


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TENUTO_SECRET_KEY", KEY)
    return f"{database}?schema={request.node.name[:50].lower()}"
