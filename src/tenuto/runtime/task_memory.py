"""Memory as the code of one attempt sees it: `Context.memory`."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tenuto.core.errors import Fatal
from tenuto.core.memory.items import (
    DATA_BYTES_MAX,
    KEY_CHARS_MAX,
    TEXT_CHARS_MAX,
    MemoryItem,
    MemoryKind,
    Scope,
    Source,
)
from tenuto.core.memory.judging import importance_of, is_junk
from tenuto.core.session.inputs import Note
from tenuto.core.session.labelling import joined
from tenuto.core.vocabulary import EffectId
from tenuto.ports.memory import RECALL_MAX, MemoryQuery
from tenuto.runtime.json_values import to_json
from tenuto.runtime.record import Record
from tenuto.runtime.remembering import DAY_MS, Keeper, Rememberer

KEPT: Final = "memory.kept"
FORGOTTEN: Final = "memory.forgotten"
"""Kinds of the notes that tell what was done to a memory."""

IMPORTANCE: Final = 0.7
"""Of what somebody has asked to remember, at least, where nothing else is said."""


class Remembering(msgspec.Struct, frozen=True, kw_only=True):
    """For whom and for what an attempt remembers."""

    scope: Scope
    """Where it keeps."""
    seen: tuple[Scope, ...]
    """What it recalls from."""
    effect: EffectId
    source: Source
    labels: tuple[str, ...]
    """Of what its task has seen, and so of what it keeps: with those of what it recalls."""
    keep_days: float = 0.0
    keeper: Keeper | None = None
    """The agent that it is for, if it is for one."""


class TaskMemory:
    """What agents and functions of the session's user remember from session to session.

    All methods are for async code. What is kept or forgotten is on record with the attempt's
    outcome; a repeated attempt keeps the same items and no others."""

    def __init__(self, rememberer: Rememberer, about: Remembering, record: Record) -> None:
        self._rememberer, self._about, self._record = rememberer, about, record
        self._kept = 0

    async def remember(
        self,
        text: str,
        *,
        key: str = "",
        kind: MemoryKind = "semantic",
        importance: float | None = None,
        data: Any = None,
    ) -> str:
        """Return the id of a new item. One with the same key is superseded by it.

        `importance` goes from 0 to 1. None: the text itself is judged, and one that says nothing
        worth remembering, as "Thanks!", is not kept: the id is empty then.

        Raises:
            Fatal: text, key or data are empty, too long, or no JSON, or importance is not 0 to 1.
            MemoryUnavailable: nothing was kept.
        """
        if importance is None:
            importance = max(IMPORTANCE, importance_of(text))
            if is_junk(text) and data is None:
                return ""
        item = self._item(text, key=key, kind=kind, importance=importance, data=data)
        await self._rememberer.keep([item], keeper=self._about.keeper)
        self._kept += 1
        self._record.notes.append(Note(KEPT, {"id": item.id, "kind": kind, "key": key}))
        return item.id

    async def recall(
        self, query: str, *, limit: int = 5, kinds: Sequence[MemoryKind] = ()
    ) -> list[MemoryItem]:
        """Return the current items that fit best, best first; at most 50.

        The attempt's outcome bears the labels of what it recalled.

        Raises:
            MemoryUnavailable: it was away three times.
        """
        found = await self._rememberer.recall(
            self._about.seen, query, kinds=tuple(kinds), limit=max(1, min(limit, RECALL_MAX))
        )
        await self._rememberer.count(found)
        items = [one.item for one in found]
        self._record.labels.update(label for item in items for label in item.labels)
        return items

    async def find(self, key: str) -> MemoryItem | None:
        """Return the current item with this key: of its own scope, else of one shared with it.

        Raises:
            MemoryUnavailable: it was away three times.
        """
        now_ms = self._rememberer.clock.now_ms()
        for scope in (self._about.scope, *self._about.seen):
            query = MemoryQuery(
                tenant=scope.tenant,
                agent=scope.agent,
                user=scope.user,
                key=key,
                current_at_ms=now_ms,
                limit=1,
            )
            for item in await self._rememberer.items(query):
                self._record.labels.update(item.labels)
                return item
        return None

    async def forget(self, key: str) -> int:
        """Return how many items with this key were deleted; of its own scope only.

        Raises:
            Fatal: no key was given.
            MemoryUnavailable: nothing was deleted.
        """
        if not key:
            raise Fatal("Say which key is to be forgotten.", code="memory")
        scope = self._about.scope
        count = await self._rememberer.memory.forget(
            MemoryQuery(tenant=scope.tenant, agent=scope.agent, user=scope.user, key=key)
        )
        self._record.notes.append(Note(FORGOTTEN, {"key": key, "count": count}))
        return count

    def _labels(self) -> set[str]:
        """Return what this attempt has recalled, and its tool says of all that it gives: its task
        bears them only when it has ended."""
        tool = self._record.tool
        return self._record.labels.union(tool.labels if tool is not None else ())

    def _item(
        self, text: str, *, key: str, kind: MemoryKind, importance: float, data: Any
    ) -> MemoryItem:
        about, now_ms = self._about, self._rememberer.clock.now_ms()
        faults = []
        if not text.strip() or len(text) > TEXT_CHARS_MAX:
            faults.append(f"a text has 1 to {TEXT_CHARS_MAX} characters, this one {len(text)}")
        if len(key) > KEY_CHARS_MAX:
            faults.append(f"a key has up to {KEY_CHARS_MAX} characters, this one {len(key)}")
        if not 0 <= importance <= 1:
            faults.append(f"importance goes from 0 to 1, found {importance:g}")
        plain = to_json(data)
        if len(msgspec.json.encode(plain)) > DATA_BYTES_MAX:
            faults.append(f"data has more than {DATA_BYTES_MAX} bytes")
        if faults:
            raise Fatal(f"This cannot be remembered: {'; '.join(faults)}.", code="memory")
        return MemoryItem(
            id=f"{about.effect}#{self._kept}",
            scope=about.scope,
            kind=kind,
            text=text.strip(),
            key=key,
            data=plain,
            importance=importance,
            labels=joined(about.labels, self._labels()),
            source=about.source,
            created_ms=now_ms,
            expires_ms=expiry(about.keep_days, now_ms),
        )


def expiry(keep_days: float, now_ms: int) -> int:
    """Return when what is kept now expires; 0: never."""
    return now_ms + round(keep_days * DAY_MS) if keep_days else 0
