"""`tenuto move`: all that a database holds, to another one."""

from __future__ import annotations

import click

from tenuto.cli import exit_codes
from tenuto.cli.driving import code_of, message_of
from tenuto.cli.options import json_option
from tenuto.cli.printing import say, show, show_json
from tenuto.core.errors import TenutoError
from tenuto.runtime.moving import Moved, Step


@click.command()
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET")
@click.option("--again", is_flag=True, help="Also if SOURCE was moved before.")
@json_option("Print one JSON object.")
def command(source: str, target: str, again: bool, as_json: bool) -> int:
    """Move all that SOURCE holds to TARGET, which is empty: sessions, memories, the ledger and its
    records, artifacts. Then SOURCE is marked as moved.

    It may be interrupted at any moment, and done again.

    \b
    tenuto move sqlite:///tenuto.db postgresql://user:password@host/database
    """
    from tenuto.bootstrap.moving import move_store

    try:
        moved = move_store(source, target, again=again, tell=_tell)
    except KeyboardInterrupt:
        say("Interrupted; the same command goes on.")
        return exit_codes.CANCELLED
    except TenutoError as error:
        say(f"tenuto: {message_of(error)}")
        return code_of(error)
    _show(moved, as_json=as_json)
    return exit_codes.COMPLETED


def _tell(step: Step) -> None:
    if step.rows and (step.is_whole or step.stage == "copied"):
        say(f"{step.stage} {step.table}: {step.rows:,} rows")


def _show(moved: Moved, *, as_json: bool) -> None:
    if as_json:
        row = {
            "source": moved.source,
            "target": moved.target,
            "rows": moved.rows,
            "digest": moved.digest,
            "was_there": moved.was_there,
        }
        show_json(row, indent=False)
        return
    count = sum(moved.rows.values())
    begin = "An earlier move had brought" if moved.was_there else "Moved"
    show(f"{begin} {count:,} rows to {moved.target}, compared by SHA-256 {moved.digest[:12]}.")
    say(f"{moved.source} is marked as moved; keep it until you have a backup of the new one.")
