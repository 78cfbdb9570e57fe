"""Calls that wait in pools for a process that carries them out.

Whoever owns a session puts its call, under an id that is the same whoever puts it again. A worker
claims it, carries it out and settles it; the owner reads the outcome and drops the call. Payloads
and outcomes are opaque bytes here.

A claim belongs to the process that made it: once that process is known to be gone, what it settles
is refused, and the call is claimed anew; unless it must not run twice, then it is lost. A process
has a claim no longer than it is a member, where there are members. Of a claim it may know nothing,
as when the store went away before it answered: so it says what it holds whenever it claims.
"""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from tenuto.core.pools import Pool
from tenuto.core.vocabulary import SessionId

Standing: TypeAlias = Literal["waiting", "running", "settled", "lost"]
"""lost: nobody carries it out any more, and nobody will: its process died of it, or in it."""


class PoolCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call to be carried out."""

    id: str
    """Of one attempt at an effect."""
    session: SessionId
    pool: str
    tenant: str
    key: str = ""
    priority: int = 0
    once: bool = False
    """It is never begun a second time."""
    payload: bytes = b""


class Claim(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call that is this process's to carry out."""

    id: str
    number: int
    """How often it has been claimed: its fencing token."""
    payload: bytes


class Claimed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a claim gave."""

    claims: tuple[Claim, ...] = ()
    again_ms: int | None = None
    """In so many milliseconds a rate lets more begin."""
    are_more: bool = False
    """Others wait, which a limit keeps back or there was no room for."""


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call that is there."""

    standing: Standing
    number: int = 0
    """How often it has been claimed."""
    outcome: bytes = b""
    is_withdrawn: bool = False
    """It runs, and nobody wants its outcome any more."""


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A pool as it is now."""

    pool: Pool
    workers: int = 1
    """Processes that serve it."""
    waiting: int = 0
    running: int = 0
    oldest_ms: int = 0
    """How long the oldest one that waits has been put."""


class Calls(Protocol):
    """The calls of all pools. Every method may raise `StoreUnavailable`.

    Where there are members, the others hear of what one puts, settles and drops: see `Signals`."""

    async def declare(self, pools: Sequence[Pool]) -> None:
        """Return when the limits of these pools hold; those of the same name no more."""
        ...

    async def put(self, calls: Sequence[PoolCall]) -> None:
        """Return when the calls are there; one whose id is there is left as it is."""
        ...

    async def claim(self, pool: str, room: int, *, held: Collection[str] | None = None) -> Claimed:
        """Return calls to be carried out here, at most `room`, in their order. Together with all
        that run they keep the limits of the pool.

        Args:
            held: the calls of the pool that this process has and is not done with. What it has
                besides is given back first, as it knows nothing of it. None: all that it has.
        """
        ...

    async def settle(self, outcomes: Sequence[tuple[Claim, bytes]]) -> list[bool]:
        """Return of each outcome whether it was taken: not when the call is this process's no more,
        or was withdrawn; then it is gone."""
        ...

    async def find(self, ids: Collection[str]) -> dict[str, Found]:
        """Return those of the calls that are there."""
        ...

    async def drop(self, ids: Collection[str]) -> None:
        """Return when the calls are gone; one that runs is withdrawn: it goes when it is settled,
        and counts until then."""
        ...


class Lines(Protocol):
    """The pools, for who looks at them."""

    async def lines(self) -> tuple[Line, ...]:
        """Return all pools that were declared, by name."""
        ...

    async def waiting_of(self, session: SessionId) -> dict[str, str]:
        """Return the calls of a session that wait: id to pool."""
        ...
