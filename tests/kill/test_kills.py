"""`kill -9`, hundreds of times, on a real database: P1, P2 and P3 as users meet them.

On a file, on a PostgreSQL schema, and on one that three processes share, of which one after another
is killed. `TENUTO_KILLS=5000` kills longer than every test run does."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import tenuto
from tenuto.core.session import events as e
from tenuto.core.vocabulary import effect_id
from tenuto.ports.event_store import HeadQuery
from tenuto.sdk.history import StoredEvent
from tests.kill import flows
from tests.kill.flows import expected_output, lines
from tests.postgres import fresh_database, needs_postgres

KILLS: Final = int(os.environ.get("TENUTO_KILLS", "220"))
ONCE: Final = frozenset({"pay", "note"})


class Place(NamedTuple):
    """Where hundreds of killed processes have been, and what they have left."""

    folder: Path
    url: str
    kills: int
    at_once: int


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("file", KILLS, 1), id="file"),
        pytest.param(("schema", KILLS // 4, 1), id="schema", marks=needs_postgres),
        pytest.param(("schema", KILLS, 3), id="shared", marks=needs_postgres),
    ],
)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """The database and the files that hundreds of killed processes have left."""
    kind, kills, at_once = request.param
    folder = tmp_path_factory.mktemp("kill")
    if kind == "file":
        yield killed(Place(folder, f"sqlite:///{folder / 'kill.db'}", kills, at_once))
        return
    with fresh_database() as url:
        yield killed(Place(folder, url, kills, at_once))


def killed(place: Place) -> Place:
    """Let processes live on a new database and be killed."""
    asyncio.run(make(place.url))
    nursery = Path(__file__).with_name("nursery.py")
    numbers = (str(place.kills), str(place.at_once), "1")
    done = subprocess.run(
        [sys.executable, str(nursery), str(place.folder), place.url, *numbers],
        capture_output=True,
        text=True,
        timeout=60 + 2 * place.kills,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(place.kills)]
    return place


async def make(url: str) -> None:
    async with tenuto.open(url):
        pass


@pytest.fixture(scope="module")
def folder(place: Place) -> Path:
    return place.folder


@pytest.fixture(scope="module")
def log(place: Place) -> list[StoredEvent]:
    """Everything that stands in the log after all."""

    async def main() -> list[StoredEvent]:
        found: list[StoredEvent] = []
        async with tenuto.open(place.url, readonly=True) as runtime:
            for head in await runtime.sessions(HeadQuery(limit=100_000)):
                session = runtime.session(head.session)
                found += [event async for event in session.events(follow=False)]
        return found

    return asyncio.run(main())


@pytest.mark.slow
def test_every_acknowledged_start_is_in_the_log_and_started_one_session(
    place: Place, folder: Path, log: list[StoredEvent]
) -> None:
    started = {event.event.key: event.session for event in log if is_start(event)}
    keys = Counter(event.event.key for event in log if is_start(event))

    acknowledged = dict(lines("started", folder))

    assert len(acknowledged) > place.kills / 4, "something happened between the kills"
    assert {key: started.get(key) for key in acknowledged} == acknowledged
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.slow
def test_every_session_ends_with_the_right_output(folder: Path, log: list[StoredEvent]) -> None:
    wanted = {key: int(n) for key, n in lines("wanted", folder)}
    keys = {stored.session: stored.event.key for stored in log if is_start(stored)}

    outputs = {
        event.session: event.event.output
        for event in log
        if isinstance(event.event, e.SessionCompleted)
    }

    assert set(outputs) == set(keys), "every session has completed"
    for session, key in keys.items():
        if key in wanted:
            found, expected = outputs[session], expected_output(wanted[key], f"word of {session}")
            assert isinstance(found, dict)
            assert sorted(found.pop("trace")) == sorted(expected.pop("trace"))
            assert found == expected


@pytest.mark.slow
def test_every_acknowledged_signal_is_in_the_log_once(folder: Path, log: list[StoredEvent]) -> None:
    received = Counter(
        stored.session for stored in log if isinstance(stored.event, e.SignalReceived)
    )

    acknowledged = [session for (session,) in lines("signalled", folder)]

    assert acknowledged
    assert [s for s in acknowledged if received[s] < 1] == []


@pytest.mark.slow
def test_no_effect_is_repeated_after_its_outcome_was_recorded(
    place: Place, folder: Path, log: list[StoredEvent]
) -> None:
    recorded = {
        effect_id(event.session, event.event.task): event.position
        for event in log
        if isinstance(event.event, e.TaskCompleted)
    }
    length_at = {int(life): int(position) for life, position in lines("opened", folder)}

    executions = lines("effects", folder)
    repeated = [
        line
        for line in executions
        if line[0] in recorded and recorded[line[0]] <= length_at[int(line[2])]
    ]
    twice = [key for key, n in Counter((x[0], x[1], x[2]) for x in executions).items() if n > 1]

    assert len(executions) > place.kills
    assert repeated == []
    assert twice == [], "one life carries an attempt out once"


@pytest.mark.slow
def test_once_effects_happen_once(folder: Path, log: list[StoredEvent]) -> None:
    happened = Counter(line[0] for line in lines("effects", folder) if line[3] in ONCE)
    doubted = [event for event in log if isinstance(event.event, e.TaskDoubted)]

    assert doubted, "some were in flight when their process was killed"
    assert [effect for effect, count in happened.items() if count > 1] == []


@pytest.mark.slow
def test_work_that_may_be_repeated_was_so_only_where_a_kill_came_between(folder: Path) -> None:
    """If nothing was ever repeated, the kills came too late to show anything."""
    lives: dict[str, set[str]] = {}
    for effect, _, life, _ in lines("effects", folder):
        lives.setdefault(effect, set()).add(life)

    assert any(len(found) > 1 for found in lives.values())


@pytest.mark.slow
def test_what_a_killed_process_had_is_taken_over_within_five_seconds(place: Place) -> None:
    if place.at_once == 1:
        # Nobody is there to take it over.
        return
    waits_s = sorted(float(seconds) for _, seconds in lines("taken-over", place.folder))

    assert len(waits_s) > place.kills / 2
    assert waits_s[int(len(waits_s) * 0.99)] <= 5.0


@pytest.mark.slow
def test_every_log_is_decided_again_as_it_was(place: Place) -> None:
    async def main() -> None:
        async with tenuto.open(place.url, readonly=True, workflows=[flows.shopping()]) as runtime:
            for head in await runtime.sessions(HeadQuery(limit=100_000)):
                report = await runtime.session(head.session).replay()
                assert report.divergence is None, (head.session, report)

    asyncio.run(main())


def is_start(event: StoredEvent) -> bool:
    return isinstance(event.event, e.SessionStarted)
