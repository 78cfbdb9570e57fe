"""Work whose first step was taken by hand: it has begun, and waits for something."""

from collections.abc import Generator
from typing import Any, Protocol, TypeVar

Given = TypeVar("Given")


class Steps(Protocol):
    """What is left of some work, as of a `Coroutine`."""

    def send(self, value: Any, /) -> object:
        """Go on with a value to what is waited for next. Raises StopIteration at the end."""
        ...

    def throw(self, error: BaseException, /) -> object:
        """Go on with an error."""
        ...


class Begun(Generator[object, Any, Given]):
    """Work that waits for something: awaited it goes on, and gives what the work gives in the
    end. What is sent or thrown in reaches the work."""

    def __init__(self, work: Steps, waits_for: object) -> None:
        self._work, self._waits_for = work, [waits_for]

    def __await__(self) -> Generator[object, Any, Given]:
        return self

    def send(self, value: Any) -> object:
        """Go on; the first time, tell what is waited for already."""
        return self._waits_for.pop() if self._waits_for else self._work.send(value)

    def throw(self, *error: Any) -> object:
        """Go on with an error."""
        return self._work.throw(*error)
