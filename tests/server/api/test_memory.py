"""Memory over HTTP: the caller's own, and what an admin sees."""

import asyncio

import pytest

from tenuto.server.paging import cursor_of
from tenuto.server.principal import Connection, Principal
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


def test_a_list_goes_on_when_the_item_behind_the_cursor_was_forgotten() -> None:
    async def main() -> None:
        async with serving() as served:
            for n in range(4):
                item = {"key": f"k{n}", "text": f"Fact {n}."}
                await served.client.post("/agents/waiter/memory", json=item)
            for path in ("/memory", "/agents/waiter/memory"):
                first = (await served.client.get(f"{path}?limit=1")).json()
                last = first["items"][-1]["key"]
                await served.client.delete(f"/agents/waiter/memory/{last}")

                rest = await served.client.get(f"{path}?limit=9&cursor={first['next_cursor']}")

                assert rest.status_code == 200, rest.text
                left = [item["key"] for item in rest.json()["items"]]
                assert left == [key for key in ("k3", "k2", "k1", "k0") if key < last]

    asyncio.run(main())


@pytest.mark.parametrize("place", ["k0", 7, [1], [10**30, "a"], [None, "a"], {"id": "a"}, None])
def test_what_is_no_cursor_of_the_list_is_refused(place: object) -> None:
    async def main() -> None:
        async with serving() as served:
            answer = await served.client.get(f"/memory?cursor={cursor_of(place)}")
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")

    asyncio.run(main())


class _Viewers:
    """Who asks is a viewer of that name, or an admin."""

    async def authenticate(self, connection: Connection) -> Principal | None:
        name = connection.headers["x-test-user"]
        roles = ("admin",) if name == "admin" else ("viewer",)
        return Principal(organisation="local", user=name, name=name, roles=roles)


def test_what_would_be_recalled_for_others_is_told_to_who_looks_after_memory() -> None:
    async def main() -> None:
        async with serving(authenticator=_Viewers()) as served:
            client, ada, bob = served.client, {"x-test-user": "ada"}, {"x-test-user": "bob"}
            kept = await client.post(
                "/agents/waiter/memory",
                json={"key": "drink", "text": "Ada likes coffee."},
                headers=ada,
            )
            assert kept.status_code == 201, kept.text
            asked = "/memory/search?q=coffee&agent=waiter&user=ada"

            by_admin = await client.get(asked, headers={"x-test-user": "admin"})
            by_herself, by_bob = (
                await client.get(asked, headers=ada),
                await client.get(asked, headers=bob),
            )

            assert [item["key"] for item in by_admin.json()] == ["drink"]
            assert [item["key"] for item in by_herself.json()] == ["drink"]
            assert (by_bob.status_code, by_bob.json()["code"]) == (403, "not_permitted")

    asyncio.run(main())
