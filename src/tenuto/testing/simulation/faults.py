"""What goes wrong, how often, and the dice that decide it."""

import math
import random
from typing import Final

import msgspec

from tenuto.testing.simulation.loop import VirtualTime

EPOCH_MS: Final = 1_700_000_000_000
"""When every simulation begins."""

OUTAGE_S_MAX: Final = 20.0

_ROUGHNESS: Final = (0.0, 0.5, 1.0, 1.0, 2.0, 4.0)


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How rough a simulation is: the chance of each fault per occasion, 0 to 1; 0 turns it off."""

    crash: float = 0.004
    """Per callback of the event loop: the process dies between two of them."""
    append_refused: float = 0.03
    append_slow: float = 0.05
    acknowledged_late: float = 0.05
    """A commit is written, and its acknowledgement takes seconds."""
    outage: float = 0.004
    """Per call of the store: it refuses everything for up to 20 s."""
    read_refused: float = 0.02
    work_slow: float = 0.3
    work_transient: float = 0.08
    work_hangs: float = 0.03
    """Work takes up to 30 s longer than it should; its node's time-out may be shorter."""
    work_fatal: float = 0.015
    work_escalates: float = 0.01
    work_recoverable: float = 0.03
    work_unusable: float = 0.004
    """What is returned is no JSON."""
    duplicate: float = 0.08
    """An outcome is delivered again, at once or much later."""
    people: float = 0.012
    """Per callback: somebody pauses, resumes, cancels, signals, decides or forks."""
    clock_jump: float = 0.001
    """Per callback: the clock is put forward or back by up to an hour."""
    disorder: float = 0.8
    """Per process: callbacks that are ready run in any order, not in that of their coming."""

    @classmethod
    def none(cls) -> "Faults":
        """Return a world in which nothing goes wrong."""
        return cls(**dict.fromkeys(cls.__struct_fields__, 0.0))

    @classmethod
    def drawn(cls, seed: object) -> "Faults":
        """Return a world of its own for each seed: some faults absent, some rampant."""
        dice = random.Random(f"{seed}/faults")
        usual = cls()
        return cls(
            **{
                name: round(min(getattr(usual, name) * dice.choice(_ROUGHNESS), 0.9), 4)
                for name in cls.__struct_fields__
            }
        )


class Weather:
    """Throws the dice. `calm` ends all faults, so that what was begun can come to its end."""

    def __init__(self, faults: Faults, seed: str, time: VirtualTime) -> None:
        self.faults = faults
        self.calm = False
        self.dice = random.Random(f"{seed}/weather")
        self._time = time
        self._outage_until_s = 0.0

    def strikes(self, chance: float) -> bool:
        """Return whether a fault of that chance happens now."""
        return chance > 0.0 and not self.calm and self.dice.random() < chance

    def refuses(self, chance: float) -> bool:
        """Return whether the store refuses a call: by bad luck, or because it is away."""
        if self.calm:
            return False
        if self._time.now_s < self._outage_until_s:
            return True
        if self.strikes(self.faults.outage):
            self._outage_until_s = self._time.now_s + self.dice.random() * OUTAGE_S_MAX
            return True
        return self.strikes(chance)

    def pause_s(self, longest_s: float) -> float:
        """Return a time to wait, mostly short."""
        return round(longest_s * self.dice.random() ** 3, 3)


class SimulatedClock:
    """A `Clock` on virtual time that people may put forward and back."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self.offset_ms = 0
        self.moved_at_s = -math.inf

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return EPOCH_MS + round(self._time.now_s * 1000) + self.offset_ms

    def move(self, ms: int) -> None:
        """Put the clock forward, or back where `ms` is negative."""
        self.offset_ms += ms
        self.moved_at_s = self._time.now_s
