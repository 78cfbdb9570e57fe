"""`tenuto secrets`: names are listed, and the key of a database is rotated beside its server."""

import asyncio

import pytest

from tenuto.bootstrap.rotating import open_sealed
from tenuto.ports.ledger import Change
from tests.cli.shell import Shell

TEXT = "sk-what-nobody-may-see"


async def put(shell: Shell, name: str) -> None:
    async with open_sealed(f"sqlite:///{shell.database}") as (secrets, _):
        change = Change(
            at_ms=1, tenant="local", actor="system", action="", kind="secret", target=name
        )
        await secrets.put(change, TEXT, "Of the team.")


async def held(shell: Shell, name: str) -> str | None:
    async with open_sealed(f"sqlite:///{shell.database}") as (secrets, _):
        return await secrets.value("local", name)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENUTO_SECRET_KEY", raising=False)


def test_secrets_are_listed_by_name_without_what_they_hold(shell: Shell) -> None:
    shell("users", "list")
    asyncio.run(put(shell, "OPENAI_API_KEY"))

    listed, rows = shell("secrets", "list"), shell("secrets", "list", "--json")

    assert "OPENAI_API_KEY" in listed.out and "Of the team." in listed.out
    assert [(row["name"], row["version"]) for row in rows.json_lines] == [("OPENAI_API_KEY", 1)]
    assert TEXT not in listed.out + rows.out


def test_rotate_makes_a_new_key_and_what_was_encrypted_opens_with_it(shell: Shell) -> None:
    shell("users", "list")
    asyncio.run(put(shell, "ONE"))
    file = shell.folder / "tenuto.db.key"
    before = file.read_text()

    done = shell("secrets", "rotate")

    assert (done.code, "encrypted anew: 1, keys dropped: 1" in done.out) == (0, True)
    assert "Backups" in done.err
    after = file.read_text()
    assert len(after.split()) == 1 and after != before
    assert after.strip() not in done.out + done.err
    assert asyncio.run(held(shell, "ONE")) == TEXT


def test_a_key_of_the_environment_is_rotated_by_hand_and_reseal_does_the_rest(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("users", "list")
    monkeypatch.setenv("TENUTO_SECRET_KEY", "1" * 32)
    asyncio.run(put(shell, "ONE"))

    refused = shell("secrets", "rotate")
    monkeypatch.setenv("TENUTO_SECRET_KEY", f"{'2' * 32},{'1' * 32}")
    done, again = shell("secrets", "reseal"), shell("secrets", "reseal")
    monkeypatch.setenv("TENUTO_SECRET_KEY", "2" * 32)

    assert refused.code == 2
    assert "TENUTO_SECRET_KEY=NEW,OLD" in refused.err and "secrets reseal" in refused.err
    assert (done.out, again.out) == ("encrypted anew: 1\n", "encrypted anew: 0\n")
    assert asyncio.run(held(shell, "ONE")) == TEXT


def test_without_a_key_file_rotate_makes_none_and_says_where_one_should_be(shell: Shell) -> None:
    shell("users", "list")
    file = shell.folder / "tenuto.db.key"
    file.unlink()

    refused = shell("secrets", "rotate")

    assert refused.code == 2 and str(file) in refused.err and "put it back" in refused.err
    assert not file.exists()


def test_secrets_in_memory_have_no_key_to_rotate(shell: Shell) -> None:
    refused = shell("secrets", "rotate", "--db", "memory://")

    assert refused.code == 2 and "name a file" in refused.err
