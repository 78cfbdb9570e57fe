"""The documents that a request names, as a collection that agents may search."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from tenuto.core.errors import Rejected
from tenuto.ports.ledger import Ledger, RecordQuery
from tenuto.server.library import COLLECTION, Library, Paper, Shelf

_PAGE = 500


class Documents:
    """Finds an organisation's documents, and never another's (P7).

    `narrow` gives the name of a part of a collection: that of some of its files.
    """

    def __init__(
        self, library: Library, ledger: Ledger, *, narrow: Callable[[str, Sequence[str]], str]
    ) -> None:
        self._library, self._ledger, self._narrow = library, ledger, narrow

    async def refs(self, organisation: str) -> frozenset[str]:
        """Return the organisation's collections, by the names that tools take."""
        refs: set[str] = set()
        query = RecordQuery(tenant=organisation, kind=COLLECTION, limit=_PAGE)
        while page := await self._ledger.records(query):
            refs |= {msgspec.convert(record.value, Shelf).ref for record in page}
            query = msgspec.structs.replace(query, after=(page[-1].name, page[-1].id))
        return frozenset(refs)

    async def find(
        self, organisation: str, collection: str | None, documents: Sequence[str]
    ) -> str | None:
        """Return what tools take for these documents; None where none are named.

        Args:
            organisation: whose.
            collection: its id.
            documents: ids of documents of it, or of one other; empty: all of it.

        Raises:
            NotFound: there is no such collection or document.
            Rejected: they are of several collections.
        """
        papers = [
            msgspec.convert((await self._library.document(organisation, id)).value, Paper)
            for id in dict.fromkeys(documents)
        ]
        homes = {paper.collection for paper in papers}
        if collection is not None:
            homes.add(collection)
        if not homes:
            return None
        if len(homes) > 1:
            raise Rejected(
                f"The documents are of {len(homes)} collections ({', '.join(sorted(homes))}); "
                "name those of one, or put them into one."
            )
        ref = (await self._library.shelf(organisation, homes.pop())).ref
        if not papers:
            return ref
        files = sorted({paper.file for paper in papers})
        return await asyncio.to_thread(self._narrow, ref, files)
