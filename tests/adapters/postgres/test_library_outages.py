"""Documents in a database whose server goes away and comes back."""

from __future__ import annotations

import asyncio

import pytest

from tenuto.adapters.postgres import PostgresEventStore, PostgresShelves
from tenuto.ports.collections import CollectionUnavailable
from tests.postgres import fresh_database, needs_own_postgres, own_server

pytestmark = [needs_own_postgres, pytest.mark.slow]

PLACE = "someone/col_1"


async def made(url: str) -> None:
    await (await PostgresEventStore.open(url)).close()


def test_shelves_outlive_a_restart_and_say_while_the_server_is_away() -> None:
    server = own_server()
    with fresh_database(on=server) as url:
        asyncio.run(made(url))
        shelves = PostgresShelves(url)
        name = shelves.make(PLACE)
        shelves.put(PLACE, name, file="a.md", payload=b"Salt is wet.")
        collection = shelves.open(name)
        assert collection is not None and collection.search("salt").passages

        server.restart()
        assert collection.search("salt").passages
        server.restart()
        shelves.put(PLACE, name, file="b.md", payload=b"Salt is white.")

        server.stop()
        with pytest.raises(CollectionUnavailable, match="failed on postgresql://"):
            collection.search("salt")
        with pytest.raises(CollectionUnavailable, match="failed on postgresql://"):
            shelves.put(PLACE, name, file="c.md", payload=b"Salt is dear.")

        server.kill()
        server.start()
        assert [file.file for file in collection.files()] == ["a.md", "b.md"]
        asyncio.run(shelves.close())
