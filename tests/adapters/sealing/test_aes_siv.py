"""Sealing with AES-SIV: one key, one tenant, one kind."""

import importlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.sealing import KEY_VARIABLE, AesSivSealing
from tenuto.ports.sealing import NoGuardKey

KEY = "a key for tests, of more than 32 characters"
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(TEXTS, TEXTS, TEXTS)
def test_what_is_sealed_opens_again_and_is_always_sealed_alike(
    tenant: str, kind: str, text: str
) -> None:
    sealed = AesSivSealing(KEY).seal(tenant, kind, text)

    assert AesSivSealing(KEY).unseal(tenant, kind, sealed) == text
    assert AesSivSealing(KEY).seal(tenant, kind, text) == sealed
    assert AesSivSealing(KEY).unseal(tenant + "x", kind, sealed) is None
    assert AesSivSealing(KEY).unseal(tenant, kind + "x", sealed) is None


@given(st.text(st.sampled_from("AZaz09-_+/=é"), max_size=80))
def test_noise_opens_nothing(noise: str) -> None:
    assert AesSivSealing(KEY).unseal("a", "email", noise) is None


def test_another_spelling_of_a_token_is_none() -> None:
    sealed = AesSivSealing(KEY).seal("a", "email", "ab")
    last = sealed[-1]
    others = [sealed[:-1] + sign for sign in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if sign != last]

    assert all(AesSivSealing(KEY).unseal("a", "email", other) is None for other in others)


def test_the_key_comes_from_the_environment_when_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sealing = AesSivSealing()
    monkeypatch.setenv(KEY_VARIABLE, KEY)

    assert sealing.seal("a", "email", "x") == AesSivSealing(KEY).seal("a", "email", "x")
    assert KEY not in repr(sealing)


@pytest.mark.parametrize(("key", "found"), [("", "is not set"), ("short", "has 5 characters")])
def test_a_missing_or_short_key_is_told_with_its_variable(
    key: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)

    with pytest.raises(NoGuardKey, match=rf"\$TENUTO_GUARD_KEY {found}") as caught:
        AesSivSealing().seal("a", "email", "x")

    assert caught.value.code == "no_guard_key"
    assert AesSivSealing().unseal("a", "email", "A" * 40) is None


def test_a_library_that_is_not_installed_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str, *args: Any) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", absent)

    with pytest.raises(NoGuardKey, match=r'pip install "tenuto\[guards\]"'):
        AesSivSealing(KEY).seal("a", "email", "x")
