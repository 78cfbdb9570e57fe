"""kill -9 at many places; the team goes on to the same report, and no session is there twice."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

import tenuto
from tenuto.teams.research import team
from tests.adapters.offline.conversation import LIGHTHOUSES

QUESTION: Final = "How many nights do the batteries at Kittiwake Rock last?"
PARTS: Final = 3
"""Sub-questions of it."""


def inputs(**more: Any) -> dict[str, Any]:
    return {"question": QUESTION, "documents": str(LIGHTHOUSES), **more}


def researched(**more: Any) -> dict[str, Any]:
    output = tenuto.run(team.workflow, inputs(**more), timeout=30)
    assert isinstance(output, dict)
    return output


# Runs the team on a file, and kills itself once the log has this many events.
CHILD: Final = """
import asyncio, os, signal, sys
import tenuto
from tenuto.teams.research import team

async def main(db, question, documents, version):
    async with tenuto.open(db) as runtime:
        given = {"question": question, "documents": documents}
        session = await runtime.start(team.workflow, given, key="the one")
        async for stored in session.events():
            if stored.version >= int(version):
                os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(*sys.argv[1:]))
"""


def went_on(db: str) -> tuple[Any, int]:
    """Return the output and the number of sessions after the file is opened again."""

    async def main() -> tuple[Any, int]:
        async with tenuto.open(db, workflows=[team.workflow]) as runtime:
            session = await runtime.start(team.workflow, inputs(), key="the one")
            output = await session.result(30)
            heads = await runtime.sessions()
            assert {head.parent for head in heads} == {None, session.id}
            return output, len(heads)

    return asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize("version", [2, 9, 13, 14, 16, 25, 40])
def test_p1_a_team_that_is_killed_goes_on_to_the_same_report(tmp_path: Path, version: int) -> None:
    db = f"sqlite:///{tmp_path}/t.db"
    arguments = [db, QUESTION, str(LIGHTHOUSES), str(version)]

    killed = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], env=os.environ, timeout=60, check=False
    )
    output, count = went_on(db)

    assert killed.returncode == -signal.SIGKILL
    assert count == 1 + PARTS
    assert output == researched()


@pytest.mark.slow
def test_an_index_that_is_lost_with_the_process_is_made_again(tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path}/t.db"
    arguments = [db, QUESTION, str(LIGHTHOUSES), "6"]

    subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], env=os.environ, timeout=60, check=False
    )
    for file in (tmp_path / "collections").glob("*.index*"):
        file.unlink()

    assert went_on(db) == (researched(), 1 + PARTS)
