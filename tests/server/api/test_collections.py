"""Collections over HTTP: documents come in, are found, and go."""

import asyncio

import httpx2

from tests.server.api.served import serving

TIDES = b"# Tides\n\nThe moon pulls the sea twice a day.\n"


async def made(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/collections", json={"name": "sea"})
    assert answer.status_code == 201
    id: str = answer.json()["id"]
    return id


def test_an_uploaded_document_is_found_read_and_deleted() -> None:
    async def main() -> None:
        async with serving() as served:
            client = served.client
            id = await made(client)
            up = await client.put(f"/collections/{id}/documents/tides.md", content=TIDES)
            assert up.status_code == 200, up.text
            document = up.json()
            assert (document["title"], document["bytes"]) == ("Tides", len(TIDES))

            found = (await client.get(f"/collections/{id}/search?q=moon")).json()
            assert [passage["file"] for passage in found["passages"]] == ["tides.md"]
            raw = await client.get(f"/documents/{document['id']}/content")
            assert raw.content == TIDES
            assert raw.headers["content-disposition"].startswith("attachment")
            listed = (await client.get(f"/collections/{id}/documents")).json()
            assert [one["id"] for one in listed] == [document["id"]]

            assert (await client.delete(f"/documents/{document['id']}")).status_code == 204
            found = (await client.get(f"/collections/{id}/search?q=moon")).json()
            assert found == {"passages": [], "unmatched": ["moon"]}

    asyncio.run(main())


def test_a_document_that_cannot_be_read_is_refused_and_leaves_nothing() -> None:
    async def main() -> None:
        async with serving() as served:
            id = await made(served.client)
            up = await served.client.put(
                f"/collections/{id}/documents/noise.bin", content=bytes(range(256)) * 20
            )
            assert (up.status_code, up.json()["code"]) == (422, "rejected")
            assert (await served.client.get(f"/collections/{id}/documents")).json() == []

    asyncio.run(main())


def test_a_document_stays_as_it_was_when_its_new_text_cannot_be_read() -> None:
    async def main() -> None:
        async with serving() as served:
            client = served.client
            id = await made(client)
            place = f"/collections/{id}/documents/tides.md"
            before = (await client.put(place, content=TIDES)).json()
            assert (await client.put(place, content=bytes(1000))).status_code == 422
            assert (await client.get(f"/documents/{before['id']}")).json() == before
            found = (await client.get(f"/collections/{id}/search?q=moon")).json()
            assert len(found["passages"]) == 1

    asyncio.run(main())


def test_names_that_lead_out_of_the_folder_are_refused() -> None:
    async def main() -> None:
        async with serving() as served:
            id = await made(served.client)
            for name in ("..", "%2e%2e%2fx.md", ".hidden.md", "a%00.md", "a%2fb.md", "x" * 300):
                up = await served.client.put(
                    f"/collections/{id}/documents/{name}", content=b"# x\n\ntext\n"
                )
                assert up.status_code in (404, 405, 422), (name, up.status_code)
            assert (await served.client.get(f"/collections/{id}/documents")).json() == []

    asyncio.run(main())


def test_a_collection_goes_with_its_documents_and_its_name_is_free_again() -> None:
    async def main() -> None:
        async with serving() as served:
            client = served.client
            id = await made(client)
            up = await client.put(f"/collections/{id}/documents/tides.md", content=TIDES)
            twice = await client.post("/collections", json={"name": "sea"})
            assert (twice.status_code, twice.json()["code"]) == (409, "name_taken")
            assert (await client.delete(f"/collections/{id}")).status_code == 204
            assert (await client.get(f"/documents/{up.json()['id']}")).status_code == 404
            assert (await client.get(f"/collections/{id}/search?q=moon")).status_code == 404
            await made(client)

    asyncio.run(main())
