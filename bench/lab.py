"""Where measurements are made: each in a process and a folder of its own, rivals taking turns.

A measurement is a function at the top of its module. It gets an empty folder and its settings by
name, and returns numbers by name. Whatever ran before cannot warm, fill or slow the process that it
runs in. Rivals are measured A B A B, so that a busy moment of the machine hits both.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

Measured: TypeAlias = dict[str, float]
Measurement: TypeAlias = Callable[..., Measured]
Setting: TypeAlias = int | float | str | bool
Rival: TypeAlias = tuple[Measurement, Mapping[str, Setting]]

SECONDS_MAX: Final = 900
"""No measurement takes so long; one that does hangs."""

ROOT: Final = Path(__file__).resolve().parent.parent


class Lab:
    """Runs measurements, `rounds` times each; `scale` makes all counts smaller.

    `apart=False` runs them in this process, as the tests of the bench do."""

    def __init__(self, *, rounds: int, scale: float = 1.0, apart: bool = True) -> None:
        self.rounds, self.scale, self.apart = rounds, scale, apart

    def count(self, full: int, *, least: int = 1) -> int:
        """Return how many of something to use where the real bench uses `full`."""
        return max(least, round(full * self.scale))

    def run(self, measurement: Measurement, **settings: Setting) -> Measured:
        """Return what one run of `measurement` gives."""
        place = ROOT / "build"
        place.mkdir(exist_ok=True)
        # Below the project: a folder for temporary files may lie in memory, where syncing is free.
        with tempfile.TemporaryDirectory(dir=place, prefix="bench-") as folder:
            if not self.apart:
                return measurement(Path(folder), **settings)
            return run_apart(measurement, Path(folder), settings)

    def in_turns(self, *rivals: Rival, rounds: int = 0) -> list[list[Measured]]:
        """Return the runs of each rival, in the order given; run n of all of them came together."""
        runs: list[list[Measured]] = [[] for _ in rivals]
        for _ in range(rounds or self.rounds):
            for (measurement, settings), mine in zip(rivals, runs, strict=True):
                mine.append(self.run(measurement, **settings))
        return runs


def median(runs: list[Measured], name: str) -> float:
    """Return the median of number `name`."""
    return statistics.median(run[name] for run in runs)


def ratio(above: list[Measured], below: list[Measured], name: str) -> float:
    """Return the median of the rounds' ratios of number `name`."""
    pairs = zip(above, below, strict=True)
    return statistics.median(one[name] / other[name] for one, other in pairs)


def run_apart(measurement: Measurement, folder: Path, settings: Mapping[str, Setting]) -> Measured:
    """Return what `measurement` gives in a new process."""
    name = f"{measurement.__module__}:{measurement.__qualname__}"
    done = subprocess.run(
        [sys.executable, "-m", "bench.lab", name, str(folder), json.dumps(dict(settings))],
        cwd=ROOT,
        env=environment(),
        check=True,
        stdout=subprocess.PIPE,
        timeout=SECONDS_MAX,
    )
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured


def environment() -> dict[str, str]:
    """Return the environment of a process that finds its modules compiled, as installed ones are.

    Only the first run of all compiles them, whatever the caller's environment says of that."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "bytecode")}


def main(name: str, folder: str, settings: str) -> None:
    """Run one measurement and print what it gives as JSON."""
    module, _, function = name.partition(":")
    measurement: Any = getattr(importlib.import_module(module), function)
    print(json.dumps(measurement(Path(folder), **json.loads(settings))))


if __name__ == "__main__":
    main(*sys.argv[1:])
