"""A process with sessions at work until it is killed: `python -m bench.holding URL SESSIONS`."""

import asyncio
import sys

import tenuto
from bench import flows


async def work_until_killed(url: str, sessions: int) -> None:
    """Start sessions and say their ids once the work of all of them has begun."""
    flows.Holding.expected = sessions
    flow = flows.held()
    async with tenuto.open(url, concurrency=sessions) as runtime:
        started = await asyncio.gather(*[runtime.start(flow) for _ in range(sessions)])
        await flows.Holding.all_called.wait()
        print(*[session.id for session in started], flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(work_until_killed(sys.argv[1], int(sys.argv[2])))
