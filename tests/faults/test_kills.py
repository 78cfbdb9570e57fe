"""`kill -9` at any moment: what the killed process had acknowledged is there, nothing by half."""

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tenuto.core.vocabulary import Position
from tests.faults.ledger import Ledger, check

KILLS: Final = 60
CHECK_EVERY: Final = 10


def printed_until_killed(command: list[str], *, after_lines: int) -> list[str]:
    """Run the command, kill it once it has printed so many lines, and return all whole lines."""
    lines: list[bytes] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for line in child.stdout:
            lines.append(line)
            if len(lines) == after_lines:
                child.kill()
    assert child.returncode == -signal.SIGKILL, "it ended by itself"
    return [line.decode() for line in lines if line.endswith(b"\n")]


@pytest.mark.slow
def test_killed_writers_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(9)
    file = tmp_path / "store.db"
    command = [sys.executable, str(Path(__file__).with_name("appending_child.py")), str(file)]
    ledger = Ledger()
    for kill in range(1, KILLS + 1):
        for line in printed_until_killed(command, after_lines=chance.randrange(1, 250)):
            session, version, position = line.split()
            ledger.commits[session, int(version)] = Position(int(position))

        if kill % CHECK_EVERY == 0:
            asyncio.run(check(file, ledger, is_exact=False))
    assert len(ledger.commits) > KILLS
