"""Lists of what organisations keep in the ledger, made once for all who ask until it changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, TypeVar

from tenuto.ports.ledger import Ledger
from tenuto.server.paging import Page

COPIES_MAX: Final = 128
ITEMS_MAX: Final = 100
"""Of a page that is kept: all of them together take some 10 MB."""

Key: TypeAlias = tuple[str, str, str, int]
"""Which list, of which organisation (P7), after which place, and how much of it."""

T = TypeVar("T")


class Copies:
    """Pages made of records, and of nothing else that can change. A record changes with an entry
    of the ledger only, of whichever process, so a page counts for as long as the ledger ends where
    it did before the page was made."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pages: OrderedDict[Key, tuple[int, Page[Any]]] = OrderedDict()

    async def of(self, key: Key, make: Callable[[], Awaitable[Page[T]]]) -> Page[T]:
        """Return the page, to be read only.

        Raises:
            StoreUnavailable: it cannot be read where the ledger ends; and what `make` raises.
        """
        last, _ = await self._ledger.digest()
        known = self._pages.get(key)
        if known is not None and known[0] == last:
            return known[1]
        page = await make()
        if len(page.items) <= ITEMS_MAX:
            self._pages[key] = last, page
            self._pages.move_to_end(key)
            if len(self._pages) > COPIES_MAX:
                self._pages.popitem(last=False)
        return page
