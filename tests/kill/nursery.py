"""Forks lives and kills them: `python nursery.py FOLDER URL KILLS AT_ONCE SEED`.

Each life opens the database, goes on with what it finds, and starts more, until it is killed at a
moment that chance picks. AT_ONCE of them live at the same time and share the database; whenever one
is killed another takes its place. The last ones are let live until every session has ended. Forking
spares each life the imports, so that hundreds fit into a test.
"""

import asyncio
import os
import random
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402

import tenuto  # noqa: E402
import tenuto.bootstrap.opening  # noqa: E402  # what a life needs is loaded before it begins
from tenuto.core.errors import SessionEnded, StoreOwned, TenutoError  # noqa: E402
from tenuto.core.session.decide import needs_person  # noqa: E402
from tenuto.core.vocabulary import effect_id  # noqa: E402
from tenuto.ports.event_store import Head, HeadQuery  # noqa: E402
from tests.kill import flows  # noqa: E402

LIFE_S_MAX: Final = 0.12
WATCH_EVERY_S: Final = 0.02
OPENED_RATE: Final = 0.8
"""How many are let open the database first."""
SHARED_LIFE_S_MAX: Final = 0.4
"""Between two kills, where several live: it takes a moment until one is missed."""
SESSIONS_AT_ONCE: Final = 6
LAST_S_MAX: Final = 60.0
OPEN: Final = HeadQuery(statuses=("pending", "running", "waiting", "paused"), limit=100_000)


async def live(url: str, seed: int, *, is_last: bool) -> None:
    """Go on until killed, or as one of the last ones until all is done."""
    dice = random.Random(seed)
    flow = flows.shopping()
    async with tenuto.open(url, readonly=True) as runtime:
        flows.leave("opened", flows.life, await last_position(runtime))
    async with tenuto.open(url, workflows=[flow, flows.adding()]) as runtime:
        flows.leave("begun", flows.life)
        if runtime._engine.owning.sharing is not None:
            flows.leave("joined", flows.life, runtime._engine.owning.sharing.seat.number)
        begun = time.monotonic()
        number = 0
        while time.monotonic() - begun < LAST_S_MAX:
            open_heads = await runtime.sessions(OPEN)
            for head in open_heads:
                await help_on(runtime, head)
            if is_last and not open_heads:
                return
            roots = [head for head in open_heads if head.parent is None]
            if not is_last and len(roots) < SESSIONS_AT_ONCE:
                n, key = dice.randint(0, 5), f"life-{flows.life}-{number}"
                number += 1
                flows.leave("wanted", key, n)
                session = await runtime.start(flow, {"n": n}, key=key)
                flows.leave("started", key, session.id)
            await asyncio.sleep(0.001)
        raise AssertionError(f"{LAST_S_MAX} s, and still open: {open_heads}")


async def last_position(runtime: tenuto.Runtime) -> int:
    """Return how long the log is before this life adds to it."""
    position = 0
    while page := await runtime._engine.store.read(after=position, limit=10_000):
        position = page[-1].position
    return position


async def help_on(runtime: tenuto.Runtime, head: Head) -> None:
    """Be the person and the world that a session waits for: tell the truth, send the word."""
    session = runtime.session(head.session)
    if "a signal for 'word'" in head.waiting_for:
        state = await session.state()
        if not state.signals and not any(w[0] == head.session for w in flows.lines("signalled")):
            # Another life may have sent one just now.
            with suppress(SessionEnded):
                await session.signal("word", f"word of {head.session}")
                flows.leave("signalled", head.session)
    elif "to say whether" in head.waiting_for:
        for task in (await session.state()).tasks.values():
            if needs_person(task):
                happened = flows.has_happened(effect_id(head.session, task.no))
                data = {"paid": await owed(runtime, head), "trace": "pay"} if happened else None
                try:
                    if happened:
                        await session.approve(task.no, by="ann", data=data)
                    else:
                        await session.deny(task.no, by="ann")
                except SessionEnded:
                    pass
                except TenutoError:
                    traceback.print_exc()


async def owed(runtime: tenuto.Runtime, head: Head) -> object:
    """Return what the payment in doubt was for."""
    state = await runtime.session(head.session).state()
    return state.outputs["add"]


def begin_life(url: str, life: int, seed: int, *, is_last: bool) -> int:
    """Fork one life and return its pid."""
    child = os.fork()
    if child == 0:
        flows.life = life
        try:
            asyncio.run(live(url, seed, is_last=is_last))
            os._exit(0)
        except StoreOwned:
            os._exit(17)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    return child


def end_of(child: int) -> int:
    """Return the exit code of a life that ends, negative where it was killed."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def wait_until_opened(life: int) -> None:
    """Return when the life has opened the database, or after two seconds."""
    for _ in range(200):
        if any(line[0] == str(life) for line in flows.lines("begun")):
            return
        time.sleep(0.01)


class Watch:
    """Notes how long it takes until nothing belongs to a process that was killed."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._killed: dict[int, float] = {}

    def killed(self, life: int) -> None:
        """Wait for others to have what this one had."""
        for number in (int(line[1]) for line in flows.lines("joined") if line[0] == str(life)):
            self._killed[number] = time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Look on for so long."""
        end_s = time.monotonic() + seconds
        while True:
            self._look()
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return
            time.sleep(min(left_s, WATCH_EVERY_S))

    def finish(self) -> None:
        """Return when nobody who was killed has anything."""
        while self._killed:
            self.sleep(WATCH_EVERY_S)
        self._connection.close()

    def _look(self) -> None:
        if not self._killed:
            return
        rows = self._connection.execute("SELECT DISTINCT owner FROM tenuto.shards").fetchall()
        owners, now_s = {owner for (owner,) in rows}, time.monotonic()
        for number in [number for number in self._killed if number not in owners]:
            flows.leave("taken-over", number, now_s - self._killed.pop(number))


def main(folder: str, url: str, kills: int, at_once: int, seed: int) -> None:
    flows.folder = Path(folder)
    dice = random.Random(seed)
    watch = Watch(url) if at_once > 1 else None
    alive: dict[int, int] = {}
    begun = 0
    for _ in range(kills):
        while len(alive) < at_once:
            alive[begun] = begin_life(url, begun, seed + begun, is_last=False)
            begun += 1
        # The oldest, most often: it has something to lose.
        chosen = min(alive) if dice.random() < OPENED_RATE else dice.choice(sorted(alive))
        if dice.random() < OPENED_RATE:
            wait_until_opened(chosen)
        if watch is None:
            time.sleep(dice.random() * LIFE_S_MAX)
        else:
            watch.sleep(dice.random() * SHARED_LIFE_S_MAX)
        child = alive.pop(chosen)
        os.kill(child, signal.SIGKILL)
        if watch is not None:
            watch.killed(chosen)
        code = end_of(child)
        assert code == -signal.SIGKILL, f"life {chosen} ended by itself, with {code}"
    if watch is not None:
        watch.finish()
    for child in alive.values():
        os.kill(child, signal.SIGKILL)
        end_of(child)
    last = [begin_life(url, begun + n, seed + begun + n, is_last=True) for n in range(at_once)]
    assert [end_of(child) for child in last] == [0] * at_once, "one of the last lives failed"
    print(kills)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
