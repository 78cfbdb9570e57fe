"""`tenuto explain`: what the code of a problem means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from tenuto.cli import exit_codes
from tenuto.cli.options import json_option
from tenuto.cli.printing import faint, say, show, show_json
from tenuto.cli.verbs.serve import needing_extra

if TYPE_CHECKING:
    from tenuto.server.codes import Kind


@click.command()
@click.argument("code", required=False)
@json_option("Print one JSON object per line.")
def command(code: str | None, as_json: bool) -> int:
    """Say what the CODE of a problem means, and what to do; without CODE, of all.

    \b
    tenuto explain too_many_requests
    """
    with needing_extra():
        from tenuto.server.codes import CODES
    if code is not None and code not in CODES:
        close = get_close_matches(code, CODES, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else "`tenuto explain` lists them."
        say(f"There is no problem {code!r}. {hint}")
        return exit_codes.NOT_FOUND
    for name in [code] if code is not None else sorted(CODES):
        _tell(name, CODES[name], as_json=as_json)
    return exit_codes.COMPLETED


def _tell(code: str, kind: Kind, *, as_json: bool) -> None:
    if as_json:
        told = {"code": code, "status": kind.status, "title": kind.title, "hint": kind.hint}
        show_json(told, indent=False)
        return
    show(f"{code}  {faint(str(kind.status))}")
    show(f"  {kind.title}.")
    show(f"  {kind.hint}")
