"""Where the log of all sessions ends, by asking the store for single commits."""

from tenuto.ports.event_store import EventStore


async def end_of_log(store: EventStore, *, after: int = 0) -> int:
    """Return the position of the last event, or `after` if none follows it.

    Costs reads of one commit each, in the logarithm of the events after `after`."""
    known, step = after, 1
    while found := await store.read(after=known + step - 1, limit=1):
        known, step = found[-1].position, step * 2
    # Nothing is above known + step - 1: halve what is left.
    beyond = known + step - 1
    while known < beyond:
        middle = (known + beyond) // 2
        found = await store.read(after=middle, limit=1)
        if found:
            known = found[-1].position
        else:
            beyond = middle
    return known
