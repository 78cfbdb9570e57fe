"""From two addresses to a move."""

import os
from collections.abc import Callable
from contextlib import closing

from tenuto.adapters.sqlite.moving import SqliteSource, SqliteTarget
from tenuto.bootstrap.moving_documents import SourceWithFolder, TargetWithFolder
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.shelves import folder_of
from tenuto.bootstrap.stores import postgres_adapter
from tenuto.core.errors import Rejected
from tenuto.ports.moving import MoveSource, MoveTarget
from tenuto.runtime.moving import Moved, Step, move


def _silent(step: Step) -> None:
    pass


def move_store(
    source: str,
    target: str,
    *,
    again: bool = False,
    tell: Callable[[Step], None] = _silent,
) -> Moved:
    """Return what was moved from one database to the other. Blocks.

    Args:
        source: `sqlite:///path` or `postgresql://host/database`; no process may own it.
        target: an empty one; a file, or a schema of a database, is made if need be.
        again: also when the source was moved before, as when that target is lost.
        tell: called with each step that is done.

    Raises:
        Rejected: an address is none, or both are one; the target is not empty.
        NotFound: there is no source.
        StoreOwned: a process works on one of them.
        StoreUnavailable: one cannot be reached; the source was moved before.
        CorruptLog: what the source holds is not what was written.
    """
    left, reached = place_of(source), place_of(target)
    for place in (left, reached):
        if place.kind == "memory":
            raise Rejected("What is in memory:// lasts as long as its process; nothing to move.")
    if _is_same(left, reached):
        raise Rejected("Source and target are one database; name another target.")
    with closing(_source(left, again=again)) as begin, closing(_target(reached)) as end:
        return move(begin, end, tell=tell)


def _source(place: Place, *, again: bool) -> MoveSource:
    if place.kind == "sqlite":
        return SourceWithFolder(SqliteSource(place.path, again=again), folder_of(place))
    source: MoveSource = postgres_adapter().PostgresSource(place.path, again=again)
    return source


def _target(place: Place) -> MoveTarget:
    if place.kind == "sqlite":
        return TargetWithFolder(SqliteTarget(place.path), folder_of(place))
    target: MoveTarget = postgres_adapter().PostgresTarget(place.path)
    return target


def _is_same(one: Place, other: Place) -> bool:
    if one.kind != other.kind:
        return False
    if one.kind == "sqlite":
        return os.path.realpath(one.path) == os.path.realpath(other.path)
    return one.path == other.path
