"""Lists are made once for all who ask, until what they tell of changes, whoever changes it."""

import asyncio
from pathlib import Path

from tenuto.adapters.memory.ledger import MemoryLedger
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Change, Source
from tenuto.server.copies import COPIES_MAX, ITEMS_MAX, Copies
from tenuto.server.paging import Page
from tests.server.api.people import ByHeader, of
from tests.server.api.served import echoing, serving

FLOW = "workflow: {}\ngraph: {{nodes: {{wait: {{wait: go}}}}}}\n"
KEY = ("workflows", "local", "", 50)


def change(kind: str, target: str, value: JsonObject | None) -> Change:
    return Change(
        at_ms=1,
        tenant="local",
        actor="system",
        action=f"{kind}.{'delete' if value is None else 'change'}",
        kind=kind,
        target=target,
        source=Source(),
        writes=True,
        name="" if value is None else target,
        value=value,
    )


class Making:
    """Counts how often a page was made."""

    def __init__(self, items: int = 1) -> None:
        self.times, self._items = 0, items

    async def __call__(self) -> Page[int]:
        self.times += 1
        return Page(items=[self.times] * self._items)


def test_a_page_is_made_once_until_something_is_entered() -> None:
    async def main() -> None:
        ledger, making = MemoryLedger(), Making()
        copies = Copies(ledger)

        assert [(await copies.of(KEY, making)).items for _ in range(3)] == [[1]] * 3
        await ledger.append([change("workflow", "a", {})])
        assert [(await copies.of(KEY, making)).items for _ in range(2)] == [[2]] * 2

    asyncio.run(main())


def test_what_is_entered_while_a_page_is_made_makes_it_anew() -> None:
    async def main() -> None:
        ledger, making = MemoryLedger(), Making()
        copies = Copies(ledger)

        async def overtaken() -> Page[int]:
            page = await making()
            await ledger.append([change("workflow", "a", {})])
            return page

        await copies.of(KEY, overtaken)
        assert (await copies.of(KEY, making)).items == [2]

    asyncio.run(main())


def test_pages_of_others_other_places_and_lengths_are_told_apart() -> None:
    async def main() -> None:
        copies, making = Copies(MemoryLedger()), Making()
        keys = [KEY, ("agents", *KEY[1:]), ("workflows", "other", "", 50)]
        keys += [("workflows", "local", "a", 50), ("workflows", "local", "", 51)]

        found = [(await copies.of(key, making)).items for key in keys * 2]

        assert found == [[1], [2], [3], [4], [5]] * 2

    asyncio.run(main())


def test_so_many_and_no_long_ones_are_kept() -> None:
    async def main() -> None:
        copies, making, long = Copies(MemoryLedger()), Making(), Making(ITEMS_MAX + 1)
        for number in range(COPIES_MAX + 1):
            await copies.of(("workflows", str(number), "", 50), making)
        await copies.of(("workflows", "1", "", 50), making)
        assert making.times == COPIES_MAX + 1
        await copies.of(("workflows", "0", "", 50), making)
        assert making.times == COPIES_MAX + 2

        for _ in range(2):
            await copies.of(KEY, long)
        assert long.times == 2

    asyncio.run(main())


def test_an_upload_is_in_the_list_at_once_and_in_that_of_its_organisation_only() -> None:
    async def main() -> None:
        async with serving(echoing(), authenticator=ByHeader()) as served:
            ann, eve = of("local", "ann"), of("elsewhere", "eve")

            async def names(who: dict[str, str]) -> list[str]:
                listed = (await served.client.get("/workflows", headers=who)).json()
                return [one["name"] for one in listed["items"]]

            assert await names(ann) == await names(eve) == ["echo"]
            for number, text in enumerate(("first", "second"), 1):
                added = await served.client.post(
                    "/workflows",
                    content=FLOW.format(text),
                    headers={**ann, "content-type": "application/yaml"},
                )
                assert added.status_code == 201, added.text
                assert await names(ann) == ["echo", "first", "second"][: number + 1]
            await served.client.delete("/workflows/first", headers=ann)
            assert await names(ann) == ["echo", "second"]
            assert await names(eve) == ["echo"]

    asyncio.run(main())


def test_what_another_process_changes_is_in_the_list_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        file = tmp_path / "a.db"
        async with serving(echoing(), db=f"sqlite:///{file}") as served:
            before = (await served.client.get("/agents")).json()["items"]
            added = await served.client.post(
                "/agents",
                content="name: clerk\nmodel: mock:m\ninstructions: Be brief.\n",
                headers={"content-type": "application/yaml"},
            )
            listed = (await served.client.get("/agents")).json()["items"]
            assert added.status_code == 201 and len(listed) == len(before) + 1
            beside = await SqliteEventStore.open_beside(file)
            try:
                await beside.ledger.append([change("agent", "clerk", None)])
            finally:
                await beside.close()

            assert (await served.client.get("/agents")).json()["items"] == before

    asyncio.run(main())
