"""kill -9 at many places; the team goes on to the same report, and no session is there twice."""

import asyncio
import json
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


# Runs the team on a file, gives it the feedback there is, and kills itself once the log of a
# session of that workflow has this many events.
CHILD: Final = """
import asyncio, json, os, signal, sys
import tenuto
from tenuto.ports.event_store import HeadQuery
from tenuto.teams.research import team

async def main(db, given, workflow, version, *feedback):
    async with tenuto.open(db) as runtime:
        session = await runtime.start(team.workflow, json.loads(given), key="the one")
        for text in feedback:
            await session.signal("feedback", text)
        while not (heads := await runtime.sessions(HeadQuery(workflow=workflow))):
            await asyncio.sleep(0)
        async for stored in runtime.session(heads[0].session).events():
            if stored.version >= int(version):
                os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(*sys.argv[1:]))
"""


def killed(db: str, at: int, *feedback: str, workflow: str = "research", **more: Any) -> None:
    """Run the team in a process of its own until it is killed at this version."""
    arguments = [db, json.dumps(inputs(**more)), workflow, str(at), *feedback]
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], env=os.environ, timeout=60, check=False
    )
    assert ended.returncode == -signal.SIGKILL


def went_on(db: str, *feedback: str, **more: Any) -> tuple[Any, int]:
    """Return the output and the number of sessions after the file is opened again."""

    async def main() -> tuple[Any, int]:
        async with tenuto.open(db, workflows=[team.workflow]) as runtime:
            session = await runtime.start(team.workflow, inputs(**more), key="the one")
            for text in feedback:
                await session.signal("feedback", text)
            output = await session.result(30)
            heads = await runtime.sessions()
            assert {head.parent for head in heads} == {None, session.id}
            return output, len(heads)

    return asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize("version", [2, 9, 13, 16, 25, 40, 60])
def test_p1_a_team_that_is_killed_goes_on_to_the_same_report(tmp_path: Path, version: int) -> None:
    db = f"sqlite:///{tmp_path}/t.db"

    killed(db, version)

    assert went_on(db) == (researched(), 1 + PARTS)


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 6, 13, 20, 30])
def test_p1_a_team_that_is_killed_amid_its_parts_goes_on_to_the_same_report(
    tmp_path: Path, version: int
) -> None:
    db = f"sqlite:///{tmp_path}/t.db"

    killed(db, version, workflow="research-part")

    assert went_on(db) == (researched(), 1 + PARTS)


@pytest.mark.slow
@pytest.mark.parametrize("version", [72, 76, 80, 84, 88, 100, 120])
def test_p1_a_team_that_is_killed_amid_its_refinement_goes_on_to_the_same_versions(
    tmp_path: Path, version: int
) -> None:
    feedback = ("shorter, and compare Gannet Head", "as bullet points")

    killed(f"sqlite:///{tmp_path}/t.db", version, *feedback, refine=True)
    again, count = went_on(f"sqlite:///{tmp_path}/t.db", "done", refine=True)
    whole, _ = went_on(f"sqlite:///{tmp_path}/whole.db", *feedback, "done", refine=True)

    assert again == whole
    assert count == 1 + PARTS + 1
    assert [version["because"] for version in again["versions"]] == ["", *feedback]


@pytest.mark.slow
def test_an_index_that_is_lost_with_the_process_is_made_again(tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path}/t.db"

    killed(db, 9)
    for file in (tmp_path / "collections").glob("*.index*"):
        file.unlink()

    assert went_on(db) == (researched(), 1 + PARTS)
