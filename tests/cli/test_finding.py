"""A session is named by its id, the beginning or the end of it, or `last`."""

import pytest

from tests.cli.shell import Shell


def test_an_id_may_be_cut_at_either_end_while_only_one_session_has_it(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")
    session = shell.session()

    for text in (session, session[:9], session[-6:], "last"):
        assert shell("show", text, "--json").json["session"] == session


def test_a_piece_that_several_ids_have_is_refused_and_they_are_listed(shell: Shell) -> None:
    for name in ("Ada", "Bob"):
        shell.flow("hello", "-i", f"name={name}")

    result = shell("show", "ses_")

    assert result.code == 2
    assert result.err.startswith(
        "tenuto: Several sessions are called 'ses_'; give more of the id:\n  ses_"
    )
    assert result.err.count("  hello\n") == 2


def test_many_that_fit_are_not_all_listed(shell: Shell) -> None:
    for n in range(7):
        shell.flow("hello", "-i", f"name={n}")

    result = shell("show", "ses_")

    assert result.err.count("  hello\n") == 5
    assert result.err.endswith("  …\n")


def test_last_is_the_newest_that_a_person_started(shell: Shell) -> None:
    shell.flow("nested")

    told = shell("show", "last", "--json").json

    assert told["workflow"] == "nested"


@pytest.mark.parametrize("verb", ["show", "events", "trace", "replay", "pause", "cancel"])
@pytest.mark.parametrize("text", ["ses_nobody", ""])
def test_a_session_that_is_not_there_ends_with_4(shell: Shell, verb: str, text: str) -> None:
    shell.flow("hello", "-i", "name=Ada")

    result = shell(verb, text)

    assert (result.code, result.out) == (4, "")
    assert result.err == (f"tenuto: No session {text!r} was found. `tenuto sessions` lists them.\n")


def test_last_in_an_empty_database_is_not_found(shell: Shell) -> None:
    result = shell("show", "last", "--db", "memory://")

    assert result.code == 4
    assert "The database has no session yet." in result.err
