"""Which database an address means."""

import pytest

from tenuto import Rejected
from tenuto.bootstrap.places import Place, place_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("memory://", Place(kind="memory")),
        ("sqlite:///work.db", Place(kind="sqlite", path="work.db")),
        ("sqlite:////var/work.db", Place(kind="sqlite", path="/var/work.db")),
        ("folder/work.db", Place(kind="sqlite", path="folder/work.db")),
    ],
)
def test_an_address_names_its_place(url: str, place: Place) -> None:
    assert place_of(url) == place


def test_without_an_address_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_DB", "sqlite:///elsewhere.db")

    assert place_of(None) == Place(kind="sqlite", path="elsewhere.db")


def test_without_both_it_is_a_file_in_this_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENUTO_DB", raising=False)

    assert place_of(None) == Place(kind="sqlite", path="tenuto.db")


@pytest.mark.parametrize("url", ["mongodb://x", "sqlite:///:memory:", "work"])
def test_an_address_that_is_none_is_refused_with_what_would_do(url: str) -> None:
    with pytest.raises(Rejected, match="use sqlite:///"):
        place_of(url)
