"""`tenuto users` and `tenuto keys`: accounts, looked after from the command line."""

import asyncio

import pytest

from tenuto.bootstrap.accounts import open_accounts
from tenuto.core.accounts.principal import Principal
from tenuto.ports.ledger import Source
from tests.cli.shell import Shell

PASSWORD = "correct horse battery"


def whose(shell: Shell, key: str) -> Principal:
    async def main() -> Principal:
        async with open_accounts(f"sqlite:///{shell.database}") as accounts:
            return await accounts.authenticate(key, Source())

    return asyncio.run(main())


def test_the_first_key_of_an_admin_is_printed_once_and_apart_from_results(shell: Shell) -> None:
    first, second = shell("users", "list"), shell("users", "list")

    assert first.code == 0 and "tnt_" not in first.out
    key = next(line for line in first.err.splitlines() if line.startswith("tnt_"))
    assert whose(shell, key).roles == ("admin",)
    assert second.err == ""


def test_a_user_gets_roles_grants_and_a_key_that_may_less(shell: Shell) -> None:
    shell("users", "add", "Ada@Example.org", "--role", "operator", "--grant", "audit:read")
    made = shell("keys", "add", "--user", "ada@example.org", "--scope", "*:read", "--days", "3")

    principal = whose(shell, made.out.strip())
    assert (principal.name, principal.roles) == ("ada@example.org", ("operator",))
    assert principal.may("audit:read") and not principal.may("sessions:start")
    listed = shell("keys", "list", "--json").json_lines
    assert [(row["user"], row["scopes"]) for row in listed] == [
        ("admin", None),
        ("ada@example.org", ["*:read"]),
    ] or [(row["user"], row["scopes"]) for row in listed] == [
        ("ada@example.org", ["*:read"]),
        ("admin", None),
    ]
    assert made.out.strip() not in shell("keys", "list").out

    shell("users", "change", "ada@example.org", "--role", "viewer", "--no-grants")
    changed = shell("users", "list", "--json").json_lines[0]
    assert (changed["roles"], changed["grants"]) == (["viewer"], [])


def test_a_password_is_read_from_stdin_and_a_short_one_is_refused(shell: Shell) -> None:
    added = shell("users", "add", "ada", "--password", stdin=f"{PASSWORD}\n")
    short = shell("users", "password", "ada", stdin="short\n")

    assert added.code == 0 and PASSWORD not in added.out + added.err
    assert short.code == 2 and "10 to" in short.err and "short" not in short.err


def test_a_key_is_rotated_and_revoked(shell: Shell) -> None:
    old = shell("keys", "add").out.strip()
    name = old.removeprefix("tnt_").rpartition("_")[0]

    new = shell("keys", "rotate", name, "--grace", "0").out.strip()
    assert whose(shell, new).key == name
    for key in (old, new):
        if key == new:
            assert shell("keys", "revoke", name).code == 0
        with pytest.raises(Exception, match="valid API key"):
            whose(shell, key)
    again = shell("keys", "revoke", name)
    assert again.code == 2 and name in again.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("users", "disable", "admin"), "last admin"),
        (("users", "disable", "nobody"), "no user 'nobody'"),
        (("users", "add", "a b"), "cannot be called"),
        (("users", "add", "ada", "--grant", "sessions:fly"), "no action"),
        (("users", "change", "admin"), "Say what to change"),
        (("users", "add", "ada", "--organisation", "acme"), "no organisation 'acme'"),
        (("keys", "add", "--user", "nobody"), "no user 'nobody'"),
        (("keys", "add", "--scope", "everything"), "no resource and action"),
        (("keys", "list", "--db", "memory://"), "name a file"),
    ],
)
def test_what_cannot_be_done_is_said_and_does_nothing(
    shell: Shell, arguments: tuple[str, ...], told: str
) -> None:
    result = shell(*arguments)

    assert result.code == 2
    assert told in result.err


def test_a_removed_user_is_gone(shell: Shell) -> None:
    shell("users", "add", "ada")

    assert shell("users", "disable", "ada").code == 0
    assert shell("users", "enable", "ada").code == 0
    assert shell("users", "remove", "ada", "--yes").code == 0
    assert [row["name"] for row in shell("users", "list", "--json").json_lines] == ["admin"]
