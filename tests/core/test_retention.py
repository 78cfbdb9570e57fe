"""How long sessions are kept, as a server is told."""

import pytest

from tenuto.core.errors import Rejected
from tenuto.core.retention import Retention, age_ms, read_retention

DAY_MS = 86_400_000


def test_ages_are_of_all_or_of_one_organisation() -> None:
    found = read_retention(["90d", "acme=30d", "archive=forever", "a=b=1d12h"])

    of = {"acme": 30 * DAY_MS, "archive": None, "a=b": 36 * 3_600_000}
    assert found == Retention(usual=90 * DAY_MS, of=of)


def test_nothing_said_keeps_all_for_ever() -> None:
    assert read_retention([]).is_forever
    assert read_retention(["acme=forever"]).is_forever
    assert not read_retention(["acme=1d"]).is_forever
    assert not read_retention(["1d"]).is_forever


@pytest.mark.parametrize("text", ["", "soon", "0d", "-1d", "90", "acme=", "acme=soon", "inf"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="An age is written as 90d"):
        read_retention([text])
    with pytest.raises(Rejected):
        age_ms(text)


@pytest.mark.parametrize(
    ("texts", "whom"), [(["1d", "2d"], "of all"), (["a=1d", "a=forever"], "of 'a'")]
)
def test_two_ages_of_the_same_are_refused(texts: list[str], whom: str) -> None:
    with pytest.raises(Rejected, match=f"{whom} are kept is said twice"):
        read_retention(texts)
