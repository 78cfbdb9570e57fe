"""The shards that are this process's, and the loaded sessions in them."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Final

from tenuto.core.errors import TenutoError
from tenuto.core.sharing import Shard, shard_of
from tenuto.core.vocabulary import SessionId
from tenuto.runtime.live import Live

HOLD_S_MAX: Final = 1.0
"""How long new work of sessions that are to move is held back."""
HOLD_AGAIN_S: Final = 15.0
"""How long sessions whose work takes longer than that are left alone."""


class Moved(TenutoError):
    """The session is another process's by now. Ask again; nothing was lost."""

    def __init__(self, session: SessionId) -> None:
        self.session = session
        super().__init__(f"Session {session!r} goes on in another process.")


class _Moving:
    """A shard that is to be another's: since when work is held back, and until when it rests."""

    __slots__ = ("held_s", "rests_until_s")

    def __init__(self, now_s: float) -> None:
        self.held_s: float | None = now_s
        self.rests_until_s = 0.0


class Holdings:
    """What is this process's, and what is on its way to others."""

    def __init__(
        self,
        loaded: Iterable[Live],
        *,
        go_on: Callable[[Live], None],
        let_go: Callable[[list[Live]], None],
    ) -> None:
        """
        Args:
            loaded: the loaded sessions, whenever they are asked for.
            go_on: carries out what a session's log promises and was held back.
            let_go: forgets sessions that go on elsewhere; who waits for one is told `Moved`.
        """
        self._loaded, self._go_on, self._forget = loaded, go_on, let_go
        self.mine: frozenset[Shard] = frozenset()
        self.losses = 0
        """How often some were let go."""
        self._moving: dict[Shard, _Moving] = {}
        self._begun: set[SessionId] = set()
        self._begun_before: set[SessionId] = set()
        """Sessions that were started here, for this process: they do not arrive."""

    def owns(self, workflow: str, session: SessionId) -> bool:
        """Return whether the session is this process's."""
        return shard_of(workflow, session) in self.mine

    def holds_back(self, live: Live) -> bool:
        """Return whether new work of the session is held back, or is another's to do."""
        shard = _shard(live)
        if shard not in self.mine:
            return True
        moving = self._moving.get(shard)
        return moving is not None and moving.held_s is not None

    @property
    def are_moving(self) -> bool:
        """Whether new work is held back now."""
        return any(moving.held_s is not None for moving in self._moving.values())

    def gain(self, shards: frozenset[Shard]) -> None:
        """Have more; what was started here for another goes on here."""
        self.mine |= shards
        for live in self._of(shards):
            self._go_on(live)

    def lose(self, shards: frozenset[Shard]) -> None:
        """Have less, and forget the sessions."""
        self.mine -= shards
        if shards:
            self.losses += 1
            self._forget(self._of(shards))

    def quiet(self, give: Collection[Shard]) -> frozenset[Shard]:
        """Return which of the shards that are meant for others have nothing running; the others'
        new work is held back, for a while."""
        now_s = asyncio.get_running_loop().time()
        self._moving = {shard: moving for shard, moving in self._moving.items() if shard in give}
        at_work = {_shard(live) for live in self._loaded if live.running or live.busy}
        for shard in at_work & frozenset(give):
            moving = self._moving.get(shard)
            if moving is None or (moving.held_s is None and now_s > moving.rests_until_s):
                self._moving[shard] = _Moving(now_s)
            elif moving.held_s is not None and now_s > moving.held_s + HOLD_S_MAX:
                moving.held_s, moving.rests_until_s = None, now_s + HOLD_AGAIN_S
                for live in self._of(frozenset({shard})):
                    self._go_on(live)
        return frozenset(give) - at_work

    def begun(self, session: SessionId) -> None:
        """Know that a session of this process was started here."""
        self._begun.add(session)

    def strange(self, arrived: Iterable[SessionId]) -> list[SessionId]:
        """Return those that were not started here since the last but one call."""
        known = self._begun | self._begun_before
        self._begun_before, self._begun = self._begun, set()
        return [session for session in arrived if session not in known]

    def _of(self, shards: frozenset[Shard]) -> list[Live]:
        return [live for live in self._loaded if _shard(live) in shards]


def _shard(live: Live) -> Shard:
    return shard_of(live.program.definition.name, live.state.session)
