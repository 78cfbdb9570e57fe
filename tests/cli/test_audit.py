"""`tenuto audit`: who did what, and whether anything was changed since."""

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from typing import Any

import pytest

import tenuto
from tenuto.core.audit.merkle import leaf, proven_root
from tenuto.testing.contracts.ledger.case import NOW_MS, action, change
from tests.cli.shell import Shell


def enter(shell: Shell, **settings: Any) -> None:
    async def main() -> None:
        async with tenuto.open(f"sqlite:///{shell.database}", audit=True, **settings) as runtime:
            assert runtime.ledger is not None
            await runtime.ledger.append(
                [
                    change("bob", {"role": "admin"}, at_ms=NOW_MS),
                    action(tenant="rival", at_ms=NOW_MS + 1000),
                    action("session.start", detail={"workflow": "hello"}, at_ms=NOW_MS + 2000),
                ]
            )

    asyncio.run(main())


@pytest.fixture
def audited(shell: Shell) -> Shell:
    """A database with a session, three entries and a checkpoint."""
    shell.flow("hello", "-i", "name=Ada")
    enter(shell)
    return shell


def tamper(shell: Shell, sql: str) -> None:
    with closing(sqlite3.connect(shell.database)) as connection:
        connection.execute(sql)
        connection.commit()


def test_who_waits_for_an_audit_is_told_how_far_it_is(
    audited: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "looked at 4 of 4 entries" not in audited("audit", "verify").err

    monkeypatch.setattr("tenuto.cli.verbs.audit.TELL_S", 0.0)
    told = audited("audit", "verify")

    assert "looked at 4 of 4 entries …" in told.err
    assert "sessions …" in told.err
    assert "…" not in told.out


def test_entries_are_listed_newest_first(audited: Shell) -> None:
    lines = audited("audit", "list", "--tenant", "acme").out.splitlines()

    assert lines[0].split() == ["NUMBER", "AT", "TENANT", "WHO", "ACTION", "ON"]
    assert lines[1].split()[:5] == [
        "3",
        "2023-11-14T22:13:22.000Z",
        "acme",
        "user:ann",
        "session.start",
    ]
    assert lines[1].endswith('{"workflow":"hello"}')
    assert lines[2].split()[-3:] == ["user.set", "user", "bob"]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ((), [4, 3, 2, 1]),
        (("-n", "2"), [4, 3]),
        (("--after", "1", "-n", "2"), [2, 3]),
        (("--before", "3"), [2, 1]),
        (("--actor", "system"), [4]),
        (("--action", "user.set", "--action", "session.start"), [3, 1]),
        (("--kind", "session", "--target", "s1"), [3, 2]),
        (("--since", "2023-11-14T22:13:21Z", "--until", "2023-11-14T22:13:22+00:00"), [2]),
        (("--since", "1h"), [4]),
    ],
)
def test_entries_are_found_by_what_they_are_about(
    audited: Shell, filters: tuple[str, ...], numbers: list[int]
) -> None:
    found = audited("audit", "list", *filters, "--json").json_lines

    assert [entry["number"] for entry in found] == numbers


def test_what_is_no_moment_is_refused(audited: Shell) -> None:
    result = audited("audit", "list", "--since", "lately")

    assert result.code == 2
    assert "'lately' is no moment; write 2026-01-31" in result.err


def test_an_untouched_database_verifies(audited: Shell) -> None:
    result = audited("audit", "verify")
    told = audited("audit", "verify", "--json", "--quick").json

    assert result.code == 0
    assert result.out.startswith("ok  ")
    assert "looked at 4 entries, 2 records, 2 commits of events, 1 sessions" in result.err
    assert (told["entries"], told["sessions"], told["faults"]) == (4, 0, [])


def test_a_changed_database_is_told_with_the_first_wrong_number(audited: Shell) -> None:
    tamper(audited, "UPDATE ledger SET tenant = 'rival' WHERE number = 3")

    result = audited("audit", "verify")

    assert result.code == 1
    assert result.out.splitlines()[0] == "wrong  entries 3"
    assert "ok" not in result.out


