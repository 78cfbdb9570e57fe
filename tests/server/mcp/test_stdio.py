"""`tenuto mcp` over stdin and stdout, as a process of its own that is also killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tenuto
from tenuto.bootstrap.opening import OpenRuntime
from tenuto.cli.verbs.mcp import after_a_predecessor
from tenuto.core.errors import StoreOwned
from tests.server.mcp.serving import command, environment, over_stdio, run, text_of

ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
INITIALIZE = (
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
    '"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}'
)
INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}'


def spawn(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def talk(folder: Path, *lines: str, flow: str = "hello") -> tuple[int, list[Any], str]:
    """Send lines, read as many answers as are to come, close; return them and the exit code."""
    process = spawn(folder, flow)
    assert process.stdin is not None and process.stdout is not None
    for line in lines:
        process.stdin.write(line + "\n")
    process.stdin.flush()
    count = sum(line != INITIALIZED for line in lines)
    answers = [msgspec.json.decode(process.stdout.readline()) for _ in range(count)]
    out, err = process.communicate(timeout=30)
    assert out == "", "stdout ends with the last answer"
    return process.returncode, answers, err


async def until(done: Callable[[], bool]) -> None:
    for _ in range(1_500):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("that took too long")


@pytest.mark.slow
@ERAS
def test_a_client_calls_a_workflow_and_hears_its_progress(tmp_path: Path, mode: str) -> None:
    told: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async def work() -> None:
        async with over_stdio(tmp_path, "hello", mode=mode) as client:
            result = await client.call_tool("hello", {"name": "Ada"}, progress_callback=hear)

        assert text_of(result) == "Hello, Ada!"
        assert told[0] == "greet starts (function)"

    run(work)


@pytest.mark.slow
def test_whatever_a_workflow_prints_keeps_away_from_the_protocol(tmp_path: Path) -> None:
    call = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"chatting"}}'

    code, answers, err = talk(tmp_path, INITIALIZE, INITIALIZED, call, flow="chatting")

    assert code == 0
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"] == {"output": "read nothing"}
    for words in ("a module that prints", "printed", "written", "by a program"):
        assert words in err


@pytest.mark.slow
def test_each_malformed_request_gets_one_answer_and_the_next_is_served(tmp_path: Path) -> None:
    code, answers, _ = talk(
        tmp_path,
        INITIALIZE,
        INITIALIZED,
        "this is no JSON",
        '{"jsonrpc":"1.0"}',
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":7}}',
        '{"jsonrpc":"2.0","id":3,"method":"no/such","params":{}}',
        '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"helo"}}',
        '{"jsonrpc":"2.0","id":5,"method":"ping"}',
    )

    assert code == 0
    found = sorted((str(a["id"]), a.get("error", {}).get("code")) for a in answers[1:])
    assert found == [
        ("2", -32602),
        ("3", -32601),
        ("4", -32602),
        ("5", None),
        ("None", -32700),
        ("None", -32600),
    ]


@pytest.mark.slow
def test_a_server_killed_in_the_middle_of_a_call_is_followed_by_one_that_ends_the_session(
    tmp_path: Path,
) -> None:
    async def work() -> None:
        with pytest.raises(BaseException):  # noqa: B017  (the transport's own, of any kind)
            async with over_stdio(tmp_path, "lingering", "--db", "l.db") as client:
                call = asyncio.create_task(
                    client.call_tool("lingering", meta={"tenuto/key": "order-17"})  # type: ignore[typeddict-unknown-key]
                )
                await until((tmp_path / "lingered").exists)
                kill_server(tmp_path)
                await call
        (tmp_path / "go").touch()
        async with over_stdio(tmp_path, "lingering", "--db", "l.db") as client:
            again = await client.call_tool("lingering", meta={"tenuto/key": "order-17"})  # type: ignore[typeddict-unknown-key]
            sessions = (await client.list_resources()).resources

        assert text_of(again) == "gone"
        assert len(sessions) == 1

    run(work)
    effects = (tmp_path / "lingered").read_text().splitlines()
    assert len(effects) == 2, "the work was begun again by the second server"
    assert len(set(effects)) == 1, "and it is the same effect"


def kill_server(folder: Path) -> None:
    """`kill -9` the one process whose present folder this is, and that is not this one."""
    found = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid() and is_in(entry, folder)
    ]
    assert len(found) == 1
    os.kill(found[0], signal.SIGKILL)


def is_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == folder.resolve()
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 130), (signal.SIGINT, 130)])
def test_a_server_that_is_told_to_stop_does_so_while_its_client_is_silent(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = spawn(tmp_path, "hello")
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(INITIALIZE + "\n")
    process.stdin.flush()
    process.stdout.readline()

    process.send_signal(number)

    assert process.wait(timeout=20) == code
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_what_cannot_be_served_is_said_once_on_stderr(tmp_path: Path) -> None:
    process = spawn(tmp_path, "nowhere.yaml")
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (2, "")
    assert err.startswith("tenuto: No file 'nowhere.yaml' was found.")


@pytest.mark.slow
def test_without_an_open_stdin_there_is_nobody_to_serve(tmp_path: Path) -> None:
    line = " ".join([*command("hello"), "<&-"])
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "both must be open" in done.stderr


@pytest.mark.slow
def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['mcp'] = None; sys.modules['mcp_types'] = None; "
    start = "from tenuto.cli import main; sys.argv = ['tenuto', 'mcp', 'x.yaml']; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", hidden + start],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert "pip install 'tenuto[mcp]'" in done.stderr


def test_a_server_waits_for_the_one_that_its_client_has_just_left(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'l.db'}"

    async def work() -> None:
        has_tried = asyncio.Event()

        def trying() -> OpenRuntime:
            has_tried.set()
            return tenuto.open(url)

        async with AsyncExitStack() as stack:
            async with tenuto.open(url):
                with pytest.raises(StoreOwned):
                    await after_a_predecessor(stack, trying, seconds=0)
                has_tried.clear()
                successor = asyncio.create_task(after_a_predecessor(stack, trying, seconds=20))
                await has_tried.wait()
            assert await (await successor).sessions() == ()

    run(work)
