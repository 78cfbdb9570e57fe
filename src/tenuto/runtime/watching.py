"""Who waits for a session to come to some state."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from tenuto.core.errors import TenutoError
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import SessionId

End: TypeAlias = "asyncio.Future[SessionState]"
Wanted: TypeAlias = Callable[[SessionState], bool]


class Watchers:
    """Futures by session. Each is forgotten by who asked for it: see `remove`."""

    def __init__(self) -> None:
        self._known: dict[SessionId, list[tuple[Wanted, End]]] = {}

    def add(self, session: SessionId, wanted: Wanted) -> End:
        """Return a future of the first state that is `wanted` after a turn. Only read it."""
        watcher: End = asyncio.get_running_loop().create_future()
        self._known.setdefault(session, []).append((wanted, watcher))
        return watcher

    def remove(self, session: SessionId, watcher: End) -> None:
        """Forget a future that `add` gave."""
        still = [known for known in self._known.pop(session, ()) if known[1] is not watcher]
        if still:
            self._known[session] = still

    def tell(self, state: SessionState) -> None:
        """Answer those who wanted this state."""
        for wanted, watcher in self._known.get(state.session, ()):
            if not watcher.done() and wanted(state):
                watcher.set_result(state)

    def fail_all(self, make: Callable[[SessionId], TenutoError]) -> None:
        """Tell everybody an error of the session that they wait for."""
        for session in tuple(self._known):
            self.fail(session, make(session))

    def fail(self, session: SessionId, fault: TenutoError) -> None:
        """Tell everybody that the session can go no further here."""
        for _, watcher in self._known.pop(session, ()):
            if not watcher.done():
                watcher.set_exception(fault)
