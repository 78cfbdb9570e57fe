"""An event loop without a clock: what simulations stand on."""

import asyncio
import random

from tenuto.testing.simulation.loop import VirtualLoop, VirtualTime
from tests.simulation.driving import driven


def test_a_year_passes_at_once() -> None:
    async def main() -> None:
        await asyncio.sleep(365 * 86_400)

    assert driven(main()) == 365 * 86_400


def test_timers_fire_in_the_order_of_their_moments() -> None:
    fired: list[int] = []

    async def main() -> None:
        async def nap(seconds: int) -> None:
            await asyncio.sleep(seconds)
            fired.append(seconds)

        await asyncio.gather(*[nap(seconds) for seconds in (3, 1, 2)])

    assert driven(main(), in_order=False) == 3
    assert fired == [1, 2, 3]


def test_time_limits_hold() -> None:
    async def main() -> None:
        try:
            async with asyncio.timeout(5):
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            return
        raise AssertionError("the limit did not hold")

    assert driven(main()) == 5


def order_of(seed: int, *, in_order: bool) -> list[int]:
    ran: list[int] = []

    async def main() -> None:
        async def step(number: int) -> None:
            ran.append(number)

        await asyncio.gather(*[step(number) for number in range(8)])

    driven(main(), seed=seed, in_order=in_order)
    return ran


def test_what_is_ready_runs_in_an_order_that_the_seed_picks() -> None:
    assert order_of(1, in_order=True) == list(range(8))
    assert order_of(1, in_order=False) == order_of(1, in_order=False)
    assert len({tuple(order_of(seed, in_order=False)) for seed in range(20)}) > 15


def test_the_end_of_a_process_leaves_nothing_behind() -> None:
    cleaned: list[str] = []
    loop = VirtualLoop(VirtualTime(), random.Random(0), in_order=False)

    async def forever(name: str) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cleaned.append(name)

    with loop.running():
        tasks = [loop.create_task(forever(name)) for name in "ab"]
        while loop.has_ready():
            loop.run_one()
        loop.call_later(1, cleaned.append, "timer")
        loop.end()

    assert sorted(cleaned) == ["a", "b"]
    assert all(task.cancelled() for task in tasks)
    assert loop.next_timer_s() is None


def test_what_nobody_catches_is_kept() -> None:
    loop = VirtualLoop(VirtualTime(), random.Random(0), in_order=True)

    def broken() -> None:
        raise ValueError("nobody is there")

    with loop.running():
        loop.call_soon(broken)
        loop.run_one()

    assert [str(error) for error in loop.unhandled] == ["nobody is there"]
