"""The collections that an organisation has, as the ledger knows them."""

from collections.abc import Awaitable, Callable

from tenuto.ports.ledger import Ledger, RecordQuery

KIND = "collection"
_MOST = 10_000


def names_of_collections(ledger: Ledger) -> Callable[[str], Awaitable[frozenset[str]]]:
    """Return what gives an organisation's collections by the names under which they are opened:
    `name` in the record of each, else its id."""

    async def names(organisation: str) -> frozenset[str]:
        records = await ledger.records(RecordQuery(tenant=organisation, kind=KIND, limit=_MOST))
        return frozenset(str(record.value.get("name", record.id)) for record in records)

    return names
