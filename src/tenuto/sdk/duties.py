"""What one of the processes on a database does for all of them. For servers; no handle of users."""

from tenuto.runtime.engine import Engine


class Duties:
    """Which duties are this process's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def is_shared(self) -> bool:
        """Return whether other processes may come to work on the database, or are there."""
        return self._engine.owning.sharing is not None

    @property
    def has_others(self) -> bool:
        """Return whether other processes work on the database, or may by now."""
        sharing = self._engine.owning.sharing
        return sharing is not None and not (sharing.seat.is_alone and sharing.seat.is_there())

    def volunteer(self, duty: str) -> None:
        """Be ready to do it."""
        if self._engine.owning.sharing is not None:
            self._engine.owning.sharing.volunteer(duty)

    def leads(self, duty: str) -> bool:
        """Return whether it is this process that does it now."""
        return self._engine.owning.leads(duty)
