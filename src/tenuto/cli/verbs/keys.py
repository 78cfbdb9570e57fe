"""`tenuto keys`: the keys that programs show to the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tenuto.cli import exit_codes
from tenuto.cli.accounts import accounts_of, place_options, user_named
from tenuto.cli.driving import drive
from tenuto.cli.options import json_option
from tenuto.cli.printing import columns, faint, say, show, show_json
from tenuto.views.moments import moment_text

if TYPE_CHECKING:
    from tenuto.server.accounts.accounts import Accounts
    from tenuto.server.accounts.records import Asking

DAY_MS = 86_400_000


class Place(msgspec.Struct, kw_only=True):
    """Whose keys, and where."""

    organisation: str
    db: str | None


@click.group(no_args_is_help=True)
def command() -> None:
    """Make, list, rotate and revoke API keys, also beside a server that runs.

    \b
    tenuto keys add --user ada --label "nightly report" --scope "sessions:*" --days 90
    tenuto keys list
    tenuto keys revoke local-4k1m0z8q2x7c
    """


@command.command()
@click.option("--user", metavar="NAME", default="admin", show_default=True, help="Whose it is.")
@click.option("--label", metavar="TEXT", default="", help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="PERMISSION",
    help="It may this and no more, as 'sessions:read'. Repeatable. [default: all its user may]",
)
@click.option("--days", type=click.IntRange(1, 3650), metavar="N", help="It ends after N days.")
@place_options
def add(user: str, label: str, scopes: tuple[str, ...], days: int | None, **place: Any) -> int:
    """Make a key, and print it. It is not shown again."""
    return drive(_add(Place(**place), user, label=label, scopes=scopes or None, days=days))


@command.command("list")
@json_option("Print one JSON object per line.")
@place_options
def list_keys(as_json: bool, **place: Any) -> int:
    """List keys: whose they are, what they may, when they were used last."""
    return drive(_list(Place(**place), as_json=as_json))


@command.command()
@click.argument("key", metavar="ID")
@click.option(
    "--grace",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="So long the present key still works.",
)
@place_options
def rotate(key: str, grace: int, **place: Any) -> int:
    """Give a key a new text, and print it."""
    return drive(_rotate(Place(**place), key, grace_ms=grace * 3_600_000))


@command.command()
@click.argument("key", metavar="ID")
@place_options
def revoke(key: str, **place: Any) -> int:
    """End a key at once."""
    return drive(_revoke(Place(**place), key))


async def _add(
    place: Place, user: str, *, label: str, scopes: tuple[str, ...] | None, days: int | None
) -> int:
    async with accounts_of(place.db, place.organisation) as (accounts, asking):
        owner = await user_named(accounts, asking, user)
        made = await accounts.keys.add(
            asking,
            user=owner.id,
            label=label,
            scopes=scopes,
            expires_ms=None if days is None else int(time.time() * 1000) + days * DAY_MS,
        )
        say(f"key {made.record.id} of {owner.name}; it is shown this once:")
        show(made.text)
    return exit_codes.COMPLETED


async def _list(place: Place, *, as_json: bool) -> int:
    async with accounts_of(place.db, place.organisation) as (accounts, asking):
        rows = await _rows(accounts, asking)
    if as_json:
        for row in rows:
            show_json(row, indent=False)
        return exit_codes.COMPLETED
    names = ("ID", "USER", "LABEL", "MAY", "ENDS", "LAST USED")
    lines = [
        (
            row["id"],
            row["user"],
            row["label"],
            "all its user may" if row["scopes"] is None else " ".join(row["scopes"]),
            row["expires_at"] or "",
            row["last_used_at"] or "",
        )
        for row in rows
    ]
    for line in columns([tuple(faint(name) for name in names), *lines]):
        show(line)
    return exit_codes.COMPLETED


async def _rows(accounts: Accounts, asking: Asking) -> list[dict[str, Any]]:
    from tenuto.server.accounts.records import Key, read

    rows: list[dict[str, Any]] = []
    after: tuple[str, str] | None = None
    users = {one.id: one.name for one in await accounts.users.all(asking)}
    while page := await accounts.keys.page(asking, after=after, limit=500):
        for record in page:
            key, used_ms = read(record, Key), await accounts.last_used_ms(record)
            rows.append(
                {
                    "id": record.id,
                    "user": users.get(key.user, key.user),
                    "label": key.label,
                    "scopes": key.scopes,
                    "expires_at": moment_text(key.expires_ms) if key.expires_ms else None,
                    "last_used_at": moment_text(used_ms) if used_ms else None,
                }
            )
        after = (page[-1].name, page[-1].id)
    return rows


async def _rotate(place: Place, key: str, *, grace_ms: int) -> int:
    async with accounts_of(place.db, place.organisation) as (accounts, asking):
        made = await accounts.keys.rotate(asking, key, grace_ms=grace_ms)
        hours = grace_ms // 3_600_000
        say(f"the present key works for {hours} h more; the new one is shown this once:")
        show(made.text)
    return exit_codes.COMPLETED


async def _revoke(place: Place, key: str) -> int:
    async with accounts_of(place.db, place.organisation) as (accounts, asking):
        await accounts.keys.revoke(asking, key)
        say(f"key {key} is revoked")
    return exit_codes.COMPLETED
