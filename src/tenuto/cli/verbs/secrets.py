"""`tenuto secrets`: what is kept encrypted, and the keys that it is encrypted with."""

from __future__ import annotations

import click

from tenuto.cli import exit_codes
from tenuto.cli.accounts import place_options
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import columns, faint, say, show, show_json
from tenuto.cli.verbs.serve import needing_extra
from tenuto.views.moments import moment_text


@click.group(no_args_is_help=True)
def command() -> None:
    """List the server's secrets and rotate the key that encrypts them, also beside one that runs.

    \b
    tenuto secrets list
    tenuto secrets rotate
    """


@command.command("list")
@json_option("Print one JSON object per line.")
@place_options
def list_secrets(as_json: bool, organisation: str, db: str | None) -> int:
    """List the names of secrets, never what they hold."""
    return drive(_list(db, organisation, as_json=as_json))


@command.command()
@db_option
def rotate(db: str | None) -> int:
    """Make a new key, encrypt everything anew with it, and drop the key before.

    It may be interrupted at any moment, and done again."""
    return drive(_rotate(db))


@command.command()
@db_option
def reseal(db: str | None) -> int:
    """Encrypt anew, with the key in use, what an earlier key encrypted; keys stay as they are."""
    return drive(_reseal(db))


async def _list(db: str | None, organisation: str, *, as_json: bool) -> int:
    with needing_extra():
        from tenuto.bootstrap.rotating import open_sealed
    async with open_sealed(db) as (secrets, _):
        records = await secrets.all(organisation)
    if as_json:
        for record in records:
            row = {
                "name": record.id,
                "description": record.value["description"],
                "version": record.version,
                "created_at": moment_text(record.created_ms),
                "updated_at": moment_text(record.updated_ms),
            }
            show_json(row, indent=False)
        return exit_codes.COMPLETED
    names = tuple(faint(name) for name in ("NAME", "VERSION", "CHANGED", "DESCRIPTION"))
    lines = [
        (
            record.id,
            str(record.version),
            moment_text(record.updated_ms),
            str(record.value["description"]),
        )
        for record in records
    ]
    for line in columns([names, *lines]):
        show(line)
    return exit_codes.COMPLETED


async def _rotate(db: str | None) -> int:
    with needing_extra():
        from tenuto.bootstrap.rotating import keys_to_rotate, open_sealed
    async with open_sealed(db) as (_, rotation):
        done = await rotation.rotate(keys_to_rotate(db))
    show(f"key {done.key} is in use; encrypted anew: {done.resealed}, keys dropped: {done.dropped}")
    say("Copy the key file anew. Backups of the database made before need the copy before.")
    say("Who is logged in logs in again once the server was restarted; API keys stay as they are.")
    return exit_codes.COMPLETED


async def _reseal(db: str | None) -> int:
    with needing_extra():
        from tenuto.bootstrap.rotating import open_sealed
    async with open_sealed(db) as (_, rotation):
        count = await rotation.reseal()
    show(f"encrypted anew: {count}")
    return exit_codes.COMPLETED
