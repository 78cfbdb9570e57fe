"""P7: a tenant never meets another tenant's work."""

import asyncio

import tenuto
from tenuto import Workflow
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import HeadQuery


def waiter() -> Workflow:
    flow = Workflow("waiter")
    flow.node("wait", wait="go")
    return flow


def parent() -> Workflow:
    flow = Workflow("parent")
    flow.node("child", workflow=waiter())
    return flow


def test_p7_a_start_key_is_a_tenants_own() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            mine = await runtime.start(waiter(), key="order-1", tenant="mine")
            yours = await runtime.start(waiter(), key="order-1", tenant="yours")
            again = await runtime.start(waiter(), key="order-1", tenant="mine")

            assert mine.id != yours.id
            assert again.id == mine.id

    asyncio.run(main())


def test_p7_a_list_of_one_tenant_holds_no_session_of_another() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            mine = await runtime.start(waiter(), tenant="mine")
            await runtime.start(waiter(), tenant="yours")

            listed = await runtime.sessions(HeadQuery(tenant="mine"))

            assert [head.session for head in listed] == [mine.id]

    asyncio.run(main())


def test_p7_children_belong_to_the_tenant_of_their_parent() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(parent(), tenant="mine", user="ada")
            await session.wait_until_idle(10)

            children = await runtime.sessions(HeadQuery(parent=SessionId(session.id)))

            assert [(head.tenant, head.user) for head in children] == [("mine", "ada")]

    asyncio.run(main())


def test_p7_a_fork_belongs_to_the_tenant_of_its_origin() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(waiter(), tenant="mine", key="order-1")
            await session.wait_until_idle(10)

            fork = await session.fork()

            assert (await fork.head()).tenant == "mine"
            assert (await fork.head()).key is None

    asyncio.run(main())
