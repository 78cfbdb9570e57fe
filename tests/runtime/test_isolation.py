"""P7: a tenant never meets another tenant's work."""

import asyncio
from pathlib import Path

import pytest

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


def saying(text: str) -> Workflow:
    flow = Workflow("below", output=f"'{text}'")
    flow.node("say", condition="true")
    return flow


def by_name() -> Workflow:
    flow = Workflow("above", output="outputs.child")
    flow.node("child", workflow="below")
    return flow


def test_p7_a_workflow_that_is_named_is_never_another_tenants() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            for tenant in ("mine", "yours"):
                await (await runtime.start(saying(tenant), tenant=tenant)).result(timeout=5)

            mine = await runtime.start(by_name(), tenant="mine")
            assert await mine.result(timeout=5) == "mine"
            theirs = await runtime.start(by_name(), tenant="theirs")
            with pytest.raises(tenuto.SessionFailedError, match="No workflow 'below'"):
                await theirs.result(timeout=5)

            # What the process itself knows is for all of them.
            runtime.register(saying("everybody"))
            theirs = await runtime.start(by_name(), tenant="theirs")
            assert await theirs.result(timeout=5) == "everybody"

    asyncio.run(main())


def test_p7_a_session_read_again_makes_no_workflow_known_to_other_tenants(tmp_path: Path) -> None:
    async def main() -> None:
        url = f"sqlite:///{tmp_path / 'test.db'}"
        async with tenuto.open(url) as runtime:
            started = await runtime.start(waiter_called("below"), tenant="mine")
            await started.wait_until_idle(5)
        async with tenuto.open(url) as runtime:
            await runtime.session(started.id).definition()
            theirs = await runtime.start(by_name(), tenant="yours")
            with pytest.raises(tenuto.SessionFailedError, match="No workflow 'below'"):
                await theirs.result(timeout=5)

    asyncio.run(main())


def waiter_called(name: str) -> Workflow:
    flow = Workflow(name)
    flow.node("wait", wait="go")
    return flow