def test_a_cut_off_end_is_found_by_the_notes_beside_the_database(audited: Shell) -> None:
    tamper(audited, "DELETE FROM ledger WHERE number = 4")
    tamper(audited, "DELETE FROM records WHERE kind = 'audit'")

    assert (
        "The ledger ends at entry 3, and a checkpoint was entry 4" in audited("audit", "verify").out
    )


def test_notes_that_are_named_must_be_there(audited: Shell) -> None:
    result = audited("audit", "verify", "--anchor", "elsewhere")

    assert result.code == 2
    assert "elsewhere cannot be read (No such file or directory)" in result.err


def test_lines_of_the_notes_that_cannot_be_read_are_told_and_passed_over(audited: Shell) -> None:
    notes = audited.folder / "tenuto.db.checkpoints"
    notes.write_bytes(b"{\n" + notes.read_bytes() + b'{"number": 9, "dig')

    result = audited("audit", "verify")
    audited("audit", "checkpoint")
    enter(audited)

    assert result.code == 0
    assert "note: 2 lines of the anchor file cannot be read" in result.err
    assert "2 anchors" in audited("audit", "verify").err


def test_a_checkpoint_is_taken_and_noted_where_one_says(audited: Shell) -> None:
    nothing = audited("audit", "checkpoint")
    audited.flow("hello", "-i", "name=Eve")
    tamper(audited, "SELECT 1")
    taken = audited("audit", "checkpoint", "--anchor", str(audited.folder / "here"))

    assert nothing.err == "nothing came since the last checkpoint\n"
    # Running a workflow took one already: the ledger holds something.
    assert taken.err == "nothing came since the last checkpoint\n"
    assert audited("audit", "verify").code == 0
    assert len(audited("audit", "list", "--action", "audit.checkpoint", "--json").json_lines) == 2


def test_marks_need_the_key_that_made_them(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_AUDIT_KEY", "k" * 40)
    enter(shell)
    with_key = shell("audit", "verify")
    monkeypatch.setenv("TENUTO_AUDIT_KEY", "o" * 40)
    with_other = shell("audit", "verify")
    monkeypatch.delenv("TENUTO_AUDIT_KEY")
    without = shell("audit", "verify")
    monkeypatch.setenv("TENUTO_AUDIT_KEY", "short")
    short = shell("audit", "verify")

    assert (with_key.code, with_other.code, without.code, short.code) == (0, 1, 0, 2)
    assert "(1 marks)" in with_key.err
    assert "which was not given" in with_other.out
    assert "1 checkpoints bear marks of a key" in without.err
    assert "32 random characters" in short.err


def test_a_proof_leads_from_an_entry_to_the_root_of_its_checkpoint(audited: Shell) -> None:
    told: dict[str, Any] = audited("audit", "prove", "2").json

    digest = hashlib.sha256(bytes.fromhex(told["before"]) + told["canonical"].encode()).hexdigest()
    path = [bytes.fromhex(one) for one in told["path"]]
    root = proven_root(leaf(bytes.fromhex(digest)), told["index"], count=told["count"], path=path)

    assert '"rival"' in told["canonical"]
    assert digest == told["digest"]
    checkpoint: Any = audited("audit", "list", "-n", "1", "--json").json_lines[0]
    assert checkpoint["number"] == told["checkpoint"] == 4
    assert root == told["root"] == checkpoint["after"]["entries_root"]


def test_an_entry_that_no_checkpoint_covers_has_no_proof(audited: Shell) -> None:
    assert audited("audit", "prove", "9").code == 4
    uncovered = audited("audit", "prove", "4")
    assert uncovered.code == 2
    assert "No checkpoint covers entry 4 yet" in uncovered.err


def test_a_database_that_is_not_there_is_not_made(shell: Shell) -> None:
    for verb in (("list",), ("verify",), ("checkpoint",)):
        result = shell("audit", *verb)
        assert result.code == 2
        assert "was found. Check the path" in result.err
    assert not shell.database.exists()
