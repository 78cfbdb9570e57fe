"""`tenuto tools`: what servers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import json_option
from tenuto.cli.printing import columns, faint, say, show, show_json
from tenuto.cli.tool_sources import sources_in, tools_option
from tenuto.core.errors import WorkFailed
from tenuto.views.excerpts import excerpt

if TYPE_CHECKING:
    from tenuto.runtime.toolbox import NamedTool

_DESCRIPTION_CHARS_MAX = 72


@click.command()
@tools_option
@json_option("Print one JSON object per tool and line.")
def command(tools: str | None, as_json: bool) -> int:
    """List the tools that agents find at run time, by the ids that definitions use.

    Each with the permission that a caller needs, the labels of what it gives, and what it does. A
    server that cannot be asked is told on stderr, and the exit code is 1.

    \b
    tenuto tools --tools servers.json
    tenuto tools --tools servers.json --json
    """
    return drive(_list(tools, as_json=as_json))


async def _list(path: str | None, *, as_json: bool) -> int:
    from tenuto.runtime.code import Code
    from tenuto.runtime.toolbox import Toolbox
    from tenuto.sdk.sources import close_sources, sources_from

    code = Code()
    code.sources.update(sources_from(sources_in(path)))
    if not code.sources:
        say("There are no sources of tools; name a file with --tools, or in TENUTO_TOOLS.")
    toolbox, result = Toolbox(code), exit_codes.COMPLETED
    try:
        for name in code.sources:
            try:
                listing = await toolbox.listed((f"{name}.*",))
            except WorkFailed as error:
                faults = [error]
            else:
                faults = list(listing.away.values())
                _tell(listing.tools, as_json=as_json)
            for fault in faults:
                say(f"{name}: {fault}")
                result = exit_codes.FAILED
    finally:
        await close_sources(code.sources)
    return result


def _tell(tools: tuple[NamedTool, ...], *, as_json: bool) -> None:
    if as_json:
        for tool in tools:
            show_json(_json(tool), indent=False)
        return
    rows = [
        (
            tool.id,
            tool.permission or "-",
            ", ".join(tool.labels) or "-",
            faint(excerpt(tool.spec.description, _DESCRIPTION_CHARS_MAX)),
        )
        for tool in tools
    ]
    for line in columns(rows):
        show(line)


def _json(tool: NamedTool) -> dict[str, object]:
    return {
        "id": tool.id,
        "shown_as": tool.spec.name,
        "permission": tool.permission,
        "labels": tool.labels,
        "once": tool.once,
        "safe": tool.safe,
        "description": tool.spec.description,
        "parameters": tool.spec.parameters,
    }
