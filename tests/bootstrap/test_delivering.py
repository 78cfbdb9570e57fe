"""An input reaches a session whoever owns the database."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

import tenuto
from tenuto import NotFound, Rejected, Workflow
from tenuto.bootstrap import deliver
from tenuto.core.vocabulary import SessionId

OWNER = """
import asyncio, sys
import tenuto
from tenuto import Workflow

flow = Workflow("waiter", output="outputs.ask")
flow.node("ask", wait="go")
guards = [tenuto.Guard.secrets(redact=True), tenuto.Guard.regex(deny="never", at=["input"])]

async def main():
    async with tenuto.open(sys.argv[1], guards=guards) as runtime:
        session = await runtime.start(flow)
        await session.wait_until_idle(10)
        print(session.id, flush=True)
        print(await session.result(20), flush=True)

asyncio.run(main())
"""


def waiter() -> Workflow:
    flow = Workflow("waiter", output="outputs.ask")
    flow.node("ask", wait="go")
    return flow


def test_a_letter_reaches_the_process_that_owns_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'work.db'}"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, url], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        session = SessionId(owner.stdout.readline().strip())

        asyncio.run(deliver(url, session, "signal", {"name": "go", "data": {"n": 1}}))

        assert owner.stdout.readline().strip() == "{'n': 1}"
        assert owner.wait(20) == 0
    finally:
        owner.kill()
        owner.wait()
        if owner.stdout is not None:
            owner.stdout.close()


def test_a_letter_passes_the_guards_of_the_process_that_owns_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'work.db'}"
    secret = "ghp_" + "aB3dE5" * 6
    owner = subprocess.Popen([sys.executable, "-c", OWNER, url], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        session = SessionId(owner.stdout.readline().strip())

        with pytest.raises(Rejected, match="blocks the data of signal 'go'"):
            asyncio.run(deliver(url, session, "signal", {"name": "go", "data": "never"}))
        asyncio.run(deliver(url, session, "signal", {"name": "go", "data": secret}))

        assert owner.stdout.readline().strip() == "[secret:github_token]"
        assert owner.wait(20) == 0
    finally:
        owner.kill()
        owner.wait()
        if owner.stdout is not None:
            owner.stdout.close()


def test_a_refusal_comes_back_from_the_owner(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'work.db'}"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, url], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        session = SessionId(owner.stdout.readline().strip())

        with pytest.raises(Rejected, match="no task waits for a decision"):
            asyncio.run(deliver(url, session, "approve", {}))
    finally:
        owner.kill()
        owner.wait()
        if owner.stdout is not None:
            owner.stdout.close()


def test_without_an_owner_the_input_is_recorded_and_its_work_is_left_to_the_next(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'work.db'}"
    ran: list[str] = []

    async def after(ctx: tenuto.Context) -> None:
        ran.append(ctx.effect_id)

    flow = waiter()
    flow.node("after", function=after)
    flow.edge("ask", "after")

    async def begin() -> SessionId:
        async with tenuto.open(url) as runtime:
            session = await runtime.start(flow)
            await session.wait_until_idle(10)
            return session.id

    async def finish(session: SessionId) -> None:
        async with tenuto.open(url, workflows=[flow]) as runtime:
            await runtime.session(session).result(10)

    session = asyncio.run(begin())
    asyncio.run(deliver(url, session, "signal", {"name": "go"}))

    assert ran == []
    asyncio.run(finish(session))
    assert ran == [f"{session}:2"]


def test_a_session_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'work.db'}"

    with pytest.raises(NotFound, match="ses_nobody"):
        asyncio.run(deliver(url, SessionId("ses_nobody"), "pause", {}))
