"""Calling a workflow: what comes back, when, and what goes on behind it."""

import asyncio
from typing import Any

import pytest
from mcp import MCPError
from mcp.shared.exceptions import MCPDeprecationWarning

from tenuto.server.mcp.following import BURST
from tenuto.server.mcp.visits import Terms
from tests.server.mcp import flows
from tests.server.mcp.serving import Served, first_session, run, served, text_of

ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])


@ERAS
def test_a_call_gives_the_output_as_structure_and_as_text(mode: str) -> None:
    async def work() -> None:
        async with served(flows.hello, flows.reporting, mode=mode) as here:
            greeted = await here.call("hello", name="Ada")
            reported = await here.call("reporting")

        assert greeted.structured_content == {"output": "Hello, Ada!"}
        assert text_of(greeted) == "Hello, Ada!"
        assert greeted.meta["tenuto/status"] == "completed"
        assert greeted.meta["tenuto/session"].startswith("ses_")
        assert not greeted.is_error
        assert text_of(reported) == "# Found\n\nIt is **there**.\n"
        assert reported.structured_content == {"report": text_of(reported)}

    run(work)


def test_an_output_of_content_blocks_is_given_as_such() -> None:
    async def work() -> None:
        async with served(flows.painting) as here:
            result = await here.call("painting")

        assert [block.type for block in result.content] == ["image"]
        assert result.structured_content is None

    run(work)


def test_a_very_long_output_is_whole_in_the_structure_and_begun_in_the_text() -> None:
    async def work() -> None:
        async with served(flows.filling) as here:
            result = await here.call("filling", size=1_000_000)
            session = result.meta["tenuto/session"]
            resource = await here.read(f"tenuto://sessions/{session}")

        assert result.structured_content == {"text": "é" * 1_000_000}
        assert len(text_of(result)) < 3_000
        assert f"tenuto://sessions/{session}" in text_of(result)
        assert resource["output"] == {"text": "é" * 1_000_000}

    run(work)


def test_a_failure_is_an_error_with_its_reason() -> None:
    async def work() -> None:
        async with served(flows.failing) as here:
            result = await here.call("failing")

        assert result.is_error
        assert "failed (no_page): there is no such page" in text_of(result)
        assert result.structured_content["failure"]["code"] == "no_page"

    run(work)


def test_wrong_arguments_start_nothing_and_say_what_is_wrong() -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            result = await here.call("hello", nme="Ada")

            assert result.is_error
            assert "'nme' was unexpected" in text_of(result)
            assert await here.runtime.sessions() == ()

    run(work)


def test_an_unknown_tool_is_an_error_of_the_protocol_that_names_those_there_are() -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            with pytest.raises(MCPError, match="Unknown tool: 'helo'") as caught:
                await here.call("helo")

        assert caught.value.error.code == -32602
        assert "hello, session_status" in caught.value.error.message

    run(work)


@pytest.mark.parametrize(
    ("flow", "reason"),
    [(flows.gated, "'Pay 12 euro?' is to be"), (flows.nested, "runs as a session of its own")],
)
def test_a_session_that_waits_for_a_person_is_told_at_once_and_is_no_error(
    flow: Any, reason: str
) -> None:
    async def work() -> None:
        async with served(flow, terms=Terms(wait_seconds=3_600)) as here:
            result = await here.call(flow.name)

        assert not result.is_error
        assert result.structured_content["status"] == "waiting"
        assert reason in text_of(result)
        assert f'session_result(session="{result.meta["tenuto/session"]}")' in text_of(result)

    run(work)


def test_a_call_waits_with_the_session_for_a_clock() -> None:
    async def work() -> None:
        async with served(flows.blinking) as here:
            assert text_of(await here.call("blinking")) == "awake"

    run(work)


def test_a_call_that_has_waited_long_enough_tells_the_session_and_is_no_error() -> None:
    async def work() -> None:
        async with served(flows.napping, terms=Terms(wait_seconds=0)) as here:
            result = await here.call("napping")

        assert not result.is_error
        assert result.meta["tenuto/status"] in ("waiting", "running")
        assert result.meta["tenuto/session"] in text_of(result)

    run(work)


def test_two_calls_with_one_key_are_one_session() -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            first, again = await asyncio.gather(
                here.call("hello", key="order-17", name="Ada"),
                here.call("hello", key="order-17", name="Ada"),
            )
            third = await here.call("hello", key="order-18", name="Ada")

        sessions = [result.meta["tenuto/session"] for result in (first, again, third)]
        assert sessions[0] == sessions[1] != sessions[2]
        assert text_of(again) == "Hello, Ada!"

    run(work)


