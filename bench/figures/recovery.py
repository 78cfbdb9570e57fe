"""Sessions that were at work when their process was killed: until all of them are at work again."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import tenuto
from bench import flows
from bench.lab import ROOT, Lab, Measured, environment, median
from bench.table import Row, number


def recovered(folder: Path, *, sessions: int) -> Measured:
    """Return seconds from opening after a kill to the last of the sessions' results, and the same
    for as many new sessions of the same flow."""
    url = f"sqlite:///{folder}/ours.db"
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.holding", url, str(sessions)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None, "asked for a pipe"
    ids = child.stdout.readline().decode().split()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()

    async def main() -> Measured:
        flow = flows.held()
        began_s = time.perf_counter()
        async with tenuto.open(url, workflows=[flow]) as runtime:
            await asyncio.gather(*[runtime.session(id).result() for id in ids])
            recovered_s = time.perf_counter() - began_s
            began_s = time.perf_counter()
            new = await asyncio.gather(*[runtime.start(flow) for _ in ids])
            await asyncio.gather(*[session.result() for session in new])
            return {"seconds": recovered_s, "anew_s": time.perf_counter() - began_s}

    assert len(ids) == sessions, "all were at work"
    return asyncio.run(main())


def recovery(lab: Lab) -> list[Row]:
    """Measure how long a restart keeps sessions waiting."""
    sessions = lab.count(1_000, least=20)
    (runs,) = lab.in_turns((recovered, {"sessions": sessions}))
    seconds, anew = median(runs, "seconds"), median(runs, "anew_s")
    return [
        Row(
            figure=f"{sessions:,} active sessions after `kill -9`: opened, gone on and completed",
            ours=number(seconds, "s"),
            beside=f"as many new sessions of the same flow: {number(anew, 's')}",
            ratio=f"{seconds / anew:.2f} x",
        )
    ]
