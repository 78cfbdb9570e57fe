"""One call of a client: what it may see, how long it stays with a session, what it hears of it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
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
from tenuto.server.mcp.client.lines import Line, Lines
from tenuto.server.mcp.client.rounds import Rounds, Told
from tenuto.server.mcp.clients import client_of, is_modern, meta_of
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
_OWN_MAX: Final = 10_000


class Terms(msgspec.Struct, kw_only=True):
    """How clients are served."""

    wait_seconds: float = 50.0
    """How long a call stays with its session. Many clients give a request up after 60 seconds."""
    cancels: bool = False
    """Whether a cancelled call cancels its session."""
    approvals: bool = False
    """Whether clients may approve and deny."""
    asks: bool = True
    """Whether clients are asked what sessions want of their users and their models."""
    poll_seconds: float = 0.0
    """After so long the stream of a call over HTTP ends, and the client comes back; 0: never."""
    user: str = ""
    """For whom sessions are started, and who answers in a client."""
    closing: bool = False
    """Set when the server stops: calls that end so were not cancelled by who made them."""


class Visits:
    """Carries out calls on the sessions of the offered workflows, and on no others."""

    def __init__(
        self,
        runtime: Runtime,
        offers: Mapping[str, Offer],
        terms: Terms,
        lines: Lines,
    ) -> None:
        self.runtime, self.offers, self.terms = runtime, offers, terms
        self.notes = Notes()
        self.names = frozenset(offer.name for offer in offers.values())
        self._lines = lines
        self._rounds = Rounds(runtime, lines, user=terms.user, by=BY)
        self._own: OrderedDict[tuple[str, str], None] = OrderedDict()
        """Who has started, or joined by its key, which session: it is asked what that wants."""

    async def start(
        self,
        context: ServerRequestContext[Any],
        offer: Offer,
        params: types.CallToolRequestParams,
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Return how a session of the offered workflow stands when it rests or the wait is over.

        Raises:
            TenutoError: it could not be started.
            MCPError: the idempotency key is none.
        """
        if params.request_state is not None:
            told = await self._rounds.take(params.request_state, params.input_responses or {})
            session = self.runtime.session(told.session)
            return await self.stay(context, session, self.terms.wait_seconds, told=told)
        key = _key_of(context)
        session = await self.runtime.start(
            offer.workflow, params.arguments or {}, key=key, user=self.terms.user
        )
        if key is not None:
            head = await session.head()
            if head.workflow != offer.name:
                return refused(
                    f"Key {key!r} was used before, for another workflow. Nothing was started; "
                    f"give another {KEY_META!r}."
                )
        self._own[client_of(context), session.id] = None
        if len(self._own) > _OWN_MAX:
            self._own.popitem(last=False)
        told = Told(session=session.id)
        return await self.stay(context, session, self.terms.wait_seconds, told=told)

    async def look(
        self, context: ServerRequestContext[Any], session: Session, seconds: float
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Return how the session stands when it rests, or after `seconds`.

        Who has started it is asked what it wants, as by the call that did so."""
        is_own = not is_modern(context) and (client_of(context), session.id) in self._own
        told = Told(session=session.id) if is_own else None
        return await self.stay(context, session, seconds, told=told, ends=False)

    async def stay(
        self,
        context: ServerRequestContext[Any],
        session: Session,
        seconds: float,
        *,
        told: Told | None,
        ends: bool = True,
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Return how the session stands when it rests, or after `seconds`.

        With `told` the client is asked what the session wants of its user and its model. With
        `ends` a call that is cancelled may cancel its session, if the terms say so."""
        definition = await session.definition()
        follower = None
        ears = self._ears(context, session)
        if ears is not None:
            before = await session.state()
            follower = Follower(session, ears, before=before, definition=definition)
        line = Line(self._lines, context) if told is not None and self.terms.asks else None
        end_s = asyncio.get_running_loop().time() + seconds
        polling = None
        if self.terms.poll_seconds and context.close_sse_stream is not None:
            polling = asyncio.create_task(self._end_stream(context.close_sse_stream))
        try:
            with self._lines.attached(session.id, line):
                rested = -1
                while True:
                    state = await self._until_resting(session, follower, line, end_s)
                    if line is None or told is None:
                        break
                    wanted = await self._rounds.wanted(line, told, state)
                    if wanted is not None:
                        return wanted
                    moved = await self._rounds.moved(line, told, state, end_s)
                    # Somebody else may have answered just now: then it rests at another version.
                    if not moved and rested == state.version:
                        break
                    rested = state.version
        except asyncio.CancelledError:
            if ends and self.terms.cancels and not self.terms.closing:
                with anyio.CancelScope(shield=True):
                    await _cancel(session)
            raise
        finally:
            if polling is not None:
                polling.cancel()
        state = await session.state()
        return outcome(state, definition, waited=seconds)

    async def _end_stream(self, close: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self.terms.poll_seconds)
        await close()

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
        self, session: Session, follower: Follower | None, line: Line | None, end_s: float
    ) -> SessionState:
        """Return how the session stands once it rests, the client is wanted, or time is up."""
        following = None if follower is None else asyncio.create_task(follower.follow())
        resting = asyncio.create_task(until_resting(self.runtime, session))
        waiting: set[asyncio.Task[Any]] = {resting}
        if line is not None:
            waiting.add(asyncio.create_task(line.news.wait()))
        try:
            timeout = max(0.0, end_s - asyncio.get_running_loop().time())
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            if following is not None:
                following.cancel()
        if following is not None and follower is not None:
            await asyncio.wait({following})
            if following.cancelled() or following.exception() is None:
                await follower.catch_up()
        return resting.result() if resting.done() else await session.state()

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
