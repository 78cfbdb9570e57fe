"""What the verbs about accounts share: which organisation, and the accounts of a database."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from tenuto.cli.options import Decorated, db_option
from tenuto.cli.printing import say
from tenuto.cli.verbs.serve import needing_extra

if TYPE_CHECKING:
    from tenuto.ports.ledger import Record
    from tenuto.server.accounts.accounts import Accounts
    from tenuto.server.accounts.records import Asking

HOME = "local"


def place_options(function: Decorated) -> Decorated:
    """Add `--organisation` and `--db`."""
    organisation = click.option(
        "--organisation", metavar="NAME", default=HOME, show_default=True, help="Whose accounts."
    )
    return db_option(organisation(function))


@asynccontextmanager
async def accounts_of(db: str | None, organisation: str) -> AsyncIterator[tuple[Accounts, Asking]]:
    """Give the accounts of a database, and this program as an admin of `organisation`.

    A database without any gets its first admin, whose key is printed.

    Raises:
        Rejected: there is no such organisation, or the extra `server` is not installed.
    """
    with needing_extra():
        from tenuto.bootstrap.accounts import open_accounts
        from tenuto.ports.ledger import Source
        from tenuto.server.accounts.organisations import system
        from tenuto.server.accounts.records import Asking
    async with open_accounts(db) as accounts:
        founded = await accounts.organisations.found_home()
        if founded is not None:
            say("there were no accounts: made the user 'admin'. Keep this key; it is shown once:")
            say(founded.key_text)
        asking = Asking(principal=system(organisation), source=Source(client="tenuto"))
        await accounts.organisations.get(asking, organisation)
        yield accounts, asking


async def user_named(accounts: Accounts, asking: Asking, name: str) -> Record:
    """Return the user who logs in by `name`.

    Raises:
        NoSuchAccount: there is none.
    """
    return await accounts.users.named(asking, name)


def asked_password() -> str:
    """Return a password that is typed, twice and unseen; or the first line of stdin."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed
