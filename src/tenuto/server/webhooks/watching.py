"""From the log to deliveries: each event that a webhook wants becomes a message, once.

The position up to which the log was read is kept with the messages, in one transaction. Between two
of them nothing was wanted, so reading a part again makes the same messages, which have the same
ids: they are kept once.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.codec.events import EventDecoder
from tenuto.core.errors import CorruptLog, NotFound
from tenuto.core.session import events as e
from tenuto.core.vocabulary import JsonObject, SessionId
from tenuto.ports.clock import Clock
from tenuto.ports.deliveries import Deliveries, Delivery
from tenuto.ports.event_store import EventStore, Head, HeadQuery, StoredCommit
from tenuto.ports.ledger import EntryQuery, Ledger, RecordQuery
from tenuto.server.webhooks.records import TYPES, WEBHOOK, Hook, hook_of
from tenuto.views.moments import moment_text

_log = logging.getLogger("tenuto.server")

_HEADS_MAX: Final = 10_000
_MOVED_BY: Final = 1_000
"""Positions after which the place in the log is kept though nothing was wanted."""
_NIL: Final = b"\xc0"


class Watcher:
    """Reads the log, and makes messages."""

    def __init__(
        self, store: EventStore, ledger: Ledger, deliveries: Deliveries, clock: Clock
    ) -> None:
        self._store, self._ledger = store, ledger
        self._deliveries, self._clock = deliveries, clock
        # What is large stays where it is: messages tell what happened, not all of it.
        self._decoder = EventDecoder(lambda _: _NIL)
        self._heads: OrderedDict[SessionId, Head] = OrderedDict()
        self._known: dict[str, list[tuple[str, Hook]]] | None = None
        self.is_shared = False
        """Whether other processes may change webhooks, too."""
        self._entry = 0
        """Number of the ledger's last entry when it was last looked whether one did."""

    async def run(self, begin: int, wake: object) -> None:
        """Follow the log from a position on, for ever; `wake()` is called when there is something
        to send."""
        kept = begin
        async for commit in self._store.follow(after=begin):
            hooks = {} if commit.is_pruned else await self._hooks()
            made = await self._messages(commit, hooks) if hooks else []
            if made or commit.position - kept >= _MOVED_BY:
                await self._deliveries.add(made, commit.position)
                kept = commit.position
            if made and callable(wake):
                wake()

    def changed(self) -> None:
        """Read the webhooks again: one was added, changed or deleted."""
        self._known = None

    async def _hooks(self) -> dict[str, list[tuple[str, Hook]]]:
        """Return the webhooks of each tenant."""
        if self.is_shared:
            await self._look_for_changes()
        while self._known is None:
            # What changes while it is read is read again.
            self._known = {}
            found = await self._read_hooks()
            if self._known is not None:
                self._known = found
        return self._known

    async def _look_for_changes(self) -> None:
        number, _ = await self._ledger.digest()
        if number == self._entry:
            return
        query = EntryQuery(kind=WEBHOOK, after=self._entry, limit=1)
        if self._known is not None and await self._ledger.entries(query):
            self.changed()
        self._entry = number

    async def _read_hooks(self) -> dict[str, list[tuple[str, Hook]]]:
        found: dict[str, list[tuple[str, Hook]]] = {}
        for record in await self._ledger.records(RecordQuery(kind=WEBHOOK, limit=100_000)):
            found.setdefault(record.tenant, []).append((record.id, hook_of(record)))
        return found

    async def _messages(
        self, commit: StoredCommit, hooks: dict[str, list[tuple[str, Hook]]]
    ) -> list[Delivery]:
        head = await self._head(commit.session)
        if head is None or head.tenant not in hooks:
            return []
        try:
            events = self._decoder.decode(commit.payload)
        except CorruptLog as error:
            _log.error("webhooks pass over position %s: %s", commit.position, error)
            return []
        now_ms = self._clock.now_ms()
        made: list[Delivery] = []
        for index, event in enumerate(events):
            type = TYPES.get(event.__class__)
            behind = len(events) - 1 - index
            position = commit.position - behind
            if type is None:
                continue
            body = message(type, event, head, position=position, version=commit.version - behind)
            made += [
                Delivery(
                    id=id_of(id, position),
                    tenant=head.tenant,
                    webhook=id,
                    type=type,
                    body=body,
                    created_ms=now_ms,
                    due_ms=now_ms,
                    updated_ms=now_ms,
                )
                for id, hook in hooks[head.tenant]
                if hook.wants(type, head.workflow, position)
            ]
        return made

    async def _head(self, session: SessionId) -> Head | None:
        known = self._heads.get(session)
        if known is None:
            try:
                found = await self._store.heads(HeadQuery(prefix=session, limit=1))
            except NotFound:
                return None
            if not found:
                return None
            known = self._heads[session] = found[0]
            if len(self._heads) > _HEADS_MAX:
                self._heads.popitem(last=False)
        self._heads.move_to_end(session)
        return known


async def end_of(store: EventStore) -> int:
    """Return the position of the log's last event, in some dozens of reads of one commit."""
    low, high = 0, 1
    while await store.read(after=high, limit=1):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if await store.read(after=middle, limit=1):
            low = middle + 1
        else:
            high = middle
    return low


def id_of(webhook: str, position: int) -> str:
    """Return the id of the message to a webhook about a position."""
    return f"msg_{hashlib.sha256(f'{webhook}:{position}'.encode()).hexdigest()[:32]}"


def message(type: str, event: e.SessionEvent, head: Head, *, position: int, version: int) -> bytes:
    """Return the body: what happened to which session; what else there is, the API tells."""
    data: JsonObject = {
        "session": head.session,
        "workflow": head.workflow,
        "workflow_version": head.workflow_version,
        "user": head.user,
        "parent": head.parent,
        "key": head.key,
        "version": version,
        "position": position,
    }
    match event:
        case e.SessionFailed() | e.TaskFailed() | e.TaskEscalated():
            failure = event.failure
            data["failure"] = {"kind": failure.kind, "code": failure.code}
        case e.ApprovalDecided():
            data["approved"], data["by"] = event.approved, event.by
        case e.SignalReceived():
            data["name"] = event.name
    if isinstance(event, e.TaskFailed | e.TaskEscalated | e.ApprovalDecided):
        data["task"] = event.task
    return msgspec.json.encode({"type": type, "timestamp": moment_text(event.at_ms), "data": data})
