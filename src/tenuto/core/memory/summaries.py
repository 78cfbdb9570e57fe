"""Summaries: one item that tells shortly what several older ones say, and supersedes them.

What they say is then in two places, so three rules hold. A summary bears all labels of its sources
and ends with the first of them that expires. What is forgotten is told by no summary: it goes with
any of its sources, and the others are current again. And a source that changes takes it apart.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import structs

from tenuto.core.memory.comparing import marks_of
from tenuto.core.memory.items import MemoryItem
from tenuto.core.memory.words import words_of
from tenuto.core.vocabulary import Json

ID_PREFIX: Final = "sum_"
_MARK_CHARS: Final = 32


def summary_of(sources: Sequence[MemoryItem], text: str, *, data: Json = None) -> MemoryItem:
    """Return the item that says `text` for its sources, at least one, of one scope and kind.

    The same sources give the same id. It is as old as the newest of them: telling something again
    makes it no news.
    """
    assert len({(one.scope, one.kind) for one in sources}) == 1, "scopes and kinds are not mixed"
    assert not any(one.key or one.sums_up for one in sources), "keys and summaries stay as they are"
    ordered = sorted(sources, key=lambda one: (one.created_ms, one.id))
    return MemoryItem(
        id=_id_of(ordered),
        scope=ordered[0].scope,
        kind=ordered[0].kind,
        text=text,
        data=data,
        importance=max(one.importance for one in ordered),
        labels=tuple(sorted({label for one in ordered for label in one.labels})),
        created_ms=ordered[-1].created_ms,
        expires_ms=min((one.expires_ms for one in ordered if one.expires_ms), default=0),
        accessed_ms=max(one.accessed_ms for one in ordered),
        accesses=sum(one.accesses for one in ordered),
        sums_up=tuple(one.id for one in ordered),
    )


def summed_up(source: MemoryItem, summary: MemoryItem) -> MemoryItem:
    """Return a source as it is once its summary tells it."""
    return structs.replace(source, superseded_by=summary.id)


def is_as_read(found: MemoryItem, read: MemoryItem) -> bool:
    """Return whether nothing but accesses came to an item since it was read."""
    return structs.replace(found, accesses=read.accesses, accessed_ms=read.accessed_ms) == read


def is_told_by(summary: MemoryItem, source: MemoryItem, again: MemoryItem) -> bool:
    """Return whether a summary still tells of a source when that is kept again as `again`: it says
    the same of the same, bears no other labels and is not to go before the summary."""
    said = (source.scope, source.kind, source.key, source.text)
    if said != (again.scope, again.kind, again.key, again.text):
        return False
    ends_in_time = not again.expires_ms or 0 < summary.expires_ms <= again.expires_ms
    return ends_in_time and set(again.labels) <= set(summary.labels)


def says_nothing_new(text: str, sources: Iterable[MemoryItem]) -> bool:
    """Return whether each number and each name of a summary stands in one of its sources: what
    else it says nobody can tell without understanding it."""
    known = " ".join(one.text for one in sources)
    said, told = marks_of(text), marks_of(known)
    numbers = (said.named | said.values) - (told.named | told.values)
    return not numbers and said.names <= set(words_of(known))


def _id_of(sources: Iterable[MemoryItem]) -> str:
    marks = hashlib.sha256()
    for one in sources:
        for part in (one.scope.tenant, one.id, one.text):
            marks.update(part.encode("utf-8", "surrogatepass") + b"\x1f")
    return f"{ID_PREFIX}{marks.hexdigest()[:_MARK_CHARS]}"
