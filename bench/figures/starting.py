"""What `import tenuto` costs a program that starts."""

import subprocess
import sys
import time
from pathlib import Path

from bench.lab import Lab, Measured, environment, median
from bench.table import Row, at_most, number


def start(folder: Path, *, code: str) -> Measured:
    """Return the seconds that a Python process takes which runs `code` only."""
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment(), check=True)
    return {"seconds": time.perf_counter() - began_s}


def starting(lab: Lab) -> list[Row]:
    """Measure figure 9. A process per measurement already, so they are run from here."""
    first = "import tenuto; tenuto.Workflow, tenuto.open, tenuto.tool"
    here = Lab(rounds=lab.rounds, scale=lab.scale, apart=False)
    here.run(start, code=first)  # compiles what is not compiled yet
    ours, used, bare = here.in_turns(
        (start, {"code": "import tenuto"}),
        (start, {"code": first}),
        (start, {"code": "pass"}),
        rounds=lab.count(21, least=3),
    )
    milliseconds, least = median(ours, "seconds") * 1000, median(bare, "seconds") * 1000
    all_of_it = median(used, "seconds") * 1000
    return [
        Row(
            figure='`python -c "import tenuto"`',
            ours=number(milliseconds, "ms"),
            beside=f"`python -c pass`: {number(least, 'ms')}",
            ratio=f"{milliseconds / least:.2f} x",
            bar="<= 100 ms",
            aim="60 ms",
            verdict=at_most(milliseconds, bar=100, aim=60),
        ),
        Row(
            figure="... with what it loads for a first workflow: `Workflow`, `open`, `tool`",
            ours=number(all_of_it, "ms"),
            beside=f"`python -c pass`: {number(least, 'ms')}",
            ratio=f"{all_of_it / least:.2f} x",
        ),
    ]
