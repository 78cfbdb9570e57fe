"""The sessions below one: what they have spent, and how they are taken up with it."""

import tenuto
from tenuto.core.errors import NotFound
from tenuto.core.session.events import ChildSessionStarted
from tenuto.core.session.inputs import Wake
from tenuto.core.vocabulary import SessionId
from tenuto.views.cost import Costs


async def costs_below(runtime: tenuto.Runtime, session: SessionId, *, until_ms: int) -> Costs:
    """Return what `session` and all below it had spent at a moment; nothing if it is not there.

    Costs a read of each of their logs."""
    handle = runtime.session(session)
    try:
        costs = Costs(await handle.definition())
        below: list[SessionId] = []
        async for stored in handle.events(follow=False):
            if stored.event.at_ms > until_ms:
                break
            costs.add(stored.version, stored.event)
            if isinstance(stored.event, ChildSessionStarted):
                below.append(stored.event.session)
    except NotFound:
        return Costs()
    for child in below:
        costs.include(await costs_below(runtime, child, until_ms=until_ms))
    return costs


async def take_up_below(runtime: tenuto.Runtime, session: SessionId) -> None:
    """Let the sessions that `session` waits for go on, and those below them.

    Where a database is opened for one session, nobody else would load them. One that is paused
    stays so; one that has ended tells its parent, if it had not yet."""
    state = await runtime.session(session).state()
    for task in state.tasks.values():
        if task.child is not None:
            await runtime.deliver(task.child, lambda now: Wake(at_ms=now))
            await take_up_below(runtime, task.child)
