"""Which sessions are this process's, as everybody else here asks: all of them, or its part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenuto.core.vocabulary import SessionId
from tenuto.runtime.live import Live

if TYPE_CHECKING:
    from tenuto.runtime.sharing import Sharing


class Owning:
    """Answers for a process that has its store alone, until `sharing` is set."""

    def __init__(self) -> None:
        self.sharing: Sharing | None = None
        """What of them is this process's; None: all."""

    def runs(self, workflow: str, session: SessionId) -> bool:
        """Return whether the session is this process's to run."""
        return self.sharing is None or self.sharing.holdings.owns(workflow, session)

    def sees(self, workflow: str, session: SessionId) -> bool:
        """Return whether nothing of the session can have happened that is not known here."""
        return self.runs(workflow, session) and (
            self.sharing is None or self.sharing.seat.is_there()
        )

    def holds_back(self, live: Live) -> bool:
        """Return whether new work of a loaded session is not to be begun here, or not now."""
        return self.sharing is not None and self.sharing.holdings.holds_back(live)

    def leads(self, duty: str) -> bool:
        """Return whether this process does what one of those that share the store does for all."""
        return self.sharing is None or self.sharing.seat.leads(duty)

    @property
    def losses(self) -> int:
        """How often sessions went to other processes: what is known of those that came back since
        is old."""
        return 0 if self.sharing is None else self.sharing.holdings.losses
