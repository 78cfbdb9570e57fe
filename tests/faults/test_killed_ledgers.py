"""`kill -9` in the midst of entering: the chain is whole, and what was acknowledged is in it."""

import asyncio
import random
import sys
from pathlib import Path
from typing import Final

import pytest

import tenuto
from tests.faults.test_kills import printed_until_killed

KILLS: Final = 15
CHECK_EVERY: Final = 5


@pytest.mark.slow
def test_a_killed_ledger_has_a_whole_chain_with_all_that_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(4)
    file = tmp_path / "store.db"
    command = [sys.executable, str(Path(__file__).with_name("entering_child.py")), str(file)]
    acknowledged: dict[int, str] = {}
    for kill in range(1, KILLS + 1):
        for line in printed_until_killed(command, after_lines=chance.randrange(1, 80)):
            number, digest = line.split()
            acknowledged[int(number)] = digest

        if kill % CHECK_EVERY == 0:
            asyncio.run(check(file, acknowledged))
    assert len(acknowledged) > KILLS


async def check(file: Path, acknowledged: dict[int, str]) -> None:
    # A lock or a log left behind is none of the reader's business.
    async with tenuto.open_audit(f"sqlite:///{file}") as trail:
        found = await trail.verify()
        assert found.faults == ()
        assert found.anchors > 0
        entries = {entry.number: entry.digest async for entry in trail.entries()}
    assert entries.items() >= acknowledged.items()
