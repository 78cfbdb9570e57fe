"""What organisations, users and passwords may be."""

import pytest

from tenuto.core.accounts.names import (
    BadName,
    check_label,
    check_organisation,
    check_password,
    check_user,
)


@pytest.mark.parametrize("name", ["local", "a", "acme-2", "a" * 39])
def test_an_organisation_has_a_short_plain_name(name: str) -> None:
    assert check_organisation(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "Acme", "a_b", "a" * 40, "a/b", "..", "a\n"])
def test_other_names_of_organisations_are_refused(name: str) -> None:
    with pytest.raises(BadName):
        check_organisation(name)


def test_the_name_of_a_user_is_the_same_in_capitals() -> None:
    assert check_user(" Ada@Example.org ") == "ada@example.org"


@pytest.mark.parametrize("name", ["", "a b", "@a", "a" * 255, "a\x00", "ä", "a/../b"])
def test_other_names_of_users_are_refused(name: str) -> None:
    with pytest.raises(BadName):
        check_user(name)


def test_a_label_is_one_line() -> None:
    assert check_label(" CI of the website ") == "CI of the website"
    for text in ("a\nb", "a\x1b[31m", "x" * 201):
        with pytest.raises(BadName):
            check_label(text)


@pytest.mark.parametrize(
    "password", ["short", "", "x" * 1025, "ada@example.org", "ADA@example.org", "aaaaaaaaaaaa"]
)
def test_a_password_that_is_short_or_the_name_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(BadName) as refused:
        check_password(password, name="ada@example.org")

    assert not password or password not in str(refused.value)


def test_a_long_password_of_any_characters_is_taken() -> None:
    assert check_password("correct horse ") == "correct horse "
