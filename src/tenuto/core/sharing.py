"""Which of several processes runs which sessions of one database.

The sessions of a workflow are parted into shards by their ids. A process that works is a member; it
says which workflows it knows, and each shard of these belongs to one member at a time. Who that is
follows from who is there: every member comes to the same answer by itself. Members have numbers
that are never used again, so a number fences off what its owner does too late.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from tenuto.core.vocabulary import SessionId

SHARDS: Final = 64
"""Of each workflow: enough to be spread evenly over some twenty processes."""
NOBODY: Final = 0
"""In place of an owner's number."""


class Shard(NamedTuple):
    """A part of the sessions of a workflow."""

    workflow: str
    number: int


class Member(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A process that works on the database."""

    number: int
    """Its fencing token: larger than that of every member before it."""
    name: str
    workflows: tuple[str, ...] = ()
    """Those it knows, sorted."""
    works: bool = True
    """False: it starts and steers sessions, and leaves it to others to run them."""
    adopts: bool = False
    """It runs the sessions of workflows that no member knows, too."""
    duties: tuple[str, ...] = ()
    """What it would do for all, as one does of those who would; sorted."""


class Survey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who is there at one moment, and what belongs to whom."""

    members: tuple[Member, ...]
    owners: Mapping[Shard, int]
    """Of every shard that there is; of one whose owner is not among the members it is nobody's."""

    def owner_of(self, shard: Shard) -> int:
        """Return the number of the member that owns the shard, or `NOBODY`."""
        owner = self.owners.get(shard, NOBODY)
        return owner if any(member.number == owner for member in self.members) else NOBODY


class Plan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a member does about a survey."""

    take: frozenset[Shard]
    """Nobody's, and meant for this member."""
    give: Mapping[Shard, int]
    """This member's, and meant for another."""


def shard_of(workflow: str, session: SessionId) -> Shard:
    """Return the shard of a session: its id's last two characters say which. The database works it
    out in the same way."""
    one, other = ord(session[-2:][0]), ord(session[-1])
    return Shard(workflow, (13 * one + other) % SHARDS)


@lru_cache(maxsize=256)
def spread(members: tuple[int, ...]) -> tuple[int, ...]:
    """Return for each shard number the member that it is meant for.

    No member gets more than its part, and when one comes or goes few shards change hands.
    Source: consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2018), by
    the highest random weight (Thaler and Ravishankar, 1998)."""
    assert members, "somebody is there"
    room = {member: -(-SHARDS // len(members)) for member in members}
    meant: list[int] = []
    for number in range(SHARDS):
        free = [member for member in members if room[member]]
        chosen = max(free, key=lambda member: _weight(number, member))
        room[chosen] -= 1
        meant.append(chosen)
    return tuple(meant)


def plan(me: int, survey: Survey) -> Plan:
    """Return what member `me` should take and give."""
    owners, there = survey.owners, {member.number for member in survey.members}
    take: set[Shard] = set()
    give: dict[Shard, int] = {}
    for workflow, candidates in _candidates(survey).items():
        for number, meant in enumerate(spread(candidates)):
            shard = Shard(workflow, number)
            owner = owners.get(shard, NOBODY)
            if owner == me != meant:
                give[shard] = meant
            elif meant == me and owner not in there:
                take.add(shard)
    return Plan(take=frozenset(take), give=give)


def leader_of(duty: str, members: Iterable[Member]) -> int:
    """Return who does what one does for all: the member that is there for longest; or `NOBODY`."""
    return min((one.number for one in members if duty in one.duties), default=NOBODY)


def owned_by(me: int, owners: Mapping[Shard, int]) -> frozenset[Shard]:
    """Return the shards of member `me`."""
    return frozenset(shard for shard, owner in owners.items() if owner == me)


def unknown_to(workflows: Collection[str], owners: Mapping[Shard, int]) -> tuple[str, ...]:
    """Return those of `workflows` that have no shards yet, sorted."""
    known = {shard.workflow for shard in owners}
    return tuple(sorted(set(workflows) - known))


def _candidates(survey: Survey) -> dict[str, tuple[int, ...]]:
    """Return who may run which workflow: those who know it; else those who adopt it."""
    found: dict[str, list[int]] = {}
    working = sorted((one for one in survey.members if one.works), key=lambda one: one.number)
    for member in working:
        for workflow in member.workflows:
            found.setdefault(workflow, []).append(member.number)
    adopters = tuple(member.number for member in working if member.adopts)
    candidates = dict.fromkeys((shard.workflow for shard in survey.owners), adopters)
    candidates |= {workflow: tuple(numbers) for workflow, numbers in found.items()}
    return {workflow: numbers for workflow, numbers in candidates.items() if numbers}


def _weight(number: int, member: int) -> bytes:
    return blake2b(f"{number} {member}".encode(), digest_size=8).digest()
