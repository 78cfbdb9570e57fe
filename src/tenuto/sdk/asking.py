"""Which sessions ask a person something, those that are at work meanwhile among them."""

from typing import Final

from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.decide import needs_person
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.sdk.runtime import Runtime

PERSON_WORDS: Final = ("a decision on ", "a person to ")
"""What the head of a session says, first of all, when it waits for a person."""


async def sessions_asking(
    runtime: Runtime, tenant: str, *, before: SessionId | None = None, limit: int
) -> tuple[Head, ...]:
    """Return the heads of the tenant's sessions that wait for a person, newest start first."""
    return await runtime.sessions(
        HeadQuery(
            tenant=tenant,
            statuses=("waiting",),
            words=PERSON_WORDS,
            before=before,
            limit=limit,
        )
    )


def asking_at_work(runtime: Runtime, tenant: str) -> tuple[SessionId, ...]:
    """Return the tenant's sessions that ask a person while other work of theirs goes on here.

    Their heads say that they run. All that run are loaded, so no log is read for it."""
    return tuple(
        live.state.session
        for live in runtime._engine.residents
        if live.state.tenant == tenant
        and live.state.phase not in TERMINAL
        and any(needs_person(task) for task in live.state.tasks.values())
    )
