"""Sources of tools for the verbs that run sessions: `--tools FILE`, else `$TENUTO_TOOLS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import tenuto
from tenuto.cli.options import Decorated

if TYPE_CHECKING:
    from tenuto.ports.tool import ToolSource


def tools_option(function: Decorated) -> Decorated:
    """Add `--tools`."""
    return click.option(
        "--tools",
        metavar="FILE",
        envvar="TENUTO_TOOLS",
        help='Servers that have tools: {"mcpServers": {…}}. [default: $TENUTO_TOOLS]',
    )(function)


def sources_in(path: str | None) -> dict[str, ToolSource]:
    """Return the sources that a file names; none without a file.

    Raises:
        NotFound: there is no such file.
        DefinitionError: what is in it does not fit.
    """
    if not path:
        return {}
    return tenuto.read_servers(path)
