"""Fixtures for pytest: `pytest_plugins = ["tenuto.testing.fixtures"]` in a `conftest.py`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenuto.testing.cassette import Cassette, load_cassette
from tenuto.testing.model import MockLLM


@pytest.fixture
def mock_llm() -> Iterator[MockLLM]:
    """Return a scripted model; when the test ends its script must be used up."""
    model = MockLLM()
    yield model
    model.assert_used_up()


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Callable[[str], Cassette]:
    """Return a function that loads a cassette by its file name, from beside the test."""
    folder = Path(request.path).parent

    def load(name: str) -> Cassette:
        return load_cassette(folder / name)

    return load
