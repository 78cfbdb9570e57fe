"""The tools and resources of sessions."""

import asyncio
from typing import Any

import mcp_types as types
import pytest
from mcp import MCPError
from mcp.shared.exceptions import MCPDeprecationWarning

from tenuto.server.mcp.resources import EVENTS_MAX, PAGE
from tenuto.server.mcp.visits import Terms
from tests.server.mcp import flows
from tests.server.mcp.serving import Served, first_session, run, served, text_of

ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])


async def started(here: Served, tool: str, **arguments: Any) -> str:
    session: str = (await here.call(tool, **arguments)).meta["tenuto/session"]
    return session


def test_the_status_tells_what_a_session_waits_for() -> None:
    async def work() -> None:
        async with served(flows.gated) as here:
            session = await started(here, "gated")
            result = await here.call("session_status", session=session)

        told = result.structured_content
        assert (told["session"], told["status"], told["workflow"]) == (session, "waiting", "gated")
        assert told["waits"][0]["by"] == "person"
        assert "Pay 12 euro?" in text_of(result)

    run(work)


def test_a_signal_lets_the_session_go_on_and_the_result_can_be_had() -> None:
    async def work() -> None:
        async with served(flows.waiting) as here:
            session = await started(here, "waiting")
            await here.call("session_signal", session=session, name="reply", data={"text": "yes"})
            result = await here.call("session_result", session=session)
            state = await here.runtime.session(session).state()

        assert result.structured_content == {"text": "yes"}
        assert state.phase == "completed"

    run(work)


def test_the_result_of_a_session_that_has_not_ended_says_so() -> None:
    async def work() -> None:
        async with served(flows.napping) as here:
            asked = asyncio.create_task(here.call("napping"))
            session = await first_session(here, "waiting")
            result = await here.call("session_result", session=session.id, wait_seconds=0)
            asked.cancel()

        assert not result.is_error
        assert "timer 'nap' runs" in text_of(result)

    run(work)


def test_the_result_of_a_failed_session_is_an_error() -> None:
    async def work() -> None:
        async with served(flows.failing) as here:
            session = await started(here, "failing")
            result = await here.call("session_result", session=session)

        assert result.is_error
        assert "there is no such page" in text_of(result)

    run(work)


def test_clients_cannot_approve_unless_the_server_allows_it() -> None:
    async def work() -> None:
        async with served(flows.gated) as here:
            session = await started(here, "gated")
            names = {tool.name for tool in (await here.client.list_tools()).tools}
            with pytest.raises(MCPError, match="Unknown tool"):
                await here.call("session_approve", session=session)
            state = await here.runtime.session(session).state()

        assert names == {"gated", "session_status", "session_result", "session_signal"}
        assert state.phase == "running"

    run(work)


@pytest.mark.parametrize("approved", [True, False])
def test_where_it_is_allowed_a_decision_is_recorded_as_made_over_mcp(approved: bool) -> None:
    async def work() -> None:
        async with served(flows.gated, terms=Terms(approvals=True)) as here:
            session = await started(here, "gated")
            await here.call("session_approve", session=session, approved=approved, note="why not")
            result = await here.call("session_result", session=session)
            log = [stored.event async for stored in here.runtime.session(session).events()]

        decided = [event for event in log if type(event).__name__ == "ApprovalDecided"]
        assert [(event.by, event.note) for event in decided] == [("mcp", "why not")]  # type: ignore[union-attr]
        assert result.structured_content["approved"] is approved

    run(work)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("session_status", {}, "missing required field `session`"),
        ("session_status", {"session": "x", "more": 1}, "unknown field `more`"),
        ("session_status", {"session": "nowhere"}, "No session 'nowhere' was found"),
        ("session_status", {"session": ""}, "No session '' was found"),
        ("session_result", {"session": "x", "wait_seconds": "long"}, "Expected `float | null`"),
        ("session_signal", {"session": "nowhere", "name": "x"}, "No session 'nowhere'"),
    ],
)
def test_arguments_that_do_not_fit_are_told_to_the_model(
    tool: str, arguments: dict[str, Any], said: str
) -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            result = await here.call(tool, **arguments)

        assert result.is_error
        assert said in text_of(result)

    run(work)


def test_a_signal_to_a_session_that_has_ended_is_refused() -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            session = await started(here, "hello", name="Ada")
            result = await here.call("session_signal", session=session, name="reply")

        assert result.is_error
        assert "has ended (completed)" in text_of(result)

    run(work)


def test_sessions_of_other_workflows_and_tenants_are_not_there() -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            other = await here.runtime.start(flows.gated)
            elsewhere = await here.runtime.start(flows.hello, {"name": "Eve"}, tenant="acme")
            await elsewhere.result(5)
            for hidden in (other, elsewhere):
                told = await here.call("session_status", session=hidden.id)
                assert f"No session '{hidden.id}'" in text_of(told)
                signalled = await here.call("session_signal", session=hidden.id, name="x")
                assert signalled.is_error
                with pytest.raises(MCPError, match="No session"):
                    await here.read(f"tenuto://sessions/{hidden.id}")

            assert (await here.client.list_resources()).resources == []

    run(work)


