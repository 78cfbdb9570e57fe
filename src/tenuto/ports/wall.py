"""Whose data the work at hand is for, so that a database can refuse everything else by itself.

Code asks for the rows of one tenant by its own conditions. This is for the day on which it forgets
one: who works for a tenant says so once, around all of the work, and a store that can do so gives
it no row of another tenant, whatever is asked. A store that cannot need not look.

It holds for the task of the event loop that says so and for the threads that it hands work to. What
is started meanwhile as a task of its own is not held: such tasks are often everybody's, as one that
reads ahead for whoever asks next, and must say for whom they work themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Final, TypeAlias
from weakref import ref

_Held: TypeAlias = "tuple[str, ref[object] | None]"

_HELD: Final[ContextVar[_Held | None]] = ContextVar("tenuto_wall", default=None)


@contextmanager
def within(tenant: str) -> Iterator[None]:
    """Have what is read meanwhile be of this tenant alone."""
    before = hold(tenant)
    try:
        yield
    finally:
        let_go(before)


def hold(tenant: str) -> Token[_Held | None]:
    """Do what `within` does, in a fraction of the time, until `let_go` of what this returns."""
    task = _task()
    return _HELD.set((tenant, None if task is None else ref(task)))


def let_go(before: Token[_Held | None]) -> None:
    """Have what is read from now on be held as it was before `hold`."""
    _HELD.reset(before)


@contextmanager
def everywhere() -> Iterator[None]:
    """Have what is read meanwhile be of all tenants: for questions about the whole database."""
    before = _HELD.set(None)
    try:
        yield
    finally:
        _HELD.reset(before)


def stand_apart() -> None:
    """Have what is read from now on in this context be held by nobody, whoever began it: for work
    that has a context of its own and shares a task of the event loop with other work."""
    _HELD.set(None)


def tenant_within() -> str | None:
    """Return the tenant that the work at hand is for; None: nobody said so."""
    held = _HELD.get()
    if held is None:
        return None
    tenant, whose = held
    task = _task()
    if task is None or whose is None:
        return tenant
    return tenant if whose() is task else None


def _task() -> object | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
