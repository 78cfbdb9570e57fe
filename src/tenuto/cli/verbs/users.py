"""`tenuto users`: who can log in to the server, and what they may."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from tenuto.cli import exit_codes
from tenuto.cli.accounts import accounts_of, asked_password, place_options, user_named
from tenuto.cli.driving import drive
from tenuto.cli.options import json_option
from tenuto.cli.printing import columns, faint, say, show, show_json
from tenuto.core.accounts.roles import ROLES

role_option = click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="What they are. Repeatable."
)
grant_option = click.option(
    "--grant",
    "grants",
    multiple=True,
    metavar="PERMISSION",
    help="What else they may, as 'sessions:start:workflow=research*'. Repeatable.",
)


class Place(msgspec.Struct, kw_only=True):
    """Whose users, and where."""

    organisation: str
    db: str | None


@click.group(no_args_is_help=True)
def command() -> None:
    """Look after the users of a server, also beside one that runs.

    \b
    tenuto users add ada@example.org --role operator --password
    tenuto users change ada@example.org --role developer --role approver
    tenuto users disable ada@example.org
    """


@command.command()
@click.argument("name")
@click.option("--label", metavar="TEXT", default="", help="The person's name.")
@role_option
@grant_option
@click.option("--password", is_flag=True, help="Ask for a password, or read it from stdin.")
@place_options
def add(name: str, password: bool, **options: Any) -> int:
    """Add the user who logs in by NAME; a viewer, unless --role says more."""
    return drive(_add(name, asked_password() if password else "", options))


@command.command("list")
@json_option("Print one JSON object per line.")
@place_options
def list_users(as_json: bool, **place: Any) -> int:
    """List users: what they are, and what else they may."""
    return drive(_list(Place(**place), as_json=as_json))


@command.command()
@click.argument("name")
@role_option
@grant_option
@click.option("--no-grants", is_flag=True, help="Take away what they may beside their roles.")
@place_options
def change(name: str, no_grants: bool, **options: Any) -> int:
    """Give NAME these roles, or grants, in place of those they have."""
    place = Place(organisation=options["organisation"], db=options["db"])
    wish = {what: options[what] for what in ("roles", "grants") if options[what]}
    if no_grants:
        wish["grants"] = ()
    if not wish:
        raise click.UsageError("Say what to change: --role, --grant or --no-grants.")
    return drive(_change(place, name, wish, "changed"))


@command.command()
@click.argument("name")
@place_options
def password(name: str, **place: Any) -> int:
    """Give NAME a new password; all their logins end."""
    wish = {"password": asked_password()}
    return drive(_change(Place(**place), name, wish, "given a new password, and logged out"))


@command.command()
@click.argument("name")
@place_options
def disable(name: str, **place: Any) -> int:
    """Shut NAME out at once, with all keys and logins."""
    return drive(_change(Place(**place), name, {"disabled": True}, "disabled"))


@command.command()
@click.argument("name")
@place_options
def enable(name: str, **place: Any) -> int:
    """Let NAME in again."""
    return drive(_change(Place(**place), name, {"disabled": False}, "enabled"))


@command.command()
@click.argument("name")
@click.option("-y", "--yes", is_flag=True, help="Do not ask first.")
@place_options
def remove(name: str, yes: bool, **place: Any) -> int:
    """Delete NAME with all keys and logins. What they did stays in the audit log."""
    if not yes:
        click.confirm(f"Delete the user {name!r} with all keys?", abort=True, err=True)
    return drive(_remove(Place(**place), name))


async def _add(name: str, password: str, options: dict[str, Any]) -> int:
    async with accounts_of(options["db"], options["organisation"]) as (accounts, asking):
        made = await accounts.users.add(
            asking,
            name,
            label=options["label"],
            roles=options["roles"] or ("viewer",),
            grants=options["grants"],
            password=password,
        )
        say(f"user {made.name} is added, as {', '.join(options['roles'] or ('viewer',))}")
    return exit_codes.COMPLETED


async def _list(place: Place, *, as_json: bool) -> int:
    async with accounts_of(place.db, place.organisation) as (accounts, asking):
        from tenuto.server.accounts.records import User, read

        users = [(one, read(one, User)) for one in await accounts.users.all(asking)]
    if as_json:
        for record, _ in users:
            show_json({"id": record.id, "name": record.name, **record.value}, indent=False)
        return exit_codes.COMPLETED
    names = ("NAME", "", "ROLES", "GRANTS", "")
    rows = [
        (
            record.name,
            user.label,
            " ".join(user.roles),
            " ".join(user.grants),
            "disabled" if user.disabled else "",
        )
        for record, user in users
    ]
    for line in columns([tuple(faint(name) for name in names), *rows]):
        show(line)
    return exit_codes.COMPLETED


async def _change(place: Place, name: str, wish: dict[str, Any], done: str) -> int:
    async with accounts_of(place.db, place.organisation) as (accounts, asking):
        user = await user_named(accounts, asking, name)
        await accounts.users.change(asking, user.id, **wish)
        say(f"user {user.name} is {done}")
    return exit_codes.COMPLETED


async def _remove(place: Place, name: str) -> int:
    async with accounts_of(place.db, place.organisation) as (accounts, asking):
        user = await user_named(accounts, asking, name)
        await accounts.users.remove(asking, user.id)
        say(f"user {user.name} is deleted")
    return exit_codes.COMPLETED
