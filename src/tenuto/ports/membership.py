"""Several processes on one database: who is there, what is whose, and what one tells the others.

A member's lease lasts `LEASE_MS` from each `look`. Whoever finds that it ran out, or that the
member's line to the database is gone, strikes the member off; its shards are nobody's then. What
one tells is heard soon or never: everybody looks by itself, too.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, get_args

from tenuto.core.sharing import Shard, Survey
from tenuto.core.vocabulary import SessionId
from tenuto.ports.pools import Calls

LEASE_MS: Final = 4_000

Topic: TypeAlias = Literal[
    "look",
    "arrivals",
    "mail",
    "answers",
    "log",
    "pieces",
    "calls",
    "outcomes",
    "withdrawals",
]
"""Members came or went; sessions were started for others; letters were posted; letters were
answered; sessions, whose ids stand in the text (empty: any), have new events; or new pieces of
answers. Calls were put in pools, whose names stand in the text; calls, whose ids do, were settled;
or are wanted no more."""
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)
Heard: TypeAlias = Callable[[Topic, str], None]


class Membership(Protocol):
    """This process among the members. Every method may raise `StoreUnavailable`."""

    async def join(self, *, works: bool, adopts: bool) -> int:
        """Return this process's number, which no process had before; its lease begins. See `Member`
        for what it says of itself."""
        ...

    async def look(self, workflows: Collection[str], duties: Collection[str]) -> Survey:
        """Return who is there; the lease begins anew, and `workflows` are known to be run here, and
        `duties` to be done.

        A member that was struck off is not among those of the survey: it must join again."""
        ...

    async def take(self, shards: Iterable[Shard]) -> frozenset[Shard]:
        """Return which of the shards are this member's now: those that were nobody's, and those
        that it had."""
        ...

    async def give(self, shards: Iterable[tuple[Shard, int]]) -> None:
        """Give shards of this member to others; `NOBODY` is who takes them."""
        ...

    async def leave(self) -> None:
        """Strike this process off. Raises nothing."""
        ...


class Claims(Protocol):
    """The sessions of a member, as the database has them."""

    async def active(self, shards: Collection[Shard]) -> list[SessionId]:
        """Return those in the shards whose log promises work."""
        ...

    async def arrived(self) -> list[SessionId]:
        """Return those in this member's shards that were started since the last call and have work
        to do, now or at some moment."""
        ...

    async def due_before(self, moment_ms: int) -> list[tuple[int, SessionId]]:
        """Return those of this member's that have a deadline before the moment, and when."""
        ...


class Signals(Protocol):
    """What members tell one another."""

    def listen(self, heard: Heard) -> None:
        """Have `heard` called, on the event loop, with what others tell."""
        ...

    def tell(self, topic: Topic, text: str = "") -> None:
        """Tell the others, soon."""
        ...


FanOut: TypeAlias = Callable[[Signals], Signals]
"""Gives what members tell one another by instead, or as well."""


class Mail(Protocol):
    """Inputs for sessions of other members: letters, which are kept until they are answered."""

    async def post(self, session: SessionId, payload: bytes) -> int:
        """Return the id of the letter, once it is written."""
        ...

    async def answers(self, ids: Collection[int]) -> dict[int, bytes]:
        """Return the answers that there are to these letters."""
        ...


class Together(NamedTuple):
    """What a store has that several processes share."""

    membership: Membership
    claims: Claims
    signals: Signals
    mail: Mail
    calls: Calls
