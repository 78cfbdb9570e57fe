"""A module as `--allow-code` names it: with code of its own, and with some that it imports."""

import functools
import os  # noqa: F401  # `os.system` is not this module's to give
from json import loads  # noqa: F401
from os import system
from typing import Any

import tenuto

run = functools.partial(system)
eval_it = eval


@tenuto.tool(permission="pay")
def pay(cents: int) -> int:
    """Pay."""
    return cents


def count(ctx: tenuto.Context) -> int:
    """Count."""
    return 1


def mend(ctx: tenuto.Context, **facts: Any) -> None:
    """Propose nothing."""


def other(ctx: tenuto.Context) -> int:
    """Do something else."""
    return 2


def _hidden(ctx: tenuto.Context) -> int:
    return 3


class Thing:
    """No function."""
