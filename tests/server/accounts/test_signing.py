"""The server's own key: in a file that is its owner's alone, or in the environment."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tenuto.server.accounts.signing import (
    KEPT,
    VARIABLE,
    BadServerKey,
    keys_from,
    new_keys,
    rotate,
)

GIVEN = "a-secret-of-the-environment-0123456789"


def test_the_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "shop.db.key"

    made, read = keys_from(path, {}), keys_from(path, {})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.first == read.first
    assert [one.name for one in tmp_path.iterdir()] == ["shop.db.key"]


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    path = tmp_path / "shop.db.key"
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: keys_from(path, {}).first.kid, range(8)))

    assert len(set(found)) == 1


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "shop.db.key"
    keys_from(path, {})
    path.chmod(mode)

    with pytest.raises(BadServerKey, match="chmod 600") as refused:
        keys_from(path, {})
    assert path.read_text().strip() not in str(refused.value)


@pytest.mark.parametrize("text", ["", "short", "AAAA\n", "ä", "=" * 44, "A" * 43 + "*"])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.db.key"
    path.write_text(text, "utf-8")
    path.chmod(0o600)

    with pytest.raises(BadServerKey, match=r"shop\.db\.key"):
        keys_from(path, {})


def test_rotation_puts_a_new_key_first_and_keeps_the_last_ones(tmp_path: Path) -> None:
    path = tmp_path / "shop.db.key"
    kids = [keys_from(path, {}).first.kid]
    for _ in range(KEPT):
        rotate(path)
        kids.append(keys_from(path, {}).first.kid)

    keys = keys_from(path, {})
    assert [keys.get(kid) is not None for kid in kids] == [False, True, True, True]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.db.key"
    keys = keys_from(path, {VARIABLE: GIVEN})

    assert not path.exists()
    assert keys.first == keys_from(None, {VARIABLE: f"{GIVEN}"}).first
    both = keys_from(None, {VARIABLE: f"another-secret-of-the-environment-1 {GIVEN}"})
    assert both.first != keys.first and both.get(keys.first.kid) == keys.first


def test_a_short_key_of_the_environment_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadServerKey, match="9 characters") as refused:
        keys_from(None, {VARIABLE: "short-key"})
    assert "short-key" not in str(refused.value)


def test_keys_for_different_purposes_are_different_and_none_is_printed() -> None:
    key = new_keys().first

    assert len({key.derived("access"), key.derived("refresh"), key.secret}) == 3
    assert key.secret.hex() not in repr(key) and repr(key.secret) not in repr(key)
    assert new_keys().first.kid != key.kid
