"""The command `tenuto`: finds the verb, loads its module and no other, and reports what went
wrong.

What costs time to load (the runtime, its adapters, rich) is imported by the functions that use it,
and types of `tenuto` are named through its lazy face: so that help and completion are quick.
"""

import importlib
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from tenuto.cli import exit_codes

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "tenuto.commands"
"""Packages name verbs of their own under it: their name, and the click command."""

VERBS: Final[dict[str, dict[str, str]]] = {
    "Work": {
        "run": "Run a workflow, or an installed team, and print its output.",
        "resume": "Go on with a session, or with everything that is unfinished.",
        "validate": "Check workflow files.",
        "agents": "List the agents of workflows and teams.",
        "serve": "Serve the API: REST, live streams, accounts.",
        "worker": "Run sessions of a PostgreSQL database beside other processes.",
        "pools": "List pools: their limits, calls and workers.",
        "mcp": "Offer workflows as tools to clients of the Model Context Protocol.",
        "mcp-login": "Sign in to an MCP server, for the sessions that use it.",
        "tools": "List the tools that servers have.",
    },
    "Look": {
        "sessions": "List sessions, newest first.",
        "show": "Show a session: its tasks, what it waits for, what it cost.",
        "events": "Print the log of a session.",
        "trace": "Export a session as an OpenTelemetry trace.",
        "replay": "Decide a recorded session anew and report the first difference.",
        "memory": "List, search, export and forget what agents remember.",
        "export-test": "Make a test of a session that has ended.",
        "users": "List, add, change and disable those who may use the server.",
        "keys": "Make, list, rotate and revoke API keys.",
        "secrets": "List secrets, and rotate the key that encrypts them.",
        "read-models": "Keep the tables that SQL asks: how far they are, update, rebuild.",
        "move": "Move all that a database holds to another one.",
        "prune": "Delete sessions that ended long ago.",
        "cache": "Show what the cache of answers holds and saved, or empty it.",
        "audit": "List who did what, and verify that nothing was changed.",
        "explain": "Say what the code of a problem means, and what to do.",
        "openapi": "Print the description of the server's API.",
    },
    "Steer": {
        "approve": "Approve what waits for a person.",
        "deny": "Deny what waits for a person.",
        "signal": "Send a signal to a session.",
        "pause": "Start nothing new in a session; what runs may finish.",
        "cancel": "Give a session up.",
        "fork": "Go on from an earlier version, as a new session.",
    },
}
"""Verb to its line of help, by section. Here, so that help is given without loading any verb."""


def brought() -> "dict[str, EntryPoint]":
    """Return the verbs that installed packages bring, by name; looking takes some milliseconds."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in sorted(entry_points(group=GROUP))}


class LazyGroup(click.Group):
    """The verbs; each is the `command` of the module of its name in `tenuto.cli.verbs`, or is
    brought by a package."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for verbs in VERBS.values() for name in verbs]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            entry = brought().get(name)
            found: click.Command | None = None if entry is None else entry.load()
            return found
        module = importlib.import_module(f"tenuto.cli.verbs.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        known = self.list_commands(context)
        if not name.startswith("-") and name not in known and name not in brought():
            close = get_close_matches(name, [*known, *brought()], n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "`tenuto --help` lists them."
            context.fail(f"There is no command {name!r}. {hint}")
        return super().resolve_command(context, args)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        verbs = [
            CompletionItem(name, help=line)
            for section in VERBS.values()
            for name, line in section.items()
            if name.startswith(incomplete)
        ]
        # Of a group, click would load every verb to tell its line of help.
        return verbs + click.Command.shell_complete(self, context, incomplete)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for section, verbs in VERBS.items():
            with formatter.section(section):
                formatter.write_dl(list(verbs.items()))
        if more := brought():
            with formatter.section("Teams"):
                formatter.write_dl([(name, f"The verbs of {name!r}.") for name in more])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "A session is named by its id, by the beginning or the end of its id where only one "
        "session has it, or by `last`. Exit codes: 0 completed, 1 failed, 2 wrong usage, 3 waits "
        "for a person, 4 not found, 130 cancelled."
    ),
)
@click.option(
    "--db", metavar="URL", help="The database. [default: $TENUTO_DB, else sqlite:///tenuto.db]"
)
@click.version_option(package_name="tenuto", prog_name="tenuto", message="%(prog)s %(version)s")
def tenuto(db: str | None) -> None:
    """Run teams of AI agents durably: each step is an event in a log, and work survives crashes."""


def run(arguments: Sequence[str]) -> int:
    """Return the exit code of a command line; whatever went wrong has been said on stderr."""
    sys.excepthook = report_bug
    try:
        code: Any = tenuto.main(list(arguments), prog_name="tenuto", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return exit_codes.USAGE
    except (click.Abort, KeyboardInterrupt):
        return exit_codes.CANCELLED
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.FAILED
    return code if isinstance(code, int) else exit_codes.COMPLETED


def leave(code: int) -> int:
    """Return `code`, or end the process with it where threads would hold it up.

    A plain function of a workflow that was given up blocks its thread for as long as it likes, and
    the interpreter would wait for it. What it still does is nobody's outcome: the log has its
    promise, and it is done again."""
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)
    return code


def report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say in short what nobody expected, and keep the traceback in a file."""
    if os.environ.get("TENUTO_DEBUG"):
        sys.__excepthook__(kind, error, trace)
        return
    frames = traceback.extract_tb(trace)
    place = f" (at {frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    print(f"tenuto: unexpected {kind.__name__}: {error}{place}", file=sys.stderr)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="tenuto-error-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.writelines(traceback.format_exception(kind, error, trace))
    except OSError:
        kept = "Set TENUTO_DEBUG=1 to see the traceback."
    else:
        kept = f"The traceback is in {file.name}; with TENUTO_DEBUG=1 it is printed."
    print(f"This is a bug, in Tenuto or in the code that it ran. {kept}", file=sys.stderr)
