"""One call of a client: what it may see, how long it stays with a session, what it hears of it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import anyio
import mcp_types as types
import msgspec
from mcp import MCPError
from mcp.server import ServerRequestContext

from tenuto.core.errors import NotFound, TenutoError
from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState
from tenuto.ports.event_store import Head
from tenuto.sdk.resting import until_resting
from tenuto.sdk.runtime import Runtime
from tenuto.sdk.session import Session
from tenuto.server.mcp.clients import meta_of
from tenuto.server.mcp.following import Ears, Follower
from tenuto.server.mcp.notes import Notes, send_note
from tenuto.server.mcp.offers import Offer
from tenuto.server.mcp.results import outcome, refused

KEY_META: Final = "tenuto/key"
"""Where a client puts its idempotency key in the `_meta` of a call."""
EFFECT_META: Final = "tenuto/effectId"
"""Where another Tenuto puts the id of the effect that a call is; it is a key as good."""
TENANT: Final = "local"
BY: Final = "mcp"
"""Who is on record. Not the name that a client gives itself: it could be anybody's."""
_KEY_CHARS_MAX: Final = 200


class Terms(msgspec.Struct, kw_only=True):
    """How clients are served."""

    wait_seconds: float = 50.0
    """How long a call stays with its session. Many clients give a request up after 60 seconds."""
    cancels: bool = False
    """Whether a cancelled call cancels its session."""
    approvals: bool = False
    """Whether clients may approve and deny."""
    user: str = ""
    """For whom sessions are started."""
    closing: bool = False
    """Set when the server stops: calls that end so were not cancelled by who made them."""


class Visits:
    """Carries out calls on the sessions of the offered workflows, and on no others."""

    def __init__(self, runtime: Runtime, offers: Mapping[str, Offer], terms: Terms) -> None:
        self.runtime, self.offers, self.terms = runtime, offers, terms
        self.notes = Notes()
        self.names = frozenset(offer.name for offer in offers.values())

    async def start(
        self, context: ServerRequestContext[Any], offer: Offer, arguments: dict[str, Any]
    ) -> types.CallToolResult:
        """Return how a session of the offered workflow stands when it rests or the wait is over.

        Raises:
            TenutoError: it could not be started.
            MCPError: the idempotency key is none.
        """
        key = _key_of(context)
        session = await self.runtime.start(offer.workflow, arguments, key=key, user=self.terms.user)
        if key is not None:
            head = await session.head()
            if head.workflow != offer.name:
                return refused(
                    f"Key {key!r} was used before, for another workflow. Nothing was started; "
                    f"give another {KEY_META!r}."
                )
        return await self.stay(context, session, self.terms.wait_seconds, ends=True)

    async def stay(
        self,
        context: ServerRequestContext[Any],
        session: Session,
        seconds: float,
        *,
        ends: bool = False,
    ) -> types.CallToolResult:
        """Return how the session stands when it rests, or after `seconds`.

        With `ends` a call that is cancelled may cancel its session, if the terms say so."""
        definition = await session.definition()
        follower = None
        ears = self._ears(context, session)
        if ears is not None:
            before = await session.state()
            follower = Follower(session, ears, before=before, definition=definition)
        try:
            state = await self._until_resting(session, follower, seconds)
        except asyncio.CancelledError:
            if ends and self.terms.cancels and not self.terms.closing:
                with anyio.CancelScope(shield=True):
                    await _cancel(session)
            raise
        return outcome(state, definition, waited=seconds)

    def _ears(self, context: ServerRequestContext[Any], session: Session) -> Ears | None:
        async def progress(version: int, line: str) -> None:
            await context.session.report_progress(float(version), message=line)

        async def note(event: e.Noted, path: str) -> None:
            await send_note(context, session.id, event, path)

        wants_progress = meta_of(context).get("progressToken") is not None
        wants_notes = self.notes.wanted(context)
        if not wants_progress and not wants_notes:
            return None
        return Ears(
            progress=progress if wants_progress else None, note=note if wants_notes else None
        )

    async def _until_resting(
        self, session: Session, follower: Follower | None, seconds: float
    ) -> SessionState:
        state: SessionState | None = None
        following = None if follower is None else asyncio.create_task(follower.follow())
        try:
            with anyio.move_on_after(seconds):
                state = await until_resting(self.runtime, session)
        finally:
            if following is not None:
                following.cancel()
        if following is not None and follower is not None:
            await asyncio.wait({following})
            if following.cancelled() or following.exception() is None:
                await follower.catch_up()
        return state if state is not None else await session.state()

    async def find(self, text: str) -> tuple[Session, Head]:
        """Return the session with that id, and its head.

        Raises:
            NotFound: there is none, or it is of a workflow that is not offered.
        """
        session = self.runtime.session(text)
        head = root = await session.head()
        while root.parent is not None:
            root = await self.runtime.session(root.parent).head()
        if root.tenant != TENANT or root.workflow not in self.names:
            raise NotFound(what="session", name=text)
        return session, head


async def _cancel(session: Session) -> None:
    try:
        await session.cancel("the call was cancelled", by=BY)
    except TenutoError:
        # It has ended by itself in the meantime.
        return


def _key_of(context: ServerRequestContext[Any]) -> str | None:
    meta = meta_of(context)
    key = meta.get(KEY_META, meta.get(EFFECT_META))
    if key is None:
        return None
    if not isinstance(key, str) or not 0 < len(key) <= _KEY_CHARS_MAX:
        raise MCPError(
            code=types.INVALID_PARAMS,
            message=f"_meta {KEY_META!r} is a text of 1 to {_KEY_CHARS_MAX} characters, "
            f"found {key!r:.80}.",
        )
    return key
