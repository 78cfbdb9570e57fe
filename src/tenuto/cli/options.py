"""Options and arguments that several verbs share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _database(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """The verb's own `--db` wins over the one given before the verb."""
    found: str | None = given or context.find_root().params.get("db")
    return found


def db_option(function: Decorated) -> Decorated:
    """Add `--db`."""
    return click.option(
        "--db",
        metavar="URL",
        callback=_database,
        help="The database. [default: $TENUTO_DB, else sqlite:///tenuto.db]",
    )(function)


def json_option(help: str) -> Callable[[Decorated], Decorated]:
    """Return a decorator that adds `--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def session_argument(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """Return a decorator that adds the argument ID, as `session`."""
    return click.argument("session", metavar="ID" if required else "[ID]", required=required)


def by_option(function: Decorated) -> Decorated:
    """Add `--by`: who is on record as having done it."""
    return click.option(
        "--by",
        metavar="NAME",
        envvar=["TENUTO_USER", "USER", "LOGNAME"],
        default="",
        help="Who does it, for the record. [default: $TENUTO_USER, else the user's name]",
    )(function)