def test_a_child_of_a_served_session_can_be_looked_at() -> None:
    async def work() -> None:
        async with served(flows.nested) as here:
            session = await started(here, "nested")
            state = await here.runtime.session(session).state()
            child = next(task.child for task in state.tasks.values() if task.child)
            told = await here.call("session_status", session=child)
            listed = (await here.client.list_resources()).resources

        assert told.structured_content["workflow"] == "gated"
        assert [resource.name for resource in listed] == [session]

    run(work)


@ERAS
def test_a_session_is_a_resource_with_its_head_and_output(mode: str) -> None:
    async def work() -> None:
        async with served(flows.hello, mode=mode) as here:
            session = await started(here, "hello", name="Ada")
            listed = (await here.client.list_resources()).resources
            told = await here.read(listed[0].uri)

        assert [resource.uri for resource in listed] == [f"tenuto://sessions/{session}"]
        assert (told["status"], told["inputs"]) == ("completed", {"name": "Ada"})
        assert told["output"] == "Hello, Ada!"

    run(work)


def test_sessions_are_listed_in_pages_without_gap_or_repeat() -> None:
    async def work() -> None:
        async with served(flows.blinking) as here:
            made = {(await here.runtime.start(flows.blinking)).id for _ in range(PAGE + 5)}
            first = await here.client.list_resources()
            second = await here.client.list_resources(cursor=first.next_cursor)

        uris = [resource.uri for resource in (*first.resources, *second.resources)]
        assert len(first.resources) == PAGE
        assert second.next_cursor is None
        assert sorted(uris) == sorted(f"tenuto://sessions/{session}" for session in made)

    run(work)


def test_events_are_read_page_by_page_to_the_end() -> None:
    async def work() -> None:
        async with served(flows.mapped) as here:
            session = await started(here, "mapped", items=list(range(1_500)))
            uri: Any = f"tenuto://sessions/{session}/events"
            versions: list[int] = []
            pages = 0
            while uri:
                told: Any = await here.read(uri)
                versions += [event["version"] for event in told["events"]]
                uri, pages = told["next"], pages + 1
            count = (await here.runtime.session(session).state()).version

        assert versions == list(range(1, count + 1))
        assert pages == -(-count // EVENTS_MAX)

    run(work)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("tenuto://sessions/nowhere", "No session 'nowhere'"),
        ("tenuto://sessions/nowhere/events", "No session 'nowhere'"),
        ("tenuto://agents/all", "There are tenuto://sessions/{id} and"),
        ("file:///etc/passwd", "There is no resource"),
    ],
)
def test_a_resource_that_is_not_there_is_an_error_of_the_protocol(uri: str, said: str) -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            with pytest.raises(MCPError) as caught:
                await here.read(uri)

        assert caught.value.error.code == types.INVALID_PARAMS
        assert said in caught.value.error.message

    run(work)


def test_ids_of_sessions_are_completed() -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            session = await started(here, "hello", name="Ada")
            template = types.ResourceTemplateReference(uri="tenuto://sessions/{id}")
            found = await here.client.complete(template, {"name": "id", "value": session[:8]})
            none = await here.client.complete(template, {"name": "id", "value": "x"})

        assert found.completion.values == [session]
        assert none.completion.values == []

    run(work)


def test_a_client_that_subscribed_hears_of_changes_until_it_unsubscribes() -> None:
    async def work() -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()

        async def hear(message: Any) -> None:
            if isinstance(message, types.ResourceUpdatedNotification):
                heard.put_nowait(str(message.params.uri))

        async with served(flows.waiting, mode="legacy", message_handler=hear) as here:
            session = await started(here, "waiting")
            uri = f"tenuto://sessions/{session}"
            await subscribe(here, uri)
            await here.runtime.session(session).signal("other")
            assert await heard.get() == uri
            with pytest.warns(MCPDeprecationWarning):
                await here.client.unsubscribe_resource(uri)
            await here.runtime.session(session).signal("other")
            for _ in range(20):
                await asyncio.sleep(0.01)

        assert heard.empty()

    run(work)


async def subscribe(here: Served, uri: str) -> None:
    """Subscribe, and let the server begin to follow."""
    with pytest.warns(MCPDeprecationWarning):
        await here.client.subscribe_resource(uri)
    for _ in range(20):
        await asyncio.sleep(0.01)


def test_a_client_that_listens_hears_of_changes() -> None:
    async def work() -> None:
        async with served(flows.waiting, mode="2026-07-28") as here:
            session = await started(here, "waiting")
            uri = f"tenuto://sessions/{session}"
            async with here.client.listen(resource_subscriptions=[uri]) as changes:
                for _ in range(20):
                    await asyncio.sleep(0.01)
                await here.runtime.session(session).signal("reply")
                async for change in changes:
                    assert str(change.uri) == uri  # type: ignore[union-attr]
                    break

    run(work)


def test_what_is_no_session_can_be_subscribed_to_and_never_changes() -> None:
    async def work() -> None:
        async with served(flows.hello, mode="legacy") as here:
            await subscribe(here, "tenuto://sessions/nowhere")
            await subscribe(here, "test://anything")
            assert text_of(await here.call("hello", name="Ada")) == "Hello, Ada!"

    run(work)
