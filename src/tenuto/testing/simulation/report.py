"""What came of a simulation, and the story of one that failed."""

import hashlib
from typing import Final

import msgspec

from tenuto.core.memory.items import MemoryItem
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.testing.simulation.faults import EPOCH_MS, Faults
from tenuto.testing.simulation.process import Site
from tenuto.testing.simulation.witness import Violation

_EVENT_CHARS_MAX: Final = 240


class SimulationReport(msgspec.Struct, frozen=True, kw_only=True):
    """One simulated fleet: how much happened in it, and the first promise it broke, if any."""

    seed: str
    violation: Violation | None
    log_digest: str
    """SHA-256 of the whole log: equal for equal seeds, whatever the machine."""
    definition: WorkflowDefinition
    faults: Faults
    sessions: int
    events: int
    crashes: int
    executions: int
    virtual_seconds: float
    statuses: dict[str, int]
    """How many sessions ended how."""
    timeline: tuple[str, ...]
    commits: int = 0
    outputs: tuple[Json, ...] = ()
    """Of the sessions, in order of their start; null where one has none."""
    remembered: tuple[MemoryItem, ...] = ()
    """What agents kept in their memory, in the order in which it came there."""
    asked: int = 0
    """Requests that the given models got."""
    reproduce: str = ""
    """A line of Python that shows the failure again."""

    def check(self) -> None:
        """Return when every promise was kept.

        Raises:
            AssertionError: one was broken; the message tells the whole story.
        """
        if self.violation is not None:
            raise AssertionError(self.story())

    def story(self) -> str:
        """Return what happened in order, for people."""
        lines = [f"Seed {self.seed}: {self.violation or 'every promise was kept'}", ""]
        lines += self.timeline
        graph = msgspec.json.encode(self.definition).decode()
        lines += ["", f"workflow: {graph}", f"reproduce: {self.reproduce}"]
        return "\n".join(lines)


def digest_of(site: Site) -> str:
    """Return the SHA-256 of everything that the log holds."""
    digest = hashlib.sha256()
    for stored, _ in site.witness.commits:
        digest.update(f"{stored.session}@{stored.version}/{stored.position}:".encode())
        digest.update(stored.payload)
    return digest.hexdigest()


def timeline_of(site: Site) -> tuple[str, ...]:
    """Return all commits, crashes and deeds in order, one line each."""
    lines: list[str] = []
    story = list(site.story)
    for number, (stored, events) in enumerate(site.witness.commits):
        lines += _told_before(story, number)
        for event in events:
            text = repr(event).replace(f"at_ms={event.at_ms}, ", "").replace("\n", " ")
            moment = (event.at_ms - EPOCH_MS) / 1000
            lines.append(f"{moment:10.3f} {stored.session} {text:.{_EVENT_CHARS_MAX}}")
    return (*lines, *_told_before(story, len(site.witness.commits) + 1))


def _told_before(story: list[tuple[int, float, str]], number: int) -> list[str]:
    told = []
    while story and story[0][0] <= number:
        _, now_s, text = story.pop(0)
        told.append(f"{now_s:10.3f} -- {text}")
    return told
