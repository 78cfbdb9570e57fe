"""`tenuto memory`: what agents remember, looked after from the command line."""

import pytest

from tests.cli.shell import Shell


def remember(shell: Shell, text: str, *options: str) -> str:
    result = shell("memory", "remember", text, *options)
    assert result.code == 0
    return result.out.strip()


@pytest.fixture
def stored(shell: Shell) -> Shell:
    """A database that a session has made."""
    shell.flow("hello", "-i", "name=Ada")
    return shell


def test_what_is_remembered_is_listed_newest_first_and_by_whose_it_is(stored: Shell) -> None:
    first = remember(stored, "Reports are one page.", "--user", "ada", "--key", "length")
    second = remember(stored, "The vault opens at nine.", "--agent", "clerk")

    every = stored("memory", "list")
    of_ada = stored("memory", "list", "--user", "ada", "--json").json_lines

    assert [line.split()[0] for line in every.out.splitlines()] == ["ID", second, first]
    assert [(item["id"], item["text"]) for item in of_ada] == [(first, "Reports are one page.")]
    assert stored("memory", "list", "--kind", "episodic").err == "nothing is remembered like that\n"


def test_a_newer_word_on_a_key_supersedes_the_older_which_can_still_be_seen(stored: Shell) -> None:
    old = remember(stored, "Reports are one page.", "--key", "length")
    new = remember(stored, "Reports are two pages.", "--key", "length")

    current = stored("memory", "list", "--json").json_lines
    past = stored("memory", "list", "--past", "--json").json_lines

    assert [item["id"] for item in current] == [new]
    assert {item["id"]: item["superseded_by"] for item in past} == {new: "", old: new}


def test_a_search_shows_what_an_agent_would_recall_for_a_user(stored: Shell) -> None:
    found = remember(stored, "Reports are one page.", "--user", "ada")
    remember(stored, "The vault opens at nine.", "--user", "ada")
    remember(stored, "Reports are ten pages.", "--user", "bob")

    result = stored("memory", "search", "how long is a report", "--user", "ada", "--json")

    assert [item["id"] for item in result.json_lines] == [found]
    assert stored("memory", "search", "zeppelin").err == "nothing would be recalled\n"


def test_one_memory_is_shown_with_all_that_is_known_of_it(stored: Shell) -> None:
    known = remember(stored, "Reports are one page.", "--user", "ada", "--key", "length")

    result = stored("memory", "show", known)
    missing = stored("memory", "show", "mem_none")

    assert result.out.startswith("Reports are one page.\n")
    assert "all agents for ada" in result.out
    assert (missing.code, missing.err) == (4, "tenuto: No memory 'mem_none' was found.\n")


def test_forgetting_deletes_what_was_meant_and_nothing_else(stored: Shell) -> None:
    kept = remember(stored, "The vault opens at nine.", "--user", "bob")
    remember(stored, "Reports are one page.", "--user", "ada")
    named = remember(stored, "Ada likes tea.", "--user", "ada")

    by_name = stored("memory", "forget", named)
    by_user = stored("memory", "forget", "--user", "ada", "--yes")
    again = stored("memory", "forget", named)
    unsaid = stored("memory", "forget")

    assert (by_name.code, by_name.err) == (0, "forgotten: 1\n")
    assert (by_user.code, by_user.err) == (0, "forgotten: 1\n")
    assert (again.code, again.err) == (4, "forgotten: 0\n")
    assert (unsaid.code, unsaid.err.startswith("tenuto: Say what is to be forgotten")) == (2, True)
    assert [item["id"] for item in stored("memory", "export").json_lines] == [kept]


def summed_up(shell: Shell) -> tuple[list[str], str]:
    """Return the ids of some facts about the vault, and that of their summary."""
    told = ("costs 50 euros a month", "has a brass lock", "holds maps", "is painted red")
    facts = [remember(shell, f"The vault {one}.") for one in told]
    for other in ("Oskar walks to work.", "Gulls nest on chimneys.", "Trains to Graz run hourly."):
        remember(shell, other)
    result = shell("memory", "consolidate", "--sum-up", "2")
    assert "summed up 4 in 1" in result.err
    items = shell("memory", "list", "--json").json_lines
    (summary,) = [str(item["id"]) for item in items if item["sums_up"]]
    return facts, summary


def test_a_summary_shows_what_it_sums_up_also_when_that_has_made_room(stored: Shell) -> None:
    facts, summary = summed_up(stored)
    page = stored("memory", "show", summary)
    stats = stored("memory", "stats")

    stored("memory", "consolidate", "--items", "4")

    assert [line.split()[0] for line in page.out.splitlines()[-4:]] == facts
    assert "The vault has a brass lock." in page.out.splitlines()[-3]
    assert "summed up   4 in 1" in stats.out
    assert stored("memory", "show", summary).out.count("only the summary tells of it") == 4


def test_what_was_summed_up_is_forgotten_with_its_summary_and_the_others_are_back(
    stored: Shell,
) -> None:
    facts, summary = summed_up(stored)

    forgotten = stored("memory", "forget", facts[1])

    assert (forgotten.code, forgotten.err) == (0, "forgotten: 1\n")
    listed = {item["id"] for item in stored("memory", "list", "--json").json_lines}
    assert listed & {*facts, summary} == {facts[0], facts[2], facts[3]}
    assert b"brass" not in stored.database.read_bytes()


def test_statistics_count_what_is_there(stored: Shell) -> None:
    remember(stored, "Reports are one page.", "--key", "length")
    remember(stored, "Reports are two pages.", "--key", "length")

    (told,) = [stored("memory", "stats", "--json").json]

    assert (told["items"], told["superseded"], told["by_kind"]) == (2, 1, {"semantic": 2})


def test_where_no_session_has_made_the_database_that_is_said(shell: Shell) -> None:
    result = shell("memory", "list")

    assert result.code == 2
    assert "The first `tenuto run` makes it" in result.err


def test_memory_that_ends_with_its_process_cannot_be_looked_after(shell: Shell) -> None:
    result = shell("memory", "list", "--db", "memory://")

    assert result.code == 2
    assert "ends with its process" in result.err


def test_a_user_named_on_the_command_line_is_whom_the_agent_remembers(shell: Shell) -> None:
    for user in ("ada", "bob", "ada"):
        shell.flow("remembering", "-i", "task=When do beans grow?", "--user", user)
    talk, page = shell("show", "last", "--messages"), shell("show", "last")
    log = shell("events", "last")
    elsewhere = shell.flow("remembering", "-i", "task=When?", "--user", "ada", "--tenant", "acme")

    kept = shell("memory", "list", "--agent", "gardener", "--json").json_lines
    of_acme = shell("memory", "list", "--tenant", "acme", "--json").json_lines
    assert [item["scope"]["user"] for item in kept] == ["ada", "bob", "ada"]
    assert [item["scope"]["user"] for item in of_acme] == ["ada"]
    assert talk.out.count("remembers: Asked: When do beans grow?") == 1
    assert "recalls 1; " in page.out
    assert ", 1 recalled)" in log.out
    assert elsewhere.code == 0
