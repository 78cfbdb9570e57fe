"""Memory over HTTP: the caller's own, and what an admin sees."""

import asyncio

from tests.server.api.served import serving


def test_what_is_remembered_under_a_key_is_replaced_found_and_forgotten() -> None:
    async def main() -> None:
        async with serving() as served:
            client = served.client
            for text in ("Ada likes tea.", "Ada likes coffee."):
                kept = await client.post(
                    "/agents/waiter/memory", json={"key": "drink", "text": text}
                )
                assert kept.status_code == 201, kept.text
            listed = (await client.get("/agents/waiter/memory")).json()["items"]
            assert [item["text"] for item in listed] == ["Ada likes coffee."]
            shown = (await client.get("/agents/waiter/memory/drink")).json()
            assert shown["text"] == "Ada likes coffee."
            found = (await client.get("/memory/search?q=coffee&agent=waiter")).json()
            assert [item["key"] for item in found] == ["drink"]
            assert (await client.get("/memory/statistics")).json()["items"] == 1

            gone = await client.delete("/agents/waiter/memory/drink")
            assert gone.json() == {"forgotten": 1}
            assert (await client.get("/agents/waiter/memory/drink")).status_code == 404
            entries = (await client.get("/audit?kind=memory")).json()["items"]
            assert [entry["action"] for entry in entries] == [
                "memory.forget",
                "memory.put",
                "memory.put",
            ]

    asyncio.run(main())


def test_an_admin_lists_pages_and_forgets_items_of_everybody() -> None:
    async def main() -> None:
        async with serving() as served:
            for n in range(3):
                await served.client.post(
                    "/agents/waiter/memory", json={"key": f"k{n}", "text": f"Fact {n}."}
                )
            first = (await served.client.get("/memory?limit=2")).json()
            rest = (
                await served.client.get(f"/memory?limit=2&cursor={first['next_cursor']}")
            ).json()
            ids = [item["id"] for item in first["items"] + rest["items"]]
            assert len(set(ids)) == 3
            assert (await served.client.delete(f"/memory/{ids[0]}")).json() == {"forgotten": 1}
            assert (await served.client.get(f"/memory/{ids[0]}")).status_code == 404

    asyncio.run(main())
