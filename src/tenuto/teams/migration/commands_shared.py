"""What the verbs of `tenuto migration` share: exit codes, options, and how they stand beside the
verbs of `tenuto` itself."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

COMPLETED: Final = 0
FAILED: Final = 1
USAGE: Final = 2
_OF_SESSION: Final = (
    click.option("--user", metavar="NAME", default="", help="For whom."),
    click.option(
        "--key", metavar="KEY", help="Start only once: a second run with it joins the first."
    ),
    click.option("--db", metavar="URL", help="The database of sessions, as of `tenuto run`."),
)


def of_session(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `tenuto run` has as well."""
    for option in reversed(_OF_SESSION):
        function = option(function)
    return function


def passed_on(options: dict[str, Any], *more: str) -> list[str]:
    """Take the options of `of_session`, and more of that kind, out of `options`; return them as
    `tenuto run` takes them."""
    names = (*more, "user", "key", "db")
    return [f"--{name}={value}" for name in names if (value := options.pop(name))]


def beside(context: click.Context, name: str) -> click.Command:
    """Return the verb of `tenuto` of a name."""
    root = context.find_root().command
    verb = root.get_command(context, name) if isinstance(root, click.Group) else None
    assert verb is not None, f"these verbs stand beside `tenuto {name}`"
    return verb


@contextmanager
def input_file(inputs: dict[str, Any]) -> Iterator[str]:
    """Give the option by which `tenuto run` reads inputs that are too long for a command line."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(inputs, file)
        file.flush()
        yield f"--input-file={file.name}"
