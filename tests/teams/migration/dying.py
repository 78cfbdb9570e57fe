"""Workflows of the team in processes of their own, which are killed on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.teams.migration.shop import ROOT

# Kills itself when the log has so many commits more.
CHILD: Final = """
import asyncio, importlib, json, os, signal, sys
import tenuto

async def main(team, db, inputs, commits):
    async with tenuto.open(db) as runtime:
        changes = runtime.changes
        before = await changes.last()

        async def die():
            seen = 0
            async for _ in changes.after(before):
                seen += 1
                if seen >= int(commits):
                    os.kill(os.getpid(), signal.SIGKILL)

        dying = asyncio.create_task(die())
        workflow = importlib.import_module(team).team.workflow
        session = await runtime.start(workflow, json.loads(inputs), key="the one")
        print(json.dumps(await session.result(120)))
        dying.cancel()

asyncio.run(main(*sys.argv[1:]))
"""
MIGRATION: Final = "tenuto.teams.migration.flow"
CATCHING_UP: Final = "tenuto.teams.migration.catching_up"


def run_to_death(
    db: Path, inputs: dict[str, Any], commits: int, *, team: str = MIGRATION
) -> subprocess.CompletedProcess[str]:
    """Start the session, or go on with it, in a process that kills itself after so many commits of
    its log; return how it ended, with the session's output as JSON where it came so far."""
    return subprocess.run(
        [sys.executable, "-c", CHILD, team, f"sqlite:///{db}", json.dumps(inputs), str(commits)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
        timeout=180,
        check=False,
    )
