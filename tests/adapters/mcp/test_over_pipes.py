"""Servers that are child processes: what they give, what goes wrong, and that they end."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Command, McpServer, Rules
from tenuto.core.errors import Escalatable, Fatal, Rejected, Transient
from tests.adapters.mcp.using import Hand, call, failure_of, plain, run, tools_of, until, using

SECRET = "a-very-secret-token"

pytestmark = pytest.mark.slow


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "told.jsonl"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    monkeypatch.setenv("NOBODYS_BUSINESS", "a value of this process")
    yield


def told(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def methods_told(log: Path) -> list[object]:
    return [message["method"] for message in told(log)]


def test_the_tools_of_all_pages_are_there_and_can_be_called(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            tools = await tools_of(server)

            assert list(tools) == ["echo", "read", "hang", "die"]
            assert tools["echo"].spec.description == "Does echo."
            assert tools["echo"].spec.parameters["required"] == ["text"]
            assert await call(tools["echo"], text="hello") == "echo: hello"

    run(story())


def test_nothing_is_claimed_that_the_client_cannot_do(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            await server.tools()

    run(story())

    initialize = next(message for message in told(log) if message["method"] == "initialize")
    assert initialize["params"]["capabilities"] == {}  # type: ignore[index]  # of this message


def test_a_server_without_tools_has_none_and_is_not_asked_for_them(log: Path) -> None:
    async def story() -> None:
        async with using(plain("no_tools", log)) as server:
            assert await server.tools() == ()

    run(story())

    assert "tools/list" not in methods_told(log)


def test_a_tool_is_taken_for_the_worst_unless_its_hints_are_trusted(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            read = (await tools_of(server))["read"]
            assert (read.safe, read.once) == (False, True)
            assert (read.labels, read.permission) == (("untrusted",), "mcp:shop:read")
        async with using(plain("good", log), Rules(trust=True)) as server:
            tools = await tools_of(server)
            assert (tools["read"].safe, tools["read"].once) == (True, False)
            assert tools["read"].labels == ("untrusted",)
            assert (tools["die"].safe, tools["die"].once) == (False, True)
        async with using(plain("good", log), Rules(idempotent=("re*",))) as server:
            tools = await tools_of(server)
            assert (tools["read"].safe, tools["read"].once) == (False, False)
            assert tools["echo"].once

    run(story())


def test_a_tool_that_cannot_be_shown_to_a_model_is_left_out_with_the_reason(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            await server.tools()

            assert set(server.left_out) == {"odd", "away", "echo"}
            assert "odd" in server.left_out["odd"]
            assert "nothing is fetched" in server.left_out["away"]
            assert server.left_out["echo"] == "another has that name"

    run(story())


def test_arguments_that_do_not_fit_are_refused_before_anything_is_sent(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            echo = (await tools_of(server))["echo"]

            with pytest.raises(Rejected, match="do not fit tool 'echo': at text: 3 is not of type"):
                echo.bind({"text": 3})

    run(story())

    assert "tools/call" not in methods_told(log)


def test_the_list_is_fetched_again_when_it_changed_and_else_not(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log), now=Hand()) as server:
            tools = await tools_of(server)
            again = await tools_of(server)
            assert methods_told(log).count("tools/list") == 2
            await call(tools["read"], text="rename")
            changed = await tools_of(server)

            assert again == tools
            assert list(changed) == ["renamed", "read", "hang", "die"]
            assert changed["read"] is tools["read"]

    run(story())


def test_the_list_is_fetched_again_after_a_while_in_case_a_telling_was_lost(log: Path) -> None:
    async def story() -> None:
        now = Hand()
        async with using(plain("good", log), now=now) as server:
            await server.tools()
            now.seconds += 61
            await server.tools()

    run(story())

    assert methods_told(log).count("tools/list") == 4


def test_a_list_without_an_end_is_given_up(log: Path) -> None:
    async def story() -> None:
        async with using(plain("endless", log)) as server:
            failure = await failure_of(server.tools())

            assert isinstance(failure, Escalatable)
            assert "a list of tools without an end" in str(failure)

    run(story())


def test_a_list_that_makes_no_sense_is_told(log: Path) -> None:
    async def story() -> None:
        async with using(plain("bad_list", log)) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Transient, "bad_answer")
            assert "its list of tools with what makes no sense" in str(failure)

    run(story())


def test_a_command_that_is_not_there_waits_for_a_person() -> None:
    async def story() -> None:
        async with using(Command(command=("no-such-program",))) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Escalatable, "no_such_command")
            assert "there is no command 'no-such-program'" in str(failure)

    run(story())


def test_a_folder_that_is_not_there_waits_for_a_person(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log, cwd="no-such-folder")) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Escalatable, "no_such_command")
            assert "its folder 'no-such-folder'" in str(failure)

    run(story())


def test_a_server_that_exits_at_its_start_is_told_with_its_last_words(log: Path) -> None:
    async def story() -> None:
        async with using(plain("exits", log, env={"TOKEN": "${SHOP_TOKEN}"})) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Escalatable, "server_exited")
            assert str(failure) == (
                "MCP server 'shop' ended before it was ready. Its last words: the token *** is no "
                "good. Mend it, then approve to try again."
            )

    run(story())


def test_a_server_that_never_gets_ready_is_given_up_in_time(log: Path) -> None:
    async def story() -> None:
        async with using(plain("mute", log), Rules(connect_timeout=1)) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Transient, "connect_timeout")
            assert "did not get ready (within 1 s)" in str(failure)

    run(story())


def test_another_version_of_the_protocol_is_told(log: Path) -> None:
    async def story() -> None:
        async with using(plain("ancient", log)) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Escalatable, "protocol_version")
            assert "does not (1999-01-01); it speaks 2024-11-05, " in str(failure)

    run(story())


def test_a_variable_that_is_not_set_waits_for_a_person(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log, env={"TOKEN": "${NO_SUCH_TOKEN}"})) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Escalatable, "missing_secret")
            assert "'NO_SUCH_TOKEN' is not set" in str(failure)

    run(story())


def test_after_a_vain_start_the_next_waits_a_little_longer_each_time() -> None:
    async def story() -> None:
        now = Hand()
        async with using(Command(command=("no-such-program",)), now=now) as server:
            assert (await failure_of(server.tools())).code == "no_such_command"

            first = await failure_of(server.tools())
            assert (first.code, first.retry_after_ms) == ("backing_off", 500)
            now.seconds += 0.5
            assert (await failure_of(server.tools())).code == "no_such_command"
            assert (await failure_of(server.tools())).retry_after_ms == 1_000

    run(story())


def test_a_call_that_hangs_is_given_up_in_time_and_the_server_is_told(log: Path) -> None:
    async def story() -> None:
        rules = Rules(timeout=0.5, idempotent=("hang",))
        async with using(plain("good", log), rules) as server:
            tools = await tools_of(server)
            failure = await failure_of(call(tools["hang"], text=""))

            assert (type(failure), failure.code) == (Transient, "timeout")
            assert "(within 0.5 s; its last progress was 3 of 10)" in str(failure)
            assert "'not a message'" in str(failure)
            assert await call(tools["echo"], text="still there") == "echo: still there"

    run(story())

    assert "notifications/cancelled" in methods_told(log)


def test_a_cancelled_call_tells_the_server(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            hang = (await tools_of(server))["hang"]
            calling = asyncio.ensure_future(call(hang, text=""))
            await until(lambda: "tools/call" in methods_told(log))
            calling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calling

    run(story())

    *_, request, cancelled = told(log)
    assert cancelled["method"] == "notifications/cancelled"
    assert cancelled["params"]["requestId"] == request["id"]  # type: ignore[index]  # of this message


def test_what_may_not_be_done_twice_is_in_doubt_when_nobody_knows(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log), Rules(timeout=0.5)) as server:
            tools = await tools_of(server)
            for failure in (
                await failure_of(call(tools["hang"], text="")),
                await failure_of(call(tools["die"], text="")),
                await failure_of(call((await tools_of(server))["echo"], text="nonsense")),
            ):
                assert (type(failure), failure.code) == (Escalatable, "in_doubt")
                assert "Nobody knows whether it was done" in str(failure)

    run(story())


def test_what_may_be_done_twice_is_tried_again_when_the_server_died(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log), Rules(idempotent=("*",))) as server:
            tools = await tools_of(server)
            died = await failure_of(call(tools["die"], text=""))
            nonsense = await failure_of(call(tools["echo"], text="nonsense"))

            assert (type(died), died.code) == (Transient, "server_died")
            assert "ended during a call of 'die'. Its last words: Segmentation fault." in str(died)
            assert (type(nonsense), nonsense.code) == (Transient, "bad_answer")

    run(story())


def test_the_next_use_after_the_server_died_starts_it_again(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            tools = await tools_of(server)
            await asyncio.gather(
                failure_of(call(tools["die"], text="")), failure_of(call(tools["hang"], text=""))
            )

            assert await call(tools["echo"], text="again") == "echo: again"
            assert (await tools_of(server))["echo"] is tools["echo"]

    run(story())

    assert methods_told(log).count("initialize") == 2


def test_a_server_that_died_unused_is_started_again_unnoticed(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            tools = await tools_of(server)
            connection = server._connection
            assert connection is not None
            os.kill(await child_of(server), 9)
            await connection._over.wait()

            assert await call(tools["echo"], text="again") == "echo: again"

    run(story())


def test_an_error_of_the_protocol_and_one_of_the_tool_go_to_the_model(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log, env={"TOKEN": "${SHOP_TOKEN}"})) as server:
            echo = (await tools_of(server))["echo"]
            refused = await failure_of(call(echo, text="refuse"))
            failed = await failure_of(call(echo, text="secret"))

            assert (type(refused), refused.code) == (Fatal, "refused")
            assert "refuses a call of 'echo' (-32602): no such thing." in str(refused)
            assert (type(failed), failed.code, str(failed)) == (Fatal, "tool_error", "it is ***")

    run(story())


def test_a_child_gets_what_it_is_given_and_no_other_variable(log: Path) -> None:
    async def story() -> None:
        place = plain("good", log, env={"TOKEN": "${SHOP_TOKEN}"}, inherit=("NOBODYS_BUSINESS",))
        for inherits in (place, plain("good", log)):
            async with using(inherits) as server:
                found = await call((await tools_of(server))["echo"], text="environment")

                assert isinstance(found, dict)
                assert "SHOP_TOKEN" not in found
                assert ("NOBODYS_BUSINESS" in found) is (inherits is place)
                assert found.get("TOKEN") == ("***" if inherits is place else None)
                assert "PATH" in found

    run(story())


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_closing_ends_the_child_even_one_that_will_not(log: Path) -> None:
    async def story() -> None:
        for behaviour in ("good", "stubborn"):
            async with using(plain(behaviour, log)) as server:
                child = await child_of(server)
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)

    run(story())


def test_a_server_that_was_let_go_starts_again_when_it_is_used(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            echo = (await tools_of(server))["echo"]
            await server.close()
            await server.close()

            assert await call(echo, text="again") == "echo: again"

    run(story())


def test_many_tasks_use_one_connection_at_once(log: Path) -> None:
    async def story() -> None:
        async with using(plain("good", log)) as server:
            lists = await asyncio.gather(*(tools_of(server) for _ in range(5)))
            echo = lists[0]["echo"]
            calls = await asyncio.gather(*(call(echo, text=str(n)) for n in range(20)))

            assert calls == [f"echo: {n}" for n in range(20)]

    run(story())

    assert methods_told(log).count("initialize") == 1


def test_a_task_that_is_cancelled_while_it_connects_leaves_no_child(log: Path) -> None:
    async def story() -> None:
        async with using(plain("mute", log)) as server:
            asking = asyncio.ensure_future(server.tools())
            await until(lambda: log.exists() and "initialize" in methods_told(log))
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

            assert server._connection is None

    run(story())


def test_the_same_source_serves_one_loop_after_the_other(log: Path) -> None:
    server = McpServer("shop", plain("good", log), Rules(), schemas=JsonSchemas())

    async def story() -> None:
        tools = await tools_of(server)
        assert await call(tools["echo"], text="x") == "echo: x"
        await server.close()

    run(story())
    run(story())


async def child_of(server: McpServer) -> int:
    """Return the process id of a server."""
    value: Any = await call((await tools_of(server))["echo"], text="pid")
    return int(value["pid"])
