"""The server's own keys, which tokens are signed with."""

import pytest

from tenuto.server.accounts.signing import BadServerKey, keys_of, new_keys

NEW, OLD = "a-secret-of-the-server-0123456789", "an-older-secret-of-the-server-012345"


def test_the_first_key_signs_and_the_others_still_verify() -> None:
    keys = keys_of([NEW, OLD])

    assert keys.first == keys_of([NEW]).first
    assert keys.get(keys_of([OLD]).first.kid) == keys_of([OLD]).first
    assert keys.get("another") is None


@pytest.mark.parametrize("texts", [[], [""], ["short-key"], [NEW, "short-key"]])
def test_no_key_and_a_short_one_are_refused_and_not_repeated(texts: list[str]) -> None:
    with pytest.raises(BadServerKey, match="32 random") as refused:
        keys_of(texts)
    assert "short-key" not in str(refused.value)


def test_keys_for_different_purposes_are_different_and_none_is_printed() -> None:
    key = new_keys().first

    assert len({key.derived("access"), key.derived("refresh"), key.secret}) == 3
    assert key.secret.hex() not in repr(key) and repr(key.secret) not in repr(key)
    assert new_keys().first.kid != key.kid
