"""Brings events of older formats up to date.

An upcaster takes an event's fields as they were written under its tag and returns the array of the
next
format. Upcasters chain: one from format 1 to 2 stays as it is when format 3 comes.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tenuto.core.errors import CorruptLog
from tenuto.core.vocabulary import Json

Upcaster: TypeAlias = Callable[[list[Json]], list[Json]]

UPCASTERS: Final[Mapping[str, Upcaster]] = {}
"""Old tag to upcaster. Empty: all events are still of their first format."""


def upcast(commit: Json, upcasters: Mapping[str, Upcaster] = UPCASTERS) -> list[Json]:
    """Return the events of a decoded commit, each in its newest format.

    Raises:
        CorruptLog: the value has not the shape of events.
    """
    if not isinstance(commit, list):
        raise CorruptLog(f"A commit is an array of events, found {type(commit).__name__}.")
    return [_newest(event, upcasters) for event in commit]


def _newest(event: Json, upcasters: Mapping[str, Upcaster]) -> Json:
    while True:
        if not isinstance(event, list) or not event or not isinstance(event[0], str):
            raise CorruptLog(f"An event is an array that begins with its tag, found {event!r:.80}.")
        upcaster = upcasters.get(event[0])
        if upcaster is None:
            return event
        event = upcaster(event)
