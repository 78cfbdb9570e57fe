"""The process that is killed: moves the table `t`, and tells when it is done."""

from __future__ import annotations

import msgspec

from tenuto.teams.migration.moving import quarantine
from tenuto.teams.migration.plan import Plan
from tests.teams.migration.moving.ground import moved, opened

assert quarantine, "loaded before the fork, as all that the load needs"


def load(source: str, target: str, plan: bytes) -> None:
    """Move all ranges; end with exit code 0 when nothing failed."""
    with opened(source, target) as (left, right):
        for one in moved(left, right, msgspec.json.decode(plan, type=Plan)):
            assert one.failure is None, one.failure.message
