"""The file of providers that `tenuto serve --oidc` reads."""

import re
from pathlib import Path

import pytest

from tenuto.bootstrap.accounts import read_providers
from tenuto.core.errors import TenutoError
from tests.cli.shell import ROOT

GUIDE = ROOT / "docs" / "guides" / "accounts.md"


def test_the_example_of_the_guide_is_one(tmp_path: Path) -> None:
    example = re.search(r"^```json\n(.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S)
    assert example is not None
    path = tmp_path / "providers.json"
    path.write_text(example[1], "utf-8")

    (provider,) = read_providers(str(path))

    assert provider.rules.groups["staff"] == ("operator",)
    assert read_providers(None) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"providers": [{}]}',
        '{"providers": [{"name": "a", "issuer": "https://a.example", "client_id": "x", "y": 1}]}',
        '{"providers": [{"name": "a", "issuer": "http://a.example", "client_id": "x"}]}',
        '{"providers": [{"name": "a", "issuer": "https://a.example", "client_id": 7}]}',
        '{"providers": [{"name": "a", "issuer": "https://a", "client_id": "", "rule": {"x": 1}}]}',
    ],
)
def test_what_does_not_fit_is_refused_at_the_start(text: str, tmp_path: Path) -> None:
    path = tmp_path / "providers.json"
    path.write_text(text, "utf-8")

    with pytest.raises(TenutoError):
        read_providers(str(path))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(TenutoError, match=r"missing\.json"):
        read_providers("missing.json")
