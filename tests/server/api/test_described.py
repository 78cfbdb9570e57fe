"""The description of the API is true: what is asked by it gets an answer that it names.

Source of the checks: schemathesis, which makes requests from the description, good ones and bad
ones, and compares the answers with it.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scripts.write_openapi import TARGET, rendered
from tests.server.api.served import echoing, serving, waiting

EXAMPLES: Final = 12
"""Requests of each mode to each route."""

ENDLESS: Final = ("get /api/v1/events",)
"""What never comes to the end of its answer; test_feed.py asks it."""

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

SCHEMA: Final = schemathesis.openapi.from_dict(json.loads(TARGET.read_text("utf-8")))
OPERATIONS: Final = {
    f"{found.ok().method} {found.ok().path}": found.ok() for found in SCHEMA.get_all_operations()
}


CASES: Final = [
    (name, mode)
    for name, operation in OPERATIONS.items()
    if name not in ENDLESS
    for mode in GenerationMode
    # Who takes nothing cannot be given anything wrong.
    if mode is GenerationMode.POSITIVE
    or {"parameters", "requestBody"} & {*operation.definition.raw}
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Give the address of a server on a thread of its own, with a session that waits."""
    with running() as found:
        yield found


@contextlib.contextmanager
def running() -> Iterator[str]:
    addresses: list[str] = []
    started, stop = threading.Event(), threading.Event()

    async def main() -> None:
        async with serving(echoing(), waiting()) as served:
            flow = served.service.offered["waiting"].workflow
            await served.service.runtime.start(flow, key="known")
            addresses.append(served.address)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        assert started.wait(20), "the server starts"
        yield addresses[0]
    finally:
        stop.set()
        thread.join(20)


def test_the_committed_description_is_that_of_the_routes() -> None:
    assert TARGET.read_text("utf-8") == rendered(), "run scripts/write_openapi.py"


@pytest.mark.parametrize(
    ("name", "mode"), CASES, ids=[f"{name}, {mode.value}" for name, mode in CASES]
)
def test_each_answer_is_one_that_the_description_names(
    name: str, mode: GenerationMode, address: str
) -> None:
    strategy: Any = OPERATIONS[name].as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=address, checks=CHECKS)

    ask()
