"""Drives a simulation: one process after another, a storm of faults, then calm to the end."""

import logging
import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from tenuto.core.errors import Stale, TenutoError
from tenuto.ports.event_store import Commit
from tenuto.testing.simulation.people import People
from tenuto.testing.simulation.process import Process, Site
from tenuto.testing.simulation.promises import (
    check_end,
    check_follower,
    check_quiet,
    unfinished,
)
from tenuto.testing.simulation.witness import Violation

_STORM_CALLBACKS_MAX: Final = 700
_CALLBACKS_MAX: Final = 60_000
"""A simulation that runs longer runs in circles."""
_QUIET_S: Final = 60.0
"""When nothing is to happen for so long, everybody must know what he waits for."""
_PAUSE_AFTER_CRASH_S: Final = 2.0
_CLOCK_JUMP_MS: Final = 3_600_000


class Fleet:
    """One simulation, from the first start to the last end."""

    def __init__(self, site: Site, people: People) -> None:
        self._site, self._people = site, people
        self._dice = random.Random(f"{site.seed}/fleet")
        self._storm_callbacks = self._dice.randint(50, _STORM_CALLBACKS_MAX)
        self._callbacks = 0
        self.crashes = 0
        self._dead: list[Process] = []
        self._late: list[Commit] = []
        self.process = Process(site, 0)

    def run(self) -> Violation | None:
        """Return the first broken promise, or None."""
        with _silent_log():
            while not self._site.witness.violations:
                if self.process.loop.has_ready():
                    self._run_one()
                elif not self._let_time_pass():
                    break
            if not self._site.witness.violations:
                self._end()
            self.process.kill()
        violations = self._site.witness.violations
        return violations[0] if violations else None

    def _run_one(self) -> None:
        process, weather = self.process, self._site.weather
        with process.loop.running():
            process.loop.run_one()
            self._callbacks += 1
            if process.is_open:
                self._people.start_all(process)
            if not weather.calm:
                self._storm()
        if process.loop.unhandled:
            error = process.loop.unhandled.pop()
            if isinstance(error, Violation):
                self._site.witness.violations.append(error)
            else:
                self._site.witness.object_to("P8", f"Nobody caught {error!r}.")
        if self._callbacks > _CALLBACKS_MAX:
            self._site.witness.object_to("P8", f"{_CALLBACKS_MAX} callbacks, and no end.")
        if process.has_failed or self._is_time() or weather.strikes(weather.faults.crash):
            self._crash()

    def _is_time(self) -> bool:
        """Return whether the commit has been written after which the process is to die."""
        site = self._site
        return not self.crashes and 0 < site.crash_after <= len(site.witness.commits)

    def _storm(self) -> None:
        weather = self._site.weather
        if weather.strikes(weather.faults.people):
            self._people.meddle(self.process)
        if weather.strikes(weather.faults.clock_jump):
            jump_ms = round((self._dice.random() * 2 - 1) * _CLOCK_JUMP_MS)
            self._site.clock.move(jump_ms)
            self._site.tell(f"the clock is moved by {jump_ms} ms")
        if self._late and weather.strikes(0.02):
            self._write_late(self._late.pop())
        if self._callbacks >= self._storm_callbacks:
            weather.calm = True
            self._site.tell("the storm is over")

    def _crash(self) -> None:
        """End the process, and begin another."""
        site = self._site
        self._late = self.process.kill()
        self._dead.append(self.process)
        self.crashes += 1
        site.tell(f"process {self.process.number} dies; {len(self._late)} commits are lost")
        site.witness.reopened()
        site.time.now_s += _PAUSE_AFTER_CRASH_S
        self.process = Process(site, self.crashes)

    def _write_late(self, commit: Commit) -> None:
        """A commit of a dead process reaches the disk after all: it must change nothing (P2)."""
        seen = self._site.witness.sessions.get(commit.session)
        if seen is None or seen.state.version == commit.expected:
            return
        self._site.tell(f"a dead process writes to {commit.session} at {commit.expected}")
        try:
            self._site.log.write(commit)
        except Stale:
            return
        except TenutoError as error:
            self._site.tell(f"it is refused: {error}")
            return
        self._site.witness.object_to("P2", f"A stale writer changed {commit.session!r}.")

    def _let_time_pass(self) -> bool:
        """Jump to the next timer; return False when there is nothing more to come."""
        site, process = self._site, self.process
        when_s = process.loop.next_timer_s()
        is_quiet = when_s is None or when_s - site.time.now_s > _QUIET_S
        if is_quiet and process.is_open:
            if not site.weather.calm and not unfinished(site.witness):
                site.weather.calm = True
            check_quiet(site, process)
            if site.witness.violations:
                return True
            if site.weather.calm and not unfinished(site.witness):
                return False
            with process.loop.running():
                if self._act(process):
                    return True
        if when_s is None:
            left = unfinished(site.witness)
            site.witness.object_to("P8", f"Nothing will ever happen again; unfinished: {left}.")
            return True
        with process.loop.running():
            process.loop.jump()
        self._callbacks += 1
        if self._callbacks > _CALLBACKS_MAX:
            site.witness.object_to(
                "P8", f"Time passes and nothing ends: {unfinished(site.witness)}."
            )
        return True

    def _act(self, process: Process) -> bool:
        """Have people do something while nothing else happens."""
        if not self._site.weather.calm:
            if self._dice.random() < 0.5:
                self._people.meddle(process)
            if self._dice.random() < 0.3:
                self._site.weather.calm = True
            return process.loop.has_ready()
        return self._people.settle(process)

    def _end(self) -> None:
        site, process = self._site, self.process
        check_end(site, process, self._people)
        check_follower(site.witness, process, is_last=True)
        for dead in self._dead:
            check_follower(site.witness, dead, is_last=False)


@contextmanager
def _silent_log() -> Generator[None, None, None]:
    """What the runtime reports of simulated faults is nobody's concern."""
    logger = logging.getLogger("tenuto")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
