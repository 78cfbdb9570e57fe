"""What agents remember, for who looks after it: to list, search, correct, export and forget."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypedDict, Unpack, get_type_hints

from msgspec import structs

from tenuto.core.agent.remembering import seen_scopes
from tenuto.core.errors import NotFound, Rejected
from tenuto.core.memory.checking import check
from tenuto.core.memory.consolidating import Budget
from tenuto.core.memory.items import MemoryItem, MemoryKind, Recalled, Scope
from tenuto.core.memory.topics import SUM_UP_DEFAULT
from tenuto.ports.memory import PAGE_MAX, MemoryQuery, MemoryStatistics
from tenuto.runtime.consolidating import ITEMS_MAX, TOKENS_MAX, Consolidated, consolidated
from tenuto.runtime.json_values import to_json
from tenuto.runtime.remembering import Rememberer
from tenuto.runtime.summing import Summing
from tenuto.runtime.task_memory import IMPORTANCE


class Which(TypedDict, total=False):
    """Which items are meant; what is not given is not asked about.

    `agent=""` and `user=""` mean the items that are shared by all agents, or by all users."""

    agent: str
    user: str
    kind: MemoryKind
    key: str


class Facts(Which, total=False):
    """What can be said about an item besides its text."""

    data: Any
    importance: float


class Memories:
    """The memory of one tenant's agents. Made by `Runtime.memory`.

    Example:
        memories = runtime.memory()
        for item in await memories.list(user="ada"):
            print(item.key, item.text)
        await memories.forget(user="ada")
    """

    def __init__(self, rememberer: Rememberer, tenant: str) -> None:
        self._rememberer, self._tenant = rememberer, tenant

    async def list(
        self,
        *,
        after: str | tuple[int, str] = "",
        limit: int = 100,
        past: bool = False,
        **which: Unpack[Which],
    ) -> tuple[MemoryItem, ...]:
        """Return items, newest first, at most 500.

        Args:
            after: the id of the last item of an earlier page; or its `created_ms` and its id, which
                also leads on when the item was forgotten meanwhile.
            limit: how many at most.
            past: those that were superseded or have expired, too.
            which: `agent`, `user`, `kind`, `key`.

        Raises:
            Rejected: something else was asked about.
            NotFound: there is no item `after`.
            MemoryUnavailable: it may work later.
        """
        query = self._query(which)
        now_ms = None if past else self._rememberer.clock.now_ms()
        return await self._rememberer.items(
            structs.replace(query, **_place(after), limit=limit, current_at_ms=now_ms)
        )

    async def search(
        self, text: str, *, agent: str = "", user: str = "", limit: int = 10
    ) -> tuple[Recalled, ...]:
        """Return what the agent would recall for the user, best first; at most 50.

        Raises:
            MemoryUnavailable: it may work later.
        """
        scopes = seen_scopes(tenant=self._tenant, agent=agent, user=user)
        return await self._rememberer.recall(scopes, text, limit=limit)

    async def get(self, item_id: str) -> MemoryItem:
        """Return one item.

        Raises:
            NotFound: the tenant has no such item.
            MemoryUnavailable: it may work later.
        """
        found = await self._rememberer.items(MemoryQuery(tenant=self._tenant, ids=(item_id,)))
        if not found:
            raise NotFound(what="memory", name=item_id)
        return found[0]

    async def sources(self, summary: MemoryItem) -> tuple[MemoryItem, ...]:
        """Return the items that a summary sums up, newest first, without those let go since.

        Raises:
            MemoryUnavailable: it may work later.
        """
        if not summary.sums_up:
            return ()
        return await self._rememberer.items(MemoryQuery(tenant=self._tenant, ids=summary.sums_up))

    async def remember(self, text: str, *, id: str, **facts: Unpack[Facts]) -> MemoryItem:
        """Return an item that a person has made. The same id again replaces it.

        Args:
            text: what is to be remembered.
            id: a name for it, new or known; the tenant's own.
            facts: `agent`, `user`: whose it is; all their agents' and users' by default. `kind`:
                semantic by default. `key`, `data`, `importance` (0.7).

        Raises:
            Rejected: it is beyond a limit; see `core.memory.items`.
            MemoryUnavailable: nothing was kept.
        """
        _refuse_others(facts, Facts)
        item = MemoryItem(
            id=id,
            scope=Scope(
                tenant=self._tenant, agent=facts.get("agent", ""), user=facts.get("user", "")
            ),
            kind=facts.get("kind", "semantic"),
            key=facts.get("key", ""),
            text=text,
            data=to_json(facts.get("data")),
            importance=facts.get("importance", IMPORTANCE),
            created_ms=self._rememberer.clock.now_ms(),
        )
        check(item)
        await self._rememberer.keep([item])
        return item

    async def forget(self, *ids: str, **which: Unpack[Which]) -> int:
        """Return how many items were deleted: those named, or all that are meant.

        No summary tells of them any more: it goes with them, and what else it summed up is current
        again. With a summary goes all that it sums up.

        Raises:
            Rejected: nothing says which.
            MemoryUnavailable: nothing was deleted.
        """
        query = self._query(which)
        if ids:
            query = structs.replace(query, ids=ids)
        elif not which:
            raise Rejected("Say what is to be forgotten: ids, or agent, user, kind, key.")
        return await self._rememberer.memory.forget(query)

    async def consolidate(
        self,
        *,
        items: int = ITEMS_MAX,
        tokens: int = TOKENS_MAX,
        sum_up: int = SUM_UP_DEFAULT,
        **which: Unpack[Which],
    ) -> Consolidated:
        """Return what was done: duplicates merged, facts superseded that a newer one denies, junk
        and what has expired dropped, and of a scope that holds too much what is worth least. Of
        what is left in one that holds many the oldest are summed up, by their own sentences.

        Args:
            items, tokens: how much each agent's memory of each user may hold; 0: any amount.
            sum_up: how many current items of one kind it may hold before that; 0: any number.
            which: `agent`, `user`, `kind`, `key`; of the kinds and keys named, only duplicates and
                so on among themselves are seen.

        Raises:
            Rejected: something else was asked about.
            MemoryUnavailable: part of it may be done; doing it again finishes it.
        """
        return await consolidated(
            self._rememberer,
            self._query(which),
            budget=Budget(items=items, tokens=tokens),
            summing=Summing(bound=sum_up),
        )

    async def everything(self, **which: Unpack[Which]) -> AsyncIterator[MemoryItem]:
        """Return all items that are meant, past ones too, newest first.

        Raises:
            MemoryUnavailable: it may work later.
        """
        query = structs.replace(self._query(which), limit=PAGE_MAX)
        while page := await self._rememberer.items(query):
            for item in page:
                yield item
            query = structs.replace(query, behind=(page[-1].created_ms, page[-1].id))

    async def statistics(self, **which: Unpack[Which]) -> MemoryStatistics:
        """Return what is remembered, in numbers.

        Raises:
            MemoryUnavailable: it may work later.
        """
        return await self._rememberer.memory.statistics(self._query(which))

    def _query(self, which: Which) -> MemoryQuery:
        _refuse_others(which, Which)
        return MemoryQuery(tenant=self._tenant, **which)


def _refuse_others(given: Mapping[str, object], known: type[Which]) -> None:
    names = get_type_hints(known)
    others = [name for name in given if name not in names]
    if others:
        raise Rejected(f"Items are told apart by {', '.join(names)}; found {others[0]!r}.")


def _place(after: str | tuple[int, str]) -> dict[str, Any]:
    return {"after": after} if isinstance(after, str) else {"behind": after}
