"""Pools that a process is told of."""

from pathlib import Path
from typing import Any

import pytest

from tenuto import DefinitionError, NotFound, Pool, Rejected
from tenuto.bootstrap.pools import VARIABLE, pools_of


def test_a_file_holds_pools_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pools.json"
    path.write_text('{"gpu": {"concurrency": 2}, "mail": {"rate": 100, "per": 60}, "any": {}}')
    expected = (Pool("gpu", concurrency=2), Pool("mail", rate=100, per=60), Pool("any"))

    assert pools_of(str(path)) == expected
    assert pools_of(None) == ()
    monkeypatch.setenv(VARIABLE, str(path))
    assert pools_of(None) == expected
    # What is given wins.
    assert pools_of([]) == pools_of("") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", ["holds no pools by name", '{"gpu": {"concurrency": 2}}']),
        ("{", ["cannot be read as JSON"]),
        (
            '{"a b": {}, "gpu": {"concurency": 2}, "cpu": {"rate": "5"}, "x": {"key": "tenant"}}',
            [
                "'a b' is no name of a pool",
                "Pool 'gpu' cannot have 'concurency'",
                "Pool 'cpu' has 'rate', which must be a whole number, found text",
                "Pool 'x' has a key without a limit",
            ],
        ),
    ],
)
def test_all_that_is_wrong_with_a_file_is_told(tmp_path: Path, text: str, told: list[str]) -> None:
    path = tmp_path / "pools.json"
    path.write_text(text)

    with pytest.raises(DefinitionError) as refused:
        pools_of(str(path))

    assert len(refused.value.problems) == max(1, len(told) if len(told) > 2 else 1)
    for part in told:
        assert part in str(refused.value)
    assert "pools.json" in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="file of pools"):
        pools_of(str(tmp_path / "nowhere.json"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (5, "pools is a list of tenuto.Pool(…), or a file of them; found 5."),
        (["gpu"], "pools has 'gpu', which is no tenuto.Pool(…)."),
        ([Pool("gpu", rate=-1)], "Pool 'gpu' has rate=-1"),
        ([Pool("gpu"), Pool("gpu")], "pools has two named 'gpu'"),
    ],
)
def test_what_is_no_list_of_pools_is_refused(given: Any, told: str) -> None:
    with pytest.raises(Rejected) as refused:
        pools_of(given)

    assert told in str(refused.value)
