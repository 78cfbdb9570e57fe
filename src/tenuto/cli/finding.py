"""Sessions by what a user types: an id, a piece of one, or `last`."""

from __future__ import annotations

from typing import Final

import tenuto
from tenuto.core.errors import NotFound, Rejected
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import Head, HeadQuery

_PAGE: Final = 1_000
_SHOWN: Final = 5

LAST: Final = "last"


async def find_session(runtime: tenuto.Runtime, text: str) -> SessionId:
    """Return the one session whose id is `text`, begins or ends so; `last`: the newest one.

    `last` does not mean sessions that another session started.

    Raises:
        NotFound: there is none.
        Rejected: there are several.
    """
    if text == LAST:
        return await _newest(runtime)
    found = await runtime.sessions(HeadQuery(prefix=text, limit=_SHOWN + 1)) if text else ()
    for head in found:
        if head.session == text:
            return head.session
    if not found and text:
        found = await _ending(runtime, text)
    if not found:
        raise NotFound(what="session", name=text, hint="`tenuto sessions` lists them.")
    if len(found) > 1:
        raise Rejected(_ambiguous(text, found))
    return found[0].session


async def _newest(runtime: tenuto.Runtime) -> SessionId:
    before: SessionId | None = None
    while page := await runtime.sessions(HeadQuery(before=before, limit=_SHOWN)):
        for head in page:
            if head.parent is None:
                return head.session
        before = page[-1].session
    raise NotFound(what="session", name=LAST, hint="The database has no session yet.")


async def _ending(runtime: tenuto.Runtime, text: str) -> tuple[Head, ...]:
    found: list[Head] = []
    before: SessionId | None = None
    while page := await runtime.sessions(HeadQuery(before=before, limit=_PAGE)):
        found += [head for head in page if head.session.endswith(text)]
        before = page[-1].session
    return tuple(found)


def _ambiguous(text: str, found: tuple[Head, ...]) -> str:
    shown = "\n".join(f"  {head.session}  {head.workflow}" for head in found[:_SHOWN])
    more = "\n  …" if len(found) > _SHOWN else ""
    return f"Several sessions are called {text!r}; give more of the id:\n{shown}{more}"
