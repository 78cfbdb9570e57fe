"""Appends while the kernel lets no file grow beyond a limit, which moves byte by byte.

Prints how many appends were refused and how many acknowledged; ends with 1 when one is lost."""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tenuto.adapters.sqlite import SqliteEventStore  # noqa: E402
from tenuto.core.errors import StoreUnavailable  # noqa: E402
from tests.faults.ledger import Ledger, check, commit_of  # noqa: E402

ROUNDS = 45
STEP_BYTES = 509


def limit(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def size_of(name: str) -> int:
    return os.stat(name).st_size if os.path.exists(name) else 0


async def main(file: Path) -> None:
    ledger, refused, version = Ledger(), 0, 0
    store = await SqliteEventStore.open(file)
    for turn in range(ROUNDS):
        limit(size_of(f"{file}-wal") + turn * STEP_BYTES)
        try:
            while True:
                # Two at once: a batch is refused as a whole.
                pair = [store.append(commit_of(name, version + 1)) for name in ("s", "t")]
                answers = await asyncio.gather(*pair, return_exceptions=True)
                for name, answer in zip(("s", "t"), answers, strict=True):
                    if isinstance(answer, BaseException):
                        raise answer
                    ledger.commits[name, version + 1] = answer
                version += 1
        except StoreUnavailable as error:
            assert str(file) in str(error), error
            assert "SQLITE_" in str(error), error
            assert len({type(answer) for answer in answers}) == 1, answers
            refused += 2
        limit(resource.RLIM_INFINITY)
        for name in ("s", "t"):
            await ledger.append(store, name, version + 1)
        version += 1
    await store.close()
    await check(file, ledger, is_exact=True)
    print(refused, len(ledger.commits))


signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main(Path(sys.argv[1])))
