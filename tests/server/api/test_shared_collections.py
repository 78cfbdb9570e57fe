"""Collections of servers that share a database: what one is given, all have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

import tenuto
from tests.postgres import fresh_database, needs_postgres
from tests.server.api.served import Served, serving
from tests.server.api.test_collections import TIDES, made

pytestmark = needs_postgres


@pytest.fixture(autouse=True)
def kept_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of this machine where documents might be left."""
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(tmp_path / "collections"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shared(test: Callable[[Served, Served], Awaitable[None]]) -> None:
    """Run the test with two servers."""

    async def main(url: str) -> None:
        async with serving(looking(), db=url) as one, serving(looking(), db=url) as other:
            await test(one, other)

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 60))


def look(ctx: tenuto.Context, documents: str) -> dict[str, list[str]]:
    """Search as the tools of agents do, by the name alone."""
    tenuto.check_folder(documents)
    with closing(tenuto.open_collection(tenuto.add_collection(documents))) as collection:
        return {"found": [passage.file for passage in collection.search("moon").passages]}


def looking() -> tenuto.Workflow:
    flow = tenuto.Workflow("looking", inputs={"documents": "string"}, output="outputs.look.found")
    flow.node("look", function=look, inputs={"documents": "inputs.documents"})
    return flow


def test_what_one_server_is_given_the_other_finds_and_what_it_deletes_is_gone_there(
    kept_nowhere_else: Path,
) -> None:
    async def test(one: Served, other: Served) -> None:
        id = await made(one.client)
        search = f"/collections/{id}/search?q=moon"
        assert (await other.client.get(search)).json()["passages"] == []

        up = (await one.client.put(f"/collections/{id}/documents/tides.md", content=TIDES)).json()

        found = (await other.client.get(search)).json()
        assert [passage["file"] for passage in found["passages"]] == ["tides.md"]
        assert (await other.client.get(f"/documents/{up['id']}/content")).content == TIDES

        assert (await other.client.delete(f"/documents/{up['id']}")).status_code == 204
        assert (await one.client.get(search)).json()["passages"] == []
        assert (await one.client.get(f"/documents/{up['id']}")).status_code == 404

    shared(test)
    assert list(kept_nowhere_else.iterdir()) == []


def test_a_document_that_cannot_be_read_is_refused_and_the_one_before_stays() -> None:
    async def test(one: Served, other: Served) -> None:
        place = f"/collections/{await made(one.client)}/documents/tides.md"
        before = (await one.client.put(place, content=TIDES)).json()

        assert (await other.client.put(place, content=bytes(1000))).status_code == 422
        unread = await other.client.put(place.replace(".md", ".bin"), content=TIDES)

        assert (unread.status_code, unread.json()["code"]) == (422, "rejected")
        assert "files that end so are not read" in unread.text
        assert (await one.client.get(f"/documents/{before['id']}/content")).content == TIDES

    shared(test)


def test_a_collection_that_one_server_deletes_is_gone_on_the_other() -> None:
    async def test(one: Served, other: Served) -> None:
        id = await made(one.client)
        await one.client.put(f"/collections/{id}/documents/tides.md", content=TIDES)

        assert (await other.client.delete(f"/collections/{id}")).status_code == 204

        assert (await one.client.get(f"/collections/{id}/search?q=moon")).status_code == 404
        late = await one.client.put(f"/collections/{id}/documents/tides.md", content=TIDES)
        assert late.status_code == 404

    shared(test)


def test_sessions_on_either_server_search_by_the_name_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whose workers may read no folder may still read what was uploaded.
    monkeypatch.setenv("TENUTO_FOLDERS", "")

    async def test(one: Served, other: Served) -> None:
        id = await made(one.client)
        for name in ("tides.md", "moon.md"):
            await one.client.put(f"/collections/{id}/documents/{name}", content=TIDES)
        documents = (await one.client.get(f"/collections/{id}/documents")).json()
        tides = next(one["id"] for one in documents if one["file"] == "tides.md")
        library, narrowed = one.service.library, other.service.registry.documents
        ref = (await library.shelf("local", id)).ref
        part = await narrowed.find("local", id, [tides])
        for server in (one, other):
            for _ in range(4):
                session = await server.service.runtime.start(looking(), {"documents": ref})
                assert sorted(await session.result(20)) == ["moon.md", "tides.md"]
            session = await server.service.runtime.start(looking(), {"documents": part})
            assert await session.result(20) == ["tides.md"]

    shared(test)