def test_a_call_of_another_tenuto_that_is_repeated_joins_the_session_that_it_started() -> None:
    async def work() -> None:
        async with served(flows.hello) as here:
            meta: Any = {"tenuto/effectId": "ses_other:3"}
            first = await here.client.call_tool("hello", {"name": "Ada"}, meta=meta)
            again = await here.client.call_tool("hello", {"name": "Ada"}, meta=meta)

        assert first.meta == again.meta
        assert text_of(again) == "Hello, Ada!"

    run(work)


def test_sessions_are_started_for_the_user_that_the_server_serves() -> None:
    async def work() -> None:
        async with served(flows.hello, terms=Terms(user="ada")) as here:
            result = await here.call("hello", name="Ada")
            state = await here.runtime.session(result.meta["tenuto/session"]).state()

        assert state.user == "ada"

    run(work)


def test_a_key_of_another_workflow_starts_nothing() -> None:
    async def work() -> None:
        async with served(flows.hello, flows.reporting) as here:
            await here.call("hello", key="k", name="Ada")
            result = await here.call("reporting", key="k")

            assert result.is_error
            assert "for another workflow. Nothing was started" in text_of(result)
            assert len(await here.runtime.sessions()) == 1

    run(work)


@pytest.mark.parametrize("key", ["", "k" * 201, 7])
def test_a_key_that_is_none_is_refused(key: Any) -> None:
    async def work() -> None:
        async with served(flows.reporting) as here:
            with pytest.raises(MCPError, match="a text of 1 to 200 characters"):
                await here.call("reporting", key=key)

            assert await here.runtime.sessions() == ()

    run(work)


def test_progress_is_told_to_whoever_asked() -> None:
    async def work() -> None:
        told: list[tuple[float, str | None]] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            told.append((progress, message))

        async with served(flows.hello, mode="legacy") as here:
            await here.client.call_tool("hello", {"name": "Ada"}, progress_callback=hear)

        numbers = [number for number, _ in told]
        lines = [str(line) for _, line in told]
        assert numbers == sorted(set(numbers))
        assert lines[0] == "greet starts (function)"
        assert lines[-1].startswith("greet is done in")

    run(work)


def test_a_long_map_is_not_told_item_by_item() -> None:
    async def work() -> None:
        told: list[float] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            told.append(progress)

        async with served(flows.mapped, mode="legacy") as here:
            items = list(range(3_000))
            await here.client.call_tool("mapped", {"items": items}, progress_callback=hear)

        assert BURST <= len(told) < 1_000

    run(work)


def test_notes_are_log_messages_for_a_client_that_set_the_level() -> None:
    async def work() -> None:
        logs: list[Any] = []

        async def hear(params: Any) -> None:
            logs.append(params)

        async with served(flows.hello, mode="legacy", logging_callback=hear) as here:
            await here.call("hello", name="Ada")
            silent = len(logs)
            with pytest.warns(MCPDeprecationWarning):
                await here.client.set_logging_level("info")
            await here.call("hello", name="Eve")
            with pytest.warns(MCPDeprecationWarning):
                await here.client.set_logging_level("error")
            await here.call("hello", name="Bob")

        assert silent == 0
        assert [(log.level, log.data["kind"], log.data["data"]) for log in logs] == [
            ("info", "greeting", {"to": "Eve"})
        ]

    run(work)


async def cancelled_call(here: Served) -> str:
    """Call a workflow, give the call up when its session waits, and return how that stands."""
    call = asyncio.create_task(here.call("napping"))
    session = await first_session(here, "waiting")
    call.cancel()
    await asyncio.wait({call})
    for _ in range(20):
        await asyncio.sleep(0.01)
    return (await session.state()).phase


@ERAS
@pytest.mark.parametrize(("cancels", "phase"), [(False, "running"), (True, "cancelled")])
def test_a_cancelled_call_leaves_its_session_unless_told_otherwise(
    mode: str, cancels: bool, phase: str
) -> None:
    async def work() -> None:
        async with served(flows.napping, terms=Terms(cancels=cancels), mode=mode) as here:
            assert await cancelled_call(here) == phase

    run(work)


def test_a_call_that_ends_with_the_server_was_not_cancelled() -> None:
    async def work() -> None:
        terms = Terms(cancels=True, closing=True)
        async with served(flows.napping, terms=terms) as here:
            assert await cancelled_call(here) == "running"

    run(work)


def test_a_name_that_mcp_refuses_is_called_by_its_mapped_one() -> None:
    async def work() -> None:
        async with served(flows.spaced) as here:
            names = [tool.name for tool in (await here.client.list_tools()).tools]
            assert names[0] == "weekly_report___EU"
            assert text_of(await here.call(names[0])) == "done"

    run(work)
