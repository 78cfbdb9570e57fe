"""Pools for the verbs that run sessions: which there are, and which are served."""

from __future__ import annotations

import click

from tenuto.cli.options import Decorated


def pools_option(function: Decorated) -> Decorated:
    """Add `--pools`."""
    return click.option(
        "--pools",
        metavar="FILE",
        help='Pools and their limits: {"gpu": {"concurrency": 2}}. [default: $TENUTO_POOLS]',
    )(function)


def serves_options(function: Decorated) -> Decorated:
    """Add `--pool` and `--no-pools`."""
    named = click.option(
        "--pool",
        "pool",
        multiple=True,
        metavar="NAME[,…]",
        help="Carry out calls of this pool, and of no other that is not named. Repeatable. "
        "[default: of all pools that the workflows name]",
    )
    none = click.option("--no-pools", is_flag=True, help="Carry out no calls of pools.")
    return named(none(function))


def serves_in(pool: tuple[str, ...], *, no_pools: bool) -> list[str] | None:
    """Return the pools to be served; None: all that are known.

    Raises:
        click.UsageError: the options contradict each other.
    """
    names = [name.strip() for given in pool for name in given.split(",") if name.strip()]
    if no_pools and names:
        raise click.UsageError("--pool says which pools are served, --no-pools none; give one.")
    return [] if no_pools else names or None
